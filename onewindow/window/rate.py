"""Limits on tries: how often one address, or one number, may be wrong before the door closes for a while.

Counters live in the cache that all server processes share. What is counted is kept only as a keyed digest, so the cache
holds neither network addresses nor case numbers.
"""

from __future__ import annotations

import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from onewindow.org.sealed import digest


def _key(scope: str, who: str, seconds: int) -> str:
    return f"rate:{scope}:{digest(who)}:{int(time.time() // seconds)}"


def spent(scope: str, who: str, *, most: int, seconds: int) -> bool:
    """Whether ``who`` has already used up its tries in this span of time. Counts nothing."""
    return cache.get(_key(scope, who, seconds), 0) >= most


def count(scope: str, who: str, *, seconds: int) -> None:
    """Counts one try."""
    key = _key(scope, who, seconds)
    cache.set(key, cache.get(key, 0) + 1, seconds)


def address(request: HttpRequest) -> str:
    """The caller's network address, past as many proxies as the settings trust; ``unknown`` shares one allowance."""
    try:
        return get_adapter(request).get_client_ip(request) or "unknown"
    except PermissionDenied:
        return "unknown"
