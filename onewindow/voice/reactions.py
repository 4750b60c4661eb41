"""The question on the window's device follows from acceptance and from handing over."""

from __future__ import annotations

import datetime as dt

from onewindow.cases import instant
from onewindow.cases.models import Event
from onewindow.cases.reactions import on
from onewindow.org.models import Person, number
from onewindow.voice.evaluators import ask
from onewindow.voice.models import Touchpoint
from onewindow.window.models import Application, Channel, DeliveryForm


@on("application.accept", "application.deliver")
def ask_how_it_was(event: Event) -> None:
    """Asks the person who stands at the window, once a touchpoint. Nobody stands there when the matter came or went by
    post or net, and nobody does any more when the worker comes to it late. An item decided on the spot is one service
    and asked about at its end."""
    a = Application.objects.select_related("item", "item_version").get(number=event.number)
    accepted = event.verb == "accept"
    away = a.channel != Channel.COUNTER if accepted else a.delivery_form != DeliveryForm.COUNTER
    late = instant.now() - event.at > dt.timedelta(seconds=number("prompt_seconds"))
    if away or late or (accepted and a.item_version.is_immediate):
        return
    touchpoint = Touchpoint.ACCEPTED if accepted else Touchpoint.DELIVERED
    ask(a, touchpoint, clerk=event.by, counter_id=_window_of(event, a))


def _window_of(event: Event, a: Application) -> int | None:
    """Where the clerk sits who did it, if that is in the same hall: papers are handed out at another window."""
    clerk = Person.objects.filter(username=event.by, counter__hall_id=a.hall_id).first()
    return clerk.counter_id if clerk else a.counter_id
