"""A Monday at the hall: queue A for food and hygiene at windows 03 and 04, queue B for certificates at 04 only."""

from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from onewindow.hall import actions
from onewindow.hall.models import MatterGroup
from onewindow.org.models import Counter, Person, Post
from onewindow.org.roles import Role
from tests.town import at

MORNING = at("2026-11-23 10:00")


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=False) as moves:
        cache.clear()
        yield moves


@dataclass
class HallCast:
    """``li`` sits at window 03, ``sun`` at 04, ``zhou`` manages the hall."""

    town: Any
    a: MatterGroup
    b: MatterGroup
    c03: Counter
    c04: Counter
    li: Person
    sun: Person
    zhou: Person

    def take(self, group=None, **more):
        return actions.take([group or self.a], **({"channel": "kiosk"} | more))[0]

    def call(self, counter=None, by=None):
        return actions.call_next(counter or self.c03, by=by or self.li)

    def served(self, ticket, by=None, outcome="accepted", **more):
        """A called ticket to its end."""
        by = by or self.li
        return actions.finish(actions.arrive(ticket, by=by), by=by, outcome=outcome, **more)


def build_hall(town):
    c04 = Counter.objects.create(
        hall=town.hall,
        code="04",
        name="综合受理窗口 04",
        name_en="Comprehensive window 04",
        kind="comprehensive",
    )
    sun = Person.objects.create_user("sun", password="x", name="孙窗口", counter=c04, badge="0318")
    Post.objects.create(
        person=sun,
        role=Role.CLERK,
        office=town.bureau,
        hall=town.hall,
        starts_on=town.li.posts.get().starts_on,
    )
    a = MatterGroup.objects.create(
        hall=town.hall, letter="A", name="企业开办与许可", name_en="Licences", average_minutes=10
    )
    b = MatterGroup.objects.create(
        hall=town.hall, letter="B", name="证明查询打印", name_en="Certificates", average_minutes=4
    )
    a.counters.set([town.counter, c04])
    b.counters.set([c04])
    a.items.set([town.food.item, town.health.item])
    b.items.set([town.proof.item])
    return HallCast(town, a, b, town.counter, c04, town.li, sun, town.zhou)


@pytest.fixture
def hall(clock, town):
    return build_hall(town)


@pytest.fixture
def signed_in(client):
    def enter(person):
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return enter
