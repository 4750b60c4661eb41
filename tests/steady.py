"""No test fails by chance: each begins on the same Tuesday morning, with the same dice, in a process that knows nothing yet.

What a test draws or asks the clock for is the same on every machine, on every day and in every order of tests; a failure
comes again when it is run again. To look for what has been overlooked, other days and other dice can be had::

    pytest --begins "2027-02-08 23:59" --dice 7
    pytest --begins now --dice any
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import os
import random
import secrets
from collections.abc import Iterator
from zlib import crc32

import pytest
import time_machine
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from onewindow.org.calendar import ZONE

#: A Tuesday without holidays near it, at the beginning of every span that a limit on tries counts by.
BEGINS = "2026-11-24 10:00:10"

_PATIENT = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis.register_profile("steady", derandomize=True, **_PATIENT)
hypothesis.register_profile("other dice", derandomize=False, **_PATIENT)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("onewindow", "what tests begin with")
    group.addoption("--begins", default=BEGINS, help="day and hour at which each test begins, or: now")
    group.addoption("--dice", default="0", help="another number, another run of chances; or: any")


def pytest_configure(config: pytest.Config) -> None:
    begins = config.getoption("--begins")
    if begins != "now":
        config.stash[_begins] = dt.datetime.fromisoformat(begins).replace(tzinfo=ZONE)
    if (dice := config.getoption("--dice")) != "any":
        config.stash[_dice] = dice
    if not config.getoption("--hypothesis-profile", None):
        hypothesis.load_profile("steady" if dice == "0" else "other dice")


_begins = pytest.StashKey[dt.datetime]()
_dice = pytest.StashKey[str]()


def pytest_collection_finish() -> None:
    """What is there now stays to the end: not looked through again and again for what may be thrown away, which took a
    seventh of a page's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        if (dice := item.config.stash.get(_dice, None)) is not None:
            stack.enter_context(_our_dice())
            _throw(f"{dice} before {item.nodeid}")  # for what is made once for many tests
        begins = item.config.stash.get(_begins, None)
        if begins is not None and not item.get_closest_marker("real_clock"):
            stack.enter_context(time_machine.travel(begins, tick=True))
        return (yield)


@pytest.fixture(autouse=True)
def _same_dice(request: pytest.FixtureRequest) -> None:
    """Each test throws anew, whatever was made before it."""
    if (dice := request.config.stash.get(_dice, None)) is not None:
        _throw(f"{dice} {request.node.nodeid}")


#: What everything is drawn from: tokens, codes, nonces.
_all = random.Random()


def _throw(name: str) -> None:
    for dice in (_all, random):
        dice.seed(crc32(name.encode()))


@contextlib.contextmanager
def _our_dice() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_bytes", lambda n=None: _all.randbytes(32 if n is None else n))
        patch.setattr(secrets, "choice", _all.choice)
        patch.setattr(secrets, "randbelow", _all.randrange)
        patch.setattr(os, "urandom", _all.randbytes)
        yield
