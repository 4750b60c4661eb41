"""过程记录: what was found in the course of an examination. A model of its own, loaded with the steps that write it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onewindow.org.privacy import personal
from onewindow.window.models import Application


class RecordKind(models.TextChoices):
    SITE_CHECK = "site_check", _("Site check")
    HEARING = "hearing", _("Hearing")
    FORWARD = "forward", _("Opinion of the preliminary review")


class Conclusion(models.TextChoices):
    PASSED = "passed", _("Meets the conditions")
    FAILED = "failed", _("Does not meet the conditions")
    OPEN = "open", _("Left to the decision")


@personal(place="text", present="text", text="text", points="text")
class Record(models.Model):
    """过程记录 — what was found at a site check or a hearing, and by whom. Its photos and signed pages are attachments
    whose ``purpose`` is the record's own (``site_check 4``)."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="records")
    kind = models.CharField(max_length=12, choices=RecordKind)
    event_seq = models.PositiveIntegerField()
    held_on = models.DateField()
    place = models.CharField(max_length=200, blank=True)
    staff: models.JSONField[Any, Any] = models.JSONField(default=list)
    present = models.CharField(max_length=200, blank=True)
    points: models.JSONField[Any, Any] = models.JSONField(default=list)
    text = models.TextField(max_length=2000, blank=True)
    conclusion = models.CharField(max_length=8, choices=Conclusion)

    class Meta:
        app_label = "window"
        ordering = ["application_id", "event_seq"]
        constraints = [
            models.UniqueConstraint(fields=["application", "event_seq"], name="record_once"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.kind}"

    @property
    def purpose(self) -> str:
        return f"{self.kind} {self.event_seq}"
