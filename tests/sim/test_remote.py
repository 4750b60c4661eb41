"""Life over HTTP: everybody acts as people and machines do, and everything arrives, once."""

import contextvars
import datetime as dt
import http.server
import threading
from collections import Counter

import pytest

from onewindow.approvals.models import Approval
from onewindow.cases import worker
from onewindow.cases.management.commands.verify import survey
from onewindow.cases.models import Event, Followup
from onewindow.config.management.commands.init import load_reference
from onewindow.issues.models import Issue
from onewindow.licences.models import Licence
from onewindow.org.models import ApiToken, FirstAnswer, Person, Post
from onewindow.org.roles import Role
from onewindow.pledges.models import Pledge
from onewindow.sim import city, remote
from onewindow.sim.caller import Away, Caller
from onewindow.sim.life import Life
from onewindow.sim.management.commands.simulate import over_http
from onewindow.sim.matters import ENDS, REVIEWS
from onewindow.voice import actions as voice
from onewindow.voice.models import Device, DeviceBeat, Review, ReviewChannel
from onewindow.window.models import Application


@pytest.mark.django_db(transaction=True)
def test_a_day_of_life_over_http(live_server, monkeypatch):
    load_reference()
    city.build(1)
    monkeypatch.setattr(remote, "PAUSE", 0)
    follow = remote.Remote.follow
    worker_of_the_server = lambda: contextvars.Context().run(worker.follow)  # noqa: E731 – whose time is real
    monkeypatch.setattr(remote.Remote, "follow", lambda hands: (worker_of_the_server(), follow(hands)))
    said = []
    tally = over_http(live_server.url, 1, 26, 7, said.append)

    assert [k for k in tally if k.startswith("refused:")] == []
    assert tally["received"] == Application.objects.count() > 20
    assert Application.objects.filter(closed_at__isnull=True).count() == 0  # everything came to its end
    _events, cases, broken = survey()
    parts = Approval.objects.count() + Pledge.objects.count() + Licence.objects.count()
    for origin, kind in (("hotline", "orders"), ("review", "reviews")):
        issues = Issue.objects.filter(origin=origin)
        assert (
            issues.filter(closed_at__isnull=False).count() == issues.count() == tally.get(f"{kind} closed", 0)
        )
    assert tally["orders closed"] > 0
    assert (cases, broken) == (tally["received"] + parts + Issue.objects.count(), [])
    assert not Followup.objects.filter(done_at__isnull=True).exists()
    by = Counter(Review.objects.values_list("channel", flat=True))
    assert sum(by.values()) == tally["reviews"] > 3
    assert by[ReviewChannel.TABLET] == Review.objects.filter(device__model="live").count() > 5
    paired = Device.objects.filter(model="live")
    assert paired.exists() and DeviceBeat.objects.filter(device__in=paired).count() == paired.count()
    assert FirstAnswer.objects.count() == sum(
        " by " in line and not line.endswith((" by applicant", " by reporter")) for line in said
    )
    # every deed of a person is in the record under that person's name, and none of the tokens is left
    people = set(
        Event.objects.exclude(by__in=["clock", "applicant", "reporter"]).values_list("by", flat=True)
    )
    assert people == set(
        ApiToken.objects.filter(person__username__in=people).values_list("person__username", flat=True)
    )
    assert not ApiToken.objects.filter(revoked_at__isnull=True).exists()


class Moody(http.server.BaseHTTPRequestHandler):
    """Answers what stands in ``moods``, one after another; a mood of 0 hangs up."""

    moods: list[int] = []
    asked: list[tuple[str, str]] = []

    def do_POST(self):
        mood = self.moods.pop(0)
        self.asked.append(
            (self.headers["Idempotency-Key"], self.rfile.read(int(self.headers["Content-Length"])).decode())
        )
        if mood:
            self.send_response(mood)
            if mood == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
        else:
            self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture
def moody(monkeypatch):
    monkeypatch.setattr("onewindow.sim.caller.FIRST", 0.001)
    Moody.asked = []
    server = http.server.HTTPServer(("127.0.0.1", 0), Moody)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_call_is_repeated_with_the_same_key_until_it_is_answered(moody):
    Moody.moods = [0, 503, 429, 500, 201]
    caller = Caller(f"http://127.0.0.1:{moody}", patience=60)
    answer = caller.call("POST", "/x", said={"a": "张"}, Idempotency_Key="k1")
    caller.close()
    assert answer.status == 201
    assert Moody.asked == [("k1", '{"a": "张"}')] * 5


