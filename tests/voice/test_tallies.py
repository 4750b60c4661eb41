"""The sums follow from the reviews: made anew they are the same, and a difference is found."""

import io

import pytest
from django.core.management import call_command

from onewindow.voice import actions, again, figures, tallies
from onewindow.voice.models import Review
from onewindow.voice.records import Tally, TallyRun
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def lived(town, monday):
    """Three days of reviews with everything that can happen to one."""
    a, b, c, d = (town.accepted(n=n) for n in range(1, 5))
    e = town.accepted(town.health, n=5)
    actions.review(a, "accepted", level=5, text="好")
    actions.review(b, "accepted", level=1)
    again.enter(c, "accepted", by=town.bai, level=2, why="不识字")
    actions.review(e, "accepted", level=3)
    Review.objects.create(
        number=d.number, touchpoint="accepted", level=4, channel=5, is_default=True, event_id="default-1", office=town.msa,
        hall=town.hall, counter=town.counter, item_code="ZD-MSA-001", at=at("2026-11-23 10:00"), said_at=at("2026-11-23 10:00"),
        body_digest="",
    )  # fmt: skip
    monday.move_to(at("2026-11-24 09:00"))
    again.change(b, "accepted", level=4)
    window.decide(a, by=town.wang, result="grant")
    window.deliver(a, by=town.li)
    actions.review(a, "delivered", level=5)
    monday.move_to(at("2026-11-25 11:00"))
    again.add(a, "accepted", level=1, text="其实很慢")
    monday.move_to(at("2026-11-26 01:00"))
    assert tallies.bring_up_to_date() == 3
    return town


def test_what_is_counted_and_what_stands_beside(lived):
    v = tallies.verdicts("city", tallies.period())[""]
    assert (v.levels, v.n, v.good, v.bad) == ((2, 1, 1, 1, 0), 5, 4, 1)
    assert (v.second, v.changed, v.assisted, v.defaults, v.excluded, v.worded) == (1, 1, 1, 1, 0, 2)
    assert (v.touchpoints, v.silent, v.received) == (6, 1, 5)


def test_what_staff_typed_in_is_in_no_score_of_a_window(lived):
    window_, city = (
        tallies.verdicts(kind, tallies.period())[key] for kind, key in (("counter", "H1/03"), ("city", ""))
    )
    assert (window_.n, window_.bad, window_.assisted) == (4, 0, 1) and (city.n, city.bad) == (5, 1)


@pytest.mark.parametrize("kind", ["hall", "office", "item"])
def test_sums_and_facts_say_the_same(lived, kind):
    span = at("2026-11-01 00:00"), at("2026-12-01 00:00")
    facts = figures.verdicts_by(kind, Review.objects.all(), Application.objects.all(), *span)
    sums = tallies.named(kind, tallies.verdicts(kind, tallies.period("2026-11")))
    assert [(t, v.n, v.good, v.bad, v.mean, v.touchpoints) for t, v in sums] == [
        (t, v.n, v.good, v.bad, v.mean, v.touchpoints) for t, v in facts
    ]


def test_made_anew_they_are_the_same_and_a_difference_is_found(lived):
    assert tallies.check(at("2026-11-20 00:00").date(), at("2026-11-25 00:00").date()) == []
    before = list(Tally.objects.order_by("span", "kind", "key", "day").values_list(*Tally.SUMS))
    out = io.StringIO()
    call_command("reviews", "--rebuild", stdout=out)
    assert list(Tally.objects.order_by("span", "kind", "key", "day").values_list(*Tally.SUMS)) == before
    call_command("reviews", "--check", stdout=out)
    Tally.objects.filter(span="d", kind="hall", key="H1", day="2026-11-24").update(n5=7)
    with pytest.raises(SystemExit) as broken:
        call_command("reviews", "--check", stdout=out)
    assert broken.value.code == 1
    assert "hall H1 2026-11-24: n5 is 7, the reviews say 1" in out.getvalue()


def test_the_worker_does_it_once_a_day_and_the_last_days_again(lived, monday, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert tallies.daily(100) == 0
    monday.move_to(at("2026-11-27 00:30"))
    assert tallies.daily(100) == 5 and TallyRun.objects.first().until.isoformat() == "2026-11-26"


def test_nothing_said_yet_is_no_error(town):
    assert tallies.bring_up_to_date() == 0 and tallies.verdicts("city", tallies.period()) == {}


def test_a_share_is_never_without_its_numbers(lived):
    for share in tallies.verdicts("city", tallies.period())[""].shares:
        assert (
            share.formula
            and share.denominator >= share.numerator
            and share.interval[0] <= share.value <= share.interval[1]
        )
