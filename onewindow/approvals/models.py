"""部门审批: the share of one department in an application that several departments handle together."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onewindow.cases.models import Case, CaseQuerySet
from onewindow.cases.rules import Actor, By
from onewindow.catalog.models import Item
from onewindow.org.models import Hall, Office
from onewindow.org.privacy import personal
from onewindow.org.roles import Role


class Status(models.TextChoices):
    WAITING = "waiting", _("Waiting for an earlier stage")
    EXAMINING = "examining", _("Being examined")
    RETURNED = "returned", _("Comments to be answered")
    SUSPENDED = "suspended", _("Suspended")
    APPROVED = "approved", _("Agreed")
    CONDITIONAL = "conditional", _("Agreed with conditions")
    OBJECTED = "objected", _("Objected")
    CANCELLED = "cancelled", _("No longer needed")


CLOSED = (Status.APPROVED, Status.CONDITIONAL, Status.OBJECTED, Status.CANCELLED)


class ApprovalQuerySet(CaseQuerySet):
    def seen_by(self, person: By) -> ApprovalQuerySet:
        """What this person may see: departments their own shares and those of the applications that they lead, clerks and
        hall managers those of their halls, bureau and leaders all; nobody else any."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        mine = Q(pk__in=[])
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            mine |= Q(office_id__in=offices) | Q(lead_id__in=offices)
        if halls := person.halls_as(Role.CLERK, Role.HALL_MANAGER):
            mine |= Q(hall_id__in=halls)
        return self.filter(mine)

    def of(self, application: str) -> ApprovalQuerySet:
        """All shares of one application, in the order of the plan."""
        return self.filter(application=application).select_related("office").order_by("stage", "part", "id")

    def binding(self) -> ApprovalQuerySet:
        """Those that the decision waits for; an opinion that was asked for is not one."""
        return self.filter(is_advisory=False)

    def with_facts(self) -> ApprovalQuerySet:
        """With what a row or page of it needs, in one query."""
        return self.select_related("office", "lead", "item", "hall")


class Approval(Case):
    """部门审批 — one department's share of an application: its clock, its comments, its verdict.

    ``application`` is the number of the application (ADR 0005). ``is_advisory``: an opinion that was asked for (征求意见),
    which the decision need not wait for. ``holder`` is the applicant's name, already masked. ``is_held``: the whole
    application stands still, and so does this share.
    """

    KIND: ClassVar[str] = "approval"
    PREFIX: ClassVar[str] = "B"

    application = models.CharField(_("application"), max_length=14)
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(
        Office, models.PROTECT, related_name="+", db_index=False, verbose_name=_("leading department")
    )
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    holder = models.CharField(_("applicant"), max_length=120, blank=True)
    title_en = models.CharField(max_length=200, blank=True)
    stage = models.PositiveSmallIntegerField(default=1)
    part = models.PositiveSmallIntegerField(default=1)
    is_advisory = models.BooleanField(_("opinion asked for"), default=False)
    question = models.CharField(_("question"), max_length=400, blank=True)
    limit = models.CharField(_("limit"), max_length=10)
    legal_limit = models.CharField(_("lawful limit"), max_length=10, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    is_held = models.BooleanField(default=False)
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    opinion = models.CharField(_("opinion"), max_length=400, blank=True)
    conditions = models.CharField(_("conditions"), max_length=400, blank=True)
    basis = models.CharField(_("legal basis"), max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="approval_number"),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "conditional", "objected"])
                | Q(decided_at__isnull=False),
                name="approval_verdict_has_date",
            ),
            # 行政许可法 38: who refuses gives reasons; conditions must be said.
            models.CheckConstraint(
                condition=~Q(status="objected") | ~Q(opinion=""), name="approval_objection_has_reasons"
            ),
            models.CheckConstraint(
                condition=~Q(status="conditional") | ~Q(conditions=""), name="approval_conditions_are_said"
            ),
        ]
        indexes = [
            models.Index(fields=["application"], name="approval_application"),
            models.Index(
                fields=["office", "due_at", "id"], condition=Q(closed_at__isnull=True), name="approval_desk"
            ),
            models.Index(
                fields=["lead", "due_at", "id"], condition=Q(closed_at__isnull=True), name="approval_lead"
            ),
            models.Index(
                fields=["hall", "status", "id"], condition=Q(closed_at__isnull=True), name="approval_hall"
            ),
            models.Index(fields=["wake_at", "id"], condition=Q(wake_at__isnull=False), name="approval_wake"),
            models.Index(fields=["office", "-opened_at", "-id"], name="approval_office"),
            models.Index(fields=["-opened_at", "-id"], name="approval_day"),
        ]

    def purpose(self, no: int) -> str:
        """The purpose of the files that came with the answer to a comment; they belong to the application."""
        return f"comment {self.number} {no}"

    @property
    def name(self) -> str:
        return self.title

    @property
    def name_en(self) -> str:
        return self.title_en

    @property
    def status_label(self) -> str:
        return str(Status(self.status).label)


