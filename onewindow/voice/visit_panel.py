"""On the page of a visit: what was said of its applications and of its tickets, as far as the reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onewindow.hall.models import Ticket, Visit
from onewindow.hall.visits import PANELS
from onewindow.issues import opening
from onewindow.issues.models import Issue
from onewindow.org.models import Person
from onewindow.voice.models import Review
from onewindow.voice.visit_models import VisitVerdict


def said(
    visit: Visit, tickets: Sequence[Ticket], numbers: Sequence[str], person: Person
) -> tuple[str, dict[str, Any]]:
    """The verdicts as they stand: of the applications of this visit, and of its tickets; and what is being put right of them."""
    reviews = Review.objects.seen_by(person).standing().filter(number__in=numbers).order_by("said_at", "id")
    verdicts = VisitVerdict.objects.seen_by(person).standing().filter(ticket__in=[t.key for t in tickets])
    sources = [opening.ticket_source(t.key) for t in tickets]
    issues = Issue.objects.seen_by(person).filter(source__in=sources, origin__in=["stuck", "review"])
    return "voice/visit_panel.html", {
        "issues": list(issues.order_by("id")),
        "reviews": list(reviews),
        "verdicts": list(verdicts.order_by("said_at", "id")),
    }


PANELS.append(said)
