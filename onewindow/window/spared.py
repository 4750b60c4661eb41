"""Figures over what was not asked for again, counted from the record of reuses and from the visits themselves."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases.figures import Row, figure
from onewindow.cases.models import Event
from onewindow.exchange.models import Origin, Reuse
from onewindow.org.models import Person
from onewindow.window.figures import named
from onewindow.window.models import Application, Document, DocumentForm

#: Events at which a person stands at the window.
VISITS = ("application.receive", "application.correct", "application.deliver")
#: Applications of which a paper was taken from the library or a register.
SPARED = Q(Exists(Document.objects.filter(application=OuterRef("pk"), form=DocumentForm.REUSED)))


def uses(person: Person, start: dt.datetime, end: dt.datetime) -> Any:
    """The reuses of a period in the cases that this person may see."""
    seen = Application.objects.seen_by(person).order_by().values("number")
    return Reuse.objects.filter(at__gte=start, at__lt=end, number__in=seen)


def _papers(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
    rows = uses(person, start, end)
    if not by:
        return [Row("", "", rows.count())]
    keys = rows.values_list("number", flat=True)
    return _grouped(Tally(keys), person, by)


def trips(person: Person, start: dt.datetime, end: dt.datetime) -> dict[str, int]:
    """Case number → trips that it saved; see the formula below."""
    ended = Application.objects.seen_by(person).filter(decided_at__gte=start, decided_at__lt=end).order_by()
    promised = dict(ended.values_list("number", "item_version__visit_count"))
    elsewhere: dict[str, set[str]] = {}
    rows = Reuse.objects.filter(~Q(origin=Origin.HANDED_IN), number__in=ended.values("number"))
    for number, issuer in rows.values_list("number", "issuer"):
        elsewhere.setdefault(number, set()).add(issuer)
    events = Event.objects.filter(number__in=list(elsewhere), kind__in=VISITS).exclude(
        by__in=["applicant", "clock"]
    )
    came = Tally(
        n for n, _day in {(n, timezone.localdate(at)) for n, at in events.values_list("number", "at")}
    )
    return {
        n: max(0, len(offices) - max(0, came[n] - (promised[n] or 1))) for n, offices in elsewhere.items()
    }


def _trips(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
    saved = Tally(trips(person, start, end))
    return _grouped(saved, person, by) if by else [Row("", "", saved.total())]


def _grouped(counts: Tally[str], person: Person, by: str) -> Sequence[Row]:
    found: Tally[tuple[str, str]] = Tally()
    for number, code, name in named(Application.objects.filter(number__in=list(counts)), by):
        found[code, name] += counts[number]
    return [Row(code, name, n) for (code, name), n in sorted(found.items())]


figure(
    "papers_saved",
    _("Papers not asked for again"),
    _(
        "materials taken from the library or from a register instead of the applicant, one for each record of reuse"
    ),
    _papers,
)
figure(
    "trips_saved",
    _("Trips saved"),
    _(
        "cases decided in the period: the other offices whose paper was fetched instead of brought, one trip each, less the"
        " visits to the window beyond those of the guide"
    ),
    _trips,
)
