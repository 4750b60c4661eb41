"""Who may do what with an Approval, and when."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases.rules import CLOCK, Actor, By, possible, rule
from onewindow.org.roles import Role


@rule("only_asked_department", _("Only an approver of the department that was asked can do that."))
def department_here(b: Any, by: By) -> bool:
    return not isinstance(by, Actor) and b.office_id in by.offices_as(Role.APPROVER, Role.HEAD)


@rule("only_asked_head", _("Only the head of the department that gave the opinion can take it back."))
def head_of_department(b: Any, by: By) -> bool:
    return not isinstance(by, Actor) and b.office_id in by.offices_as(Role.HEAD)


@rule("only_answerer", _("Only the applicant, the leading department or the window can answer comments."))
def answerer(b: Any, by: By) -> bool:
    """Who answers comments: the applicant by the link, the leading department, a clerk of the hall on paper."""
    if isinstance(by, Actor):
        return by.kind == "applicant" and by.number == b.application
    return b.lead_id in by.offices_as(Role.APPROVER, Role.HEAD) or b.hall_id in by.halls_as(Role.CLERK)


@rule("only_lead", _("Only the leading department can do that."))
def lead_here(b: Any, by: By) -> bool:
    return not isinstance(by, Actor) and b.lead_id in by.offices_as(Role.APPROVER, Role.HEAD)


@rule("with_the_application", _("This happens by itself, with the application."))
def with_the_application(b: Any, by: By) -> bool:
    return by is CLOCK


@possible("only_an_opinion", _("Only an opinion was asked for: say it, nothing has to be put right here."))
def binding(b: Any, by: By) -> bool:
    return not b.is_advisory


@possible(
    "held",
    _("The whole application stands still, and this share with it: it can be stopped when it goes on."),
)
def not_held(b: Any, by: By) -> bool:
    return not b.is_held


@possible("comments_open", _("Comments are still unanswered: wait for the answer, or object."))
def comments_answered(b: Any, by: By) -> bool:
    from onewindow.approvals.models import Comment

    if b.pk is None or b.round == 1:  # nothing was ever returned
        return True
    return not Comment.objects.of(b).unanswered().exists()
