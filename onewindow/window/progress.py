"""What an applicant is told about the case in plain words: where it is, what to do, until when, why that day.

No staff name and no internal remark gets here; what the events say is turned into sentences by their verb.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onewindow.cases import clock, instant, timeline
from onewindow.cases.models import Event, Stop
from onewindow.cases.rows import prepared
from onewindow.cases.rules import By, applicant_of, is_applicants
from onewindow.catalog.models import Code
from onewindow.org.calendar import DayLine
from onewindow.org.models import Office
from onewindow.org.templatetags.ow import day_long, limit, local
from onewindow.pledges.models import Pledge
from onewindow.window import actions, pledging, shares
from onewindow.window.models import Application, DeliveryForm, Document, Paper, Result, Status

S = Status
REASONS = {
    "start_day": lambda n: _("first day, not counted"),
    "counted": lambda n: _("day %(n)d") % {"n": n},
    "make_up_workday": lambda n: _("day %(n)d (worked in exchange for a holiday)") % {"n": n},
    "rest_day": lambda n: _("weekend, not counted"),
    "holiday": lambda n: _("public holiday, not counted"),
    "stopped": lambda n: _("clock stopped, not counted"),
    "rolled": lambda n: _("rest day, moved on"),
    "due": lambda n: _("last day"),
}


#: taken in and accepted in one sitting at the window is one line
SITTING = dt.timedelta(minutes=15)


@dataclass(frozen=True)
class Row:
    """One line of the timeline (parts/timeline.html)."""

    title: str
    state: str = ""
    at: dt.datetime | None = None
    by: str = ""
    note: str = ""
    icon: str = ""


@dataclass(frozen=True)
class Why:
    """Why the deadline is on its day."""

    sentence: str
    law: str
    days: list[tuple[dt.date, bool, str]]
    is_provisional: bool


@dataclass(frozen=True)
class Progress:
    """All that the status page says. ``tone`` is that of the big word: "" blue, g, a, r."""

    tone: str
    now: str
    text: str
    until: dt.datetime | dt.date | None
    until_text: tuple[str, str]
    note: str
    rows: list[Row]
    owed: list[Document]
    pledges: list[Pledge]
    papers: list[Paper]
    why: Why | None
    can_correct: bool
    can_withdraw: bool
    can_rate: bool
    parts: list[shares.Part]
    can_ask_hearing: bool
    can_give_up_hearing: bool


def of(a: Application, me: By | None = None) -> Progress:
    """The case as its applicant sees it today; ``me``: somebody who may do less, such as one who only follows it."""
    me = me or applicant_of(a)
    open_to_me = {step.verb for step, reason in actions.flow.steps_for(a, me) if reason is None}
    documents = sorted(_documents(a.pk), key=lambda d: d.spec.no)
    events = timeline.events(a)
    stop = Stop.objects.filter(number=a.number, ended_at__isnull=True).first() if a.clock_stops else None
    tone, now, text, until, until_text, note = _now(a, stop)
    return Progress(
        tone=tone,
        now=now,
        text=text,
        until=until,
        until_text=_around(until_text),
        note=note,
        rows=[*past(a, events), *ahead(a)],
        owed=[d for d in documents if d.to_correct] if a.status == S.CORRECTING else [],
        pledges=[p for p in pledging.all_of(a) if p.is_open],
        papers=papers_of(a),
        why=_why(a),
        can_correct="correct" in open_to_me,
        can_withdraw="withdraw" in open_to_me,
        parts=shares.parts(a, me),
        can_ask_hearing="ask_hearing" in open_to_me,
        can_give_up_hearing="give_up_hearing" in open_to_me,
        can_rate=bool(a.accepted_at or a.closed_at) and a.status not in (S.VOIDED, S.WITHDRAWN),
    )


@prepared
def _documents(application: int) -> Any:
    return Document.objects.filter(application_id=application).select_related("spec").order_by()


@prepared
def _papers(application: int) -> Any:
    return Paper.objects.filter(application_id=application).order_by()


def papers_of(a: Application) -> list[Paper]:
    """The letters of this one case, the newest first."""
    papers = sorted(_papers(a.pk), key=lambda p: -p.pk)
    for paper in papers:
        paper.application = a
    return papers


def _reason(list_: str, code: str) -> str:
    found = Code.objects.filter(list=list_, code=code).first() if code else None
    return local(found) if found else ""


def _hold(data: dict[str, Any]) -> str:
    """Why a clock was stopped and until when that was expected to take."""
    why = _reason("stop_reason", data.get("stop", ""))
    if not data.get("expected_until"):
        return why
    day = day_long(dt.datetime.fromisoformat(data["expected_until"]))
    return _("%(why)s, expected to end by %(day)s") % {"why": why, "day": day}


def _office(data: dict[str, Any]) -> str:
    found = Office.objects.filter(code=data["office"]).first()
    return local(found) if found else ""


def _around(text: str) -> tuple[str, str]:
    """What stands before and after the day of a sentence, so that the page can print the day bold."""
    before, _day, after = text.partition("%(day)s")
    return before, after


def _now(a: Application, stop: Stop | None) -> tuple[str, str, str, Any, str, str]:
    """(tone, big word, sentence, until, sentence around that day, note)"""
    office, due = local(a.office), a.due_at
    late = bool(due and a.is_open and instant.now() > due)
    match a.status:
        case S.SUBMITTED:
            return (
                "",
                _("Handed in"),
                _("The window has your application and will look at it."),
                due,
                _("You hear from us by %(day)s at the latest."),
                "",
            )
        case S.RECEIVED:
            return (
                "",
                _("Materials being checked"),
                _("We are checking whether your materials are complete."),
                due,
                _("You hear from us by %(day)s at the latest."),
                "",
            )
        case S.CORRECTING:
            passed = a.correct_until is not None and timezone.localdate(instant.now()) > a.correct_until
            till = _("Please supply it by %(day)s.")
            if passed:
                till = _(
                    "It was to be supplied by %(day)s. Supply it now, or the window refuses acceptance; then you can apply anew."
                )
            return (
                "r" if passed else "a",
                _("Waiting for you"),
                _("Something is missing in your materials."),
                a.correct_until,
                till,
                a.correction_note,
            )
        case S.EXAMINING if late:
            law = (
                _("The lawful limit ends on %(day)s.") % {"day": day_long(a.legal_due_at)}
                if a.legal_due_at
                else ""
            )
            text = _("%(office)s is late. You were promised a decision by %(day)s; we are pressing for it.")
            return "r", _("Late"), text % {"office": office, "day": day_long(due)}, None, "", law
        case S.EXAMINING if can_ask(a):
            text = _(
                "%(office)s has told you that you have the right to a hearing. It decides nothing before."
            )
            around = _("You can ask for a hearing until %(day)s.")
            return "a", _("Waiting for your word"), text % {"office": office}, a.hearing_until, around, ""
        case S.EXAMINING:
            return (
                "",
                _("Under examination"),
                _("%(office)s is examining your application.") % {"office": office},
                due,
                _("Decision by %(day)s at the latest."),
                "",
            )
        case S.SUSPENDED:
            why = _reason("stop_reason", stop.reason) if stop else ""
            text = _(
                "The clock stands still: %(why)s. The time it takes does not count towards the limit."
            ) % {"why": why}
            until = stop.expected_until if stop else None
            if until and instant.now() > until:
                over = _("It was expected to end by %(day)s. It has not; the department has been reminded.")
                return "r", _("On hold"), f"{text}{over % {'day': day_long(until)}}", None, "", stop.notice
            around = _("Expected to end by %(day)s.")
            return "a", _("On hold"), text, until, around, stop.notice if stop else ""
        case S.FORWARDED:
            text = _(
                "%(office)s has finished its review and forwarded everything to %(authority)s, which decides."
            )
            more = _("You need not hand anything in again. %(authority)s has until then to decide.")
            told = {"office": office, "authority": a.forwarded_to}
            around = _("Expected by %(day)s.")
            return "", _("Forwarded to a higher authority"), text % told, due, around, more % told
        case S.DECIDED if a.is_preliminary:
            text = _("Granted for now. The result becomes final when everything that was put off is here.")
            if not pledging.owes(a):
                text = _("Everything is here. The final result is being made out.")
            return "a", pgettext("status", "Preliminary result"), text, None, "", ""
        case S.REVOKED:
            text = " ".join(filter(None, [_reason("revoke", a.reason_code), a.reason]))
            return "r", _("Decision revoked"), text, None, "", _remedies()
        case S.DECIDED if a.result == Result.GRANT:
            renewed = a.reason_code == actions.RENEWED_BY_LAW
            law = _("Nothing was decided before your licence expired: by law it counts as renewed.")
            return (
                "g",
                _("Renewed by law") if renewed else _("Application granted"),
                f"{law} {_collect(a)}" if renewed else _collect(a),
                None if late else due,
                _("Handed over by %(day)s at the latest."),
                _undelivered(due) if late else "",
            )
        case S.DECIDED:
            text = " ".join(filter(None, [_reason("refuse", a.reason_code), a.reason]))
            return (
                "r",
                _("Application refused"),
                text,
                None if late else due,
                _("You get the decision in writing by %(day)s at the latest."),
                "\n".join(filter(None, [_undelivered(due) if late else "", _remedies()])),
            )
        case S.DELIVERED:
            refused = a.result == Result.REFUSE
            done = _("The result was handed over on %(day)s.") % {"day": day_long(a.delivered_at)}
            return (
                "r" if refused else "g",
                _("Application refused") if refused else _("All done"),
                done,
                None,
                "",
                _remedies() if refused else "",
            )
        case S.NOT_ACCEPTED:
            text = " ".join(filter(None, [_reason("refuse_acceptance", a.reason_code), a.reason]))
            return "r", _("Not accepted"), text, None, "", _remedies()
        case S.WITHDRAWN:
            return (
                "",
                _("Withdrawn"),
                _("You took the application back. You can apply again at any time."),
                None,
                "",
                "",
            )
        case _:
            return (
                "",
                _("Voided"),
                _("This entry was made by mistake and no longer counts."),
                None,
                "",
                a.reason,
            )


def can_ask(a: Application) -> bool:
    """Whether the applicant may ask for a hearing now (行政许可法 47)."""
    return actions.flow.why_not("ask_hearing", a, applicant_of(a)) is None


def _undelivered(due: dt.datetime | None) -> str:
    text = _(
        "It should have been handed over by %(day)s (行政许可法 44). We are sorry; the window has been reminded."
    )
    return text % {"day": day_long(due)}


def _collect(a: Application) -> str:
    match a.delivery_form:
        case DeliveryForm.ELECTRONIC:
            return _("Your application was granted. The result comes electronically; the decision is below.")
        case DeliveryForm.POST:
            return _("Your application was granted. The result is on its way by post.")
    text = _(
        "Your application was granted. Please bring your identity card and collect the result at %(place)s."
    )
    return text % {"place": local(a.hall) if a.hall else local(a.office)}


def _remedies() -> str:
    return _(
        "If you do not agree: within 60 days you may ask for administrative reconsideration, or within 6 months"
        " go to court. The paper below says where."
    )


# --- what was, what is, what comes -------------------------------------------------------------------------


def past(a: Application, events: list[Event]) -> Iterator[Row]:
    """One line for each event that means something to the applicant, then the one of today."""
    place = " ".join(filter(None, [local(a.hall) if a.hall else "", local(a.counter) if a.counter else ""]))
    office, by_case = local(a.office), _("You")
    for e, later in zip(events, [*events[1:], None], strict=True):
        data = e.data
        if e.verb == "receive" and later and later.verb == "accept" and later.at - e.at < SITTING:
            continue
        match e.verb:
            case "submit":
                yield Row(_("Application handed in"), "done", e.at, by_case)
            case "receive":
                yield Row(_("Materials received"), "done", e.at, place)
            case "ask_correction":
                yield Row(_("Told once what to correct"), "done", e.at, place)
            case "correct":
                mine = is_applicants(e.by)
                yield Row(_("Corrections supplied"), "done", e.at, by_case if mine else place)
            case "accept":
                yield Row(_("Accepted at the window"), "done", e.at, place)
            case "deem_accepted":
                text = _(
                    "Nobody answered within five working days: by law it counts as accepted from the day of receipt."
                )
                yield Row(_("Deemed accepted"), "done", e.at, "", text)
            case "suspend":
                yield Row(_("Clock stopped"), "done", e.at, office, _hold(data))
            case "stop_overrun":
                yield Row(_("The time told for it is over; the department was reminded"), "bad", e.at)
            case "share_suspended":
                yield Row(_("One department’s clock stopped"), "done", e.at, _office(data), _hold(data))
            case "share_commented":
                yield Row(_("A department has comments for you to answer"), "done", e.at, _office(data))
            case "resume":
                yield Row(_("Clock runs again"), "done", e.at, office)
            case "offer_hearing":
                note = _("to be asked for by %(day)s") % {
                    "day": day_long(dt.date.fromisoformat(data["until"]))
                }
                yield Row(_("Told of the right to a hearing"), "done", e.at, office, note)
            case "ask_hearing":
                mine = is_applicants(e.by)
                yield Row(_("Hearing asked for"), "done", e.at, by_case if mine else place, _hold(data))
            case "waive_hearing":
                yield Row(_("No hearing wanted"), "done", e.at, by_case if is_applicants(e.by) else place)
            case "give_up_hearing":
                title = _("Hearing given up, the clock runs again")
                yield Row(title, "done", e.at, by_case if is_applicants(e.by) else place)
            case "remind_correction" if data["over"]:
                yield Row(_("The day for the corrections has passed"), "bad", e.at)
            case "call_hearing":
                day = day_long(dt.date.fromisoformat(data["on"]))
                yield Row(_("Hearing called"), "done", e.at, office, f"{day} {data['time']}，{data['place']}")
            case "record_hearing":
                yield Row(_("Hearing held, the clock runs again"), "done", e.at, office)
            case "site_check":
                day = day_long(dt.date.fromisoformat(data["held_on"]))
                yield Row(_("Site checked"), "done", e.at, office, day)
            case "forward":
                yield Row(_("Forwarded to a higher authority"), "done", e.at, office, data["authority"])
            case "renew_by_law":
                law = _("Nothing was decided before your licence expired: by law it counts as renewed.")
                yield Row(_("Renewed by law"), "done", e.at, "", law)
            case "extend":
                yield Row(_("Limit extended"), "done", e.at, office, data.get("reason", ""))
            case "light" if data.get("light") == "yellow":
                yield Row(_("Promised day passed"), "bad", e.at)
            case "light" if data.get("light") == "red":
                yield Row(_("Lawful limit passed"), "bad", e.at)
            case "card_answered":  # 优化营商环境条例 36: who is late says why
                yield Row(_("Reason of the delay"), "done", e.at, office, data.get("reason", ""))
            case "reclock":
                day = dt.datetime.fromisoformat(data["due_at"]) if data.get("due_at") else None
                note = _("New day: %(day)s") % {"day": day_long(day)} if day else ""
                yield Row(_("Holidays were announced: deadline worked out anew"), "done", e.at, "", note)
            case "decide":
                granted = data.get("result") == Result.GRANT
                title = _("Decision: granted") if granted else _("Decision: refused")
                if data.get("preliminary"):
                    title = pgettext("status", "Preliminary result")
                yield Row(title, "done" if granted else "bad", e.at, office)
            case "deliver":
                yield Row(_("Result handed over"), "done", e.at, _delivery(a))
            case "publicise":
                yield Row(_("Decision made public"), "done", e.at, office)
            case "refuse_acceptance":
                yield Row(_("Not accepted"), "bad", e.at, office)
            case "all_supplied":
                yield Row(_("Everything that was put off is here"), "done", e.at)
            case "finalise":
                yield Row(_("Final result"), "done", e.at, office)
            case "pledge_broken":
                yield Row(_("A promise was found broken; you may state your case"), "bad", e.at, office)
            case "revoke":
                yield Row(_("Decision revoked"), "bad", e.at, office)
            case "deem_withdrawn":
                text = _("What was put off did not come in time.")
                yield Row(_("Counts as withdrawn"), "bad", e.at, "", text)
            case "withdraw":
                yield Row(_("Withdrawn"), "done", e.at, by_case if data.get("by_applicant") else place)
            case "void":
                yield Row(_("Voided"), "bad", e.at, place)


def ahead(a: Application) -> Iterator[Row]:
    """The step it is in, and those still to come."""
    version = a.item_version
    promised, legal = limit(version.promised_limit), limit(version.legal_limit)
    check = Row(_("Materials being checked"), note=_("You hear from us within 5 working days"))
    by_day = _("promised: %(promised)s") % {"promised": promised}
    examine = Row(_("Examination by the department"), by=local(a.office), note=by_day)
    decision = Row(
        pgettext("timeline", "Decision"),
        note=_("The law allows %(legal)s, we promise %(promised)s") % {"legal": legal, "promised": promised}
        if legal and legal != promised
        else "",
    )
    deliver = Row(_("Result handed over"), note=_delivery(a))
    match a.status:
        case S.SUBMITTED | S.RECEIVED:
            yield Row(check.title, "now", note=check.note)
            yield from (examine, decision, deliver)
        case S.CORRECTING:
            yield Row(
                _("Waiting for your corrections"),
                "wait",
                note=_("by %(day)s") % {"day": day_long(a.correct_until)},
            )
            yield from (check, examine, decision, deliver)
        case S.EXAMINING:
            used = _("%(n)d working days used") % {"n": used_days(a)} if used_days(a) is not None else ""
            yield Row(
                examine.title,
                "now",
                by=examine.by,
                note=_("%(used)s, %(promised)s") % {"used": used, "promised": by_day} if used else by_day,
            )
            yield from (decision, deliver)
        case S.SUSPENDED:
            yield Row(_("Special procedure"), "wait", by=local(a.office))
            yield from (decision, deliver)
        case S.FORWARDED:
            yield Row(_("Decision of the higher authority"), "now", by=a.forwarded_to)
            yield deliver
        case S.DECIDED if a.is_preliminary:
            yield Row(_("Final result"), "wait", note=_("when everything that was put off is here"))
            yield deliver
        case S.DECIDED:
            yield Row(deliver.title, "now", note=deliver.note)


def _delivery(a: Application) -> str:
    return str(DeliveryForm(a.delivery_form).label)


def used_days(a: Application) -> int | None:
    """Working days of the running limit that are over; None where it is not counted in days."""
    why = clock.why(a)
    if why is None or any(x.unit in ("h", "wh") for x in why.limits):
        return None
    today = timezone.localdate(instant.now())
    return max((line.n for line in why.days if line.counted and line.day < today), default=0)


# --- why that day ------------------------------------------------------------------------------------------


def _why(a: Application) -> Why | None:
    if not a.is_open or a.status == S.CORRECTING:
        return None
    found = clock.why(a)
    if found is None or not found.days:
        return None
    hours = any(x.unit in ("h", "wh") for x in found.limits)
    counted = limit("+".join(str(x) for x in found.limits))
    if found.due_at is None:
        sentence = _(
            "%(limit)s from %(start)s. The clock stands still now; the days go on counting when it runs again."
        )
    else:
        sentence = _(
            "%(limit)s from %(start)s: the first day does not count, weekends and public holidays do not count."
        )
    if found.limits[0].unit in ("d", "mo"):
        sentence = _(
            "%(limit)s from %(start)s: the first day does not count; a rest day at the end moves it on."
        )
    law = ""
    if a.legal_due_at and a.due_at and a.legal_due_at != a.due_at:
        law = _("The law allows until %(day)s; our promise is shorter.") % {"day": day_long(a.legal_due_at)}
    days = [(line.day, line.counted, _day_words(line, hours)) for line in found.days]
    return Why(
        sentence % {"limit": counted, "start": day_long(a.clock_from)}, law, days, found.is_provisional
    )


def _day_words(line: DayLine, hours: bool) -> str:
    if hours and line.counted:
        return _("counted")
    return REASONS[line.reason](line.n)
