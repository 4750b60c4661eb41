"""What people say of our service: the evaluators at the windows, the question that they ask, and the verdict itself."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases.rules import Actor, By
from onewindow.org.models import Counter, Hall, Office
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.voice import records  # noqa: F401 – the rest of this app's models
from onewindow.voice.levels import Level
from onewindow.voice.machines import (  # noqa: F401 – known under this name everywhere
    ENDED,
    IN_USE,
    LATE,
    LETTERS,
    Device,
    DeviceAssignment,
    DeviceBeat,
    DeviceKind,
    DeviceState,
    DeviceStep,
    Pairing,
    opened_at,
    secret_digest,
)

#: The second generation of the national list (codes 108–517) is in force; the first one (101–509) is retired.
LIST = 2


class Touchpoint(models.TextChoices):
    """评价环节 — a case may be reviewed at acceptance and at its end (一次一评)."""

    ACCEPTED = "accepted", _("At acceptance")
    DELIVERED = "delivered", _("At the end")


class ReviewChannel(models.IntegerChoices):
    """评价渠道 — codes of the upward report."""

    PC = 1, _("Website")
    MOBILE = 2, _("Phone")
    QR = 3, _("QR code")
    TABLET = 4, _("Evaluator at the window")
    TERMINAL = 5, _("Other terminal in the hall")
    HOTLINE = 6, _("Hotline")
    SMS = 7, _("Text message")


class IndicatorQuerySet(models.QuerySet["Indicator"]):
    def published(self) -> IndicatorQuerySet:
        """The list in force, best level first, core indicators before the others."""
        return self.filter(version=LIST).order_by("-level", "-is_core", "code")


class Indicator(models.Model):
    """评价指标 — one coded reason of one level; the list is national and versioned, nobody adds to it."""

    version = models.PositiveSmallIntegerField(default=LIST)
    level = models.PositiveSmallIntegerField(choices=Level)
    code = models.CharField(max_length=3)
    is_core = models.BooleanField(default=False)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=120)
    fact = models.CharField(max_length=20, blank=True)

    objects = IndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["-level", "-is_core", "code"]
        constraints = [models.UniqueConstraint(fields=["version", "code"], name="indicator_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class PromptState(models.TextChoices):
    CREATED = "created", _("Waiting for the device")
    DELIVERED = "delivered", _("Sent to the device")
    SHOWN = "shown", _("Shown")
    TOUCHED = "touched", _("Touched")
    ANSWERED = "answered", pgettext_lazy("prompt", "Answered")
    DECLINED = "declined", _("Skipped")
    EXPIRED = "expired", _("Not answered")
    SUPERSEDED = "superseded", _("Followed by another")
    CANCELLED = "cancelled", _("Cancelled")


#: States in which a prompt may still be shown and answered.
OPEN = (PromptState.CREATED, PromptState.DELIVERED, PromptState.SHOWN, PromptState.TOUCHED)


def prompt_key() -> str:
    return secrets.token_hex(16)


class PromptQuerySet(models.QuerySet["Prompt"]):
    def abandoned(self) -> PromptQuerySet:
        """Somebody touched the faces and no verdict came of it: counted by window, without what was touched."""
        return self.filter(touched_at__isnull=False).exclude(state__in=[*OPEN, PromptState.ANSWERED])


class Prompt(models.Model):
    """邀请评价 — the question that a device puts about one touchpoint of a case (``number``), or about a ticket that ended
    without one (``ticket``, its key). Its own key is random: nothing personal in it."""

    key = models.CharField(max_length=32, default=prompt_key)
    number = models.CharField(max_length=14, blank=True, db_index=True)
    ticket = models.CharField(max_length=32, blank=True)
    touchpoint = models.CharField(max_length=10, choices=Touchpoint)
    device = models.ForeignKey(Device, models.CASCADE, related_name="prompts")
    counter = models.ForeignKey(Counter, models.PROTECT, related_name="+")
    clerk = models.CharField(max_length=150, blank=True)
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=PromptState, default=PromptState.CREATED)
    attempt = models.PositiveSmallIntegerField(default=1)
    asked_by = models.CharField(max_length=150, blank=True)
    order = models.CharField(max_length=10, default="high_first")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    shown_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(null=True, blank=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="prompt_key"),
            models.UniqueConstraint(
                fields=["number", "ticket", "touchpoint", "device", "attempt"], name="prompt_once_an_attempt"
            ),
            models.CheckConstraint(
                condition=Q(number="", ticket__gt="") | Q(number__gt="", ticket=""),
                name="prompt_of_one_thing",
            ),
            models.CheckConstraint(condition=Q(attempt__in=[1, 2]), name="prompt_asked_twice_at_most"),
        ]
        indexes = [
            models.Index(
                fields=["device", "-created_at"],
                condition=Q(state__in=["created", "delivered", "shown", "touched"]),
                name="prompt_open",
            ),
            models.Index(fields=["ticket"], condition=~Q(ticket=""), name="prompt_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.touchpoint}"


class ReviewQuerySet(models.QuerySet["Review"]):
    def seen_by(self, person: By) -> ReviewQuerySet:
        """Bureau and leaders see all, a hall manager those of the hall, a head those of the department; the reviewed
        clerk none. Who said it is a further question: ``rules.knows_reviewers``."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        mine = Q(hall_id__in=person.halls_as(Role.HALL_MANAGER)) | Q(
            office_id__in=person.offices_as(Role.HEAD)
        )
        return self.filter(mine)

    def active(self) -> ReviewQuerySet:
        """Given by a person. Default reviews, where a county has them, never count here."""
        return self.filter(is_default=False)

    def by_hall_or_office(self) -> ReviewQuerySet:
        """With the names that a line of the list needs, in one query."""
        return self.select_related("hall", "office", "counter", "replaces", "exclusion")

    def standing(self) -> ReviewQuerySet:
        """As people left them: what was changed within the day gives way to its change."""
        return self.active().filter(replaced_by__isnull=True)

    def counted(self) -> ReviewQuerySet:
        """What figures count: one verdict a touchpoint, given by a person, as it stands. Second reviews (追评) and those left
        out after an appeal are told apart, never in here."""
        return self.standing().filter(nth=1, exclusion__isnull=True)

    def bad(self) -> ReviewQuerySet:
        """One or two stars; three is not bad."""
        return self.counted().filter(level__lte=Level.BAD)


