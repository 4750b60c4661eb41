"""Who is asked by message how it was, when, and what came of it."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases.rules import Actor, By
from onewindow.org.models import Hall
from onewindow.org.privacy import personal
from onewindow.org.roles import Role


class Place(models.TextChoices):
    """办理方式 — where the person was when the touchpoint was reached: before a device at a window, or nowhere near one."""

    COUNTER = "counter", _("At a window")
    ONLINE = "online", pgettext_lazy("place", "Online")
    POST = "post", _("By post")


class InvitationState(models.TextChoices):
    WAITING = "waiting", _("Not yet asked by message")
    SENT = "sent", _("Asked by message")
    ANSWERED = "answered", _("Answered after a message")
    SPARED = "spared", _("Rated or skipped before a message was due")
    SILENT = "silent", _("Asked, nothing said")
    NO_WAY = "no_way", _("No mobile number")
    STOPPED = "stopped", _("Does not want to be asked")
    CROWDED = "crowded", _("Not asked: asked about other matters in those days")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def seen_by(self, person: By) -> Self:
        """Bureau and leaders see all, a hall manager those of the hall, nobody else any. It tells nobody's name."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        return self.filter(hall_id__in=person.halls_as(Role.HALL_MANAGER))


@personal(who="secret")
class Invitation(models.Model):
    """远程邀评 — one touchpoint of one case, from when it was reached until something was said about it or its days are over.

    ``who`` is the keyed digest of the mobile number, for the limits on how often a person is asked; it is emptied with the
    last day. ``due_at``: when the worker looks at it next, nothing once it is over."""

    number = models.CharField(max_length=14)
    touchpoint = models.CharField(max_length=10)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    place = models.CharField(max_length=10, choices=Place)
    who = models.CharField(max_length=32, blank=True)
    reached_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=InvitationState, default=InvitationState.WAITING)
    asked = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-reached_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["number", "touchpoint"], name="invitation_once"),
            models.CheckConstraint(condition=Q(asked__in=[0, 1, 2]), name="invitation_twice_at_most"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="invitation_due"),
            models.Index(fields=["hall", "reached_at"], name="invitation_hall"),
            models.Index(fields=["reached_at"], name="invitation_reached"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.touchpoint}"


@personal(who="secret")
class InvitationText(models.Model):
    """邀评短信 — one message of an invitation. The database refuses a second one to the same person on the same day, and a
    third one about the same thing, whatever breaks off in between."""

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="texts", db_index=False)
    nth = models.PositiveSmallIntegerField()
    who = models.CharField(max_length=32)
    day = models.DateField()

    class Meta:
        ordering = ["day", "id"]
        constraints = [
            models.UniqueConstraint(fields=["who", "day"], name="invitation_one_a_day"),
            models.UniqueConstraint(fields=["invitation", "nth"], name="invitation_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.nth}"


@personal(who="secret")
class InvitationStop(models.Model):
    """谢绝邀评 — somebody does not want to be asked by message any more; kept as a keyed digest of the number (PIPL 15, 24)."""

    who = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return str(self.at)
