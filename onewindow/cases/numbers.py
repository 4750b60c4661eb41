"""Numbers: unique across kinds, readable over the phone, with a check character (ISO 7064 MOD 37,36).

``A261124000037K`` = kind ``A``, day 2026-11-24, serial 000037, check ``K``; shown as ``A261124-000037-K``.
The serial is not gapless on purpose: a gapless one would queue all windows behind one row.
"""

from __future__ import annotations

import re

from django.db import connection
from django.utils import timezone

from onewindow.cases import instant
from onewindow.org.identifiers import is_checked, with_check

PATTERN = re.compile(r"[A-Z]\d{12}[0-9A-Z]")


def new(prefix: str) -> str:
    """The next number of a kind, dated today."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval('cases_serial')")
        else:
            cursor.execute("UPDATE cases_serial SET value = value + 1 RETURNING value")
        serial = cursor.fetchone()[0] % 1_000_000
    return with_check(f"{prefix}{timezone.localtime(instant.now()):%y%m%d}{serial:06d}")


def clean(text: str) -> str:
    """A number as typed (spaces, dashes, small letters) in its stored form; ``""`` if it is not one."""
    number = re.sub(r"[\s\-–—]", "", text).upper()
    return number if PATTERN.fullmatch(number) and is_checked(number) else ""


def shown(number: str) -> str:
    """A number as people read it."""
    return f"{number[:7]}-{number[7:13]}-{number[13:]}" if PATTERN.fullmatch(number) else number
