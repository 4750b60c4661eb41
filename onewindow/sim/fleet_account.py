"""The account of a fleet's bad day: what the devices did and were told is safe, against what the server has."""

from __future__ import annotations

from collections import Counter as Count
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections

from onewindow.voice.device_models import AlarmKind, DeviceAlarm, DeviceEvent, HallVerdict
from onewindow.voice.models import Review

if TYPE_CHECKING:
    from onewindow.sim.fleet import Fleet, Tracked

DELAY = 30_000  # milliseconds that a line may take on a busy machine; a wrong clock would be a day


@dataclass
class Report:
    """What the run found. ``ok`` if what must be zero is, and what must be equal is."""

    devices: int = 0
    events: int = 0
    acknowledged: int = 0
    stored: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    left: int = 0
    answers: int = 0
    reviews: int = 0
    hall_devices: int = 0
    said_at_stands: int = 0
    stored_at_stands: int = 0
    machines_marked: int = 0
    wipes: int = 0
    wipes_reported: int = 0
    lost_by_wipes: int = 0
    lost_by_wipes_reported: int = 0
    revoked: int = 0
    revoked_reported: int = 0
    forged_refused: int = 0
    false_alarms: int = 0
    exact: int = 0
    estimated: int = 0
    clamped: int = 0
    badly_dated: int = 0
    kills: int = 0
    personal: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    flush_seconds: float = 0.0

    @property
    def ok(self) -> bool:
        zero = (self.lost, self.doubled, self.wrong, self.left, self.false_alarms, self.badly_dated)
        return (
            not any(zero)
            and not self.personal
            and self.acknowledged <= self.stored
            and (self.wipes, self.lost_by_wipes) == (self.wipes_reported, self.lost_by_wipes_reported)
            and self.revoked == self.revoked_reported
            and self.forged_refused > 0
            and self.reviews == self.answers > 0
            and self.said_at_stands == self.stored_at_stands
        )

    def told(self) -> dict[str, Any]:
        return asdict(self) | {"ok": self.ok}


def account(fleet: Fleet) -> Report:
    """What the devices know, held against what the server has."""
    connections.close_all()
    r, faults = fleet.report, Count()
    rows = [*fleet.rows, *fleet.other_rows]
    every = [*fleet.devices, *(device for _kind, device in fleet.others)]
    by_row = {row.pk: device for row, device in zip(rows, every, strict=True)}
    stored: dict[int, dict[str, DeviceEvent]] = {pk: {} for pk in by_row}
    for event in DeviceEvent.objects.filter(device__in=rows).iterator():
        r.doubled += event.event_id in stored[event.device_id]
        stored[event.device_id][event.event_id] = event
    reviewed = Count(
        Review.objects.filter(device__in=fleet.rows).values_list("device_id", "said_at", "level")
    )
    at_stands = {row.pk for row in fleet.other_rows if row.kind == "feedback"}
    verdicts = HallVerdict.objects.filter(device__in=at_stands)
    said = Count(verdicts.values_list("device_id", "said_at", "level"))
    r.stored_at_stands = sum(said.values())
    for pk, device in by_row.items():
        here = stored[pk]
        faults.update(device.line.done)
        r.events += len(device.noted)
        r.acknowledged += len(device.safe)
        r.stored += len(here)
        r.lost += sum(id_ not in here or here[id_].hash != hash_ for id_, hash_ in device.safe.items())
        r.left += len(device.queue) if not device.stopped else 0
        for id_, event in here.items():
            truth, noted = device.noted[id_]
            r.wrong += event.result != "accepted" or event.hash != noted["hash"]
            setattr(r, event.time_quality, getattr(r, event.time_quality) + 1)
            if event.time_quality != "clamped":
                r.badly_dated += abs(event.event_at.timestamp() * 1000 - truth) > DELAY
            if event.kind == "answered" and pk in at_stands:
                r.said_at_stands += 1
                r.wrong += not said[pk, event.event_at, noted["score"]]
            elif event.kind == "answered":
                r.answers += 1
                r.wrong += not reviewed[pk, event.event_at, noted["score"]]
    r.reviews = sum(reviewed.values())
    r.faults, r.kills = dict(faults), fleet.server.kills - 1
    _alarms(fleet, by_row)
    r.personal = _personal(fleet)
    return r


def _alarms(fleet: Fleet, by_row: dict[int, Tracked]) -> None:
    r = fleet.report
    for alarm in DeviceAlarm.objects.filter(device__in=list(by_row)):
        device = by_row[alarm.device_id]
        if alarm.kind == AlarmKind.WIPED and device.lost:
            r.wipes_reported += 1
            r.lost_by_wipes_reported += alarm.count
        elif alarm.kind == AlarmKind.GAP and device.stopped == "device_revoked":
            r.revoked_reported += 1
        elif (alarm.kind == AlarmKind.CLOCK and device.skew) or (
            alarm.kind == AlarmKind.SIGNATURE and device is fleet.thief
        ):
            continue
        else:
            r.false_alarms += 1
    # of what a wiped device held, the server may have got a part whose acknowledgement was lost: that is not missing
    for pk, device in by_row.items():
        if device.lost:
            chains = DeviceEvent.objects.filter(device_id=pk, chain__ended_at__isnull=False)
            r.lost_by_wipes += len(set(device.lost) - set(chains.values_list("seq", flat=True)))


def _personal(fleet: Fleet) -> list[str]:
    """What stands in an address or a log line and may not."""
    person = fleet.person
    needles = [person.name, person.id_number, person.mobile, fleet.words]
    every = [*fleet.devices, *(device for _kind, device in fleet.others)]
    needles += [secret for device in every if (secret := device.secret)]
    log = fleet.server.log.read_text(encoding="utf-8", errors="replace")
    said = log + "\n".join(fleet.addresses)
    return [needle for needle in needles if needle in said]


def lines(report: Report) -> Iterable[str]:
    """The report, to be read."""
    for name, value in report.told().items():
        if name == "faults":
            value = ", ".join(f"{n} {what}" for what, n in sorted(value.items()))
        yield f"  {name.replace('_', ' '):24} {value}"
