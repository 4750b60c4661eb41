"""What a change would do to the cases that are open now. A higher app adds what it knows of (``register``)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onewindow.cases import clock, flow, instant
from onewindow.catalog.models import Change
from onewindow.org import parameters
from onewindow.org.calendar import Limit, deadline
from onewindow.org.models import Parameter, current_calendar, forget_parameters
from onewindow.org.templatetags.ow import day_long, limit

#: So many open cases are looked at, at most; the page says so if there are more.
MOST = 5000
#: Takes a change, gives sentences.
Source = Callable[[Change], Iterable[str]]
SOURCES: list[Source] = []


def register(source: Source) -> Source:
    """Adds somebody who knows of effects (once, at start-up)."""
    if source not in SOURCES:
        SOURCES.append(source)
    return source


def of(change: Change) -> list[str]:
    """Sentences for the check page."""
    said = [sentence for source in SOURCES for sentence in source(change)]
    if change.section == "items":
        said += _new_applications(change)
    elif change.section == "parameters" and change.key in parameters.SPECS:
        said += _parameter(change)
    return said


def _new_applications(change: Change) -> list[str]:
    """When an application accepted now would be due: before and after."""
    said = []
    now, calendar = instant.now(), current_calendar()
    names = {"promised_limit": _("promised for"), "legal_limit": _("lawful limit")}
    for name, words in names.items():
        texts = [(change.before or {}).get(name), change.content.get(name)]
        try:
            dues = [deadline(now, [Limit.parse(t)], [], calendar).at if t else None for t in texts]
        except ValueError:
            continue
        if texts[0] == texts[1]:
            continue
        words_of = _("%(day)s, after %(limit)s")
        before, after = (
            words_of % {"day": day_long(due), "limit": limit(text)} if due else "–"
            for due, text in zip(dues, texts, strict=True)
        )
        said.append(
            _("A new application accepted now: %(what)s %(after)s, until now %(before)s.")
            % {"what": words, "after": after, "before": before}
        )
    return said


@dataclass(frozen=True)
class Moves:
    """What a parameter would do to the clocks that run: deadlines and lights that would change, of how many looked at."""

    looked: int
    deadlines: int
    lights: int
    more: bool


def moves(code: str, value: str) -> Moves:
    """Works the open clocks out under another value, in memory only; nothing is written."""
    looked = deadlines = lights = 0
    more = False
    now = instant.now()
    try:
        with transaction.atomic():
            Parameter.objects.update_or_create(code=code, defaults={"value": parameters.check(code, value)})
            forget_parameters()
            for kind in flow.FLOWS.values():
                assert kind.model is not None
                running = kind.model._base_manager.filter(
                    closed_at__isnull=True, clock_from__isnull=False, clock_ended_at__isnull=True
                ).order_by("due_at")
                for case in running[: MOST - looked + 1]:
                    if looked == MOST:
                        more = True
                        break
                    looked += 1
                    draft = copy.copy(case)
                    clock.work_out(draft, now)
                    deadlines += (draft.due_at, draft.legal_due_at) != (case.due_at, case.legal_due_at)
                    lights += draft.light != case.light
            transaction.set_rollback(True)
    finally:
        forget_parameters()
    return Moves(looked, deadlines, lights, more)


def _parameter(change: Change) -> list[str]:
    value = str(change.content.get("value", ""))
    try:
        parameters.check(change.key, value)
    except parameters.OutOfBounds:
        return []
    found = moves(change.key, value)
    said = [
        ngettext(
            "Tried on %(n)d running clock: %(due)d deadlines and %(lights)d lights would change.",
            "Tried on %(n)d running clocks: %(due)d deadlines and %(lights)d lights would change.",
            found.looked,
        )
        % {"n": found.looked, "due": found.deadlines, "lights": found.lights}
    ]
    if found.more:
        said.append(_("Only the first ones due were tried; there are more."))
    if parameters.SPECS[change.key].kind == "limit":
        said.append(_("Clocks that run keep the limit under which they began; new ones get the new one."))
    return said
