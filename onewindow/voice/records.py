"""What follows from reviews: what of them is public, what is left out of the figures, the sums, and what looks odd.

Reviews themselves never change. Each of these rows is written beside them.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Self

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onewindow.org.models import Counter, Hall, Office
from onewindow.org.privacy import personal


class Ruling(models.TextChoices):
    PUBLISHED = "published", _("Published")
    WITHHELD = "withheld", _("Withheld")


class Ground(models.TextChoices):
    """不公开理由 — a closed list: that a text is unpleasant is no ground (国办发〔2019〕51号; 政府信息公开条例 14, 15)."""

    PERSONAL = "personal", _("Cannot be masked without losing its sense: it is about a private person")
    SECRET = "secret", _("State or trade secret")
    UNLAWFUL = "unlawful", _("Insult, threat or advertising")
    ELSEWHERE = "elsewhere", _("Not about this service")


class ModerationQuerySet(models.QuerySet["Moderation"]):
    def standing(self) -> Self:
        """The ruling that stands: no later one about the same review."""
        later = Moderation.objects.filter(review=models.OuterRef("review"), pk__gt=models.OuterRef("pk"))
        return self.filter(~models.Exists(later))

    def public(self, now: dt.datetime) -> Self:
        """What the public reads: published, past the days of embargo, of a review as it stands, newest first.

        Whether a later ruling or a change exists is asked row by row (a subquery with a value, which no database turns into a
        join of both tables): a page reads twenty rows of an index and stops."""
        later = Moderation.objects.filter(review=models.OuterRef("review"), pk__gt=models.OuterRef("pk"))
        change = apps.get_model("voice", "Review").objects.filter(replaces=models.OuterRef("review"))
        found = self.alias(
            later=models.Subquery(later.order_by().values("pk")[:1]),
            change=models.Subquery(change.order_by().values("pk")[:1]),
        )
        found = found.filter(later__isnull=True, change__isnull=True)
        return found.filter(ruling=Ruling.PUBLISHED, show_at__lte=now).order_by("-show_at", "-id")


@personal(text="text", reason="text")
class Moderation(models.Model):
    """评价公开审核 — one ruling on one text: published (with parts blacked out) or withheld, with its ground. A later ruling
    is a further row; the last one stands, the first ones stay."""

    review = models.ForeignKey("voice.Review", models.PROTECT, related_name="rulings")
    ruling = models.CharField(max_length=10, choices=Ruling)
    text = models.CharField(max_length=500, blank=True)
    ground = models.CharField(max_length=10, choices=Ground, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    show_at = models.DateTimeField()
    item_code = models.CharField(max_length=64)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    office = models.ForeignKey(Office, models.PROTECT, related_name="+", db_index=False)

    objects = ModerationQuerySet.as_manager()

    class Meta:
        ordering = ["review_id", "id"]
        indexes = [
            models.Index(fields=["-show_at", "-id"], name="moderation_city"),
            models.Index(fields=["item_code", "-show_at", "-id"], name="moderation_item"),
            models.Index(fields=["hall", "-show_at", "-id"], name="moderation_hall"),
            models.Index(fields=["office", "-show_at", "-id"], name="moderation_office"),
            models.Index(fields=["ground"], condition=Q(ruling="withheld"), name="moderation_withheld"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ruling="published", ground="")
                | (Q(ruling="withheld", text="") & ~Q(ground="") & ~Q(reason="")),
                name="moderation_ground",
            )
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.ruling}"


@personal(text="text")
class Reply(models.Model):
    """公开答复 — what the department says to a review in public. Another reply is a further row."""

    review = models.ForeignKey("voice.Review", models.PROTECT, related_name="replies")
    text = models.CharField(max_length=500)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["review_id", "id"]

    def __str__(self) -> str:
        return f"{self.review_id} {self.at}"


@personal(reason="text")
class Exclusion(models.Model):
    """不计入统计 — after an appeal two people ruled that a review is not counted. It stays, marked, in every list and in what
    was received; only the figures leave it out, and say how many."""

    review = models.OneToOneField("voice.Review", models.PROTECT, related_name="exclusion")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150)
    second_by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(condition=~Q(by=models.F("second_by")), name="exclusion_two_people"),
            models.CheckConstraint(condition=~Q(reason=""), name="exclusion_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}"


class TallyQuerySet(models.QuerySet["Tally"]):
    def of(self, kind: str, span: str = "m") -> TallyQuerySet:
        """The sums of all things of one kind, by month (``m``) or day (``d``)."""
        return self.filter(kind=kind, span=span)


class Tally(models.Model):
    """评价汇总 — the sums of one day or month for one thing. Worked out from the reviews, may be thrown away and made anew;
    ``onewindow reviews --check`` compares them with the reviews themselves."""

    KINDS: ClassVar[tuple[str, ...]] = ("city", "hall", "office", "item", "counter")
    #: What is added up: reviews that count by level, with words, by somebody's hand, second ones, changed, left out.
    SUMS: ClassVar[tuple[str, ...]] = (
        "n5", "n4", "n3", "n2", "n1", "worded", "assisted", "second", "changed", "excluded", "defaults", "touchpoints",
    )  # fmt: skip

    span = models.CharField(max_length=1)
    kind = models.CharField(max_length=8)
    key = models.CharField(max_length=64)
    day = models.DateField()
    n5 = models.PositiveIntegerField(default=0)
    n4 = models.PositiveIntegerField(default=0)
    n3 = models.PositiveIntegerField(default=0)
    n2 = models.PositiveIntegerField(default=0)
    n1 = models.PositiveIntegerField(default=0)
    worded = models.PositiveIntegerField(default=0)
    assisted = models.PositiveIntegerField(default=0)
    second = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    excluded = models.PositiveIntegerField(default=0)
    defaults = models.PositiveIntegerField(default=0)
    touchpoints = models.PositiveIntegerField(default=0)

    objects = TallyQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "key", "day"]
        constraints = [models.UniqueConstraint(fields=["span", "kind", "key", "day"], name="tally_once")]
        indexes = [models.Index(fields=["span", "kind", "day"], name="tally_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.day}"


class TallyRun(models.Model):
    """汇总时间 — up to which day the sums stand, and when they were made."""

    until = models.DateField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.until)


class Examination(models.Model):
    """真实性检查 — one look at the reviews of a period, window by window."""

    first = models.DateField()
    last = models.DateField()
    at = models.DateTimeField()
    windows = models.PositiveIntegerField()
    reviews = models.PositiveIntegerField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.first} {self.last}"


class Finding(models.Model):
    """疑点 — one signal at one window: a reason to check, never a verdict. ``counts`` is the evidence, ``rows`` are the
    reviews to look at, ``p`` how rarely chance alone does this (null: not a matter of chance)."""

    examination = models.ForeignKey(Examination, models.CASCADE, related_name="findings")
    counter = models.ForeignKey(Counter, models.PROTECT, related_name="+")
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=20)
    p = models.FloatField(null=True, blank=True)
    counts = models.JSONField(default=dict)
    rows = models.JSONField(default=list)

    class Meta:
        ordering = ["examination_id", "counter_id", "code"]
        constraints = [
            models.UniqueConstraint(fields=["examination", "counter", "code"], name="finding_once")
        ]

    def __str__(self) -> str:
        return f"{self.counter_id} {self.code}"


class Outcome(models.TextChoices):
    EXPLAINED = "explained", _("Explained: nothing wrong")
    DEVICE = "device", _("A fault of the device")
    CONFIRMED = "confirmed", _("Confirmed: interfered with")
    OPEN = "open", _("Not settled yet")


@personal(note="text")
class Check(models.Model):
    """核查结果 — what somebody found out who looked into a signal at a window. Further looks are further rows."""

    counter = models.ForeignKey(Counter, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=20)
    first = models.DateField()
    last = models.DateField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    note = models.CharField(max_length=400)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["counter", "code", "last"], name="check_window")]

    def __str__(self) -> str:
        return f"{self.counter_id} {self.code} {self.outcome}"
