"""来源: what brings an issue up. One life for all; limits, ladder, confidentiality and who verifies are data of the origin.

An app that finds things to put right registers its own at start-up and opens issues with ``actions.register``::

    from onewindow.issues import origins
    origins.add(origins.Origin("walk", _("Leader's walk"), icon="footprints", contact="issue_stuck_contact"))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases import rungs
from onewindow.org.models import limit
from onewindow.org.roles import Role

#: who learns who the reporter was
OPEN, MASKED, SEALED = "open", "masked", "sealed"
#: parameter of each grade's limit
GRADES: dict[str, str] = {
    "spot": "issue_spot_limit",
    "quick": "issue_quick_limit",
    "simple": "issue_simple_limit",
    "complex": "issue_complex_limit",
}


@dataclass(frozen=True)
class Origin:
    """``contact``, ``assign``, ``limits``: codes of parameters (org/parameters.py). ``confidentiality``: ``open`` (the unit knows
    the reporter), ``masked`` (only once the reporter agrees), ``sealed`` (the bureau alone, the unit never handles it).
    ``verifiers``: the roles whose holders may verify, beside the leaders; a unit's own only as a second person.
    ``appeals``: whether the unit may appeal to a panel. ``returns``: how long a unit whose matter it is not may send it
    back (none: until it has contacted the reporter). ``ladder``: rows of ``Rung`` with kind ``issue.<code>`` replace it."""

    code: str
    label: Any
    icon: str = "message-square-warning"
    contact: str = "issue_stuck_contact"
    assign: str = "issue_assign_limit"
    limits: Mapping[str, str] = field(default_factory=lambda: GRADES)
    confidentiality: str = OPEN
    verifiers: frozenset[str] = frozenset({Role.APPROVER, Role.HEAD, Role.BUREAU, Role.LEADER})
    appeals: bool = False
    returns: str = ""

    def limit_of(self, grade: str) -> str:
        return str(limit(self.limits[grade]))


ORIGINS: dict[str, Origin] = {}


def add(origin: Origin) -> Origin:
    """Registers an origin (once, at start-up)."""
    ORIGINS[origin.code] = origin
    rungs.NAMES[f"issue.{origin.code}"] = format_lazy("{}{}{}", _("Issues"), " · ", origin.label)
    return origin


def of(issue: Any) -> Origin:
    """The origin of an issue. One whose app is no longer installed keeps the life of the plainest."""
    return ORIGINS.get(issue.origin) or ORIGINS["stuck"]


REVIEW = add(
    Origin(
        "review",
        _("Bad review"),
        icon="frown",
        contact="bad_review_contact",
        limits=GRADES | {"simple": "bad_review_simple", "complex": "bad_review_complex"},
        confidentiality=MASKED,
        verifiers=frozenset({Role.HEAD, Role.BUREAU, Role.LEADER}),
        appeals=True,
    )
)
STUCK = add(Origin("stuck", pgettext_lazy("origin", "Could not be done"), icon="octagon-alert"))
#: 12345 orders: five working days, five more where it is very complex, back within 24 hours from the wrong unit
ORDER = {"quick": "order_limit", "simple": "order_limit", "complex": "order_complex"}
HOTLINE = add(
    Origin(
        "hotline",
        _("12345 hotline"),
        icon="headset",
        contact="order_contact",
        limits=GRADES | ORDER,
        confidentiality=MASKED,
        returns="order_return",
    )
)
MAILBOX = add(
    Origin(
        "mailbox",
        _("Letter to the leaders"),
        icon="mail",
        contact="order_contact",
        limits=GRADES | ORDER,
        confidentiality=MASKED,
    )
)
#: what other systems pass on, each under its own number
RELAYED = ("hotline", "mailbox")
REFUSAL = add(Origin("refusal", _("After a “no” at a window"), icon="ban"))
