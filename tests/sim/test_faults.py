"""What is made to go wrong in simulated life."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from onewindow.sim import faults
from onewindow.sim.life import Life


def test_shares_are_percentages_and_a_storm_is_a_number():
    assert faults.parse("late=20, lost=7.5,twice=100") == {"late": 0.2, "lost": 0.075, "twice": 1.0}
    assert faults.parse("late=5,storm=300") == {"late": 0.05, "storm": 300}
    assert faults.parse("") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slow=1", "'slow' is no fault; there are: late, storm, lost, twice"),
        ("late", "as in late=10"),
        ("late=101", "from 0 to 100"),
        ("storm=0", "a whole number from 1 to 10000"),
        ("storm=2.5", "as in storm=300"),
    ],
)
def test_what_is_no_fault_is_named_with_those_that_are(text, said):
    with pytest.raises(ValueError, match=said):
        faults.parse(text)


@pytest.mark.parametrize(
    ("text", "said"), [("lost=5", "lost: there is a line only with --url"), ("slow=1", "slow' is no fault")]
)
def test_the_command_refuses_them_as_wrong_use(settings, text, said):
    settings.DEMO = True
    with pytest.raises(CommandError, match=said) as refused:
        call_command("simulate", faults=text)
    assert refused.value.returncode == 2


def test_over_http_there_is_no_storm(settings):
    settings.DEMO = True
    with pytest.raises(CommandError, match="storm: only without --url"):
        call_command("simulate", faults="storm=5", url="http://127.0.0.1:1")


@pytest.mark.django_db
def test_departments_that_are_always_late_pass_every_promise(town):
    life = Life(per_day=1, seed=1, late=1.0)
    assert {life._days(5) > 5 for _ in range(20)} == {True}
    assert {Life(per_day=1, seed=1, late=0.0)._days(5) <= 5 for _ in range(20)} == {True}


@pytest.mark.django_db
def test_a_lively_day_is_four_times_as_busy(town):
    life = Life(per_day=10, seed=1)
    monday, tuesday = dt.date(2026, 11, 23), dt.date(2026, 11, 24)
    life._plan(tuesday)
    quiet = len(life.queue)
    life.lively_from = tuesday
    life._plan(monday)
    assert len(life.queue) <= 2.5 * quiet, "the day before is as quiet as any"
    before = len(life.queue)
    life._plan(tuesday)
    assert 25 <= len(life.queue) - before <= 60
