"""工作台: a clerk's day – what waits, what is ready to be handed out, drafts – and what passes on at the end of a shift."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from onewindow.cases import assign, instant, numbers
from onewindow.cases.models import Event
from onewindow.org.calendar import ZONE
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.window import links, sitting
from onewindow.window.models import Application, DeliveryForm, Draft, Paper, Reprint, Status

S = Status
SHOWN = 6
PAGE = 50
#: What higher apps know of the place: each gives ``{"label", "text", "is_well"}`` for a clerk, or nothing; with ``act`` and
#: ``url`` a button that posts there.
Panel = Callable[[Person], "dict[str, Any] | None"]
PANELS: list[Panel] = []


def panel(show: Panel) -> Panel:
    """Registers what the workbench says of a device or service (once, at start-up)."""
    PANELS.append(show)
    return show


def _mine(clerk: Person) -> QuerySet[Application]:
    """Open applications of the halls in which this clerk works today."""
    halls = clerk.halls_as(Role.CLERK, Role.HALL_MANAGER)
    rows = Application.objects.seen_by(clerk).filter(hall_id__in=halls).open()
    return rows.select_related("item", "office", "hall")


#: tile → which open applications it counts
TILES = {
    "online": Q(status=S.SUBMITTED),
    "returned": Q(status=S.RECEIVED, corrections_told__gt=0),
    "to_accept": Q(status=S.RECEIVED, corrections_told=0),
    "waiting": Q(status=S.CORRECTING),
    "ready": Q(status=S.DECIDED),
}


def today(clerk: Person) -> dict[str, Any]:
    """All that the workbench shows."""
    mine = _mine(clerk)
    counts = mine.select_related(None).aggregate(**{name: Count("pk", filter=q) for name, q in TILES.items()})
    midnight = dt.datetime.combine(timezone.localdate(instant.now()), dt.time(), ZONE)
    taken = Event.objects.filter(kind="application.receive", by=clerk.username, at__gte=midnight)
    out = Event.objects.filter(kind="application.deliver", by=clerk.username, at__gte=midnight)
    soonest = F("due_at").asc(nulls_last=True)
    return {
        "counts": counts,
        "taken": taken.count(),
        "given": out.count(),
        "first": list(
            mine.filter(TILES["online"] | TILES["to_accept"] | TILES["returned"]).order_by(soonest, "id")[
                :SHOWN
            ]
        ),
        "ready": list(mine.filter(TILES["ready"]).order_by(soonest, "id")[:SHOWN]),
        "drafts": sitting.drafts(clerk),
        "panels": [said for show in PANELS if (said := show(clerk)) is not None],
    }


# --- handing out -------------------------------------------------------------------------------------------


def handouts(clerk: Person, *, form: str = "") -> QuerySet[Application]:
    """Decided, not yet handed over: what has to be handed over first stands first (行政许可法 44: ten working days)."""
    rows = _mine(clerk).filter(TILES["ready"])
    if form in DeliveryForm.values:
        rows = rows.filter(delivery_form=form)
    return rows.order_by(F("due_at").asc(nulls_last=True), "id")


def scanned(text: str, clerk: Person) -> Application | None:
    """The case that a typed number, or a scanned code of ours (status link, short link, a paper's proof), means – if this
    clerk may see it."""
    text = text.strip()[:400]
    number = ""
    if found := re.search(r"/t/([\w-]{20,})", text):
        number = a.number if (a := links.by_token(found[1])) else ""
    elif found := re.search(r"/q/([\w-]+)", text):
        number = a.number if (a := links.by_short(found[1])) else ""
    elif found := re.search(r"code=([\w-]+)", text):
        number = p.application.number if (p := links.paper_by_code(found[1])) else ""
    elif not (number := numbers.clean(text)) and (p := links.paper_by_code(text)):
        number = p.application.number
    if not number:
        return None
    return Application.objects.seen_by(clerk).with_facts().filter(number=number).first()


# --- reprints ----------------------------------------------------------------------------------------------


def reprint(paper: Paper, *, by: Person, reason: str) -> Reprint:
    """补打 — writes down that a letter is printed once more, and why; the print is marked with its ordinal."""
    with transaction.atomic():
        nth = Reprint.objects.filter(paper=paper).count() + 1
        return Reprint.objects.create(paper=paper, nth=nth, by=by, at=instant.now(), reason=reason)


def reprint_of(paper: Paper, nth: str) -> Reprint | None:
    """The reprint with this ordinal."""
    return Reprint.objects.filter(paper=paper, nth=nth).first() if nth.isdigit() and len(nth) < 5 else None


# --- the end of a shift ------------------------------------------------------------------------------------


def _drafts(clerk: Person) -> list[dict[str, str]]:
    return [{"what": "draft", "key": d.key, "words": d.title} for d in sitting.drafts(clerk)]


def _give_draft(line: dict[str, str], giver: Person, taker: Person) -> Any:
    if not Draft.objects.filter(person=giver, key=line["key"]).update(person=taker):
        return _("The draft is no longer there.")
    return None


def _results(clerk: Person) -> list[dict[str, str]]:
    """The papers in hand: decisions on paper that wait to be collected."""
    if not clerk.halls_as(Role.CLERK):
        return []
    rows = (
        _mine(clerk).filter(TILES["ready"], delivery_form=DeliveryForm.COUNTER).order_by("id")[: assign.MOST]
    )
    return [{"what": "paper", "key": a.number, "words": a.title} for a in rows]


def _give_result(line: dict[str, str], giver: Person, taker: Person) -> Any:
    still = Application.objects.filter(number=line["key"], status=S.DECIDED).exists()
    return None if still else _("Handed over to the applicant meanwhile.")


def _nothing_kept(clerk: Person) -> list[dict[str, str]]:
    """No money passes over the counter and no original is kept: both say so with their signatures."""
    return [{"what": "cash", "key": "-", "words": "窗口无现金，未代管申请人证件、证照原件。"}]


assign.part("shift", "draft", _drafts, _give_draft)
assign.part("shift", "paper", _results, _give_result)
assign.part("shift", "cash", _nothing_kept, lambda line, giver, taker: None)
