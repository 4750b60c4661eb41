"""问题: what went wrong for somebody and has to be put right, whatever brought it up; and every "no" said at a window."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases.models import Attachment, Case, CaseQuerySet
from onewindow.cases.rules import Actor, By
from onewindow.catalog.models import Item, ItemVersion
from onewindow.issues.separation import handles, kept_out, led_by
from onewindow.org.models import Counter, Hall, Office, Person
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.org.sealed import SealedField
from onewindow.window.models import PLAIN

#: missed calls at so many different hours of the day before somebody counts as unreachable
ATTEMPTS = 3


class Status(models.TextChoices):
    REGISTERED = "registered", _("To be assigned")
    ASSIGNED = "assigned", _("Reporter to be contacted")
    CONTACTED = "contacted", _("To be verified")
    WORKING = "working", _("Being put right")
    ASKED = "asked", _("Waiting for the reporter")
    APPEALED = "appealed", _("Before the panel")
    SIGNING = "signing", _("Waiting for the second signature")
    REPLIED = "replied", _("To be called back")
    CLOSED = "closed", pgettext_lazy("issue", "Closed")


#: what waits for the responsible unit, whoever of it handles it; that somebody verifies waits for a second person
UNITS_TURN = (Status.ASSIGNED, Status.WORKING)


class Grade(models.TextChoices):
    """How hard it is; the limit of each lies in the parameters (origins.py)."""

    SPOT = "spot", _("On the spot")
    QUICK = "quick", _("Should have been done")
    SIMPLE = "simple", _("Ordinary")
    COMPLEX = "complex", _("Complex, or several departments")


class Outcome(models.TextChoices):
    """办理结果 — how an issue ended. Closed is never counted as solved: see :data:`FAMILIES`."""

    SOLVED = "solved", _("Solved, by the reporter's word")
    PARTLY = "partly", _("Done partly")
    IMPOSSIBLE = "impossible", _("Lawfully impossible")
    POLICY = "policy", _("Needs a change of policy")
    EXPLAINED = "explained", _("Explained")
    TRANSFERRED = "transferred", _("Transferred")
    WITHDRAWN = "withdrawn", _("Taken back by the reporter")
    UNREACHABLE = "unreachable", _("Reporter unreachable")
    UNFOUNDED = "unfounded", _("Unfounded, by the panel")
    MERGED = "merged", _("Joined with another issue")


class Proposal(models.TextChoices):
    """拟办结果 — what a unit answers; it becomes the outcome of that name once the reporter has been heard."""

    SOLVED = "solved", pgettext_lazy("issue", "Done")
    PARTLY = "partly", _("Done partly")
    IMPOSSIBLE = "impossible", _("Lawfully impossible")
    POLICY = "policy", _("Needs a change of policy")
    EXPLAINED = "explained", _("Explained")
    TRANSFERRED = "transferred", _("Transferred")


#: three families that are never added into one rate; what was joined is counted with the issue that goes on
FAMILIES = {
    "solved": (Outcome.SOLVED,),
    "lawful_no": (Outcome.IMPOSSIBLE,),
    "other": tuple(o for o in Outcome if o not in (Outcome.SOLVED, Outcome.IMPOSSIBLE, Outcome.MERGED)),
}
#: ended by the reporter, or in another issue: no cause of its own
WITHOUT_CAUSE = (Outcome.WITHDRAWN, Outcome.MERGED)


class Prevention(models.TextChoices):
    """防止再次发生 — what was changed so that it does not happen again."""

    GUIDE = "guide", _("The item's guide")
    PROCESS = "process", _("The process")
    SYSTEM = "system", _("The system")
    TRAINING = "training", _("Training")
    NONE = "none", _("Nothing, with the reason")


class IssueQuerySet(CaseQuerySet):
    def seen_by(self, person: By) -> IssueQuerySet:
        """Bureau and leaders all; departments what is theirs or what they help with; a hall's clerks and manager what was
        registered there. Never, whatever the post: the person it is about, and whoever leads or led that person."""
        if isinstance(person, Actor):
            return self.filter(number=person.number) if person.kind == "reporter" else self.none()
        if not person.is_authenticated or not person.is_active:
            return self.none()
        mine = Q(pk__in=[])
        if person.has_role(Role.BUREAU, Role.LEADER):
            mine = Q()
        elif person.posts_today:
            if offices := person.offices_as(Role.APPROVER, Role.HEAD):
                mine |= Q(office_id__in=offices) | Q(helper_id__in=offices)
            if halls := person.halls_as(Role.CLERK, Role.HALL_MANAGER):
                mine |= Q(hall_id__in=halls, is_at_window=True)
        return self.filter(mine).exclude(self.kept_from(person)) if mine != Q(pk__in=[]) else self.none()

    @staticmethod
    def kept_from(person: Person) -> Q:
        """What no post opens to this person (separation.py); ``rules.kept_out`` says the same of one issue."""
        shut = Q(subject_id=person.pk) | Q(kept_out__contains=f",{person.pk},")
        return shut | Q(subject_id__in=led) if (led := led_by(person)) else shut

    def with_facts(self) -> IssueQuerySet:
        """With what a row or page of it needs, in one query."""
        return self.select_related("office", "helper", "hall", "counter", "item", "handler", "merged_into")

    def following(self, main: Issue) -> IssueQuerySet:
        """Those joined with an issue: their reporters hear what its reporter hears."""
        return self.filter(merged_into=main).order_by("id")


@personal(
    text="text", reporter_name="name", reporter_mobile="mobile", subject="name", finding="text", answer="text",
    alternatives="text", missing_list="text", words="text",
)  # fmt: skip
class Issue(Case):
    """问题、诉求 — one thing that went wrong for somebody: from the report to the reporter's own word that it is right.

    ``origin`` says what brought it up and, by origins.py, its limits, its confidentiality and who verifies. ``source`` is the
    origin's own key: one bad review, one "no", has one issue. ``subject`` is the member of staff it is about; ``kept_out``
    the ids of those who led that person on the day (``,3,9,``). ``turned_at`` is when the current round began.
    """

    KIND: ClassVar[str] = "issue"
    PREFIX: ClassVar[str] = "Q"
    HANDLERS: ClassVar[tuple[str, ...]] = (Role.APPROVER, Role.HEAD, Role.BUREAU)

    origin = models.CharField(_("origin"), max_length=12)
    source = models.CharField(max_length=40, blank=True)
    grade = models.CharField(_("grade"), max_length=8, choices=Grade, default=Grade.SIMPLE)
    kind_code = models.CharField(_("what kind"), max_length=30, blank=True)
    text = models.CharField(_("what happened"), max_length=1000)
    application = models.CharField(max_length=14, blank=True)
    item = models.ForeignKey(Item, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    is_at_window = models.BooleanField(default=False)
    subject = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    kept_out = models.CharField(max_length=200, blank=True)
    helper = models.ForeignKey(
        Office, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    facts: models.JSONField[Any, Any] = models.JSONField(default=dict)

    reporter_name = SealedField(blank=True)
    reporter_mobile = SealedField(blank=True)
    is_anonymous = models.BooleanField(default=False)
    agrees = models.BooleanField(_("the unit may know who it was"), default=False)
    lang = models.CharField(max_length=10, default="zh-hans")

    turned_at = models.DateTimeField()
    reopened = models.PositiveSmallIntegerField(default=0)
    bounced = models.PositiveSmallIntegerField(default=0)
    missed_hours = models.PositiveSmallIntegerField(default=0)
    asked_days = models.PositiveSmallIntegerField(default=0)
    asked_until = models.DateTimeField(null=True, blank=True)
    contacted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    contacted_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    founded = models.CharField(max_length=8, blank=True)
    finding = models.CharField(_("what was found"), max_length=600, blank=True)
    plan = models.CharField(_("measures"), max_length=400, blank=True)
    plan_owner = models.CharField(_("who answers for it"), max_length=60, blank=True)
    plan_more = models.CharField(max_length=10, blank=True)
    plan_due = models.DateField(_("until"), null=True, blank=True)

    proposal = models.CharField(max_length=12, choices=Proposal, blank=True)
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    answered_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    answered_at = models.DateTimeField(null=True, blank=True)
    done_case = models.CharField(max_length=14, blank=True)
    done_paper = models.ForeignKey(Attachment, models.PROTECT, null=True, blank=True, related_name="+")
    article = models.CharField(_("article of the law"), max_length=200, blank=True)
    alternatives = models.CharField(_("what can be done instead"), max_length=400, blank=True)
    signed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    receipt = models.CharField(_("receipt"), max_length=80, blank=True)
    transferred_to = models.CharField(_("to whom"), max_length=80, blank=True)
    policy_note = models.CharField(_("what would have to change"), max_length=400, blank=True)
    missing_list = models.CharField(_("what is missing"), max_length=600, blank=True)

    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=150, blank=True)
    words = models.CharField(_("in the reporter's words"), max_length=400, blank=True)
    panel_size = models.PositiveSmallIntegerField(default=0)
    panel_outside = models.PositiveSmallIntegerField(default=0)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    cause = models.CharField(_("cause"), max_length=30, blank=True)
    prevention = models.CharField(_("prevention"), max_length=10, choices=Prevention, blank=True)
    prevention_note = models.CharField(_("what was changed"), max_length=400, blank=True)
    prevention_version = models.ForeignKey(
        ItemVersion, models.PROTECT, null=True, blank=True, related_name="+"
    )
    recheck_at = models.DateTimeField(null=True, blank=True)
    is_recheck_told = models.BooleanField(default=False)
    rechecked_at = models.DateTimeField(null=True, blank=True)
    is_still_right = models.BooleanField(null=True)

    objects = IssueQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="issue_number"),
            models.UniqueConstraint(
                fields=["origin", "source"], condition=~Q(source=""), name="issue_once_a_source"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="issue_closed_has_outcome",
            ),
            # closed is not solved: only the reporter's own word makes it so
            models.CheckConstraint(
                condition=~Q(outcome__in=["solved", "partly"])
                | (Q(confirmed_at__isnull=False) & ~Q(confirmed_by="")),
                name="issue_solved_by_word",
            ),
            models.CheckConstraint(
                condition=~Q(proposal__in=["solved", "partly"])
                | ~Q(done_case="")
                | Q(done_paper__isnull=False),
                name="issue_done_is_shown",
            ),
            # 行政许可法 38: a no names the law; two people stand for it, and it says what can be done instead
            models.CheckConstraint(
                condition=~Q(outcome="impossible")
                | (
                    ~Q(article="")
                    & ~Q(alternatives="")
                    & Q(signed_by__isnull=False, answered_by__isnull=False)
                    & ~Q(signed_by=F("answered_by"))
                ),
                name="issue_lawful_no_of_two",
            ),
            models.CheckConstraint(
                condition=~Q(proposal="transferred") | (~Q(receipt="") & ~Q(transferred_to="")),
                name="issue_transfer_has_receipt",
            ),
            models.CheckConstraint(
                condition=~Q(proposal="policy") | ~Q(policy_note=""), name="issue_policy_is_named"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="unreachable") | Q(missed_hours__gte=ATTEMPTS) | Q(is_anonymous=True),
                name="issue_unreachable_was_tried",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="unfounded") | Q(panel_size=3, panel_outside__gte=1),
                name="issue_panel_of_three",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="merged") | Q(merged_into__isnull=False), name="issue_merged_into_one"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["", "withdrawn", "merged"])
                | (~Q(cause="") & ~Q(prevention="") & ~Q(prevention_note="")),
                name="issue_closed_has_cause",
            ),
            models.CheckConstraint(
                condition=~Q(prevention="guide") | Q(prevention_version__isnull=False),
                name="issue_guide_changed_is_named",
            ),
            models.CheckConstraint(
                condition=~Q(is_anonymous=True) | Q(reporter_name="", reporter_mobile=""),
                name="issue_anonymous_is_nobody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "due_at", "id"], condition=Q(closed_at__isnull=True), name="issue_desk"
            ),
            models.Index(
                fields=["status", "due_at", "id"], condition=Q(closed_at__isnull=True), name="issue_status"
            ),
            models.Index(
                fields=["hall", "due_at", "id"], condition=Q(closed_at__isnull=True), name="issue_hall"
            ),
            models.Index(
                fields=["helper", "due_at", "id"], condition=Q(closed_at__isnull=True), name="issue_helper"
            ),
            models.Index(fields=["wake_at", "id"], condition=Q(wake_at__isnull=False), name="issue_wake"),
            models.Index(fields=["office", "-opened_at", "-id"], name="issue_office"),
            models.Index(fields=["helper", "-opened_at", "-id"], name="issue_helper_day"),
            models.Index(fields=["hall", "-opened_at", "-id"], name="issue_hall_day"),
            models.Index(fields=["-opened_at", "-id"], name="issue_day"),
            models.Index(fields=["closed_at"], condition=Q(closed_at__isnull=False), name="issue_ended"),
            models.Index(fields=["cause", "item", "closed_at"], name="issue_cause"),
        ]

    @property
    def status_label(self) -> str:
        return str(Status(self.status).label)

    @property
    def ladder(self) -> str:
        """Each origin may have a ladder of its own; without one it climbs that of all issues."""
        return f"issue.{self.origin}"

    def handled_by(self, person: Person) -> bool:
        return handles(self, person)

    def may_be_told(self, person: Person) -> bool:
        return not kept_out(self, person)


class Purpose(models.TextChoices):
    CONTACT = "contact", _("First contact")
    CALLBACK = "callback", _("Call back")


class How(models.TextChoices):
    PHONE = "phone", _("By telephone")
    PAGE = "page", _("By a text on the reporter's page")
    VISIT = "visit", _("In person")


@personal(note="text")
class Attempt(models.Model):
    """联系记录 — one try to reach the reporter. Never changed: the database refuses it. ``slot`` is the hour of the day: three
    tries count only at three different ones."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="attempts", db_index=False)
    round = models.PositiveSmallIntegerField(default=0)
    purpose = models.CharField(max_length=10, choices=Purpose)
    how = models.CharField(max_length=8, choices=How)
    reached = models.BooleanField()
    at = models.DateTimeField()
    slot = models.PositiveSmallIntegerField()
    by = models.CharField(max_length=150)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["issue_id", "id"]
        indexes = [models.Index(fields=["issue", "id"], name="attempt_of_issue")]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.purpose} {self.reached}"


