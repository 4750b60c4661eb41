"""What we offer: items, each in versions with limits and materials. An application stays with its version."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.catalog import search
from onewindow.org.memory import prepared
from onewindow.org.models import Office, Person
from onewindow.org.roles import Role


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


class ResultKind(models.TextChoices):
    """结果类型 — a licence or certificate (证照), a written approval (批文), or something else."""

    LICENCE = "licence", _("Licence or certificate")
    APPROVAL = "approval", _("Written approval")
    OTHER = "other", _("Other result")


class Closing(models.TextChoices):
    """停办 — why an item can't be applied for (national upload table, state: 2 suspended, 3 cancelled)."""

    SUSPENDED = "suspended", _("Suspended for a time")
    RETIRED = "retired", _("No longer offered")


class ItemQuerySet(models.QuerySet["Item"]):
    def listed(self) -> ItemQuerySet:
        """Items with a version in force, those closed for now too."""
        return self.filter(current__isnull=False).select_related("office", "current")

    def published(self) -> ItemQuerySet:
        """Items that can be applied for today, with the version in force."""
        return self.listed().filter(Q(closing="") | Q(closed_from__gt=timezone.localdate()))

    def seen_by(self, person: Person) -> ItemQuerySet:
        """Items whose content this person may edit: the administrator and the bureau all, a head his office's."""
        if person.has_role(Role.ADMIN, Role.BUREAU):
            return self
        return self.filter(office_id__in=person.offices_as(Role.HEAD))

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
    closing = models.CharField(_("closed"), max_length=10, choices=Closing, blank=True)
    closed_from = models.DateField(_("closed from"), null=True, blank=True)
    closed_note = models.CharField(_("what the public is told"), max_length=300, blank=True)
    closed_note_en = models.CharField(_("the same in English"), max_length=400, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("item"), _("items")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["code"], name="item_code"),
            models.CheckConstraint(
                condition=Q(closing="") | (Q(closed_from__isnull=False) & ~Q(closed_note="")),
                name="item_closed_is_told",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_closed(self) -> bool:
        """Whether it can't be applied for today, by its own notice."""
        return bool(self.closing and self.closed_from and self.closed_from <= timezone.localdate())


@prepared
def _specs(version: int) -> Any:
    return MaterialSpec.objects.filter(version_id=version).order_by("no")


class ItemVersion(models.Model):
    """实施清单 — one version of an item. Limits carry their unit as printed in the law (``20wd``, ``30d``, ``3mo``)."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ItemState, default=ItemState.DRAFT)
    kind_code = models.CharField(_("kind"), max_length=4)
    service_object = models.CharField(_("for"), max_length=20)
    legal_basis = models.CharField(_("legal basis"), max_length=400)
    legal_basis_en = models.CharField(_("legal basis, gloss in English"), max_length=600, blank=True)
    legal_limit = models.CharField(_("lawful limit"), max_length=10)
    legal_extension = models.CharField(_("lawful extension"), max_length=10, blank=True)
    limit_source = models.CharField(max_length=10, blank=True)
    promised_limit = models.CharField(_("promised limit"), max_length=10)
    case_kind = models.CharField(max_length=10, choices=CaseKind)
    has_fee = models.BooleanField(_("fee"), default=False)
    fee_note = models.CharField(max_length=200, blank=True)
    pays_online = models.BooleanField(_("fee can be paid online"), default=False)
    visit_count = models.PositiveSmallIntegerField(_("visits"), default=0)
    visit_reason = models.CharField(_("why a visit is needed"), max_length=200, blank=True)
    handling_forms = models.CharField(_("ways to hand in"), max_length=20, default="1")
    is_fully_online = models.BooleanField(_("done wholly online"), default=False)
    consult_phone = models.CharField(_("telephone for questions"), max_length=30, blank=True)
    complaint_phone = models.CharField(_("telephone for complaints"), max_length=30, blank=True)
    result_kind = models.CharField(_("kind of result"), max_length=10, choices=ResultKind, blank=True)
    result_sample = models.CharField(_("sample of the result"), max_length=200, blank=True)
    faq: models.JSONField[Any, Any] = models.JSONField(_("questions often asked"), default=list, blank=True)
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
        verbose_name, verbose_name_plural = _("version of an item"), _("versions of items")
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
        found: list[MaterialSpec] = _specs(self.pk)
        for spec in found:
            spec.version = self
        return found

    @property
    def is_immediate(self) -> bool:
        return self.case_kind == CaseKind.IMMEDIATE

    @property
    def is_online(self) -> bool:
        """It can be applied for online: the version has the questions of a form, or is handed in by computer or phone
        (GB/T 39046 A.5: 2, 3)."""
        return bool(self.form) or bool({"2", "3"} & set(self.handling_forms.split("/")))

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
        verbose_name, verbose_name_plural = _("material"), _("materials")
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
    needs_basis = models.BooleanField(_("only where a law says so"), default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name, verbose_name_plural = _("code"), _("code lists")
        ordering = ["list", "id"]
        constraints = [models.UniqueConstraint(fields=["list", "code"], name="code_once")]

    def __str__(self) -> str:
        return self.name


class ItemPace(models.Model):
    """实际用时 — what the last 90 days of an item really took; one row an item, worked out once a day.

    ``median_days`` and ``p90_days`` are working days from acceptance to decision without the time in which the clock
    stood; ``within_count`` of ``decided_count`` were decided within the promise.
    """

    item = models.OneToOneField(Item, models.CASCADE, primary_key=True, related_name="pace")
    until = models.DateField()
    decided_count = models.PositiveIntegerField()
    within_count = models.PositiveIntegerField()
    median_days = models.FloatField()
    p90_days = models.FloatField()

    #: Fewer decisions than this say nothing: then the page says so instead of a figure.
    ENOUGH = 5

    class Meta:
        verbose_name, verbose_name_plural = _("time really taken"), _("times really taken")
        ordering = ["item_id"]

    def __str__(self) -> str:
        return f"{self.item_id} n={self.decided_count}"

    @property
    def is_enough(self) -> bool:
        return self.decided_count >= self.ENOUGH

    @property
    def within_share(self) -> float | None:
        return self.within_count / self.decided_count if self.decided_count else None


class ChangeState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    CHECKED = "checked", _("Waiting for a second look")
    SCHEDULED = "scheduled", _("Approved, in force from its day")
    PUBLISHED = "published", _("In force")
    DROPPED = "dropped", _("Dropped")


class ChangeQuerySet(models.QuerySet["Change"]):
    def seen_by(self, person: Person) -> ChangeQuerySet:
        """The administrator and the bureau all; a head those of his office's items."""
        if person.has_role(Role.ADMIN, Role.BUREAU):
            return self
        return self.filter(office_id__in=person.offices_as(Role.HEAD))

    def open(self) -> ChangeQuerySet:
        """Not yet in force and not dropped."""
        return self.filter(state__in=[ChangeState.DRAFT, ChangeState.CHECKED, ChangeState.SCHEDULED])

    def of(self, section: str, key: str) -> ChangeQuerySet:
        """All changes of one thing, newest first."""
        return self.filter(section=section, key=key).order_by("-id")


class Change(models.Model):
    """改动 — one change to what the county keeps (an item, a code list, a parameter …): a draft until it is published,
    then its history.

    ``before`` is what was in force when the draft was begun (None: nothing), ``content`` what shall be; both have the form
    of the exported catalogue, so that diff, check, publication, undo and import are one thing.
    """

    section = models.CharField(max_length=30)
    key = models.CharField(max_length=64)
    office = models.ForeignKey(Office, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=ChangeState, default=ChangeState.DRAFT)
    before: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    content: models.JSONField[Any, Any] = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    from_on = models.DateField(_("in force from"), null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    edited_at = models.DateTimeField()
    edited_by = models.CharField(max_length=150)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=150, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("change"), _("changes")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["section", "key"],
                condition=Q(state__in=["draft", "checked", "scheduled"]),
                name="change_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_at__isnull=False), name="change_published_dated"
            ),
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(from_on__isnull=False), name="change_scheduled_has_day"
            ),
        ]
        indexes = [
            models.Index(fields=["section", "key", "-id"], name="change_of"),
            models.Index(fields=["from_on"], condition=Q(state="scheduled"), name="change_due"),
        ]

    def __str__(self) -> str:
        return f"{self.section} {self.key} {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in (ChangeState.DRAFT, ChangeState.CHECKED, ChangeState.SCHEDULED)


