"""实名核验: is this number that person's, and does the person represent that enterprise? A register outside answers.

:data:`REGISTER` is the one in use. Without one nobody can be bound online, and the pages say so: the window does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings

from onewindow.data import people

FAKE_SEED, FAKE_CITIZENS, FAKE_FIRMS = 1, 1500, 400


class NotConnected(Exception):
    """No register answers here, or it is out of order: nothing is known, nothing may be assumed."""


@dataclass(frozen=True)
class Answer:
    """``ok``: the register confirms it; ``name``: the enterprise's registered name; ``through``: which register."""

    ok: bool
    through: str
    name: str = ""


class Register(Protocol):
    """What a register must answer. Both raise :class:`NotConnected`."""

    def person(self, name: str, id_number: str) -> Answer: ...

    def enterprise(self, uscc: str, name: str, id_number: str) -> Answer: ...


@cache
def _citizens() -> dict[str, str]:
    """Number → name of the invented people."""
    known = [*people.citizens(FAKE_SEED, FAKE_CITIZENS), *(firm.contact for firm in _firms().values())]
    return {one.id_number: one.name for one in known}


@cache
def _firms() -> dict[str, people.Firm]:
    """The firms of the simulated life, and the one that has a door of its own in the demonstration."""
    known = [*people.firms(FAKE_SEED, 1), *people.firms(FAKE_SEED, FAKE_FIRMS)]
    return {firm.uscc: firm for firm in known}


class FakeRegister:
    """The register of the demonstration: knows invented people only (region 239999). A number that nobody there bears is
    confirmed for any name, so that a visitor can try it."""

    through = "fake register"

    def person(self, name: str, id_number: str) -> Answer:
        invented = id_number.startswith(people.REGION)
        return Answer(invented and _citizens().get(id_number, name) == name, self.through)

    def enterprise(self, uscc: str, name: str, id_number: str) -> Answer:
        firm = _firms().get(uscc)
        ok = firm is not None and (firm.contact.name, firm.contact.id_number) == (name, id_number)
        return Answer(ok, self.through, firm.name if firm and ok else "")


#: Set at start-up by whoever connects a real register.
REGISTER: Register | None = None


def register() -> Register:
    """The register in use; the fake one only in a demonstration and in tests."""
    if REGISTER is not None:
        return REGISTER
    if settings.DEMO or settings.TESTING:
        return FakeRegister()
    raise NotConnected