@personal(text="text")
class Said(models.Model):
    """往来 — one text between the reporter and us, on the reporter's page. ``by`` is empty for the reporter."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="said", db_index=False)
    at = models.DateTimeField()
    by = models.CharField(max_length=150, blank=True)
    text = models.CharField(max_length=1000)

    class Meta:
        ordering = ["issue_id", "id"]
        indexes = [models.Index(fields=["issue", "id"], name="said_of_issue")]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.at:%Y-%m-%d %H:%M}"


@personal(name="name", reason="text")
class PanelVote(models.Model):
    """申诉评审 — one of three votes on an appeal. ``is_outside``: of somebody who does not work here (体验官)."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="votes", db_index=False)
    no = models.PositiveSmallIntegerField()
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    name = models.CharField(max_length=60)
    is_outside = models.BooleanField(default=False)
    upholds = models.BooleanField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["issue_id", "no"]
        constraints = [
            models.UniqueConstraint(fields=["issue", "no"], name="panel_vote_once"),
            models.CheckConstraint(
                condition=Q(is_outside=True, person__isnull=True) | Q(is_outside=False, person__isnull=False),
                name="panel_inside_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issue_id}/{self.no}"


class Kin(models.Model):
    """相关问题 — two issues that belong together without being the same."""

    a = models.ForeignKey(Issue, models.PROTECT, related_name="+")
    b = models.ForeignKey(Issue, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=150)

    class Meta:
        ordering = ["a_id", "b_id"]
        constraints = [
            models.UniqueConstraint(fields=["a", "b"], name="kin_once"),
            models.CheckConstraint(condition=Q(a__lt=F("b")), name="kin_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.a_id} ~ {self.b_id}"


class RelayQuerySet(models.QuerySet["Relay"]):
    def seen_by(self, person: Any) -> RelayQuerySet:
        """What this account has sent; nobody else's."""
        return self.filter(account=person).select_related("issue__merged_into", "issue__item")


class Relay(models.Model):
    """转来单 — an issue that another system (12345, a leaders' mailbox) has sent, under that system's own number. ``account`` is
    the one by which it calls; it reads its own ones only. ``changed_at``: when there was last news for it."""

    issue = models.OneToOneField(Issue, models.PROTECT, related_name="relay")
    account = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    own_number = models.CharField(max_length=40)
    changed_at = models.DateTimeField()

    objects = RelayQuerySet.as_manager()

    class Meta:
        ordering = ["changed_at", "id"]
        indexes = [models.Index(fields=["account", "changed_at", "id"], name="relay_news")]

    def __str__(self) -> str:
        return self.own_number


class Term(models.Model):
    """词 — what an issue's text is compared by: its words, pairs of characters, characters (words.py, similar.py)."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="terms", db_index=False)
    term = models.CharField(max_length=20)

    class Meta:
        ordering = ["issue_id", "term"]
        constraints = [models.UniqueConstraint(fields=["issue", "term"], name="term_once")]
        indexes = [models.Index(fields=["term", "issue"], name="term_of")]

    def __str__(self) -> str:
        return f"{self.issue_id} {self.term}"


def slip_code() -> str:
    return "".join(secrets.choice(PLAIN) for _ in range(12))


class RefusalQuerySet(models.QuerySet["Refusal"]):
    def seen_by(self, person: By) -> RefusalQuerySet:
        """Bureau and leaders all; a hall's clerks and manager those said there; a department those about its items."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        halls = person.halls_as(Role.CLERK, Role.HALL_MANAGER)
        offices = person.offices_as(Role.APPROVER, Role.HEAD)
        return self.filter(Q(hall_id__in=halls) | Q(item__office_id__in=offices))

    def between(self, start: dt.datetime, end: dt.datetime) -> RefusalQuerySet:
        return self.filter(at__gte=start, at__lt=end)


@personal(note="text")
class Refusal(models.Model):
    """否定报备 — one "no" said at a window: to which item, why, on which legal basis. Nobody's name is in it. Its slip leads
    to an issue by one scan. Never changed: the database refuses it; what became of it is the issue with this ``source``."""

    code = models.CharField(max_length=12, default=slip_code)
    at = models.DateTimeField()
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+", db_index=False)
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    clerk = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=30)
    basis = models.CharField(max_length=200)
    note = models.CharField(max_length=400, blank=True)
    application = models.CharField(max_length=14, blank=True)

    objects = RefusalQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="refusal_code"),
            models.UniqueConstraint(
                fields=["application"], condition=~Q(application=""), name="refusal_once_an_application"
            ),
            models.CheckConstraint(condition=~Q(basis="") & ~Q(reason=""), name="refusal_has_basis"),
        ]
        indexes = [
            models.Index(fields=["hall", "-at"], name="refusal_hall"),
            models.Index(fields=["item", "-at"], name="refusal_item"),
            models.Index(fields=["-at", "-id"], name="refusal_at"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.reason} {timezone.localdate(self.at)}"

    @property
    def shown_code(self) -> str:
        return f"{self.code[:4]}-{self.code[4:8]}-{self.code[8:]}"


class NoWeek(models.Model):
    """周报 — a week whose "no"s were counted and told of on Monday morning: how many, and how many of them became issues."""

    monday = models.DateField()
    told_at = models.DateTimeField()
    n = models.PositiveIntegerField()
    became = models.PositiveIntegerField()

    class Meta:
        ordering = ["-monday"]
        constraints = [models.UniqueConstraint(fields=["monday"], name="no_week_once")]

    def __str__(self) -> str:
        return f"{self.monday}"


@personal(words="text", signed_by="name")
class WeekReview(models.Model):
    """复盘 — what somebody of the bureau has seen in the "no"s of a week and decided. Never changed: the database refuses it.
    ``decisions``: ``{"kind": …, "item": code or "", "text": …}``, kinds as those of preventions."""

    week = models.OneToOneField(NoWeek, models.PROTECT, related_name="review")
    at = models.DateTimeField()
    signed_by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    words = models.CharField(max_length=1000)
    decisions: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        ordering = ["-week_id"]
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="week_review_has_words")]

    def __str__(self) -> str:
        return f"{self.week_id} {self.signed_by_id}"
