"""The mechanism's facts: the abstract Case, its stops, its events, messages and attachments."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.org.models import Hall, Office
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.org.sealed import SealedField

if TYPE_CHECKING:
    from onewindow.cases.flow import Flow
    from onewindow.org.models import Person


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
    #: who does the responsible office's work on it
    HANDLERS: ClassVar[tuple[str, ...]] = (Role.APPROVER, Role.HEAD)
    #: what the worker reads with it when its clock is looked at
    WOKEN_WITH: ClassVar[tuple[str, ...]] = ("office",)
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
    def ladder(self) -> str:
        """Whose rungs it climbs when it is late (rungs.py); a part after a dot falls back to what stands before it."""
        return self.KIND

    def handled_by(self, person: Person) -> bool:
        """Whether this person does the responsible office's work today."""
        return self.office_id in person.offices_as(*self.HANDLERS)

    def may_be_told(self, person: Person) -> bool:
        """Whether cards and alarms about it may reach this person; a kind that keeps somebody out says so here."""
        return True

    @property
    def is_stopped(self) -> bool:
        """The clock was started, has not ended, and stands still (a limit that had passed before keeps its date)."""
        running = bool(self.clock_from and not self.clock_ended_at)
        return running and (self.due_at is None or bool(self.clock_legal and self.legal_due_at is None))


