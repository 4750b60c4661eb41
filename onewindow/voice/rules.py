"""Who runs the devices, and who may know who said what."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from onewindow.cases.rules import Actor, By
from onewindow.org.models import Hall
from onewindow.org.roles import Role
from onewindow.voice.models import Review
from onewindow.window.models import Application


def runs(person: By, hall: Hall) -> bool:
    """A hall's manager runs its devices; nobody else does."""
    return not isinstance(person, Actor) and hall.pk in person.halls_as(Role.HALL_MANAGER)


def must_run(person: By, hall: Hall) -> None:
    """Raises PermissionDenied for anybody else."""
    if not runs(person, hall):
        raise PermissionDenied


def sees_all_reviews(person: By) -> bool:
    """Bureau and leaders read what was said anywhere; others only of their own hall or department."""
    return not isinstance(person, Actor) and person.has_role(Role.BUREAU, Role.LEADER)


def knows_reviewers(person: By) -> bool:
    """The bureau alone sees whose case a review is about; the reviewed window and department never do, so that nobody
    is made to regret the truth (国办发〔2019〕51号)."""
    return not isinstance(person, Actor) and person.is_active and person.has_role(Role.BUREAU)


def may_enter(person: By, a: Application) -> bool:
    """Who may type a verdict in for somebody: the bureau, and a hall's manager for what was done in another hall; never
    those who are judged."""
    if isinstance(person, Actor) or not person.is_active:
        return False
    if person.has_role(Role.BUREAU):
        return True
    return bool(halls := person.halls_as(Role.HALL_MANAGER)) and a.hall_id not in halls


def moderates(person: By) -> bool:
    """The bureau alone rules on what is published; departments neither hold a text back nor put one forward."""
    return not isinstance(person, Actor) and person.is_active and person.has_role(Role.BUREAU)


def answers(person: By, review: Review) -> bool:
    """The head of the department that was judged answers in public, or the bureau."""
    if isinstance(person, Actor) or not person.is_active:
        return False
    return person.has_role(Role.BUREAU) or review.office_id in person.offices_as(Role.HEAD)


def examines(person: By) -> bool:
    """The bureau and the leaders read signals; halls and departments, whose windows they are about, do not."""
    return not isinstance(person, Actor) and person.is_active and person.has_role(Role.BUREAU, Role.LEADER)


def checks(person: By) -> bool:
    """The bureau writes down what a check of a signal found; leaders only read it."""
    return not isinstance(person, Actor) and person.is_active and person.has_role(Role.BUREAU)
