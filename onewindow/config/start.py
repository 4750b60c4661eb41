"""How every process of ours begins: the program is loaded, and what is loaded stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """What is loaded here is never thrown away, so the garbage collector need not look through it: not while it is loaded, not
    in the middle of a request, and not when the program ends. A command takes a third less time by it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def load() -> None:
    """Django with all apps, for a process that begins (``DJANGO_SETTINGS_MODULE`` is set)."""
    import django

    with loading():
        django.setup()
