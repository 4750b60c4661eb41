"""The demo city lives by the same actions as people use, and lives rightly."""

import datetime as dt
from collections import Counter as Counts

import pytest
from django.core.management import call_command
from django.db.models import F, Q
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.management.commands.verify import survey
from onewindow.cases.models import Followup, Notice
from onewindow.config.management.commands.init import load_reference
from onewindow.hall.models import VisitCase
from onewindow.issues.models import Issue
from onewindow.org.models import Counter, Person
from onewindow.sim import city
from onewindow.sim.management.commands.simulate import history
from onewindow.voice import stands
from onewindow.voice.device_models import HallVerdict
from onewindow.voice.models import Device, Review
from onewindow.window.models import Application

pytestmark = pytest.mark.django_db


def test_a_fortnight_in_the_city(db):
    load_reference()
    city.build(1)
    evaluators = Device.objects.filter(kind="evaluator")
    assert evaluators.count() == Counter.objects.filter(has_device=True).count() == 84
    assert_big_halls_have_their_devices()
    assert set(city.DOORS) <= set(Person.objects.values_list("username", flat=True))
    tally = history(10, 6, seed=3, plant=True, faults={"storm": 12})

    assert [k for k in tally if k.startswith("refused:")] == []
    assert Application.objects.count() >= tally["received"] > 30  # scenes have some of their own
    events, cases, broken = survey()
    assert (cases >= Application.objects.count(), broken) == (True, [])
    assert events > 2 * cases
    assert not Followup.objects.filter(done_at__isnull=True).exists()
    unread = Notice.objects.unread()
    assert unread.order_by("at")[0].at > timezone.now() - dt.timedelta(days=2, minutes=5)
    recent = Notice.objects.filter(at__gte=unread.order_by("at")[0].at)
    assert unread.count() == recent.filter(is_over=False).count()  # what is over left the bell by itself
    assert Application.objects.filter(decided_at__isnull=False).count() >= tally["decided"]
    late = Application.objects.filter(Q(light="red") | Q(decided_at__gt=F("decision_legal_due_at")))
    assert late.count() == 3  # of the scenes, which are older; life itself keeps the law
    scene = Review.objects.filter(text__startswith="多跑了一趟，窗口").count()
    # of the queue: taken in and handed over while one waits; those that were planted have words
    on_the_spot = Application.objects.filter(opened_at=F("delivered_at")).values("number")
    queued = Review.objects.filter(number__in=on_the_spot, text="").count()
    assert VisitCase.objects.filter(verb="deliver", number__in=on_the_spot).count() > queued > 0
    accepted = VisitCase.objects.filter(verb="accept").exclude(number__in=on_the_spot).values("number")
    assert Application.objects.filter(number__in=accepted, status="examining").exists()
    walked = Issue.objects.filter(origin="walk").values_list("outcome", flat=True)
    assert list(walked) == ["solved", "solved"]  # and then the way was walked again
    assert Review.objects.count() == tally["reviews"] + tally["planted"] + scene + queued
    assert Review.objects.bad().count() >= tally["planted"] == 3

    assert_matters_are_put_right(tally)
    said = stands.by_hall(HallVerdict.objects.all(), instant.now() - dt.timedelta(days=30))
    assert [s.hall.code for s in said] == BIG and all(10 <= s.verdict.n <= 25 for s in said)


BIG = ["H01", "H04", "H05", "H06"]


def assert_big_halls_have_their_devices():
    """A display, a ticket machine and a stand where there are ten windows."""
    rows = Device.objects.exclude(kind="evaluator").values_list("hall__code", "kind")
    assert sorted(rows) == [(hall, kind) for hall in BIG for kind in ("feedback", "kiosk", "signage")]


def assert_matters_are_put_right(tally):
    """What could not be done: twelve of the storm about one item on one day, and those of every day."""
    lived = Issue.objects.filter(origin="stuck")
    storm = Counts(lived.values_list("item__code", "opened_at__date")).most_common(1)[0]
    ends = {k.removeprefix("matter "): n for k, n in tally.items() if k.startswith("matter ")}
    assert (storm[1], lived.count()) == (12, tally["could not be done"] + 26)  # 26 of the scene
    assert ends["solved"] == max(ends.values()) >= 5
    done = lived.filter(outcome="solved")
    assert not done.exclude(confirmed_at__isnull=False).exists()
    assert not done.filter(done_case="").exists()


def test_production_has_no_simulated_people(settings):
    settings.DEMO = settings.TESTING = False
    with pytest.raises(RuntimeError, match="ONEWINDOW_DEMO"):
        city.build(1)
    with pytest.raises(SystemExit) as refused:
        call_command_as_people_do("simulate")
    assert refused.value.code == 2


def call_command_as_people_do(name):
    from django.core.management.base import CommandError

    try:
        call_command(name)
    except CommandError as error:
        raise SystemExit(error.returncode) from error
