"""Addresses of the public's verdict. Fixed paths below /desk/ stand before the desk's ``<number>``."""

from __future__ import annotations

from django.urls import path

from onewindow.voice import (
    asking_views,
    device,
    deviceviews,
    opinions,
    protocol,
    public,
    verdict_views,
    views,
)

urlpatterns = [
    path("rate/<str:token>", public.rate_case, name="rate"),
    path("r/<str:code>", public.invited, name="invited_rate"),
    path("r/<str:code>/stop", public.invited_stop, name="invited_stop"),
    path("device/", device.page, name="device"),
    path("api/device/v1/pair", device.pair, name="device_pair"),
    path("api/device/v1/pair/", device.paired, name="device_paired"),
    path("device/kiosk/open", device.open_kiosk, name="device_open_kiosk"),
    path("device/protocol/", protocol.page, name="device_protocol"),
    path("device/signage/", device.hall_page, {"kind": "signage"}, name="device_signage"),
    path("device/kiosk/", device.hall_page, {"kind": "kiosk"}, name="device_kiosk"),
    path("device/feedback/", device.hall_page, {"kind": "feedback"}, name="device_feedback"),
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
    path("desk/reviews/enter/", verdict_views.enter, name="review_enter"),
    path("desk/reviews/texts/", verdict_views.texts, name="review_texts"),
    path("desk/reviews/asking/", asking_views.asking, name="review_asking"),
    path("desk/reviews/asking/export.xlsx", asking_views.asking_export, name="review_asking_export"),
    path("desk/reviews/windows/", verdict_views.windows, name="review_windows"),
    path("desk/reviews/windows/export.xlsx", verdict_views.windows_export, name="review_windows_export"),
    path("desk/reviews/signals/", verdict_views.signals, name="review_signals"),
    path(
        "desk/reviews/signals/<str:look>/<str:hall>/<str:window>/<str:code>/",
        verdict_views.signal_rows,
        name="review_signal",
    ),
    path(
        "desk/reviews/signals/<str:look>/<str:hall>/<str:window>/<str:code>/check",
        verdict_views.signal_check,
        name="review_check",
    ),
    path("desk/reviews/one/<str:key>/", verdict_views.review_facts, name="review"),
    path("reviews/", opinions.city, name="opinions"),
    path("reviews/figures.json", opinions.figures_json, name="opinions_json"),
    path("reviews/figures.csv", opinions.figures_csv, name="opinions_csv"),
    path("reviews/words.json", opinions.words_json, name="opinions_words"),
    path("reviews/<slug:slug>/", opinions.kind_list, name="opinions_list"),
    path("reviews/<slug:slug>/<str:code>/", opinions.one, name="opinions_one"),
]
