"""The province's outbox, and evaluators that only open an address."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from onewindow.cases import rounds, worker
from onewindow.voice import actions, again, legacy, province, publishing, visits
from onewindow.voice.models import Device, Prompt, Review
from onewindow.voice.province_models import ProvinceReport
from onewindow.voice.visit_models import VisitVerdict
from tests.hall.conftest import build_hall
from tests.town import at

pytestmark = pytest.mark.django_db

# --- the province --------------------------------------------------------------------------------------------


class Province:
    """A provincial system: one row a key, however often it is sent; it may be down or refuse."""

    def __init__(self):
        self.rows, self.calls, self.trouble = {}, 0, None

    def take(self, body, key):
        self.calls += 1
        if self.trouble == "down":
            raise ConnectionError
        if self.trouble == "refuses":
            raise province.Refused("项目编码不存在")
        self.rows.setdefault(key, body)
        if self.trouble == "dies after":
            raise KeyboardInterrupt
        return f"R{list(self.rows).index(key) + 1}"


TAKER = Province()


def take(body, key):
    return TAKER.take(body, key)


@pytest.fixture
def far(settings):
    TAKER.__init__()
    settings.PROVINCE, settings.PROVINCE_MAP = "tests.voice.test_adapters:take", "interface"
    return TAKER


def test_each_review_goes_up_with_the_provinces_names_and_codes(town, far):
    r = actions.review(town.accepted(), "accepted", level=2, codes=["209", "213"], text="慢")
    rounds.go()
    assert far.rows == {
        r.event_id: {
            "assessId": r.event_id, "areaCode": "231282", "areaName": "肇东市", "deptCode": "MSA", "proDepart": "市场监督管理局",
            "taskCode": "ZD-MSA-001", "taskName": "食品经营许可（新办）", "projectNo": r.number, "proStatus": "2", "proManager": "0317",
            "pf": "2", "userName": "张**", "userProp": "1", "satisfaction": "2", "evalDetail": "209,213", "writingEvaluation": "慢",
            "assessTime": "2026-11-23 10:00:00", "assessNumber": "1", "replaces": "", "promiseTime": "2",
            "acceptDate": "2026-11-23 10:00:00", "dataSource": "165", "ticketNo": "", "ticketResult": "", "isValid": "1",
            "invalidTime": "",
        }
    }  # fmt: skip
    row = ProvinceReport.objects.get()
    assert (row.state, row.receipt, row.sent_at, row.next_at) == ("sent", "R1", at("2026-11-23 10:00"), None)
    rounds.go()
    assert far.calls == 1


@pytest.mark.parametrize(("level", "ours", "theirs"), [(5, "5", "1"), (3, "3", "3"), (1, "1", "5")])
def test_one_standard_counts_the_levels_the_other_way_round(town, far, level, ours, theirs):
    """GB/T 39046 table A.8: 1 is very satisfied."""
    facts = province.facts_of(actions.review(town.accepted(), "accepted", level=level, channel=7).report)
    a, b = province.load("interface").body(facts), province.load("gbt39046").body(facts)
    assert (a["satisfaction"], b["MYD"], a["pf"], b["PJQD"]) == (ours, theirs, "7", "6")
    assert b["PJSJ"] == "20261123100000"


def test_a_change_and_a_second_review_go_up_as_such(town, far, monday):
    a = town.accepted()
    first = actions.review(a, "accepted", level=1)
    again.change(a, "accepted", level=3)
    monday.move_to(at("2026-11-25 10:00"))
    again.add(a, "accepted", level=5)
    rounds.go()
    assert [(b["satisfaction"], b["assessNumber"], b["replaces"]) for b in far.rows.values()] == [
        ("1", "1", ""), ("3", "1", first.event_id), ("5", "2", ""),
    ]  # fmt: skip


def test_it_is_tried_again_after_one_five_and_thirty_minutes_and_is_then_stuck(town, far, monday):
    far.trouble = "down"
    actions.review(town.accepted(), "accepted", level=4)
    for when, calls in (
        ("10:00", 1),
        ("10:00:59", 1),
        ("10:01", 2),
        ("10:05:59", 2),
        ("10:06", 3),
        ("10:35", 3),
        ("10:36", 4),
    ):
        monday.move_to(at(f"2026-11-23 {when}"))
        rounds.go()
        assert far.calls == calls, when
    row = ProvinceReport.objects.get()
    assert (row.state, row.error, row.next_at) == ("stuck", "ConnectionError", None)
    far.trouble = None
    assert province.send_again() == 1
    rounds.go()
    assert (ProvinceReport.objects.get().receipt, len(far.rows)) == ("R1", 1)


def test_numbers_in_somebodys_own_words_stay_here(town, far):
    words = "等了2小时，请打13812345678，身份证23999919800101001X"
    actions.review(town.accepted(), "accepted", level=2, text=words)
    rounds.go()
    (body,) = far.rows.values()
    assert body["writingEvaluation"] == "等了2小时，请打……，身份证……"


def test_what_the_province_refuses_is_stuck_at_once_with_its_reason(town, far, signed_in):
    far.trouble = "refuses"
    actions.review(town.accepted(), "accepted", level=4)
    rounds.go()
    page = signed_in(town.bai).get("/desk/reviews/province/").content.decode()
    assert "项目编码不存在" in page and "张三" not in page
    far.trouble = None
    assert signed_in(town.bai).post("/desk/reviews/province/again").status_code == 302
    rounds.go()
    assert "R1" in signed_in(town.bai).get("/desk/reviews/province/").content.decode()
    assert signed_in(town.zhou).get("/desk/reviews/province/").status_code == 403
    assert signed_in(town.zhou).post("/desk/reviews/province/again").status_code == 403


def test_a_worker_that_dies_before_it_notes_the_receipt_sends_the_same_once_more(town, far, monday):
    far.trouble = "dies after"
    actions.review(town.accepted(), "accepted", level=4)
    with pytest.raises(KeyboardInterrupt):
        rounds.go()
    far.trouble = None
    rounds.go()
    assert far.calls == 1  # the claim has moved it on by a minute
    monday.move_to(at("2026-11-23 10:01"))
    rounds.go()
    assert (far.calls, len(far.rows), ProvinceReport.objects.get().receipt) == (2, 1, "R1")


def test_a_review_that_is_not_taken_leaves_nothing_in_the_outbox(town, far):
    a = town.accepted()
    with transaction.atomic():
        actions.review(a, "accepted", level=4)
        transaction.set_rollback(True)
    assert not ProvinceReport.objects.exists()


def test_without_a_province_nothing_is_written(town):
    actions.review(town.accepted(), "accepted", level=4)
    assert not ProvinceReport.objects.exists()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fields": {"x": "id_number"}}, "unknown facts id_number"),
        ({"level": {"5": "1"}}, "level has no code for 1, 2, 3, 4"),
        ({"level": dict.fromkeys("12345", "1")}, "two levels the same code"),
    ],
)
def test_a_map_that_would_send_nonsense_or_identity_numbers_is_refused(tmp_path, change, why):
    good = json.loads((province.MAPS / "interface.json").read_text())
    file = tmp_path / "own.json"
    file.write_text(json.dumps(good | change))
    with pytest.raises(province.BadMap, match=why):
        province.load(str(file))


def test_over_http_the_key_goes_with_it_and_a_4xx_is_a_refusal(town, settings):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append(
                (self.headers["Idempotency-Key"], self.headers["Authorization"], body["satisfaction"])
            )
            self.send_response(200 if len(seen) == 1 else 422 if len(seen) == 2 else 503)
            self.end_headers()
            self.wfile.write(b'{"receipt": "P-77"}')

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: [server.handle_request() for _n in range(3)])
    thread.start()
    settings.PROVINCE, settings.PROVINCE_TOKEN = f"http://127.0.0.1:{server.server_port}/", "t"
    try:
        for n in (1, 2, 3):
            actions.review(town.accepted(n=n), "accepted", level=5)
            rounds.go()
    finally:
        thread.join(timeout=60)
        server.server_close()
    rows = list(ProvinceReport.objects.order_by("id").values_list("state", "receipt", "error"))
    assert rows == [("sent", "P-77", ""), ("stuck", "", "Refused: HTTP 422"), ("waiting", "", "HTTP 503")]
    keys = list(Review.objects.order_by("id").values_list("event_id", flat=True))
    assert seen == [(key, "Bearer t", "5") for key in keys]


def a_ticket_ends(town, **said):
    hall = build_hall(town)
    hall.take()
    return visits.give(hall.served(hall.call(), outcome="consulted"), channel=2, **said)


def test_a_verdict_on_a_ticket_goes_up_without_a_name_and_without_an_item(town, far):
    v = a_ticket_ends(town, level=4, codes=["406"], text="好")
    rounds.go()
    (body,) = far.rows.values()
    assert {name: body[name] for name in (
        "assessId", "areaCode", "deptCode", "taskCode", "taskName", "projectNo", "proStatus", "pf", "userName", "satisfaction",
        "evalDetail", "writingEvaluation", "ticketNo", "ticketResult", "isValid", "acceptDate",
    )} == {
        "assessId": v.event_id, "areaCode": "231282", "deptCode": "", "taskCode": "", "taskName": v.group.name, "projectNo": "",
        "proStatus": "1", "pf": "2", "userName": "", "satisfaction": "4", "evalDetail": "406", "writingEvaluation": "好",
        "ticketNo": v.ticket_number, "ticketResult": "1", "isValid": "1", "acceptDate": "",
    }  # fmt: skip


def test_what_is_not_counted_after_an_appeal_is_told_after_the_review_and_once(town, far, monday, signed_in):
    far.trouble = "down"
    r = actions.review(town.accepted(), "accepted", level=1, codes=["109"])
    v = a_ticket_ends(town, level=2, codes=["209"])
    publishing.set_aside(r, by="bai", second="su", reason="并非本窗口所办")
    visits.set_aside(v, by="bai", second="su", reason="并非本窗口所办")
    rounds.go()
    assert far.calls == 1  # the first one failed; what hangs on it waits
    far.trouble = None
    monday.move_to(at("2026-11-23 10:01"))
    for _n in range(2):
        rounds.go()
    assert [(key, b["assessId"], b["isValid"], b["invalidTime"]) for key, b in far.rows.items()] == [
        (r.event_id, r.event_id, "1", ""),
        (v.event_id, v.event_id, "1", ""),
        (f"{r.event_id}-x", r.event_id, "0", "2026-11-23 10:00:00"),
        (f"{v.event_id}-x", v.event_id, "0", "2026-11-23 10:00:00"),
    ]
    assert far.calls == 5 and {x.state for x in ProvinceReport.objects.all()} == {"sent"}
    page = signed_in(town.bai).get("/desk/reviews/province/").content.decode()
    assert page.count("申诉后不计入统计") == 2 + 1 and v.ticket_number in page and "并非" not in page


def test_a_province_with_no_place_for_it_is_not_told_and_none_of_what_it_never_heard_of(town, far, settings):
    settings.PROVINCE = ""
    early = actions.review(town.accepted(n=1), "accepted", level=1, codes=["109"])
    settings.PROVINCE, settings.PROVINCE_MAP = "tests.voice.test_adapters:take", "gbt39046"
    r = actions.review(town.accepted(n=2), "accepted", level=1, codes=["109"])
    a_ticket_ends(town, level=4)
    publishing.set_aside(r, by="bai", second="su", reason="并非本窗口所办")
    settings.PROVINCE_MAP = "interface"
    publishing.set_aside(early, by="bai", second="su", reason="并非本窗口所办")
    assert [x.subject for x in ProvinceReport.objects.all()] == [r]


def test_a_map_that_cannot_be_read_fails_nobodys_review(town, far, settings):
    settings.PROVINCE_MAP = "nowhere"
    actions.review(town.accepted(), "accepted", level=4)
    rounds.go()
    assert [(x.state, x.error.split(":")[0]) for x in ProvinceReport.objects.all()] == [("stuck", "BadMap")]


def test_a_report_is_of_one_thing(town, far):
    row = actions.review(town.accepted(), "accepted", level=4).report
    with pytest.raises(IntegrityError), transaction.atomic():
        ProvinceReport.objects.filter(pk=row.pk).update(review=None)


# --- old evaluators ------------------------------------------------------------------------------------------


@pytest.fixture
def old(town):
    legacy.switch(town.hall, True, by=town.zhou)
    return legacy.give(town.counter, by=town.zhou)


def question(page):
    return re.search(r'name="q" value="(\w{32})"', page)[1]


def test_an_old_evaluator_shows_its_windows_question_and_takes_the_answer_without_cookie_or_script(
    town, old, client
):
    client = client.__class__(enforce_csrf_checks=True)
    url = f"/e/{old.code}"
    assert client.get(url)["Refresh"] == f"5;url={url}"
    town.accepted()
    worker.follow()
    page = client.get(url).content.decode()
    assert page.count('class="ow-face ') == 5 and "食品经营许可" in page and "张三" not in page
    q = question(page)
    reasons = client.get(f"{url}?score=2&q={q}&touchpoint=accepted")
    assert (
        "209" in reasons.content.decode() and reasons["Refresh"] == f"300;url={url}"
    )  # who writes is not interrupted
    answer = client.post(url, {"q": q, "score": "2", "codes": ["209"], "text": "慢"})
    r = Review.objects.get()
    assert answer.url == f"{url}?thanks=1"
    assert (r.level, r.codes, r.channel, r.device.assurance, r.clerk) == (2, ["209"], 5, "low", "li")
    assert client.post(url, {"q": q, "score": "2", "codes": ["209"], "text": "慢"}).url == f"{url}?thanks=1"
    client.post(url, {"q": q, "score": "5"})
    assert Review.objects.count() == 1 and Prompt.objects.get().state == "answered"


def test_it_skips_and_it_asks_about_tickets(town, old, client):
    url = f"/e/{old.code}"
    town.accepted()
    worker.follow()
    client.post(url, {"q": question(client.get(url).content.decode()), "skip": "1"})
    assert Prompt.objects.get().state == "declined"
    hall = build_hall(town)
    hall.take()
    hall.served(hall.call(), outcome="consulted")
    client.post(url, {"q": question(client.get(url).content.decode()), "score": "4"})
    assert [(v.level, v.channel) for v in VisitVerdict.objects.all()] == [(4, 5)]


def test_an_answer_to_a_question_of_before_is_not_given_to_the_next_person(town, old, client):
    url = f"/e/{old.code}"
    town.accepted(n=1)
    worker.follow()
    first = question(client.get(url).content.decode())
    second = town.accepted(n=2)
    worker.follow()
    assert client.get(f"{url}?score=1&q={first}").content.decode().count('class="ow-face ') == 5
    client.post(url, {"q": first, "score": "1"})
    assert not Review.objects.filter(number=second.number).exists()


def test_it_is_off_until_the_halls_manager_switches_it_on_and_off_means_off(town, client):
    with pytest.raises(actions.NotPossible, match="off"):
        legacy.give(town.counter, by=town.zhou)
    with pytest.raises(PermissionDenied):
        legacy.switch(town.hall, True, by=town.li)
    legacy.switch(town.hall, True, by=town.zhou)
    url = legacy.give(town.counter, by=town.zhou)
    assert client.get(f"/e/{url.code}").status_code == 200
    renewed = legacy.give(town.counter, by=town.zhou)
    assert [client.get(f"/e/{c}").status_code for c in (url.code, renewed.code, "X" * 16)] == [404, 200, 404]
    legacy.switch(town.hall, False, by=town.zhou)
    assert client.get(f"/e/{renewed.code}").status_code == 404
    assert {d.state for d in Device.objects.all()} == {"revoked"}


def test_no_address_is_given_to_a_window_with_a_paired_evaluator(town, evaluator):
    legacy.switch(town.hall, True, by=town.zhou)
    with pytest.raises(actions.NotPossible, match="paired"):
        legacy.give(town.counter, by=town.zhou)
    assert evaluator.next().status_code == 204


def test_the_manager_runs_them_on_a_page_that_says_what_they_are_worth(town, signed_in):
    zhou = signed_in(town.zhou)
    page = "/desk/reviews/old-evaluators/"
    zhou.post(page, {"hall": "H1", "act": "on"})
    zhou.post(page, {"hall": "H1", "counter": "03", "act": "give"})
    shown = zhou.get(page).content.decode()
    assert "可信度低" in shown and "/e/" in shown
    assert zhou.post(page, {"hall": "H2", "act": "on"}).status_code == 403
    assert signed_in(town.bai).get(page).status_code == 200
    assert signed_in(town.bai).post(page, {"hall": "H1", "act": "off"}).status_code == 403
    assert signed_in(town.li).get(page).status_code == 403