class Stop(models.Model):
    """中止 — a time in which the clock of a case stands still: why, from when to when, and the notice that said so.

    ``expected_until`` is what the applicant was told; ``overrun_at`` the instant at which the alarm rang because it had
    passed and nobody had let the clock run on.
    """

    number = models.CharField(max_length=14, db_index=True)
    reason = models.CharField(max_length=30)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    notice = models.CharField(max_length=400)
    basis = models.CharField(max_length=200, blank=True)
    expected_until = models.DateTimeField(null=True, blank=True)
    overrun_at = models.DateTimeField(null=True, blank=True)

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
    channel's own number for it, ``delivered_at`` the gateway's later word that it has arrived, ``gave_up_at`` the moment at
    which no more was tried, or the gateway said that it can't arrive: then a human being has to call."""

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
    gave_up_at = models.DateTimeField(null=True, blank=True)
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
            models.Index(
                fields=["next_at"],
                condition=Q(sent_at__isnull=True, gave_up_at__isnull=True),
                name="message_to_send",
            ),
            models.Index(fields=["receipt"], condition=~Q(receipt=""), name="message_receipt"),
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
    ``is_over``: what it asked for is done, by whomever; it was taken out of the bell and nobody has to open it any more.
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
    is_over = models.BooleanField(default=False, db_default=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="notice_once")]
        indexes = [
            models.Index(fields=["person", "-id"], name="notice_person"),
            models.Index(fields=["person"], condition=Q(read_at__isnull=True), name="notice_unread"),
            # an unread one is found again by its case, or by its key if it has none: for taking it out of the bell
            models.Index(
                fields=["number"], condition=Q(read_at__isnull=True) & ~Q(number=""), name="notice_of_case"
            ),
            models.Index(fields=["key"], condition=Q(read_at__isnull=True, number=""), name="notice_of_key"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind} {self.number}"


class CardCode(models.TextChoices):
    """黄牌、红牌与督办阶梯 — what a late case brings about, one after the other."""

    YELLOW = "yellow", _("Yellow card")
    SUPERVISE = "supervise", _("Supervision")
    NOTICE = "notice", _("Notice of criticism")
    TRANSFER = "transfer", _("Transfer to the leadership")
    RED = "red", _("Red card")


class Measure(models.TextChoices):
    PROMISE = "promise", _("promised limit")
    STATUTE = "statute", _("lawful limit")


class Rung(models.Model):
    """督办阶梯 — one rung: how long after which limit, to which roles, and what they have to do.

    The rows of a kind of case (``kind`` empty: of every kind) take the place of the defaults in ``rungs.py``.
    """

    kind = models.CharField(max_length=20, blank=True)
    code = models.CharField(max_length=12, choices=CardCode)
    measure = models.CharField(max_length=10, choices=Measure)
    after = models.CharField(max_length=10, default="0wd")
    roles: models.JSONField[Any, Any] = models.JSONField(default=list)
    todo = models.CharField(max_length=200)
    todo_en = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["kind", "measure", "id"]
        constraints = [models.UniqueConstraint(fields=["kind", "code"], name="rung_once")]

    def __str__(self) -> str:
        return f"{self.kind or '*'} {self.measure}+{self.after} {self.code}"


#: letter of a kind whose cases are kept from some people whatever their posts → what a person may see of it; its cards follow
KEPT_FROM_SOME: dict[str, Callable[[Any], models.QuerySet[Any]]] = {}


class CardQuerySet(models.QuerySet["Card"]):
    def seen_by(self, person: Any) -> CardQuerySet:
        """Bureau and leaders all; departments and halls their own; nobody else any. The cards of a case that is kept from
        somebody are kept from that person too."""
        if not person.is_authenticated or not person.is_active:
            return self.none()
        cards = self
        if not person.has_role(Role.BUREAU, Role.LEADER):
            offices = person.offices_as(Role.APPROVER, Role.HEAD)
            halls = person.halls_as(Role.CLERK, Role.HALL_MANAGER)
            if not offices and not halls:
                return self.none()
            cards = self.filter(Q(office_id__in=offices) | Q(hall_id__in=halls))
        for prefix, seen in KEPT_FROM_SOME.items():
            visible = Exists(seen(person).order_by().filter(number=OuterRef("number")))
            cards = cards.filter(~Q(number__startswith=prefix) | visible)
        return cards

    def of(self, number: str) -> CardQuerySet:
        """All cards of one case, first to last."""
        return self.filter(number=number).order_by("id")


class Card(models.Model):
    """黄牌、红牌、督办 — issued once a rung of a clock that ran late: rule, minute, unit, person, what to do.

    The row is never changed (a trigger refuses it); what follows – seen, answered, revoked – are its replies.
    """

    number = models.CharField(max_length=14)
    code = models.CharField(max_length=12, choices=CardCode)
    measure = models.CharField(max_length=10, choices=Measure)
    after = models.CharField(max_length=10)
    limit_at = models.DateTimeField()
    clock_from = models.DateTimeField()
    extension = models.CharField(max_length=10, blank=True)
    issued_at = models.DateTimeField()
    event_seq = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    office = models.ForeignKey(Office, models.PROTECT, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    told: models.JSONField[Any, Any] = models.JSONField(default=list)
    untold: models.JSONField[Any, Any] = models.JSONField(default=list)
    todo = models.CharField(max_length=200)
    todo_en = models.CharField(max_length=300, blank=True)

    objects = CardQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["number", "clock_from", "extension", "code"], name="card_once")
        ]
        indexes = [
            models.Index(fields=["office", "-id"], name="card_office"),
            models.Index(fields=["hall", "-id"], condition=Q(hall__isnull=False), name="card_hall"),
            models.Index(fields=["issued_at"], name="card_issued"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.code}"

    @property
    def unit(self) -> Any:
        """Who is responsible: the hall for what waits at the window, else the department."""
        return self.hall or self.office


class ReplyKind(models.TextChoices):
    SEEN = "seen", _("Seen")
    ANSWERED = "answered", pgettext_lazy("card", "Answered")
    REVOKED = "revoked", pgettext_lazy("card", "Revoked")


@personal(text="text")
class CardReply(models.Model):
    """答复 — what became of a card: the unit saw it, gave its reason (722号令 36: published), or the bureau revoked it."""

    card = models.ForeignKey(Card, models.PROTECT, related_name="replies", db_index=False)
    kind = models.CharField(max_length=10, choices=ReplyKind)
    text = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        ordering = ["card_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["card", "kind"], name="card_reply_once"),
            models.CheckConstraint(condition=Q(kind="seen") | ~Q(text=""), name="card_reply_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.kind}"


@personal(text="text")
class Phrase(models.Model):
    """常用语 — a sentence that is written often: one's own, or (without ``person``) of a whole office; for one step or all."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="phrases"
    )
    office = models.ForeignKey(Office, models.CASCADE, null=True, blank=True, related_name="phrases")
    verb = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, office__isnull=True)
                | Q(person__isnull=True, office__isnull=False),
                name="phrase_of_one",
            )
        ]

    def __str__(self) -> str:
        return self.text


class Batch(models.Model):
    """批量办理 — one step tried on many cases: what was done, and what was not possible and why, case by case."""

    key = models.CharField(max_length=32)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="batches")
    verb = models.CharField(max_length=40)
    at = models.DateTimeField()
    lines: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="batch_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.verb} {self.at:%Y-%m-%d %H:%M}"


class Handover(models.Model):
    """工作移交、交接班 — a list that one person hands to another; it takes effect when both have signed."""

    KINDS = (("work", _("Handing over open work")), ("shift", _("Handing over a shift")))

    kind = models.CharField(max_length=10, choices=KINDS)
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    note = models.CharField(max_length=400, blank=True)
    lines: models.JSONField[Any, Any] = models.JSONField(default=list)
    given_at = models.DateTimeField(null=True, blank=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(giver=models.F("taker")), name="handover_of_two"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(given_at__isnull=False, taken_at__isnull=False),
                name="handover_signed_by_both",
            ),
            models.CheckConstraint(
                condition=Q(given_at__isnull=True, given_by__isnull=True)
                | Q(given_at__isnull=False, given_by__isnull=False),
                name="handover_given_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.taker} {self.made_at:%Y-%m-%d}"
