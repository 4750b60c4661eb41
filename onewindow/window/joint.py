"""联办: what an application does with its departments – opens their shares, waits for them, takes their conditions over."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from onewindow.approvals import actions as approvals
from onewindow.approvals.actions import Matter, Standing
from onewindow.approvals.models import Approval, Check, CheckState, Comment
from onewindow.cases import desk
from onewindow.cases.flow import StepRefused
from onewindow.cases.rows import prepared
from onewindow.cases.rules import Actor, By, Reason, Rule
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.window.models import Application, Package, Result, Status


def matter_of(a: Application) -> Matter:
    """What the departments have to know of an application; the holder only masked."""
    held = a.status == Status.SUSPENDED
    return Matter(a.number, a.item, a.office, a.hall, a.masked_name, is_held=held)


def open_parts(a: Application, by: By) -> None:
    """Opens a share for each department of the item's plan, in the transaction of the acceptance."""
    if plan := a.item_version.plan:
        approvals.open_plan(matter_of(a), plan, by=by)


def standing(a: Application) -> Standing:
    """How the departments stand to it; no query for an item that one department handles alone."""
    return approvals.standing(a.number) if a.item_version.plan else Standing([], [], [])


class _AllHaveSpoken(Rule):
    """The reason names the departments that the decision waits for."""

    def __call__(self, case: Any, by: By) -> Reason | None:
        pending = standing(case).pending if case.pk else []
        if not pending:
            return None
        names = pgettext("list", ", ").join(dict.fromkeys(local(b.office) for b in pending))
        return Reason(self.code, _("Still to speak: %(offices)s.") % {"offices": names}, self.kind)


all_have_spoken = _AllHaveSpoken(
    lambda a, by: not standing(a).pending,
    "departments_pending",
    gettext_lazy("Departments have still to speak."),
    "all_have_spoken",
    "not_possible",
)

OBJECTED = gettext_lazy("%(office)s objects: this can only be refused.")


def objection(a: Application) -> str:
    """Why it can't be granted, empty if it can: the most severe verdict wins."""
    objected = standing(a).objected
    return OBJECTED % {"office": local(objected[0].office)} if objected else ""


def conditions(a: Application) -> list[list[str]]:
    """What the departments made a condition: [office, text], as it goes into the decision."""
    return [[b.office.name, b.conditions] for b in standing(a).conditional]


def concluded(a: Application, result: str, reason: str) -> str:
    """The reasons of a decision with the departments' conditions; raises StepRefused where one of them has objected."""
    if result != Result.GRANT:
        return reason
    if why := objection(a):
        raise StepRefused(Reason("objected", why))
    said = [f"{office}：{text}" for office, text in conditions(a)]
    return "\n".join(filter(None, [reason, "附条件：" + "；".join(said) if said else ""]))


def offices(a: Application) -> set[int]:
    """The departments that have a share in it; no query for an item that one department handles alone."""
    if not a.item_version.plan:
        return set()
    return set(Approval.objects.of(a.number).binding().values_list("office_id", flat=True))


at_work = Rule(
    lambda a, by: not isinstance(by, Actor) and bool(offices(a) & by.offices_as(Role.APPROVER, Role.HEAD)),
    "only_department",
    gettext_lazy("Only an approver of the responsible department can do that."),
    "at_work",
)


def taken_back_by(a: Application, by: By) -> list[Approval]:
    """The opinions that this person may take back: given by a department whose head he or she is."""
    offices = set() if isinstance(by, Actor) else by.offices_as(Role.HEAD)
    if not offices or not a.pk:
        return []
    spoken = ("approved", "conditional", "objected")
    return list(Approval.objects.of(a.number).filter(office_id__in=offices, status__in=spoken))


# --- on the desk -------------------------------------------------------------------------------------------

SAID = {
    "confirm": gettext_lazy("Confirmed as complete by the department"),
    "bounce": gettext_lazy("Returned to the window by the department"),
    "answer_bounce": gettext_lazy("Answered by the window"),
    "settle": gettext_lazy("Dispute settled by the bureau"),
    "take_back_opinion": gettext_lazy("A department has taken its opinion back"),
    "ask_opinion": gettext_lazy("Another department asked for its opinion"),
}


def takes_part(a: Application, offices: set[int]) -> bool:
    """Whether one of these departments has a share in it."""
    return bool(offices) and Approval.objects.of(a.number).filter(office_id__in=offices).exists()


def also_waiting(mine: Q, person: Any) -> Q:
    """What departments returned waits for the window too, what is in dispute for the bureau."""
    checks = Check.objects.values("application")
    if halls := person.halls_as(Role.CLERK):
        back = checks.filter(state=CheckState.BOUNCED, hall_id__in=halls)
        mine |= Q(hall_id__in=halls, number__in=back, status__in=[Status.EXAMINING, Status.SUSPENDED])
    if sees_disputes(person):
        in_dispute = checks.filter(state=CheckState.DISPUTED)
        mine |= Q(number__in=in_dispute, status__in=[Status.EXAMINING, Status.SUSPENDED])
    return mine


def sees_disputes(person: Any) -> bool:
    """Whether there is a dispute, and this person decides it."""
    return person.has_role(Role.BUREAU) and Check.objects.filter(state=CheckState.DISPUTED).exists()


@prepared
def _shares(number: str) -> Any:
    return Approval.objects.of(number)


def page(a: Application, person: Any) -> dict[str, Any]:
    """What the page of an application shows of its departments."""
    rows = _shares(a.number)
    mine = set(Approval.objects.of(a.number).seen_by(person).values_list("pk", flat=True)) if rows else set()
    binding = [b for b in rows if not b.is_advisory]
    package = Package.objects.filter(number=a.parent).select_related("bundle").first() if a.parent else None
    siblings = (
        Application.objects.seen_by(person).filter(parent=a.parent).exclude(pk=a.pk) if a.parent else []
    )
    return {
        "package": package,
        "siblings": list(siblings.select_related("item").order_by("id")) if a.parent else [],
        "check": Check.objects.filter(application=a.number).first() if a.bounces else None,
        "approvals": [(b, desk.light(b), desk.left(b), b.pk in mine) for b in rows],
        "binding": len(binding),
        "spoken": sum(not b.is_open for b in binding),
        "comments_late": Comment.objects.filter(approval__application=a.number, is_late=True).count()
        if rows
        else 0,
    }
