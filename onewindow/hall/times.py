"""Waiting, walking, serving, holding: worked out from what happened, never typed and never counted on the side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from onewindow.hall.models import TicketState as T


class Happened(Protocol):
    """What is needed of an event."""

    kind: str
    at: dt.datetime


#: Kind of event → the state that begins with it; kinds that are not here change none.
BEGINS = {
    "taken": T.WAITING,
    "called": T.CALLED,
    "arrived": T.SERVING,
    "passed": T.PASSED,
    "returned": T.WAITING,
    "held": T.HELD,
    "resumed": T.SERVING,
    "transferred": T.WAITING,
    "finished": T.FINISHED,
    "left": T.LEFT,
    "expired": T.EXPIRED,
}
#: State → the column of the ticket that its length goes into. Somebody who was passed and is not back is nobody's wait.
COLUMNS = {
    T.WAITING: "wait_seconds",
    T.CALLED: "walk_seconds",
    T.SERVING: "serve_seconds",
    T.HELD: "hold_seconds",
}


def state_of(events: Iterable[Happened]) -> str:
    """The state to which the events have led."""
    state = ""
    for event in events:
        state = BEGINS.get(event.kind, state)
    return state


def times(events: Iterable[Happened], now: dt.datetime | None = None) -> dict[str, int]:
    """Seconds in each of the four states, by column of the ticket. Events in order; an open state lasts until ``now``
    (without it, it is left out)."""
    seconds = dict.fromkeys(COLUMNS.values(), 0.0)
    state, since = "", None
    for event in events:
        begins = BEGINS.get(event.kind)
        if begins is None:
            continue
        if since is not None and state in COLUMNS:
            seconds[COLUMNS[T(state)]] += max(0.0, (event.at - since).total_seconds())
        state, since = begins, event.at
    if now is not None and since is not None and state in COLUMNS:
        seconds[COLUMNS[T(state)]] += max(0.0, (now - since).total_seconds())
    return {name: round(value) for name, value in seconds.items()}
