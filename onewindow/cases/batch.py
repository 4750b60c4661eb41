"""批量办理: one step on many cases – each looked at by itself, each in its own transaction, and a report of every one.

Nothing is half done: a case that refuses (its status, this person, its materials, somebody faster) stays as it was and its
reason stands in the report. The same button pressed twice gives the report of the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import desk, instant, numbers, timeline
from onewindow.cases.flow import FLOWS, Stale, Step, StepRefused, take
from onewindow.cases.models import Batch
from onewindow.cases.rules import Reason
from onewindow.org.models import Person

MOST = 500
CHUNK = 100
DONE, REFUSED, INVALID, OVERTAKEN, GONE = "done", "refused", "invalid", "overtaken", "gone"


@dataclass(frozen=True)
class Choice:
    """One chosen case before the step: ``reason`` says why it will be left out."""

    case: Any
    version: int
    title: str
    who: str
    reason: Reason | None


def offered(cases: Sequence[Any], person: Person) -> list[Step]:
    """The steps that a batch could take on some of these cases, asked of one case of each status."""
    first = {(c.PREFIX, c.status): c for c in reversed(cases)}
    found: dict[str, Step] = {}
    for case in first.values():
        for verb in desk.of(case).batch:
            step = case.flow.steps.get(verb)
            if step and verb not in found and case.flow.why_not(verb, case, person) is None:
                found[verb] = step
    return list(found.values())


def parse(chosen: Sequence[str]) -> dict[str, int]:
    """``number:version`` of each ticked line, the first 500, each once; what is neither is dropped."""
    found: dict[str, int] = {}
    for text in chosen:
        number, _colon, version = text.partition(":")
        if (
            (number := numbers.clean(number))
            and version.isascii()
            and version.isdigit()
            and len(version) < 10
        ):
            found.setdefault(number, int(version))
        if len(found) == MOST:
            break
    return found


def cases_of(wanted: Sequence[str], person: Person) -> dict[str, Any]:
    """The cases with these numbers that this person may see, in one query a kind and hundred."""
    found: dict[str, Any] = {}
    for prefix in sorted({number[:1] for number in wanted} & set(desk.KINDS)):
        mine = [number for number in wanted if number.startswith(prefix)]
        model = desk.KINDS[prefix].model
        for at in range(0, len(mine), CHUNK):
            rows = model.objects.seen_by(person).with_facts().filter(number__in=mine[at : at + CHUNK])  # type: ignore[attr-defined]
            found |= {case.number: case for case in rows}
    return found


def look(verb: str, chosen: Mapping[str, int], person: Person) -> list[Choice]:
    """Every chosen case with the reason why the step is not possible, or none."""
    cases = cases_of(list(chosen), person)
    return [
        Choice(
            case, chosen[n], desk.of(case).title(case), desk.of(case).line(case), _why_not(verb, case, person)
        )
        for n in chosen
        if (case := cases.get(n)) is not None
    ]


def _why_not(verb: str, case: Any, person: Person) -> Reason | None:
    if verb not in desk.of(case).batch or verb not in case.flow.steps:
        return Reason("not_in_batch", _("This step is taken one by one."))
    return case.flow.why_not(verb, case, person)


def run(verb: str, chosen: Mapping[str, int], given: Mapping[str, Any], *, key: str, by: Person) -> Batch:
    """Takes the step on each case. ``given``: what the one form said, as posted; each case's own form checks it."""
    with transaction.atomic():
        batch, new = Batch.objects.get_or_create(
            person=by, key=key[:32], defaults={"verb": verb, "at": instant.now()}
        )
    if batch.lines and not new:
        return batch
    cases, lines = cases_of(list(chosen), by), []
    for number, seen in chosen.items():
        case = cases.get(number)
        outcome, why = (GONE, "") if case is None else _one(verb, case, seen, given, by)
        title = desk.of(case).title(case) if case is not None else ""
        lines.append({"number": number, "title": title, "outcome": outcome, "why": str(why)})
    batch.lines = lines
    batch.save(update_fields=["lines"])
    return batch


def _one(verb: str, case: Any, seen: int, given: Mapping[str, Any], by: Person) -> tuple[str, Any]:
    if reason := _why_not(verb, case, by):
        return REFUSED, reason.text
    if seen != case.version and any(e.verb not in timeline.QUIET for e in timeline.since(case, seen)):
        return OVERTAKEN, ""
    make: Any = desk.of(case).forms[verb]
    form = make(given, case=case, by=by)
    if not form.is_valid():
        return INVALID, "；".join(str(e) for errors in form.errors.values() for e in errors)
    try:
        take(FLOWS[case.PREFIX].steps[verb], case, by=by, version=case.version, **form.cleaned_data)
    except StepRefused as refused:
        return REFUSED, refused.reason.text
    except Stale:
        return OVERTAKEN, ""
    return DONE, ""
