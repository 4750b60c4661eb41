"""Addresses of shared data. Fixed paths below /desk/ stand before the desk's ``<number>``."""

from __future__ import annotations

from django.urls import path

from onewindow.exchange import public, views

urlpatterns = [
    path("data/", public.shared, name="data_shared"),
    path("desk/data/", views.datasets, name="datasets"),
    path("desk/data/calls/", views.calls, name="data_calls"),
    path("desk/data/calls/export.xlsx", views.calls_export, name="data_calls_export"),
    path("desk/data/<str:code>/", views.dataset, name="dataset"),
]
