"""What happens in the course of an examination: hearing and site check, each with its form, its record and its checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onewindow.cases import clock
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Attachment, Event, Stop
from onewindow.cases.rules import By, Reason, the_clock
from onewindow.catalog import stops
from onewindow.org.models import Person, current_calendar, limit, number
from onewindow.org.roles import Role
from onewindow.window import joint, rules
from onewindow.window.actions import RENEWED_BY_LAW, S, _delivery, flow
from onewindow.window.models import Application, PaperKind, Result
from onewindow.window.papers import issue
from onewindow.window.records import Conclusion, Record, RecordKind
from onewindow.window.staff import everywhere, of_office

ASKED_FOR = (
    "申请人要求听证。听证的时间、地点将在举行的七个工作日前另行通知；听证所需时间不计入办理期限，不收取费用。"
)


# --- 听证 (行政许可法 46–48) --------------------------------------------------------------------------------


@flow.step(
    S.EXAMINING,
    who=rules.approver_here & rules.hearing_not_offered,
    label=gettext_lazy("Tell of the right to a hearing"),
)
def offer_hearing(a: Application, *, by: By, now: dt.datetime, why: str) -> dict[str, Any]:
    """告知听证权利 — before a decision that touches great interests of the applicant or of others: they may ask for a
    hearing within five working days; nothing is decided before (行政许可法 47)."""
    a.hearing_until = clock.expected_end(now, number("hearing_ask_days"))
    assert a.hearing_until is not None
    until = timezone.localdate(a.hearing_until).isoformat()
    issue(a, PaperKind.HEARING_RIGHT, now, {"reason": why, "reply_by": until})
    return {"until": until}


@flow.step(
    S.EXAMINING,
    S.SUSPENDED,
    to=S.SUSPENDED,
    who=(rules.applicant_here | rules.clerk_here) & rules.hearing_offered,
    label=gettext_lazy("Ask for a hearing"),
    clock=clock.stop(stops.HEARING, ASKED_FOR, stops.HEARING_DAYS),
)
def ask_hearing(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """申请听证 — asked for in time: the hearing is held within twenty working days, which do not count
    (行政许可法 45, 47). Whatever else holds the clock meanwhile does not take the right away."""
    a.hearing_until = None
    facts = {"reason": stops.HEARING, "notice": ASKED_FOR, "days": stops.HEARING_DAYS}
    issue(a, PaperKind.SUSPENSION, now, facts)
    return {"reason": stops.HEARING, "days": stops.HEARING_DAYS}


@flow.step(
    S.EXAMINING,
    S.SUSPENDED,
    who=(rules.applicant_here | rules.clerk_here) & rules.hearing_offered,
    label=gettext_lazy("No hearing wanted"),
)
def waive_hearing(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """放弃听证 — the applicant says that no hearing is wanted; the decision need not wait any longer."""
    a.hearing_until = None
    return {}


@flow.step(
    S.SUSPENDED,
    to=S.EXAMINING,
    who=(rules.applicant_here | rules.clerk_here) & rules.hearing_owed,
    label=gettext_lazy("Give the hearing up"),
    clock=clock.resume(),
)
def give_up_hearing(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """撤回听证申请 — the applicant who asked for a hearing wants it no more: none is held, the clock runs on. The department
    alone can't do without it (行政许可法 46)."""
    return {}


@flow.step(
    S.SUSPENDED,
    who=rules.approver_here & rules.in_hearing,
    label=gettext_lazy("Call the hearing"),
)
def call_hearing(
    a: Application, *, by: By, now: dt.datetime, on: dt.date, time: str, place: str, chair: str
) -> dict[str, Any]:
    """听证通知 — day, hour and place, told at least seven working days before; in public; chaired by somebody who did not
    examine the application (行政许可法 48).

    ``chair``: user name of a member of the department; ``time`` as ``09:00``.
    """
    if wrong := why_not_hearing(a, on, chair, by, now):
        raise StepRefused(wrong)
    name = Person.objects.get(username=chair).name
    issue(
        a,
        PaperKind.HEARING,
        now,
        {"on": on.isoformat(), "time": time, "place": place, "chair": name, "open": True},
    )
    stop = clock.open_stop(a)
    late = bool(stop and stop.expected_until and on > timezone.localdate(stop.expected_until))
    said = {"on": on.isoformat(), "time": time, "place": place, "chair": chair}
    return said | ({"late": True} if late else {})


def hearing_days(a: Application, now: dt.datetime) -> tuple[dt.date, dt.date]:
    """The first and the last day on which a hearing called now may be held. Where the twenty working days of the law can't
    be kept any more it is held all the same, as soon as may be: the right to it does not end with them."""
    stop = clock.open_stop(a)
    first = clock.expected_end(now, number("hearing_notice_days"))
    last = stop.expected_until if stop and stop.expected_until else first
    if first is not None and last is not None and last < first:
        last = clock.expected_end(now, stops.HEARING_DAYS)
    assert first is not None and last is not None
    return timezone.localdate(first), timezone.localdate(last)


