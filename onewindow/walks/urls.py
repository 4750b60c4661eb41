"""Addresses of leaders' walks."""

from __future__ import annotations

from django.urls import path

from onewindow.walks import views

urlpatterns = [
    path("desk/walks/", views.walks, name="walks"),
    path("desk/walks/export.xlsx", views.export, name="walks_export"),
    path("desk/walks/coverage/", views.coverage, name="walks_coverage"),
    path("desk/walks/new/", views.plan, name="walk_plan"),
    path("desk/walks/<str:number>/", views.walk, name="walk"),
    path("desk/walks/<str:number>/again/", views.again, name="walk_again"),
    path("desk/walks/<str:number>/obstacle/", views.obstacle, name="walk_obstacle"),
    path("desk/walks/<str:number>/papers/", views.papers, name="walk_papers"),
    path("desk/walks/<str:number>/finish/", views.finish, name="walk_finish"),
    path("desk/walks/<str:number>/cancel/", views.cancel, name="walk_cancel"),
]
