"""Addresses of the desk. Fixed paths stand before ``<number>``; those of higher apps come before these."""

from __future__ import annotations

from django.urls import path

from onewindow.cases import batchviews, cardviews, inbox, teamviews, views

urlpatterns = [
    path("desk/", views.todo, name="desk"),
    path("desk/search/", views.search, name="desk_search"),
    path("desk/export.xlsx", views.export, name="desk_export"),
    path("desk/cards/", cardviews.cards_page, name="cards"),
    path("desk/cards/export.xlsx", cardviews.export, name="cards_export"),
    path("desk/cards/<int:pk>/", cardviews.card_page, name="card"),
    path("desk/batch/", batchviews.choose, name="batch"),
    path("desk/batch/<int:pk>/", batchviews.report, name="batch_report"),
    path("desk/phrases/", batchviews.phrase_page, name="phrases"),
    path("desk/stand-ins/", teamviews.stand_ins, name="stand_ins"),
    path("desk/handovers/", teamviews.handovers, name="handovers"),
    path("desk/handovers/<int:pk>/", teamviews.handover, name="handover"),
    path("desk/<str:number>/handler/", teamviews.assign_case, name="assign"),
    path("desk/notices/", inbox.inbox, name="inbox"),
    path("desk/notices/read/", inbox.read_all, name="inbox_read_all"),
    path("desk/notices/<int:pk>/", inbox.open_notice, name="inbox_open"),
    path("desk/<str:number>/", views.case, name="case"),
    path("desk/<str:number>/in-full/", views.in_full, name="case_in_full"),
    path("desk/<str:number>/files/<slug:key>", views.file, name="case_file"),
    path("desk/<str:number>/<slug:verb>/", views.step, name="step"),
]
