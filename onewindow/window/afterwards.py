"""What can still happen to an Application after its decision, and what the breach of a pledge does to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases import clock
from onewindow.cases.rules import By, the_clock
from onewindow.org.models import limit
from onewindow.window import rules
from onewindow.window.actions import S, flow
from onewindow.window.models import Application, PaperKind
from onewindow.window.papers import issue


def _delivery(a: Application) -> str:
    return str(limit("delivery_limit"))


@flow.step(
    S.DECIDED,
    who=rules.approver_here & rules.preliminary & rules.nothing_owed,
    label=_("Make it final"),
    clock=clock.start(_delivery, _delivery),
)
def finalise(a: Application, *, by: By, now: dt.datetime, reason: str = "") -> dict[str, Any]:
    """出具正式结果 — everything that was put off is there: the preliminary result becomes the decision (行政许可法 38), and
    the clock of its delivery starts (44)."""
    a.is_preliminary, a.final_at = False, now
    issue(a, PaperKind.GRANT, now, {"reason": reason, "result": a.item_version.result})
    return {"result": a.result}


@flow.step(
    S.DECIDED,
    S.DELIVERED,
    to=S.REVOKED,
    who=rules.head_here & rules.granted,
    label=_("Revoke"),
    clock=clock.finish(),
)
def revoke(
    a: Application, *, by: By, now: dt.datetime, reason_code: str, reason: str, heard: str = ""
) -> dict[str, Any]:
    """撤销 — the head of the organ takes a granted decision back on a ground of the law, after the party was heard
    (行政许可法 69, 7); the letter names the remedies. A licence that came of it is revoked.

    ``reason_code``: a code of the list ``revoke``; ``heard``: what the party stated, empty if it let its time pass.
    """
    a.revoked_at, a.reason_code, a.reason, a.heard, a.is_preliminary = now, reason_code, reason, heard, False
    issue(a, PaperKind.REVOCATION, now, {"reason_code": reason_code, "reason": reason, "heard": heard})
    return {"reason_code": reason_code}


@flow.step(
    S.EXAMINING,
    S.SUSPENDED,
    S.FORWARDED,
    to=S.WITHDRAWN,
    who=the_clock,
    label=_("Counts as withdrawn"),
    clock=clock.finish(),
    when="pledge.breach",
)
def deem_withdrawn(a: Application, *, by: By, now: dt.datetime, reason: str = "") -> dict[str, Any]:
    """视为撤回 — a material that was put off did not come before the decision: by the applicant's own promise the application
    counts as withdrawn. Nothing else happens by silence."""
    a.reason = reason
    issue(a, PaperKind.WITHDRAWAL, now, {"deemed": True, "reason": reason})
    return {"deemed": True}
