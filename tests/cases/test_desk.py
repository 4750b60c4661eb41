"""The desk lists what waits for a person, soonest first, and nothing of anybody else."""

import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.cases import desk
from onewindow.cases.desk import Asked
from onewindow.cases.models import Event
from onewindow.org.models import AccessLog, Post
from onewindow.window import actions
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def sign_in(client):
    def by(person):
        client.force_login(person, backend=BACKEND)
        return client

    return by


def numbers(person, **asked):
    return [a.number for a in desk.page(person, Asked(**asked)).rows]


def test_each_sees_what_waits_for_them(town):
    fresh = town.take_in(n=1)
    examined = town.accepted(n=2)
    other = town.accepted(town.health, n=3)
    told = town.take_in(n=4)
    actions.ask_correction(told, by=town.li, note="缺平面图")
    done = town.accepted(n=5)
    actions.decide(done, by=town.wang, result="grant")
    assert numbers(town.li) == [fresh.number, done.number]
    assert numbers(town.wang) == numbers(town.head) == [examined.number]
    assert numbers(town.qian) == [other.number]
    assert numbers(town.ma) == numbers(town.bai) == numbers(town.nobody) == []
    assert set(numbers(town.bai, show="open")) == {a.number for a in (fresh, examined, other, told, done)}


def test_the_soonest_comes_first_and_what_stands_still_comes_last(town, monday):
    late = town.accepted(n=1)
    stopped = town.accepted(n=2)
    actions.suspend(stopped, by=town.wang, reason="hearing", notice="听证，预计 5 个工作日", days=5)
    monday.move_to(at("2026-11-24 10:00"))
    later = town.accepted(n=3)
    assert numbers(town.wang) == [late.number, later.number, stopped.number]
    assert numbers(town.wang, sort="-due") == [later.number, late.number, stopped.number]


def test_days_left_are_told_in_words(town, sign_in):
    town.accepted()
    page = sign_in(town.wang).get("/desk/").content.decode()
    assert "剩 5 个工作日" in page and "2026-11-30 17:00" in page and "审查中" in page
    assert "5 working days left" in sign_in(town.wang).get("/desk/?lang=en").content.decode()


@pytest.mark.parametrize("sort", ["due", "-due", "opened", "-opened"])
def test_pages_follow_each_other_without_gap_or_repetition(town, monday, sort):
    for n in range(1, 12):
        monday.move_to(at(f"2026-11-23 {10 + n // 4}:00"))
        a = town.accepted(n=n)
        if n % 4 == 0:
            actions.suspend(a, by=town.wang, reason="hearing", notice="听证", days=5)
    seen, cursor = [], ""
    while True:
        page = desk.page(town.wang, Asked(sort=sort), cursor, size=3)
        seen += [a.number for a in page.rows]
        cursor = page.next
        if not cursor:
            break
    assert seen == numbers(town.wang, sort=sort) and len(set(seen)) == 11


@pytest.mark.parametrize("cursor", ["nonsense", "2026-11-30~", "2026-11-30T09:00:00Z~A1", "~", "~A\x00"])
def test_a_bad_cursor_breaks_nothing(town, sign_in, cursor):
    town.accepted()
    assert sign_in(town.wang).get("/desk/", {"cursor": cursor}).status_code == 200


def test_filters_stand_in_the_address_and_narrow_the_list(town, sign_in, monday):
    first = town.accepted(n=1)
    monday.move_to(at("2026-11-30 17:01"))
    second = town.accepted(n=2)
    from onewindow.cases.worker import wake

    wake()
    get = sign_in(town.wang).get

    def listed(**query):
        return [row.case.number for row in get("/desk/", query).context["rows"]]

    assert listed(light="late") == [first.number] and listed(light="green") == [second.number]
    assert listed(opened_from="2026-11-24") == [second.number] and listed(opened_to="2026-11-23") == [
        first.number
    ]
    assert listed(item="ZD-MSA-001") == [first.number, second.number] and listed(hall="H2") == []
    assert listed(status="suspended") == []
    assert listed(status="rubbish", opened_from="31.2.2026", item="x") == [first.number, second.number]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("张三1", True),
        ("19900000001", True),
        ("239999198001010011", False),
        ("{id}", True),
        ("{ID spaced}", True),
        ("张三9", False),
        ("' OR 1=1 --", False),
        ("无\x00此人", False),
        ("%_%", False),
    ],
)
def test_a_case_is_found_by_name_number_or_mobile_and_nothing_personal_gets_into_the_address(
    town, sign_in, typed, found
):
    from tests.town import citizen_id

    a = town.accepted(n=1)
    whole = citizen_id(1)
    typed = {
        "{id}": whole,
        "{ID spaced}": f" {whole[:6]} {whole[6:]} ",
        "239999198001010011": citizen_id(2),
    }.get(typed, typed)
    client = sign_in(town.wang)
    answer = client.post("/desk/?show=open", {"q": typed})
    assert answer.status_code == 302 and typed.strip() not in answer.url and whole not in answer.url
    rows = client.get(answer.url).context["rows"]
    assert [row.case.number for row in rows] == ([a.number] if found else [])


