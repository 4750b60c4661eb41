"""What the tests of reviews and devices share: the national list, a Monday, a device at window 03."""

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache

from onewindow.cases import worker
from onewindow.voice import actions
from tests.town import at

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        cache.clear()
        yield clock


@pytest.fixture
def town(town):
    actions.load_indicators(settings.BASE_DIR / "data/indicators.csv")
    return town


class Evaluator:
    """A device as it behaves on the wire."""

    def __init__(self, client, device, secret):
        self.client, self.device, self.secret = client, device, secret

    @property
    def auth(self):
        return {"headers": {"Authorization": f"Device {self.secret}"}}

    def next(self, **headers):
        return self.client.get(
            "/api/device/v1/next?wait=25", headers={"Authorization": f"Device {self.secret}", **headers}
        )

    def prompt(self):
        worker.follow()
        answer = self.next()
        return answer.json()["prompt"] if answer.status_code == 200 else None

    def send(self, *events):
        return self.client.post(
            "/api/device/v1/events", {"events": list(events)}, content_type="application/json", **self.auth
        )

    def answered(
        self, prompt, level=5, codes=("510",), text="", id="0190aaaa-0000-7000-8000-000000000001", **more
    ):
        return {
            "id": id, "type": "answered", "prompt": prompt["id"], "level": level, "codes": list(codes), "text": text,
        } | more  # fmt: skip


@pytest.fixture
def pair(client):
    """Pairs a device with a window, as a hall manager does."""

    def made(counter, by):
        pairing, token = actions.offer_pairing(model="tablet", app_version="1")
        actions.pair(pairing, counter, by=by)
        device, secret = actions.collect_secret(token)
        return Evaluator(client, device, secret)

    return made


@pytest.fixture
def evaluator(town, pair):
    return pair(town.counter, town.zhou)


@pytest.fixture
def signed_in(client):
    def sign_in(person):
        client.force_login(person, backend=BACKEND)
        return client

    return sign_in
