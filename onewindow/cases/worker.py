"""The background worker: wakes clocks, runs reactions, sends messages. Several may run; nothing happens twice."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from onewindow.cases import channels, clock, flow, instant, ladder, notices, reactions, rounds
from onewindow.cases.models import Event, Followup, Message
from onewindow.cases.rules import CLOCK

log = logging.getLogger(__name__)
BACKOFF = [dt.timedelta(minutes=m) for m in (1, 5, 30, 120, 720)]
#: so many in one transaction: long enough to share its cost, short enough that nobody waits for it
TOGETHER = 40
#: events after which it is everybody's turn still who had it before; in a storm there are thousands of them and nothing else
ENDS_NO_TURN = ("light", "card")
#: when a clock that can't be worked out is looked at again
LATER = dt.timedelta(hours=1)


def turn(limit: int = 200) -> int:
    """One round over everything that is due; returns how much was done (0: nothing to do, the caller may rest)."""
    return wake(limit) + follow(limit) + send(limit) + rounds.go(limit)


def wake(limit: int = 200) -> int:
    """Works out the cases whose instant has come, oldest first: lights turn, the clock takes its lawful steps."""
    now = instant.now()
    return sum(_wake_kind(kind, limit, now) for kind in flow.FLOWS.values())


def _wake_kind(kind: flow.Flow, limit: int, now: dt.datetime) -> int:
    """:data:`TOGETHER` cases in one transaction, and where that fails each of them by itself: one bad case neither stops nor
    undoes the others, and does not hold the first places for ever."""
    assert kind.model is not None
    waiting = kind.model._base_manager.filter(wake_at__lte=now)
    known, done = ladder.Holders(), 0
    for part in _parts(waiting.order_by("wake_at", "id").values_list("pk", flat=True)[:limit]):
        try:
            done += _wake_some(kind, waiting.filter(pk__in=part), now, known)
            continue
        except Exception as error:
            log.info("%s cases at once: %s; now one by one", len(part), type(error).__name__)
        for key in part:
            try:
                done += _wake_some(kind, waiting.filter(pk=key), now, known)
            except flow.Stale:  # another worker, or a person, was faster
                continue
            except (OperationalError, InterfaceError):  # nothing is wrong with the case: the database is away
                raise
            except Exception:
                log.exception("the clock of %s %s could not be worked out", kind.kind, key)
                waiting.filter(pk=key).update(wake_at=now + LATER)
    return done


def _parts(found: Any) -> Iterator[list[int]]:
    keys = list(found)
    for begin in range(0, len(keys), TOGETHER):
        yield keys[begin : begin + TOGETHER]


def _wake_some(kind: flow.Flow, waiting: Any, now: dt.datetime, known: ladder.Holders) -> int:
    with transaction.atomic():
        cases = list(waiting.select_related(*waiting.model.WOKEN_WITH).order_by("pk"))
        running = [case for case in cases if not _moved(kind, case, now)]
        return len(cases) - len(running) + ladder.look(running, now, known)


def _moved(kind: flow.Flow, case: Any, now: dt.datetime) -> bool:
    """Lets the clock take the step, or ring the alarm, whose instant has passed."""
    for step in kind.steps.values():
        if step.is_timed and case.status in step.froms and (at := getattr(case, step.when)) and now > at:
            flow.take(step, case, by=CLOCK)
            return True
    for alarm in kind.alarms.values():
        if (at := alarm.at(case)) and now > at:
            flow.ring(alarm, case)
            return True
    return False


def follow(limit: int = 200) -> int:
    """Runs the reactions of events not yet followed up: each once, together with the mark that they ran."""
    waiting = Followup.objects.filter(done_at__isnull=True, next_at__lte=instant.now())
    done = 0
    for part in _parts(waiting.order_by("next_at", "event_id").values_list("event_id", flat=True)[:limit]):
        with transaction.atomic():
            events = Event.objects.in_bulk(part)
            alone = [key for key in part if reactions.to(events[key])]
            if still := set(part).difference(alone):  # nothing follows from these
                idle = Followup.objects.filter(event_id__in=still, done_at__isnull=True)
                done += idle.update(done_at=instant.now())
            done += sum(_follow_one(events[key]) for key in alone)
            # after all of them: what a late reaction tells of a turn that has passed meanwhile is over as well
            notices.clear(event.number for event in events.values() if event.verb not in ENDS_NO_TURN)
    return done


def _follow_one(event: Event) -> int:
    mine = Followup.objects.filter(event_id=event.pk, done_at__isnull=True)
    try:
        with transaction.atomic():  # what a bad reaction has written is undone, and that of the others stands
            if not mine.update(done_at=instant.now()):
                return 0
            reactions.react(event)
            return 1
    except Exception as error:  # one bad reaction must not stop the others; it is tried again and shown
        log.exception("reaction to event %s failed", event.pk)
        _postpone(mine, error)
        return 0


def send(limit: int = 200) -> int:
    """Hands waiting messages to their channel. A message is claimed before it is sent: at most once, retried on failure, and
    given up after so many tries that somebody should call instead."""
    now = instant.now()
    waiting = Message.objects.filter(
        sent_at__isnull=True, gave_up_at__isnull=True, next_at__lte=now
    ).order_by("next_at", "id")
    done = 0
    for message in waiting[:limit]:
        if (opens := channels.not_before(message, now)) > now:
            Message.objects.filter(pk=message.pk, sent_at__isnull=True).update(next_at=opens)
            continue
        claim = Message.objects.filter(pk=message.pk, sent_at__isnull=True, next_at=message.next_at)
        if not claim.update(next_at=now + BACKOFF[0], attempts=F("attempts") + 1):
            continue
        try:
            receipt = channels.send(message)
        except Exception as error:
            log.exception("message %s could not be sent", message.pk)
            if channels.is_spent(message, message.attempts + 1):
                channels.give_up(message, f"{type(error).__name__}")
                continue
            _postpone(Message.objects.filter(pk=message.pk), error, counted=True)
        else:
            Message.objects.filter(pk=message.pk).update(sent_at=instant.now(), receipt=receipt, error="")
            done += 1
    return done


def _postpone(rows: Any, error: Exception, counted: bool = False) -> None:
    row = rows.get()
    wait = BACKOFF[min(row.attempts - counted, len(BACKOFF) - 1)]  # a counted try is in ``attempts`` already
    more = {} if counted else {"attempts": F("attempts") + 1}
    rows.update(next_at=instant.now() + wait, error=f"{type(error).__name__}"[:200], **more)


def reclock(numbers: list[str] | None = None) -> list[dict[str, Any]]:
    """Works every open deadline out anew (after a calendar change); records and returns those that moved."""
    moved: list[dict[str, Any]] = []
    for kind in flow.FLOWS.values():
        assert kind.model is not None
        rows = kind.model._base_manager.filter(
            closed_at__isnull=True, clock_from__isnull=False, clock_ended_at__isnull=True
        )
        if numbers is not None:
            rows = rows.filter(number__in=numbers)
        for case in rows.select_related("office").order_by("id").iterator(chunk_size=500):
            old = case.due_at, case.legal_due_at, case.is_provisional
            clock.work_out(case, instant.now())
            if (case.due_at, case.legal_due_at) == old[:2]:
                if case.is_provisional != old[2]:
                    kind.model._base_manager.filter(pk=case.pk).update(is_provisional=case.is_provisional)
                continue
            data = {
                "due_before": clock._iso(old[0]),
                "legal_due_before": clock._iso(old[1]),
                "due_at": clock._iso(case.due_at),
                "legal_due_at": clock._iso(case.legal_due_at),
            }
            for _ in range(5):
                fresh = kind.model._base_manager.select_related("office").get(pk=case.pk)
                try:
                    flow.note(fresh, "reclock", by=CLOCK, data=data)
                    break
                except flow.Stale:
                    continue
            moved.append({"number": case.number, **data})
    return moved


def rouse(kind: str = "") -> int:
    """Has the worker look at every running clock anew (of one kind of case) at its next turns: after a change of what turns
    lights or climbs ladders. Returns how many there are."""
    found = 0
    for each in flow.FLOWS.values():
        assert each.model is not None
        if not kind or each.model.KIND == kind:
            running = each.model._base_manager.filter(
                closed_at__isnull=True, clock_ended_at__isnull=True, due_at__isnull=False
            )
            found += running.update(wake_at=instant.now())
    return found
