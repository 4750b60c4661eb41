"""The administration pages: open to whoever holds the post of IT administrator today, by the one sign-in that we have."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from onewindow.config.admin_labels import chinese_of
from onewindow.org.roles import Role


def name_in_chinese(model: Any) -> None:
    """A model without names of its own is called in Chinese what its docstring begins with, in English as Django says."""
    options = model._meta
    term, dash, _rest = (model.__doc__ or "").partition(" — ")
    if "verbose_name" in options.original_attrs or not dash:
        return
    one, many = str(options.verbose_name), str(options.verbose_name_plural)
    options.verbose_name, options.verbose_name_plural = _either(term, one), _either(term, many)


def fields_in_chinese(model: Any) -> None:
    """A field without a name of its own likewise; what the migrations know of it stays as it is."""
    for field in model._meta.get_fields():
        unnamed = getattr(field, "_verbose_name", "related") is None
        if unnamed and (chinese := chinese_of(model.__name__, field.name)):
            field.verbose_name = _either(chinese, str(field.verbose_name))


def _said(chinese: str, english: str) -> str:
    return chinese if (get_language() or "zh").startswith("zh") else english


_either = lazy(_said, str)


class StaffAdminSite(admin.AdminSite):
    """``is_staff`` and ``is_superuser`` open nothing here: only a post does, and it ends by itself."""

    site_header = site_title = _("OneWindow administration")
    index_title = _("Accounts, items, calendar and settings")
    site_url = "/start/"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only our own pages: those that come with packages (groups, e-mail addresses, factors) know nothing of posts."""
        if getattr(admin_class, "__module__", "").startswith("onewindow."):
            models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
            for model in models:
                for shown in (model, *(inline.model for inline in getattr(admin_class, "inlines", ()))):
                    name_in_chinese(shown)
                    fields_in_chinese(shown)
            super().register(models, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.has_role(Role.ADMIN))

    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # type: ignore[override]
        """Never a second sign-in page: limits, history and second factor are at the first one."""
        if request.user.is_authenticated:
            if self.has_permission(request):
                return redirect("admin:index")
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", request.path))

    def logout(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # type: ignore[override]
        get_adapter(request).logout(request)
        return redirect("account_login")

    def password_change(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # type: ignore[override]
        return redirect("account_change_password")
