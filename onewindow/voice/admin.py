"""For the IT administrator: devices, and that reviews arrive; not what people wrote."""

from __future__ import annotations

from django.contrib import admin

from onewindow.org.admin import RecordAdmin
from onewindow.voice.device_models import DeviceAlarm, DeviceEvent
from onewindow.voice.models import Device, Indicator, Review


@admin.register(Review)
class ReviewAdmin(RecordAdmin):
    list_display = ("number", "touchpoint", "level", "channel", "at")
    search_fields = ("=number",)
    exclude = ("text", "body_digest", "origin", "assisted_why")


@admin.register(Indicator)
class IndicatorAdmin(RecordAdmin):
    list_display = ("version", "level", "code", "name", "is_core")


@admin.register(Device)
class DeviceAdmin(RecordAdmin):
    list_display = ("code", "kind", "hall", "counter", "state", "app_version", "paired_at")
    list_select_related = ("hall", "counter")
    list_filter = ("kind", "state")
    exclude = ("secret_digest", "next_digest")


@admin.register(DeviceAlarm)
class DeviceAlarmAdmin(RecordAdmin):
    list_display = ("device", "kind", "count", "opened_at", "closed_at")
    list_select_related = ("device__counter",)
    list_filter = ("kind",)


@admin.register(DeviceEvent)
class DeviceEventAdmin(RecordAdmin):
    list_display = ("device", "seq", "kind", "result", "reason", "event_at", "time_quality")
    list_select_related = ("device__counter",)
    list_filter = ("kind", "result", "time_quality")
