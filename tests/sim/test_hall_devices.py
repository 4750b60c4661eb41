"""The demo's displays, ticket machines and stands are alive: they beat, people speak at the stands, displays go dark and back."""

from random import Random

import pytest
import time_machine
from django.conf import settings

from onewindow.org.models import Counter
from onewindow.sim import hall_devices
from onewindow.sim.caller import Caller
from onewindow.sim.remote import Remote
from onewindow.voice import actions
from onewindow.voice.device_models import DeviceAlarm, HallVerdict
from onewindow.voice.models import Device
from tests.town import at

pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    """Seconds as the test says."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(hall_devices, "time", clock)
    for name, seconds in (("EVERY", 60.0), ("DARK_EVERY", 80.0)):
        monkeypatch.setattr(hall_devices, name, seconds)
    return clock


@pytest.fixture
def things(town, live_server, clock):
    """A hall that is big, its manager Zhou, and everything switched on."""
    actions.load_indicators(settings.BASE_DIR / "data/indicators.csv")
    for n in range(20, 32):
        Counter.objects.create(hall=town.hall, code=f"{n}", name=f"{n}号")
    hall_devices.build(900, at("2026-11-01 09:00"))
    hands = Remote(Caller(live_server.url))
    its = hall_devices.HallDevices(hands, Random(4))
    its.switch_on()
    yield its
    hands.close()


def pass_(things, clock, seconds):
    """Half a second a turn would be as the command does; a long look once a few seconds does as well."""
    for _ in range(int(seconds / 5)):
        clock.now += 5
        things.do_due()


def test_what_stands_in_a_big_hall_beats_speaks_and_is_seen(things, town, clock):
    models = Device.objects.exclude(kind="evaluator").values_list("kind", "model", "state")
    ours = [("feedback", "live", "active"), ("kiosk", "live", "active"), ("signage", "live", "active")]
    with time_machine.travel(at("2026-11-23 10:00"), tick=True):
        pass_(things, clock, 500)
    assert sorted(m for m in models if m[1] == "live") == ours
    assert {m[2] for m in models if m[1] == "demo"} == {"revoked"}
    said = HallVerdict.objects.all()
    assert said.count() > 2 and {v.hall_id for v in said} == {town.hall.pk}
    assert DeviceAlarm.objects.filter(kind="dark", device__kind="signage").exists()
    assert not [its for its in things.alive if its.device.queue or its.device.stopped]


def test_switched_on_again_they_give_way_and_what_a_visitor_put_there_stays(things, town):
    Device.objects.filter(kind="kiosk", model="live").update(model="theirs")
    again = hall_devices.HallDevices(things.hands, Random(5))
    again.switch_on()
    used = Device.objects.in_use().exclude(kind="evaluator").values_list("kind", "model")
    assert sorted(used) == [("feedback", "live"), ("kiosk", "theirs"), ("signage", "live")]
