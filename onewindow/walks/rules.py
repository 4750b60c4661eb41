"""Who plans a walk and who walks; each answer is a reason in words, or nothing."""

from __future__ import annotations

from django.utils.translation import gettext as _

from onewindow.cases.rules import Reason
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.walks.models import State, Walk

#: 一把手: those who answer for a city or a department
WALKERS = (Role.LEADER, Role.HEAD)
PLANNERS = (Role.BUREAU, Role.LEADER, Role.HEAD)
READERS = (Role.BUREAU, Role.LEADER, Role.HEAD, Role.HALL_MANAGER, Role.APPROVER)


def why_not_plan(by: Person, walker: Person) -> Reason | None:
    """The bureau and leaders plan for everybody who leads; a head plans the own walks."""
    if not walker.has_role(*WALKERS):
        return Reason(
            "not_a_leader", _("Only those who answer for a city or a department walk."), "not_allowed"
        )
    if by.has_role(Role.BUREAU, Role.LEADER) or (by.pk == walker.pk and by.has_role(Role.HEAD)):
        return None
    return Reason(
        "not_yours", _("Heads of departments plan their own walks, the bureau everybody's."), "not_allowed"
    )


def why_not_walk(walk: Walk, by: Person, *states: str) -> Reason | None:
    """Only the walker writes a walk down, and only while it is planned or under way."""
    if walk.state not in (states or (State.PLANNED, State.UNDER_WAY)):
        return Reason("wrong_state", _("This walk is “%(state)s”.") % {"state": walk.state_label})
    if by.pk != walk.walker_id:
        return Reason("not_the_walker", _("Only whoever walks writes it down."), "not_allowed")
    return None


def why_not_cancel(walk: Walk, by: Person) -> Reason | None:
    """Whoever may plan it may call it off, until it has ended."""
    if walk.state in (State.FINISHED, State.CANCELLED):
        return Reason("wrong_state", _("This walk is “%(state)s”.") % {"state": walk.state_label})
    return why_not_plan(by, walk.walker)


def why_not_repeat(walk: Walk, by: Person) -> Reason | None:
    """A finished walk is repeated after repair, by whomever leads."""
    if walk.state != State.FINISHED:
        return Reason("wrong_state", _("Only a walk that has ended can be repeated."))
    if by.has_role(*PLANNERS):
        return None
    return Reason("not_yours", _("The bureau and those who lead plan walks."), "not_allowed")
