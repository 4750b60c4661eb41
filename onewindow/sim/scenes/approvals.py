"""Many departments: two bundles and a joint application under way, so that several departments find work on their desks."""

from __future__ import annotations

from random import Random
from typing import Any

from onewindow.approvals import actions as approvals
from onewindow.approvals.models import Approval
from onewindow.cases.flow import take
from onewindow.cases.worker import follow
from onewindow.catalog import bundles
from onewindow.catalog.models import Item
from onewindow.data.people import firms
from onewindow.org.models import Hall, Person
from onewindow.org.roles import Role
from onewindow.window import actions, joint_steps, packages

ORDER = 40


def plant(random: Random) -> None:
    """A restaurant and a kindergarten in one go, a dangerous-goods licence with three departments, one in each state."""
    clerk = Person.objects.filter(username="clerk").first()
    if clerk is None or not bundles.published().exists():
        return
    some = list(firms(71, 6))
    for firm, code in zip(some, ("YJS-01", "YJS-03"), strict=False):
        found = bundles.bundle(code)
        if found is not None:
            _package(found, firm, clerk)
    hall = Hall.objects.order_by("code").first()
    for n, code in enumerate(("ZD-EMERG-074", "ZD-EDU-059", "ZD-EDU-056")):
        item = Item.objects.published().filter(code=code).first()
        if item is None or item.current is None or hall is None:
            continue
        item.current.item = item
        papers = {spec.no: ("paper", None) for spec in item.current.specs}
        a = actions.take_in(
            item.current,
            by=clerk,
            applicant=_applicant(some[2 + n]),
            materials=papers,
            hall=hall,
            counter=clerk.counter,
        )
        actions.accept(a, by=clerk)
        _go_on(a.number, n)
    _returns(clerk)
    follow()


#: reason of the return, answer of the window (nothing: it still waits), finding of the bureau
RETURNS = (
    ("租赁合同复印件缺最后一页。", "", ""),
    ("申请书缺少法定代表人签字。", "签字在申请书第三页右下角。", ""),
    ("平面图未标注面积。", "平面图左上角已标注。", "window"),
)


def _returns(clerk: Person) -> None:
    """What the department behind the demonstration's sign-in has returned: unanswered, in dispute, and settled."""
    approver = Person.objects.filter(username="approver").first()
    bureau = Person.objects.filter(username="bureau").first()
    items = Item.objects.published().filter(office__in=approver.offices_as(Role.APPROVER) if approver else [])
    open_ones = [i for i in items.order_by("code") if i.current and not i.current.is_immediate]
    hall = next((p.hall for p in clerk.posts_today if p.hall), None)
    if approver is None or bureau is None or hall is None or not open_ones:
        return
    for (reason, answer, finding), firm in zip(RETURNS, firms(72, 3), strict=True):
        version = open_ones[0].current
        assert version is not None
        version.item = open_ones[0]
        papers = {spec.no: ("paper", None) for spec in version.specs}
        facts = {"applicant": _applicant(firm), "materials": papers, "hall": hall, "counter": clerk.counter}
        a = actions.accept(actions.take_in(version, by=clerk, **facts), by=clerk)
        joint_steps.bounce(a, by=approver, reason=reason)
        if answer:
            joint_steps.answer_bounce(a, by=clerk, outcome="complete", answer=answer)
        if finding:
            joint_steps.settle(a, by=bureau, finding=finding, reason="经核对，受理时材料齐全。")


def _applicant(firm: Any) -> dict[str, str]:
    return {
        "kind": "enterprise", "name": firm.name, "id_type": "uscc", "id_number": firm.uscc,
        "mobile": firm.mobile, "contact": firm.contact.name, "address": firm.address,
    }  # fmt: skip


def _package(bundle: Any, firm: Any, clerk: Person) -> None:
    steps = bundles.here(bundles.steps(bundle))
    chosen = [s for s in steps if s.stage == min(s.stage for s in steps)]
    papers = {paper.no: ("paper", None) for paper in bundles.Whole(chosen).materials}
    packages.open_package(
        f"scene-{bundle.code}-000000", bundle, chosen, by=clerk, applicant=_applicant(firm), materials=papers,
        delivery_form="counter",
    )  # fmt: skip


def _go_on(number: str, n: int) -> None:
    """One department speaks in the first application, one has comments in the second, one makes a check in the third."""
    share = Approval.objects.of(number).filter(status="examining").first()
    if share is None:
        return
    here = Person.objects.filter(
        posts__office=share.office, posts__role=Role.APPROVER, is_active=True
    ).first()
    said: list[tuple[str, dict[str, Any]]] = [
        ("approve_with_conditions", {"conditions": "储存场所投入使用前须通过现场复核。"}),
        ("comment", {"comments": ["请补充行驶线路图。", "请说明早晚高峰的停靠点。"]}),
        ("suspend", {"reason": "inspection", "notice": "需现场检查消防设施。", "days": 5}),
    ]
    verb, given = said[n]
    if here is not None and approvals.flow.why_not(verb, share, here) is None:
        take(approvals.flow.steps[verb], share, by=here, **given)
