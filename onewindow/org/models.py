"""Who we are: regions, offices, halls, counters, people and the posts they hold; calendar; parameters; logs."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.org import parameters
from onewindow.org.calendar import Calendar, Limit
from onewindow.org.kept import kept
from onewindow.org.memory import Memory
from onewindow.org.privacy import personal
from onewindow.org.roles import PRIVILEGED, STAFF, Role


class Region(models.Model):
    """行政区划 — an administrative division, down to towns (12-digit statistical code without the village part)."""

    code = models.CharField(_("code"), max_length=12)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=120)
    level = models.CharField(max_length=10)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="region_code")]

    def __str__(self) -> str:
        return self.name


class Office(models.Model):
    """机构 — a government, department, bureau, town or hall administration. Its code stays when its name changes."""

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=120)
    kind = models.CharField(max_length=20)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    region = models.ForeignKey(Region, models.PROTECT)
    is_member = models.BooleanField(_("member unit of the leading group"), default=False)
    short = models.CharField(max_length=20, blank=True)
    phone = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="office_code")]

    def __str__(self) -> str:
        return self.name


class Hall(models.Model):
    """政务服务大厅 — a service hall with counters."""

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=120)
    region = models.ForeignKey(Region, models.PROTECT)
    address = models.CharField(max_length=120, blank=True)
    address_en = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    opens_at = models.TimeField(default=dt.time(8, 30))
    closes_at = models.TimeField(default=dt.time(17, 0))

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="hall_code")]

    def __str__(self) -> str:
        return self.name


class CounterKind(models.TextChoices):
    COMPREHENSIVE = "comprehensive", _("Comprehensive window")
    DEPARTMENT = "department", _("Department window")
    DELIVERY = "delivery", _("Handing-out window")
    STUCK = "stuck", _("Could-not-be-done window")


class Counter(models.Model):
    """窗口 — one window of a hall."""

    hall = models.ForeignKey(Hall, models.PROTECT, related_name="counters")
    code = models.CharField(_("code"), max_length=10)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=120)
    kind = models.CharField(max_length=20, choices=CounterKind)
    office = models.ForeignKey(Office, models.PROTECT, null=True, blank=True)
    has_device = models.BooleanField(_("has an evaluator"), default=False)

    class Meta:
        ordering = ["hall_id", "code"]
        constraints = [models.UniqueConstraint(fields=["hall", "code"], name="counter_code")]

    def __str__(self) -> str:
        return self.name


@personal(name="name", mobile="mobile")
class Person(AbstractUser):
    """人员 — an account of one human being; never shared (GB/T 22239-2019 8.1.4.2). What it may do follows from posts."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(blank=True)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)
    badge = models.CharField(_("badge number"), max_length=10, blank=True)
    uscc = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    mobile = models.CharField(max_length=20, blank=True)
    counter = models.ForeignKey(Counter, models.SET_NULL, null=True, blank=True)

    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    @cached_property
    def posts_today(self) -> list[Post]:
        """The posts held today, read once a request."""
        if not self.is_active:
            return []
        day = timezone.localdate()

        def build() -> PostQuerySet:
            today = (
                Post.objects.on(day).filter(person_id=self.pk).order_by()
            )  # sorted here: see org/finding.py
            return today.select_related("office", "hall", "stands_in_for__person")

        found = POSTS.rows((self.pk, day), build)
        return sorted(found, key=lambda post: (post.starts_on, post.pk))

    @cached_property
    def roles(self) -> set[str]:
        return {post.role for post in self.posts_today}

    @property
    def standing(self) -> tuple[Any, ...]:
        """All that what this person may see follows from, as a key: whoever he is, and the posts of today."""
        posts = frozenset((post.role, post.office_id, post.hall_id) for post in self.posts_today)
        return self.pk, self.is_active, self.is_superuser, self.uscc, posts

    def has_role(self, *roles: str) -> bool:
        return bool(self.roles.intersection(roles))

    def offices_as(self, *roles: str) -> set[int]:
        """Ids of the offices at which this person holds one of the roles today."""
        return {post.office_id for post in self.posts_today if post.role in roles}

    def halls_as(self, *roles: str) -> set[int]:
        """Ids of the halls at which this person holds one of the roles today."""
        return {post.hall_id for post in self.posts_today if post.role in roles and post.hall_id}

    @property
    def is_privileged(self) -> bool:
        return self.is_superuser or bool(self.roles & PRIVILEGED)

    @property
    def works_here(self) -> bool:
        return self.is_superuser or bool(self.roles & STAFF)

    @cached_property
    def has_second_factor(self) -> bool:
        from allauth.mfa.models import Authenticator

        return Authenticator.objects.filter(user=self).exclude(type="recovery_codes").exists()


POSTS = Memory()


class PostQuerySet(models.QuerySet["Post"]):
    def on(self, day: dt.date) -> PostQuerySet:
        """Posts held on that day (both ends included); a stand-in's ends with the post that it stands in for."""
        own = Q(stands_in_for__isnull=True) | Q(stands_in_for__ends_on__isnull=True)
        return self.filter(
            Q(starts_on__lte=day),
            Q(ends_on__isnull=True) | Q(ends_on__gte=day),
            own | Q(stands_in_for__ends_on__gte=day),
        )


