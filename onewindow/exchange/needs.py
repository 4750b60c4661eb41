"""What a matter needs. The exchange knows applications by their number only; whoever has them says here what they ask for.

A higher app registers a resolver at start-up (``register``); :func:`of` asks them in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from onewindow.cases.rules import By, Reason


@dataclass(frozen=True)
class Need:
    """One matter at hand: its number, whose it is, which kinds of material its item asks for, and whether it is open.

    ``office``, ``hall``, ``item`` are codes; ``subject`` is the holder's identity number. ``why_not``: why this person may
    not act in it.
    """

    number: str
    item: str
    office: str
    hall: str
    holder_kind: str
    subject: str = field(repr=False)
    subject_name: str = field(repr=False)
    kinds: frozenset[str]
    is_open: bool
    title: str = ""
    why_not: Reason | None = None


Resolver = Callable[[str, By], Need | None]
RESOLVERS: list[Resolver] = []


def register(resolver: Resolver) -> Resolver:
    """Adds a resolver (once, at start-up): number, person → what the matter needs as that person may see it, or None."""
    if resolver not in RESOLVERS:
        RESOLVERS.append(resolver)
    return resolver


def of(number: str, by: By) -> Need | None:
    """What the matter of this number needs; None if there is none that this person may see."""
    return next((need for resolver in RESOLVERS if (need := resolver(number, by)) is not None), None)
