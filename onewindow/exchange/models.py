"""What we already know: the library of materials by holder, each reuse, shared data sets, grants, and every call."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.signing import Signer
from django.db import models
from django.db.models import Q
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases.models import Attachment
from onewindow.exchange import kinds
from onewindow.org.models import Office, Person
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.org.sealed import SealedField, digest

if TYPE_CHECKING:
    from onewindow.cases.rules import By


class Origin(models.TextChoices):
    HANDED_IN = "handed_in", _("Handed in before")
    ISSUED = "issued", _("Issued here")
    EXTRACT = "extract", _("From a register")


def material_key() -> str:
    return secrets.token_urlsafe(12)


#: Whose library somebody may see besides, by apps above: called with the person, gives the digests of the holders.
SEEN_BESIDES: list[Callable[[Any], Iterable[str]]] = []


def holders_seen_by(person: Any) -> set[str]:
    """Digests of the holders whose library is this person's to see: the own enterprise's, and what an account may see."""
    if not isinstance(person, Person) or not person.is_active:
        return set()
    own = {digest(person.uscc)} if person.has_role(Role.ENTERPRISE) and person.uscc else set()
    return own.union(*(further(person) for further in SEEN_BESIDES))


class MaterialQuerySet(models.QuerySet["Material"]):
    def of(self, id_number: str) -> MaterialQuerySet:
        """All of one holder, found by the digest of the identity number."""
        return self.filter(holder_digest=digest(id_number)) if id_number else self.none()

    def usable(self, day: dt.date) -> MaterialQuerySet:
        """Neither expired nor revoked nor replaced on that day."""
        return self.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=day),
            revoked_at__isnull=True,
            replaced_by__isnull=True,
        )

    def for_matter(self, number: str) -> MaterialQuerySet:
        """All but extracts that were fetched for another matter: data are used for the purpose that they were asked for."""
        return self.exclude(~Q(source=number), origin=Origin.EXTRACT)

    def unused_extracts(self, before: dt.datetime) -> MaterialQuerySet:
        """Extracts of an older day that no application has used."""
        return self.filter(
            origin=Origin.EXTRACT, added_at__lt=before, uses__isnull=True, replaced_by__isnull=True
        )

    def seen_by(self, person: By) -> MaterialQuerySet:
        """Everybody his own and that of the enterprises he acts for; nobody has a list of other people's papers."""
        return self.filter(holder_digest__in=holders_seen_by(person))


@personal(holder_digest="secret", document_no="identity number", body="text")
class Material(models.Model):
    """材料库 — one material of one holder: handed in before, issued here, or an extract of a register.

    ``source`` is the number under which it came (an application, a licence), ``no`` which of that source's. ``body`` holds
    the facts of an extract as canonical JSON, sealed; ``sha256`` is of that text or of the file, ``signature`` ties it to
    where it came from.
    """

    key = models.CharField(max_length=24, default=material_key)
    holder_kind = models.CharField(max_length=10)
    holder_digest = models.CharField(max_length=32)
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200, blank=True)
    origin = models.CharField(max_length=10, choices=Origin)
    issuer = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=40)
    no = models.PositiveSmallIntegerField(default=0)
    about = models.CharField(max_length=120, blank=True)
    document_no = SealedField(blank=True)
    issued_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    attachment = models.ForeignKey(Attachment, models.PROTECT, null=True, blank=True, related_name="+")
    dataset = models.ForeignKey("Dataset", models.PROTECT, null=True, blank=True, related_name="+")
    reference = models.CharField(max_length=120, blank=True)
    body = SealedField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    signature = models.CharField(max_length=64, blank=True)
    added_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=200, blank=True)
    replaced_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    objects = MaterialQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="material_key"),
            models.UniqueConstraint(fields=["source", "no", "kind", "origin"], name="material_once"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoked_reason=""),
                name="material_revoked_has_reason",
            ),
        ]
        indexes = [models.Index(fields=["holder_digest", "kind"], name="material_of_holder")]

    def __str__(self) -> str:
        return f"{self.title} {self.source}"

    @property
    def name(self) -> str:
        return self.title

    @property
    def name_en(self) -> str:
        return self.title_en

    @property
    def needs_consent(self) -> bool:
        """What somebody handed in for one matter may serve another one only with his consent (个人信息保护法 13, 14)."""
        return self.origin == Origin.HANDED_IN

    @property
    def facts(self) -> dict[str, Any]:
        """What an extract says: field code → value."""
        return json.loads(self.body) if self.body else {}

    @property
    def is_intact(self) -> bool:
        """Whether an extract still says what the register said."""
        return bool(self.signature) and constant_time_compare(self.signature, signed(self))