class CommentQuerySet(models.QuerySet["Comment"]):
    def of(self, approval: Approval) -> CommentQuerySet:
        """Of one share, first to last."""
        return self.filter(approval=approval).order_by("no")

    def unsettled(self) -> CommentQuerySet:
        """Neither closed nor taken back: it is carried into the next round."""
        return self.filter(closed_at__isnull=True)

    def unanswered(self) -> CommentQuerySet:
        """Waiting for the applicant or the leading department."""
        return self.unsettled().filter(answered_at__isnull=True)


@personal(text="text", answer="text")
class Comment(models.Model):
    """审查意见 — one numbered point that a department wants answered or put right, carried on until it is closed.

    ``is_late``: it was raised after the first round, though the whole was there before. All demands are to be told at
    once (行政许可法 32(4)); such ones are marked and counted.
    """

    approval = models.ForeignKey(Approval, models.PROTECT, related_name="comments")
    no = models.PositiveSmallIntegerField()
    round = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=400)
    is_late = models.BooleanField(default=False)
    raised_at = models.DateTimeField()
    answer = models.CharField(max_length=400, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["approval_id", "no"]
        constraints = [models.UniqueConstraint(fields=["approval", "no"], name="comment_no_once")]

    def __str__(self) -> str:
        return f"{self.approval_id}/{self.no}"


class CheckState(models.TextChoices):
    CONFIRMED = "confirmed", _("Confirmed")
    BOUNCED = "bounced", _("Returned to the window")
    DISPUTED = "disputed", _("In dispute")
    SETTLED = "settled", _("Settled by the bureau")


class Finding(models.TextChoices):
    """Who was right."""

    WINDOW = "window", _("The window: it was complete")
    DEPARTMENT = "department", _("The department: it was not complete")


class CheckQuerySet(models.QuerySet["Check"]):
    def seen_by(self, person: By) -> CheckQuerySet:
        """What this person may see: departments and halls their own, bureau and leaders all; nobody else any."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        mine = Q(pk__in=[])
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            mine |= Q(office_id__in=offices)
        if halls := person.halls_as(Role.CLERK, Role.HALL_MANAGER):
            mine |= Q(hall_id__in=halls)
        return self.filter(mine)

    def returned(self) -> CheckQuerySet:
        """Those that a department returned to the window, whatever became of them."""
        return self.filter(bounced_at__isnull=False)


@personal(reason="text", answer="text", finding_text="text")
class Check(models.Model):
    """后台确认 — whether the department finds complete what the window has accepted. One return at most, then the office in
    charge decides; the lawful clock runs all the while."""

    application = models.CharField(max_length=14)
    office = models.ForeignKey(Office, models.PROTECT, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, related_name="+", db_index=False)
    state = models.CharField(max_length=10, choices=CheckState)
    reason = models.CharField(max_length=400, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=400, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    finding = models.CharField(max_length=12, choices=Finding, blank=True)
    finding_text = models.CharField(max_length=400, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    is_late = models.BooleanField(default=False)

    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ["application"]
        constraints = [
            models.UniqueConstraint(fields=["application"], name="check_once"),
            models.CheckConstraint(
                condition=~Q(state="bounced") | ~Q(reason=""), name="check_bounce_has_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["state"], condition=Q(state__in=["bounced", "disputed"]), name="check_open"),
            models.Index(fields=["bounced_at"], condition=Q(bounced_at__isnull=False), name="check_bounced"),
        ]

    def __str__(self) -> str:
        return f"{self.application} {self.state}"
