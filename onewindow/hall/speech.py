"""叫号广播: what is said aloud at a call. The call writes a row; the worker hands the rows to an adapter.

An adapter is a function ``say(hall_code, words, words_en)``, named by ``ONEWINDOW_SPEECH`` as ``package.module:function``;
``file`` (default) appends to ``speech.jsonl`` in the data directory, ``console`` prints, ``none`` says nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

from django.conf import settings

from onewindow.cases import instant
from onewindow.cases.rounds import every_turn
from onewindow.cases.rows import insert
from onewindow.hall.models import Announcement, Ticket
from onewindow.org.models import Counter

Say = Callable[[str, str, str], None]
DIGITS = "零一二三四五六七八九"
#: What was not said in so long is not said any more: the person has been called again or has gone.
STALE = dt.timedelta(minutes=2)


def aloud(number: str) -> str:
    """``A037`` → ``A 零 三 七``: read sign by sign, so that an engine does not make it a quantity."""
    return " ".join(DIGITS[int(c)] if c.isdigit() else c for c in number)


def words(number: str, window: str) -> str:
    """The Chinese sentence."""
    return f"请 {aloud(number)} 号到{window}办理"


def words_en(number: str, window: str) -> str:
    """The English sentence."""
    return f"Ticket {' '.join(number)}, please go to {window}"


def announce(ticket: Ticket, counter: Counter, now: dt.datetime) -> Announcement:
    """Writes down that a call is to be spoken."""
    said = Announcement(
        hall_id=ticket.hall_id, ticket=ticket, made_at=now,
        words=words(ticket.number, counter.name), words_en=words_en(ticket.number, counter.name_en),
    )  # fmt: skip
    insert(said)
    return said


def to_file(hall_code: str, said: str, said_en: str) -> None:
    """One JSON line for each call."""
    with open(settings.DATA_DIR / "speech.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps({"hall": hall_code, "zh": said, "en": said_en}, ensure_ascii=False) + "\n")


def to_console(hall_code: str, said: str, said_en: str) -> None:
    sys.stdout.write(f"[{hall_code}] {said} / {said_en}\n")


def to_nobody(hall_code: str, said: str, said_en: str) -> None:
    """Says nothing: the displays speak by themselves, or nobody does."""


SHIPPED: dict[str, Say] = {"file": to_file, "console": to_console, "none": to_nobody}


@lru_cache(maxsize=4)
def adapter(name: str) -> Say:
    """The function that ``ONEWINDOW_SPEECH`` names."""
    if name in SHIPPED:
        return SHIPPED[name]
    module, _colon, function = name.partition(":")
    return getattr(import_module(module), function)


@every_turn
def speak(limit: int = 50) -> int:
    """Hands the calls that were not spoken yet to the adapter; what is too old is marked and not said."""
    now = instant.now()
    rows = list(
        Announcement.objects.filter(said_at__isnull=True).select_related("hall").order_by("id")[:limit]
    )
    done = 0
    for row in rows:
        if not Announcement.objects.filter(pk=row.pk, said_at__isnull=True).update(said_at=now):
            continue  # another worker says it
        if now - row.made_at <= STALE:
            adapter(settings.SPEECH)(row.hall.code, row.words, row.words_en)
        done += 1
    return done
