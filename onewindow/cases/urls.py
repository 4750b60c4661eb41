"""Addresses of the desk. Fixed paths stand before ``<number>``; those of higher apps come before these."""

from __future__ import annotations

from django.urls import path

from onewindow.cases import views

urlpatterns = [
    path("desk/", views.todo, name="desk"),
    path("desk/search/", views.search, name="desk_search"),
    path("desk/export.xlsx", views.export, name="desk_export"),
    path("desk/<str:number>/", views.case, name="case"),
    path("desk/<str:number>/in-full/", views.in_full, name="case_in_full"),
    path("desk/<str:number>/files/<slug:key>", views.file, name="case_file"),
    path("desk/<str:number>/<slug:verb>/", views.step, name="step"),
]
