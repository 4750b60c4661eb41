"""What an application does to the shares of its departments: it holds them, lets them go on, and closes them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from onewindow.approvals import actions as approvals
from onewindow.approvals.reactions import of_office
from onewindow.cases import clock, desk
from onewindow.cases.models import Event
from onewindow.cases.notices import bilingual, say, tell
from onewindow.cases.reactions import on
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from onewindow.window.actions import flow
from onewindow.window.models import Application

#: Verbs after which an application has ended, whoever declared them.
ENDS = [verb for verb, step in flow.steps.items() if step.final]

say("application.bounce", _("%(matter)s: %(office)s returned it to the window"), icon="undo-2")
say("application.dispute", _("%(matter)s: window and department disagree, please decide"), icon="scale")
say("application.settle", _("%(matter)s: the bureau has settled the dispute"), icon="scale")


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