def test_a_whole_number_opens_its_case_and_a_foreign_one_does_not(town, sign_in):
    a = town.accepted()
    shown = f"{a.number[:7]}-{a.number[7:13]}-{a.number[13:]}".lower()
    assert sign_in(town.wang).post("/desk/search/", {"q": shown}).url == f"/desk/{a.number}/"
    answer = sign_in(town.qian).post("/desk/search/", {"q": shown})
    assert sign_in(town.qian).get(answer.url).context["rows"] == []


def test_a_broken_search_token_finds_nothing_less(town, sign_in):
    town.accepted()
    assert sign_in(town.wang).get("/desk/?who=rubbish").status_code == 200


def test_ended_ones_are_found_under_all(town, sign_in):
    a = town.take_in()
    actions.withdraw(a, by=town.li, reason="申请人要求")
    assert numbers(town.li, show="open") == []
    assert numbers(town.li, show="all") == [a.number]
    assert a.number in str(sign_in(town.li).get("/desk/search/").context["rows"])


def test_lists_show_no_name_number_or_mobile_in_full(town, sign_in):
    town.accepted(n=1)
    page = sign_in(town.wang).get("/desk/").content.decode()
    assert "张**" in page and "张三1" not in page and "19900000001" not in page and "2399991980" not in page


@pytest.mark.parametrize(
    ("n", "path"),
    [(1, "/desk/"), (3, "/desk/"), (100, "/desk/"), (3, "/desk/search/"), (100, "/desk/search/")],
)
def test_a_list_takes_few_queries_and_one_that_fits_a_page_is_not_counted_apart(town, sign_in, n, path):
    for i in range(n):
        town.accepted(n=i + 1)
    client = sign_in(town.wang)
    client.get(path)
    with CaptureQueriesContext(connection) as taken:
        client.get(path)
    # session, person, posts, items, halls, cards to answer, bell; for each kind of case: rows and, if they don't fit one page,
    # how many and how they stand; on the to-do list what can be done together, on other lists the red dot too
    once = 2 if n > desk.PAGE else 1
    expected = 8 + len(desk.KINDS) * once if path == "/desk/" else 7 + len(desk.KINDS) * (once + 1)
    assert len(taken) == expected, "\n".join(q["sql"][:120] for q in taken)


def test_the_count_stops_at_a_thousand(town, sign_in, monkeypatch):
    for n in range(1, 6):
        town.accepted(n=n)
    assert (
        desk.tally(town.wang, Asked(), cap=3).total == 4 and desk.tally(town.wang, Asked(), cap=5).total == 5
    )
    monkeypatch.setattr(desk, "CAP", 3)
    assert sign_in(town.wang).get("/desk/").context["total"] == "3+"