def canonical(facts: dict[str, Any]) -> str:
    """One spelling of the same facts: keys sorted, nothing between."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def signed(m: Material) -> str:
    """The keyed signature (HMAC-SHA-256) over an extract's facts and where they came from."""
    said = "\n".join(
        [m.source, m.kind, m.holder_digest, m.issuer, m.issued_on.isoformat(), m.reference, m.body]
    )
    value = Signer(key=settings.FIELD_KEY, salt="exchange.extract").signature(said)
    return hashlib.sha256(value.encode()).hexdigest()


class Basis(models.TextChoices):
    CONSENT = "consent", _("With the holder's consent")
    DUTY = "duty", _("By statutory duty")


class Given(models.TextChoices):
    """How the holder agreed."""

    COUNTER = "counter", _("Said at the window, ticked by the clerk")
    SIGNATURE = "signature", _("Signed")
    ONLINE = "online", _("Chosen online by the holder")
    NONE = "", _("Not needed")


class Reuse(models.Model):
    """复用记录 — one material that was not asked for again: in which case, on which basis, valid until when as seen then.

    The database refuses to change it. ``office``, ``hall`` and ``item`` are the codes at that time.
    """

    number = models.CharField(max_length=14)
    no = models.PositiveSmallIntegerField()
    material = models.ForeignKey(Material, models.PROTECT, related_name="uses")
    kind = models.CharField(max_length=60)
    origin = models.CharField(max_length=10, choices=Origin)
    issuer = models.CharField(max_length=60, blank=True)
    basis = models.CharField(max_length=10, choices=Basis)
    article = models.CharField(max_length=120)
    given = models.CharField(max_length=10, choices=Given, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    office = models.CharField(max_length=20)
    hall = models.CharField(max_length=20, blank=True)
    item = models.CharField(max_length=64)
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["number", "no", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(article=""), name="reuse_names_its_article"),
            models.CheckConstraint(
                condition=~Q(basis="consent") | ~Q(given=""), name="reuse_consent_is_given"
            ),
        ]
        indexes = [
            models.Index(fields=["number"], name="reuse_of_case"),
            models.Index(fields=["at"], name="reuse_at"),
        ]

    def __str__(self) -> str:
        return f"{self.number}/{self.no} {self.kind}"


# --- shared data -------------------------------------------------------------------------------------------


class Sharing(models.TextChoices):
    """共享属性 — 政务数据共享条例: unconditional, conditional, not shared."""

    OPEN = "open", _("Shared without condition")
    CONDITIONAL = "conditional", _("Shared on condition")
    CLOSED = "closed", _("Not shared")


class Sensitivity(models.TextChoices):
    PUBLIC = "public", _("Public")
    INTERNAL = "internal", _("Internal")
    PERSONAL = "personal", _("Personal data")
    SENSITIVE = "sensitive", _("Sensitive personal data")


