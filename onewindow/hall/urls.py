"""Addresses of the hall. Keys before codes; fixed paths below /desk/ stand before ``<number>`` of the cases."""

from __future__ import annotations

from django.urls import path

from onewindow.hall import public, views, visit_views

urlpatterns = [
    path("hall/", public.halls, name="halls"),
    path("hall/t/<str:key>/", public.ticket, name="hall_ticket"),
    path("hall/t/<str:key>/now", public.ticket_now, name="hall_ticket_now"),
    path("hall/t/<str:key>/slip", public.slip, name="hall_slip"),
    path("hall/b/<str:key>/", public.appointment, name="hall_appointment"),
    path("hall/<str:code>/", public.hall, name="hall"),
    path("hall/<str:code>/kiosk/", public.machine, name="hall_kiosk"),
    path("hall/<str:code>/book/", public.book, name="hall_book"),
    path("hall/<str:code>/board/", public.board, name="hall_board"),
    path("hall/<str:code>/board/now", public.board_now, name="hall_board_now"),
    path("hall/<str:code>/window/<str:counter>/", public.sign, name="hall_sign"),
    path("desk/hall/", views.hall_page, name="hall_desk"),
    path("desk/hall/queue/", views.queue, name="hall_queue"),
    path("desk/hall/queue/strip", views.queue_strip, name="hall_strip"),
    path("desk/hall/queue/do", views.do, name="hall_do"),
    path("desk/hall/kiosk", views.set_kiosk, name="hall_set_kiosk"),
    path("desk/hall/tickets/", views.tickets, name="hall_tickets"),
    path("desk/hall/tickets/export.xlsx", views.tickets_export, name="hall_tickets_export"),
    path("desk/hall/tickets/<int:key>/", visit_views.visit, name="hall_visit"),
    path("desk/hall/waits/", views.waits, name="hall_waits"),
    path("desk/hall/groups/", views.groups, name="hall_groups"),
    path("desk/hall/groups/<str:letter>/", views.groups, name="hall_group"),
    path("desk/hall/shifts/", views.shifts, name="hall_shifts"),
    path("desk/hall/shifts/export.xlsx", views.shifts_export, name="hall_shifts_export"),
]
