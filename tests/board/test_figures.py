"""Leaders see numbers that anybody can check: each opens exactly the cases that it counts."""

import datetime as dt
import re
from html.parser import HTMLParser

import pytest
import time_machine
from django.utils import timezone

from onewindow.board.charts import course
from onewindow.board.figures import Overview
from onewindow.board.wall import Wall
from onewindow.cases.figures import ask
from onewindow.voice.models import Review
from onewindow.window import actions
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def busy(town):
    """Three weeks in one town: decided early and late, overdue both ways, deemed accepted, stopped, on the spot."""
    with time_machine.travel(at("2026-10-26 10:00"), tick=False):
        late = town.accepted(n=1)
        town.accepted(n=2)  # will be past the statute
    with time_machine.travel(at("2026-11-04 10:00"), tick=False):
        actions.decide(late, by=town.wang, result="grant")
    with time_machine.travel(at("2026-11-10 09:20"), tick=False):
        town.accepted(n=3)  # will be past the promise
        town.take_in(town.health, n=4)  # nobody gives notice: deemed accepted
    with time_machine.travel(at("2026-11-17 09:10"), tick=False):
        early = town.accepted(town.health, n=5)
        town.take_in(n=6, by=town.ma, hall=town.hall2, counter=town.counter2)
        stopped = town.accepted(n=7)
    with time_machine.travel(at("2026-11-17 15:00"), tick=False):
        town.take_in(n=8)
        actions.suspend(stopped, by=town.wang, reason="hearing", notice="听证所需时间不计入。", days=5)
    with time_machine.travel(at("2026-11-24 08:50"), tick=False):
        actions.decide(early, by=town.qian, result="grant")
        town.take_in(n=9)
        proof = town.accepted(town.proof, n=10)
        actions.decide(proof, by=town.li, result="grant")
        actions.deliver(proof, by=town.li)
    with time_machine.travel(at("2026-11-24 10:00"), tick=False):
        from onewindow.cases.worker import wake

        wake()
        yield town


def tile(overview, code):
    return next(t for t in overview.tiles if t.code == code)


def test_the_figures_of_a_known_day(busy):
    seen = Overview(busy.leader)
    assert tile(seen, "received").number.n == 2
    assert tile(seen, "received").sub == "上周同日此时 3 件"
    assert tile(seen, "received").parts[0][1].n == 4
    assert tile(seen, "decided").number.n == 2
    assert tile(seen, "open").number.n == 9
    assert tile(seen, "on_time").share == "66.7%" and tile(seen, "on_time").number.n == 3
    assert tile(seen, "within_law").share == "100.0%"
    assert tile(seen, "deemed").number.n >= 1
    assert tile(seen, "late").number.n >= 2


class Links(HTMLParser):
    """Every link of the page itself whose whole text is a number; the menu's red dots count what waits for an answer."""

    def __init__(self):
        super().__init__()
        self.found, self.href, self.is_main = [], None, False

    def handle_starttag(self, tag, attrs):
        if tag == "main":
            self.is_main = True
        if tag == "a" and self.is_main:
            self.href = dict(attrs).get("href")

    def handle_endtag(self, tag):
        if tag == "a":
            self.href = None

    def handle_data(self, data):
        text = data.strip()
        if self.href and text and re.fullmatch(r"\d+", text):
            self.found.append((self.href, int(text)))


@pytest.mark.parametrize("who", ["leader", "bai", "head", "zhou"])
@pytest.mark.parametrize("address", ["/board/", "/board/screen/"])
def test_every_number_opens_exactly_the_cases_that_it_counts(busy, client, who, address):
    client.force_login(getattr(busy, who), backend=BACKEND)
    links = Links()
    links.feed(client.get(address).content.decode())
    assert len(set(links.found)) > 10
    for url, n in set(links.found):
        page = client.get(url)
        assert page.status_code == 200
        assert page.context["total"] == n, url


def test_a_share_opens_what_it_is_a_share_of(busy, client):
    client.force_login(busy.leader, backend=BACKEND)
    for code in ("on_time", "within_law"):
        share = tile(Overview(busy.leader), code)
        assert client.get(share.number.url).context["total"] == share.number.n == 3
        late = share.parts[0][1]
        assert client.get(late.url).context["total"] == late.n == (1 if code == "on_time" else 0)


def test_the_tiles_are_the_sums_of_the_departments(busy):
    seen = Overview(busy.bai)
    assert sum(x.open.n for x in seen.departments) == tile(seen, "open").number.n
    assert sum(x.decided.n for x in seen.departments) == tile(seen, "on_time").number.n
    lights = sum(n.n for x in seen.departments for name, n in x.lights.items() if name in ("yellow", "red"))
    assert lights == tile(seen, "late").number.n


def test_everybody_sees_the_figures_of_his_own_area(busy):
    everything = tile(Overview(busy.leader), "open").number.n
    assert {x.office for x in Overview(busy.head).departments} == {busy.msa}
    assert tile(Overview(busy.head), "open").number.n < everything
    assert tile(Overview(busy.zhou), "open").number.n == everything - 1  # one came to the other hall
    assert [s.hall for s in Wall(busy.zhou).halls] == [busy.hall]
    assert all(e.case.hall == busy.hall for e in Wall(busy.zhou).feed)


