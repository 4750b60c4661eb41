"""The chain of events: each carries the hash of the one before it in its case, and ``seq`` has no gaps."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from onewindow.cases import rows
from onewindow.cases.models import Event, Followup
from onewindow.cases.rules import By

#: Models besides the cases that keep a chain: their rows have ``number``, ``version`` and ``head``.
KEEPERS: list[Any] = []


def keep(model: Any) -> None:
    """Lets the proof of the chain hold a model's rows against their events too (a licence is no case and has events)."""
    if model not in KEEPERS:
        KEEPERS.append(model)


def canonical(data: Any) -> str:
    """JSON with sorted keys and no spaces: the same bytes for the same facts, on any machine."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fingerprint(event: Event) -> str:
    """SHA-256 (hex) over everything that the event says."""
    at = event.at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    said = [event.number, event.seq, event.kind, at, event.by, event.office, event.data, event.prev]
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def link(case: Any, verb: str, *, by: By, at: dt.datetime, data: dict[str, Any]) -> Event:
    """The next event of a case, hashed, not yet written. ``case.version`` is already the new one."""
    event = Event(
        number=case.number,
        seq=case.version,
        kind=f"{case.KIND}.{verb}",
        at=at,
        by=by.username,
        office=case.office.code,
        data=json.loads(canonical(data)),
        prev=case.head,
    )
    event.hash = fingerprint(event)
    return event


def append(event: Event) -> None:
    """Writes the event and the note that its reactions are still to come."""
    rows.insert(event)
    rows.insert(Followup(event=event, next_at=event.at))


def append_all(events: Sequence[Event]) -> None:
    """The same for the events of many cases, in two statements."""
    rows.insert_all(events)
    rows.insert_all([Followup(event=event, next_at=event.at) for event in events])


@dataclass(frozen=True)
class Break:
    """Where a chain does not hold, and how."""

    number: str
    seq: int
    fault: str


def breaks(events: Iterable[Event]) -> Iterator[Break]:
    """Walks events ordered by number and seq and yields each fault: changed, removed or inserted rows."""
    number, seq, prev = "", 0, ""
    for event in events:
        if event.number != number:
            number, seq, prev = event.number, 0, ""
        if event.seq != seq + 1:
            yield Break(event.number, event.seq, f"event {seq + 1} is missing")
        elif event.prev != prev:
            yield Break(event.number, event.seq, "does not follow from the event before it")
        if fingerprint(event) != event.hash:
            yield Break(event.number, event.seq, "was changed")
        seq, prev = event.seq, event.hash
