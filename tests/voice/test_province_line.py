"""The outbox to the province against a real server that loses, refuses, repeats, drips and dies."""

import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from onewindow.voice import actions, again, province, province_line
from onewindow.voice.models import Review
from onewindow.voice.province_models import ProvinceReport
from tests.town import at

pytestmark = pytest.mark.django_db


class Far:
    """A province: ``rows`` by key, ``seen`` every call in order; ``trouble`` says what goes wrong (a list: one a call)."""

    def __init__(self):
        self.rows, self.seen, self.trouble = {}, [], "none"
        far = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_POST(self):
                far.answer(self)

            def do_GET(self):
                far.seen.append("GET")
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/reviews"

    def answer(self, call):
        body = json.loads(call.rfile.read(int(call.headers["Content-Length"])))
        key = call.headers["Idempotency-Key"]
        self.seen.append(key)
        what = self.trouble.pop(0) if isinstance(self.trouble, list) else self.trouble
        if what == "lost before":
            return  # the line breaks before anything is kept
        if what in ("none", "lost after", "half", "empty"):
            self.rows.setdefault(key, body)
        said = json.dumps({"receipt": f"P-{key[:8]}"}).encode()
        codes = {"busy": 503, "many": 429, "refuses": 422, "moved": 302}
        if what == "lost after":
            return
        call.send_response(codes.get(what, 200))
        if what == "moved":
            call.send_header("Location", self.url)
        if what == "half":
            call.send_header("Content-Length", str(len(said) + 50))
        if what == "no":
            said = '{"success": false, "message": "项目编码不存在"}'.encode()
        if what == "code":
            said = '{"code": 500, "data": null, "msg": "事项未发布"}'.encode()
        if what == "portal":
            said = b"<html>sign in</html>"
        call.end_headers()
        if what == "drips":
            for _ in range(40):
                try:
                    call.wfile.write(b" ")
                    call.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
        if what != "empty":
            call.wfile.write(said)


@pytest.fixture
def far(settings, monkeypatch):
    found = Far()
    settings.PROVINCE, settings.PROVINCE_MAP = found.url, "interface"
    monkeypatch.setattr(province_line, "TIMEOUT", 0.5)
    monkeypatch.setattr(province_line, "WHOLE", 0.3)
    yield found
    found.server.shutdown()
    found.server.server_close()


def rows():
    return list(ProvinceReport.objects.order_by("pk").values_list("state", "error"))


@pytest.mark.parametrize(
    ("trouble", "became"),
    [
        ("none", ("sent", "")),
        ("empty", ("sent", "")),
        ("lost before", ("waiting", "RemoteDisconnected")),
        ("lost after", ("waiting", "RemoteDisconnected")),
        ("half", ("waiting", "IncompleteRead")),
        ("busy", ("waiting", "HTTP 503")),
        ("many", ("waiting", "HTTP 429")),
        ("moved", ("waiting", "HTTP 302")),
        ("portal", ("waiting", "Unclear: answer is no JSON")),
        ("drips", ("waiting", "TimeoutError")),
        ("refuses", ("stuck", "Refused: HTTP 422")),
        ("no", ("stuck", "Refused: 项目编码不存在")),
    ],
)
def test_what_the_other_end_does_is_understood(town, far, trouble, became):
    far.trouble = trouble
    actions.review(town.accepted(), "accepted", level=4)
    began = time.monotonic()
    province.go(50)
    assert rows() == [became]
    assert "GET" not in far.seen and len(far.seen) == 1  # nothing is sent on
    assert time.monotonic() - began < 3


def test_a_map_says_how_this_province_says_no(town, far, settings, tmp_path):
    own = json.loads((province.MAPS / "interface.json").read_text())
    own["answer"] = {"ok": {"code": ["0", "200"]}, "receipt": "data.id", "why": "msg"}
    file = tmp_path / "own.json"
    file.write_text(json.dumps(own))
    settings.PROVINCE_MAP = str(file)[:40] if len(str(file)) <= 40 else str(file)
    reading = province.load(str(file)).reading
    assert reading.receipt_of({"code": 200, "data": {"id": "A7"}}, "k") == "A7"
    assert reading.receipt_of({"code": "0"}, "k") == "k"
    for told, why in (
        ({"code": 500, "msg": "事项未发布"}, "code=500 事项未发布"),
        ({"code": None}, "code=None"),
        ({}, "code=None"),
    ):
        with pytest.raises(province.Refused, match=why):
            reading.receipt_of(told, "k")
    with pytest.raises(province_line.Unclear):
        reading.receipt_of([], "k")
    file.write_text(json.dumps(own | {"answer": {"okay": {}}}))
    province.load.cache_clear()
    with pytest.raises(province.BadMap, match="answer has only"):
        province.load(str(file))