@personal(text="text", origin="secret", assisted_why="text")
class Review(models.Model):
    """评价 — one verdict on one touchpoint of one case. Never updated, never deleted: the database refuses it.

    A change within 24 hours is a further row that ``replaces`` the first; a second review (追评) has ``nth`` 2. ``asked_at``,
    ``was_touched`` and ``shown_order`` (of the faces) say how an answer on a device came about; ``origin`` tells whether two
    reviews of one day came from the same browser, and nothing else.
    """

    number = models.CharField(max_length=14)
    touchpoint = models.CharField(max_length=10, choices=Touchpoint)
    level = models.PositiveSmallIntegerField(choices=Level)
    codes = models.JSONField(default=list)
    text = models.CharField(max_length=500, blank=True)
    channel = models.PositiveSmallIntegerField(choices=ReviewChannel)
    is_default = models.BooleanField(default=False)
    event_id = models.CharField(max_length=40)
    body_digest = models.CharField(max_length=64)
    device = models.ForeignKey(Device, models.PROTECT, null=True, blank=True, related_name="+")
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    office = models.ForeignKey(Office, models.PROTECT, related_name="+", db_index=False)
    item_code = models.CharField(max_length=64)
    clerk = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()
    said_at = models.DateTimeField()
    nth = models.PositiveSmallIntegerField(default=1)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    assisted_by = models.CharField(max_length=150, blank=True)
    assisted_why = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    was_touched = models.BooleanField(null=True, blank=True)
    shown_order = models.CharField(max_length=10, blank=True)
    origin = models.CharField(max_length=32, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["number", "touchpoint", "nth"], condition=Q(replaces__isnull=True), name="review_once"
            ),
            models.CheckConstraint(condition=Q(nth__in=[1, 2]), name="review_nth"),
            models.CheckConstraint(
                condition=Q(assisted_by="") | ~Q(assisted_why=""), name="review_assisted_why"
            ),
            models.UniqueConstraint(fields=["event_id"], name="review_event"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="review_level"),
        ]
        indexes = [
            models.Index(fields=["at"], name="review_at"),
            models.Index(fields=["level", "-at"], condition=Q(level__lte=2), name="review_bad"),
            models.Index(fields=["office", "at"], name="review_office"),
            models.Index(fields=["hall", "at"], name="review_hall"),
            models.Index(fields=["-at"], condition=~Q(text=""), name="review_worded"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.touchpoint} {self.level}"

    @property
    def is_assisted(self) -> bool:
        """Entered by somebody of ours for the person: never in the scores of staff."""
        return bool(self.assisted_by)


@personal(text="text")
class Conflict(models.Model):
    """冲突 — a device sent the same event twice with different bodies: the second is kept apart and looked into."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    event_id = models.CharField(max_length=40)
    body_digest = models.CharField(max_length=64)
    body = models.JSONField(default=dict)
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.event_id


import onewindow.voice.device_models  # noqa: E402 – they point to Device by its name
import onewindow.voice.invitation_models  # noqa: E402
import onewindow.voice.legacy_models  # noqa: E402
import onewindow.voice.province_models  # noqa: E402
import onewindow.voice.visit_models  # noqa: E402, F401
