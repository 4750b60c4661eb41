"""A person's own figures: counted from the record, told to that person alone."""

import datetime as dt

import pytest
import time_machine

from onewindow.board.mine import Week, mine
from onewindow.hall import actions as hall
from onewindow.hall.models import Outcome
from onewindow.voice.models import Review
from onewindow.window import actions
from tests.hall.conftest import build_hall
from tests.town import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked(town):
    """Li at window 03 and Wang behind it, over three weeks and one day that is too long ago to count."""
    with time_machine.travel(at("2026-10-22 10:00"), tick=False):
        town.accepted(n=1)
    with time_machine.travel(at("2026-11-06 10:00"), tick=False):
        late, early = town.accepted(n=2), town.accepted(town.health, n=3)
    with time_machine.travel(at("2026-11-10 10:00"), tick=False):
        actions.decide(early, by=town.qian, result="grant")
    with time_machine.travel(at("2026-11-17 10:00"), tick=False):
        actions.decide(late, by=town.wang, result="grant")
        actions.deliver(late, by=town.li)
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        place = build_hall(town)
        short = town.take_in(n=4)
        actions.ask_correction(short, by=town.li, note="缺一份。", materials={1: "请补交"})
        for minutes in (4, 10):
            place.take()
            ticket = hall.arrive(hall.call_next(place.c03, by=place.li), by=place.li)
            clock.shift(dt.timedelta(minutes=minutes))
            hall.finish(ticket, by=place.li, outcome=Outcome.ACCEPTED)
    with time_machine.travel(at("2026-11-24 10:00"), tick=False):
        yield town


def test_a_clerk_counts_what_was_done_at_the_window(worked):
    seen = mine(worked.li)
    assert (seen.since, seen.taken_in, seen.given_out, seen.decided) == (dt.date(2026, 10, 26), 3, 1, 0)
    assert (seen.corrections, seen.served, seen.minutes) == (1, 2, 7.0)
    assert seen.weeks == [
        Week(dt.date(2026, 11, 23), taken_in=1, decided=0, given_out=0, served=2),
        Week(dt.date(2026, 11, 16), taken_in=0, decided=0, given_out=1, served=0),
        Week(dt.date(2026, 11, 9), taken_in=0, decided=0, given_out=0, served=0),
        Week(dt.date(2026, 11, 2), taken_in=2, decided=0, given_out=0, served=0),
        Week(dt.date(2026, 10, 26), taken_in=0, decided=0, given_out=0, served=0),
    ]
    assert seen.items == [(worked.food.item, 2), (worked.health.item, 1)]


def test_an_approver_sees_how_promises_were_kept(worked):
    seen, other = mine(worked.wang), mine(worked.qian)
    assert (seen.decided, seen.on_time, seen.within_law, seen.days) == (1, 0, 1, 7)
    assert (other.decided, other.on_time, other.within_law, other.days) == (1, 1, 1, 2)
    assert [w.decided for w in seen.weeks] == [0, 1, 0, 0, 0]


def test_who_did_nothing_sees_zeros_and_dashes(worked):
    seen = mine(worked.ma)
    assert (seen.taken_in, seen.served, seen.minutes, seen.mean, seen.items) == (0, 0, None, None, [])
    assert seen.good_share is None and Review.objects.count() == 0


def test_the_page_is_for_who_works_on_cases(worked, client):
    client.force_login(worked.li, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get("/desk/me/").content.decode()
    assert "服务号票" in page
    client.force_login(worked.leader, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/desk/me/").status_code == 403
