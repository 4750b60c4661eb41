"""证照: the register of what was granted: whose, for what, from when to when, under which conditions, and what became of it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases.rules import Actor, By
from onewindow.catalog.models import Item
from onewindow.org.calendar import ZONE
from onewindow.org.masking import mask_id, mask_name
from onewindow.org.models import Office
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.org.sealed import SealedField, digest

#: Letters and digits that can't be mistaken for one another on paper.
PLAIN = "23456789BCDFGHJKMNPQRSTVWXYZ"


def new_code() -> str:
    """Ten plain characters that open the public check of one licence, as those of a letter do."""
    return "".join(secrets.choice(PLAIN) for _ in range(10))


class State(models.TextChoices):
    VALID = "valid", pgettext_lazy("licence", "In force")
    SUSPENDED = "suspended", _("Put on hold")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")
    CANCELLED = "cancelled", pgettext_lazy("licence", "Cancelled")


#: 行政许可法 70: when a licence is struck off the register.
CANCEL_REASONS = {
    "not_renewed": _("Validity over and not renewed (行政许可法 70(1))"),
    "death": _("The natural person died or lost capacity (70(2))"),
    "dissolved": _("The legal person or organisation has ended (70(3))"),
    "taken_back": _("The licence was revoked, withdrawn or taken away (70(4))"),
    "force_majeure": _("Force majeure: it can no longer be carried out (70(5))"),
    "own_wish": _("The holder gives it up (70(6))"),
}


#: Who may see licences besides, by apps above: called with the person, gives the condition (an account sees its own).
SEEN_BESIDES: list[Callable[[Any], Q]] = []


class LicenceQuerySet(models.QuerySet["Licence"]):
    def seen_by(self, person: By) -> LicenceQuerySet:
        """Departments their own, window clerks, hall managers, bureau and leaders all (the register is public in part),
        an enterprise or an account its own; nobody else anything."""
        if isinstance(person, Actor):
            return self.filter(application=person.number) if person.kind == "applicant" else self.none()
        if not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER, Role.CLERK, Role.HALL_MANAGER):
            return self
        mine = Q(pk__in=[])
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            mine |= Q(office_id__in=offices)
        if person.has_role(Role.ENTERPRISE) and person.uscc:
            mine |= Q(id_digest=digest(person.uscc))
        for further in SEEN_BESIDES:
            mine |= further(person)
        return self.filter(mine)

    def held_by(self, id_number: str) -> LicenceQuerySet:
        """All that one person or enterprise holds or held, the newest first."""
        return self.filter(id_digest=digest(id_number)).order_by("-id")

    def in_force(self) -> LicenceQuerySet:
        return self.filter(state=State.VALID)

    def due(self, today: dt.date) -> LicenceQuerySet:
        """Those that want an alert or whose end has come, the oldest first; one indexed column."""
        return self.filter(next_alert_on__lte=today).order_by("next_alert_on", "id")

    def with_facts(self) -> LicenceQuerySet:
        return self.select_related("office", "item")


@personal(
    holder_name="name",
    id_number="identity number",
    id_digest="secret",
    verify_code="secret",
    conditions="text",
)
class Licence(models.Model):
    """证照 — one entry of the register. What happens to it is a chain of events of its own number, as with a case;
    nothing is ever deleted. ``version`` and ``head`` are those of its last event."""

    KIND: ClassVar[str] = "licence"
    PREFIX: ClassVar[str] = "L"

    number = models.CharField(_("number"), max_length=14)
    identifier = models.CharField(_("e-licence identifier"), max_length=120)
    edition = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(_("licence"), max_length=120)
    title_en = models.CharField(max_length=200, blank=True)
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", db_index=False)
    office = models.ForeignKey(Office, models.PROTECT, related_name="+", db_index=False)
    holder_kind = models.CharField(max_length=10)
    holder_name = models.CharField(_("holder"), max_length=120)
    id_type = models.CharField(max_length=20)
    id_number = SealedField()
    id_digest = models.CharField(max_length=32)
    application = models.CharField(max_length=14)
    latest = models.CharField(max_length=14)
    conditions = models.CharField(_("conditions"), max_length=400, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.VALID)
    issued_at = models.DateTimeField()
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    validity = models.CharField(max_length=10, blank=True)
    next_alert_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    verify_code = models.CharField(max_length=12, default=new_code)
    version = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)

    objects = LicenceQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="licence_number"),
            models.UniqueConstraint(fields=["identifier"], name="licence_identifier"),
            models.UniqueConstraint(fields=["verify_code"], name="licence_verify_code"),
            models.UniqueConstraint(fields=["application"], name="licence_once"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                name="licence_days_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_alert_on", "id"],
                condition=Q(next_alert_on__isnull=False),
                name="licence_next_alert",
            ),
            models.Index(fields=["id_digest", "-id"], name="licence_holder"),
            models.Index(fields=["office", "state", "-id"], name="licence_office"),
            models.Index(fields=["holder_name"], name="licence_name"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def name(self) -> str:
        """For ``|local``."""
        return self.title

    @property
    def name_en(self) -> str:
        return self.title_en or self.title

    @property
    def masked_name(self) -> str:
        return mask_name(self.holder_name, kind=self.holder_kind)

    @property
    def masked_id(self) -> str:
        return self.id_number if self.id_type == "uscc" else mask_id(self.id_number)

    @property
    def is_in_force(self) -> bool:
        return self.state == State.VALID

    @property
    def has_ended(self) -> bool:
        return self.state in (State.EXPIRED, State.REVOKED, State.CANCELLED)

    @property
    def expires_at(self) -> dt.datetime | None:
        """The instant at which it is no longer valid: midnight after its last day."""
        if self.valid_to is None:
            return None
        return dt.datetime.combine(self.valid_to + dt.timedelta(days=1), dt.time(), ZONE)

    @property
    def verify_url(self) -> str:
        return f"{settings.BASE_URL}/verify/?code={self.verify_code}"
