"""The mechanism's facts: the abstract Case, its stops, its events, messages and attachments."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.org.models import Office
from onewindow.org.privacy import personal
from onewindow.org.sealed import SealedField

if TYPE_CHECKING:
    from onewindow.cases.flow import Flow


class Light(models.TextChoices):
    """红绿灯 — how a clock stands: within the promise, near its end, past the promise, past the statute."""

    GREEN = "green", _("On time")
    AMBER = "amber", _("Due soon")
    YELLOW = "yellow", _("Past the promise")
    RED = "red", _("Past the statute")


class CaseQuerySet(models.QuerySet[Any]):
    def open(self) -> CaseQuerySet:
        """Not ended."""
        return self.filter(closed_at__isnull=True)

    def late(self) -> CaseQuerySet:
        """Open and past the promise or the statute."""
        return self.open().filter(light__in=[Light.YELLOW, Light.RED])

    def soonest_first(self) -> CaseQuerySet:
        """As they should be worked: the earliest promise first; what stands still comes last."""
        return self.order_by(models.F("due_at").asc(nulls_last=True), "id")


class Case(models.Model):
    """事项 — the family of everything with a step and a clock.

    ``version`` counts the events of the case: it is the ``seq`` of the last one, and ``head`` is that event's hash.
    The ``clock_*`` fields are facts. ``due_at``, ``legal_due_at``, ``wake_at``, ``light`` and ``is_provisional`` follow
    from them and are written only by ``clock.py``.
    """

    KIND: ClassVar[str]
    PREFIX: ClassVar[str]
    flow: ClassVar[Flow]

    number = models.CharField(_("number"), max_length=14)
    title = models.CharField(_("matter"), max_length=120)
    office = models.ForeignKey(
        Office, models.PROTECT, related_name="+", db_index=False, verbose_name=_("department")
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    status = models.CharField(_("status"), max_length=20)
    version = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    clock_from = models.DateTimeField(null=True, blank=True)
    clock_promised = models.CharField(max_length=10, blank=True)
    clock_legal = models.CharField(max_length=10, blank=True)
    clock_extension = models.CharField(max_length=10, blank=True)
    clock_stops = models.PositiveSmallIntegerField(default=0)
    clock_ended_at = models.DateTimeField(null=True, blank=True)

    due_at = models.DateTimeField(_("promised for"), null=True, blank=True)
    legal_due_at = models.DateTimeField(_("lawful limit"), null=True, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)
    light = models.CharField(max_length=6, choices=Light, blank=True)
    is_provisional = models.BooleanField(default=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_stopped(self) -> bool:
        """The clock was started, has not ended, and stands still (a limit that had passed before keeps its date)."""
        running = bool(self.clock_from and not self.clock_ended_at)
        return running and (self.due_at is None or bool(self.clock_legal and self.legal_due_at is None))


class Stop(models.Model):
    """中止 — a time in which the clock of a case stands still: why, from when to when, and the notice that said so."""

    number = models.CharField(max_length=14, db_index=True)
    reason = models.CharField(max_length=30)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    notice = models.CharField(max_length=400)

    class Meta:
        ordering = ["number", "began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["number"], condition=Q(ended_at__isnull=True), name="one_open_stop"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("began_at")),
                name="stop_in_order",
            ),
            # 行政许可法 45: the time needed is told to the applicant in writing; no stop without its notice.
            models.CheckConstraint(condition=~Q(notice="") & ~Q(reason=""), name="stop_is_told"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.reason}"


class EventQuerySet(models.QuerySet["Event"]):
    def of(self, number: str) -> EventQuerySet:
        """All events of one case, first to last."""
        return self.filter(number=number).order_by("seq")


class Event(models.Model):
    """事件 — one thing that happened. The row is audit line, timeline line and outbox line; the database refuses to change it.

    ``hash`` = SHA-256 over the canonical JSON of all other fields, ``prev`` (the hash of the event before) among them.
    ``data`` holds codes, limits and reasons, never identity numbers or mobiles.
    """

    number = models.CharField(max_length=14)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    office = models.CharField(max_length=20, blank=True)
    data = models.JSONField(default=dict)
    prev = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["number", "seq"]
        constraints = [models.UniqueConstraint(fields=["number", "seq"], name="event_seq_gapless_side")]
        indexes = [
            models.Index(fields=["kind", "at"], name="event_kind_at"),
            models.Index(fields=["at"], name="event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.number}/{self.seq} {self.kind}"

    @property
    def verb(self) -> str:
        return self.kind.partition(".")[2]


class Followup(models.Model):
    """后续 — what has become of an event: its reactions done or to be tried again. Beside the event, never in it."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, db_constraint=False)
    done_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["event_id"]
        indexes = [
            models.Index(
                fields=["next_at", "event"], condition=Q(done_at__isnull=True), name="followup_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {'done' if self.done_at else 'waiting'}"


@personal(address="mobile", body="text")
class Message(models.Model):
    """通知 — a text to an applicant: written by a reaction, sent by the worker through a channel. ``receipt`` is the
    channel's own number for it, ``delivered_at`` the gateway's later word that it has arrived."""

    number = models.CharField(max_length=14, db_index=True)
    template = models.CharField(max_length=60)
    event_seq = models.PositiveIntegerField()
    channel = models.CharField(max_length=20)
    address = SealedField()
    lang = models.CharField(max_length=10)
    body = SealedField()
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    receipt = models.CharField(max_length=80, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["number", "event_seq", "template", "channel"], name="message_once"
            )
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(sent_at__isnull=True), name="message_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.template}"


def attachment_key() -> str:
    return secrets.token_urlsafe(18)


@personal(name="text")
class Attachment(models.Model):
    """附件 — a file that belongs to a case. Stored outside the web root under a random name; sent only through a view."""

    key = models.CharField(max_length=32, default=attachment_key)
    number = models.CharField(max_length=14, db_index=True)
    purpose = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["number", "id"]
        constraints = [models.UniqueConstraint(fields=["key"], name="attachment_key")]

    def __str__(self) -> str:
        return f"{self.number} {self.purpose}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def seen_by(self, person: Any) -> NoticeQuerySet:
        """One's own; nobody reads what another was told."""
        return self.filter(person_id=person.pk)

    def unread(self) -> NoticeQuerySet:
        """Not yet opened or put aside."""
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """提醒 — something that one member of staff is told inside the product; written by a reaction (``notices.tell``).

    ``kind`` chooses the words, ``data`` fills them: codes and names of offices and matters, never personal data.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", db_index=False
    )
    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    number = models.CharField(max_length=14, blank=True)
    url = models.CharField(max_length=200, blank=True)
    data: models.JSONField[Any, Any] = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="notice_once")]
        indexes = [
            models.Index(fields=["person", "-id"], name="notice_person"),
            models.Index(fields=["person"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind} {self.number}"
