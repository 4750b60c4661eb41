"""连接器: how a neighbour's register is asked. One small interface; the setting ``ONEWINDOW_REGISTERS`` chooses who answers.

``local``: an invented register on this machine (demonstration, tests). ``none``: no register is connected, papers are asked
for on paper. ``package.module:Class``: a county's own connector (docs/howto/connect-a-register.md).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: How often one question is put before the register counts as not available.
ATTEMPTS = 2


class Unavailable(Exception):
    """The register gave no answer; ``code`` is stable: ``timeout``, ``down``, ``not_connected``, ``bad_answer``."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class Register(Protocol):
    """What a connector must do."""

    def ask(
        self, method: str, subject: str, *, name: str, fields: Sequence[str], timeout: float
    ) -> Mapping[str, Any] | None:
        """The facts of one holder, or None if the register does not know him.

        ``method``: name of the register as in the data set; ``subject``: identity number; ``name``: the holder's name as
        given, for registers that only compare; ``fields``: codes of the fields that may be told, no others; ``timeout``:
        seconds. Raises :class:`Unavailable`. Must not change anything on the other side.
        """
        ...

    def check(self) -> str:
        """One line for ``onewindow doctor``; raises :class:`Unavailable`."""
        ...


class Nobody:
    """No register is connected."""

    def ask(self, method: str, subject: str, **more: Any) -> Mapping[str, Any] | None:
        raise Unavailable("not_connected")

    def check(self) -> str:
        raise Unavailable("not_connected")


@cache
def _made(name: str) -> Register:
    if name == "none":
        return Nobody()
    if name == "local":
        name = "onewindow.exchange.connectors.local:Local"
    module, _, cls = name.partition(":")
    try:
        return getattr(import_module(module), cls)()
    except (ImportError, AttributeError, ValueError) as wrong:
        raise ImproperlyConfigured(f"ONEWINDOW_REGISTERS={name}: {wrong}") from wrong


def register() -> Register:
    """The connector that the setting names."""
    return _made(settings.REGISTERS)


@dataclass(frozen=True)
class Answer:
    """What came of one question: the facts (None: not in the register), or ``failed``; tries and milliseconds it took."""

    facts: dict[str, Any] | None
    failed: str
    attempts: int
    milliseconds: int


def ask(method: str, subject: str, *, name: str, fields: Sequence[str]) -> Answer:
    """Asks the register, a second time if it gave no answer; never raises for a register that is down.

    Whatever else it sends, only the named fields come back (政务数据共享条例: the least that is needed).
    """
    began = time.monotonic()
    failed = ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            found = register().ask(
                method, subject, name=name, fields=fields, timeout=settings.REGISTERS_TIMEOUT
            )
        except Unavailable as none:
            failed = none.code
            if failed == "not_connected":
                break
            continue
        facts = None if found is None else {f: str(found[f]) for f in fields if f in found}
        if facts == {}:
            failed = "bad_answer"
            continue
        return Answer(facts, "", attempt, _since(began))
    return Answer(None, failed, attempt, _since(began))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
