"""What every process may know for a while without asking the database again, in one place: :func:`kept` and :class:`Note`.

All of it can be forgotten at once (:func:`forget_everything`): after a restore, and before each test, so that none depends on
what ran before it or on how long ago that was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: Seconds after which a change that another process made is seen here.
SECONDS = 30

_forget: list[Callable[[], None]] = []


class Kept(Generic[T]):
    """What a function without arguments reads, kept for ``SECONDS``. Call :meth:`forget` where it is changed."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._known: tuple[T, float] | None = None
        self._changes = 0
        self.__doc__ = read.__doc__
        _forget.append(self.forget)

    def __call__(self) -> T:
        known = self._known  # once: another thread may forget it at any moment
        if known is not None and time.monotonic() - known[1] <= SECONDS:
            return known[0]
        before = self._changes
        found = self._read()
        if self._changes == before:  # what was read before a change is not kept after it
            self._known = (found, time.monotonic())
        return found

    def forget(self) -> None:
        """After a change the next caller reads anew."""
        self._changes += 1
        self._known = None


def kept(read: Callable[[], T]) -> Kept[T]:
    """Decorator: see :class:`Kept`."""
    return Kept(read)


class Note(Generic[T]):
    """What this process has to remember from one round to the next, e.g. the day on which it did its daily work."""

    def __init__(self) -> None:
        self.value: T | None = None
        _forget.append(self.forget)

    def forget(self) -> None:
        self.value = None


def forget_everything() -> None:
    """This process knows no more than one that has just begun."""
    for forget in _forget:
        forget()
