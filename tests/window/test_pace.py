"""What an item really took: worked out once a day, told before anybody applies, never from too few cases."""

import datetime as dt
import re

import pytest

from onewindow.cases.instant import simulated
from onewindow.cases.models import Stop
from onewindow.catalog import guide
from onewindow.catalog.models import ItemPace
from onewindow.window import pace
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db


def decided(town, n, days, late=False, item=None):
    """An application accepted on Monday 2026-11-02 and decided so many days later."""
    with simulated(at("2026-11-02 10:00")):
        a = town.accepted(item, n=n)
    end = at("2026-11-02 15:00") + dt.timedelta(days=days)
    due = end + dt.timedelta(days=-1 if late else 1)
    Application.objects.filter(pk=a.pk).update(decided_at=end, decision_due_at=due, result="grant")
    return a


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_percentiles_are_values_that_occurred():
    assert [pace.percentile([5, 1, 4, 2, 3], p) for p in (1, 50, 90, 100)] == [1, 3, 5, 5]
    assert pace.percentile(list(range(1, 11)), 90) == 9


def test_the_guide_the_list_the_counter_and_the_api_tell_what_was_taken(client, town):
    for n, days in enumerate((0, 1, 2, 3, 7, 9), 1):  # a weekend lies between: 7 days are 5 working days
        decided(town, n, days, late=days == 9)
    assert pace.work_out(dt.date(2026, 11, 24)) == 1
    row = ItemPace.objects.get(item=town.food.item)
    assert (row.decided_count, row.within_count, row.median_days, row.p90_days) == (6, 5, 2, 7)
    assert row.until == dt.date(2026, 11, 23)
    said = words(client.get(f"/items/{town.food.item.code}"))
    assert "半数在 2 个工作日内办结，九成在 7 个工作日内办结，83% 在承诺时限内（共办结 6 件）" in said
    assert "Half were decided within 2 working days" in words(
        client.get(f"/items/{town.food.item.code}?lang=en")
    )
    client.get("/?lang=zh-hans")
    assert "实际半数 2 个工作日，九成 7 个工作日" in words(client.get("/items/"))
    client.force_login(town.li)
    assert "实际半数 2 个工作日" in words(client.get(f"/desk/counter/?item={town.food.item.code}"))


def test_days_on_which_the_clock_stood_do_not_count(town):
    """行政许可法 45: the time of a special procedure is not the office's."""
    a = decided(town, 1, 9)
    Stop.objects.create(
        number=a.number,
        reason="hearing",
        notice="听证",
        began_at=at("2026-11-03 09:00"),
        ended_at=at("2026-11-06 09:00"),
    )
    Application.objects.filter(pk=a.pk).update(clock_stops=1)
    pace.work_out(dt.date(2026, 11, 24))
    assert ItemPace.objects.get().median_days == 4  # seven working days without the three


def test_few_decisions_are_no_figure_and_none_are_said_to_be_none(client, town):
    for n in (1, 2):
        decided(town, n, 1)
    pace.work_out(dt.date(2026, 11, 24))
    said = words(client.get(f"/items/{town.food.item.code}"))
    assert "仅办结 2 件，数量太少，不作统计" in said and "半数" not in said
    assert "没有办结的办件" in words(client.get(f"/items/{town.health.item.code}"))


def test_what_is_older_than_ninety_days_goes(town):
    decided(town, 1, 1)
    assert pace.work_out(dt.date(2026, 11, 24)) == 1
    assert pace.work_out(dt.date(2027, 3, 1)) == 0 and not ItemPace.objects.exists()


def test_the_guide_reads_one_row(town, django_assert_num_queries):
    decided(town, 1, 1)
    pace.work_out(dt.date(2026, 11, 24))
    with django_assert_num_queries(1):
        assert guide.pace(guide.item(town.food.item.code)).decided_count == 1
    with django_assert_num_queries(1):
        assert guide.pace(guide.item(town.health.item.code)) is None
