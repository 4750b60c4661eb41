"""The question on the counter's device follows from acceptance and from handing over."""

from __future__ import annotations

from onewindow.cases.models import Event
from onewindow.cases.reactions import on
from onewindow.voice.actions import ask
from onewindow.voice.models import Touchpoint
from onewindow.window.models import Application


@on("application.accept", "application.deliver")
def ask_how_it_was(event: Event) -> None:
    """Asks once a touchpoint; an item decided on the spot is asked about only at its end."""
    a = Application.objects.select_related("item", "item_version").get(number=event.number)
    if event.verb == "accept" and a.item_version.is_immediate:
        return
    touchpoint = Touchpoint.ACCEPTED if event.verb == "accept" else Touchpoint.DELIVERED
    ask(a, touchpoint, clerk=event.by)
