"""Addresses of the leaders' pages."""

from __future__ import annotations

from django.urls import path

from onewindow.board import views

urlpatterns = [
    path("board/", views.board, name="board"),
    path("desk/me/", views.mine_page, name="mine"),
    path("board/screen/", views.screen, name="board_screen"),
]
