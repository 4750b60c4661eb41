"""What follows in an application when something happens to its pledges, and the other way round."""

from __future__ import annotations

import datetime as dt
from typing import Any

from onewindow.cases import instant
from onewindow.cases.flow import note
from onewindow.cases.models import Event
from onewindow.cases.reactions import on
from onewindow.cases.rules import CLOCK
from onewindow.org.models import limit
from onewindow.pledges import actions as pledges
from onewindow.pledges.models import Kind, Pledge, Status
from onewindow.window import afterwards, pledging
from onewindow.window.letters import day_words
from onewindow.window.models import Application, Document, PaperKind
from onewindow.window.models import Status as S
from onewindow.window.papers import issue
from onewindow.window.reactions import tell


def _both(event: Event) -> tuple[Pledge, Application]:
    p = Pledge.objects.with_facts().get(number=event.number)
    return p, Application.objects.with_facts().get(number=p.application)


@on("pledge.make_good")
def take_material_in(event: Event) -> None:
    """The material is written into the list of the application; when nothing is owed any more, the clock of the final
    result starts."""
    p, a = _both(event)
    changes: dict[str, Any] = {"form": p.form, "to_correct": ""}
    if p.attachment_id:
        changes["attachment"] = p.attachment_id
    Document.objects.filter(application=a, spec__no=p.spec_no).update(**changes)
    _all_there(a)


@on("pledge.clear")
def cleared(event: Event) -> None:
    """A pledge that was not broken after all owes nothing more."""
    _all_there(_both(event)[1])


def _all_there(a: Application) -> None:
    if not (a.is_preliminary and a.status == S.DECIDED) or pledging.owes(a):
        return
    within = str(limit("final_result_limit"))
    note(
        a, "all_supplied", by=CLOCK, data={"limit": within}, clock_from=instant.now(), clock_promised=within,
        clock_legal=within, clock_extension="", clock_stops=0, clock_ended_at=None,
    )  # fmt: skip


@on("pledge.light")
def remind(event: Event) -> None:
    """The applicant is reminded of a material before its day, and once more when it has passed."""
    p, a = _both(event)
    if (
        p.kind == Kind.DEFERRAL
        and p.status == Status.PROMISED
        and event.data.get("light") in ("amber", "yellow")
    ):
        tell(a, "pledge_due" if event.data["light"] == "amber" else "pledge_late", event, due=p.due_at)


@on("pledge.breach")
def follow_breach(event: Event) -> None:
    """Before the decision the application counts as withdrawn; after it the party is told in writing what is intended and
    may state its case, and the head of the department decides."""
    p, a = _both(event)
    undecided = a.status in (S.EXAMINING, S.SUSPENDED, S.FORWARDED)
    if p.kind == Kind.DEFERRAL and undecided:
        afterwards.deem_withdrawn(a, by=CLOCK, reason=p.reason)
        return
    facts = {"what": p.what, "due": day_words(p.owed_until), "reason": p.reason, "reply_by": _day(p.due_at)}
    issue(a, PaperKind.BREACH, instant.now(), facts)
    note(a, "pledge_broken", by=CLOCK, data={"pledge": p.number})
    tell(a, "pledge_broken", event, due=p.due_at)


def _day(at: dt.datetime | None) -> str:
    return at.isoformat() if at else ""


@on("application.revoke", "application.deem_withdrawn")
def enforce(event: Event) -> None:
    """What was broken has had its consequence; what was still owed is owed no more."""
    for p in Pledge.objects.of(event.number).open().with_facts():
        step = pledges.enforce if p.status == Status.BROKEN else pledges.lapse
        step(p, by=CLOCK)


@on("application.withdraw", "application.void")
def lapse(event: Event) -> None:
    """The application has ended: nothing is owed."""
    for p in Pledge.objects.of(event.number).open().with_facts():
        pledges.lapse(p, by=CLOCK)


@on("application.decide")
def refused(event: Event) -> None:
    """What was refused owes nothing."""
    if event.data.get("result") == "refuse":
        lapse(event)
