"""From the ticket at the window to the could-not-be-done window: which ticket it was comes along, and is not asked again."""

from __future__ import annotations

from onewindow.hall.models import Ticket
from onewindow.issues import opening
from onewindow.issues.tickets import FINDERS, KnownTicket
from onewindow.org.models import Person


def known(pk: int, person: Person) -> KnownTicket | None:
    """The ticket with its queue and the applications that were acted on with it, in the order of the acts."""
    t = Ticket.objects.seen_by(person).select_related("group").prefetch_related("cases").filter(pk=pk).first()
    if t is None:
        return None
    numbers = tuple(dict.fromkeys(c.number for c in t.cases.all()))
    return KnownTicket(t.pk, t.number, t.group.name, t.group.name_en, opening.ticket_source(t.key), numbers)


FINDERS.append(known)
