"""What follows from an event. An app registers reactions; the worker runs them once, in one transaction an event.

A reaction writes rows only (a message, a prompt, an opened Issue). I/O comes later, from those rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from onewindow.cases.models import Event

Reaction = Callable[[Event], None]
REACTIONS: dict[str, list[Reaction]] = defaultdict(list)


def on(*kinds: str) -> Callable[[Reaction], Reaction]:
    """Registers a reaction to events such as ``application.accept``, or ``*.card`` for that of every kind of case. Put it
    in ``reactions.py``, imported by ``ready``."""

    def register(reaction: Reaction) -> Reaction:
        for kind in kinds:
            if reaction not in REACTIONS[kind]:
                REACTIONS[kind].append(reaction)
        return reaction

    return register


def to(event: Event) -> list[Reaction]:
    """All reactions to one event."""
    return [*REACTIONS.get(event.kind, ()), *REACTIONS.get(f"*.{event.verb}", ())]


def react(event: Event) -> None:
    """Runs them."""
    for reaction in to(event):
        reaction(event)
