"""Addresses of issues. Fixed paths below /desk/ stand before the desk's ``<number>``."""

from __future__ import annotations

from django.urls import path

from onewindow.issues import public, views, weekviews

urlpatterns = [
    path("stuck/", public.report, name="stuck"),
    path("stuck/<str:hall>/<str:counter>/", public.report, name="stuck_at"),
    path("no/<str:code>/", public.slip, name="no_slip"),
    path("i/<str:token>", public.follow, name="issue_follow"),
    path("i/<str:token>/file/<str:key>", public.paper, name="issue_paper"),
    path("i/<str:token>/letter.pdf", public.letter, name="issue_letter"),
    path("desk/issues/", views.issues, name="issues"),
    path("desk/issues/export.xlsx", views.issues_export, name="issues_export"),
    path("desk/issues/figures/", views.figures_page, name="issue_figures"),
    path("desk/issues/figures/export.xlsx", views.figures_export, name="issue_figures_export"),
    path("desk/issues/register/", views.register, name="issue_register"),
    path("desk/issues/posters/", views.posters, name="issue_posters"),
    path("desk/issues/no/", views.refusals, name="refusals"),
    path("desk/issues/no/export.xlsx", views.refusals_export, name="refusals_export"),
    path("desk/issues/no/week/", weekviews.week, name="no_week"),
    path("desk/issues/no/week/export.xlsx", weekviews.week_export, name="no_week_export"),
    path("desk/issues/no/new/", views.refusal_new, name="refusal_new"),
    path("desk/issues/no/<str:code>/slip.pdf", views.refusal_slip, name="refusal_slip"),
    path("desk/issues/link/<str:number>/", views.link, name="issue_link"),
]
