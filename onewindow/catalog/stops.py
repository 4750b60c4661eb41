"""特别程序: what may stop the clock of an application or of a share, for how long, and on what basis (行政许可法 45).

Article 45 itself lists hearing, bidding, auction, inspection, testing, quarantine, appraisal and expert review: these may
stop any clock. Whatever else a county keeps in its list (publicity, consultation …; ``needs_basis``) stops one only where
the version of the item says so, or where the law, regulation or rule that says so is cited.
"""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from onewindow.cases.flow import StepRefused
from onewindow.cases.rules import Reason
from onewindow.catalog.models import Code, ItemVersion

#: A stop of more working days than that isn't a procedure but a shelf; the list of codes may say less.
MOST_DAYS = 120
HEARING = "hearing"
#: 行政许可法 48(1): organised within twenty working days of being asked for
HEARING_DAYS = 20


def codes() -> list[Code]:
    """Every reason in use, in the order of the list."""
    return list(Code.objects.filter(list="stop_reason", is_active=True).order_by("id"))


def find(code: str) -> Code | None:
    """A reason in use."""
    return Code.objects.filter(list="stop_reason", code=code, is_active=True).first()


def is_listed(version: ItemVersion | None, code: Code) -> bool:
    """Whether this reason stops the clock of this version without more being said."""
    return not code.needs_basis or bool(version and code.code in version.stop_reasons.split())


def most_days(code: Code) -> int:
    """How many working days may be told for this reason."""
    return code.max_days or MOST_DAYS


def why_not(version: ItemVersion | None, code: Code | None, days: int, basis: str) -> Reason | None:
    """Why the clock of this version can't be stopped so; None if it can. The codes name the field that is wrong:
    ``bad_reason``, ``bad_days``, ``basis_missing``."""
    if code is None:
        return Reason("bad_reason", _("This is no reason for which the law lets the clock stand still."))
    if not 1 <= days <= most_days(code):
        text = _("Between 1 and %(days)d working days: the time needed is told in writing (行政许可法 45).")
        return Reason("bad_days", text % {"days": most_days(code)})
    if not is_listed(version, code) and len(basis.strip()) < 4:
        text = _("This item doesn't provide for it. Cite the article that says this time does not count.")
        return Reason("basis_missing", text)
    return None


def check(version: ItemVersion | None, code: str, days: int, basis: str) -> Code:
    """The reason, or :class:`~onewindow.cases.flow.StepRefused`."""
    found = find(code)
    if (reason := why_not(version, found, days, basis)) or found is None:
        raise StepRefused(reason or Reason("bad_reason", ""))
    return found


def overdue(expected_until: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether the time that was told is over."""
    return expected_until is not None and now > expected_until
