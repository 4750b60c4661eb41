"""A program that calls the API in the name of one person of the town."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client

from onewindow.org.http import token_digest
from onewindow.org.models import ApiToken, Person
from tests.town import Town, at

MONDAY = at("2026-11-23 10:00")


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield clock


class Program:
    """``program.get("/cases")``, ``program.post("/applications", {...}, key="k1")``: the answer with ``.data``."""

    def __init__(self, token: str):
        self.client, self.head = Client(), {"Authorization": f"Bearer {token}"} if token else {}

    def _said(self, response: Any) -> Any:
        response.data = json.loads(response.content) if response.content else None
        return response

    def get(self, path: str, **query: Any) -> Any:
        return self._said(self.client.get(f"/api/v1{path}", query, headers=self.head))

    def post(
        self, path: str, body: Any = None, *, key: str = "", match: str = "", raw: bytes | None = None
    ) -> Any:
        head = self.head | ({"Idempotency-Key": key} if key else {}) | ({"If-Match": match} if match else {})
        data = raw if raw is not None else json.dumps({} if body is None else body)
        return self._said(
            self.client.post(f"/api/v1{path}", data, content_type="application/json", headers=head)
        )


@pytest.fixture
def program(db: None) -> Callable[..., Program]:
    """``program(town.li)``; ``scopes`` narrows the token, other names are fields of it."""

    def make(person: Person | None, scopes: tuple[str, ...] = (), **fields: Any) -> Program:
        token = f"ow_test_{person.username}_{ApiToken.objects.count()}" if person else ""
        if person:
            ApiToken.objects.create(
                person=person, digest=token_digest(token), hint=token[:8], scopes=list(scopes), **fields
            )
        return Program(token)

    return make


@pytest.fixture
def body(town: Town) -> Callable[..., dict[str, Any]]:
    """The body of POST /applications for the food licence, complete on paper."""

    def make(n: int = 1, **more: Any) -> dict[str, Any]:
        start = {
            "item": "ZD-MSA-001",
            "applicant": town.applicant(n),
            "materials": [{"spec": 1, "form": "paper"}, {"spec": 2, "form": "paper"}],
            "hall": "H1",
            "counter": "03",
            "channel": "counter",
        }
        return start | more

    return make
