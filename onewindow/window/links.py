"""The applicant's ways to the one case: the link with its token, number and query code, the short link of a text.

Each gives the application or None; None says nothing about why: unknown, wrong and expired look the same.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import re
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from onewindow.cases import instant, numbers
from onewindow.cases.rows import prepared
from onewindow.org.finding import one
from onewindow.org.models import number
from onewindow.window.models import PLAIN, Application, Paper, token_digest

#: base64url of 64 bits; with the tries limited nobody finds one of a million live links by guessing
MAC = 11
SHORT = re.compile(rf"([\w-]{{{MAC}}})([0-9a-z]{{1,12}})", re.ASCII)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def is_expired(a: Application) -> bool:
    """``track_days`` after the end of a case its link stops working."""
    return bool(a.closed_at and instant.now() > a.closed_at + dt.timedelta(days=number("track_days")))


def _live(a: Application | None) -> Application | None:
    return None if a is None or is_expired(a) else a


def by_token(token: str) -> Application | None:
    """The case of a link. Looked up by the token's SHA-256: the table holds no token that could be read."""
    found = _by_digest(token_digest(token))
    return _live(found[0] if found else None)


@prepared
def _by_digest(digest: str) -> Any:
    return Application.objects.filter(track_digest=digest).with_facts().order_by()[:1]


def by_code(number_text: str, code: str) -> Application | None:
    """The case of a number and its query code, as typed."""
    found = numbers.clean(number_text)
    a = one(Application.objects.filter(number=found).with_facts()) if found else None
    given = re.sub(r"[\s\-]", "", code).upper()
    right = hmac.compare_digest(given.encode(), (a.query_code if a else PLAIN[:6]).encode())
    return _live(a) if right else None


SALT = "onewindow short link"


def _mac(pk: int, salt: str) -> str:
    raw = salted_hmac(salt, str(pk), secret=settings.FIELD_KEY, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(raw[:8]).decode().rstrip("=")


def code_of(pk: int, salt: str) -> str:
    """64 bits of proof and the row: what stands in a link of one purpose (``salt``). No table holds it."""
    return f"{_mac(pk, salt)}{_base36(pk)}"


def pk_of(code: str, salt: str) -> int | None:
    """The row of a code of this purpose; None for anything else."""
    if not (parts := SHORT.fullmatch(code)):
        return None
    pk = int(parts[2], 36)
    right = code == code_of(pk, salt) if pk < 2**63 else False
    return pk if right and hmac.compare_digest(parts[1], _mac(pk, salt)) else None


def _base36(n: int) -> str:
    return (_base36(n // 36) if n >= 36 else "") + DIGITS[n % 36]


def short_url(a: Application) -> str:
    """A link that fits into a text message: 64 bits of proof and the row, no table. It ends as the token's does."""
    return f"{settings.BASE_URL}/q/{code_of(a.pk, SALT)}"


def by_short(code: str) -> Application | None:
    """The case of a short link."""
    if (pk := pk_of(code, SALT)) is None:
        return None
    return _live(Application.objects.filter(pk=pk).with_facts().first())


def paper_by_code(code: str) -> Paper | None:
    """The letter of a verification code, as typed from paper."""
    given = re.sub(r"[\s\-–—]", "", code).upper()
    if len(given) != 10 or set(given) - set(PLAIN):
        return None
    facts = ("application__office", "application__item", "application__item_version")
    return Paper.objects.filter(verify_code=given).select_related(*facts).first()
