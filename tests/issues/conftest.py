"""What the tests of issues share: the codes of the county, a Monday, a could-not-be-done window, and lives up to a stage."""

import csv

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache

from onewindow.catalog.models import Code
from onewindow.issues import actions, opening
from onewindow.issues.models import Issue
from onewindow.org.models import Counter, Person, Post
from onewindow.org.roles import Role
from onewindow.voice import actions as voice
from tests.api.conftest import program  # noqa: F401 – a program that calls in somebody's name
from tests.town import PASSWORD, at

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CAUSE = {"cause": "coordination", "prevention": "process", "prevention_note": "部门之间改为内部流转"}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        cache.clear()
        yield clock


@pytest.fixture
def town(town):
    """With the codes, a second member of the bureau (``lu``), its head (``dai``), and window 29 of hall 1."""
    voice.load_indicators(settings.BASE_DIR / "data/indicators.csv")
    with open(settings.BASE_DIR / "data/reasons.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"].startswith(("issue_", "no_")):
                Code.objects.create(list=row.pop("kind"), **row)
    town.window29 = Counter.objects.create(
        hall=town.hall, code="29", name="办不成事窗口", name_en="Could-not-be-done window", kind="stuck"
    )
    for name, role in (("lu", Role.BUREAU), ("dai", Role.HEAD)):
        who = Person.objects.create_user(name, password=PASSWORD, name=f"{name}科")
        Post.objects.create(
            person=who, role=role, office=town.bureau, starts_on=at("2020-01-01 00:00").date()
        )
        setattr(town, name, who)
    return town


@pytest.fixture
def signed_in(client):
    def enter(person):
        client.force_login(person, backend=BACKEND)
        return client

    return enter


@pytest.fixture
def life(town):
    return Life(town)


class Life:
    """Issues brought to a stage by the steps themselves."""

    def __init__(self, town):
        self.town = town

    def stuck(self, **more):
        """Registered by li at window 29 for the food licence: assigned to MSA."""
        given = {"text": "营业执照地址与许可证不一致，窗口不给办", "item": self.town.food.item, "hall": self.town.hall,
                 "counter": self.town.window29, "is_at_window": True, "reporter": ("张三", "19900000001")}  # fmt: skip
        return opening.open_issue("stuck", by=self.town.li, **(given | more))

    def review(self, n=1, level=1, text="态度差", by_clerk=None):
        """A bad review of li, with its issue."""
        a = self.town.accepted(n=n)
        voice.review(a, "accepted", level=level, text=text)
        return Issue.objects.with_facts().get(origin="review", application=a.number)

    def contacted(self, i=None):
        i = i or self.stuck()
        return actions.contact(i, by=self.town.wang, how="phone", note="已联系")

    def working(self, i=None):
        return actions.verify(
            self.contacted(i), by=self.town.head, founded="yes", finding="属实", grade="simple"
        )

    def replied(self, i=None, proposal="explained", **more):
        return actions.reply(
            self.working(i), by=self.town.wang, proposal=proposal, answer="情况说明", **(CAUSE | more)
        )

    def closed(self, i=None, **more):
        return actions.close(self.replied(i, **more), by=self.town.bai, words="满意")
