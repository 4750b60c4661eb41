"""A case moves only by a step: one decorated function that says from where, to where, who, and what the clock does.

From the same declarations come the buttons, the API verbs, the permission matrix, the state diagram and the reference.
"""

from __future__ import annotations

import copy
import datetime as dt
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import chain, clock, instant, rows
from onewindow.cases.models import Case, Event
from onewindow.cases.rules import CLOCK, By, Reason, Rule


class StepRefused(Exception):
    """The step can't be taken; ``reason`` says why (its ``kind``: ``not_allowed`` or ``not_possible``)."""

    def __init__(self, reason: Reason):
        super().__init__(reason.code)
        self.reason = reason


class Stale(Exception):
    """Somebody else was faster: the case has changed since it was read. Read it again."""


@dataclass(frozen=True)
class Step:
    """One way from a status to another, as declared."""

    verb: str
    label: Any
    froms: tuple[str, ...]
    to: str | None
    who: Rule
    effect: clock.Effect | None
    when: str
    final: bool
    body: Callable[..., dict[str, Any] | None]
    needs: tuple[str, ...] = ()
    because: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_timed(self) -> bool:
        """Taken by the worker at an instant; the others without people are taken by the reaction to an event."""
        return bool(self.when) and "." not in self.when

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.body) or ""


@dataclass(frozen=True)
class Alarm:
    """What the clock has to say of a case once an instant has passed. It moves nothing: one event, and what follows it."""

    verb: str
    at: Callable[[Any], dt.datetime | None]
    body: Callable[[Any, dt.datetime], dict[str, Any] | None]

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.body) or ""


@dataclass
class Flow:
    """All steps of one kind of case."""

    kind: str
    prefix: str
    statuses: type[models.TextChoices]
    closed: tuple[str, ...]
    steps: dict[str, Step] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    model: type[Case] | None = None

    def step(
        self,
        *froms: str,
        to: str | None = None,
        who: Rule,
        label: Any,
        clock: clock.Effect | None = None,
        when: str = "",
        because: Mapping[str, Any] | None = None,
    ) -> Callable[[Callable[..., dict[str, Any] | None]], Callable[..., Any]]:
        """Declares a step. ``to=None`` keeps the status. ``when`` names the instant (``legal_due_at``, ``due_at``) after
        which the worker takes the step as the clock, or the event (``application.revoke``) whose reaction takes it.
        ``because`` says for single statuses why it is not possible there. The body gets ``(case, *, by, now, **input)``
        and returns the event's data; it may change the case's fields and write other rows, nothing else.
        """

        def declare(body: Callable[..., dict[str, Any] | None]) -> Callable[..., Any]:
            verb = body.__name__
            allowed = [
                p.name for p in inspect.signature(body).parameters.values() if p.kind is p.KEYWORD_ONLY
            ]
            needs = tuple(n for n in allowed if n not in ("by", "now"))
            step = Step(
                verb, label, froms, to, who, clock, when, to in self.closed, body, needs, because or {}
            )
            self.steps[verb] = step

            @wraps(body)
            def taken(case: Any, *, by: By, version: int | None = None, **given: Any) -> Any:
                return take(step, case, by=by, version=version, **given)

            taken.step = step  # type: ignore[attr-defined]
            return taken

        return declare

    def alarm(self, at: Callable[[Any], dt.datetime | None]) -> Callable[[Any], Any]:
        """Declares an alarm over a function ``(case, now)`` that returns the event's data and sees to it that ``at(case)``
        is None from then on: it rings once."""

        def declare(body: Callable[[Any, dt.datetime], dict[str, Any] | None]) -> Any:
            self.alarms[body.__name__] = Alarm(body.__name__, at, body)
            return body

        return declare

    def moments(self, case: Any) -> Iterator[dt.datetime]:
        """The instants, besides those of its limits, at which the worker has to look at a case."""
        for step in self.steps.values():
            if not step.is_timed or step.when in ("due_at", "legal_due_at"):
                continue
            if case.status in step.froms and (at := getattr(case, step.when)):
                yield at
        for alarm in self.alarms.values():
            if at := alarm.at(case):
                yield at

    def why_not(self, verb: str, case: Case, by: By) -> Reason | None:
        """Nothing if the person may take the step now; else the reason. Possibility first, then permission."""
        step = self.steps[verb]
        if step.froms and case.status not in step.froms:
            status = self.statuses(case.status).label
            text = _("Not possible while the matter is “%(status)s”.") % {"status": status}
            return Reason("wrong_status", step.because.get(case.status, text))
        return step.who(case, by)

    def steps_for(self, case: Case, by: By) -> list[tuple[Step, Reason | None]]:
        """Every step that people take, with the reason for those not open to this person now."""
        return [(s, self.why_not(v, case, by)) for v, s in self.steps.items() if not s.when]


