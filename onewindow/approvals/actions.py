"""What can be done with an Approval. Each step's docstring begins with the Chinese term and names its law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.approvals import rules
from onewindow.approvals.models import CLOSED, Approval, Comment, Status
from onewindow.cases import clock, instant, numbers
from onewindow.cases.flow import Flow, open_case, register
from onewindow.cases.models import Attachment, Stop
from onewindow.cases.rules import CLOCK, By, the_clock
from onewindow.catalog import stops
from onewindow.catalog.models import Item
from onewindow.org.models import Hall, Office

S = Status
OPEN = tuple(s for s in S if s not in CLOSED)
flow = Flow("approval", "B", Status, closed=CLOSED)
register(flow, Approval)


# --- the clock of a share ----------------------------------------------------------------------------------


def _begin(b: Approval, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    """Starts the clock of a share; where the whole application stands still, it stands still at once."""
    said = clock.start(lambda b: b.limit, lambda b: b.legal_limit)(b, now, given)
    if b.is_advisory and b.due_at and b.clock_from:
        b.remind_at = b.clock_from + (b.due_at - b.clock_from) / 2
        clock.work_out(b, now)
    if b.is_held:
        said |= _stand(b, now, {"reason": "application", "notice": "随主件中止"})
    return said


def _stand(b: Approval, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    """Stops the clock unless it stands already: a share has one stop at a time, whoever asked for it."""
    if b.clock_from is None or Stop.objects.filter(number=b.number, ended_at__isnull=True).exists():
        return {}
    return clock.stop()(b, now, given)


def _hold(b: Approval, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    b.is_held = True
    return _stand(b, now, given)


def _release(b: Approval, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    b.is_held = False
    if b.clock_from is None or b.status == S.SUSPENDED:  # its own special procedure goes on
        return {}
    return clock.resume()(b, now, given)


def _go_on(b: Approval, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    return {} if b.is_held else clock.resume()(b, now, given)


def _own_stop(b: Approval, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    return _stand(b, now, given)


# --- opening -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Matter:
    """What a share has to know of its application: number, item, leading department, hall, masked name."""

    number: str
    item: Item
    lead: Office
    hall: Hall | None
    holder: str
    is_held: bool = False


def open_plan(matter: Matter, plan: Sequence[Mapping[str, Any]], *, by: By) -> list[Approval]:
    """并联审批 — opens a share for every part of an item's plan, in the caller's transaction: those of the first stage at
    once, the others as waiting. ``plan``: rows of ``stage``, ``office`` (code), ``title``, ``title_en``, ``limit``,
    ``legal_limit`` (优化营商环境条例 41)."""
    offices = {o.code: o for o in Office.objects.filter(code__in={row["office"] for row in plan})}
    first = min((row["stage"] for row in plan), default=1)
    return [
        _open(
            matter, offices[row["office"]], by=by, part=n, stage=row["stage"], starts=row["stage"] == first,
            title=row["title"], title_en=row.get("title_en", ""), limit=row["limit"],
            legal_limit=row.get("legal_limit", ""),
        )
        for n, row in enumerate(plan, 1)
    ]  # fmt: skip


def ask_opinion(
    matter: Matter, office: Office, *, by: By, title: str, title_en: str, question: str, limit: str
) -> Approval:
    """征求意见 — asks another department for its opinion within a limit; the decision need not wait for it."""
    return _open(
        matter, office, by=by, part=0, stage=1, starts=True, title=title, title_en=title_en, limit=limit,
        legal_limit="", is_advisory=True, question=question,
    )  # fmt: skip


def _open(matter: Matter, office: Office, *, by: By, starts: bool, **facts: Any) -> Approval:
    now = instant.now()
    b = Approval(
        number=numbers.new("B"),
        office=office,
        application=matter.number,
        item=matter.item,
        lead=matter.lead,
        hall=matter.hall,
        holder=matter.holder,
        is_held=matter.is_held,
        status=S.EXAMINING if starts else S.WAITING,
        opened_at=now,
        **facts,
    )
    said = {"application": matter.number, "stage": b.stage, "advisory": b.is_advisory}
    if starts:
        b.started_at = now
        said |= _begin(b, now, {})
    return open_case(b, "open", by=by, data=said)


@flow.step(
    S.WAITING,
    to=S.EXAMINING,
    who=rules.with_the_application,
    label=_("Begin"),
    clock=_begin,
    when="approval.approve",
)
def begin(b: Approval, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """启动 — the stage before is done: the share of this department begins, and with it its clock."""
    b.started_at = now
    return {"stage": b.stage}


# --- the verdict -------------------------------------------------------------------------------------------


@flow.step(
    S.EXAMINING,
    to=S.APPROVED,
    who=rules.department_here & rules.comments_answered,
    label=_("Agree"),
    clock=clock.finish(),
)
def approve(b: Approval, *, by: By, now: dt.datetime, opinion: str = "") -> dict[str, Any]:
    """同意 — the department has nothing against it; answered comments are closed with it."""
    _settle_comments(b, now)
    b.opinion, b.decided_at = opinion, now
    return _verdict(b)


@flow.step(
    S.EXAMINING,
    to=S.CONDITIONAL,
    who=rules.department_here & rules.comments_answered,
    label=_("Agree with conditions"),
    clock=clock.finish(),
)
def approve_with_conditions(
    b: Approval, *, by: By, now: dt.datetime, conditions: str, opinion: str = ""
) -> dict[str, Any]:
    """附条件同意 — the department agrees if its conditions are kept: they become part of the decision."""
    _settle_comments(b, now)
    b.conditions, b.opinion, b.decided_at = conditions, opinion, now
    return _verdict(b)


@flow.step(S.EXAMINING, to=S.OBJECTED, who=rules.department_here, label=_("Object"), clock=clock.finish())
def oppose(b: Approval, *, by: By, now: dt.datetime, opinion: str, basis: str) -> dict[str, Any]:
    """不同意 — lawful conditions are not met: reasons and the article must be given (行政许可法 38). It can't be granted over."""
    b.opinion, b.basis, b.decided_at = opinion, basis, now
    return _verdict(b) | {"basis": basis}


