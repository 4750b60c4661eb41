"""Every address × every kind of visitor, held against a committed table; headers that no answer may lack.

A new address shows up as a new line in ``url_doors.txt``: look at who gets in, then copy what the failing test prints.
"""

import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLResolver, get_resolver

from onewindow.hall.models import MatterGroup, Ticket, Visit

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
GOLDEN = Path(__file__).parent / "url_doors.txt"
#: li took the case in, wang decides it; ma is clerk of another hall, qian approver of another department
VISITORS = ["stranger", "li", "wang", "ma", "qian", "zhou", "bai", "leader", "firm", "it", "nobody"]
#: What a stranger may open (200). Everything else sends him to the sign-in, or says 401, 403, 404, 405 or 410.
PUBLIC = {
    "home", "items", "item", "track", "track_token", "track_correct", "track_withdraw", "track_hearing", "track_paper",
    "track_paper_print", "short", "verify", "decisions", "decisions_csv", "decisions_json", "decisions_feed", "decision", "rate", "device",
    "device_pair", "opinions", "opinions_json", "opinions_csv", "opinions_words", "opinions_list", "opinions_one", "device_signage", "device_kiosk", "device_feedback", "review_roots", "review_roots_json", "review_proof", "device_about", "device_protocol", "healthz", "readyz", "metrics", "styleguide", "account_login", "account_inactive", "api_docs",
    "openapi-json", "my_sign_in", "bundle", "together_track", "together_withdraw", "data_shared", "stuck",
    "halls", "hall", "hall_kiosk", "hall_book", "hall_board", "hall_board_now", "hall_sign", "hall_ticket",
    "hall_ticket_now", "hall_slip",
}  # fmt: skip
#: of staff, and of applicants
SIGN_INS = ("/accounts/login/", "/my/sign-in/")
#: Addresses of one case: who may not see it gets the answer that a number gives which does not exist.
OF_A_CASE = re.compile(r"desk/<str:number>")


def routes(resolver=None, before=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route, pattern.name or "-"


def address(route, facts):
    """A real address of the route: its parameters filled from the town."""
    route = route.replace("^", "").replace("(?:/|$)", "/no-such").split("(?:")[0]
    route = re.sub(r"\(\?P<(\w+)>.+?\)(?=[-/$]|$)", r"<\1>", route).rstrip("$")
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: str(facts.get(m.group(1), "1")), route)


def enter(town, name):
    client = Client()
    if name != "stranger":
        client.force_login(getattr(town, name), backend=BACKEND)
    return client


@pytest.fixture
def facts(town):
    case = town.accepted()
    MatterGroup.objects.create(hall=town.hall, letter="A", name="许可", name_en="Licences").counters.set(
        [town.counter]
    )
    visit = Visit.objects.create(hall=town.hall, day=town.li.posts.get().starts_on, opened_at=case.opened_at)
    ticket = Ticket.objects.create(
        visit=visit, hall=town.hall, group=MatterGroup.objects.get(), day=visit.day, number="A001", channel="kiosk",
        queue_at=case.opened_at, taken_at=case.opened_at,
    )  # fmt: skip
    return {
        "number": case.number, "token": case.track_token, "pk": case.papers.first().pk, "verb": "decide",
        "counter": town.counter.code, "visit": visit.key, "ticket": ticket.pk,
    }  # fmt: skip


def doors(facts):
    """Each address once, with the facts that fit it."""
    seen = set()
    for route, name in routes():
        if not route.startswith("admin/") and route not in seen:
            seen.add(route)
            here = {"code": "ZD-MSA-001"} if name in ("item", "get_item") else {}
            if "hall" in name or name in ("get_queue", "take_tickets", "check_in", "call_next"):
                here = {"code": "H1", "key": facts["visit"]}
            if name == "hall_visit":
                here = {"key": facts["ticket"]}
            yield route, name, address(route, facts | here)


@pytest.mark.django_db
def test_every_address_opens_for_whom_the_table_says_and_no_answer_lacks_the_security_headers(town, facts):
    rows = {route: [] for route, _, _ in doors(facts)}
    for visitor in VISITORS:
        cache.clear()  # nobody pays for the wrong tries of another: a case's token may have the form of an issue's
        client = enter(town, visitor)
        for route, _, path in doors(facts):
            answer = client.get(path)
            to_login = answer.status_code == 302 and answer["Location"].startswith(SIGN_INS)
            rows[route].append("login" if to_login else str(answer.status_code))
            assert_headers(route, answer)
    head = f"{'# GET':52} {''.join(f'{v:9}' for v in VISITORS)}".rstrip()
    table = (
        "\n".join(
            [
                head,
                *(
                    f"{r or '(home)':52} {''.join(f'{s:9}' for s in found)}".rstrip()
                    for r, found in rows.items()
                ),
            ]
        )
        + "\n"
    )
    assert table == GOLDEN.read_text(encoding="utf-8"), table


