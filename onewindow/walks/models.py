"""一把手走流程: a leader goes the way of an applicant; what was met on it, against what the guide promises."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.catalog.models import Item, ItemVersion
from onewindow.org.models import Hall, Person
from onewindow.org.privacy import personal
from onewindow.org.roles import Role


class Mode(models.TextChoices):
    """走流程方式 — as whom the leader goes."""

    SELF = "self", _("As the applicant")
    ACCOMPANY = "accompany", _("Beside an applicant")
    WINDOW = "window", pgettext_lazy("walk", "At the window")
    ONLINE = "online", _("Online")


class Stage(models.TextChoices):
    """环节 — the stages of an applicant's way, in their order."""

    GUIDE = "guide", _("Reading the guide")
    TRAVEL = "travel", _("On the way")
    QUEUE = "queue", _("Waiting for one's turn")
    SUBMIT = "submit", _("Handing in")
    CORRECT = "correct", _("Correcting")
    EXAMINE = "examine", _("Examination and decision")
    RESULT = "result", _("Getting the result")
    REVIEW = "review", _("Saying how it was")


class Trouble(models.TextChoices):
    """堵点类型 — what kind of obstacle it was."""

    MATERIAL = "material", _("Paper beyond the guide, or asked twice")
    LIMIT = "limit", _("Too slow")
    SYSTEM = "system", _("System at fault")
    ATTITUDE = "attitude", _("Tone or skill at the window")
    GUIDE = "guide", _("Guide wrong or unclear")
    COORDINATION = "coordination", _("Sent from one to another")
    OTHER = "other", pgettext_lazy("trouble", "Something else")


class State(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("walk", "Planned")
    UNDER_WAY = "under_way", pgettext_lazy("walk", "Under way")
    FINISHED = "finished", pgettext_lazy("walk", "Finished")
    CANCELLED = "cancelled", pgettext_lazy("walk", "Called off")


#: how each state follows from the facts
STATES: dict[str, Q] = {
    State.PLANNED: Q(started_at__isnull=True, cancelled_at__isnull=True),
    State.UNDER_WAY: Q(started_at__isnull=False, finished_at__isnull=True, cancelled_at__isnull=True),
    State.FINISHED: Q(finished_at__isnull=False),
    State.CANCELLED: Q(cancelled_at__isnull=False),
}


class WalkQuerySet(models.QuerySet["Walk"]):
    def finished(self) -> WalkQuerySet:
        return self.filter(STATES[State.FINISHED])

    def seen_by(self, person: Any) -> WalkQuerySet:
        """Bureau and leaders all; the walker the own; a department and a hall what was found with them, once the walk is over:
        nobody is to make ready for it."""
        if not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        mine = Q(walker=person)
        over = STATES[State.FINISHED]
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            mine |= Q(item__office_id__in=offices) & over
        if halls := person.halls_as(Role.HALL_MANAGER):
            mine |= Q(hall_id__in=halls) & over
        return self.filter(mine)

    def with_facts(self) -> WalkQuerySet:
        """With what a row or page of it needs, in one query."""
        return self.select_related("walker", "item__office", "version", "hall", "follows")


@personal(remarks="text", called_off="text")
class Walk(models.Model):
    """走流程 — one leader's way through one item, planned, walked and written down by its stages.

    ``version`` is the guide that it is held against: the one in force when the walk began. ``follows`` is the earlier walk
    that this one repeats after repair. ``application`` is the matter that came of it, if one was really handed in.
    """

    PREFIX: ClassVar[str] = "W"

    number = models.CharField(_("number"), max_length=14)
    walker = models.ForeignKey(Person, models.PROTECT, related_name="+", verbose_name=_("who walks"))
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", verbose_name=_("item"))
    version = models.ForeignKey(ItemVersion, models.PROTECT, null=True, blank=True, related_name="+")
    mode = models.CharField(_("how"), max_length=10, choices=Mode)
    hall = models.ForeignKey(
        Hall, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("hall")
    )
    planned_on = models.DateField(_("day"))
    planned_at = models.DateTimeField()
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    follows = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="repeats")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    called_off = models.CharField(_("why it was called off"), max_length=200, blank=True)
    trip_count = models.PositiveSmallIntegerField(_("trips"), default=0)
    application = models.CharField(max_length=14, blank=True)
    remarks = models.CharField(_("in the leader's words"), max_length=1000, blank=True)

    objects = WalkQuerySet.as_manager()

    class Meta:
        ordering = ["-planned_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="walk_number"),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True, finished_at__isnull=True)
                | Q(version__isnull=False, started_at__isnull=False, finished_at__isnull=True)
                | Q(version__isnull=False, finished_at__gte=F("started_at")),
                name="walk_in_order",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, called_off="")
                | (Q(cancelled_at__isnull=False, finished_at__isnull=True) & ~Q(called_off="")),
                name="walk_called_off_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["item", "-finished_at"], name="walk_item"),
            models.Index(fields=["-planned_on", "-id"], name="walk_day"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.item_id}"

    @property
    def state(self) -> State:
        if self.cancelled_at:
            return State.CANCELLED
        if self.finished_at:
            return State.FINISHED
        return State.UNDER_WAY if self.started_at else State.PLANNED

    @property
    def state_label(self) -> str:
        return str(self.state.label)


class Leg(models.Model):
    """环节计时 — one stage of a walk with its minutes, timed by the server's clock; the running one has no end."""

    walk = models.ForeignKey(Walk, models.PROTECT, related_name="legs")
    no = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=10, choices=Stage)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["walk_id", "no"]
        constraints = [
            models.UniqueConstraint(fields=["walk", "no"], name="leg_once"),
            models.UniqueConstraint(
                fields=["walk"], condition=Q(ended_at__isnull=True), name="leg_one_running"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("began_at")), name="leg_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.walk_id}/{self.no} {self.stage}"

    def minutes(self, now: dt.datetime) -> int:
        """Whole minutes so far."""
        return int(((self.ended_at or now) - self.began_at).total_seconds() // 60)


class Asked(models.Model):
    """索要材料 — a paper that was really asked for on the way: one of the guide (``no``), or one beyond it (``no`` 0)."""

    walk = models.ForeignKey(Walk, models.PROTECT, related_name="asked")
    no = models.PositiveSmallIntegerField(default=0)
    label = models.CharField(max_length=120)

    class Meta:
        ordering = ["walk_id", "no", "id"]
        constraints = [models.UniqueConstraint(fields=["walk", "no", "label"], name="asked_once")]

    def __str__(self) -> str:
        return f"{self.walk_id} {self.no}"


@personal(text="text", suggestion="text")
class Obstacle(models.Model):
    """堵点 — what stood in the way: where, what kind, what would help; and the issue that puts it right, opened with it."""

    walk = models.ForeignKey(Walk, models.PROTECT, related_name="obstacles")
    no = models.PositiveSmallIntegerField()
    stage = models.CharField(_("where"), max_length=10, choices=Stage)
    kind = models.CharField(_("what kind"), max_length=14, choices=Trouble)
    text = models.CharField(_("what stood in the way"), max_length=500)
    suggestion = models.CharField(_("what would help"), max_length=300, blank=True)
    at = models.DateTimeField()
    issue = models.CharField(max_length=14)

    class Meta:
        ordering = ["walk_id", "no"]
        constraints = [
            models.UniqueConstraint(fields=["walk", "no"], name="obstacle_once"),
            models.UniqueConstraint(fields=["issue"], name="obstacle_has_its_issue"),
        ]

    def __str__(self) -> str:
        return f"{self.walk_id}/{self.no} {self.kind}"
