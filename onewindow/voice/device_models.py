"""What is kept of the devices' own records: chains, events, clocks, alarms, and the printed tokens that pair them."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onewindow.cases.rules import Actor, By
from onewindow.org.models import Counter, Hall
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.voice.machines import DeviceKind


class TimeQuality(models.TextChoices):
    """时间质量 — how well we know when something happened on a device whose clock may be wrong."""

    EXACT = "exact", _("Exact")
    ESTIMATED = "estimated", _("Estimated")
    CLAMPED = "clamped", _("Brought within what is possible")


class DeviceChain(models.Model):
    """设备记录链 — one unbroken row of a device's events; a device whose storage was wiped begins another."""

    device = models.ForeignKey("voice.Device", models.PROTECT, related_name="chains", db_index=False)
    key = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    acked_seq = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    missing = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["device_id", "started_at"]
        constraints = [models.UniqueConstraint(fields=["device", "key"], name="device_chain_key")]

    def __str__(self) -> str:
        return f"{self.device_id} {self.key}"


class DeviceBoot(models.Model):
    """开机 — one run of a device: until when we heard from it by its own monotonic clock, and when that clock stood at zero by
    ours (``zero_ms``, since 1970). What comes late makes the zero seem later than it was, so the earliest one counts."""

    device = models.ForeignKey("voice.Device", models.CASCADE, related_name="boots", db_index=False)
    key = models.CharField(max_length=32)
    synced_at = models.DateTimeField()
    mono_ms = models.PositiveBigIntegerField()
    zero_ms = models.BigIntegerField(default=0)
    offset_ms = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["device_id", "synced_at"]
        constraints = [models.UniqueConstraint(fields=["device", "key"], name="device_boot_key")]

    def __str__(self) -> str:
        return f"{self.device_id} {self.key}"


class DeviceEvent(models.Model):
    """设备事件 — one event as a device wrote it, with its place in the chain and what became of it. Append-only.

    ``body`` is what was hashed: a person's own words stand in it only as a digest (the review has them)."""

    device = models.ForeignKey("voice.Device", models.PROTECT, related_name="+", db_index=False)
    chain = models.ForeignKey(DeviceChain, models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    event_id = models.CharField(max_length=32)
    kind = models.CharField(max_length=20)
    body = models.JSONField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    result = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True)
    event_at = models.DateTimeField()
    time_quality = models.CharField(max_length=10, choices=TimeQuality)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["chain_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "seq"], name="device_event_seq"),
            models.UniqueConstraint(fields=["device", "event_id"], name="device_event_id"),
        ]
        indexes = [models.Index(fields=["received_at"], name="device_event_received")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class AlarmKind(models.TextChoices):
    OFFLINE = "offline", _("Offline in opening hours")
    CLOCK = "clock", _("Its clock is more than two minutes wrong")
    GAP = "gap", _("Events are missing")
    WIPED = "wiped", _("Its storage was wiped")
    FORK = "fork", _("Its record has two continuations")
    CONFLICT = "conflict", _("One event came with two contents")
    SIGNATURE = "signature", _("A batch was not signed by its key")
    FULL = "full", _("So many answers wait on it that its service is limited")
    DARK = "dark", _("Its screen shows nothing, or nothing current")


#: Alarms that end by themselves when the reason is gone; the others wait for somebody to look.
PASSING = (AlarmKind.OFFLINE, AlarmKind.CLOCK, AlarmKind.FULL, AlarmKind.DARK)


class DeviceAlarmQuerySet(models.QuerySet["DeviceAlarm"]):
    def seen_by(self, person: By) -> DeviceAlarmQuerySet:
        """Whoever sees the device sees its alarms."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.ADMIN):
            return self
        return self.filter(device__hall_id__in=person.halls_as(Role.HALL_MANAGER))

    def open(self) -> DeviceAlarmQuerySet:
        return self.filter(closed_at__isnull=True)


class DeviceAlarm(models.Model):
    """设备告警 — something is wrong with a device; ``count``: how many events are missing, or how often it happened."""

    device = models.ForeignKey("voice.Device", models.CASCADE, related_name="alarms")
    kind = models.CharField(max_length=10, choices=AlarmKind)
    count = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=200, blank=True)

    objects = DeviceAlarmQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["device", "kind"], condition=Q(closed_at__isnull=True), name="device_alarm_once"
            )
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=Q(closed_at__isnull=True), name="device_alarm_open")
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.kind}"


@personal(digest="secret")
class EnrolToken(models.Model):
    """配对凭条 — a printed code for one window, or for a display, ticket machine or stand of a hall: whichever device shows it
    first belongs there. Once, fourteen days."""

    EXPIRES: ClassVar[dt.timedelta] = dt.timedelta(days=14)

    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=10, choices=DeviceKind, default=DeviceKind.EVALUATOR)
    hall = models.ForeignKey(Hall, models.CASCADE, related_name="+")
    counter = models.ForeignKey(Counter, models.CASCADE, null=True, blank=True, related_name="+")
    place = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    device = models.ForeignKey("voice.Device", models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-created_at", "counter_id"]
        constraints = [models.UniqueConstraint(fields=["digest"], name="enrol_digest")]

    def __str__(self) -> str:
        return f"{self.counter_id or self.hall_id} {self.created_at}"


class WindowVerdictQuerySet(models.QuerySet["WindowVerdict"]):
    def seen_by(self, person: By) -> WindowVerdictQuerySet:
        """Bureau and leaders see all, a hall manager those of the hall, nobody else any."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        return self.filter(hall_id__in=person.halls_as(Role.HALL_MANAGER))


@personal(text="text")
class WindowVerdict(models.Model):
    """窗口评价 — what somebody said on a device that had no question (the line was broken): it counts for the window, never
    for a person. Append-only.

    ``ticket`` is what the person typed, ``visit_ticket`` the key of the ticket that was at the window when it was said."""

    device = models.ForeignKey("voice.Device", models.PROTECT, related_name="+", db_index=False)
    counter = models.ForeignKey(Counter, models.PROTECT, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+", db_index=False)
    event_id = models.CharField(max_length=40)
    ticket = models.CharField(max_length=20, blank=True)
    visit_ticket = models.CharField(max_length=32, blank=True)
    level = models.PositiveSmallIntegerField()
    codes = models.JSONField(default=list)
    text = models.CharField(max_length=500, blank=True)
    said_at = models.DateTimeField()
    at = models.DateTimeField()

    objects = WindowVerdictQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["event_id"], name="window_verdict_event"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="window_verdict_level"),
        ]
        indexes = [models.Index(fields=["counter", "said_at"], name="window_verdict_counter")]

    def __str__(self) -> str:
        return f"{self.counter_id} {self.level}"


