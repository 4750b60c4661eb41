"""The devices of the halls: which kinds there are, in which states they stand, where they are, and how they are paired."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases.rules import Actor, By
from onewindow.org.calendar import ZONE
from onewindow.org.models import Counter, Hall, current_calendar
from onewindow.org.privacy import personal
from onewindow.org.roles import Role

#: Letters of a typed pairing code: no vowels, nothing that looks like something else (RFC 8628, 6.1).
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


def secret_digest(secret: str) -> str:
    """What is stored of a secret: its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()


#: A device that is silent for so long is late, and then offline.
LATE = dt.timedelta(minutes=3), dt.timedelta(minutes=10)


class DeviceKind(models.TextChoices):
    """设备种类 — what a device is for. An evaluator belongs to one window, the others to their hall."""

    EVALUATOR = "evaluator", _("Evaluator at a window")
    SIGNAGE = "signage", _("Display of the hall")
    KIOSK = "kiosk", _("Ticket machine")
    FEEDBACK = "feedback", _("Feedback stand")


class DeviceState(models.TextChoices):
    """设备状态 — written by ``evaluators.go`` alone, each change with who and when (:class:`DeviceStep`). Late and offline
    are no states: they follow from when a device was last heard of."""

    PENDING = "pending", pgettext_lazy("device", "Numbers not yet compared")
    AUTHORISED = "authorised", pgettext_lazy("device", "Confirmed, not yet heard of")
    ACTIVE = "active", _("In use")
    SUSPENDED = "suspended", pgettext_lazy("device", "Suspended")
    REVOKED = "revoked", pgettext_lazy("device", "Revoked")
    RETIRED = "retired", pgettext_lazy("device", "Retired")


#: Whoever is in these may be asked something; a device that is confirmed is in use from its first word on.
IN_USE = (DeviceState.AUTHORISED, DeviceState.ACTIVE)
#: Out of use for good.
ENDED = (DeviceState.REVOKED, DeviceState.RETIRED)


class DeviceQuerySet(models.QuerySet["Device"]):
    def seen_by(self, person: By) -> DeviceQuerySet:
        """A hall manager sees the devices of the hall, bureau and administrators all, nobody else any."""
        if isinstance(person, Actor) or not person.is_authenticated:
            return self.none()
        if not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.ADMIN):
            return self
        return self.filter(hall_id__in=person.halls_as(Role.HALL_MANAGER))

    def with_places(self) -> DeviceQuerySet:
        """With window, hall and last heartbeat, in one query."""
        return self.select_related("counter", "hall", "beat")

    def standing(self) -> DeviceQuerySet:
        """Those that stand in a hall: about to be used, in use or suspended."""
        return self.exclude(state__in=ENDED)

    def in_use(self) -> DeviceQuerySet:
        return self.filter(state__in=IN_USE)

    def at_window(self, counter_id: int | None) -> DeviceQuerySet:
        """The evaluator that is in use at a window: one, or none."""
        return self.in_use().filter(counter_id=counter_id, counter__isnull=False)


