"""到访 — one visit as those who answer for the hall read it: its tickets with what happened to each, the applications that
were acted on, and what was said of it. Who came stands nowhere; an application says so to whoever may read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.hall.models import Ticket, TicketEvent, Visit
from onewindow.org.models import Person
from onewindow.org.templatetags.ow import local
from onewindow.window.models import Application

#: What happened to a ticket, and how it looks in the timeline (parts/timeline.html).
KINDS: Mapping[str, tuple[Any, str]] = {
    "taken": (_("Number taken"), "done"),
    "called": (_("Called"), "done"),
    "recalled": (_("Called once more"), "wait"),
    "arrived": (_("Came to the window"), "done"),
    "passed": (_("Did not come"), "bad"),
    "passed_over": (_("Somebody else was called first"), "bad"),
    "returned": (_("Back in the queue"), "done"),
    "held": (_("Put on hold"), "wait"),
    "resumed": (_("Went on"), "done"),
    "transferred": (_("Moved to another queue"), "wait"),
    "finished": (pgettext_lazy("ticket", "Finished"), "done"),
    "left": (_("Gave up"), "bad"),
    "expired": (_("Not served by closing"), "bad"),
}

#: What further parts of the house know of a visit: a template and its context, or nothing.
Panel = Callable[[Visit, Sequence[Ticket], Sequence[str], Person], tuple[str, dict[str, Any]] | None]
PANELS: list[Panel] = []


@dataclass(frozen=True)
class Course:
    """One ticket and its timeline, oldest event first."""

    ticket: Ticket
    rows: list[dict[str, Any]]


def courses(tickets: Sequence[Ticket]) -> list[Course]:
    """Three questions, however many tickets there are."""
    events = list(
        TicketEvent.objects.filter(ticket__in=tickets).select_related("counter").order_by("ticket_id", "seq")
    )
    people = {p.username: local(p) for p in Person.objects.filter(username__in={e.by for e in events})}
    return [Course(t, [_row(e, people) for e in events if e.ticket_id == t.pk]) for t in tickets]


def _row(e: TicketEvent, people: Mapping[str, str]) -> dict[str, Any]:
    title, state = KINDS[e.kind]
    where = [local(e.counter)] if e.counter else []
    if (who := people.get(e.by)) is not None:
        where.append(who)
    return {"title": title, "at": e.at, "by": " ".join(where), "note": e.reason, "state": state}


def applications(tickets: Sequence[Ticket], person: Person) -> tuple[list[Application], list[str]]:
    """The applications of these tickets that the person may see, and the numbers of all of them."""
    numbers = list(dict.fromkeys(n for t in tickets for n in sorted(c.number for c in t.cases.all())))
    found = Application.objects.seen_by(person).with_facts().filter(number__in=numbers).order_by("number")
    return list(found), numbers


def of_ticket(key: int, person: Person) -> tuple[Visit, list[Ticket]] | None:
    """The visit of a ticket with all its tickets; None if the person may not see it."""
    mine = Ticket.objects.seen_by(person)
    ticket = mine.filter(pk=key).select_related("visit__hall").first()
    if ticket is None:
        return None
    tickets = (
        mine.filter(visit=ticket.visit).with_places().prefetch_related("cases").order_by("taken_at", "id")
    )
    return ticket.visit, list(tickets)
