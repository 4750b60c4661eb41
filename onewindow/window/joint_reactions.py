"""What an application does to the shares of its departments: it holds them, lets them go on, and closes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.approvals import actions as approvals
from onewindow.approvals.models import Approval, Check, CheckState
from onewindow.approvals.reactions import of_office
from onewindow.cases import clock, desk, instant, rungs
from onewindow.cases.flow import note
from onewindow.cases.followups import alarm as empty
from onewindow.cases.ladder import holders
from onewindow.cases.models import Event, Stop
from onewindow.cases.notices import bilingual, say, tell
from onewindow.cases.reactions import on
from onewindow.cases.rules import CLOCK
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from onewindow.window import confirming
from onewindow.window.actions import flow
from onewindow.window.letters import full_name
from onewindow.window.models import Application, PaperKind, Status
from onewindow.window.papers import issue
from onewindow.window.reactions import tell as tell_applicant

#: Verbs after which an application has ended, whoever declared them.
ENDS = [verb for verb, step in flow.steps.items() if step.final]


def _while(state: CheckState) -> Callable[[Any, Any], bool]:
    """The check between window and department still stands there."""

    def stands(a: Application, notice: Any) -> bool:
        return a.is_open and Check.objects.filter(application=a.number, state=state).exists()

    return stands


say(
    "application.bounce",
    _("%(matter)s: %(office)s returned it to the window"),
    icon="undo-2",
    while_=_while(CheckState.BOUNCED),
)
say(
    "application.dispute",
    _("%(matter)s: window and department disagree, please decide"),
    icon="scale",
    while_=_while(CheckState.DISPUTED),
)
say("application.settle", _("%(matter)s: the bureau has settled the dispute"), icon="scale")
say(
    "application.unconfirmed_yet",
    _("%(matter)s is not confirmed. %(todo)s"),
    icon="hourglass",
    while_=lambda a, _n: a.status == Status.EXAMINING and not a.confirmed_at and not a.bounces,
)


@on("application.unconfirmed_yet")
def remind_of_confirmation(event: Event) -> None:
    """催办后台确认 — the roles of the rung hear of it; where nobody holds the post, bureau and administration hear that."""
    a = Application.objects.with_facts().get(number=event.number)
    for rung in rungs.of(confirming.KIND):
        if rung.code not in event.data["rungs"]:
            continue
        todo = {"name": rung.todo, "name_en": rung.todo_en}
        for role in rung.roles:
            held = [
                p for p in holders(role, a.office, None, of=a.handler_id, now=event.at) if a.may_be_told(p)
            ]
            key = f"{a.number} {event.seq} {rung.code}"
            tell(held, event.kind, number=a.number, key=key, matter=bilingual(a.item), todo=todo)
            if not held:
                empty(role, bilingual(a.office), f"{a.office.code} {role} {timezone.localdate(event.at)}")


@on(*(f"application.{verb}" for verb in ENDS), "application.renew_by_law")
def close_shares(event: Event) -> None:
    """An application that has ended, or was decided by the law itself, leaves no open share behind."""
    approvals.close_all(event.number, event.verb)


@on("application.decide")
def close_opinions(event: Event) -> None:
    """Opinions that did not come before the decision are no longer needed."""
    approvals.close_all(event.number, event.verb, advisory_only=True)


@on("application.suspend", "application.ask_hearing")
def hold_shares(event: Event) -> None:
    """The special procedure of the whole stops every share's clock (行政许可法 45)."""
    a = Application.objects.get(number=event.number)
    if (spans := clock.stops_of(a)) and spans[-1][1] is None:  # not resumed meanwhile
        approvals.hold_all(a.number, event.data["reason"], "随主件中止")


@on("application.resume", "application.record_hearing", "application.give_up_hearing")
def release_shares(event: Event) -> None:
    """The whole goes on."""
    approvals.release_all(event.number)


@on("approval.suspend")
def notice_of_a_share_s_stop(event: Event) -> None:
    """No clock stands still untold, not even that of one department: the applicant gets the notice in writing and a text
    (行政许可法 45)."""
    b = Approval.objects.with_facts().get(number=event.number)
    a = Application.objects.with_facts().get(number=b.application)
    stop = Stop.objects.filter(number=b.number, began_at=event.at).first()
    if stop is None or not a.is_open:
        return
    facts = {
        "reason": stop.reason,
        "notice": stop.notice,
        "days": event.data["days"],
        "basis": stop.basis,
        "expected": event.data.get("expected_until", ""),
        "share": b.title,
        "by": full_name(b.office),
    }
    issue(a, PaperKind.SUSPENSION, instant.now(), facts)
    said = {k: event.data[k] for k in ("stop", "expected_until") if k in event.data}
    _say_and_tell(a, "share_suspended", b, **said)


@on("approval.comment")
def tell_applicant_of_comments(event: Event) -> None:
    """What a department wants answered reaches the one who can answer it best."""
    b = Approval.objects.with_facts().get(number=event.number)
    a = Application.objects.with_facts().get(number=b.application)
    if a.is_open:
        _say_and_tell(a, "share_commented", b, comments=event.data["new"] + event.data["carried"])


def _say_and_tell(a: Application, verb: str, b: Approval, **said: Any) -> None:
    """An event of the application about one of its shares, and the text about it."""
    note(a, verb, by=CLOCK, data={"approval": b.number, "office": b.office.code, **said})
    tell_applicant(a, verb, Event.objects.get(number=a.number, seq=a.version), office=b.office)


@on("application.bounce", "application.answer_bounce", "application.settle")
def tell_of_dispute(event: Event) -> None:
    """The window learns of a return, the bureau of a dispute, both sides of its end."""
    a = Application.objects.with_facts().get(number=event.number)
    about = {"key": f"{a.number} {event.seq}", "number": a.number, "matter": bilingual(a.item)}
    if event.verb == "bounce":
        tell(_holding(Role.CLERK, hall=a.hall), "application.bounce", office=bilingual(a.office), **about)
    elif event.verb == "settle":
        tell([*_holding(Role.CLERK, hall=a.hall), *of_office(a.office)], "application.settle", **about)
    elif event.data["outcome"] == "complete":
        tell(_holding(Role.BUREAU), "application.dispute", **about)


def _holding(role: str, **where: object) -> list[Person]:
    held = Post.objects.on(desk.today()).filter(role=role, **where)
    return list(Person.objects.filter(is_active=True, pk__in=held.values("person")))
