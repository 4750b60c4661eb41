"""Administration of people, posts, offices, calendar and parameters by whoever holds the post of IT administrator.

Permissions follow from the role alone (Django's groups and flags are not used). Nothing is deleted: accounts are
switched off, posts end, so that it stays known who could do what on which day.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.org.models import (
    Absence,
    AccessLog,
    ApiToken,
    CalendarDay,
    Counter,
    Hall,
    Office,
    Parameter,
    Person,
    Post,
    Region,
    SignIn,
    StandIn,
    forget_calendar,
)
from onewindow.org.roles import Role


class ByRole:
    """Whoever may enter the administration may do here what the class says; deletion is never among it."""

    may_change = True

    def _may(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.has_role(Role.ADMIN))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_change and self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_change and self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReferenceAdmin(ByRole, admin.ModelAdmin):
    """Data that the IT administrator keeps."""

    list_per_page = 50


class RecordAdmin(ByRole, admin.ModelAdmin):
    """What happened: shown without personal fields, changed by nobody."""

    may_change = False
    view_on_site = False
    list_per_page = 50
    show_full_result_count = False
    actions = None


class ReferenceInline(ByRole, admin.TabularInline):
    extra = 0


class PostForm(forms.ModelForm):
    """A post that has been entered keeps its role, place and first day; only its last day can still be set."""

    class Meta:
        model = Post
        fields = ("role", "office", "hall", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("role", "office", "hall", "starts_on") if self.instance.pk else ():
            self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("role") in (Role.CLERK, Role.HALL_MANAGER) and not data.get("hall"):
            self.add_error("hall", _("This role works in one hall: choose it."))
        return data


class PostsFormSet(forms.BaseInlineFormSet):
    """Whoever looks after the accounts decides no cases (promise A27): the two kinds of posts exclude each other."""

    def clean(self) -> None:
        super().clean()
        rows = [
            f.cleaned_data
            for f in self.forms
            if getattr(f, "cleaned_data", None) and f.cleaned_data.get("role")
        ]
        admins = [r for r in rows if r["role"] == Role.ADMIN]
        others = [r for r in rows if r["role"] != Role.ADMIN]
        if any(_overlap(a, b) for a in admins for b in others):
            raise forms.ValidationError(
                _(
                    "An IT administrator can hold no other post at the same time: who gives rights must not use them."
                )
            )


def _overlap(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return (b.get("ends_on") is None or a["starts_on"] <= b["ends_on"]) and (
        a.get("ends_on") is None or b["starts_on"] <= a["ends_on"]
    )


class PostInline(ReferenceInline):
    model = Post
    form = PostForm
    formset = PostsFormSet
    autocomplete_fields = ("office", "hall")

    def _may(self, request: HttpRequest) -> bool:
        """Nobody gives posts to himself."""
        match = request.resolver_match
        own = bool(match and match.kwargs.get("object_id") == str(request.user.pk))
        return super()._may(request) and not own

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return ByRole._may(self, request)


class AccountForm(AdminUserCreationForm):
    class Meta:
        model = Person
        fields = ("username", "name", "name_en", "badge", "mobile")


@admin.register(Person)
class PersonAdmin(ByRole, UserAdmin):
    """人员. A lost phone: remove the second factor here is not possible; see docs/howto/accounts-and-posts.md."""

    add_form = AccountForm
    list_display = ("username", "name", "badge", "is_active", "roles_today", "last_login")
    list_filter = ("is_active", "posts__role", "posts__office")
    search_fields = ("username", "name", "badge")
    ordering = ("username",)
    filter_horizontal = ()
    autocomplete_fields = ("counter",)
    readonly_fields = ("last_login", "date_joined")
    inlines = (PostInline,)
    actions = None
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        (_("Person"), {"fields": ("name", "name_en", "badge", "mobile", "counter")}),
        (_("Enterprise account"), {"fields": ("uscc",), "classes": ("collapse",)}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "username",
                    "usable_password",
                    "password1",
                    "password2",
                    "name",
                    "name_en",
                    "badge",
                    "mobile",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        return super().get_queryset(request).prefetch_related("posts")

    @admin.display(description=_("Roles today"))
    def roles_today(self, person: Person) -> str:
        today = timezone.localdate()
        held = [
            p
            for p in person.posts.all()
            if p.starts_on <= today and (p.ends_on is None or p.ends_on >= today)
        ]
        return "、".join(str(p.get_role_display()) for p in held) or "–"


@admin.register(Region)
class RegionAdmin(ReferenceAdmin):
    list_display = ("code", "name", "name_en", "level")
    search_fields = ("code", "name", "name_en")
    autocomplete_fields = ("parent",)


@admin.register(Office)
class OfficeAdmin(ReferenceAdmin):
    list_display = ("code", "name", "kind", "is_member", "parent")
    list_filter = ("kind", "is_member")
    list_select_related = ("parent",)
    search_fields = ("code", "name", "name_en")
    autocomplete_fields = ("parent", "region")


class CounterInline(ReferenceInline):
    model = Counter
    autocomplete_fields = ("office",)


@admin.register(Hall)
class HallAdmin(ReferenceAdmin):
    list_display = ("code", "name", "opens_at", "closes_at", "phone")
    search_fields = ("code", "name", "name_en")
    autocomplete_fields = ("region",)
    inlines = (CounterInline,)


@admin.register(Counter)
class CounterAdmin(ReferenceAdmin):
    list_display = ("name", "hall", "kind", "has_device")
    list_select_related = ("hall",)
    list_filter = ("hall", "kind")
    search_fields = ("code", "name", "hall__name")
    autocomplete_fields = ("hall", "office")


@admin.register(CalendarDay)
class CalendarDayAdmin(ReferenceAdmin):
    """After a change run `onewindow reclock`: the open deadlines move only then, each with a line in its history."""

    list_display = ("day", "kind", "name", "close_at", "source")
    list_filter = ("kind",)
    date_hierarchy = "day"

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        forget_calendar()


@admin.register(Parameter)
class ParameterAdmin(RecordAdmin):
    """Shown here, changed under “Catalogue”: by draft, check and publication, within the bounds of the law."""

    list_display = ("code", "value", "set_at", "set_by")


@admin.register(SignIn)
class SignInAdmin(RecordAdmin):
    list_display = ("at", "username", "outcome", "ip")
    list_filter = ("outcome",)
    search_fields = ("username",)


@admin.register(AccessLog)
class AccessLogAdmin(RecordAdmin):
    list_display = ("at", "person", "number", "field", "purpose")
    search_fields = ("person", "number")


@admin.register(ApiToken)
class ApiTokenAdmin(RecordAdmin):
    list_display = ("person", "hint", "scopes", "created_at", "expires_at", "revoked_at")
    list_select_related = ("person",)
    exclude = ("digest",)


@admin.register(StandIn)
class StandInAdmin(RecordAdmin):
    """The units arrange them themselves (/desk/stand-ins/)."""

    list_display = ("a", "b", "starts_on", "ends_on", "set_by")
    list_select_related = ("a", "b", "set_by")


@admin.register(Absence)
class AbsenceAdmin(RecordAdmin):
    list_display = ("person", "starts_on", "ends_on", "entered_by")
    list_select_related = ("person", "entered_by")
    exclude = ("reason",)