def test_while_nobody_answers_one_report_a_rest_tries_and_the_others_lose_no_try(town, far, monday):
    far.trouble = "busy"
    for n in range(6):
        actions.review(town.accepted(n=n + 1), "accepted", level=5)
    province.go(50)
    assert len(far.seen) == 1
    for when in ("10:00:01", "10:00:14"):
        monday.move_to(at(f"2026-11-23 {when}"))
        province.go(50)
    assert len(far.seen) == 1
    monday.move_to(at("2026-11-23 10:00:15"))
    province.go(50)
    assert len(far.seen) == 2
    assert sorted(ProvinceReport.objects.values_list("attempts", flat=True)) == [0, 0, 0, 0, 1, 1]
    far.trouble = "none"
    monday.move_to(at("2026-11-23 10:00:45"))
    province.go(50)
    assert len(far.rows) == 4 and province_line.outage() is None


def test_after_four_hours_without_an_answer_all_of_it_goes_up_by_itself(town, far, monday, signed_in):
    far.trouble = "busy"
    for n in range(8):
        actions.review(town.accepted(n=n + 1), "accepted", level=5)
    monday.move_to(at("2026-11-23 10:00"))
    for minute in range(0, 240, 3):
        monday.move_to(at(f"2026-11-23 {10 + minute // 60}:{minute % 60:02}"))
        province.go(50)
    assert len(far.seen) < 70
    page = signed_in(town.bai).get("/desk/reviews/province/").content.decode()
    assert "起无应答" in page
    far.trouble = "none"
    for minute in range(1, 8):
        monday.move_to(at(f"2026-11-23 14:{minute:02}"))
        province.go(50)
    assert [state for state, _error in rows()] == ["sent"] * 8
    assert len(far.rows) == 8


def test_a_change_never_arrives_before_what_it_changes(town, far, monday):
    a = town.accepted()
    first = actions.review(a, "accepted", level=1)
    far.trouble = ["busy"]
    province.go(50)
    again.change(a, "accepted", level=3)
    other = actions.review(town.accepted(n=2), "accepted", level=5)
    far.trouble = "none"
    monday.move_to(at("2026-11-23 10:00:20"))
    province.go(50)
    assert list(far.rows) == [other.event_id]  # the first one is not due yet, so its change waits
    monday.move_to(at("2026-11-23 10:01"))
    province.go(50)
    assert [row["replaces"] for row in far.rows.values()] == ["", "", first.event_id]


def test_a_refusal_ends_an_outage_too_and_keeps_its_own_tries(town, far, monday):
    far.trouble = ["busy"] * 3 + ["refuses", "none"]
    for n in (1, 2):
        actions.review(town.accepted(n=n), "accepted", level=5)
    for when in ("10:00", "10:00:15", "10:01", "10:02", "10:02:01"):
        monday.move_to(at(f"2026-11-23 {when}"))
        province.go(50)
    tries = ProvinceReport.objects.order_by("pk").values_list("state", "attempts")
    assert sorted(tries) == [("sent", 1), ("stuck", 2)] and province_line.outage() is None


def test_what_a_person_sends_again_goes_although_the_line_rests(town, far):
    far.trouble = ["refuses", "busy"]
    actions.review(town.accepted(), "accepted", level=5)
    actions.review(town.accepted(n=2), "accepted", level=5)
    province.go(50)
    assert province_line.outage().rests
    far.trouble = "none"
    assert province.send_again() == 1
    province.go(50)
    assert len(far.rows) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_through_a_bad_day_everything_arrives_once_and_in_order(town, far, monday, seed):
    draw = random.Random(seed)
    kinds = ["none", "lost before", "lost after", "half", "busy", "moved", "portal", "empty"]
    applications = [town.accepted(n=n + 1) for n in range(8)]
    for a in applications:
        actions.review(a, "accepted", level=draw.randint(1, 5))
    for minute in range(0, 300, 3):
        monday.move_to(at(f"2026-11-23 {10 + minute // 60}:{minute % 60:02}"))
        if minute in (3, 6, 12, 30):
            mine = applications[minute % 8]
            level = Review.objects.filter(number=mine.number).latest("pk").level
            again.change(mine, "accepted", level=level % 5 + 1)
        far.trouble = [draw.choice(kinds if minute < 200 else ["none"]) for _ in range(60)]
        province.go(50)
    monday.move_to(at("2026-11-23 15:10"))
    province.send_again()
    far.trouble = "none"
    province.go(50)
    said = list(Review.objects.order_by("pk").values_list("event_id", "number"))
    assert len(said) == 12 and sorted(far.rows) == sorted(key for key, _number in said)
    for _key, number in said:
        mine = [key for key, n in said if n == number]
        assert [key for key in far.rows if key in mine] == mine
    assert {state for state, _error in rows()} == {"sent"}


def test_a_wrong_map_is_said_on_the_page_and_is_no_server_error(town, far, settings, signed_in):
    settings.PROVINCE_MAP = "none-such"
    answer = signed_in(town.bai).get("/desk/reviews/province/")
    assert answer.status_code == 200 and "对照表有误" in answer.content.decode()
