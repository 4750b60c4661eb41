"""What is done with an application at a window belongs to the visit of the ticket that is there."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from onewindow.cases.models import Event
from onewindow.cases.reactions import on
from onewindow.hall import actions
from onewindow.hall.models import Outcome, Ticket, TicketState, VisitCase
from onewindow.hall.record import NotPossible
from onewindow.org.models import Person

#: Step at the window → the outcome that it means for the ticket.
MEANS = {
    "receive": Outcome.ACCEPTED,
    "accept": Outcome.ACCEPTED,
    "ask_correction": Outcome.DEFECTS,
    "correct": Outcome.ACCEPTED,
    "supply": Outcome.ACCEPTED,
    "deliver": Outcome.DELIVERED,
    "refuse_acceptance": Outcome.COULD_NOT,
}
#: A window that is behind with its clicks: the ticket of so long ago is still the one that is meant.
BEHIND = dt.timedelta(minutes=5)


@on(*[f"application.{verb}" for verb in MEANS])
def belongs_to_visit(event: Event) -> None:
    """Links the application to the ticket that the clerk had at the window at that instant. Work on it also shows that the
    person is there: a ticket that was only called begins to be served with it."""
    clerk = Person.objects.filter(username=event.by, counter__isnull=False).select_related("counter").first()
    if clerk is None:
        return
    ticket = _at_window(clerk.counter_id, event.at)
    if ticket is None:
        return
    with transaction.atomic():
        VisitCase.objects.get_or_create(
            ticket=ticket,
            number=event.number,
            verb=event.verb,
            defaults={"visit_id": ticket.visit_id, "at": event.at},
        )
        if ticket.state == TicketState.CALLED:
            try:
                actions.arrive(ticket, by=clerk, at=max(event.at, ticket.called_at or event.at))
            except NotPossible:  # passed or moved on meanwhile, or the clerk has changed place
                return


def _at_window(counter_id: int, at: dt.datetime) -> Ticket | None:
    """The ticket called to this window last before the instant, if it was still there then (or had just been finished)."""
    ticket = (
        Ticket.objects.filter(counter_id=counter_id, called_at__lte=at)
        .select_related("visit", "counter__hall")
        .order_by("-called_at")
        .first()
    )
    if ticket is None or (ticket.closed_at is not None and ticket.closed_at < at - BEHIND):
        return None
    return ticket


def meant(ticket: Ticket) -> str:
    """The outcome that the applications of this ticket suggest; nothing if none was touched."""
    verb = ticket.cases.order_by("-at", "-id").values_list("verb", flat=True).first()
    return MEANS[verb] if verb in MEANS else ""