class Wording(models.Model):
    """文书格式文本 — one version of what a county has one kind of letter say. Letters name the version with which they were
    issued and keep it for ever, so a row is never changed (a trigger refuses it)."""

    #: Versions of a county begin above this; those below are files of the product.
    OWN = 1000

    kind = models.CharField(max_length=20)
    version = models.PositiveSmallIntegerField()
    heading = models.CharField(max_length=40)
    heading_other = models.CharField(max_length=40)
    seal = models.CharField(max_length=20)
    text = models.TextField(max_length=4000)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=150)

    class Meta:
        verbose_name, verbose_name_plural = _("wording of a letter"), _("wordings of letters")
        ordering = ["kind", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="wording_once"),
            models.CheckConstraint(condition=Q(version__gt=1000), name="wording_is_own"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class BundleQuerySet(models.QuerySet["Bundle"]):
    def published(self) -> BundleQuerySet:
        """Bundles that are offered today."""
        return self.filter(is_active=True)

    def search(self, text: str) -> BundleQuerySet:
        """Those that fit what was typed, best first."""
        return search.ranked(self.annotate(is_hot=models.Value(0)), text)


class Bundle(models.Model):
    """一件事 — several items that one person or enterprise needs for one purpose: one guide, one form, one set of papers."""

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=200)
    pinyin = models.CharField(max_length=400, blank=True)
    initials = models.CharField(max_length=120, blank=True)
    service_object = models.CharField(_("for"), max_length=20)
    intro = models.CharField(max_length=400, blank=True)
    intro_en = models.CharField(max_length=400, blank=True)
    is_active = models.BooleanField(default=True)

    objects = BundleQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="bundle_code")]

    def __str__(self) -> str:
        return self.name


class BundleStep(models.Model):
    """一件事的环节 — an item of a bundle, or something that is done elsewhere (``item`` empty). Stages follow one another: a
    later one is applied for when the earlier is granted. ``condition``: only for those of whom it is true."""

    bundle = models.ForeignKey(Bundle, models.CASCADE, related_name="steps")
    no = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField(default=1)
    item = models.ForeignKey(Item, models.PROTECT, null=True, blank=True, related_name="+")
    external = models.CharField(max_length=120, blank=True)
    external_en = models.CharField(max_length=200, blank=True)
    office = models.ForeignKey(Office, models.PROTECT, null=True, blank=True, related_name="+")
    condition = models.CharField(max_length=120, blank=True)
    condition_en = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["bundle_id", "no"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "no"], name="bundle_step_no"),
            models.CheckConstraint(
                condition=Q(item__isnull=True) & ~Q(external="") | Q(item__isnull=False) & Q(external=""),
                name="bundle_step_item_or_external",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id}/{self.no}"

    @property
    def name(self) -> str:
        return self.item.name if self.item else self.external

    @property
    def name_en(self) -> str:
        return self.item.name_en if self.item else self.external_en
