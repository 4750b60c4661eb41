"""办件: what one person or enterprise asked for, the papers that came with it and those that we gave back."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.approvals.models import Approval
from onewindow.cases.models import Attachment, Case, CaseQuerySet
from onewindow.cases.rules import Actor, By
from onewindow.catalog.models import Bundle, Item, ItemVersion, MaterialSpec
from onewindow.exchange.models import Material
from onewindow.org.masking import mask_id, mask_mobile, mask_name
from onewindow.org.models import Counter, Hall, number
from onewindow.org.privacy import personal
from onewindow.org.roles import Role
from onewindow.org.sealed import SealedField, digest

#: Letters and digits that can't be mistaken for one another on the phone or on paper.
PLAIN = "23456789BCDFGHJKMNPQRSTVWXYZ"


class Status(models.TextChoices):
    SUBMITTED = "submitted", _("Submitted")
    RECEIVED = "received", _("Received")
    CORRECTING = "correcting", _("Waiting for corrections")
    NOT_ACCEPTED = "not_accepted", _("Not accepted")
    EXAMINING = "examining", _("Being examined")
    SUSPENDED = "suspended", _("Suspended")
    FORWARDED = "forwarded", _("Forwarded to a higher authority")
    DECIDED = "decided", _("Decided")
    DELIVERED = "delivered", _("Delivered")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    VOIDED = "voided", _("Voided")
    REVOKED = "revoked", _("Revoked")


class Result(models.TextChoices):
    GRANT = "grant", _("Granted")
    REFUSE = "refuse", _("Refused")


class ApplicantKind(models.TextChoices):
    PERSON = "person", _("Person")
    ENTERPRISE = "enterprise", _("Enterprise")


class IdType(models.TextChoices):
    CITIZEN = "citizen_id", _("Citizen identity card")
    USCC = "uscc", _("Unified social credit code")
    PASSPORT = "passport", _("Passport")
    HK_MACAO = "hk_macao_permit", _("Permit for Hong Kong and Macao residents")
    TAIWAN = "taiwan_permit", _("Permit for Taiwan residents")
    FOREIGN = "foreign_residence", _("Foreign permanent residence card")


class Channel(models.TextChoices):
    COUNTER = "counter", _("At the window")
    ONLINE = "online", _("Online")
    API = "api", _("Through another system")


class DeliveryForm(models.TextChoices):
    COUNTER = "counter", _("Collect at the window")
    ELECTRONIC = "electronic", _("Electronic")
    POST = "post", _("By post")


#: What apps above let a person see besides (an applicant's account: its own cases and those it is empowered for).
SEEN_BESIDES: list[Callable[[Any], Q]] = []


class ApplicationQuerySet(CaseQuerySet):
    def seen_by(self, person: By) -> ApplicationQuerySet:
        """What this person may see: clerks and hall managers their halls, departments their own and those they take part in,
        bureau and leaders all, an enterprise its own, an applicant the one case of the link; nobody else anything."""
        if isinstance(person, Actor):
            return self.filter(number=person.number) if person.kind == "applicant" else self.none()
        if not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        mine = Q(pk__in=[])
        if halls := person.halls_as(Role.CLERK, Role.HALL_MANAGER):
            mine |= Q(hall_id__in=halls)
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            mine |= Q(office_id__in=offices)
            shares = Approval.objects.filter(office_id__in=offices)
            mine |= Q(number__in=shares.values("application"))
        if person.has_role(Role.ENTERPRISE) and person.uscc:
            mine |= Q(id_digest=digest(person.uscc))
        for further in SEEN_BESIDES:
            mine |= further(person)
        return self.filter(mine)

    def held_by(self, id_number: str) -> ApplicationQuerySet:
        """All that one person or enterprise has applied for."""
        return self.filter(id_digest=digest(id_number))

    def with_facts(self) -> ApplicationQuerySet:
        """With what a row or page of it needs, in one query."""
        return self.select_related("office", "item", "item_version", "hall", "counter")


@personal(
    applicant_name="name",
    id_number="identity number",
    id_digest="secret",
    mobile="mobile",
    mobile_digest="secret",
    contact="name",
    agent_name="name",
    agent_id_number="identity number",
    agent_mobile="mobile",
    track_digest="secret",
    track_token="secret",  # noqa: S106
    query_code="secret",
    address="text",
    answers="text",
    heard="text",
)
class Application(Case):
    """办件 — one application for one item. The department must decide it."""

    KIND: ClassVar[str] = "application"
    WOKEN_WITH: ClassVar[tuple[str, ...]] = ("office", "hall", "item_version")
    PREFIX: ClassVar[str] = "A"

    item = models.ForeignKey(Item, models.PROTECT, related_name="+", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+", db_index=False)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, related_name="+", db_index=False)
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    channel = models.CharField(max_length=10, choices=Channel)
    applicant_kind = models.CharField(max_length=10, choices=ApplicantKind)
    applicant_name = models.CharField(_("applicant"), max_length=120)
    id_type = models.CharField(max_length=20, choices=IdType)
    id_number = SealedField()
    id_digest = models.CharField(max_length=32)
    mobile = SealedField()
    mobile_digest = models.CharField(max_length=32)
    contact = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=200, blank=True)
    agent_name = models.CharField(max_length=60, blank=True)
    agent_id_number = SealedField(blank=True)
    agent_mobile = SealedField(blank=True)
    delivery_form = models.CharField(max_length=12, choices=DeliveryForm, default=DeliveryForm.COUNTER)
    lang = models.CharField(max_length=10, default="zh-hans")

    received_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    decision_due_at = models.DateTimeField(null=True, blank=True)
    decision_legal_due_at = models.DateTimeField(null=True, blank=True)
    is_deemed = models.BooleanField(_("deemed accepted"), default=False)
    result = models.CharField(max_length=10, choices=Result, blank=True)
    reason_code = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    correction_note = models.CharField(max_length=400, blank=True)
    corrections_told = models.PositiveSmallIntegerField(default=0)
    correct_until = models.DateField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)

    parent = models.CharField(max_length=14, blank=True)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    answers = SealedField(blank=True)
    renews = models.CharField(max_length=80, blank=True)
    renew_by = models.DateTimeField(null=True, blank=True)
    is_joint = models.BooleanField(_("handled by several departments together"), default=False)
    on_commitment = models.BooleanField(_("on a written commitment"), default=False)
    is_preliminary = models.BooleanField(_("preliminary result"), default=False)
    pledge_count = models.PositiveSmallIntegerField(default=0)
    final_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    heard = models.CharField(max_length=400, blank=True)
    hearing_until = models.DateTimeField(null=True, blank=True)
    forwarded_at = models.DateTimeField(null=True, blank=True)
    forwarded_to = models.CharField(max_length=80, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    bounces = models.PositiveSmallIntegerField(default=0)

    track_digest = models.CharField(max_length=64)
    track_token = SealedField()
    query_code = SealedField()

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="application_number"),
            models.UniqueConstraint(fields=["track_digest"], name="application_track"),
            models.CheckConstraint(
                condition=Q(result="") | Q(decided_at__isnull=False), name="application_result_has_date"
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "due_at", "id"],
                condition=Q(closed_at__isnull=True),
                name="application_desk",
            ),
            models.Index(
                fields=["hall", "status", "id"], condition=Q(closed_at__isnull=True), name="application_hall"
            ),
            models.Index(
                fields=["wake_at", "id"], condition=Q(wake_at__isnull=False), name="application_wake"
            ),
            models.Index(fields=["id_digest", "item"], name="application_holder"),
            models.Index(fields=["mobile_digest"], name="application_mobile"),
            models.Index(fields=["office", "-opened_at", "-id"], name="application_office"),
            models.Index(fields=["hall", "-opened_at", "-id"], name="application_hall_day"),
            models.Index(fields=["-opened_at", "-id"], name="application_day"),
            models.Index(
                fields=["decided_at"], condition=Q(decided_at__isnull=False), name="application_decided"
            ),
            models.Index(fields=["applicant_name"], name="application_name"),
            models.Index(fields=["parent"], condition=~Q(parent=""), name="application_parent"),
        ]

    @property
    def status_label(self) -> str:
        return str(Status(self.status).label)

    @property
    def masked_name(self) -> str:
        return mask_name(self.applicant_name, kind=self.applicant_kind)

    @property
    def masked_id(self) -> str:
        return self.id_number if self.id_type == IdType.USCC else mask_id(self.id_number)

    @property
    def masked_mobile(self) -> str:
        return mask_mobile(self.mobile)

    @property
    def result_code(self) -> str:
        """办结结果 — the provincial code: 0 issued, 1 refused, 2 void, 4 forwarded, 5 withdrawn, 6 not accepted; empty
        while it is open. 3 (deleted) is never given: nothing is deleted here."""
        if self.status in RESULT_CODES:
            return RESULT_CODES[self.status]
        return {Result.GRANT.value: "0", Result.REFUSE.value: "1"}.get(self.result, "")

    @property
    def is_renewal(self) -> bool:
        return bool(self.renews and self.renew_by)

    @property
    def asked_in_time(self) -> bool:
        """Whether a renewal was asked for 30 days before the expiry or earlier (行政许可法 50(1))."""
        if not self.renew_by:
            return False
        asked, expiry = timezone.localdate(self.opened_at), timezone.localdate(self.renew_by)
        return (expiry - asked).days >= number("renewal_days")

    @property
    def renewal_deemed_at(self) -> dt.datetime | None:
        """The instant after which silence renews the licence (行政许可法 50(2)): its expiry, if the renewal was asked for
        in time and accepted before it. None where the law gives no such effect."""
        if not self.renews or not self.renew_by or not self.accepted_at:
            return None
        return self.renew_by if self.accepted_at <= self.renew_by and self.asked_in_time else None

    @property
    def track_path(self) -> str:
        """The applicant's own page; the token in it is the key to this one case."""
        return f"/t/{self.track_token}"

    @property
    def track_url(self) -> str:
        return f"{settings.BASE_URL}{self.track_path}"


