"""设备值守: the round that sees which device has become silent, and which was never confirmed."""

from __future__ import annotations

import datetime as dt

from onewindow.cases import instant
from onewindow.cases.rounds import every_turn
from onewindow.org.kept import Note
from onewindow.voice import alarms, placing
from onewindow.voice.device_models import AlarmKind, DeviceAlarm
from onewindow.voice.models import Device, DeviceState

#: Time between two looks at who is offline.
EVERY = dt.timedelta(seconds=60)
_looked: Note[dt.datetime] = Note()


@every_turn
def look_who_is_silent(limit: int) -> int:
    """Once a minute: who became silent in opening hours is an alarm, whoever is heard again no longer one."""
    now, before = instant.now(), _looked.value
    if before is not None and dt.timedelta() <= now - before < EVERY:
        return 0
    _looked.value = now
    return look(now, limit)


def look(now: dt.datetime, limit: int = 200) -> int:
    """Gives how many alarms were raised or ended. A device that was never switched on raises none."""
    placing.give_up(now)
    silent = DeviceAlarm.objects.open().filter(kind=AlarmKind.OFFLINE).values_list("device_id", flat=True)
    alarmed, done = set(silent), 0
    for device in Device.objects.filter(state=DeviceState.ACTIVE, beat__isnull=False).with_places():
        health = device.health(now)
        if health == "offline" and device.pk not in alarmed:
            alarms.sound(device, AlarmKind.OFFLINE)
        elif health in ("online", "late") and device.pk in alarmed:
            alarms.quiet(device, AlarmKind.OFFLINE)
        else:
            continue
        done += 1
        if done >= limit:
            break
    return done
