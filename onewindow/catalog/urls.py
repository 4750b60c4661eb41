"""Addresses of the front door and the guides."""

from __future__ import annotations

from django.urls import path

from onewindow.catalog import public

urlpatterns = [
    path("", public.home, name="home"),
    path("items/", public.items, name="items"),
    path("items/<str:code>", public.item, name="item"),
]
