"""What the law of a hearing, a hold, a site check, a forwarding and a renewal looks like on a desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

from django.utils import timezone

from onewindow.cases import instant, worker
from onewindow.cases.flow import StepRefused
from onewindow.catalog.models import Item
from onewindow.data.people import citizens
from onewindow.org.calendar import ZONE
from onewindow.org.models import Person, current_calendar
from onewindow.org.roles import Role
from onewindow.window import actions, procedures, staff
from onewindow.window.models import Application, DocumentForm

ORDER = 30


def plant(random: Random) -> None:
    """Six matters of the department behind the demonstration's sign-in, each in another course of its examination."""
    approver, clerk = (Person.objects.filter(username=n).first() for n in ("approver", "clerk"))
    items = [i for i in Item.objects.published().order_by("code") if _fits(i, approver)]
    if approver is None or clerk is None or len(items) < 3:
        return
    people = iter(list(citizens(77, 12)))
    heads = staff.of_office(items[0].office_id, Role.HEAD)
    if not heads:
        return

    def accepted(n: int, days_ago: int, **more: Any) -> Application:
        version, one = items[n % len(items)].current, next(people)
        assert version is not None
        version.item = items[n % len(items)]
        hall = next(p.hall for p in clerk.posts_today if p.hall)
        with instant.simulated(_back(days_ago, 9)):
            a = actions.take_in(
                version,
                by=clerk,
                hall=hall,
                counter=clerk.counter,
                applicant={"kind": "person", "name": one.name, "id_type": "citizen_id", "id_number": one.id_number,
                           "mobile": one.mobile, "address": one.address},
                materials={spec.no: (DocumentForm.PAPER, None) for spec in version.specs},
                allow_duplicate=True,
                **more,
            )  # fmt: skip
            return actions.accept(a, by=clerk)

    def at(days_ago: int, hour: int, step: Callable[..., Any], a: Application, **said: Any) -> None:
        with instant.simulated(_back(days_ago, hour)):
            step(a, **({"by": approver} | said))

    def check(a: Application, days_ago: int) -> None:
        found = [("经营面积", "与申报一致"), ("布局流程", "生熟分开，符合要求"), ("消防通道", "畅通")]
        day = timezone.localdate(_back(days_ago, 15))
        at(days_ago, 15, procedures.site_check, a, staff=approver.username, second=heads[0].username, held_on=day,
           place=a.address or "经营场所", points=found, conclusion="passed", text="")  # fmt: skip

    checked = accepted(0, 3)
    check(checked, 2)
    told = accepted(1, 2)
    at(
        1,
        10,
        procedures.offer_hearing,
        told,
        why="拟作出不予许可的决定，可能对你（单位）的权益产生重大影响。",
    )
    asked = accepted(2, 8)
    at(7, 10, procedures.offer_hearing, asked, why="该许可事项涉及相邻经营者的重大利益关系。")
    at(6, 14, procedures.ask_hearing, asked, by=clerk)
    with instant.simulated(_back(5, 9)):
        first, last = procedures.hearing_days(asked, instant.now())
        day = next(
            (d for d in (first + dt.timedelta(n) for n in range(9)) if current_calendar().is_working(d)), last
        )
        chair = next((p.username for p in procedures.may_chair(asked, approver)), "")
        try:
            procedures.call_hearing(
                asked,
                by=approver,
                on=min(day, last),
                time="09:00",
                place="政务服务中心三楼会议室",
                chair=chair,
            )
        except StepRefused:  # nobody is left who could chair, or no day fits: it waits to be called
            pass
    held = accepted(0, 9)
    at(8, 11, actions.suspend, held, reason="testing", days=3, notice="样品已送检，所需时间不计入办理期限。")
    up = accepted(1, 7)
    said = {"to": "绥化市市场监督管理局（演示）", "conclusion": "passed"}
    at(4, 16, procedures.forward, up, opinion="经初审，申请材料齐全，符合法定条件，建议准予许可。", **said)
    soon = dt.datetime.combine(
        timezone.localdate(instant.now()) + dt.timedelta(days=5), dt.time(23, 59), ZONE
    )
    accepted(2, 28, renews="演示-2021-0045", renew_by=soon)
    while worker.wake() or worker.follow():
        pass


def _fits(item: Item, approver: Person | None) -> bool:
    version = item.current
    offices = approver.offices_as(Role.APPROVER) if approver else set()
    return bool(version and item.office_id in offices and not version.is_immediate and version.for_persons)


def _back(days: int, hour: int) -> dt.datetime:
    """So many working days ago, at that hour."""
    day = timezone.localdate(instant.now())
    while days > 0:
        day -= dt.timedelta(days=1)
        days -= current_calendar().is_working(day)
    return dt.datetime.combine(day, dt.time(hour, 5), ZONE)