FLOWS: dict[str, Flow] = {}
#: What is written down of a late case before a person's step moves it, or an alarm rings: afterwards its clock may have
#: ended, stopped or begun anew, and nobody would ever learn that it was late (cases/ladder.py).
BEFORE_LATE_STEPS: list[Callable[[Any, dt.datetime], object]] = []


def register(flow: Flow, model: type[Case]) -> None:
    """Binds a flow to its model (called once, where the model's steps are declared)."""
    flow.model, model.flow = model, flow
    FLOWS[flow.prefix] = flow


def why_not(verb: str, case: Case, by: By) -> Reason | None:
    """See :meth:`Flow.why_not`; an unknown verb is a reason too."""
    if verb not in case.flow.steps:
        return Reason("unknown_step", _("There is no such step."))
    return case.flow.why_not(verb, case, by)


def take(step: Step, case: Any, *, by: By, version: int | None = None, **given: Any) -> Any:
    """Takes a step: check, body, clock, one event, compare-and-set, in one transaction. Returns the case.

    Raises :class:`StepRefused` (with the reason) or :class:`Stale` (``version``, the one that the person saw, or the one
    that was read, is no longer the last). On any error neither the database nor ``case`` has changed.
    """
    if version is not None and version != case.version:
        raise Stale
    with transaction.atomic():
        if reason := case.flow.why_not(step.verb, case, by):
            raise StepRefused(reason)
        now = instant.now()
        read = copy.copy(case)
        if by is not CLOCK and is_late(read, now):
            _say_it_was_late(read, now)
        draft = copy.copy(read)
        data = step.body(draft, by=by, now=now, **given) or {}
        if step.to is not None:
            draft.status = step.to
        if a := acting_for(step, case, by):
            data["for"] = a
        if step.effect is not None:
            data |= step.effect(draft, now, given)  # which ends by working the clock out
        else:
            clock.work_out(draft, now)
        ended = step.final or draft.status in draft.flow.closed
        if ended and (draft.closed_at is None or draft.status != read.status):
            draft.closed_at = now  # what is noted of a case that has ended does not end it once more
        settle(read, draft, step.verb, by=by, now=now, data=data)
    case.__dict__.update(draft.__dict__)
    return case


def _say_it_was_late(case: Any, now: dt.datetime) -> None:
    try:
        for say in BEFORE_LATE_STEPS:
            say(case, now)
    except IntegrityError as twice:  # the worker issues the same card at this moment
        raise Stale from twice


def is_late(case: Case, now: dt.datetime) -> bool:
    """Whether a clock runs on the case and its promise has passed."""
    return bool(case.clock_from and not case.clock_ended_at and case.due_at and now > case.due_at)