@pytest.mark.parametrize(
    ("who", "asked", "index"),
    [
        ("wang", Asked(), "application_desk"),
        ("wang", Asked(show="open", light="red"), "application_desk"),
        ("li", Asked(), "application_hall"),
        ("li", Asked(show="open"), "application_hall"),
        ("zhou", Asked(), "application_hall"),
        ("bai", Asked(show="open"), "application_desk"),
        ("wang", Asked(show="all"), "application_office"),
        ("li", Asked(show="all"), "application_hall_day"),
        ("bai", Asked(show="all"), "application_day"),
        ("wang", Asked(show="all", text="张三"), "application_name"),
        ("li", Asked(show="all", text="19900000001"), "application_mobile"),
    ],
)
def test_no_list_reads_the_history(town, who, asked, index):
    """The lists of open cases go by the indexes of open ones alone; rows, count and lights alike."""
    with CaptureQueriesContext(connection) as taken:
        desk.page(getattr(town, who), desk.recent(asked))
        desk.tally(getattr(town, who), desk.recent(asked))
    of_applications = [q["sql"] for q in taken if '"window_application"' in q["sql"]]
    lists = [sql for sql in of_applications if "closed_at" in sql or "opened_at" in sql]
    assert len(lists) == 2
    for sql in lists:
        plan = way(sql)
        if (
            connection.vendor == "postgresql"
        ):  # which of several indexes it takes, its statistics of a few rows decide
            assert "Seq Scan on window_application" not in plan, plan
            continue
        ways = set(re.findall(r"USING (?:COVERING )?INDEX (application_\w+)", plan))
        both = {
            "application_desk",
            "application_hall",
        }  # of open ones alone, and equally good where all halls are seen
        assert ways == {index} or (who == "bai" and index in both and len(ways) == 1 and ways < both), plan
        assert "SCAN window_application" not in plan.splitlines(), plan


def way(sql):
    """How the database would read it; PostgreSQL, which reads a small table whole, is asked not to."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            return "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(row[3] for row in cursor.fetchall())


def test_the_red_dot_counts_what_waits(town, sign_in):
    for n in range(1, 4):
        town.accepted(n=n)
    rail = {entry["url"]: entry["count"] for entry in sign_in(town.wang).get("/desk/").context["rail"]}
    assert (rail["/desk/"], rail["/desk/search/"], rail["/desk/cards/"]) == (3, 0, 0)


def test_only_people_who_work_here_get_in(town, client, sign_in):
    assert client.get("/desk/").url.startswith("/accounts/login/")
    for path in ("/desk/", "/desk/search/", "/desk/export.xlsx"):
        assert sign_in(town.firm).get(path).status_code == 403
        assert sign_in(town.nobody).get(path).status_code == 403


def test_a_post_that_has_ended_shows_nothing(town, sign_in):
    town.accepted()
    Post.objects.filter(person=town.wang).update(ends_on="2026-11-22")
    assert sign_in(town.wang).get("/desk/").status_code == 403


def test_before_and_after_follow_the_own_list(town, monday):
    cases = []
    for n in range(1, 4):
        monday.move_to(at(f"2026-11-{22 + n} 10:00"))
        cases.append(town.accepted(n=n))
    actions.suspend(cases[2], by=town.wang, reason="hearing", notice="听证", days=5)
    first, second, third = cases
    assert desk.neighbours(first, town.wang) == ("", second.number)
    assert desk.neighbours(second, town.wang) == (first.number, third.number)
    assert desk.neighbours(third, town.wang) == (second.number, "")


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("li", "/desk/counter/"),
        ("wang", "/desk/"),
        ("head", "/desk/"),
        ("zhou", "/desk/"),
        ("firm", "/my/"),
        ("it", "/admin/"),
    ],
)
def test_everybody_starts_at_the_own_work(town, sign_in, who, path):
    assert sign_in(getattr(town, who)).get("/start/").url == path


def test_somebody_without_a_post_is_told_what_to_do(town, sign_in):
    page = sign_in(town.nobody).get("/start/")
    assert page.status_code == 200 and "没有在任岗位" in page.content.decode()


def test_an_enterprise_sees_its_own_applications_and_the_way_to_each(town, sign_in):
    own = {
        "kind": "enterprise",
        "name": "满口香餐饮",
        "id_type": "uscc",
        "id_number": town.firm.uscc,
        "mobile": "19900000001",
    }
    a = town.take_in(applicant=own)
    town.take_in(n=2)
    page = sign_in(town.firm).get("/my/")
    assert [row["case"].number for row in page.context["rows"]] == [a.number]
    assert f"/my/cases/{a.number}/" in page.content.decode()
    assert sign_in(town.wang).get("/my/").status_code == 403


def test_exports_and_events_leave_the_case_alone(town, sign_in):
    a = town.accepted()
    assert sign_in(town.wang).get("/desk/export.xlsx").status_code == 200
    assert AccessLog.objects.get().field == "export"
    assert Event.objects.of(a.number).count() == Application.objects.get().version == 2
