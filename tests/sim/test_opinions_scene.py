"""The scene of public words: played once, and again without a second ruling."""

from random import Random

import pytest
import time_machine

from onewindow.config.settings import BASE_DIR
from onewindow.sim.scenes import opinions
from onewindow.voice import actions
from onewindow.voice.records import Moderation, Reply, TallyRun
from tests.town import at

pytestmark = pytest.mark.django_db


def test_words_are_published_and_some_wait(town):
    actions.load_indicators(BASE_DIR / "data/indicators.csv")
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        for n in range(1, 10):
            actions.review(town.accepted(n=n), "accepted", level=1 if n == 1 else 5, text=f"第{n}句话")
        clock.move_to(at("2026-11-24 10:00"))
        opinions.plant(Random(1))
        opinions.plant(Random(1))
    assert Moderation.objects.filter(ruling="published").count() == 4
    assert Moderation.objects.filter(ruling="withheld").count() == 1
    assert (Reply.objects.count(), TallyRun.objects.count()) == (1, 1)
