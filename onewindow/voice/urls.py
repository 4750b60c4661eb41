"""Addresses of the public's verdict. Fixed paths below /desk/ stand before the desk's ``<number>``."""

from __future__ import annotations

from django.urls import path

from onewindow.voice import device, deviceviews, protocol, public, views

urlpatterns = [
    path("rate/<str:token>", public.rate_case, name="rate"),
    path("device/", device.page, name="device"),
    path("api/device/v1/pair", device.pair, name="device_pair"),
    path("api/device/v1/pair/", device.paired, name="device_paired"),
    path("device/protocol/", protocol.page, name="device_protocol"),
    path("api/device/v1/", device.about, name="device_about"),
    path("api/device/v1/enrol", device.enrol_device, name="device_enrol"),
    path("api/device/v1/secret", device.new_secret, name="device_secret"),
    path("api/device/v1/next", device.next_prompt, name="device_next"),
    path("api/device/v1/events", device.events, name="device_events"),
    path("api/device/v1/heartbeat", device.heartbeat, name="device_heartbeat"),
    path("desk/devices/", deviceviews.devices, name="devices"),
    path("desk/devices/pair/", deviceviews.pair, name="devices_pair"),
    path("desk/devices/slips/", deviceviews.slips, name="devices_slips"),
    path("desk/devices/ask-again/", deviceviews.ask_again, name="devices_ask_again"),
    path("desk/devices/export.xlsx", deviceviews.export, name="devices_export"),
    path("desk/devices/<str:code>/", deviceviews.device, name="device_facts"),
    path("desk/reviews/", views.low_marks_list, name="reviews"),
    path("desk/reviews/export.xlsx", views.low_marks_export, name="reviews_export"),
]