class Dataset(models.Model):
    """共享数据 — what one office knows and others may ask for, one holder at a time. Data sets are never handed over whole.

    ``fields``: list of ``{code, name, name_en}``. ``kind``: the kind of material that an extract stands in for.
    ``valid_days``: how many days an extract may be used (0: only on its day).
    """

    code = models.CharField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=120)
    owner = models.ForeignKey(Office, models.PROTECT, related_name="datasets", verbose_name=_("owner"))
    kind = models.CharField(_("stands in for"), max_length=60)
    fields: models.JSONField[Any, Any] = models.JSONField(_("fields"), default=list)
    legal_basis = models.CharField(_("legal basis"), max_length=200)
    sharing = models.CharField(_("sharing"), max_length=12, choices=Sharing)
    sensitivity = models.CharField(_("sensitivity"), max_length=10, choices=Sensitivity)
    method = models.CharField(_("register"), max_length=30)
    valid_days = models.PositiveSmallIntegerField(_("extract usable for days"), default=30)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="dataset_code"),
            models.CheckConstraint(condition=~Q(legal_basis=""), name="dataset_has_basis"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def material(self) -> kinds.Kind:
        """The kind of material that an extract stands in for."""
        return kinds.kind(self.kind)

    def fields_named(self, codes: list[str]) -> list[dict[str, str]]:
        """Those of the fields, in the data set's order."""
        return [f for f in self.fields if f["code"] in codes]


class GrantState(models.TextChoices):
    ASKED = "asked", _("Asked for")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Not approved")
    REVOKED = "revoked", pgettext_lazy("access", "Revoked")


class GrantQuerySet(models.QuerySet["Grant"]):
    def seen_by(self, person: By) -> GrantQuerySet:
        """The bureau and leaders see all; an office those that it asked for and those that it is asked for."""
        if not isinstance(person, Person) or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        mine = person.offices_as(Role.HEAD, Role.APPROVER)
        return self.filter(Q(office_id__in=mine) | Q(dataset__owner_id__in=mine))

    def in_force(self, day: dt.date) -> GrantQuerySet:
        return self.filter(
            Q(until__isnull=True) | Q(until__gte=day), state=GrantState.APPROVED, starts_on__lte=day
        )

    def with_facts(self) -> GrantQuerySet:
        return self.select_related("dataset__owner", "office")


class Grant(models.Model):
    """授权 — what one office may ask of a data set: for which item, what for, on which basis, which fields, how long.

    ``item`` empty: all items of the office. Nothing is overwritten: a changed grant is a new one.
    """

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="grants")
    office = models.ForeignKey(Office, models.PROTECT, related_name="grants", verbose_name=_("department"))
    item = models.CharField(_("item"), max_length=64, blank=True)
    purpose = models.CharField(_("purpose"), max_length=200)
    legal_basis = models.CharField(_("legal basis"), max_length=200)
    fields: models.JSONField[Any, Any] = models.JSONField(_("fields"), default=list)
    starts_on = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)
    state = models.CharField(max_length=10, choices=GrantState, default=GrantState.ASKED)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=150)
    answer_by = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    answer = models.CharField(max_length=200, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=150, blank=True)
    revoked_reason = models.CharField(max_length=200, blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(purpose="") & ~Q(legal_basis=""), name="grant_has_purpose"),
            models.CheckConstraint(
                condition=Q(state="asked") | Q(answered_at__isnull=False), name="grant_is_answered"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoked_reason=""), name="grant_revoked_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("starts_on")),
                name="grant_days_in_order",
            ),
        ]
        indexes = [models.Index(fields=["office", "state"], name="grant_of_office")]

    def __str__(self) -> str:
        return f"{self.dataset} → {self.office}"

    @property
    def named_fields(self) -> list[dict[str, str]]:
        return self.dataset.fields_named(self.fields)


class Outcome(models.TextChoices):
    FOUND = "found", pgettext_lazy("register", "Answered")
    NOT_FOUND = "not_found", _("Not in the register")
    UNAVAILABLE = "unavailable", _("Register not available")
    REFUSED = "refused", _("Turned down")


class CallQuerySet(models.QuerySet["Call"]):
    def seen_by(self, person: By) -> CallQuerySet:
        """The bureau sees every call; the head of an office those on its data and those for its items; anybody his own."""
        if not isinstance(person, Person) or not person.is_active or not person.works_here:
            return self.none()
        if person.has_role(Role.BUREAU):
            return self
        offices = Office.objects.filter(pk__in=person.offices_as(Role.HEAD))
        mine = Q(by=person.username) | Q(dataset__owner__in=offices)
        return self.filter(mine | Q(office__in=list(offices.values_list("code", flat=True))))


@personal(subject_digest="secret")
class Call(models.Model):
    """调用日志 — one question to a data set: who, when, for which case, on which basis, which fields, about whom (a digest),
    what came of it. Append-only; kept at least three years (个人信息保护法 55, 56): the database refuses to delete a younger one.
    """

    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="calls")
    grant = models.ForeignKey(Grant, models.PROTECT, null=True, blank=True, related_name="calls")
    number = models.CharField(max_length=14, blank=True)
    office = models.CharField(max_length=20, blank=True)
    item = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=200)
    legal_basis = models.CharField(max_length=200, blank=True)
    fields: models.JSONField[Any, Any] = models.JSONField(default=list)
    subject_digest = models.CharField(max_length=32, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome)
    reason = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    milliseconds = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            # no data without a grant and a case
            models.CheckConstraint(
                condition=~Q(outcome="found") | (Q(grant__isnull=False) & ~Q(number="")),
                name="call_has_grant",
            ),
        ]
        indexes = [
            models.Index(fields=["number"], name="call_of_case"),
            models.Index(fields=["-at", "-id"], name="call_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.by} {self.dataset_id} {self.outcome}"