def examiners(a: Application) -> set[str]:
    """User names of those who took a hand in the examination: none of them chairs (行政许可法 48(3))."""
    verbs = ("suspend", "resume", "site_check", "offer_hearing", "call_hearing", "extend", "forward")
    kinds = [f"application.{v}" for v in verbs]
    return set(Event.objects.of(a.number).filter(kind__in=kinds).values_list("by", flat=True))


def may_chair(a: Application, by: By) -> list[Person]:
    """The members of the department who may chair the hearing; where all of them have examined it, the heads of the other
    departments and the bureau: in a small department the right must not end with nobody to chair."""
    out = examiners(a) | {by.username}
    here = [p for p in of_office(a.office_id, Role.APPROVER, Role.HEAD) if p.username not in out]
    return here or [p for p in everywhere(Role.HEAD, Role.BUREAU) if p.username not in out]


def why_not_hearing(a: Application, on: dt.date, chair: str, by: By, now: dt.datetime) -> Reason | None:
    """Why a hearing can't be called so (``bad_day``, ``bad_chair``); None if it can."""
    first, last = hearing_days(a, now)
    if not current_calendar().is_working(on):
        return Reason("bad_day", _("That is no working day."))
    if on < first:
        text = _("%(day)s at the earliest: people are told seven working days before (行政许可法 48).")
        return Reason("bad_day", text % {"day": first.isoformat()})
    if on > last:
        text = _("%(day)s at the latest: a hearing is held within twenty working days (行政许可法 47).")
        return Reason("bad_day", text % {"day": last.isoformat()})
    if chair not in {p.username for p in may_chair(a, by)}:
        text = _("The chair is somebody who has not examined this application (行政许可法 48).")
        return Reason("bad_chair", text)
    return None


def called(a: Application) -> Event | None:
    """The last call of the hearing that is going on."""
    stop = clock.open_stop(a)
    if stop is None:
        return None
    calls = Event.objects.of(a.number).filter(kind="application.call_hearing", at__gte=stop.began_at)
    return calls.order_by("-seq").first()


@flow.step(
    S.SUSPENDED,
    to=S.EXAMINING,
    who=rules.approver_here & rules.in_hearing & rules.hearing_called,
    label=gettext_lazy("Record the hearing"),
    clock=clock.resume(),
)
def record_hearing(
    a: Application,
    *,
    by: By,
    now: dt.datetime,
    held_on: dt.date,
    present: str,
    text: str,
    conclusion: str,
    pages: Sequence[Attachment] = (),
) -> dict[str, Any]:
    """听证笔录 — the hearing was held: the record, signed by those who took part, on which alone the decision rests
    (行政许可法 48). The clock runs on.

    ``pages``: the signed record as files; ``conclusion``: one of :class:`Conclusion`.
    """
    call = called(a)
    if call is None or held_on < dt.date.fromisoformat(call.data["on"]) or held_on > timezone.localdate(now):
        raise StepRefused(
            Reason("bad_day", _("A hearing is recorded on the day for which it was called, or later."))
        )
    record = Record(
        application=a,
        kind=RecordKind.HEARING,
        event_seq=a.version + 1,
        held_on=held_on,
        place=call.data["place"],
        staff=[call.data["chair"]],
        present=present,
        text=text,
        conclusion=conclusion,
    )
    _keep(record, pages)
    return {"held_on": held_on.isoformat(), "conclusion": conclusion, "pages": len(pages)}


def _keep(record: Record, pages: Sequence[Attachment]) -> None:
    record.save(force_insert=True)
    keys = [p.pk for p in pages]
    number_ = record.application.number
    Attachment.objects.filter(pk__in=keys).update(number=number_, purpose=record.purpose)


def pages_of(records: Sequence[Record], number_: str) -> dict[int, list[Attachment]]:
    """The files of each record (by its key). One query."""
    purposes = {r.purpose: r.pk for r in records}
    found: dict[int, list[Attachment]] = {r.pk: [] for r in records}
    for page in Attachment.objects.filter(number=number_, purpose__in=purposes).order_by("id"):
        found[purposes[page.purpose]].append(page)
    return found


# --- 现场核查 (行政许可法 34(3)) ----------------------------------------------------------------------------


