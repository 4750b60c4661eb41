"""What a clerk's workbench says of the evaluator at the own counter."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from onewindow.cases import instant
from onewindow.org.models import Person
from onewindow.voice import evaluators
from onewindow.voice.models import Device
from onewindow.window.workbench import panel


@panel
def evaluator(clerk: Person) -> dict[str, Any] | None:
    """Whether the evaluator of this clerk's counter answers; nothing for a counter that has none."""
    if clerk.counter is None or not clerk.counter.has_device:
        return None
    device = Device.objects.at_window(clerk.counter_id).with_places().first()
    if device is None:
        text, is_well = _("not paired; tell the hall manager"), False
    elif device.health(instant.now()) == "offline":
        text, is_well = _("does not answer; switch it on or tell the hall manager"), False
    else:
        text, is_well = _("ready"), True
    said = {"label": _("Evaluator"), "text": text, "is_well": is_well}
    if is_well and evaluators.to_ask_again(clerk.counter_id) is not None:
        said |= {
            "text": _("the last question went unanswered"),
            "act": _("Ask once more"),
            "url": reverse("devices_ask_again"),
        }
    return said
