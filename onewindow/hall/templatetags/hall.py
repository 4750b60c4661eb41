"""Waits in words."""

from __future__ import annotations

import math

from django import template
from django.utils.translation import gettext, ngettext

register = template.Library()


@register.filter
def minutes(seconds: float | None) -> str:
    """Whole minutes, rounded up: who is told 8 should not wait 8 and a half; a dash for nothing."""
    return "–" if seconds is None else str(math.ceil(max(0.0, seconds) / 60))


@register.filter
def about(seconds: float | None) -> str:
    """``about 8 minutes``; at once below one; nobody knows where no window is open."""
    if seconds is None:
        return gettext("no window open")
    n = math.ceil(max(0.0, seconds) / 60)
    if n == 0:
        return gettext("at once")
    return ngettext("about %(n)d minute", "about %(n)d minutes", n) % {"n": n}


@register.filter
def exact(value: float | None) -> str:
    """Minutes with one decimal."""
    return "–" if value is None else f"{value:.1f}"


@register.filter
def exact_minutes(seconds: float | None) -> str:
    """Seconds as minutes with one decimal."""
    return exact(None if seconds is None else seconds / 60)
