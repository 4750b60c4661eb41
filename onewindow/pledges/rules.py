"""Who may do what with a pledge, and when."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rules import Actor, By, possible, rule
from onewindow.org.roles import Role


@rule("only_supplier", _("Only the applicant, the window or the department can do that."))
def supplier(p: Any, by: By) -> bool:
    """Whoever brings a material: the applicant by the link, a clerk of the hall, the department."""
    if isinstance(by, Actor):
        return by.kind == "applicant" and by.number == p.application
    at_hall = p.hall_id in by.halls_as(Role.CLERK)
    return at_hall or p.office_id in by.offices_as(Role.APPROVER, Role.HEAD)


@rule("only_department", _("Only an approver of the responsible department can do that."))
def department(p: Any, by: By) -> bool:
    return not isinstance(by, Actor) and p.office_id in by.offices_as(Role.APPROVER, Role.HEAD)


@rule("only_head", _("Only the head of the responsible department can do that."))
def head(p: Any, by: By) -> bool:
    return not isinstance(by, Actor) and p.office_id in by.offices_as(Role.HEAD)


@possible("not_a_material", _("This is a commitment: it is checked, nothing is brought."))
def deferral(p: Any, by: By) -> bool:
    return p.is_deferral


@possible("not_a_commitment", _("This material is brought later; there is nothing to check on the spot."))
def commitment(p: Any, by: By) -> bool:
    return not p.is_deferral


@possible("not_due", _("The day has not come: the applicant may still bring it."))
def breakable(p: Any, by: By) -> bool:
    """A material only after its day; a commitment as soon as a check shows it false."""
    return not p.is_deferral or bool(p.due_at and instant.now() > p.due_at)