RESULT_CODES = {
    Status.VOIDED.value: "2",
    Status.FORWARDED.value: "4",
    Status.WITHDRAWN.value: "5",
    Status.NOT_ACCEPTED.value: "6",
}


def token_digest(token: str) -> str:
    """What is stored of a link token for look-ups: its SHA-256 (the token has 128 random bits, so no salt is needed)."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_track_token() -> str:
    """A link token with 128 random bits."""
    return secrets.token_urlsafe(16)


def new_query_code() -> str:
    """Six plain characters that together with the number open the status page (28^6 ≈ 482 million)."""
    return "".join(secrets.choice(PLAIN) for _ in range(6))


class DocumentForm(models.TextChoices):
    PAPER = "paper", _("Paper")
    ELECTRONIC = "electronic", _("Scan or file")
    REUSED = "reused", _("Already held")
    OWED = "owed", _("We fetch it")
    DEFERRED = "deferred", _("To follow")
    MISSING = "missing", _("Not yet handed in")


class Document(models.Model):
    """材料 — one material of an application: how it came, and the file if there is one.

    ``reused``: not asked for again; ``material`` is what stands in for it. ``owed``: a register did not answer, we fetch it.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="documents")
    spec = models.ForeignKey(MaterialSpec, models.PROTECT, related_name="+", db_index=False)
    form = models.CharField(max_length=12, choices=DocumentForm)
    attachment = models.ForeignKey(Attachment, models.PROTECT, null=True, blank=True, related_name="+")
    material = models.ForeignKey(Material, models.PROTECT, null=True, blank=True, related_name="+")
    to_correct = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["application_id", "spec__no"]
        constraints = [models.UniqueConstraint(fields=["application", "spec"], name="document_once")]

    def __str__(self) -> str:
        return f"{self.application_id} {self.spec_id}"


