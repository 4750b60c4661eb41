"""Addresses of the desk. Fixed paths stand before ``<number>``; those of higher apps come before these."""

from __future__ import annotations

from django.urls import path

from onewindow.cases import inbox, views

urlpatterns = [
    path("desk/", views.todo, name="desk"),
    path("desk/search/", views.search, name="desk_search"),
    path("desk/export.xlsx", views.export, name="desk_export"),
    path("desk/notices/", inbox.inbox, name="inbox"),
    path("desk/notices/read/", inbox.read_all, name="inbox_read_all"),
    path("desk/notices/<int:pk>/", inbox.open_notice, name="inbox_open"),
    path("desk/<str:number>/", views.case, name="case"),
    path("desk/<str:number>/in-full/", views.in_full, name="case_in_full"),
    path("desk/<str:number>/files/<slug:key>", views.file, name="case_file"),
    path("desk/<str:number>/<slug:verb>/", views.step, name="step"),
]
