"""Issuing the government's letters: the row that proves what was said. Rendering is in ``letters.py``.

The serial of a letter is that of its application (and ``-2``, ``-3`` … for letters that may go out more than once): unique by
kind and year, never given twice, and right on both databases without a queue before one row. It is not gapless, and no law
asks for that; that nothing is missing is proved by the chain of events, in which every letter has its step.

What a letter says, and in which version, is in ``wordings.py``.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.utils import timezone

from onewindow.cases.rows import insert
from onewindow.window.models import PLAIN, Application, Paper, PaperKind
from onewindow.window.wordings import newest

#: letters that may go out more than once in one case
REPEATABLE = frozenset(
    {
        PaperKind.SUSPENSION,
        PaperKind.SITE_CHECK,
        PaperKind.HEARING,
        PaperKind.HEARING_RIGHT,
        PaperKind.BREACH,
        PaperKind.COMMITMENT,
        PaperKind.LICENCE_CHANGE,
        PaperKind.DELIVERY,
    }
)


def verify_code() -> str:
    """Ten plain characters; one guess a second for a year finds one of 10,000 live papers with p = 0.001."""
    return "".join(secrets.choice(PLAIN) for _ in range(10))


def issue(
    a: Application, kind: PaperKind, now: dt.datetime, facts: dict[str, Any], seq: int | None = None
) -> Paper:
    """Writes the letter's row, inside the step's transaction; the event that it belongs to is the next one, or ``seq``.

    ``facts`` are frozen here: the letter can be rendered again at any time and always says the same.
    """
    nth = 1
    if kind in REPEATABLE:
        nth = Paper.objects.filter(application=a, kind=kind).count() + 1
    return insert(
        Paper(
            application=a,
            kind=kind,
            year=timezone.localdate(now).year,
            serial=int(a.number[7:13]),
            nth=nth,
            event_seq=seq or a.version + 1,
            wording=newest(kind),
            issued_at=now,
            verify_code=verify_code(),
            facts=facts,
        )
    )