class PaperKind(models.TextChoices):
    RECEIPT = "receipt", _("Receipt of materials")
    ACCEPTANCE = "acceptance", _("Notice of acceptance")
    CORRECTION = "correction", _("One-time notice of corrections")
    NON_ACCEPTANCE = "non_acceptance", _("Decision not to accept")
    SUSPENSION = "suspension", _("Notice of a special procedure")
    EXTENSION = "extension", _("Notice of extension")
    GRANT = "grant", _("Decision to grant")
    REFUSAL = "refusal", _("Decision to refuse")
    DEEMED_ACCEPTANCE = "deemed_acceptance", _("Statement of deemed acceptance")
    COMMITMENT = "commitment", _("Written commitment")
    PRELIMINARY = "preliminary", _("Preliminary result")
    SITE_CHECK = "site_check", _("Record of a site check")
    HEARING = "hearing", _("Notice of a hearing")
    HEARING_RIGHT = "hearing_right", _("Notice of the right to a hearing")
    BREACH = "breach", _("Notice of a broken commitment")
    REVOCATION = "revocation", _("Decision to revoke")
    WITHDRAWAL = "withdrawal", _("Confirmation of withdrawal")
    RENEWAL = "renewal", _("Renewal granted by law")
    LICENCE_CHANGE = "licence_change", _("Decision to change a licence")
    CANCELLATION = "cancellation", _("Decision to strike off a licence")
    DELIVERY = "delivery", _("Delivery receipt")


