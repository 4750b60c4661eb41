"""A register of enterprises and one of citizens, owned by the market regulation bureau; the health bureau may ask."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from onewindow.catalog.models import MaterialSpec
from onewindow.exchange import actions
from onewindow.exchange.models import Grant, GrantState
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from tests.town import at

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
FIELDS = [
    {"code": "match", "name": "比对结果", "name_en": "Comparison"},
    {"code": "status", "name": "证件状态", "name_en": "Status"},
    {"code": "number", "name": "号码", "name_en": "Number"},
]


@pytest.fixture
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False):
        yield


@pytest.fixture
def shared(town, monday):
    """The town; its hygiene licence also asks for the identity card (held by the government), number 3; the health bureau
    may ask ``town.identity`` for two of three fields. ``town.qhead`` heads the health bureau."""
    MaterialSpec.objects.create(
        version=town.health, no=3, name="居民身份证", name_en="Identity card", source=20
    )
    town.identity = actions.add_dataset(
        town.msa,
        {
            "code": "IDENTITY",
            "name": "居民身份信息核验",
            "name_en": "Check of citizen identity",
            "kind": "identity",
            "method": "identity",
            "sharing": "conditional",
            "sensitivity": "personal",
            "legal_basis": "居民身份证法 13",
            "valid_days": 30,
            "fields": FIELDS,
        },
    )
    town.qhead = Person.objects.create_user("qhead", password="x" * 12, name="何局长")
    Post.objects.create(
        person=town.qhead, role=Role.HEAD, office=town.health_office, starts_on=dt.date(2020, 1, 1)
    )
    town.grant = granted(town)
    return town


def granted(town, **more):
    """A grant of the health bureau for the identity register, in force."""
    now = at("2026-11-01 09:00")
    facts = {
        "dataset": town.identity,
        "office": town.health_office,
        "purpose": "办理卫生许可核验申请人身份",
        "legal_basis": "政务数据共享条例",
        "fields": ["match", "status"],
        "starts_on": dt.date(2026, 1, 1),
        "until": dt.date(2026, 12, 31),
        "state": GrantState.APPROVED,
        "asked_at": now,
        "asked_by": "qhead",
        "answered_at": now,
        "answered_by": "head",
    }
    return Grant.objects.create(**(facts | more))


@pytest.fixture
def enter(client):
    """Signs somebody in and gives the client."""

    def sign_in(person):
        client.force_login(person, backend=BACKEND)
        return client

    return sign_in
