"""What every test begins with (tests/steady.py): the same morning, the same dice, a process that knows nothing yet."""

import secrets
import uuid

import pytest
from django.utils import timezone

from onewindow.org.models import Parameter, forget_parameters, number
from tests import steady


@pytest.fixture
def as_always(request):
    if (request.config.getoption("--begins"), request.config.getoption("--dice")) != (steady.BEGINS, "0"):
        pytest.skip("another day or other dice were asked for")


@pytest.mark.parametrize("of_two", ["first", "second"])
def test_each_begins_on_the_same_morning(as_always, of_two):
    assert f"{timezone.localtime():%A %Y-%m-%d %H:%M}" == "Tuesday 2026-11-24 10:00"


def test_what_a_test_draws_is_drawn_again_when_it_runs_again(as_always):
    assert [secrets.token_urlsafe(6), str(uuid.uuid4())[:8]] == ["iQps2G6j", "a2043a60"]


@pytest.mark.django_db
@pytest.mark.parametrize("of_two", ["first", "second"])
def test_none_sees_what_another_has_kept(of_two):
    """Each of the two leaves a value behind in what the process keeps; its row is gone when the other one begins."""
    assert number("correction_days") == 30
    Parameter.objects.create(code="correction_days", value="7")
    forget_parameters()
    assert number("correction_days") == 7
