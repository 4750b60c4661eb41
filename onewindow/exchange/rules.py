"""What may be used again, and what may be asked of a data set: one place that gives nothing or the reason why not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases.rules import By, Reason
from onewindow.exchange.models import Dataset, Grant, GrantState, Material, Origin, Sharing
from onewindow.exchange.needs import Need
from onewindow.org.roles import Role
from onewindow.org.sealed import digest

#: Statutory duty: what an organ can get by sharing may not be asked of the applicant.
DUTY = "政务数据共享条例（国务院令第809号）；国务院令第716号 第七条"
#: Consent: what was handed in for one matter serves another one only if the holder agrees.
CONSENT = "个人信息保护法 第十三条、第十四条；国务院令第716号 第七条"


def why_not_use(
    m: Material, *, holder: str, kind: str, number: str, day: dt.date, consent: str = "given"
) -> Reason | None:
    """Nothing if the material may stand in for a paper of this kind today; else the reason."""
    said = {"name": m.title}
    if m.holder_digest != digest(holder):
        return Reason("other_holder", _("“%(name)s” belongs to somebody else.") % said, "not_allowed")
    if m.kind != kind:
        return Reason("other_kind", _("“%(name)s” is not the paper that is asked for.") % said)
    if m.origin == Origin.EXTRACT and m.source != number:
        return Reason(
            "other_purpose", _("“%(name)s” was fetched for another matter. Please fetch it anew.") % said
        )
    if m.revoked_at:
        text = _("“%(name)s” has been revoked: %(why)s") % (said | {"why": m.revoked_reason})
        return Reason("revoked", text)
    if m.replaced_by_id:
        return Reason("replaced", _("“%(name)s” has been replaced by a newer one. Please look again.") % said)
    if m.valid_until and m.valid_until < day:
        text = _("“%(name)s” expired on %(day)s. Please ask for a valid one.") % (
            said | {"day": m.valid_until}
        )
        return Reason("expired", text)
    if m.needs_consent and not consent:
        text = _(
            "“%(name)s” was handed in for another matter: the holder has to agree that it is used again."
        )
        return Reason("no_consent", text % said)
    return None


def grant_for(dataset: Dataset, need: Need, day: dt.date) -> Grant | None:
    """The grant that covers this item of this office today; one for the item alone comes first."""
    found = [
        g
        for g in dataset.grants.in_force(day).filter(office__code=need.office).order_by("-item", "-id")
        if g.item in ("", need.item)
    ]
    return found[0] if found else None


def why_not_call(dataset: Dataset, need: Need | None, by: By, *, grant: Grant | None) -> Reason | None:
    """Nothing if the data set may be asked for this matter now; else the reason. Data go with a purpose, never without:
    an open case that needs it, and a grant (个人信息保护法 6; 政务数据共享条例)."""
    if need is None:
        return Reason(
            "no_case", _("There is no matter with this number, or it is not yours to see."), "not_allowed"
        )
    if need.why_not is not None:
        return need.why_not
    if not need.is_open:
        return Reason("case_closed", _("The matter is closed: nothing more may be asked for it."))
    if not dataset.is_active or dataset.sharing == Sharing.CLOSED:
        return Reason("not_shared", _("“%(name)s” is not shared.") % {"name": dataset.name})
    if dataset.kind not in need.kinds:
        text = _("This matter does not ask for “%(name)s”: data are asked for only where they are needed.")
        return Reason("not_needed", text % {"name": dataset.material.name})
    if grant is None:
        return Reason("no_grant", _no_grant(dataset, need))
    return None


def _no_grant(dataset: Dataset, need: Need) -> Any:
    """Whether there never was a grant, or no longer is."""
    last = dataset.grants.filter(office__code=need.office, item__in=["", need.item]).order_by("-id").first()
    if last is None:
        return _("The department has no grant for “%(name)s”. Its head can ask for one.") % {
            "name": dataset.name
        }
    if last.state == GrantState.ASKED:
        return _("The grant for “%(name)s” has been asked for and not been given yet.") % {
            "name": dataset.name
        }
    if last.state == GrantState.REVOKED:
        return _("The grant for “%(name)s” has been revoked.") % {"name": dataset.name}
    if last.state == GrantState.REFUSED:
        return _("The grant for “%(name)s” has been refused.") % {"name": dataset.name}
    return _("The grant for “%(name)s” is not in force today.") % {"name": dataset.name}


def why_not_answer(grant: Grant, by: By) -> Reason | None:
    """Only the head of the office that owns the data decides who may ask for them."""
    if grant.dataset.owner_id not in _offices(by, Role.HEAD):
        return Reason(
            "only_owner", _("Only the head of the office that owns the data can do that."), "not_allowed"
        )
    return None


def why_not_ask(by: By) -> Reason | None:
    """The head of an office asks for grants."""
    if not _offices(by, Role.HEAD):
        return Reason("only_head", _("Only the head of a department can ask for a grant."), "not_allowed")
    return None


def _offices(by: By, *roles: str) -> set[int]:
    return by.offices_as(*roles) if hasattr(by, "offices_as") else set()
