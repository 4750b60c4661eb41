"""On the applicant's own page: a refusal in writing leads on to having it looked at, as the slip of a "no" does."""

from __future__ import annotations

from typing import Any

from onewindow.cases import desk
from onewindow.issues.models import Issue, Refusal
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.window.models import Result, Status
from onewindow.window.ways import PANELS, Way


def looked_at(way: Way) -> tuple[str, dict[str, Any]] | None:
    """The way from a refused application to its issue; one question, and only where it was refused."""
    if way.case.status != Status.NOT_ACCEPTED and way.case.result != Result.REFUSE:
        return None
    r = Refusal.objects.filter(application=way.case.number).first()
    if r is None:
        return None
    begun = Issue.objects.filter(origin="refusal", source=r.code).exists()
    return "issues/track_panel.html", {"refusal": r, "begun": begun}


PANELS.append(looked_at)


def from_here(case: Any, person: Person) -> tuple[str, dict[str, Any]] | None:
    """On the case page at the window: one step to the could-not-be-done window, with all that is known already."""
    if case.PREFIX != "A" or case.hall_id not in person.halls_as(Role.CLERK, Role.HALL_MANAGER):
        return None
    return "issues/case_panel.html", {"number": case.number}


desk.PANELS.append(from_here)