class Paper(models.Model):
    """文书 — a letter of the government about an application: serial, verification code, and the facts that it states.

    A letter about the licence that came of it belongs to an event of the licence: ``facts["of"]`` names the licence then."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="papers")
    kind = models.CharField(max_length=20, choices=PaperKind)
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()
    nth = models.PositiveSmallIntegerField(default=1)
    event_seq = models.PositiveIntegerField()
    event_hash = models.CharField(max_length=64, blank=True)
    wording = models.PositiveSmallIntegerField(default=1)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    issued_at = models.DateTimeField()
    verify_code = models.CharField(max_length=12)
    facts: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        ordering = ["application_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["verify_code"], name="paper_verify_code"),
            models.UniqueConstraint(fields=["application", "event_seq", "kind"], name="paper_once"),
            models.UniqueConstraint(fields=["kind", "year", "serial", "nth"], name="paper_serial"),
        ]

    def __str__(self) -> str:
        return self.serial_text

    @property
    def serial_text(self) -> str:
        """As printed: 肇政务受〔2026〕第 000037 号."""
        mark = {
            "receipt": "收",
            "acceptance": "受",
            "correction": "补",
            "non_acceptance": "不受",
            "suspension": "特",
            "extension": "延",
            "grant": "准",
            "refusal": "驳",
            "deemed_acceptance": "视受",
            "commitment": "诺",
            "preliminary": "预",
            "site_check": "查",
            "hearing": "听",
            "hearing_right": "听告",
            "breach": "违告",
            "revocation": "撤",
            "withdrawal": "回",
            "renewal": "续",
            "licence_change": "变",
            "cancellation": "销",
            "delivery": "送",
        }[self.kind]
        again = f"-{self.nth}" if self.nth > 1 else ""
        return f"{settings.LETTER_PREFIX}{mark}〔{self.year}〕第 {self.serial:06d}{again} 号"


class PackageQuerySet(models.QuerySet["Package"]):
    def seen_by(self, person: By) -> PackageQuerySet:
        """Who may see one of its applications may see that they belong together."""
        return self.filter(number__in=Application.objects.seen_by(person).exclude(parent="").values("parent"))


@personal(track_digest="secret", track_token="secret", id_digest="secret")  # noqa: S106
class Package(models.Model):
    """一件事办件 — what keeps the applications of one bundle together: a number and a page. It has neither clock nor decision:
    each of its applications has its own, and how the whole stands follows from them."""

    PREFIX: ClassVar[str] = "J"

    number = models.CharField(max_length=14)
    bundle = models.ForeignKey(Bundle, models.PROTECT, related_name="+", db_index=False)
    chosen: models.JSONField[Any, Any] = models.JSONField(default=list)
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=150)
    holder = models.CharField(max_length=120)
    id_digest = models.CharField(max_length=32)
    lang = models.CharField(max_length=10, default="zh-hans")
    track_digest = models.CharField(max_length=64)
    track_token = SealedField()

    objects = PackageQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="package_number"),
            models.UniqueConstraint(fields=["track_digest"], name="package_track"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def track_url(self) -> str:
        return f"{settings.BASE_URL}/together/{self.track_token}"


@personal(body="text")
class Draft(models.Model):
    """草稿 — an intake form put aside by its clerk, encrypted; nobody else sees it.

    ``number``: the one that it will have as an application, given when a register is asked for it.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    key = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    number = models.CharField(max_length=14, blank=True)
    body = SealedField()
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["-saved_at"]
        constraints = [models.UniqueConstraint(fields=["key"], name="draft_key")]

    def __str__(self) -> str:
        return self.title


