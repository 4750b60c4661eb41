"""The API answers what its document says, whatever it is sent: hostile texts, wrong types, missing and unknown fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings

from onewindow.config.wsgi import application
from onewindow.org.http import token_digest
from onewindow.org.models import ApiToken

pytestmark = pytest.mark.django_db

TOKEN = "ow_test_of_the_document"
#: Valid in form is not valid in fact: an item that does not exist is a 422, a case that does not a 404.
CONFIG = """
[generation]
deterministic = true
mode = "all"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 403, 404, 409, 412, 413, 422]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 412, 413, 422]
"""
HOSTILE = [
    "𠮷野家㐂龘",
    "张三\u202e\u200b",
    "'; DROP TABLE cases_event; --",
    "{{ 7*7 }}${7*7}",
    "\uff21\u3000\ufeff",
    "𝒜" * 50,
]


schema = schemathesis.openapi.from_wsgi(
    "/api/v1/openapi.json", application, config=schemathesis.Config.from_str(CONFIG)
)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A real WSGI call closes connections at its ends; here that would end the test's transaction (as in Django's client)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def real(town: Any) -> list[str]:
    """Numbers of a case at the window, one at the department, and one that is decided on the spot."""
    ApiToken.objects.create(person=town.li, digest=token_digest(TOKEN), hint=TOKEN[:8])
    return [town.take_in(n=1).number, town.accepted(n=2).number, town.accepted(town.proof, n=3).number]


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case: Any, town: Any, real: list[str]) -> None:
    meet_the_town(case, town, real)
    case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})


def meet_the_town(case: Any, town: Any, real: list[str]) -> None:
    """Puts real numbers, codes and hostile texts in for a part of what was made up, chosen by what it is; never for what
    was made wrong on purpose, which has to be refused."""
    made_wrong = {place.value for place, part in case.meta.components.items() if part.mode.is_negative}
    luck = sum(map(ord, repr((case.path_parameters, case.query, case.body))))
    if "path" not in made_wrong and "number" in (case.path_parameters or {}) and luck % 3:
        case.path_parameters["number"] = real[luck % len(real)]
    if "query" not in made_wrong and isinstance(case.query, dict) and "q" in case.query and luck % 2:
        case.query["q"] = HOSTILE[luck % len(HOSTILE)]
    body = case.body if "body" not in made_wrong and luck % 2 else None
    if isinstance(body, dict) and "applicant" in body:
        body["item"] = "ZD-MSA-001"
        if isinstance(body["applicant"], dict):
            body["applicant"] |= town.applicant(luck % 900 + 10) | {"name": HOSTILE[luck % len(HOSTILE)]}
