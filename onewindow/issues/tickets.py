"""号票 — a queue ticket as the could-not-be-done window needs it. Hall and issues stand beside each other in the stack and know
nothing of one another; an app above both says how a ticket is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onewindow.org.models import Person


@dataclass(frozen=True)
class KnownTicket:
    """``source`` is the key under which the ticket has one issue, ``name`` that of its queue."""

    pk: int
    number: str
    name: str
    name_en: str
    source: str
    applications: tuple[str, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """What the issue keeps of it: no key, nobody's name."""
        return {"ticket": self.number, "matter": self.name}


#: Gives the ticket with this key if the person may see it.
Finder = Callable[[int, Person], "KnownTicket | None"]
FINDERS: list[Finder] = []


def find(said: str, person: Person) -> KnownTicket | None:
    """The ticket that an address or a form means; None for one that is none, or not this person's to see."""
    if not (said.isascii() and said.isdigit() and len(said) < 18):
        return None
    return next((t for find in FINDERS if (t := find(int(said), person)) is not None), None)
