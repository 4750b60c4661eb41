"""All addresses. ``/`` public, ``/desk/`` staff, ``/board/`` leaders, ``/device/`` evaluators, ``/api/v1/`` programs."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.contrib import admin
from django.urls import include, path
from django.utils.module_loading import module_has_submodule

from onewindow.config import api
from onewindow.config.styleguide import StyleGuide

#: Each app says in its own urls.py where it hangs; higher apps come first.
APPS = [
    "config", "board", "my", "voice", "walks", "hall", "issues", "window", "approvals", "pledges", "licences", "catalog",
    "exchange",
    "cases", "org",
]  # fmt: skip


def _of(app: str) -> list[object]:
    module = apps.get_app_config(app).module
    name = "onewindow.config.pages" if app == "config" else f"onewindow.{app}.urls"
    if not module_has_submodule(module, name.rsplit(".", 1)[1]):  # type: ignore[arg-type]
        return []
    return import_module(name).urlpatterns


urlpatterns = [
    *[pattern for app in APPS for pattern in _of(app)],
    *api.urlpatterns,
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("styleguide/", StyleGuide.as_view(), name="styleguide"),
]
