"""The applicant's own account: who somebody is, whom he may act for, what is half filled in, what he asked."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onewindow.catalog.models import Item, ItemVersion
from onewindow.org.masking import mask_id, mask_mobile, mask_name
from onewindow.org.models import Office
from onewindow.org.privacy import personal
from onewindow.org.sealed import SealedField, digest


def new_key() -> str:
    """A key for addresses with 96 random bits."""
    return secrets.token_urlsafe(12)


@personal(
    mobile="mobile",
    mobile_digest="secret",
    name="name",
    id_number="identity number",
    id_digest="secret",
    email="text",
)
class Account(models.Model):
    """个人账户 — the account of one human being outside the government. It holds no post; what it may see follows from the
    identity bound to it and from :class:`Authority`. A closed account keeps its row and nothing personal in it."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="account")
    mobile = SealedField()
    mobile_digest = models.CharField(max_length=32)
    name = SealedField(blank=True)
    id_type = models.CharField(max_length=20, blank=True)
    id_number = SealedField(blank=True)
    id_digest = models.CharField(max_length=32, blank=True)
    bound_at = models.DateTimeField(null=True, blank=True)
    bound_through = models.CharField(max_length=40, blank=True)
    email = SealedField(blank=True)
    by_sms = models.BooleanField(default=True)
    by_email = models.BooleanField(default=False)
    read_until = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["mobile_digest"], condition=Q(closed_at__isnull=True), name="account_mobile"
            ),
            models.UniqueConstraint(
                fields=["id_digest"],
                condition=Q(closed_at__isnull=True) & ~Q(id_digest=""),
                name="account_identity",
            ),
        ]

    def __str__(self) -> str:
        return self.person.username

    @property
    def is_bound(self) -> bool:
        """The real name is known and was checked."""
        return bool(self.id_digest)

    @property
    def masked_name(self) -> str:
        return mask_name(self.name)

    @property
    def masked_id(self) -> str:
        return mask_id(self.id_number)

    @property
    def masked_mobile(self) -> str:
        return mask_mobile(self.mobile)


@personal(to="mobile", to_digest="secret", code_digest="secret")
class OneTimeCode(models.Model):
    """验证码 — six digits sent to a mobile or mail address: five minutes, five tries, once. Only its digest is kept."""

    key = models.CharField(max_length=24, default=new_key)
    use = models.CharField(
        max_length=10, choices=[("sign_in", "sign_in"), ("mobile", "mobile"), ("email", "email")]
    )
    to = SealedField()
    to_digest = models.CharField(max_length=32, db_index=True)
    code_digest = models.CharField(max_length=32)
    sent_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["key"], name="one_time_code_key")]

    def __str__(self) -> str:
        return f"{self.use} {self.sent_at:%Y-%m-%d %H:%M}"


class AuthorityKind(models.TextChoices):
    """授权类别 — on what ground somebody acts for somebody else."""

    LEGAL = "legal", _("Legal representative")
    STAFF = "staff", _("Acts for the enterprise")
    AGENT = "agent", _("Agent with power of attorney")


class Scope(models.TextChoices):
    """授权权限 — what the one who is empowered may do."""

    ACT = "act", _("Apply, correct, withdraw and collect")
    FOLLOW = "follow", _("Only follow the progress")


class AuthorityQuerySet(models.QuerySet["Authority"]):
    def in_force(self, day: dt.date) -> AuthorityQuerySet:
        """Accepted, not ended, and that day within its dates."""
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            accepted_at__isnull=False,
            ended_at__isnull=True,
            starts_on__lte=day,
        )

    def seen_by(self, person: Any) -> AuthorityQuerySet:
        """Those that this account gave, holds or is offered, and those of an enterprise that it legally represents."""
        account = getattr(person, "account", None)
        if account is None or account.closed_at:
            return self.none()
        offered = Q(to_digest=account.mobile_digest, accepted_at__isnull=True, ended_at__isnull=True)
        mine = Q(given_by=person) | Q(grantee=person) | offered
        firms = self.filter(grantee=person, kind=AuthorityKind.LEGAL, ended_at__isnull=True)
        return self.filter(mine | Q(holder_digest__in=firms.values("holder_digest")))


@personal(
    holder_name="name",
    holder_id_number="identity number",
    holder_digest="secret",
    to_mobile="mobile",
    to_digest="secret",
    to_name="name",
)
class Authority(models.Model):
    """授权委托 — one person may act for another person or an enterprise: which items, what, from when to when. It counts
    once the one who is empowered has accepted it, and until one of both ends it (民法典 165, 173)."""

    key = models.CharField(max_length=24, default=new_key)
    kind = models.CharField(max_length=10, choices=AuthorityKind)
    holder_kind = models.CharField(max_length=10)
    holder_name = SealedField()
    holder_id_type = models.CharField(max_length=20)
    holder_id_number = SealedField()
    holder_digest = models.CharField(max_length=32, db_index=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="authorities_given"
    )
    to_mobile = SealedField(blank=True)
    to_digest = models.CharField(max_length=32, db_index=True)
    to_name = SealedField(blank=True)
    grantee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="authorities"
    )
    items = models.ManyToManyField(Item, blank=True, related_name="+")
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.ACT)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    offered_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, blank=True)

    objects = AuthorityQuerySet.as_manager()

    class Meta:
        ordering = ["-offered_at", "-id"]
        verbose_name_plural = "authorities"
        constraints = [
            models.UniqueConstraint(fields=["key"], name="authority_key"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="authority_dates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(grantee__isnull=False),
                name="authority_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def masked_holder(self) -> str:
        return mask_name(self.holder_name, kind=self.holder_kind)

    @property
    def masked_grantee(self) -> str:
        return f"{mask_name(self.to_name)} {mask_mobile(self.to_mobile)}".strip()


class DraftQuerySet(models.QuerySet["Draft"]):
    def seen_by(self, person: Any) -> DraftQuerySet:
        """One's own only."""
        return self.filter(person=person)

    def unfinished(self) -> DraftQuerySet:
        return self.filter(number="").select_related("version__item")


@personal(body="text")
class Draft(models.Model):
    """网上申请草稿 — an application that somebody is filling in online, sealed; after handing in only its number is left."""

    key = models.CharField(max_length=24, default=new_key)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="applications_begun")
    version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+")
    body = SealedField(blank=True)
    begun_at = models.DateTimeField()
    saved_at = models.DateTimeField(db_index=True)
    number = models.CharField(max_length=14, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-saved_at"]
        constraints = [models.UniqueConstraint(fields=["key"], name="my_draft_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class QuestionQuerySet(models.QuerySet["Question"]):
    def open(self) -> QuestionQuerySet:
        return self.filter(answered_at__isnull=True)


@personal(text="text", answer="text")
class Question(models.Model):
    """咨询 — what an applicant asked about a case; the department answers on the case page within its own small limit."""

    number = models.CharField(max_length=14, db_index=True)
    office = models.ForeignKey(Office, models.PROTECT, related_name="+")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = SealedField()
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answer = SealedField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=150, blank=True)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["number", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | ~Q(answered_by=""),
                name="question_answered_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.asked_at:%Y-%m-%d}"


def account_of(mobile: str) -> Account | None:
    """The open account of a mobile number."""
    return (
        Account.objects.filter(mobile_digest=digest(mobile), closed_at__isnull=True)
        .select_related("person")
        .first()
    )
