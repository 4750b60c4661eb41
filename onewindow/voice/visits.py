"""号票评价: the verdict on a ticket that ended without an application, and what follows from it.

Advice, papers collected, a "no": nothing of it is a case, and still somebody was served. The clerk's end of the ticket puts
the question on the device; the visit's own page asks too. Once a ticket; a change within 24 hours is a further row; one or two
stars, or words of complaint, open their issue in the same transaction, once a ticket.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef

from onewindow.cases import chain, instant
from onewindow.hall.models import Ticket, TicketState, VisitCase
from onewindow.issues import opening, similar
from onewindow.issues.models import Issue
from onewindow.org.models import Person, number
from onewindow.voice import province
from onewindow.voice.actions import AlreadyReviewed, Conflicting, NotOpenForReview, NotPossible, check, clean
from onewindow.voice.again import TooLate
from onewindow.voice.device_models import WindowVerdict
from onewindow.voice.figures import SUMS, Verdict
from onewindow.voice.models import OPEN, Conflict, Device, Level, Prompt, PromptState, ReviewChannel
from onewindow.voice.visit_models import VisitExclusion, VisitVerdict, VisitVerdictQuerySet

#: Of what these make a touchpoint of a case, the case is asked about.
ASKED_ELSEWHERE = ("accept", "deliver")


def _cases() -> Exists:
    return Exists(VisitCase.objects.filter(ticket=OuterRef("pk"), verb__in=ASKED_ELSEWHERE))


def is_askable(ticket: Ticket) -> bool:
    """Whether the ticket itself is asked about: nothing was accepted or handed over with it, and nobody has said anything
    about it yet (a device without a line may have taken something down for it)."""
    if ticket.cases.filter(verb__in=ASKED_ELSEWHERE).exists():
        return False
    return not said_about(ticket)


def said_about(ticket: Ticket) -> bool:
    offline = WindowVerdict.objects.filter(visit_ticket=ticket.key)
    return VisitVerdict.objects.filter(ticket=ticket.key).exists() or offline.exists()


def is_open(ticket: Ticket) -> bool:
    """Whether the visit's own page still takes a verdict on this ticket."""
    if ticket.state != TicketState.FINISHED or ticket.closed_at is None or not is_askable(ticket):
        return False
    return instant.now() <= ticket.closed_at + dt.timedelta(days=number("review_window_days"))


def chain_of(ticket: Ticket) -> list[VisitVerdict]:
    """All that was said about a ticket, first to last."""
    return list(VisitVerdict.objects.filter(ticket=ticket.key).order_by("id"))


def change_until(first: VisitVerdict) -> dt.datetime:
    return first.at + dt.timedelta(hours=number("review_change_hours"))


def give(
    ticket: Ticket,
    *,
    level: int,
    codes: Sequence[str] = (),
    text: str = "",
    channel: int = ReviewChannel.MOBILE,
    event_id: str = "",
    device: Device | None = None,
    said_at: dt.datetime | None = None,
    origin: str = "",
    replaces: VisitVerdict | None = None,
) -> VisitVerdict:
    """号票评价 — takes one verdict on a ticket down; sent again with the same ``event_id`` and body it is the same one. A device
    was asked in time: its answer is never too late. Raises what :func:`onewindow.voice.actions.review` raises."""
    codes, text = sorted(set(codes)), clean(text)
    body = hashlib.sha256(chain.canonical([ticket.key, level, codes, text]).encode()).hexdigest()
    if event_id and (first := VisitVerdict.objects.filter(event_id=event_id).first()):
        return _same(first, body, device)
    check(level, codes, text)
    if replaces is None and said_about(ticket):
        raise AlreadyReviewed
    if replaces is None and device is None and not is_open(ticket):
        raise NotOpenForReview
    now = instant.now()
    try:
        with transaction.atomic():
            row = VisitVerdict.objects.create(
                ticket=ticket.key, ticket_number=ticket.number, group_id=ticket.group_id, hall_id=ticket.hall_id,
                counter_id=ticket.counter_id, clerk=ticket.clerk, outcome=ticket.outcome, level=level, codes=codes,
                text=text, channel=channel, device=device, event_id=event_id or uuid.uuid4().hex, body_digest=body,
                replaces=replaces, origin=origin, at=now, said_at=min(said_at or now, now),
            )  # fmt: skip
            _put_right(ticket, row)
            province.expect(row)
    except IntegrityError as twice:
        if event_id and (first := VisitVerdict.objects.filter(event_id=event_id).first()):
            return _same(first, body, device)
        raise AlreadyReviewed from twice
    Prompt.objects.filter(ticket=ticket.key, state__in=OPEN).update(state=PromptState.ANSWERED)
    return row


