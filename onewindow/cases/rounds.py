"""What the worker looks after besides clocks, reactions and messages. A higher app adds its own at start-up."""

from __future__ import annotations

from collections.abc import Callable

#: Takes the most that it should do at once, returns how much it did. It must cost next to nothing if nothing is due.
Round = Callable[[int], int]
ROUNDS: list[Round] = []


def every_turn(work: Round) -> Round:
    """Registers a piece of work for every turn of the worker. Its module is imported by ``ready``."""
    if work not in ROUNDS:
        ROUNDS.append(work)
    return work


def go(limit: int = 200) -> int:
    """One round of everything registered."""
    return sum(work(limit) for work in ROUNDS)
