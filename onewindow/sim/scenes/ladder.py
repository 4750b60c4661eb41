"""红黄牌与 AB 角: some matters that ran late, the cards that followed, and a department in which somebody is away."""

from __future__ import annotations

import datetime as dt
from random import Random

from onewindow.cases import assign, cards, instant, phrases, standins
from onewindow.cases.models import Card
from onewindow.cases.worker import follow, wake
from onewindow.catalog.models import Item
from onewindow.data.people import citizens
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, Person, current_calendar
from onewindow.window import actions

ORDER = 40
#: working days ago on which it was accepted: the older, the higher it has climbed
ACCEPTED = (6, 8, 10, 12)


def plant(random: Random) -> None:
    """Acts as clerk, worker, department and bureau would have done."""
    people = {
        p.username: p
        for p in Person.objects.filter(username__in=("clerk", "approver", "head", "bureau", "manager"))
    }
    item = Item.objects.published().filter(code="ZD-MSA-001").select_related("current").first()
    hall = Hall.objects.filter(code="H01").first()
    if len(people) < 5 or item is None or item.current is None or hall is None:
        return
    version, clerk, approver = item.current, people["clerk"], people["approver"]
    version.item = item
    late = []
    for n, one in enumerate(citizens(random.randrange(10**6), len(ACCEPTED))):
        day = current_calendar().add_working(instant.now().astimezone(ZONE).date(), -ACCEPTED[n])
        with instant.simulated(dt.datetime.combine(day, dt.time(9, 10 + n), ZONE)):
            a = actions.take_in(
                version,
                by=clerk,
                applicant={
                    "kind": "person", "name": one.name, "id_type": "citizen_id", "id_number": one.id_number,
                    "mobile": one.mobile,
                },
                materials={spec.no: ("paper", None) for spec in version.specs},
                hall=hall,
                counter=clerk.counter,
                allow_duplicate=True,
            )  # fmt: skip
            late.append(actions.accept(a, by=clerk))
    assign.assign(late[0], approver, by=approver)
    today = instant.now().astimezone(ZONE).date()
    for back in range(max(ACCEPTED), 0, -1):  # the worker's evenings, so that each card has its own minute
        day = current_calendar().add_working(today, -back)
        with instant.simulated(dt.datetime.combine(day, dt.time(17, 5), ZONE)):
            wake()
            follow()
    found = {c.number: c for c in Card.objects.filter(number__in=[a.number for a in late], code="yellow")}
    if card := found.get(late[1].number):
        cards.reply(
            card, "answered", by=approver, text="申请人经营场所正在装修，现场核查排期顺延，本周内办结。"
        )
    if card := found.get(late[2].number):
        cards.reply(card, "seen", by=approver)
    _team(people)
    while follow():
        pass


def _team(people: dict[str, Person]) -> None:
    """The approver stands in for the head on training; a phrase of the department."""
    head, approver = people["head"], people["approver"]
    try:
        standins.pair(head, approver, by=head)
        first = standins.today() + dt.timedelta(days=1)
        standins.leave(head, first, first + dt.timedelta(days=2), reason="training", by=head)
    except standins.NotPossible:
        return
    phrases.add(head, "经审查，申请材料齐全，符合法定条件，准予许可。", "decide", shared=True)
    phrases.add(approver, "现场核查合格，同意发证。", "decide")
