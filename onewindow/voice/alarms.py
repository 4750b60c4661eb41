"""设备告警: what is wrong with a device, told once to those who run its hall."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.notices import bilingual, over, say, tell
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.voice import rules
from onewindow.voice.device_models import AlarmKind, DeviceAlarm
from onewindow.voice.models import Device, DeviceKind, opened_at

say("device.alarm", _("%(window)s: the device needs a look: %(what)s"), icon="tablet")
say("device.offline", _("%(hall)s: devices do not answer"), icon="wifi-off")


def sound(device: Device, kind: AlarmKind, *, count: int = 1, note: str = "") -> None:
    """Raises an alarm, or adds to the one that is open. Only a new one is told to the hall's managers."""
    now = instant.now()
    is_open = DeviceAlarm.objects.open().filter(device=device, kind=kind)
    if is_open.update(count=F("count") + count, last_at=now):
        return
    try:
        with transaction.atomic():
            alarm = DeviceAlarm.objects.create(
                device=device, kind=kind, count=count, opened_at=now, last_at=now, note=note[:200]
            )
    except IntegrityError:  # raised by another process in the same moment
        is_open.update(count=F("count") + count, last_at=now)
        return
    _tell(alarm)


def quiet(device: Device, kind: AlarmKind) -> None:
    """Ends an alarm whose reason is gone."""
    now = instant.now()
    if DeviceAlarm.objects.open().filter(device=device, kind=kind).update(closed_at=now):
        for alarm in DeviceAlarm.objects.filter(device=device, kind=kind, closed_at=now):
            _no_more(alarm)


def dark(device: Device, is_dark: bool) -> None:
    """A display says that it shows nothing, or nothing current; nobody is alarmed while the hall is closed."""
    if is_dark and opened_at(device.hall, instant.now()) is not None:
        sound(device, AlarmKind.DARK)
    else:
        quiet(device, AlarmKind.DARK)


def looked_at(alarm: DeviceAlarm, *, by: Person) -> None:
    """Somebody has seen to it; it stays in the device's history. Raises PermissionDenied for who does not run the hall."""
    rules.must_run(by, alarm.device.hall)
    if DeviceAlarm.objects.open().filter(pk=alarm.pk).update(closed_at=instant.now(), closed_by=by.username):
        _no_more(alarm)


def _managers(hall_id: int) -> list[Person]:
    held = Person.objects.filter(
        is_active=True, posts__hall_id=hall_id, posts__role=Role.HALL_MANAGER
    ).distinct()
    return [person for person in held if hall_id in person.halls_as(Role.HALL_MANAGER)]


def _tell(alarm: DeviceAlarm) -> None:
    device, hall = alarm.device, alarm.device.hall
    if alarm.kind == AlarmKind.OFFLINE:  # a broken line silences a whole hall: one word an hour is enough
        key = f"{hall.code} {alarm.opened_at:%Y-%m-%d %H}"
        tell(_managers(hall.pk), "device.offline", key=key, url="/desk/devices/", hall=bilingual(hall))
        return
    what = {"name": _in("zh-hans", alarm), "name_en": _in("en", alarm)}
    tell(
        _managers(hall.pk), "device.alarm", key=str(alarm.pk), url=f"/desk/devices/{alarm.device.code}/",
        window=bilingual(device.counter) if device.counter else _named(device), what=what,
    )  # fmt: skip


def _no_more(alarm: DeviceAlarm) -> None:
    """Its reason is gone, or somebody has seen to it: the bell of the others need not ring any longer. That of a hall's silent
    devices rings until the last of them is heard again."""
    if alarm.kind != AlarmKind.OFFLINE:
        over("device.alarm", str(alarm.pk))
        return
    hall = alarm.device.hall
    still = DeviceAlarm.objects.open().filter(kind=AlarmKind.OFFLINE, device__hall=hall)
    if not still.exists():
        over("device.offline", f"{hall.code} ", begins=True)


def _named(device: Device) -> dict[str, str]:
    """A device of a hall, in both languages."""
    said = {}
    for name, language, hall in (
        ("name", "zh-hans", device.hall.name),
        ("name_en", "en", device.hall.name_en),
    ):
        with translation.override(language):
            said[name] = f"{hall} {DeviceKind(device.kind).label} {device.place}".strip()
    return said


def _in(language: str, alarm: DeviceAlarm) -> str:
    with translation.override(language):
        return str(AlarmKind(alarm.kind).label)
