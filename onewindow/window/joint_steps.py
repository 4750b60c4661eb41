"""Steps of an Application between its departments: the back office confirms or returns, opinions are asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.approvals import actions as approvals
from onewindow.approvals.models import Check, CheckState, Finding
from onewindow.cases import instant
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Attachment
from onewindow.cases.rules import Actor, By, Reason, possible, rule
from onewindow.org.models import Office
from onewindow.org.roles import Role
from onewindow.window import confirming, joint, rules
from onewindow.window.actions import S, flow, put_materials
from onewindow.window.models import Application

C = CheckState


# --- who and when ------------------------------------------------------------------------------------------


@possible("already_confirmed", _("The department has confirmed it already."))
def unconfirmed(a: Any, by: By) -> bool:
    return a.confirmed_at is None


@possible("bounced_once", _("It may be returned to the window once only; now the bureau decides."))
def never_bounced(a: Any, by: By) -> bool:
    return a.bounces == 0


@possible("no_check_needed", _("Decided on the spot: there is no back office."))
def has_back_office(a: Any, by: By) -> bool:
    return not a.item_version.is_immediate


@possible("confirm_too_late", _("The time to return it to the window is over: it counts as complete."))
def in_time(a: Any, by: By) -> bool:
    due = confirming.due_at(a)
    return due is None or instant.now() <= due


def _in(state: str, code: str, text: Any) -> Any:
    @possible(code, text)
    def waits(a: Any, by: By) -> bool:
        return a.bounces > 0 and Check.objects.filter(application=a.number, state=state).exists()

    waits.name = code
    return waits


bounced = _in(C.BOUNCED, "not_bounced", _("The department has not returned it."))
disputed = _in(C.DISPUTED, "not_disputed", _("There is no dispute about it."))


@rule("only_bureau", _("Only the business-environment bureau can do that."))
def bureau(a: Any, by: By) -> bool:
    return not isinstance(by, Actor) and by.has_role(Role.BUREAU)


# --- the back office ---------------------------------------------------------------------------------------


def _check(a: Application, **facts: Any) -> None:
    Check.objects.update_or_create(
        application=a.number, defaults={"office": a.office, "hall": a.hall, **facts}
    )


@flow.step(
    S.EXAMINING,
    S.SUSPENDED,
    who=rules.approver_here & has_back_office & unconfirmed,
    label=_("Confirm as complete"),
)
def confirm(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """后台确认 — the department finds complete what the window has accepted. Deciding confirms as well."""
    a.confirmed_at, due = now, confirming.due_at(a)
    late = bool(due and now > due)
    _check(a, state=C.CONFIRMED, is_late=late)
    return {"late": late}


def _rings_at(a: Application) -> dt.datetime | None:
    """A department that has stopped or lengthened the clock is at work on it: of that one nobody has to be reminded."""
    answered = a.confirmed_at or a.bounces or a.clock_stops or a.clock_extension
    return a.remind_at if a.status == S.EXAMINING and not answered else None


@flow.alarm(at=_rings_at)
def unconfirmed_yet(a: Application, now: dt.datetime) -> dict[str, Any]:
    """后台未确认 — the department has neither confirmed nor returned what the window accepted; the next rung of the ladder
    hears of it (the ladder is data: ``confirming.py``)."""
    assert a.remind_at is not None
    rings = confirming.rings(a)
    reached = [rung.code for rung, at in rings if a.remind_at <= at < now]
    a.remind_at = min((at for _rung, at in rings if at >= now), default=None)
    return {"rungs": reached}


@flow.step(
    S.EXAMINING,
    who=rules.approver_here & has_back_office & unconfirmed & never_bounced & in_time,
    label=_("Return to the window"),
)
def bounce(a: Application, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """后台退回 — the department says why the window should not have accepted it: once, within a working day. It stays
    accepted and the lawful clock runs on (行政许可法 32(4), 42)."""
    a.bounces += 1
    _check(a, state=C.BOUNCED, reason=reason, bounced_at=now)
    return {"bounces": a.bounces}


@flow.step(S.EXAMINING, S.SUSPENDED, who=rules.clerk_here & bounced, label=_("Answer the department"))
def answer_bounce(
    a: Application,
    *,
    by: By,
    now: dt.datetime,
    outcome: str,
    answer: str,
    materials: Mapping[int, tuple[str, Attachment | None]] | None = None,
) -> dict[str, Any]:
    """答复退回 — the window has put right what was missing (``mended``), or holds that it was complete (``complete``):
    then the office in charge decides.

    ``materials``: number of the material → (form, attachment) of what came in after all.
    """
    mended = outcome == "mended"
    put = sorted(put_materials(a, materials or {}).items())
    _check(a, state=C.CONFIRMED if mended else C.DISPUTED, answer=answer, answered_at=now)
    if mended:
        a.confirmed_at = now
    return {"outcome": outcome} | ({"materials": [list(row) for row in put]} if put else {})


@flow.step(S.EXAMINING, S.SUSPENDED, who=bureau & disputed, label=_("Settle the dispute"))
def settle(a: Application, *, by: By, now: dt.datetime, finding: str, reason: str) -> dict[str, Any]:
    """裁定争议 — the business-environment bureau says whether it was complete; the examination goes on either way."""
    a.confirmed_at = now
    _check(a, state=C.SETTLED, finding=finding, finding_text=reason, settled_at=now)
    return {"finding": Finding(finding).value}


# --- taking an opinion back --------------------------------------------------------------------------------


@rule("only_asked_head", _("Only the head of a department that has given its opinion can take it back."))
def head_of_a_share(a: Any, by: By) -> bool:
    return bool(joint.taken_back_by(a, by))


@flow.step(S.EXAMINING, who=head_of_a_share, label=_("Take an opinion back"))
def take_back_opinion(
    a: Application, *, by: By, now: dt.datetime, approval: str, reason: str
) -> dict[str, Any]:
    """收回意见 — before the decision the head of a department takes back what it has said by mistake, with the reason; the
    department speaks anew within its old limit.

    ``approval``: number of the share.
    """
    b = next((b for b in joint.taken_back_by(a, by) if b.number == approval), None)
    if b is None:
        raise StepRefused(
            Reason("not_yours", _("This is no opinion of your department that can be taken back."))
        )
    approvals.take_back(b, by=by, reason=reason)
    return {"approval": b.number, "office": b.office.code, "reason": reason}


# --- opinions ----------------------------------------------------------------------------------------------


@flow.step(S.EXAMINING, S.SUSPENDED, who=rules.approver_here, label=_("Ask for an opinion"))
def ask_opinion(
    a: Application, *, by: By, now: dt.datetime, office: str, question: str, limit: str
) -> dict[str, Any]:
    """征求意见 — asks another department within a limit, with a reminder at half of it; the decision need not wait for it
    and the clock runs on.

    ``office``: its code; ``limit``: such as ``3wd``.
    """
    asked = approvals.ask_opinion(
        joint.matter_of(a),
        Office.objects.get(code=office),
        by=by,
        title=f"征求意见：{a.item.name}"[:120],
        title_en=f"Opinion: {a.item.name_en}"[:200],
        question=question,
        limit=limit,
    )
    return {"office": office, "limit": limit, "approval": asked.number}
