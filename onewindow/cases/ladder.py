"""督办: a late case climbs its ladder – each rung once a clock, with a card, an event, and the holders of the posts told.

The worker asks what is :func:`due` when the instants of cases have come. Cards, events and the changes of the cases are one
transaction; two workers at once, or a second run, change nothing: the case's version and the card's uniqueness both refuse.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone

from onewindow.cases import clock, desk, flow, instant, rows, rungs
from onewindow.cases.models import Card, Event, Rung
from onewindow.cases.rules import CLOCK
from onewindow.org.models import Hall, Office, Person, Post, current_calendar
from onewindow.org.roles import Role

#: who does a department's work at the window
AT_HALL = {Role.APPROVER: Role.CLERK, Role.HEAD: Role.HALL_MANAGER}
#: roles that are told wherever they sit; the others at the responsible unit
EVERYWHERE = (Role.BUREAU, Role.LEADER, Role.ADMIN)
#: posts that were found before, by role and unit
Holders = dict[tuple[str, Hall | None, Office | None], list[Post]]


def look(cases: Sequence[Any], now: dt.datetime, known: Holders) -> int:
    """Turns the lights of running clocks and lets what is late climb its ladder: everything is worked out first, then written
    at once, if each case still is as it was read; the cases are moved on. Inside a transaction; returns how many events
    there were."""
    pairs = [(case, copy.copy(case)) for case in cases]
    for _, draft in pairs:
        clock.work_out(draft, now)
    reached = due([draft for _, draft in pairs], now)
    events: list[Event] = []
    cards: list[Card] = []
    for n, (case, draft) in enumerate(pairs):
        if draft.light != case.light:
            rule = {"amber": "amber", "yellow": "promise", "red": "statute"}.get(draft.light, "")
            turned = {"light_from": case.light, "light": draft.light, "rule": rule}
            events.append(flow.say(draft, "light", by=CLOCK, now=now, data=turned))
        for rung in reached.get(draft.pk, ()):
            card, said = issue(draft, rung, now, known)
            cards.append(card)
            events.append(flow.say(draft, "card", by=CLOCK, now=now, data=said))
        if draft.version == case.version:  # only the next instant moved; no event
            wake_at, draft = draft.wake_at, copy.copy(case)
            draft.wake_at = now + dt.timedelta(minutes=1) if wake_at and wake_at <= now else wake_at
            pairs[n] = case, draft
    rows.insert_all(cards)
    flow.settle_all(pairs, events)
    for case, draft in pairs:
        case.__dict__.update(draft.__dict__)
    return len(events)


def catch_up(case: Any, now: dt.datetime) -> None:
    """Turns the light and issues the cards that the worker has not come to yet. Whoever closes a late case between two of
    its rounds does not escape the card: what was late is said whoever was faster."""
    look([case], now, {})


flow.BEFORE_LATE_STEPS.append(catch_up)


def due(cases: Iterable[Any], now: dt.datetime) -> dict[int, list[Rung]]:
    """The rungs that these cases (of one kind, with their clocks worked out) have reached and not yet climbed, by their keys."""
    reached: dict[int, list[Rung]] = {}
    late = {}
    for case in cases:
        if (
            case.clock_from is None
            or case.clock_ended_at is not None
            or not case.due_at
            or now <= case.due_at
        ):
            continue
        climbs = rungs.instants(case, clock.stops_of(case), current_calendar())
        if found := [rung for rung, at in climbs if now > at]:
            reached[case.pk], late[case.number] = found, case
    for number, code, since, longer in Card.objects.filter(number__in=late).values_list(
        "number", "code", "clock_from", "extension"
    ):
        case = late[number]
        if (since, longer) == (case.clock_from, case.clock_extension):
            reached[case.pk] = [rung for rung in reached[case.pk] if rung.code != code]
    return reached


def issue(case: Any, rung: Rung, now: dt.datetime, known: Holders) -> tuple[Card, dict[str, Any]]:
    """The card of a rung, for the event that comes next, and what that event says; nothing is written yet. ``known``: the
    holders of posts that were asked for before."""
    kind = desk.KINDS.get(case.PREFIX)
    hall = kind.hall_of(case) if kind else None
    told: list[str] = []
    untold: list[str] = []
    for role in rung.roles:
        held = holders(role, case.office, hall, of=case.handler_id, now=now, known=known)
        people = [p for p in held if case.may_be_told(p)]
        told += [p.username for p in people if p.username not in told]
        if not people:
            untold.append(AT_HALL.get(role, role) if hall else role)
    card = Card(
        number=case.number,
        code=rung.code,
        measure=rung.measure,
        after=rung.after,
        limit_at=case.due_at if rung.measure == "promise" else case.legal_due_at,
        clock_from=case.clock_from,
        extension=case.clock_extension,
        issued_at=now,
        event_seq=case.version + 1,
        title=case.title,
        office=case.office,
        hall=hall,
        person_id=None if hall else case.handler_id,
        told=told,
        untold=untold,
        todo=rung.todo,
        todo_en=rung.todo_en,
    )
    said = {"card": card.code, "measure": card.measure, "after": card.after, "told": told}
    return card, said | ({"untold": untold} if untold else {})


def holders(
    role: str,
    office: Office | None = None,
    hall: Hall | None = None,
    *,
    of: int | None = None,
    now: dt.datetime | None = None,
    known: Holders | None = None,
) -> list[Person]:
    """Who holds the role today: at the unit (the hall if one is given, else the office), bureau and leaders anywhere.

    ``of``: the member of staff who has taken the case on; if that person is among them, only that person and who stands
    in for him or her are meant. ``known``: what was found before, for whoever asks for many cases at once.
    """
    where = (role, hall, None if hall else office)
    found = known.get(where) if known is not None else None
    if found is None:
        found = _posts(role, office, hall, now)
        if known is not None:
            known[where] = found
    meant = [p for p in found if of is not None and of in (p.person_id, stood_in_for(p))]
    return unique(p.person for p in (meant or found))


def _posts(role: str, office: Office | None, hall: Hall | None, now: dt.datetime | None) -> list[Post]:
    day = timezone.localdate(now or instant.now())
    posts = Post.objects.on(day).filter(person__is_active=True)
    if role in EVERYWHERE:
        posts = posts.filter(role=role)
    elif hall is not None:
        posts = posts.filter(role=AT_HALL.get(Role(role), role), hall=hall)
    else:
        posts = posts.filter(role=role, office=office)
    return list(posts.select_related("person", "stands_in_for").order_by("person_id", "id"))


def stood_in_for(post: Any) -> int | None:
    """Whose post this one stands in for; None for an own post."""
    return post.stands_in_for.person_id if post.stands_in_for_id else None


def unique(people: Iterable[Person]) -> list[Person]:
    """Each person once, in order."""
    return list({p.pk: p for p in people}.values())
