"""Old evaluators that can do nothing but open an address."""

from __future__ import annotations

from django.db import models

from onewindow.org.models import Hall


class LegacyHall(models.Model):
    """启用网址评价器的大厅 — a hall whose manager has switched old evaluators on; without a row they open nothing."""

    hall = models.OneToOneField(Hall, models.CASCADE, primary_key=True, related_name="+")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["hall_id"]

    def __str__(self) -> str:
        return str(self.hall_id)


class LegacyUrl(models.Model):
    """网址评价器 — the address that the old evaluator of one window opens: random, nothing personal, nothing of the window in
    it. It proves nothing of the device that opens it (low assurance): whoever reads it off can open it too."""

    device = models.OneToOneField("voice.Device", models.CASCADE, related_name="legacy")
    code = models.CharField(max_length=16, unique=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["device_id"]

    def __str__(self) -> str:
        return str(self.device_id)