PRIVATE = (
    "desk/",
    "board/",
    "t/",
    "q/",
    "rate/",
    "accounts/",
    "start/",
    "my/",
    "device/",
    "api/",
    "i/",
    "no/",
)


def assert_headers(route, answer):
    """What no answer may lack; what is somebody's own is kept by no cache."""
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, (
        route
    )
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["X-Frame-Options"] == "DENY", route
    assert answer["Referrer-Policy"] and answer["Permissions-Policy"] and answer["X-Request-ID"], route
    if route.startswith(PRIVATE):
        assert "no-store" in answer["Cache-Control"], route


def read_golden():
    """{route: {visitor: answer}} of the committed table."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.rsplit(maxsplit=len(VISITORS)) for line in lines]
    return {route: dict(zip(VISITORS, answers, strict=True)) for route, *answers in cells}


def test_the_table_shows_no_door_open_that_should_be_shut():
    names = {route or "(home)": name for route, name in routes()}
    for route, answers in read_golden().items():
        assert not [a for a in answers.values() if a.startswith("5") and route != "readyz"], route
        if names[route] not in PUBLIC:
            assert answers["stranger"] in ("login", "302", "401", "403", "404", "405", "410"), route
        if route.startswith("desk/"):
            assert answers["stranger"] == "login", route
            assert answers["firm"] in ("403", "404", "405") and answers["nobody"] in ("403", "404", "405"), (
                route
            )
        if route.startswith("board/"):
            assert answers["stranger"] == "login" and {
                answers[v] for v in ("li", "firm", "it", "nobody")
            } == {"403"}, route


def test_a_case_out_of_scope_answers_as_one_that_does_not_exist():
    found = {r: a for r, a in read_golden().items() if OF_A_CASE.match(r)}
    assert len(found) >= 5
    for route, answers in found.items():
        shut = "405" if "405" in answers["wang"] else "404"
        assert {answers["ma"], answers["qian"]} == {shut}, route


@pytest.mark.django_db
def test_an_absent_number_and_a_forbidden_one_get_the_same_bytes(town, facts):
    def page(number):
        text = enter(town, "qian").get(f"/desk/{number}/").content.decode()
        return re.sub(r'[0-9a-f]{32}|(?<=value=")[^"]+', "", text).replace(number, "")

    assert page(facts["number"]) == page("A261124999999X")


@pytest.mark.django_db
def test_a_stranger_who_posts_anywhere_changes_nothing(town, facts):
    from onewindow.cases.models import Event

    before = Event.objects.count()
    for route, name, path in doors(facts):
        if name in (
            "track_withdraw",
            "track_correct",
            "track_supply",
            "track_state",
            "track_hearing",
            "rate",
        ):  # whoever holds the link is the applicant
            continue
        answer = Client().post(path, {})
        opens = answer.status_code == 302 and not answer["Location"].startswith(
            ("/accounts/", "/my/sign-in/")
        )
        assert answer.status_code < 500, route
        if name not in PUBLIC | {"account_logout"}:
            assert answer.status_code != 200 and not opens, (route, answer.status_code)
    assert Event.objects.count() == before


@pytest.mark.django_db
def test_the_administration_sends_all_but_the_administrator_away(town):
    paths = {
        address(route, {"app_label": "org", "object_id": "1"})
        for route, _ in routes()
        if route.startswith("admin/")
    }
    assert len(paths) > 50
    for visitor in ("stranger", "li", "head", "leader"):
        client = enter(town, visitor)
        for path in paths - {"/admin/jsi18n/"}:
            answer = client.get(path)
            assert answer.status_code in (302, 403, 404, 405), (visitor, path)
            if answer.status_code == 302:
                assert answer["Location"].startswith(
                    ("/admin/login/", "/accounts/", "/admin/org/", "/admin/")
                ), path


@pytest.mark.django_db
@pytest.mark.parametrize("visitor", ["stranger", "li"])
@pytest.mark.parametrize("path", ["/nowhere/at/all", "/admin/"])
def test_no_answer_from_elsewhere_lacks_them_either(town, visitor, path):
    assert_headers("nowhere", enter(town, visitor).get(path))


@pytest.mark.django_db
def test_static_files_carry_them_too():
    answer = Client().get("/static/img/icon.svg")
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.django_db
def test_cookies_of_staff_are_unreadable_for_scripts_and_other_sites(town):
    from django.conf import settings

    client = Client()
    answer = client.post("/accounts/login/", {"login": "li", "password": "a-lantern-by-the-river"})
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["expires"] == ""
