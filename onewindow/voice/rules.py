"""Who runs the devices, and who may know who said what."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from onewindow.cases.rules import Actor, By
from onewindow.org.models import Counter
from onewindow.org.roles import Role


def runs(person: By, counter: Counter) -> bool:
    """A hall's manager runs the devices of its windows; nobody else does."""
    return not isinstance(person, Actor) and counter.hall_id in person.halls_as(Role.HALL_MANAGER)


def must_run(person: By, counter: Counter) -> None:
    """Raises PermissionDenied for anybody else."""
    if not runs(person, counter):
        raise PermissionDenied


def sees_all_reviews(person: By) -> bool:
    """Bureau and leaders read what was said anywhere; others only of their own hall or department."""
    return not isinstance(person, Actor) and person.has_role(Role.BUREAU, Role.LEADER)


def knows_reviewers(person: By) -> bool:
    """The bureau alone sees whose case a review is about; the reviewed window and department never do, so that nobody
    is made to regret the truth (国办发〔2019〕51号)."""
    return not isinstance(person, Actor) and person.is_active and person.has_role(Role.BUREAU)
