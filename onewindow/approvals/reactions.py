"""What follows when a department has spoken: the next stage begins, and people are told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.approvals import actions
from onewindow.approvals.models import Approval, Status
from onewindow.cases import desk
from onewindow.cases.models import Event
from onewindow.cases.notices import bilingual, in_status, say, tell
from onewindow.cases.reactions import on
from onewindow.org.models import Office, Person, Post
from onewindow.org.roles import Role

VERDICTS = ("approval.approve", "approval.approve_with_conditions", "approval.oppose")

SHARE_TURN = in_status(Status.EXAMINING, Status.SUSPENDED)


def _lead_s_turn(a: Any, notice: Any) -> bool:
    """The matter itself still waits for the leading department's decision."""
    return a.is_open and a.decided_at is None


say("approval.begin", _("%(matter)s: your department's share waits"), icon="inbox", while_=SHARE_TURN)
say("approval.opinion", _("%(matter)s: %(lead)s asks for your opinion"), icon="inbox", while_=SHARE_TURN)
say(
    "approval.remind",
    _("%(matter)s: half of the time for your opinion has gone"),
    icon="clock",
    while_=SHARE_TURN,
)
say(
    "approval.done",
    _("%(matter)s: all departments have spoken, you can decide"),
    icon="circle-check",
    while_=_lead_s_turn,
)
say("approval.objection", _("%(matter)s: %(office)s objects"), icon="triangle-alert", while_=_lead_s_turn)
say(
    "approval.reopen",
    _("%(matter)s: %(office)s has taken its opinion back"),
    icon="undo-2",
    while_=_lead_s_turn,
)
say(
    "approval.comment",
    _("%(matter)s: %(office)s has comments to be answered"),
    icon="file-pen",
    while_=lambda b, _n: b.status == Status.RETURNED,
)
say(
    "approval.stop_overrun",
    _("%(matter)s: the time told for your special procedure is over and the clock still stands. End it."),
    icon="hourglass",
    while_=lambda b, _n: b.status == Status.SUSPENDED,
)
say("approval.answer", _("%(matter)s: the comments were answered"), icon="file-pen", while_=SHARE_TURN)


def of_office(office: Office) -> list[Person]:
    """Who examines in a department today."""
    held = Post.objects.on(desk.today()).filter(office=office, role__in=[Role.APPROVER, Role.HEAD])
    return list(Person.objects.filter(is_active=True, pk__in=held.values("person")))


@on(*VERDICTS)
def next_stage(event: Event) -> None:
    """Begins what waited for this verdict; tells the leading department when all have spoken."""
    b = Approval.objects.with_facts().get(number=event.number)
    if b.is_advisory:
        return
    actions.go_on(b.application)
    matter = bilingual(b.item)
    if b.status == Status.OBJECTED:
        tell(of_office(b.lead), "approval.objection", key=b.number, number=b.application, matter=matter,
             office=bilingual(b.office))  # fmt: skip
    if not actions.standing(b.application).pending:
        tell(of_office(b.lead), "approval.done", key=b.application, number=b.application, matter=matter)


@on("approval.open", "approval.begin")
def tell_department(event: Event) -> None:
    """The department learns that its share has begun."""
    b = Approval.objects.with_facts().get(number=event.number)
    if b.started_at is None:
        return
    kind = "approval.opinion" if b.is_advisory else "approval.begin"
    data = {"lead": bilingual(b.lead)} if b.is_advisory else {}
    tell(of_office(b.office), kind, key=b.number, number=b.number, matter=bilingual(b.item), **data)


@on("approval.remind")
def tell_again(event: Event) -> None:
    """Half of the time has gone."""
    b = Approval.objects.with_facts().get(number=event.number)
    tell(of_office(b.office), "approval.remind", key=b.number, number=b.number, matter=bilingual(b.item))


@on("approval.reopen")
def tell_of_taking_back(event: Event) -> None:
    """The leading department must know that it can't decide yet."""
    b = Approval.objects.with_facts().get(number=event.number)
    about = {"key": f"{b.number} {event.seq}", "number": b.application, "matter": bilingual(b.item)}
    tell(of_office(b.lead), "approval.reopen", office=bilingual(b.office), **about)
    tell(
        of_office(b.office),
        "approval.begin",
        key=f"{b.number} {event.seq}",
        number=b.number,
        matter=bilingual(b.item),
    )


@on("approval.stop_overrun")
def tell_of_overrun(event: Event) -> None:
    """A hold that lasts longer than was told: the department and its head hear of it."""
    b = Approval.objects.with_facts().get(number=event.number)
    key = f"{b.number} {event.seq}"
    tell(of_office(b.office), "approval.stop_overrun", key=key, number=b.number, matter=bilingual(b.item))


@on("approval.comment", "approval.answer")
def tell_of_comments(event: Event) -> None:
    """The leading department learns of comments, the commenting one of answers."""
    b = Approval.objects.with_facts().get(number=event.number)
    key, matter = f"{b.number} {event.seq}", bilingual(b.item)
    if event.verb == "comment":
        tell(of_office(b.lead), "approval.comment", key=key, number=b.number, matter=matter,
             office=bilingual(b.office))  # fmt: skip
    else:
        tell(of_office(b.office), "approval.answer", key=key, number=b.number, matter=matter)
