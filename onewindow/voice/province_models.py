"""What is reported upward of each review, and the receipt for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ReportState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("report", "Waiting")
    SENT = "sent", _("Taken by the province")
    STUCK = "stuck", _("Stuck")


class ProvinceReport(models.Model):
    """上报省平台 — one review on its way to the provincial system. What is sent is worked out from the review, which never
    changes; ``digest`` says what was sent, ``receipt`` is the province's own number for it. The review's own key goes
    with it: sent twice it is one there."""

    review = models.OneToOneField("voice.Review", models.PROTECT, related_name="report")
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
            )
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="report_due"),
            models.Index(fields=["state", "-id"], name="report_state"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.state}"
