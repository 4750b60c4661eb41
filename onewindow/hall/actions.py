"""Taking a ticket, calling, serving, and whatever else happens to it in between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rows import prepared
from onewindow.cases.rules import By, Rule
from onewindow.hall import order, predict, rules, speech, windows
from onewindow.hall.models import (
    AT_WINDOW,
    GROUNDS,
    OPEN,
    Channel,
    MatterGroup,
    Outcome,
    Priority,
    Serial,
    Ticket,
    TicketState,
    Visit,
)
from onewindow.hall.record import NotPossible, Stale, move, note
from onewindow.org.calendar import ZONE
from onewindow.org.memory import Memory
from onewindow.org.models import Counter, Hall, Person, current_calendar, number
from onewindow.org.sealed import digest

T = TicketState
PUBLIC = "visitor"  # who takes a ticket is nobody's business
CLOCK = "clock"


def must(rule: Rule, thing: Any, by: By) -> None:
    """Raises :class:`NotPossible` with the rule's reason."""
    if (no := rule(thing, by)) is not None:
        raise NotPossible(no.code, no.text)


def today(now: dt.datetime | None = None) -> dt.date:
    """The day of the halls' zone."""
    return timezone.localdate(now or instant.now(), ZONE)


# -- taking a ticket --


def _never_closes() -> bool:
    """A demonstration's present: a visitor may come at night and still finds a living queue."""
    return settings.DEMO and not instant.is_simulated()


