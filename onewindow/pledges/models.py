"""承诺: what an applicant may lawfully put off (容缺后补) or only promise (告知承诺): named, dated, with a consequence."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onewindow.cases.models import Attachment, Case, CaseQuerySet
from onewindow.cases.rules import Actor, By
from onewindow.catalog.models import Item
from onewindow.org.models import Hall
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.org.sealed import digest


class Kind(models.TextChoices):
    DEFERRAL = "deferral", _("Material to follow")
    COMMITMENT = "commitment", _("Written commitment")


class Status(models.TextChoices):
    PROMISED = "promised", _("Owed")
    KEPT = "kept", _("Kept")
    BROKEN = "broken", _("Broken")
    ENFORCED = "enforced", _("Broken, consequence drawn")
    LAPSED = "lapsed", _("No longer owed")


#: what stays on record against a new commitment
ON_RECORD = (Status.BROKEN, Status.ENFORCED)


class PledgeQuerySet(CaseQuerySet):
    def seen_by(self, person: By) -> PledgeQuerySet:
        """As the application is seen: clerks and hall managers their halls, departments their own, bureau and leaders all, an
        enterprise its own, an applicant those of the one application of the link."""
        if isinstance(person, Actor):
            return self.filter(application=person.number) if person.kind == "applicant" else self.none()
        if not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        mine = Q(pk__in=[])
        if halls := person.halls_as(Role.CLERK, Role.HALL_MANAGER):
            mine |= Q(hall_id__in=halls)
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            mine |= Q(office_id__in=offices)
        if person.has_role(Role.ENTERPRISE) and person.uscc:
            mine |= Q(holder_digest=digest(person.uscc))
        return self.filter(mine)

    def of(self, application: str) -> PledgeQuerySet:
        """All of one application, in the order of its materials."""
        return self.filter(application=application).order_by("spec_no", "id")

    def on_record(self, id_number: str, since: dt.datetime) -> PledgeQuerySet:
        """What this holder has broken since that instant and was not cleared of."""
        return self.filter(
            holder_digest=digest(id_number), status__in=ON_RECORD, broken_at__gte=since
        ).order_by("-id")

    def with_facts(self) -> PledgeQuerySet:
        """With what a row or page of it needs, in one query."""
        return self.select_related("office", "hall", "item", "attachment")


@personal(holder_digest="secret", reason="text", note="text")
class Pledge(Case):
    """承诺 — one material that follows later, or one written commitment that is checked later."""

    KIND: ClassVar[str] = "pledge"
    PREFIX: ClassVar[str] = "C"

    application = models.CharField(_("application"), max_length=14)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, related_name="+", db_index=False)
    holder_digest = models.CharField(max_length=32)
    spec_no = models.PositiveSmallIntegerField(default=0)
    what = models.CharField(_("what is owed"), max_length=200)
    what_en = models.CharField(max_length=300)
    form = models.CharField(max_length=12, blank=True)
    attachment = models.ForeignKey(Attachment, models.PROTECT, null=True, blank=True, related_name="+")
    owed_until = models.DateTimeField(null=True, blank=True)
    kept_at = models.DateTimeField(null=True, blank=True)
    broken_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    note = models.CharField(max_length=400, blank=True)
    statement = models.CharField(max_length=400, blank=True)

    objects = PledgeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="pledge_number"),
            models.UniqueConstraint(fields=["application", "kind", "spec_no"], name="pledge_once"),
            models.CheckConstraint(
                condition=~Q(status="broken") | Q(broken_at__isnull=False), name="pledge_broken_has_date"
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "due_at", "id"], condition=Q(closed_at__isnull=True), name="pledge_desk"
            ),
            models.Index(
                fields=["hall", "due_at", "id"], condition=Q(closed_at__isnull=True), name="pledge_hall"
            ),
            models.Index(fields=["wake_at", "id"], condition=Q(wake_at__isnull=False), name="pledge_wake"),
            models.Index(fields=["holder_digest", "status"], name="pledge_holder"),
            models.Index(fields=["office", "-opened_at", "-id"], name="pledge_office"),
            models.Index(fields=["hall", "-opened_at", "-id"], name="pledge_hall_day"),
            models.Index(fields=["-opened_at", "-id"], name="pledge_day"),
        ]

    @property
    def status_label(self) -> str:
        return str(Status(self.status).label)

    @property
    def is_deferral(self) -> bool:
        return self.kind == Kind.DEFERRAL

    @property
    def name(self) -> str:
        """For ``|local``: what is owed, in Chinese."""
        return self.what

    @property
    def name_en(self) -> str:
        return self.what_en

    @property
    def consequence(self) -> str:
        """What the law and the applicant's own promise attach to a breach; printed in the letters, hence Chinese."""
        if self.is_deferral:
            return "未决定的视为撤回申请；已决定的予以撤销"
        return "撤销许可，记入信用记录，不再适用告知承诺"
