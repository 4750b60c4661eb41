"""Addresses of the register. Fixed paths below /desk/ stand before the desk's ``<number>``."""

from __future__ import annotations

from django.urls import path

from onewindow.licences import views

urlpatterns = [
    path("desk/licences/", views.licences, name="licences"),
    path("desk/licences/export.xlsx", views.export, name="licences_export"),
    path("desk/licences/<str:number>/", views.licence, name="licence"),
    path("desk/licences/<str:number>.pdf", views.pdf, name="licence_pdf"),
    path("desk/licences/<str:number>/<slug:verb>/", views.measure, name="licence_measure"),
]
