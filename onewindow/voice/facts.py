"""What the system itself knows of a matter that was reviewed: late or not, and how often the person had to come."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from onewindow.cases.models import Event
from onewindow.window.models import Application
from onewindow.window.spared import VISITS


def visits_of(a: Application) -> int:
    """On how many days somebody came to the window for it."""
    came = Event.objects.filter(number=a.number, kind__in=VISITS).exclude(by="applicant")
    return len({timezone.localdate(at) for at in came.order_by().values_list("at", flat=True)})


def known(a: Application, at: dt.datetime) -> dict[str, Any]:
    """The facts as they stand at ``at``; they decide nothing and spare the first question."""
    return late(a, at) | {
        "visits": visits_of(a),
        "visits_promised": a.item_version.visit_count or 1,
        "deemed": a.is_deemed,
    }


def late(a: Application, at: dt.datetime) -> dict[str, bool]:
    """Past the promise, past the statute: by the decision, or by now where there is none yet."""
    ended = a.decided_at or at
    promise, law = (
        (a.decision_due_at, a.decision_legal_due_at) if a.decided_at else (a.due_at, a.legal_due_at)
    )
    return {"late_promise": bool(promise and ended > promise), "late_law": bool(law and ended > law)}