class PublicityState(models.TextChoices):
    WAITING = "waiting", _("To be published")
    PUBLISHED = "published", _("Public")
    WITHHELD = "withheld", _("Not published")
    WITHDRAWN = "withdrawn", _("Taken back")


class Withholding(models.TextChoices):
    """不予公开的理由 — the only grounds that the law knows (政府信息公开条例 14, 15)."""

    STATE_SECRET = "state_secret", _("State secret (政府信息公开条例 14)")
    SAFETY = "safety", _("Endangers national or public security or stability (政府信息公开条例 14)")
    TRADE_SECRET = "trade_secret", _("Trade secret whose holder does not consent (政府信息公开条例 15)")
    PRIVACY = "privacy", _("Harms a person's privacy (政府信息公开条例 15)")
    THIRD_PARTY = "third_party", _("Harms a third party's rights (政府信息公开条例 15)")


class PublicationQuerySet(models.QuerySet["Publication"]):
    def published(self, since: Any = None) -> PublicationQuerySet:
        """What everybody may see, newest first; ``since``: published from this instant on."""
        rows = self.filter(state=PublicityState.PUBLISHED).select_related("office", "item")
        if since is not None:
            rows = rows.filter(published_at__gte=since)
        return rows.order_by("-published_at", "-id")

    def seen_by(self, person: By) -> PublicationQuerySet:
        """Staff: the departments their own, bureau and leaders all."""
        if isinstance(person, Actor) or not person.is_authenticated:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        return self.filter(office_id__in=person.offices_as(Role.APPROVER, Role.HEAD))


class Publication(models.Model):
    """公开 — one decision as the public sees it: when it must be public, since when it is, or why it is not.

    What it says is kept here, already masked: the public pages read nothing of the application.
    """

    application = models.OneToOneField(Application, models.PROTECT, related_name="publication")
    key = models.CharField(max_length=10)
    office = models.ForeignKey("org.Office", models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10, choices=PublicityState, default=PublicityState.WAITING)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)
    ground = models.CharField(max_length=20, choices=Withholding, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)

    serial = models.CharField(_("serial of the decision"), max_length=60, blank=True)
    holder = models.CharField(_("holder"), max_length=120)
    is_enterprise = models.BooleanField(default=False)
    uscc = models.CharField(max_length=18, blank=True)
    content = models.CharField(_("what was granted"), max_length=200)
    content_en = models.CharField(_("what was granted, in English"), max_length=300, blank=True)
    decided_on = models.DateField(_("decided on"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("publication of a decision"), _("publications of decisions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="publication_key"),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False), name="publication_dated"
            ),
            # 政府信息公开条例 14, 15: nothing is withheld without a ground and somebody who answers for it.
            models.CheckConstraint(
                condition=~Q(state="withheld") | (~Q(ground="") & ~Q(reason="") & ~Q(settled_by="")),
                name="publication_withheld_why",
            ),
        ]
        indexes = [
            models.Index(fields=["planned_at"], condition=Q(state="waiting"), name="publication_waiting"),
            models.Index(
                fields=["-published_at", "-id"], condition=Q(state="published"), name="publication_public"
            ),
            models.Index(fields=["due_at"], name="publication_due"),
            models.Index(fields=["office", "state", "due_at"], name="publication_office"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class Reprint(models.Model):
    """补打 — a letter printed once more: by whom, when and why; the print carries the mark 补打 and its ordinal."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="reprints")
    nth = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["paper_id", "nth"]
        constraints = [models.UniqueConstraint(fields=["paper", "nth"], name="reprint_once")]

    def __str__(self) -> str:
        return f"{self.paper} {self.nth}"