@personal(secret_digest="secret", next_digest="secret")  # noqa: S106 – a kind of data, not a password
class Device(models.Model):
    """终端设备 — an evaluator at one window, or a display, ticket machine or feedback stand of a hall. It proves itself by a
    secret of its own, and what it sends by a key that never leaves it, if its browser can keep one; a replacement is a new
    device."""

    code = models.CharField(max_length=12)
    kind = models.CharField(max_length=10, choices=DeviceKind, default=DeviceKind.EVALUATOR)
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+")
    counter = models.ForeignKey(Counter, models.PROTECT, null=True, blank=True, related_name="devices")
    place = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=DeviceState, default=DeviceState.ACTIVE)
    secret_digest = models.CharField(max_length=64)
    next_digest = models.CharField(max_length=64, blank=True)
    secret_at = models.DateTimeField(null=True, blank=True)
    roll_asked_at = models.DateTimeField(null=True, blank=True)
    retire_asked_at = models.DateTimeField(null=True, blank=True)
    retire_asked_by = models.CharField(max_length=150, blank=True)
    public_key = models.CharField(max_length=88, blank=True)
    model = models.CharField(max_length=60, blank=True)
    app_version = models.CharField(max_length=20, blank=True)
    paired_at = models.DateTimeField()
    paired_by = models.CharField(max_length=150)
    changed_at = models.DateTimeField(null=True, blank=True, db_index=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ["hall_id", "kind", "counter__code", "id"]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="device_code"),
            models.UniqueConstraint(fields=["secret_digest"], name="device_secret"),
            models.UniqueConstraint(
                fields=["next_digest"], condition=~Q(next_digest=""), name="device_next_secret"
            ),
            models.UniqueConstraint(
                fields=["counter"],
                condition=Q(state__in=["authorised", "active"]),
                name="device_one_a_counter",
            ),
            models.CheckConstraint(
                condition=Q(kind="evaluator", counter__isnull=False)
                | (~Q(kind="evaluator") & Q(counter__isnull=True)),
                name="device_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.counter or self.get_kind_display()}"

    @property
    def is_evaluator(self) -> bool:
        return self.kind == DeviceKind.EVALUATOR

    @property
    def takes_verdicts(self) -> bool:
        """Displays and ticket machines have nothing to say but how they are."""
        return self.kind in (DeviceKind.EVALUATOR, DeviceKind.FEEDBACK)

    @property
    def is_over(self) -> bool:
        return self.state in ENDED

    @property
    def hall_code(self) -> str:
        return self.hall.code

    @property
    def assurance(self) -> str:
        """``high`` if what it sends is signed by a key of its own, ``low`` if only a secret vouches for it."""
        return "high" if self.public_key else "low"

    def health(self, now: dt.datetime) -> str:
        """``online``, ``late`` (silent for 3 minutes of the hall's opening hours), ``offline`` (10 minutes, or never heard
        of); ``closed`` for a silent device of a hall that is not open: nobody is alarmed at night."""
        heard = self.beat.seen_at if hasattr(self, "beat") else None
        if heard is not None and now - heard < LATE[0]:
            return "online"
        opened = opened_at(self.hall, now)
        if opened is None:
            return "closed"
        silent = now - max(heard, opened) if heard is not None else LATE[1]
        return "offline" if silent >= LATE[1] else "late" if silent >= LATE[0] else "online"


def opened_at(hall: Hall, now: dt.datetime) -> dt.datetime | None:
    """When the hall opened today; None while it is closed, on a rest day, before opening or after closing."""
    here = now.astimezone(ZONE)
    if not hall.opens_at <= here.time() < hall.closes_at:
        return None
    if not current_calendar().works(here.date().toordinal()):
        return None
    return dt.datetime.combine(here.date(), hall.opens_at, ZONE)


class DeviceBeat(models.Model):
    """心跳 — when a device was last heard of; in a table of its own, because it changes every few seconds."""

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="beat")
    seen_at = models.DateTimeField()
    waiting = models.PositiveIntegerField(default=0)
    oldest_at = models.DateTimeField(null=True, blank=True)
    offset_ms = models.BigIntegerField(null=True, blank=True)
    battery = models.PositiveSmallIntegerField(null=True, blank=True)
    storage_mb = models.PositiveIntegerField(null=True, blank=True)
    touched_at = models.DateTimeField(null=True, blank=True)
    dark_since = models.DateTimeField(null=True, blank=True)
    chain_key = models.CharField(max_length=32, blank=True)
    head_seq = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["device_id"]

    def __str__(self) -> str:
        return f"{self.device_id} {self.seen_at}"


class DeviceAssignment(models.Model):
    """设备位置 — at which window, or where in which hall, a device stood from when to when: the history of the window stays."""

    device = models.ForeignKey(Device, models.PROTECT, related_name="assignments")
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+")
    counter = models.ForeignKey(Counter, models.PROTECT, null=True, blank=True, related_name="+")
    place = models.CharField(max_length=60, blank=True)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["device_id", "from_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(to_at__isnull=True), name="device_stands_at_one"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.counter_id or self.hall_id}"


class DeviceStep(models.Model):
    """设备状态变更 — one change of a device's state, with who and when. Append-only; ``by`` is ``device`` for what the device
    itself brought about (its first word) and ``system`` for what time did."""

    device = models.ForeignKey(Device, models.PROTECT, related_name="steps")
    before = models.CharField(max_length=10, choices=DeviceState, blank=True)
    after = models.CharField(max_length=10, choices=DeviceState)
    by = models.CharField(max_length=150)
    note = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["device_id", "id"]

    def __str__(self) -> str:
        return f"{self.device_id} {self.before} {self.after}"


@personal(poll_digest="secret")
class Pairing(models.Model):
    """配对 — a device shows a code; the hall manager types it in. Ten minutes, once."""

    EXPIRES: ClassVar[dt.timedelta] = dt.timedelta(seconds=600)

    user_code = models.CharField(max_length=8)
    poll_digest = models.CharField(max_length=64)
    check_number = models.CharField(max_length=4)
    kind = models.CharField(max_length=10, choices=DeviceKind, default=DeviceKind.EVALUATOR)
    public_key = models.CharField(max_length=88, blank=True)
    model = models.CharField(max_length=60, blank=True)
    app_version = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()
    device = models.ForeignKey(Device, models.CASCADE, null=True, blank=True, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["poll_digest"], name="pairing_poll"),
            models.UniqueConstraint(
                fields=["user_code"], condition=Q(device__isnull=True), name="pairing_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_code[:4]}-{self.user_code[4:]}"
