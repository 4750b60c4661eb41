"""The question on the window's device follows from acceptance, from handing over and from the end of a ticket."""

from __future__ import annotations

import datetime as dt

from onewindow.cases import instant
from onewindow.cases.models import Event
from onewindow.cases.reactions import on
from onewindow.hall.actions import on_finish
from onewindow.hall.models import Ticket
from onewindow.issues.models import Issue
from onewindow.org.models import Person, number
from onewindow.voice import inviting, publishing, visits
from onewindow.voice.evaluators import ask, ask_about_ticket
from onewindow.voice.models import Prompt, Review, Touchpoint
from onewindow.voice.visit_models import VisitVerdict
from onewindow.window.models import Application, Channel, DeliveryForm


@on("application.accept", "application.deliver")
def ask_how_it_was(event: Event) -> None:
    """Asks the person who stands at the window, once a touchpoint. Nobody stands there when the matter came or went by
    post or net, and nobody does any more when the worker comes to it late. An item decided on the spot is one service
    and asked about at its end."""
    a = Application.objects.select_related("item", "item_version").get(number=event.number)
    late = instant.now() - event.at > dt.timedelta(seconds=number("prompt_seconds"))
    if not late and (touchpoint := _at_window(a, event.verb)):
        ask(a, touchpoint, clerk=event.by, counter_id=_window_of(event, a))


@on("application.accept", "application.deliver")
def ask_by_message_later(event: Event) -> None:
    """Whoever says nothing at the window, or was at none, is asked by message (see :mod:`onewindow.voice.inviting`)."""
    a = Application.objects.select_related("item", "item_version").get(number=event.number)
    if touchpoint := inviting.touchpoint_of(a, event.verb):
        inviting.expect(a, touchpoint, event.at)


@on_finish
def ask_who_is_about_to_go(ticket: Ticket, by: Person) -> None:
    """The ticket's end is the last moment at which somebody stands there: what was accepted or handed over with it and not
    asked about in time (the worker came late) is asked about now, the newest first and only that one. Nothing is asked
    twice: a question that was put, wherever and with whatever end, was put."""
    done = ticket.cases.filter(verb__in=["accept", "deliver"]).order_by("-at", "-id")
    for link in done:
        a = Application.objects.select_related("item", "item_version").filter(number=link.number).first()
        touchpoint = _at_window(a, link.verb) if a else None
        if a is None or touchpoint is None:
            continue
        if Prompt.objects.filter(number=a.number, touchpoint=touchpoint).exists():
            continue
        if ask(a, touchpoint, clerk=by.username, counter_id=ticket.counter_id):
            return


@on_finish
def ask_about_the_visit(ticket: Ticket, by: Person) -> None:
    """Advice, papers collected, a "no": what ended without an application is asked about as a ticket."""
    if ticket.counter_id is not None and visits.is_askable(ticket):
        ask_about_ticket(
            ticket.key, ticket.counter_id, clerk=by.username, title=ticket.group.name, title_en=ticket.group.name_en
        )  # fmt: skip


def _at_window(a: Application, verb: str) -> Touchpoint | None:
    """What a step at the window lets us ask about; nothing if nobody stands there for it."""
    if verb == "accept":
        here = a.channel == Channel.COUNTER and not a.item_version.is_immediate
        return Touchpoint.ACCEPTED if here else None
    return Touchpoint.DELIVERED if a.delivery_form == DeliveryForm.COUNTER else None


@on("issue.uphold")
def set_aside_after_appeal(event: Event) -> None:
    """申诉成立 — a panel of three found a review mistaken: it stays, marked, and no figure counts it any more. The first two who
    voted so answer for it."""
    issue = Issue.objects.get(number=event.number)
    number_, touchpoint, *further = issue.source.split(" ")
    voted = list(issue.votes.filter(upholds=True).select_related("person").order_by("no")[:2])
    if len(voted) < 2:
        return
    by, second = (v.person.username if v.person else f"{v.name}（外部）" for v in voted)
    reason = voted[0].reason or issue.number
    if number_ == "ticket":
        verdict = VisitVerdict.objects.counted().filter(ticket=touchpoint).first()
        if verdict is not None:
            visits.set_aside(verdict, by=by, second=second, reason=reason)
        return
    said = Review.objects.standing().filter(number=number_, touchpoint=touchpoint).order_by("nth")
    review = said.last() if further else said.first()
    if review is not None and not hasattr(review, "exclusion"):
        publishing.set_aside(review, by=by, second=second, reason=reason)


def _window_of(event: Event, a: Application) -> int | None:
    """Where the clerk sits who did it, if that is in the same hall: papers are handed out at another window."""
    clerk = Person.objects.filter(username=event.by, counter__hall_id=a.hall_id).first()
    return clerk.counter_id if clerk else a.counter_id