class HallVerdictQuerySet(models.QuerySet["HallVerdict"]):
    def seen_by(self, person: By) -> HallVerdictQuerySet:
        """Bureau and leaders see all, a hall manager those of the hall, nobody else any."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        return self.filter(hall_id__in=person.halls_as(Role.HALL_MANAGER))

    def counted(self) -> HallVerdictQuerySet:
        """Without what one stand took faster than people can come and go."""
        return self.filter(is_surplus=False)


@personal(text="text")
class HallVerdict(models.Model):
    """大厅评价 — what somebody said at an unattended stand, about the hall and nobody in it (渠道：大厅终端). Append-only.

    ``is_surplus``: beyond what one stand takes in a minute or an hour; kept and shown apart, never counted."""

    device = models.ForeignKey("voice.Device", models.PROTECT, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+", db_index=False)
    place = models.CharField(max_length=60, blank=True)
    event_id = models.CharField(max_length=40)
    level = models.PositiveSmallIntegerField()
    codes = models.JSONField(default=list)
    text = models.CharField(max_length=500, blank=True)
    is_surplus = models.BooleanField(default=False)
    shown_order = models.CharField(max_length=10, blank=True)
    said_at = models.DateTimeField()
    at = models.DateTimeField()

    objects = HallVerdictQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["event_id"], name="hall_verdict_event"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="hall_verdict_level"),
        ]
        indexes = [
            models.Index(fields=["hall", "said_at"], name="hall_verdict_hall"),
            models.Index(fields=["device", "said_at"], name="hall_verdict_device"),
            models.Index(fields=["at"], name="hall_verdict_at"),
        ]

    def __str__(self) -> str:
        return f"{self.hall_id} {self.level}"


class DayRoot(models.Model):
    """日封存 — the Merkle root over all reviews, device events and verdicts on tickets and halls that came in on one day, and the
    hash that chains it to the day before. Append-only: what a day held is settled the night after, and printed where everybody
    can see it. ``scheme`` 1 is that of days sealed before verdicts on tickets and halls were in them."""

    day = models.DateField()
    scheme = models.PositiveSmallIntegerField(default=1, db_default=1)
    reviews = models.PositiveIntegerField()
    events = models.PositiveIntegerField()
    visits = models.PositiveIntegerField(default=0, db_default=0)
    stands = models.PositiveIntegerField(default=0, db_default=0)
    root = models.CharField(max_length=64)
    link = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["day"], name="day_root_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.root[:12]}"