def _reopen(b: Approval, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    """The clock goes on as if it had never ended: who spoke wrongly gets no new time."""
    b.clock_ended_at = None
    clock.work_out(b, now)
    return {"due_at": b.due_at.isoformat() if b.due_at else None}


@flow.step(
    S.APPROVED,
    S.CONDITIONAL,
    S.OBJECTED,
    to=S.EXAMINING,
    who=rules.head_of_department,
    label=_("Take the opinion back"),
    clock=_reopen,
    when="application.take_back_opinion",
)
def reopen(b: Approval, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """收回意见 — an opinion given by mistake is taken back by the head of the department, before the decision (taken with the
    application, whose step it is). What was said stays in the record; the limit is the old one."""
    before = {"was": b.status, "said": b.opinion or b.conditions}
    b.opinion = b.conditions = b.basis = ""
    b.decided_at = b.closed_at = None
    b.is_held = False  # the application runs: an opinion is taken back at no other time
    return before | {"reason": reason, "application": b.application}


@flow.step(
    S.CANCELLED,
    to=S.WAITING,
    who=rules.with_the_application,
    label=_("Needed again"),
    when="approval.reopen",
)
def restore(b: Approval, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """恢复待办 — an objection that had made this later share needless was taken back."""
    b.closed_at, b.is_held = None, False
    return {"stage": b.stage}


def take_back(b: Approval, *, by: By, reason: str) -> Approval:
    """Takes an opinion back, and brings back the later shares that an objection had made needless."""
    objected = b.status == S.OBJECTED
    reopen(b, by=by, reason=reason)
    if objected and not Approval.objects.of(b.application).binding().filter(status=S.OBJECTED).exists():
        later = Approval.objects.of(b.application).binding().filter(status=S.CANCELLED, started_at=None)
        _each(list(later), lambda one: restore(one, by=CLOCK))
    return b


def _verdict(b: Approval) -> dict[str, Any]:
    return {"application": b.application, "stage": b.stage, "round": b.round, "advisory": b.is_advisory}


def _settle_comments(b: Approval, now: dt.datetime) -> None:
    if b.round > 1:
        Comment.objects.of(b).unsettled().update(closed_at=now)


# --- rounds ------------------------------------------------------------------------------------------------


@flow.step(
    S.EXAMINING,
    to=S.RETURNED,
    who=rules.department_here & rules.binding & rules.comments_answered,
    label=_("Return with comments"),
)
def comment(
    b: Approval, *, by: By, now: dt.datetime, comments: Sequence[str] = (), unsettled: Sequence[int] = ()
) -> dict[str, Any]:
    """退回修改 — returns the share with numbered comments; the clock runs on. In a later round only what is still open
    may be asked; whatever is new then is marked and counted: all had to be told at once (行政许可法 32(4)).

    ``comments``: new ones. ``unsettled``: numbers of answered comments whose answer does not settle them; the other
    answered ones are closed.
    """
    old = Comment.objects.of(b)
    old.unsettled().exclude(no__in=unsettled).update(closed_at=now)
    carried = old.unsettled().filter(no__in=unsettled).update(answered_at=None, answered_by="")
    last = old.order_by("-no").values_list("no", flat=True).first() or 0
    late = b.round > 1
    Comment.objects.bulk_create(
        Comment(approval=b, no=no, round=b.round, text=text, is_late=late, raised_at=now)
        for no, text in enumerate(comments, last + 1)
    )
    return {"round": b.round, "new": len(comments), "carried": carried, "late": len(comments) if late else 0}


@flow.step(S.RETURNED, to=S.EXAMINING, who=rules.answerer, label=_("Answer the comments"))
def answer(
    b: Approval,
    *,
    by: By,
    now: dt.datetime,
    answers: Mapping[int, str],
    pages: Mapping[int, Sequence[Attachment]] | None = None,
) -> dict[str, Any]:
    """答复意见 — every open comment is answered, and the next round begins; the department looks at these only.

    ``answers``: number of the comment → answer. One that is missing keeps the answer of an earlier round. ``pages``: number of
    the comment → what was handed in with its answer; it becomes part of the application.
    """
    for no, given in (pages or {}).items():
        keys = [page.pk for page in given]
        Attachment.objects.filter(pk__in=keys).update(number=b.application, purpose=b.purpose(no))
    for one in Comment.objects.of(b).unanswered():
        Comment.objects.filter(pk=one.pk).update(
            answer=answers.get(one.no, "") or one.answer, answered_at=now, answered_by=by.username
        )
    b.round += 1
    return {"round": b.round, "answers": sorted(answers)}


# --- standing still ----------------------------------------------------------------------------------------


@flow.step(
    S.EXAMINING,
    to=S.SUSPENDED,
    who=rules.department_here & rules.not_held,
    label=_("Suspend"),
    clock=_own_stop,
)
def suspend(
    b: Approval, *, by: By, now: dt.datetime, reason: str, notice: str, days: int, basis: str = ""
) -> dict[str, Any]:
    """特别程序 — a check, test or review of this department stops the clock of its own share only; the applicant gets the
    notice of it in writing (行政许可法 45).

    ``reason``: a code of the list ``stop_reason`` that the item knows (``catalog/stops.py``); ``notice``: what the applicant
    is told; ``days``: working days it is expected to take; ``basis``: the article, where the item doesn't provide for it.
    """
    stops.check(b.item.current, reason, days, basis)
    return {"reason": reason, "days": days, "application": b.application}


@flow.alarm(at=lambda b: clock.overrun_at(b) if b.status == S.SUSPENDED else None)
def stop_overrun(b: Approval, now: dt.datetime) -> dict[str, Any]:
    """特别程序超时 — the time that was told is over and the clock of the share still stands."""
    return clock.overrun(b, now)


@flow.step(S.SUSPENDED, to=S.EXAMINING, who=rules.department_here, label=_("Resume"), clock=_go_on)
def resume(b: Approval, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """恢复计时 — the department's special procedure is over; its clock runs on."""
    return {}


@flow.step(
    *OPEN,
    who=rules.with_the_application,
    label=_("Stop with the application"),
    clock=_hold,
    when="application.suspend",
)
def hold(b: Approval, *, by: By, now: dt.datetime, reason: str, notice: str) -> dict[str, Any]:
    """随主件中止 — the whole application stands still, and so does the clock of each share."""
    return {"reason": reason}


@flow.step(
    *OPEN,
    who=rules.with_the_application,
    label=_("Go on with the application"),
    clock=_release,
    when="application.resume",
)
def release(b: Approval, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """随主件恢复 — the application goes on, and so does each share that has no stop of its own."""
    return {}


@flow.step(
    *OPEN,
    to=S.CANCELLED,
    who=rules.with_the_application,
    label=_("Close with the application"),
    clock=clock.finish(),
    when="application.withdraw",
)
def cancel(b: Approval, *, by: By, now: dt.datetime, because: str) -> dict[str, Any]:
    """终止 — no longer needed: the application has ended, or another department has objected.

    ``because``: the verb that ended the application, or ``objection``.
    """
    return {"because": because}


@flow.step(S.EXAMINING, S.RETURNED, who=the_clock, label=_("Remind"), when="remind_at")
def remind(b: Approval, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """催办 — half of the time for an opinion has gone: the department is reminded."""
    b.remind_at, b.reminded_at = None, now
    return {"due_at": b.due_at.isoformat() if b.due_at else None}


# --- what the application asks -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How the departments stand to an application: who is still to speak, who objects, what was made a condition."""

    pending: list[Approval]
    objected: list[Approval]
    conditional: list[Approval]

    @property
    def verdict(self) -> str:
        """The most severe one; empty while somebody has not spoken."""
        if self.objected:
            return S.OBJECTED
        return "" if self.pending else S.CONDITIONAL if self.conditional else S.APPROVED


def standing(application: str) -> Standing:
    """Asked by the decision; opinions that were only asked for do not count."""
    rows = list(Approval.objects.of(application).binding())
    return Standing(
        pending=[b for b in rows if b.is_open],
        objected=[b for b in rows if b.status == S.OBJECTED],
        conditional=[b for b in rows if b.status == S.CONDITIONAL],
    )


def go_on(application: str) -> None:
    """Begins the next stage when the one before is done; after an objection no later stage is needed."""
    rows = list(Approval.objects.of(application).binding())
    if any(b.status == S.OBJECTED for b in rows):
        _each([b for b in rows if b.status == S.WAITING], lambda b: cancel(b, by=CLOCK, because="objection"))
        return
    waiting = [b for b in rows if b.status == S.WAITING]
    at_work = [b.stage for b in rows if b.is_open and b.status != S.WAITING]
    if waiting and not at_work:
        stage = min(b.stage for b in waiting)
        _each([b for b in waiting if b.stage == stage], lambda b: begin(b, by=CLOCK))


def close_all(application: str, because: str, *, advisory_only: bool = False) -> None:
    """Closes what is still open of an application that has ended."""
    rows = Approval.objects.of(application).open()
    if advisory_only:
        rows = rows.filter(is_advisory=True)
    _each(list(rows), lambda b: cancel(b, by=CLOCK, because=because))


def hold_all(application: str, reason: str, notice: str) -> None:
    """The application stands still."""
    rows = list(Approval.objects.of(application).open().filter(is_held=False))
    _each(rows, lambda b: hold(b, by=CLOCK, reason=reason, notice=notice))


def release_all(application: str) -> None:
    """The application goes on."""
    rows = list(Approval.objects.of(application).open().filter(is_held=True))
    _each(rows, lambda b: release(b, by=CLOCK))


def _each(rows: Sequence[Approval], take: Callable[[Approval], Any]) -> None:
    for b in rows:
        take(b)
