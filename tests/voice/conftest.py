"""What the tests of reviews and devices share: the national list, a Monday, a device at window 03."""

import json

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache

from onewindow.cases import instant, worker
from onewindow.sim import evaluator as evaluator_
from onewindow.voice import actions, placing
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


class Wire:
    """What a device's line brings back of Django's test client."""

    def __init__(self, answer):
        self.status, self.answer = answer.status_code, answer

    @property
    def json(self):
        return self.answer.json()


class Evaluator:
    """A device as it behaves on the wire; ``odp`` is the well-behaved one of the simulator."""

    def __init__(self, client, device, secret, signer=None):
        self.client, self.device, self.secret = client, device, secret
        now = lambda: int(instant.now().timestamp() * 1000)  # noqa: E731
        self.odp = evaluator_.Device(self.line, signer, secret, wall=now, mono=now)

    def line(self, method, path, auth, said):
        return Wire(
            self.client.generic(
                method, path, json.dumps(said) if said is not None else "", content_type="application/json",
                headers={"Authorization": auth},
            )
        )  # fmt: skip

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

    def post(self, path, said):
        return self.client.post(f"/api/device/v1/{path}", said, content_type="application/json", **self.auth)

    def send(self, *events, **envelope):
        """Sends the events (by default all that wait) as one batch, whatever was sent before."""
        events = list(events) or self.odp.queue
        return self.post("events", self.odp.batch(events) | envelope)

    def answer(self, prompt, score=5, tags=("510",), text="", **more):
        """Writes an answer down on the device."""
        return self.odp.note(
            "answered", prompt["id"], **{"score": score, "tags": list(tags), "text": text} | more
        )

    def result(self, *events, **envelope):
        """What the server says of one event."""
        return self.send(*events, **envelope).json()["results"][-1]


@pytest.fixture
def pair(client):
    """Pairs a device with a window, as a hall manager does."""

    def made(counter, by, *, signs=False):
        signer = evaluator_.Signer() if signs else None
        key = signer.public if signer else ""
        pairing, token = placing.offer_pairing(model="tablet", app_version="1", public_key=key)
        placing.pair(pairing, counter, by=by)
        device, secret = placing.collect_secret(token)
        return Evaluator(client, device, secret, signer)

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