def change(
    ticket: Ticket, *, level: int, codes: Sequence[str] = (), text: str = "", origin: str = ""
) -> VisitVerdict:
    """改评 — within 24 hours, by the visit's own link. The first row stays. Raises :class:`TooLate`."""
    rows = chain_of(ticket)
    if not rows or instant.now() > change_until(rows[0]):
        raise TooLate
    was = rows[-1]
    if (was.level, was.codes, was.text) == (level, sorted(set(codes)), clean(text)):
        return was
    return give(ticket, level=level, codes=codes, text=text, origin=origin, replaces=was)


def _same(first: VisitVerdict, body: str, device: Device | None) -> VisitVerdict:
    if first.body_digest == body:
        return first
    if device:
        Conflict.objects.get_or_create(
            device=device, event_id=first.event_id, body_digest=body, defaults={"at": instant.now()}
        )
    raise Conflicting


def _put_right(ticket: Ticket, v: VisitVerdict) -> None:
    """差评整改 — as for any bad review, in the transaction of the verdict itself; a change from one low mark to another stays
    with the first one's issue."""
    words = similar.complaint(v.text)
    if v.level > Level.BAD and not words:
        return
    if v.replaces_id and issue_of(ticket.key) is not None:
        return
    opening.open_for_ticket(
        ticket, level=v.level, text=v.text, codes=list(v.codes), clerk=v.clerk, facts={"complaint": words}
    )


def issue_of(ticket_key: str) -> Issue | None:
    """The issue in which a ticket's bad verdict is put right."""
    return Issue.objects.filter(origin="review", source=opening.ticket_source(ticket_key)).first()


def set_aside(v: VisitVerdict, *, by: str, second: str, reason: str) -> None:
    """不计入统计 — a panel upheld the appeal: the verdict stays, marked."""
    if by == second or not reason.strip():
        raise NotPossible("two_people", "")
    with transaction.atomic():
        province.expect(
            VisitExclusion.objects.create(
                verdict=v, reason=reason[:300], by=by, second_by=second, at=instant.now()
            )
        )


# --- figures -------------------------------------------------------------------------------------------------


def verdicts(person: Person, start: dt.datetime, end: dt.datetime) -> dict[int, Verdict]:
    """Window id → what was said there about tickets without an application, and of how many such tickets (``touchpoints``).
    Two queries; nothing of it is in the sums over applications."""
    said = VisitVerdict.objects.seen_by(person).counted().filter(at__gte=start, at__lt=end)
    found = {row.pop("counter_id"): row for row in said.order_by().values("counter_id").annotate(**SUMS)}
    ended = Ticket.objects.seen_by(person).filter(
        state=TicketState.FINISHED, closed_at__gte=start, closed_at__lt=end
    )
    rows: Any = ended.filter(~_cases()).order_by().values_list("counter_id").annotate(Count("pk"))
    reached = dict(rows)
    none = {"n": 0, "good": 0, "bad": 0, "mean": None}
    return {
        pk: Verdict(**found.get(pk, none), touchpoints=reached.get(pk, 0))
        for pk in {*found, *reached}
        if pk is not None
    }


def together(by_window: dict[int, Verdict]) -> Verdict:
    """The figures of some windows as one."""
    rows = list(by_window.values())
    n = sum(v.n for v in rows)
    mean = sum(v.mean * v.n for v in rows if v.mean is not None) / n if n else None
    good, bad, reached = (sum(getattr(v, name) for v in rows) for name in ("good", "bad", "touchpoints"))
    return Verdict(n, good, bad, mean, reached)


def issues_of(rows: Sequence[VisitVerdict], person: Person) -> dict[str, str]:
    """Ticket key → number of the issue that the person may see; one query."""
    sources = {opening.ticket_source(v.ticket): v.ticket for v in rows}
    seen = Issue.objects.seen_by(person).filter(origin="review", source__in=list(sources))
    return {sources[source]: found for source, found in seen.values_list("source", "number")}


def find(person: Person, start: dt.datetime, end: dt.datetime, *, low: bool) -> VisitVerdictQuerySet:
    """The verdicts on tickets that a person may read, newest first; ``low``: one and two stars only."""
    rows = VisitVerdict.objects.seen_by(person).standing().with_places().filter(at__gte=start, at__lt=end)
    return rows.filter(level__lte=Level.BAD) if low else rows
