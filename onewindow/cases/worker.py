"""The background worker: wakes clocks, runs reactions, sends messages. Several may run; nothing happens twice."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.db import transaction
from django.db.models import F

from onewindow.cases import channels, clock, flow, instant, ladder, rounds
from onewindow.cases.models import Event, Followup, Message
from onewindow.cases.reactions import react
from onewindow.cases.rules import CLOCK

log = logging.getLogger(__name__)
BACKOFF = [dt.timedelta(minutes=m) for m in (1, 5, 30, 120, 720)]


def turn(limit: int = 200) -> int:
    """One round over everything that is due; returns how much was done (0: nothing to do, the caller may rest)."""
    return wake(limit) + follow(limit) + send(limit) + rounds.go(limit)


def wake(limit: int = 200) -> int:
    """Works out the cases whose instant has come, oldest first: lights turn, the clock takes its lawful steps."""
    done = 0
    now = instant.now()
    for kind in flow.FLOWS.values():
        assert kind.model is not None
        due = (
            kind.model._base_manager.filter(wake_at__lte=now)
            .select_related("office")
            .order_by("wake_at", "id")
        )
        for case in due[:limit]:
            try:
                done += _wake_one(kind, case, now)
            except flow.Stale:  # another worker, or a person, was faster
                continue
    return done


def _wake_one(kind: flow.Flow, case: Any, now: dt.datetime) -> int:
    for step in kind.steps.values():
        if step.is_timed and case.status in step.froms and (at := getattr(case, step.when)) and now > at:
            flow.take(step, case, by=CLOCK)
            return 1
    for alarm in kind.alarms.values():
        if (at := alarm.at(case)) and now > at:
            flow.ring(alarm, case)
            return 1
    before = case.light
    with transaction.atomic():
        draft = type(case)._base_manager.select_related("office").get(pk=case.pk)
        if draft.version != case.version:
            raise flow.Stale
        clock.work_out(draft, now)
        done = 0
        if draft.light == before:  # only the next instant moved; no event
            if draft.wake_at is not None and draft.wake_at <= now:
                draft.wake_at = now + dt.timedelta(minutes=1)
            rows = type(case)._base_manager.filter(pk=case.pk, version=case.version)
            if not rows.update(wake_at=draft.wake_at):
                raise flow.Stale
            case.wake_at = draft.wake_at
        else:
            rule = {"amber": "amber", "yellow": "promise", "red": "statute"}.get(draft.light, "")
            flow.note(
                case, "light", by=CLOCK, data={"light_from": before, "light": draft.light, "rule": rule}
            )
            done = 1
        return done + ladder.climb(case, now)


def follow(limit: int = 200) -> int:
    """Runs the reactions of events not yet followed up: each once, together with the mark that they ran."""
    waiting = Followup.objects.filter(done_at__isnull=True, next_at__lte=instant.now()).order_by(
        "next_at", "event_id"
    )
    done = 0
    for event_id in list(waiting.values_list("event_id", flat=True)[:limit]):
        try:
            with transaction.atomic():
                mine = Followup.objects.filter(event_id=event_id, done_at__isnull=True).update(
                    done_at=instant.now()
                )
                if mine:
                    react(Event.objects.get(pk=event_id))
                    done += 1
        except Exception as error:  # one bad reaction must not stop the others; it is tried again and shown
            log.exception("reaction to event %s failed", event_id)
            _postpone(Followup.objects.filter(event_id=event_id), error)
    return done


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