def hours(hall: Hall, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """From when to when a hall is open on a day."""
    first, last = (dt.time(0), dt.time(23, 59, 59)) if _never_closes() else (hall.opens_at, hall.closes_at)
    return dt.datetime.combine(day, first, ZONE), dt.datetime.combine(day, last, ZONE)


def why_closed(group: MatterGroup, now: dt.datetime) -> NotPossible | None:
    """Why a queue gives out no ticket now, with the remedy; None if it does. Limits a day are looked at when taking."""
    local = now.astimezone(ZONE)
    hall = group.hall
    opens, closes = hours(hall, local.date())
    said = {"opens": f"{hall.opens_at:%H:%M}", "closes": f"{hall.closes_at:%H:%M}"}
    if not group.is_open:
        return NotPossible(
            "not_offered", _("No tickets are given out for this at present. Please ask at the desk.")
        )
    if not _never_closes() and not current_calendar().is_working(local.date()):
        return NotPossible("rest_day", _("The hall is closed today. It opens on the next working day."))
    if local < opens - dt.timedelta(minutes=number("queue_opens_before")):
        return NotPossible("too_early", _("The hall opens at %(opens)s. Please come a little later.") % said)
    if local >= closes - dt.timedelta(minutes=group.cut_off_minutes):
        return NotPossible(
            "too_late", _("No more tickets today: the hall closes at %(closes)s. Please book a time.") % said
        )
    return None


def take(
    groups: Sequence[MatterGroup],
    *,
    channel: str,
    by: str = PUBLIC,
    priority: str = Priority.NONE,
    visit: Visit | None = None,
    mobile: str = "",
) -> list[Ticket]:
    """取号 — a ticket for each matter, in one visit: it queues once, so all count from the same instant.

    ``mobile`` is asked for only where a queue limits tickets a phone number; a keyed digest of it is kept for the day.
    Raises :class:`NotPossible` ``not_offered``, ``rest_day``, ``too_early``, ``too_late``, ``full``, ``who``, ``enough``,
    ``twice``.
    """
    if not groups:
        raise NotPossible("nothing", _("Please choose what you have come for."))
    with transaction.atomic():
        now = instant.now()
        day, hall = today(now), groups[0].hall
        if visit is None:
            visit = Visit.objects.create(hall=hall, day=day, opened_at=now, holder=_holder(mobile, day))
        return [
            take_in(group, visit, now, channel=channel, by=by, priority=priority)
            for group in dict.fromkeys(groups)
        ]


def _holder(mobile: str, day: dt.date) -> str:
    digits = "".join(c for c in mobile if c.isdigit())
    return digest(f"{day} {digits}") if digits else ""


def take_in(
    group: MatterGroup,
    visit: Visit,
    now: dt.datetime,
    *,
    channel: str,
    by: str,
    priority: str = "",
    **more: Any,
) -> Ticket:
    """One ticket of a visit; :func:`take` and ``booking.check_in`` go through here. Call it in a transaction."""
    if group.hall_id != visit.hall_id or visit.day != today(now):
        raise NotPossible(
            "other_hall", _("This visit belongs to another hall or day. Please take a new ticket.")
        )
    has_place = (
        more.get("appointment") is not None
    )  # a promised time is kept whatever the limits of the day say
    if not has_place and (no := why_closed(group, now)) is not None:
        raise no
    if visit.tickets.filter(group=group, state__in=OPEN).exists():
        raise NotPossible("twice", _("You already have a ticket for this. Please wait until it is called."))
    serial = _next_serial(group, visit.day)
    if group.daily_limit and serial > group.daily_limit and not has_place:
        raise NotPossible(
            "full", _("All tickets of today have been given out. Please book a time or come tomorrow.")
        )
    if group.holder_limit and not has_place:
        _check_holder(group, visit)
    counts_from = order.counts_from(visit.opened_at, priority)
    ticket = Ticket.objects.create(
        visit=visit, hall=group.hall, group=group, day=visit.day, number=f"{group.letter}{serial:03d}",
        priority=priority, channel=channel, queue_at=counts_from, taken_at=now, **more,
    )  # fmt: skip
    seen = predict.outlook(group.hall, now, visit.day)
    told = seen.wait_of(ticket)
    if told is not None:
        Ticket.objects.filter(pk=ticket.pk).update(told_seconds=round(told))
        ticket.told_seconds = round(told)
    note(
        ticket, "taken", by=by, at=now, reason=GROUNDS.get(Priority(priority), "") if priority else "",
        group=group.letter, channel=channel, told_seconds=ticket.told_seconds,
    )  # fmt: skip
    return ticket


def _next_serial(group: MatterGroup, day: dt.date) -> int:
    """The next number of the day. The update comes first: whoever comes at the same time waits for it, so that numbers and
    limits are right on both databases."""
    mine = Serial.objects.filter(group=group, day=day)
    if not mine.update(last=F("last") + 1):
        Serial.objects.get_or_create(group=group, day=day)
        mine.update(last=F("last") + 1)
    return mine.values_list("last", flat=True).get()


def _check_holder(group: MatterGroup, visit: Visit) -> None:
    if not visit.holder:
        raise NotPossible("who", _("Please enter your mobile number: this queue limits tickets a person."))
    taken = Ticket.objects.filter(group=group, day=visit.day, visit__holder=visit.holder).count()
    if taken >= group.holder_limit:
        raise NotPossible(
            "enough", _("This number has taken all the tickets that one person may take here today.")
        )


# -- calling --


def current(counter: Counter) -> Ticket | None:
    """The ticket that is at this window now."""
    found = _standing_at(counter.pk)
    return found[0] if found else None


@prepared
def _standing_at(counter: int) -> Any:
    rows = Ticket.objects.filter(counter_id=counter, state__in=AT_WINDOW).order_by("pk")
    return rows.select_related("group", "hall", "counter__hall", "visit")[:1]


def queue_of(counter: Counter, now: dt.datetime) -> Any:
    """Those waiting whom this window serves, in the order in which they are called."""
    return _queue(counter.hall_id, today(now), counter.pk, now)


def _queue(hall: int, day: dt.date, counter: int, now: dt.datetime) -> Any:
    rows = Ticket.objects.waiting(hall, day).filter(group__counters=counter)
    return rows.select_related("group", "hall").in_order(now).with_busy()


QUEUES = Memory()


def _head_of_queue(most: int, counter: Counter, now: dt.datetime) -> list[Ticket]:
    """The first of :func:`queue_of`."""

    def build(*asked: Any) -> Any:
        return _queue(*asked)[:most]

    return QUEUES.rows(most, build, counter.hall_id, today(now), counter.pk, now)


#: So many of those waiting are looked at: the first few nearly always do, all only where many stand elsewhere or other windows
#: were faster.
LOOKED_AT = (5, 200)


def call_next(counter: Counter, *, by: Person) -> Ticket | None:
    """叫号 — calls whoever is next at this window; None if nobody waits. Two windows never get the same person: the update
    is conditional, and whoever was slower takes the following one. Nobody is passed over without a reason in the record
    (promise A17): who is at another window with the same visit is noted so.

    Raises :class:`NotPossible` ``busy`` while this window has somebody, ``only_this_window``.
    """
    must(rules.at_this_window, counter, by)
    windows.make_open(counter, by=by)
    if current(counter) is not None:
        raise _busy()
    now = instant.now()
    tried: set[int] = set()
    for most in LOOKED_AT:
        rows = _head_of_queue(most, counter, now)
        for ticket in rows:
            if ticket.pk in tried:
                continue
            tried.add(ticket.pk)
            if ticket.is_busy:
                _pass_over(ticket, counter, by.username, reason="busy")
                continue
            if (called := _call(ticket, counter, by.username)) is not None:
                return called
        if len(rows) < most:
            return None
    return None


def call(ticket: Ticket, counter: Counter, *, by: Person, reason: str) -> Ticket:
    """特别叫号 — calls one ticket out of order. It needs a reason, which stands on the display and in the record of everyone
    who was passed over."""
    must(rules.at_this_window, counter, by)
    if not reason.strip():
        raise NotPossible(
            "reason", _("Please say why this ticket is called out of order: it is shown in the hall.")
        )
    if ticket.hall_id != counter.hall_id:
        raise NotPossible("other_hall", _("This ticket belongs to another hall."))
    windows.make_open(counter, by=by)
    with transaction.atomic():
        now = instant.now()
        ahead = []
        for other in queue_of(counter, now):
            if order.rank(other, now) < order.rank(ticket, now) and other.pk != ticket.pk:
                ahead.append(other)
        called = _call(ticket, counter, by.username, reason=reason.strip(), out_of_order=True)
        if called is None:
            raise Stale
        for other in ahead:
            _pass_over(other, counter, by.username, reason=reason.strip(), always=True)
    return called


def _call(ticket: Ticket, counter: Counter, by: str, *, reason: str = "", **data: Any) -> Ticket | None:
    """None if somebody else was faster, or the visitor was called elsewhere in this moment."""
    now = instant.now()
    try:
        with transaction.atomic():
            move(
                ticket, "called", [T.WAITING], by=by, counter=counter, reason=reason, data=data, at=now,
                counter_id=counter.pk, clerk=by, call_count=1, called_at=ticket.called_at or now,
            )  # fmt: skip
            speech.announce(ticket, counter, now)
    except Stale:
        return None
    except IntegrityError:
        if current(counter) is not None:  # the same window pressed twice in one moment
            raise _busy() from None
        return None
    ticket.counter = counter
    return ticket


def _busy() -> NotPossible:
    return NotPossible(
        "busy", _("This window has a ticket already. Finish it, pass it or put it on hold first.")
    )


def _pass_over(ticket: Ticket, counter: Counter, by: str, *, reason: str, always: bool = False) -> None:
    """Notes that somebody else was called before; the same hindrance once, not at every call."""
    last = ticket.events.order_by("-seq").first()
    if not always and last is not None and (last.kind, last.reason) == ("passed_over", reason):
        return
    try:
        move(ticket, "passed_over", [T.WAITING], by=by, counter=counter, reason=reason)
    except Stale:  # called by another window in this moment: then nobody passed it over
        return


def recall(ticket: Ticket, *, by: Person) -> Ticket:
    """再叫 — calls the same ticket once more."""
    counter = _at(ticket, by)
    with transaction.atomic():
        move(ticket, "recalled", [T.CALLED], by=by.username, counter=counter, call_count=F("call_count") + 1)
        ticket.refresh_from_db(fields=["call_count"])
        speech.announce(ticket, counter, instant.now())
    return ticket


def arrive(ticket: Ticket, *, by: Person, at: dt.datetime | None = None) -> Ticket:
    """开始办理 — the person is at the window: walking ends, serving begins."""
    return move(ticket, "arrived", [T.CALLED], by=by.username, counter=_at(ticket, by), at=at)


def pass_(ticket: Ticket, *, by: Person) -> Ticket:
    """过号 — nobody came after the calls that the hall prescribes (three by default)."""
    counter = _at(ticket, by)
    least = number("queue_calls")
    if ticket.state == T.CALLED and ticket.call_count < least:
        raise NotPossible(
            "call_again",
            _("Call %(n)d times before passing; so far: %(so_far)d.")
            % {"n": least, "so_far": ticket.call_count},
        )
    return move(ticket, "passed", [T.CALLED], by=by.username, counter=counter, counter_id=None)


def return_(ticket: Ticket, *, by: str) -> Ticket:
    """过号重排 — somebody who was passed is back, and counts from behind the third of those now waiting (parameter)."""
    now = instant.now()
    rows = Ticket.objects.waiting(ticket.hall_id, ticket.day).filter(group_id=ticket.group_id)
    queue_at = order.counts_again_from(list(rows.in_order(now)[:20]), now)
    return move(ticket, "returned", [T.PASSED], by=by, queue_at=queue_at, slot_at=None, call_count=0)


def hold(ticket: Ticket, *, by: Person, reason: str = "") -> Ticket:
    """挂起 — the person steps aside (to fill in a form, to fetch a copy); the window is free meanwhile."""
    return move(ticket, "held", [T.CALLED, T.SERVING], by=by.username, counter=_at(ticket, by), reason=reason)


def resume(ticket: Ticket, *, by: Person) -> Ticket:
    """恢复办理 — the person is back at the window that had the ticket."""
    try:
        return move(ticket, "resumed", [T.HELD], by=by.username, counter=_at(ticket, by), clerk=by.username)
    except IntegrityError:
        raise _busy() from None


def transfer(ticket: Ticket, group: MatterGroup, *, by: Person, reason: str) -> Ticket:
    """转号 — to another queue of the hall. The instant from which it counts stays: nobody queues again for our mistake."""
    counter = _at(ticket, by)
    if group.hall_id != ticket.hall_id or group.pk == ticket.group_id:
        raise NotPossible("group", _("Choose another queue of this hall."))
    if not reason.strip():
        raise NotPossible("reason", _("Please say why the ticket is transferred."))
    return move(
        ticket, "transferred", [T.CALLED, T.SERVING, T.HELD], by=by.username, counter=counter, reason=reason.strip(),
        data={"to": group.letter, "from": ticket.group.letter}, group_id=group.pk, counter_id=None, call_count=0,
    )  # fmt: skip


def also(ticket: Ticket, group: MatterGroup, *, by: str, channel: str = Channel.COUNTER) -> Ticket:
    """一次到访多件事 — a further ticket of the same visit, which counts from when the visitor came: one visit queues once."""
    with transaction.atomic():
        return take_in(group, ticket.visit, instant.now(), channel=channel, by=by, priority=ticket.priority)


def finish(ticket: Ticket, *, by: Person, outcome: str, reason: str = "") -> Ticket:
    """办结号票 — only with an outcome, and with the reason where it could not be done (promise A6). What hangs on it
    (a question on the evaluator, a could-not-be-done matter) is registered with :func:`on_finish`."""
    counter = _at(ticket, by)
    if outcome not in Outcome.values:
        raise NotPossible(
            "outcome", _("Choose how it ended: a ticket that was opened at a window needs an outcome.")
        )
    if outcome == Outcome.COULD_NOT and not reason.strip():
        raise NotPossible("reason", _("Please say why it could not be done."))
    with transaction.atomic():
        move(
            ticket, "finished", [T.SERVING], by=by.username, counter=counter, reason=reason.strip(),
            data={"outcome": outcome}, outcome=outcome,
        )  # fmt: skip
        for follow in FOLLOWERS:
            follow(ticket, by)
    return ticket


#: What higher apps do when a ticket is finished, in the same transaction; each gets the ticket and the clerk.
FOLLOWERS: list[Any] = []


def on_finish(follow: Any) -> Any:
    """Registers what follows from a finished ticket (once, at start-up): ``follow(ticket, by)``; it writes rows only."""
    if follow not in FOLLOWERS:
        FOLLOWERS.append(follow)
    return follow


def leave(ticket: Ticket, *, by: str = PUBLIC) -> Ticket:
    """放弃 — the visitor gives the ticket back."""
    return move(ticket, "left", [T.WAITING, T.PASSED], by=by)


def _at(ticket: Ticket, by: Person) -> Counter:
    """The window that has the ticket, if this person may act there."""
    if ticket.counter is None:
        raise NotPossible(
            "not_now", _("This ticket is now: %(state)s.") % {"state": ticket.get_state_display()}
        )
    must(rules.at_this_window, ticket.counter, by)
    return ticket.counter


# -- the end of the day --


def close_day(limit: int = 200) -> int:
    """Ends what nobody was called for, after the hall's closing. What was opened at a window stays open until it has an
    outcome, also overnight."""
    now = instant.now()
    day = today(now)
    rows = Ticket.objects.filter(closed_at__isnull=True, day__lte=day, state__in=[T.WAITING, T.PASSED])
    done = 0
    for ticket in rows.select_related("hall").order_by("day", "id")[:limit]:
        if now >= hours(ticket.hall, ticket.day)[1]:
            try:
                move(ticket, "expired", [T.WAITING, T.PASSED], by=CLOCK)
                done += 1
            except Stale:
                continue
    old = Visit.objects.filter(day__lt=day).exclude(holder="")
    return done + old.filter(pk__in=old.order_by("pk").values("pk")[:limit]).update(holder="")


# -- for higher apps --


def at_counter(counter: Counter | int, at: dt.datetime | None = None) -> Ticket | None:
    """The ticket that was at a window at an instant (default: now): to put a verdict to a visit when a device answers."""
    counter_id = counter if isinstance(counter, int) else counter.pk
    if at is None:
        return (
            Ticket.objects.filter(counter_id=counter_id, state__in=AT_WINDOW).select_related("visit").first()
        )
    rows = Ticket.objects.filter(counter_id=counter_id, called_at__lte=at).select_related("visit")
    return rows.order_by("-called_at").first()


def of_case(case_number: str) -> Iterable[Ticket]:
    """The tickets in whose visits an application was acted on, newest first."""
    return (
        Ticket.objects.filter(cases__number=case_number)
        .select_related("visit", "group")
        .distinct()
        .order_by("-id")
    )