def test_a_bad_line_sends_again_only_what_carries_a_key(moody):
    Moody.moods = [201, 201, 201, 200]
    caller = Caller(f"http://127.0.0.1:{moody}", patience=60, faults={"twice": 1.0})
    assert caller.call("POST", "/x", said={}, Idempotency_Key="k1").status == 201
    assert caller.call("POST", "/x", said={}).status == 201  # without a key nothing is risked
    caller.faults = {"lost": 1.0}
    with pytest.raises(Away):
        caller.call("POST", "/x", said={}, Idempotency_Key="k2", patience=0)
    caller.close()
    assert [key for key, _body in Moody.asked] == ["k1", "k1", None, "k2"]
    assert caller.done == {"sent twice": 1, "answers lost": 1}


def test_a_call_ends_when_the_patience_ends_or_the_caller_is_stopped(moody):
    Moody.moods = [503] * 50
    with pytest.raises(Away, match="503"):
        Caller(f"http://127.0.0.1:{moody}", patience=0).call("POST", "/x", said={})
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Away):
        Caller(f"http://127.0.0.1:{moody}", stop=stopped).call("POST", "/x", said={})
    assert len(Moody.asked) == 2


@pytest.mark.django_db(transaction=True)
def test_an_evaluator_keeps_what_was_pressed_while_the_server_is_away(live_server, town):
    hands = remote.Remote(Caller(live_server.url))
    counter = town.li.counter
    device = hands.device_at(counter.pk)
    a = town.accepted(counter=counter)
    worker.follow()
    seen = remote.Seen(a.number, a.item_version, a.office_id, a.hall_id, counter.pk, town.li)
    home, hands.caller._once = hands.caller._once, lambda *call: home(*call) if call[0] == "GET" else None
    hands.rate(seen, "accepted", level=5, codes=[], text="", device=device)
    assert len(device.device.queue) == 3 and not Review.objects.exists()
    hands.caller._once = home
    hands.follow()
    assert device.device.queue == [] and Review.objects.get().level == 5
    Device.objects.filter(pk=Review.objects.get().device_id).update(state="revoked")
    device.beat_at = 0
    hands.follow()
    assert hands.device_at(counter.pk) is None  # a visitor has put another one there
    hands.close()


@pytest.mark.django_db(transaction=True)
def test_orders_and_bad_reviews_go_every_way_over_http(live_server, town, monkeypatch):
    load_reference()
    lu = Person.objects.create_user("lu", name="卢科")
    Post.objects.create(person=lu, role=Role.BUREAU, office=town.bureau, starts_on=dt.date(2020, 1, 1))
    said = []
    hands = remote.Remote(Caller(live_server.url), say=said.append)
    life = Life(per_day=1, seed=3, hands=hands)
    orders, hands.latest = life.matters, town.accepted(n=90).number
    for end in ENDS:
        i = hands.order(
            town.food.item,
            by=orders.bureau[1],
            text="来了三次",
            kind_code="",
            reporter=("张三", "19900000001"),
        )
        orders._next(i, orders.deeds(i, end, {"how": "phone", "note": "已说明"}), "order")
    ways = iter(REVIEWS)
    monkeypatch.setattr(orders.random, "choices", lambda ends, weights: [next(ways)])
    for n in range(len(REVIEWS)):
        voice.review(town.accepted(n=n + 1), "accepted", level=1, text="态度差")
    orders.take_up()
    orders.take_up()  # each once
    while worker.follow():
        pass
    life.run_at_once([])
    hands.close()
    assert [k for k in life.tally if k.startswith("refused:")] == []
    ends = Counter(Issue.objects.values_list("origin", "outcome"))
    assert ends == {
        ("hotline", "solved"): 3, ("hotline", "explained"): 1, ("hotline", "impossible"): 1,
        ("review", "solved"): 5, ("review", "explained"): 1, ("review", "unfounded"): 1,
    }  # fmt: skip
    assert life.tally["reviews taken up"] == len(REVIEWS) == life.tally["reviews closed"]
    assert Issue.objects.filter(reopened=1).count() == 2 and Issue.objects.exclude(plan="").count() == 1
    assert Issue.objects.filter(panel_size=3).count() == 2
    assert survey()[2] == [] and any(" by reporter" in line for line in said)


@pytest.mark.django_db(transaction=True)
def test_life_leaves_what_was_there_and_the_visitors_accounts_alone(live_server, town):
    load_reference()
    lu = Person.objects.create_user("lu", name="卢科")
    Post.objects.create(person=lu, role=Role.BUREAU, office=town.bureau, starts_on=dt.date(2020, 1, 1))
    hands = remote.Remote(Caller(live_server.url))
    voice.review(town.accepted(n=1), "accepted", level=1, text="态度差")
    orders = Life(per_day=1, seed=3, hands=hands).matters
    orders.leave()
    orders.take_up()
    assert orders.life.queue == []
    visited = type("Visited", (Life,), {"visitors": frozenset({"bai", "wang"})})(
        per_day=1, seed=3, hands=hands
    )
    assert [p.username for p in visited.matters.bureau] == ["lu"] and not visited.matters.can_be
    hands.close()
