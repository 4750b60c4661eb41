"""What the figures count, and what they leave out."""

import pytest

from onewindow.voice import actions, figures
from onewindow.voice.models import Review
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
DAY = at("2026-11-23 00:00"), at("2026-11-24 00:00")


@pytest.mark.parametrize(
    ("good", "n", "low", "high"),
    # the published values of the method: 5 of 5 and 480 of 500 (domain parts.md 1.8); none of 10 by symmetry of 10 of 10
    [
        (5, 5, 0.5655, 1.0),
        (480, 500, 0.9390, 0.97396),
        (10, 10, 0.7225, 1.0),
        (0, 10, 0.0, 0.2775),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_wilsons(good, n, low, high):
    assert figures.wilson(good, n) == pytest.approx((low, high), abs=5e-5)


@pytest.fixture
def day(town):
    """Four acceptances (three of promised items) and one handing-over; three of the touchpoints are rated 5, 3 and 1."""
    a, b = town.accepted(n=1), town.accepted(town.health, n=2)
    town.accepted(n=3)
    town.accepted(town.proof, n=4)
    window.decide(a, by=town.wang, result="grant")
    window.deliver(a, by=town.li)
    for case, touchpoint, level in ((a, "accepted", 5), (a, "delivered", 3), (b, "accepted", 1)):
        actions.review(case, touchpoint, level=level)
    return town


def test_a_day_in_figures(day):
    v = figures.verdict(Review.objects.seen_by(day.bai), Application.objects.seen_by(day.bai), *DAY)
    assert (v.n, v.good, v.bad, v.mean, v.touchpoints, v.silent) == (3, 2, 1, 3.0, 4, 1)
    assert (v.good_share, v.coverage, v.silent_share) == (pytest.approx(2 / 3), 0.75, 0.25)


def test_default_reviews_are_never_counted(day):
    silent = Application.objects.order_by("id")[2]
    Review.objects.create(
        number=silent.number, touchpoint="accepted", level=4, channel=5, is_default=True, event_id="default-1", office=day.msa,
        item_code="ZD-MSA-001", at=at("2026-11-23 10:00"), said_at=at("2026-11-23 10:00"), body_digest="",
    )  # fmt: skip
    v = figures.verdict(Review.objects.seen_by(day.bai), Application.objects.seen_by(day.bai), *DAY)
    assert (v.n, v.silent) == (3, 1)


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        ("office", [("市场监督管理局", 2, 3), ("卫生健康局", 1, 1)]),
        ("hall", [("政务服务中心", 3, 4)]),
        ("item", [("食品经营许可（新办）", 2, 3), ("公共场所卫生许可（新办）", 1, 1)]),
    ],
)
def test_figures_by_hall_office_and_item(day, dimension, expected, django_assert_num_queries):
    with django_assert_num_queries(5):
        rows = figures.verdicts_by(
            dimension, Review.objects.seen_by(day.bai), Application.objects.seen_by(day.bai), *DAY
        )
    assert [(thing.name, v.n, v.touchpoints) for thing, v in rows] == expected


def test_an_empty_day_has_no_shares(town):
    v = figures.verdict(Review.objects.seen_by(town.bai), Application.objects.seen_by(town.bai), *DAY)
    assert (v.n, v.good_share, v.coverage, v.silent_share, v.mean, v.interval) == (
        0,
        None,
        None,
        None,
        None,
        (0.0, 1.0),
    )
