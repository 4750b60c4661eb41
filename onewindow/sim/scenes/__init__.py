"""Scenes of the demonstration city: what a visitor should find there besides the everyday life of ``life.py``.

Each module of this package has ``plant(random)`` and ``ORDER`` (a number: small ones first). A scene acts through the
same actions as people do, is given its own random source (the same seed gives the same scene), and may find nothing to
do: it then leaves the city as it is.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from random import Random


def plant_all(seed: int, say: Callable[[str], None] = lambda _: None) -> None:
    """Plays every scene once, in order."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    for module in sorted(modules, key=lambda m: (m.ORDER, m.__name__)):
        module.plant(Random(f"{module.__name__} {seed}"))
        say(f"scene {module.__name__.rpartition('.')[2]}")
