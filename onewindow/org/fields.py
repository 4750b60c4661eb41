"""Form fields that every app shares."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

#: Outside of these no calendar here counts, and the first and last days of Python's can't be put in a time zone.
FIRST, LAST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


def moment_of(text: str) -> dt.datetime | None:
    """An instant that stands in an address (a cursor); None for one without a zone, far away, or none at all."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo and FIRST <= at.date() <= LAST else None


def day_of(text: str) -> dt.date | None:
    """A day that stands in an address; None for one far away, or none at all."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None


class DayField(forms.DateField):
    """A day that a person types or that stands in an address. Every form takes this one for a day (tested)."""

    default_validators = [
        MinValueValidator(FIRST, _("This day is too long ago; please type a day from 1900 on.")),
        MaxValueValidator(LAST, _("This day is too far ahead; please type a day before 2200.")),
    ]

    def __init__(self, **more: Any) -> None:
        more.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(**more)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"min": FIRST.isoformat(), "max": LAST.isoformat()}