@flow.step(
    S.EXAMINING,
    S.SUSPENDED,
    who=rules.approver_here | joint.at_work,
    label=gettext_lazy("Record a site check"),
)
def site_check(
    a: Application,
    *,
    by: By,
    now: dt.datetime,
    staff: str,
    second: str,
    held_on: dt.date,
    place: str,
    conclusion: str,
    points: Sequence[Sequence[str]] = (),
    text: str = "",
    photos: Sequence[Attachment] = (),
) -> dict[str, Any]:
    """现场核查 — two or more members of the department looked at the place; what they found. The clock runs on: a site
    check is part of the examination (行政许可法 34(3)). A department that examines its share checks with its own people, or
    together with others (联合踏勘).

    ``staff``, ``second``: user names of two different members of the department; ``points``: pairs of what was looked at
    and what was found.
    """
    people = two_staff(a, (staff, second))
    if held_on > timezone.localdate(now) or (a.accepted_at and held_on < timezone.localdate(a.accepted_at)):
        raise StepRefused(Reason("bad_day", _("Between the day of acceptance and today.")))
    record = Record(
        application=a,
        kind=RecordKind.SITE_CHECK,
        event_seq=a.version + 1,
        held_on=held_on,
        place=place,
        staff=[p.username for p in people],
        points=[list(p) for p in points],
        text=text,
        conclusion=conclusion,
    )
    _keep(record, photos)
    facts = {
        "staff": [p.name for p in people],
        "on": held_on.isoformat(),
        "place": place,
        "findings": record.points,
        "result": CONCLUSIONS[Conclusion(conclusion)],
        "note": text,
    }
    issue(a, PaperKind.SITE_CHECK, now, facts)
    return {
        "held_on": held_on.isoformat(),
        "staff": record.staff,
        "conclusion": conclusion,
        "photos": len(photos),
    }


#: as the record says it (letters are Chinese)
CONCLUSIONS = {
    Conclusion.PASSED: "符合规定条件",
    Conclusion.FAILED: "不符合规定条件",
    Conclusion.OPEN: "待审查决定时综合认定",
}


def may_check(a: Application) -> list[Person]:
    """The members of the leading department, and of those that take part."""
    found = of_office(a.office_id, Role.APPROVER, Role.HEAD)
    for office in joint.offices(a) - {a.office_id}:
        found += of_office(office, Role.APPROVER, Role.HEAD)
    return list({p.pk: p for p in found}.values())


def two_staff(a: Application, usernames: Sequence[str]) -> list[Person]:
    """The members of the department who did the check: two different ones at least, or the step is refused."""
    here = {p.username: p for p in may_check(a)}
    chosen = list(dict.fromkeys(usernames))
    if len(chosen) < 2 or len(chosen) != len(usernames) or any(u not in here for u in chosen):
        text = _("Two different members of the department at least check a place (行政许可法 34(3)).")
        raise StepRefused(Reason("two_staff", text))
    return [here[u] for u in chosen]


# --- 转报 (行政许可法 43) and 延续 (50) ----------------------------------------------------------------------


def _forwarded(a: Application) -> str:
    return str(limit("forward_limit"))


@flow.step(
    S.EXAMINING,
    to=S.FORWARDED,
    who=rules.approver_here & rules.hearing_over & joint.all_have_spoken,
    label=gettext_lazy("Forward to a higher authority"),
    clock=clock.start(_forwarded, _forwarded),
)
def forward(
    a: Application, *, by: By, now: dt.datetime, to: str, conclusion: str, opinion: str
) -> dict[str, Any]:
    """转报 — the preliminary review is done, departments and applicant were heard: opinion and all materials go to the
    authority that decides, which may not ask the applicant for them again (行政许可法 43). Its limit runs from now; its
    decision comes back as ``decide``.

    ``to``: name of that authority; ``conclusion``: one of :class:`Conclusion`; ``opinion``: the department's own words.
    """
    clock.work_out(a, now)
    light = a.light
    a.forwarded_at, a.forwarded_to = now, to
    Record.objects.create(
        application=a,
        kind=RecordKind.FORWARD,
        event_seq=a.version + 1,
        held_on=timezone.localdate(now),
        staff=[by.username],
        text=opinion,
        conclusion=conclusion,
    )
    return {"authority": to, "conclusion": conclusion, "light": light}


@flow.step(
    S.EXAMINING,
    S.SUSPENDED,
    S.FORWARDED,
    to=S.DECIDED,
    who=the_clock & rules.deemed_renewal,
    label=gettext_lazy("Renewed by law"),
    clock=clock.start(_delivery, _delivery, since="decided_at"),
    when="renewal_deemed_at",
)
def renew_by_law(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """准予延续 — the licence expired before anything was decided on its renewal, asked for in time: renewed by law
    (行政许可法 50(2)), also where a higher authority was to decide."""
    if a.status == S.SUSPENDED:
        Stop.objects.filter(number=a.number, ended_at__isnull=True).update(ended_at=now)
    a.decided_at, a.result, a.reason_code = a.renew_by, Result.GRANT, RENEWED_BY_LAW
    clock.work_out(a, now)
    a.decision_due_at, a.decision_legal_due_at = a.due_at, a.legal_due_at
    issue(a, PaperKind.RENEWAL, now, {"licence": a.renews})
    return {"result": Result.GRANT.value, "deemed": True, "licence": a.renews}