def acting_for(step: Step, case: Any, by: Any) -> str:
    """代岗 — the username of the colleague in whose place this person takes the step: whoever has taken the case on, or
    whose post alone allows it. Empty where the person acts in his or her own right."""
    posts = getattr(by, "posts_today", ())
    stood = [p for p in posts if p.stands_in_for_id]
    if not stood:
        return ""
    absent = {p.stands_in_for.person_id: p.stands_in_for.person.username for p in stood}
    if case.handler_id in absent:
        return absent[case.handler_id]
    own = [p for p in posts if not p.stands_in_for_id]
    if step.who(case, _with(by, own)) is None:
        return ""
    for post in stood:
        if step.who(case, _with(by, [*own, post])) is None:
            return absent[post.stands_in_for.person_id]
    return ""


def _with(person: Any, posts: list[Any]) -> Any:
    """The person as if these were all the posts."""
    other = copy.copy(person)
    other.__dict__.pop("roles", None)
    other.__dict__["posts_today"] = posts
    return other


def settle(before: Any, draft: Any, verb: str, *, by: By, now: Any, data: dict[str, Any]) -> None:
    """Writes a changed case and its one event, if the case still is as it was read; inside a transaction."""
    if draft.status != before.status:
        data = {"from": before.status, "to": draft.status} | data
    event = say(draft, verb, by=by, now=now, data=data)
    if not rows.update_if(draft, before.version, changed(before, draft)):
        raise Stale
    chain.append(event)


def say(draft: Any, verb: str, *, by: By, now: dt.datetime, data: dict[str, Any]) -> Event:
    """The next event of a changed case, and the case moved on to it; neither is written yet."""
    draft.version += 1
    event = chain.link(draft, verb, by=by, at=now, data=data)
    draft.head = event.hash
    return event


def changed(before: Any, draft: Any) -> list[str]:
    """The fields in which a draft differs from the case as it was read."""
    names = sorted(f.attname for f in draft._meta.concrete_fields)
    return [n for n in names if getattr(draft, n) != before.__dict__.get(n)]


def settle_all(pairs: Sequence[tuple[Any, Any]], events: Sequence[Event]) -> None:
    """:func:`settle` for many cases of one kind, as read and as drafted, with what :func:`say` has said of them. Inside a
    transaction: if one of the cases is no longer as it was read, :class:`Stale`, and nothing of all this has happened."""
    moved = [(draft, before.version, names) for before, draft in pairs if (names := changed(before, draft))]
    if not rows.update_all_if(moved):
        raise Stale
    chain.append_all(events)


def open_case(case: Any, verb: str, *, by: By, data: dict[str, Any]) -> Any:
    """Writes a new case with its first event, inside the caller's transaction. ``case`` is unsaved and complete, its clock
    started (or not)."""
    case.version = 1
    event = chain.link(case, verb, by=by, at=case.opened_at, data={"to": case.status} | data)
    case.head = event.hash
    rows.insert(case)
    chain.append(event)
    return case


def note(case: Any, verb: str, *, by: By, data: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Records something that happened to a case without moving it (a file added, a light changed)."""
    with transaction.atomic():
        now = instant.now()
        draft = copy.copy(case)
        for name, value in changes.items():
            setattr(draft, name, value)
        clock.work_out(draft, now)
        settle(case, draft, verb, by=by, now=now, data=data or {})
    case.__dict__.update(draft.__dict__)
    return case


def ring(alarm: Alarm, case: Any) -> Any:
    """Lets an alarm ring: one event by the clock. Raises :class:`Stale` if somebody was faster."""
    with transaction.atomic():
        now = instant.now()
        read = copy.copy(case)
        if is_late(read, now):
            _say_it_was_late(read, now)
        draft = copy.copy(read)
        data = alarm.body(draft, now) or {}
        clock.work_out(draft, now)
        if draft.light != read.light:  # turning it is an event of its own: the worker's next look
            draft.light, draft.wake_at = read.light, now
        settle(read, draft, alarm.verb, by=CLOCK, now=now, data=data)
    case.__dict__.update(draft.__dict__)
    return case
