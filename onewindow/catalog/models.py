"""What we offer: items, each in versions with limits and materials. An application stays with its version."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onewindow.catalog import search
from onewindow.org.models import Office


class ItemState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    RETIRED = "retired", _("Retired")


class CaseKind(models.TextChoices):
    """办件类型 — GB/T 39046 A.6."""

    IMMEDIATE = "IMMEDIATE", _("Decided on the spot")
    PROMISED = "PROMISED", _("Decided by a promised day")


class Necessity(models.IntegerChoices):
    """材料必要性 — national upload table: 1 required, 2 optional, 3 may be supplied later (容缺后补)."""

    REQUIRED = 1, _("Required")
    OPTIONAL = 2, _("If applicable")
    DEFERRABLE = 3, _("May follow later")


class Source(models.IntegerChoices):
    """来源渠道 — national upload table: who has the material."""

    APPLICANT = 10, _("From the applicant")
    GOVERNMENT = 20, _("Held by the government")


class ItemQuerySet(models.QuerySet["Item"]):
    def published(self) -> ItemQuerySet:
        """Items that can be applied for today, with the version in force."""
        return self.filter(current__isnull=False).select_related("office", "current")

    def search(self, text: str) -> ItemQuerySet:
        """Those that fit what was typed (Chinese, pinyin, initials, code, English), best first."""
        return search.ranked(self, text)


class Item(models.Model):
    """政务服务事项 — one matter that people can bring to the window. What it asks and promises is in its versions."""

    code = models.CharField(_("code"), max_length=64)
    office = models.ForeignKey(Office, models.PROTECT, related_name="items", verbose_name=_("department"))
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=200)
    pinyin = models.CharField(max_length=400, blank=True)
    initials = models.CharField(max_length=120, blank=True)
    current = models.ForeignKey(
        "ItemVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("version in force"),
    )
    is_hot = models.BooleanField(_("shown first"), default=False)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="item_code")]

    def __str__(self) -> str:
        return self.name


class ItemVersion(models.Model):
    """实施清单 — one version of an item. Limits carry their unit as printed in the law (``20wd``, ``30d``, ``3mo``)."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.DRAFT)
    kind_code = models.CharField(_("kind"), max_length=4)
    service_object = models.CharField(_("for"), max_length=20)
    legal_basis = models.CharField(_("legal basis"), max_length=400)
    legal_limit = models.CharField(_("lawful limit"), max_length=10)
    legal_extension = models.CharField(_("lawful extension"), max_length=10, blank=True)
    limit_source = models.CharField(max_length=10, blank=True)
    promised_limit = models.CharField(_("promised limit"), max_length=10)
    case_kind = models.CharField(max_length=10, choices=CaseKind)
    has_fee = models.BooleanField(_("fee"), default=False)
    fee_note = models.CharField(max_length=200, blank=True)
    visit_count = models.PositiveSmallIntegerField(_("visits"), default=0)
    special_procedure = models.CharField(_("special procedure"), max_length=200, blank=True)
    result = models.CharField(_("result"), max_length=120)
    result_en = models.CharField(max_length=200, blank=True)
    result_validity = models.CharField(_("result valid for"), max_length=10, blank=True)
    stop_reasons = models.CharField(_("what may stop the clock"), max_length=200, blank=True)
    allows_commitment = models.BooleanField(_("may be granted on a written commitment"), default=False)
    is_joint = models.BooleanField(_("handled by several departments together"), default=False)
    plan: models.JSONField[Any, Any] = models.JSONField(
        _("departments that take part"), default=list, blank=True
    )
    form: models.JSONField[Any, Any] = models.JSONField(_("questions of the form"), default=list, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=150, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["item_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["item", "version"], name="item_version_once"),
            models.UniqueConstraint(
                fields=["item"], condition=Q(state="published"), name="item_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item.code} v{self.version}"

    @cached_property
    def specs(self) -> list[MaterialSpec]:
        """The materials in their order, read once; a published version never changes."""
        return list(self.materials.order_by("no"))

    @property
    def is_immediate(self) -> bool:
        return self.case_kind == CaseKind.IMMEDIATE

    @property
    def for_persons(self) -> bool:
        return "P" in self.service_object.split("/")

    @property
    def for_enterprises(self) -> bool:
        return bool({"E", "I", "SO"} & set(self.service_object.split("/")))


class MaterialSpec(models.Model):
    """申请材料 — one paper that a version of an item asks for."""

    version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="materials")
    no = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(max_length=200)
    source = models.PositiveSmallIntegerField(choices=Source, default=Source.APPLICANT)
    necessity = models.PositiveSmallIntegerField(choices=Necessity, default=Necessity.REQUIRED)
    form = models.CharField(max_length=10, default="either")
    copies = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["version_id", "no"]
        constraints = [models.UniqueConstraint(fields=["version", "no"], name="material_no_once")]

    def __str__(self) -> str:
        return self.name


class Code(models.Model):
    """代码表 — a reason or kind that a county keeps as data: why a clock may stop, why an application is refused."""

    list = models.CharField(max_length=30)
    code = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200)
    legal_basis = models.CharField(max_length=120, blank=True)
    max_days = models.PositiveSmallIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["list", "id"]
        constraints = [models.UniqueConstraint(fields=["list", "code"], name="code_once")]

    def __str__(self) -> str:
        return self.name