@pytest.mark.parametrize("who", ["li", "wang", "firm", "it", "nobody"])
@pytest.mark.parametrize("address", ["/board/", "/board/screen/"])
def test_nobody_else_sees_the_figures(town, client, who, address):
    client.force_login(getattr(town, who), backend=BACKEND)
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("address", ["/board/", "/board/screen/"])
def test_somebody_who_is_not_signed_in_is_sent_to_sign_in(town, client, address):
    answer = client.get(address)
    assert answer.status_code == 302 and "/accounts/login/" in answer.url


def test_what_cannot_wait_comes_longest_overdue_first(busy):
    rows = Overview(busy.leader).urgent
    assert [r.case.due_at for r in rows] == sorted(r.case.due_at for r in rows)
    assert rows[0].light == "red" and rows[0].days == 16  # due on 2026-11-02
    line = next(x for x in Overview(busy.leader).departments if x.office == busy.msa)
    assert line.late_days == rows[0].days


def test_reviews_come_with_their_number_and_coverage(busy):
    now = timezone.now()
    for n, level in enumerate([5, 5, 1]):
        Review.objects.create(
            number=f"A{n}", touchpoint="accepted", level=level, channel=4, event_id=f"e{n}", body_digest="x",
            office=busy.msa, hall=busy.hall, item_code="ZD-MSA-001", at=now, said_at=now,
        )  # fmt: skip
    said = Overview(busy.leader).said
    assert (said.n, said.good, said.bad) == (3, 2, 1)
    assert said.silent == said.touchpoints - 3 and said.coverage == 3 / said.touchpoints
    assert sum(x.said.bad for x in Overview(busy.leader).departments) == 1
    asked = ask("reviews", busy.leader, dt.date(2026, 11, 1), dt.date(2026, 11, 24), "office")
    assert [(r.code, r.numerator, r.denominator) for r in asked.rows] == [("MSA", 2, 3)]
    used = ask("coverage", busy.leader, dt.date(2026, 10, 26), dt.date(2026, 11, 24))
    assert (used.total.numerator, used.total.denominator) == (3, said.touchpoints)


def test_hours_are_counted_in_our_time_beside_last_weeks(busy):
    hours = {hour: (n, then) for hour, n, then in Overview(busy.leader).hours}
    assert hours[8] == (2, 0) and hours[9] == (0, 3) and hours[15] == (0, 1)
    assert set(hours) >= set(range(8, 18))


def test_a_hall_without_anybody_for_two_hours_is_marked_while_it_is_open(busy):
    def silent():
        return [s.hall.code for s in Wall(busy.leader).halls if s.silent]

    assert silent() == []  # 10:00, open since 08:30
    with time_machine.travel(at("2026-11-24 10:30"), tick=False):
        assert silent() == ["H2"]
    with time_machine.travel(at("2026-11-24 11:00"), tick=False):
        assert silent() == ["H1", "H2"]
    with time_machine.travel(at("2026-11-24 18:00"), tick=False):
        assert silent() == []
    with time_machine.travel(at("2026-11-28 12:00"), tick=False):  # a Saturday
        assert silent() == []


def test_no_name_and_no_number_of_a_person_on_the_wall(busy, client):
    client.force_login(busy.leader, backend=BACKEND)
    for address in ("/board/", "/board/screen/"):
        text = client.get(address).content.decode()
        assert "张三" not in text and "张*" not in text and "1990000" not in text and "239999" not in text
        assert busy.wang.name not in text and busy.li.name not in text


@pytest.mark.parametrize("cases", [1, 50])
def test_the_pages_cost_the_same_for_one_case_and_for_fifty(town, client, cases, django_assert_num_queries):
    with time_machine.travel(at("2026-11-02 10:00"), tick=False):
        for n in range(cases):
            town.accepted(n=n + 1)
    with time_machine.travel(at("2026-11-24 10:00"), tick=False):
        from onewindow.cases.worker import wake

        wake()
        client.force_login(town.leader, backend=BACKEND)
        client.get("/board/"), client.get("/board/screen/")
        with django_assert_num_queries(19):
            client.get("/board/")
        with django_assert_num_queries(20):
            client.get("/board/screen/")


def test_an_empty_town_has_figures_too(town, client):
    client.force_login(town.leader, backend=BACKEND)
    assert client.get("/board/").status_code == client.get("/board/screen/").status_code == 200
    seen = Overview(town.leader)
    assert tile(seen, "on_time").share == "–" and seen.said.coverage is None


def test_bars_stand_on_the_floor_and_lines_are_at_round_numbers():
    chart = course([(8, 0, 7), (9, 43, 12)], 340, 190)
    assert [n for n, _y in chart.ticks] == [0, 20, 40, 60]
    assert all(round(bar.y + bar.height) == round(chart.ticks[0][1]) for bar in chart.bars)
    assert chart.most.label == 9
    assert course([(8, 0, 0)], 340, 190).ticks == [(0, 166), (1, 10)]


def test_a_day_long_ago_is_opened_whole(busy, client):
    client.force_login(busy.leader, backend=BACKEND)
    day = dt.date(2026, 11, 4)
    page = client.get(f"/desk/?show=all&decided_from={day}&decided_to={day}&kept=late")
    assert page.context["total"] == 1
