"""Displays, ticket machines and feedback stands of the demo city's big halls: built with the city, spoken at in its past, and
alive over HTTP while the demo runs."""

from __future__ import annotations

import datetime as dt
import secrets
import time
import uuid
from dataclasses import dataclass
from random import Random
from typing import Any

from django.db.models import Count

from onewindow.org.models import Hall
from onewindow.sim import evaluator
from onewindow.sim.queues import manager_of
from onewindow.voice import enrol, placing, stands
from onewindow.voice.machines import DeviceAssignment, DeviceKind, DeviceState, DeviceStep, secret_digest
from onewindow.voice.models import Device, Indicator

#: A hall of so many windows is a big one.
WINDOWS = 10
SPOTS = {DeviceKind.SIGNAGE: "等候区", DeviceKind.KIOSK: "入口左侧", DeviceKind.FEEDBACK: "出口"}
#: As which models the demo's own devices are known; one that a visitor has paired is left alone.
OURS = ("demo", "live")
LEVELS, GLAD = (5, 4, 3, 2, 1), (52, 27, 13, 6, 2)
WORDS = {5: ("环境整洁，取号方便", "引导人员很热情"), 4: ("总体不错", "等候时间不长"), 3: ("座位有点少",),
         2: ("中午等候时间较长", "停车不方便"), 1: ("找不到对应楼层，指示牌不清楚",)}  # fmt: skip
#: Seconds between two heartbeats, between two people at one stand, between two times at which a display goes dark, and for how
#: long it does.
BEAT, EVERY, DARK_EVERY, DARK_FOR = 60.0, 240.0, 1500.0, 150.0


def big_halls() -> list[Hall]:
    """The halls with ten windows and more."""
    return list(Hall.objects.annotate(n=Count("counters")).filter(n__gte=WINDOWS).order_by("code"))


def build(first: int, now: dt.datetime) -> None:
    """One of each kind for every big hall, confirmed, with codes from ``D`` and ``first`` on; their secrets are thrown away."""
    devices = [
        Device(
            code=f"D{first + n:07d}", kind=kind, hall=hall, place=place, state=DeviceState.AUTHORISED, model="demo",
            secret_digest=secret_digest(secrets.token_urlsafe(32)), paired_at=now, paired_by="demo",
        )
        for n, (hall, (kind, place)) in enumerate((h, s) for h in big_halls() for s in SPOTS.items())
    ]  # fmt: skip
    Device.objects.bulk_create(devices)
    DeviceAssignment.objects.bulk_create(
        DeviceAssignment(device=d, hall_id=d.hall_id, place=d.place, from_at=now) for d in devices
    )
    DeviceStep.objects.bulk_create(
        DeviceStep(device=d, after=DeviceState.AUTHORISED, by="demo", at=now) for d in devices
    )


class Voices:
    """What people press at a stand, with reasons of the national list."""

    def __init__(self, random: Random):
        self.random = random
        self.codes: dict[int, list[str]] = {level: [] for level in LEVELS}
        for level, code in Indicator.objects.published().order_by("code").values_list("level", "code"):
            self.codes[level].append(code)

    def one(self) -> dict[str, Any]:
        r = self.random
        level = r.choices(LEVELS, GLAD)[0]
        known = self.codes[level]
        text = r.choice(WORDS[level]) if r.random() < (0.5 if level <= 2 else 0.08) else ""
        return {"score": level, "tags": [r.choice(known)] if known and r.random() < 0.4 else [], "text": text}


def speak(device: Device, at: dt.datetime, voices: Voices) -> None:
    """Somebody's verdict in the past."""
    said = voices.one()
    stands.take(
        device,
        said,
        said["tags"],
        at=at,
        received=at,
        event_id=uuid.UUID(int=voices.random.getrandbits(128)).hex,
    )


@dataclass
class Alive:
    """One device that is switched on."""

    kind: str
    device: evaluator.Device
    beat_at: float
    says_at: float
    dark_until: float = 0.0
    dark_at: float = 0.0


class HallDevices:
    """``hands`` is a ``Remote``: each device is put to its place by a slip of the hall's manager, and speaks for itself."""

    def __init__(self, hands: Any, random: Random):
        self.hands, self.random, self.voices = hands, random, Voices(random)
        self.alive: list[Alive] = []

    def switch_on(self) -> None:
        """As on any morning; the demo's own devices of an earlier run give way, a place at which a visitor put one is his."""
        for hall in big_halls():
            manager = manager_of(hall)
            if manager is None:
                continue
            for kind, place in SPOTS.items():
                before = list(Device.objects.in_use().filter(hall=hall, kind=kind).select_related("hall"))
                if any(d.model not in OURS for d in before):
                    continue
                for old in before:
                    placing.revoke(old, by=manager)
                slip = enrol.print_for([enrol.Spot(kind, hall, None, place)], by=manager)[0]
                signer = evaluator.Signer()
                hello = {"model": "live", "kind": kind, "pubkey": signer.public, "token": slip.token}
                told = self.hands.caller.call("POST", f"{evaluator.API}/enrol", said=hello)
                if told.status != 201:
                    continue
                device = evaluator.Device(self.hands._line, signer, told.json["secret"])
                now = time.monotonic()
                its = Alive(kind, device, 0.0, now + self.random.expovariate(1 / EVERY))
                its.dark_at = now + self.random.expovariate(1 / DARK_EVERY)
                self.alive.append(its)

    def do_due(self) -> None:
        """The first device whose time has come says what it has to say: one call, so that nothing else waits for it."""
        now = time.monotonic()
        for its in self.alive:
            if its.device.stopped:
                self.alive.remove(its)
                return
            if its.kind == DeviceKind.FEEDBACK and now >= its.says_at:
                its.says_at = now + self.random.expovariate(1 / EVERY)
                its.device.note("answered", None, **self.voices.one())
                its.device.flush()
                return
            if now - its.beat_at > BEAT:
                self._beat(its, now)
                return

    def _beat(self, its: Alive, now: float) -> None:
        """A display goes dark now and then for a few minutes, which its hall's manager is told."""
        its.beat_at = now
        if its.kind != DeviceKind.SIGNAGE:
            its.device.heartbeat()
            return
        if now >= its.dark_at:
            its.dark_until = now + DARK_FOR
            its.dark_at = its.dark_until + self.random.expovariate(1 / DARK_EVERY)
        its.device.heartbeat(dark=now < its.dark_until)
