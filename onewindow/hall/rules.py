"""Who may call, run a window or run the hall."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases.rules import By, rule
from onewindow.org.models import Counter, Hall, Person
from onewindow.org.roles import Role


@rule("only_this_window", _("Only the clerk of this window, or the manager of the hall, can do that."))
def at_this_window(counter: Any, by: By) -> bool:
    return isinstance(by, Person) and (
        (by.counter_id == counter.pk and counter.hall_id in by.halls_as(Role.CLERK)) or runs(by, counter.hall)
    )


@rule("only_staff_of_hall", _("Only the clerks and the manager of the hall can do that."))
def works_in(hall: Any, by: By) -> bool:
    return isinstance(by, Person) and hall.pk in by.halls_as(Role.CLERK, Role.HALL_MANAGER)


@rule("only_manager_of_hall", _("Only the manager of the hall can do that."))
def runs_hall(hall: Any, by: By) -> bool:
    return isinstance(by, Person) and runs(by, hall)


def runs(person: Person, hall: Hall) -> bool:
    """Whether this person manages the hall."""
    return hall.pk in person.halls_as(Role.HALL_MANAGER)


def sits_at(person: Person) -> Counter | None:
    """The window at which a clerk works today, if it is in one of the halls where the clerk has a post."""
    counter = person.counter
    return counter if counter is not None and counter.hall_id in person.halls_as(Role.CLERK) else None
