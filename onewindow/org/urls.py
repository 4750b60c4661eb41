"""Where a signed-in person begins."""

from __future__ import annotations

from django.urls import path

from onewindow.org import views

urlpatterns = [path("start/", views.start, name="start")]
