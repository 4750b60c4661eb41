"""Addresses of the front door and the guides."""

from __future__ import annotations

from django.urls import path

from onewindow.catalog import public, views

urlpatterns = [
    path("", public.home, name="home"),
    path("bundles/<str:code>", public.bundle, name="bundle"),
    path("items/", public.items, name="items"),
    path("items/<str:code>", public.item, name="item"),
    path("desk/catalogue/", views.catalogue, name="keep"),
    path("desk/catalogue/export.jsonl", views.export, name="keep_export"),
    path("desk/catalogue/items.xlsx", views.export_items, name="keep_items_export"),
    path("desk/catalogue/import/", views.load, name="keep_import"),
    path("desk/catalogue/new/", views.new_thing, name="keep_new"),
    path("desk/catalogue/<str:section>/", views.catalogue, name="keep_list"),
    path("desk/catalogue/<str:section>/new/", views.new_thing, name="keep_new_in"),
    path("desk/catalogue/<str:section>/<str:key>/", views.thing, name="keep_thing"),
    path("desk/catalogue/<str:section>/<str:key>/begin/", views.begin, name="keep_begin"),
    path("desk/catalogue/<str:section>/<str:key>/edit/", views.edit, name="keep_edit"),
    path("desk/catalogue/<str:section>/<str:key>/check/", views.check, name="keep_check"),
]
