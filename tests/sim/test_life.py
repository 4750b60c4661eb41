"""The demo city lives by the same actions as people use, and lives rightly."""

import pytest
from django.core.management import call_command
from django.db.models import F, Q

from onewindow.cases.management.commands.verify import survey
from onewindow.cases.models import Followup
from onewindow.config.management.commands.init import load_reference
from onewindow.org.models import Counter, Person
from onewindow.sim import city
from onewindow.sim.management.commands.simulate import history
from onewindow.voice.models import Device, Review
from onewindow.window.models import Application

pytestmark = pytest.mark.django_db


def test_a_fortnight_in_the_city(db):
    load_reference()
    city.build(1)
    assert Device.objects.count() == Counter.objects.filter(has_device=True).count() == 84
    assert set(city.DOORS) <= set(Person.objects.values_list("username", flat=True))
    tally = history(10, 6, seed=3, plant=True)

    assert [k for k in tally if k.startswith("refused:")] == []
    assert Application.objects.count() >= tally["received"] > 30  # scenes have some of their own
    events, cases, broken = survey()
    assert (cases >= Application.objects.count(), broken) == (True, [])
    assert events > 2 * cases
    assert not Followup.objects.filter(done_at__isnull=True).exists()
    assert Application.objects.filter(decided_at__isnull=False).count() >= tally["decided"]
    late = Application.objects.filter(Q(light="red") | Q(decided_at__gt=F("decision_legal_due_at")))
    assert late.count() == 3  # of the scenes, which are older; life itself keeps the law
    assert Review.objects.count() == tally["reviews"] + tally["planted"] > 8
    assert Review.objects.bad().count() >= tally["planted"] == 3


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
