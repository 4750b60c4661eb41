"""设备看板: one tile a window or device – is it heard of, what waits on it, is anything wrong – and how its questions ended."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Count
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case as When_
from django.db.models import Count as Number
from django.db.models import Q, When

from onewindow.cases import instant
from onewindow.org.models import Counter, Hall, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice.device_models import DeviceAlarm
from onewindow.voice.models import OPEN, Device, DeviceKind, DeviceState, Prompt, PromptState

#: State of a tile, worst first: what needs somebody stands on top.
STATES = ("offline", "late", "pending", "suspended", "authorised", "online", "closed", "unpaired")
KINDS = tuple(DeviceKind.values)
#: Days over which the questions of a window are counted.
DAYS = 30


@dataclass
class Tile:
    """One window with its evaluator, if it has one; or another device of the hall (``counter`` is None)."""

    hall: Hall
    counter: Counter | None
    state: str
    device: Device | None = None
    waiting: int = 0
    oldest: dt.timedelta | None = None
    alarms: list[DeviceAlarm] = field(default_factory=list)

    @property
    def oldest_minutes(self) -> int:
        return int(self.oldest.total_seconds() // 60) if self.oldest else 0

    @property
    def kind(self) -> str:
        return self.device.kind if self.device else DeviceKind.EVALUATOR.value

    @property
    def name(self) -> Any:
        """The window, or what the device is and where it hangs."""
        if self.counter is not None:
            return local(self.counter)
        assert self.device is not None
        return f"{self.device.get_kind_display()} {self.device.place}".strip()

    @property
    def is_low(self) -> bool:
        """Only a secret vouches for what it sends."""
        return self.device is not None and self.device.assurance == "low"


@dataclass
class Board:
    """All tiles that a person sees, and what they come to."""

    tiles: list[Tile]

    @property
    def counts(self) -> dict[str, int]:
        return Count(tile.state for tile in self.tiles)

    @property
    def used(self) -> int:
        return sum(tile.device is not None for tile in self.tiles)

    @property
    def waiting(self) -> int:
        return sum(tile.waiting for tile in self.tiles)

    @property
    def oldest_minutes(self) -> int:
        return max((tile.oldest_minutes for tile in self.tiles), default=0)

    @property
    def halls(self) -> list[tuple[Any, list[Tile]]]:
        """Tiles by hall, those that need somebody first."""
        found: dict[int, tuple[Any, list[Tile]]] = {}
        for tile in self.tiles:
            found.setdefault(tile.hall.pk, (tile.hall, []))[1].append(tile)
        for _hall, tiles in found.values():
            tiles.sort(key=lambda t: (not t.alarms, STATES.index(t.state), KINDS.index(t.kind), _place(t)))
        return sorted(found.values(), key=lambda hall: hall[0].code)


def board(person: Person, asked: dict[str, Any], now: dt.datetime | None = None) -> Board:
    """The windows with an evaluator, or that should have one, which this person sees. ``asked``: hall, state, q."""
    now = now or instant.now()
    devices = Device.objects.seen_by(person).with_places().standing()
    open_alarms: dict[int, list[DeviceAlarm]] = {}
    for alarm in DeviceAlarm.objects.seen_by(person).open():
        open_alarms.setdefault(alarm.device_id, []).append(alarm)
    tiles = [_tile(device, open_alarms.get(device.pk, []), now) for device in devices]
    taken = {tile.counter.pk for tile in tiles if tile.counter and tile.state != "pending"}
    bare = windows_seen(person).filter(has_device=True).select_related("hall")
    tiles += [Tile(counter.hall, counter, "unpaired") for counter in bare if counter.pk not in taken]
    if hall := asked.get("hall"):
        tiles = [tile for tile in tiles if tile.hall.code == hall]
    if kind := asked.get("kind"):
        tiles = [tile for tile in tiles if tile.kind == kind]
    if state := asked.get("state"):
        tiles = [tile for tile in tiles if tile.state == state or (state == "alarm" and tile.alarms)]
    if words := asked.get("q", "").strip().lower():
        tiles = [tile for tile in tiles if words in _words(tile)]
    return Board(tiles)


def windows_seen(person: Person) -> Any:
    """The windows of one's own halls; bureau and administrators see all."""
    if person.has_role(Role.BUREAU, Role.ADMIN):
        return Counter.objects.order_by("hall__code", "code")
    return Counter.objects.filter(hall_id__in=person.halls_as(Role.HALL_MANAGER)).order_by(
        "hall__code", "code"
    )


def _words(tile: Tile) -> str:
    c, device = tile.counter, tile.device
    window = f"{c.code} {c.name} {c.name_en}" if c else ""
    return f"{window} {tile.name} {device.code if device else ''}".lower()


def _place(tile: Tile) -> str:
    return tile.counter.code if tile.counter else tile.device.place


def _tile(device: Device, alarms: list[DeviceAlarm], now: dt.datetime) -> Tile:
    beat = getattr(device, "beat", None)
    return Tile(
        device.hall,
        device.counter,
        device.health(now) if device.state == DeviceState.ACTIVE else device.state,
        device,
        beat.waiting if beat else 0,
        now - beat.oldest_at if beat and beat.oldest_at and beat.waiting else None,
        alarms,
    )


@dataclass
class Asked:
    """What became of the questions at one window. ``abandoned``: somebody touched the faces, and no verdict came of it;
    which face is not kept."""

    asked: int = 0
    answered: int = 0
    declined: int = 0
    abandoned: int = 0
    again: int = 0

    @property
    def abandon_rate(self) -> float:
        """Of those who touched it at all."""
        touched = self.answered + self.abandoned
        return self.abandoned / touched if touched else 0.0


def questions(counters: Any, now: dt.datetime | None = None) -> dict[int, Asked]:
    """What became of the questions of the last thirty days, by window id."""
    since = (now or instant.now()) - dt.timedelta(days=DAYS)
    over = Q(touched_at__isnull=False) & ~Q(state__in=[*OPEN, PromptState.ANSWERED])
    rows = (
        Prompt.objects.filter(counter__in=counters, created_at__gte=since)
        .order_by()
        .values("counter_id")
        .annotate(
            asked=Number("pk"),
            answered=Number(When_(When(state=PromptState.ANSWERED, then=1))),
            declined=Number(When_(When(state=PromptState.DECLINED, then=1))),
            abandoned=Number(When_(When(over, then=1))),
            again=Number(When_(When(attempt=2, then=1))),
        )
    )
    return {row.pop("counter_id"): Asked(**row) for row in rows}
