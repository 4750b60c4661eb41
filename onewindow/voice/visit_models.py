"""What is said about a visit that ended without an application: a question answered, papers collected, a no."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from onewindow.cases.rules import Actor, By
from onewindow.hall.models import MatterGroup, Outcome
from onewindow.org.models import Counter, Hall
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.voice.levels import Level


class VisitVerdictQuerySet(models.QuerySet["VisitVerdict"]):
    def seen_by(self, person: By) -> Self:
        """Bureau and leaders see all, a hall manager those of the hall, the reviewed clerk none."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        return self.filter(hall_id__in=person.halls_as(Role.HALL_MANAGER))

    def standing(self) -> Self:
        """As people left them: what was changed within the day gives way to its change."""
        return self.filter(replaced_by__isnull=True)

    def counted(self) -> Self:
        """What figures count: as it stands, without those left out after an appeal."""
        return self.standing().filter(exclusion__isnull=True)

    def with_places(self) -> Self:
        return self.select_related("hall", "counter", "group", "replaces", "exclusion")


@personal(text="text", origin="secret")
class VisitVerdict(models.Model):
    """号票评价 — one verdict on one ticket that ended without an application. It is about the service at the window and stands
    apart from the verdicts on applications, with its own n. Append-only: a change within the day is a further row.

    ``ticket`` is the key of the ticket (no name, no number of a person), which is kept even when the ticket is not."""

    ticket = models.CharField(max_length=32)
    ticket_number = models.CharField(max_length=8)
    group = models.ForeignKey(MatterGroup, models.PROTECT, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+", db_index=False)
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    clerk = models.CharField(max_length=150, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    level = models.PositiveSmallIntegerField(choices=Level)
    codes = models.JSONField(default=list)
    text = models.CharField(max_length=500, blank=True)
    channel = models.PositiveSmallIntegerField()
    device = models.ForeignKey("voice.Device", models.PROTECT, null=True, blank=True, related_name="+")
    event_id = models.CharField(max_length=40)
    body_digest = models.CharField(max_length=64)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    origin = models.CharField(max_length=32, blank=True)
    said_at = models.DateTimeField()
    at = models.DateTimeField()

    objects = VisitVerdictQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(replaces__isnull=True), name="visit_verdict_once"
            ),
            models.UniqueConstraint(fields=["event_id"], name="visit_verdict_event"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="visit_verdict_level"),
        ]
        indexes = [
            models.Index(fields=["at"], name="visit_verdict_at"),
            models.Index(fields=["hall", "at"], name="visit_verdict_hall"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_number} {self.level}"


@personal(reason="text")
class VisitExclusion(models.Model):
    """号票评价不计入统计 — after an appeal two people ruled that a verdict on a ticket is not counted; it stays, marked."""

    verdict = models.OneToOneField(VisitVerdict, models.PROTECT, related_name="exclusion")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150)
    second_by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(condition=~Q(by=models.F("second_by")), name="visit_exclusion_two_people"),
            models.CheckConstraint(condition=~Q(reason=""), name="visit_exclusion_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict_id}"