class Post(models.Model):
    """岗位 — a person's role at an office (and hall), from one day to another. History is kept, never overwritten.

    A post that ``stands_in_for`` another one gives its holder the same powers for those days (AB 角): every rule, list and
    look-up that asks for posts works on it unchanged.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="posts")
    role = models.CharField(max_length=20, choices=Role)
    office = models.ForeignKey(Office, models.PROTECT, related_name="posts")
    hall = models.ForeignKey(Hall, models.PROTECT, null=True, blank=True, related_name="posts")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    stands_in_for = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stand_ins",
        verbose_name=_("stands in for"),
    )

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering = ["person_id", "starts_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="post_dates_in_order",
            ),
            models.UniqueConstraint(
                fields=["person", "role", "office", "starts_on"],
                condition=Q(stands_in_for__isnull=True),
                name="post_once_a_day",
            ),
            models.UniqueConstraint(
                fields=["person", "stands_in_for", "starts_on"],
                condition=Q(stands_in_for__isnull=False),
                name="post_stand_in_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} – {self.get_role_display()} – {self.office}"


class StandIn(models.Model):
    """AB 角 — who stands in for whom: while ``a`` is absent, ``b`` holds a's posts. The first who is there counts."""

    a = models.ForeignKey(Person, models.PROTECT, related_name="+")
    b = models.ForeignKey(Person, models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    set_by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["a_id", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(a=models.F("b")), name="stand_in_of_two"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="stand_in_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.a} ↔ {self.b}"


class AbsenceReason(models.TextChoices):
    LEAVE = "leave", _("Leave")
    SICK = "sick", _("Sick leave")
    TRIP = "trip", _("Business trip")
    TRAINING = "training", _("Training")
    OTHER = "other", _("Other duties")


class Absence(models.Model):
    """不在岗 — the days on which somebody is away, both included; the stand-in's posts follow from it."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="absences")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=10, choices=AbsenceReason)
    entered_by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    entered_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")), name="absence_dates_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.starts_on} – {self.ends_on}"


@kept
def current_calendar() -> Calendar:
    """The working calendar in force. Kept for 30 s a process; ``forget_calendar`` drops it at once."""
    return Calendar(CalendarDay.objects.order_by("day").values_list("day", "kind", "close_at", "name"))


def forget_calendar() -> None:
    """After an import the next deadline is worked out on the new calendar."""
    current_calendar.forget()


class CalendarDay(models.Model):
    """工作日历 — a day that is not what its weekday says (State Council's yearly notice), or closes at another hour."""

    day = models.DateField(_("day"))
    kind = models.CharField(max_length=10, choices=[("rest", _("Rest day")), ("work", _("Working day"))])
    name = models.CharField(max_length=60, blank=True)
    close_at = models.TimeField(null=True, blank=True)
    source = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["day"], name="calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"


class Parameter(models.Model):
    """参数 — a value that this county has set instead of the default; bounds in org/parameters.py."""

    code = models.CharField(max_length=40)
    value = models.CharField(max_length=40)
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["code"], name="parameter_code")]

    def __str__(self) -> str:
        return f"{self.code} = {self.value}"

    def clean(self) -> None:
        from django.core.exceptions import ValidationError

        if self.code not in parameters.SPECS:
            raise ValidationError({"code": _("There is no such parameter.")})
        try:
            self.value = parameters.check(self.code, self.value)
        except parameters.OutOfBounds as wrong:
            raise ValidationError({"value": str(wrong)}) from wrong


@kept
def _values() -> dict[str, str]:
    return dict(Parameter.objects.values_list("code", "value"))


def parameter(code: str) -> str:
    """The value in force: this county's if it lies within the bounds, else the default. Kept for 30 s a process."""
    spec = parameters.SPECS[code]
    if (value := _values().get(code)) is None:
        return spec.default
    try:
        return parameters.check(code, value)
    except parameters.OutOfBounds:  # a row written past the form can't go past the law
        return spec.default


def limit(code: str) -> Limit:
    """A parameter of kind ``limit``."""
    return Limit.parse(parameter(code))


def number(code: str) -> int:
    """A parameter of kind ``number``."""
    return int(parameter(code))


def forget_parameters() -> None:
    """After a change the next reader sees the new value."""
    _values.forget()


@personal(ip="network address")
class AccessLog(models.Model):
    """访问日志 — who saw which personal data in full, when and what for (PIPL 51). Append-only, kept ≥ 3 years."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    person = models.CharField(max_length=150)
    number = models.CharField(max_length=20, db_index=True)
    field = models.CharField(max_length=40)
    purpose = models.CharField(max_length=200)
    ip = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.person} {self.number}"


class SignInQuerySet(models.QuerySet["SignIn"]):
    def seen_by(self, person: Person, of: str = "") -> SignInQuerySet:
        """One's own history; the IT administrator sees all, or that of one account."""
        if person.has_role(Role.ADMIN):
            return self.filter(username__iexact=of) if of else self
        return self.filter(username=person.username)

    def before(self, pk: int | None) -> SignInQuerySet:
        """Newest first, from the one after ``pk`` on."""
        return (self if pk is None else self.filter(pk__lt=pk)).order_by("-pk")


@personal(ip="network address", username="name")
class SignIn(models.Model):
    """登录记录 — one try to sign in: ``ok``, ``failed`` or ``locked``; sign-out too (网络安全法 23: ≥ 6 months)."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    username = models.CharField(max_length=150, db_index=True)
    outcome = models.CharField(max_length=10)
    ip = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.username} {self.outcome}"


class ApiToken(models.Model):
    """接口令牌 — lets a program act as one person; only its SHA-256 digest is kept."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64)
    hint = models.CharField(max_length=8)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["digest"], name="api_token_digest")]

    def __str__(self) -> str:
        return f"{self.person} {self.hint}…"


class FirstAnswer(models.Model):
    """幂等记录 — the first answer given to an Idempotency-Key, so that a repeated call has no second effect."""

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=128)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers: models.JSONField[Any, Any] = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="first_answer_once")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
