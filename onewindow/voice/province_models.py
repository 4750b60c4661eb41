"""What is reported upward of each review, and the receipt for it."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from onewindow.voice.models import Review
    from onewindow.voice.visit_models import VisitVerdict

#: What a report may be of: one of these is set, the others are not.
SUBJECTS = ("review", "verdict", "exclusion", "verdict_exclusion")


class ReportState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("report", "Waiting")
    SENT = "sent", _("Taken by the province")
    STUCK = "stuck", _("Stuck")


class ProvinceReport(models.Model):
    """上报省平台 — one review, one verdict on a ticket, or the word that one of them is not counted after an appeal (不计入统计),
    on its way to the provincial system. What is sent is worked out from these rows, which never change; ``digest`` says what
    was sent, ``receipt`` is the province's own number for it. Its own key goes with it: sent twice it is one there."""

    review = models.OneToOneField(
        "voice.Review", models.PROTECT, null=True, blank=True, related_name="report"
    )
    verdict = models.OneToOneField(
        "voice.VisitVerdict", models.PROTECT, null=True, blank=True, related_name="report"
    )
    exclusion = models.OneToOneField(
        "voice.Exclusion", models.PROTECT, null=True, blank=True, related_name="report"
    )
    verdict_exclusion = models.OneToOneField(
        "voice.VisitExclusion", models.PROTECT, null=True, blank=True, related_name="report"
    )
    state = models.CharField(max_length=10, choices=ReportState, default=ReportState.WAITING)
    map = models.CharField(max_length=40)
    attempts = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    receipt = models.CharField(max_length=80, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False, next_at__isnull=True),
                name="report_sent_once",
            ),
            models.CheckConstraint(
                condition=functools.reduce(
                    operator.or_,
                    (Q(**{f"{name}__isnull": name != one for name in SUBJECTS}) for one in SUBJECTS),
                ),
                name="report_of_one_thing",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="report_due"),
            models.Index(fields=["state", "-id"], name="report_state"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"

    @property
    def subject(self) -> Review | VisitVerdict:
        """What was said, of which this report tells."""
        if self.exclusion:
            return self.exclusion.review
        if self.verdict_exclusion:
            return self.verdict_exclusion.verdict
        found = self.review or self.verdict
        assert found is not None
        return found

    @property
    def is_exclusion(self) -> bool:
        return self.exclusion_id is not None or self.verdict_exclusion_id is not None

    @property
    def key(self) -> str:
        """The province knows the report by it, however often it comes."""
        return f"{self.subject.event_id}-x" if self.is_exclusion else self.subject.event_id
