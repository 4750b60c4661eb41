"""Personal fields that are stored encrypted, and digests to find them by (GB/T 22239-2019 8.1.4.8; PIPL 51).

A stored value carries the name of its algorithm, so that keys and ciphers can be changed later without a flag day.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

ALGORITHM = "aesgcm1"


@lru_cache(maxsize=8)
def _key(secret: str, use: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, b"onewindow " + use).derive(secret.encode())


def seal(text: str) -> str:
    """``aesgcm1:<nonce + ciphertext>`` of a text; an empty text stays empty."""
    if not text:
        return ""
    nonce = os.urandom(12)
    body = AESGCM(_key(settings.FIELD_KEY, b"field")).encrypt(nonce, text.encode(), None)
    return f"{ALGORITHM}:{base64.urlsafe_b64encode(nonce + body).decode()}"


def unseal(stored: str) -> str:
    """The text again. A wrong key raises ``cryptography.exceptions.InvalidTag``."""
    if not stored:
        return ""
    algorithm, _, body = stored.partition(":")
    if algorithm != ALGORITHM:
        raise ValueError(f"A sealed field names the unknown algorithm {algorithm[:12]!r}.")
    raw = base64.urlsafe_b64decode(body)
    return AESGCM(_key(settings.FIELD_KEY, b"field")).decrypt(raw[:12], raw[12:], None).decode()


def digest(text: str) -> str:
    """A keyed digest (HMAC-SHA-256, 32 hex characters) by which an equal value can be found again."""
    if not text:
        return ""
    return hmac.new(
        _key(settings.FIELD_KEY, b"digest"), text.strip().upper().encode(), hashlib.sha256
    ).hexdigest()[:32]


class SealedField(models.TextField):
    """A text that the database sees only encrypted. It can't be filtered by; use a ``*_digest`` column beside it."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return unseal(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return seal(value) if value else value
