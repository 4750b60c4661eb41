"""The reporter's way to the one issue: a link that nobody can guess, with no account and no table of tokens behind it.

96 bits of proof and the row; tries are counted (window/rate.py). Wrong, unknown and expired look the same.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re

from django.conf import settings
from django.utils.crypto import salted_hmac

from onewindow.cases import instant
from onewindow.cases.rules import Actor
from onewindow.issues.models import Issue
from onewindow.org.models import number

MAC = 16
SHAPE = re.compile(rf"([\w-]{{{MAC}}})([0-9a-z]{{1,12}})", re.ASCII)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _mac(pk: int) -> str:
    raw = salted_hmac("onewindow issue link", str(pk), secret=settings.FIELD_KEY, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(raw[:12]).decode()


def _base36(n: int) -> str:
    return (_base36(n // 36) if n >= 36 else "") + DIGITS[n % 36]


def token(i: Issue) -> str:
    return f"{_mac(i.pk)}{_base36(i.pk)}"


def url(i: Issue) -> str:
    """The whole address, for text messages, slips and QR codes."""
    return f"{settings.BASE_URL}/i/{token(i)}"


def by_token(given: str) -> Issue | None:
    """The issue of a link; None for one that is wrong or has expired."""
    parts = SHAPE.fullmatch(given)
    if parts is None or not hmac.compare_digest(parts[1].encode(), _mac(int(parts[2], 36)).encode()):
        return None
    i = Issue.objects.with_facts().filter(pk=min(int(parts[2], 36), 2**62)).first()
    return None if i is None or is_expired(i) else i


def is_expired(i: Issue) -> bool:
    return bool(i.closed_at and instant.now() > i.closed_at + dt.timedelta(days=number("track_days")))


def reporter_of(i: Issue) -> Actor:
    """Whoever holds the link."""
    return Actor("reporter", i.number)
