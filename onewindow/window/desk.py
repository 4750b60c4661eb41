"""办件 on the desk: which ones wait for whom, how one looks in a list and on its page, and what its events say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onewindow.cases import clock, desk, numbers, timeline
from onewindow.cases.models import Event
from onewindow.cases.rows import prepared
from onewindow.catalog.models import Code, Item
from onewindow.org.calendar import ZONE, Limit, deadline
from onewindow.org.fields import DayField
from onewindow.org.identifiers import BadIdentifier, clean
from onewindow.org.models import Hall, Office, current_calendar
from onewindow.org.roles import Role
from onewindow.org.sealed import digest
from onewindow.org.templatetags.ow import day_long, limit, local
from onewindow.window import actions, joint, pledging, procedures
from onewindow.window.figures import ON_TIME, WITHIN_LAW
from onewindow.window.forms import FORMS
from onewindow.window.joint_forms import JOINT_FORMS
from onewindow.window.models import Document, DocumentForm, Paper, Status
from onewindow.window.procedure_forms import PROCEDURE_FORMS
from onewindow.window.records import Conclusion, Record
from onewindow.window.spared import SPARED

if TYPE_CHECKING:
    from onewindow.org.models import Person

S = Status
#: What no line of a list shows.
UNSEEN = (
    *(f"office__{n}" for n in ("kind", "parent", "region", "is_member", "short", "phone")),
    *(f"hall__{n}" for n in ("region", "address", "address_en", "phone", "opens_at", "closes_at")),
    *(f"item__{n}" for n in ("pinyin", "initials")),
    *("answers", "head", "wake_at", "remind_at"),
    *("contact", "address", "agent_name", "correction_note", "track_digest", "id_digest", "mobile_digest"),
)
NOT_HERE = (DocumentForm.MISSING, DocumentForm.DEFERRED, DocumentForm.OWED)
SEALED = ("id_number", "mobile", "agent_id_number", "agent_mobile", "track_token", "query_code")


class Applications(desk.Kind):
    """办件."""

    prefix = "A"
    template = "window/application_facts.html"
    forms = FORMS | JOINT_FORMS | PROCEDURE_FORMS
    first = (
        "accept",
        "finalise",
        "decide",
        "record_hearing",
        "call_hearing",
        "resume",
        "deliver",
        "receive",
        "correct",
    )
    grave = frozenset({"refuse_acceptance", "withdraw", "void", "revoke"})
    batch = ("receive", "accept", "decide", "suspend", "resume", "extend")
    export_head = (
        gettext_lazy("Item code"),
        gettext_lazy("Hall"),
        gettext_lazy("Applicant"),
        gettext_lazy("Accepted at"),
        gettext_lazy("Decided at"),
    )

    def waiting(self, person: Person) -> Q:
        """At the window: to receive, to accept, to decide on the spot, to hand over, and corrections that did not come. At
        the department: to examine, and to resume what stands still."""
        mine = Q(pk__in=[])
        if halls := person.halls_as(Role.CLERK, Role.HALL_MANAGER):
            at_once = Q(status=S.EXAMINING, item_version__case_kind="IMMEDIATE")
            overdue = Q(status=S.CORRECTING, correct_until__lt=desk.today())
            mine |= Q(hall_id__in=halls) & (
                Q(status__in=[S.SUBMITTED, S.RECEIVED])
                | Q(status=S.DECIDED, is_preliminary=False)
                | overdue
                | at_once
            )
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            final = Q(status=S.DECIDED, is_preliminary=True, clock_ended_at__isnull=True)
            mine |= Q(office_id__in=offices) & (Q(status__in=[S.EXAMINING, S.SUSPENDED, S.FORWARDED]) | final)
        return joint.also_waiting(mine, person)

    def besides(self, person: Person) -> Hashable:
        return joint.sees_disputes(person)

    def listed(self, person: Person) -> Q:
        """The own halls and departments; what a department only takes part in stands in its list as its share."""
        if person.has_role(Role.BUREAU, Role.LEADER, Role.ENTERPRISE):
            return Q()
        halls = person.halls_as(Role.CLERK, Role.HALL_MANAGER)
        return Q(hall_id__in=halls) | Q(office_id__in=person.offices_as(Role.APPROVER, Role.HEAD))

    def meant(self, text: str, show: str) -> Q:
        """A whole case number; a mobile or identity number (exact, by its digest); a whole name. Among open cases a
        part of the number or name will do."""
        if number := numbers.clean(text):
            return Q(number=number)
        bare = re.sub(r"[\s\-–—]", "", text).upper()
        if re.fullmatch(r"1\d{10}", bare):
            return Q(mobile_digest=digest(bare))
        for id_type in ("citizen_id", "uscc"):
            try:
                return Q(id_digest=digest(clean(id_type, text)))
            except BadIdentifier:
                continue
        if re.fullmatch(r"[0-9A-Z]{8,}", bare) and any(c.isdigit() for c in bare):
            partly = Q() if show == desk.ALL else Q(number__contains=bare)
            return Q(id_digest=digest(bare)) | partly if partly else Q(id_digest=digest(bare))
        if re.fullmatch(r"[A-Z]?\d+", bare):
            return Q(number=bare) if show == desk.ALL else Q(number__contains=bare)
        return Q(applicant_name=text) if show == desk.ALL else Q(applicant_name__contains=text)

    def fields(self, person: Person) -> dict[str, Any]:
        offices = frozenset(person.offices_as(Role.APPROVER, Role.HEAD))
        if person.has_role(Role.CLERK, Role.HALL_MANAGER, Role.BUREAU, Role.LEADER):
            offices = frozenset()

        def items() -> QuerySet:
            found = Item.objects.published().order_by("office__code", "code")
            return found.filter(office_id__in=offices) if offices else found

        fields: dict[str, Any] = {"item": _choice(_("Item"), _names(("items", offices), items))}
        if (
            person.has_role(Role.APPROVER, Role.HEAD, Role.BUREAU, Role.LEADER)
            or len(person.halls_as(*Role)) > 1
        ):
            fields["hall"] = _choice(_("Hall"), _names("halls", Hall.objects.all))
        if person.has_role(Role.HALL_MANAGER, Role.HEAD, Role.BUREAU, Role.LEADER):
            fields |= self._figures(person)
        return fields

    def _figures(self, person: Person) -> dict[str, Any]:
        """What the numbers of the leaders' page open."""
        offices = Office.objects.filter(items__isnull=False).distinct().order_by("code")
        if not person.has_role(Role.HALL_MANAGER, Role.BUREAU, Role.LEADER):
            offices = offices.filter(pk__in=person.offices_as(Role.APPROVER, Role.HEAD))
        return {
            "office": _choice(_("Department"), [(o.code, local(o)) for o in offices]),
            "kept": _choice(_("Limits kept"), [(code, label) for code, (label, _q) in KEPT.items()]),
            "decided_from": DayField(label=_("Decided from"), required=False, widget=_day()),
            "decided_to": DayField(label=_("Decided to"), required=False, widget=_day()),
        }

    def narrow(self, cleaned: Mapping[str, Any]) -> Q:
        wanted = {
            "item__code": cleaned.get("item"),
            "hall__code": cleaned.get("hall"),
            "office__code": cleaned.get("office"),
        }
        found = Q(**{column: code for column, code in wanted.items() if code})
        if kept := cleaned.get("kept"):
            found &= KEPT[kept][1]
        if first := cleaned.get("decided_from"):
            found &= Q(decided_at__gte=_midnight(first))
        if last := cleaned.get("decided_to"):
            found &= Q(decided_at__lt=_midnight(last + dt.timedelta(days=1)))
        return found

    def rows(self, cases: QuerySet) -> QuerySet:
        return cases.select_related("office", "item", "hall").defer(*SEALED, *UNSEEN)

    def title(self, case: Any) -> str:
        return local(case.item)

    def line(self, case: Any) -> str:
        return case.masked_name

    def export(self, case: Any) -> list[Any]:
        hall = local(case.hall) if case.hall else ""
        return [case.item.code, hall, case.masked_name, case.accepted_at, case.decided_at]

    def may_look(self, case: Any, person: Person) -> bool:
        at_hall = case.hall_id in person.halls_as(Role.CLERK, Role.HALL_MANAGER)
        offices = person.offices_as(Role.APPROVER, Role.HEAD)
        return at_hall or case.office_id in offices or joint.takes_part(case, offices)

    def hall_of(self, case: Any) -> Any:
        at_window = case.status in (S.SUBMITTED, S.RECEIVED, S.CORRECTING, S.DECIDED)
        return case.hall if at_window or case.item_version.is_immediate else None

    def clock_name(self, case: Any) -> str:
        if case.status == S.DECIDED:
            return _("Make the result final") if case.is_preliminary else _("Hand over the decision")
        if case.status == S.FORWARDED:
            return _("Decision of the higher authority")
        if case.accepted_at:
            return _("Decide")
        return _("Accept, or tell all that is missing")

    def preview(self, verb: str, case: Any) -> list[tuple[Any, Any, Any]]:
        if verb != "extend":
            return []
        calendar, spans = current_calendar(), clock.stops_of(case)
        extension = Limit.parse(actions.extension_of(case))
        return [
            (
                label,
                at,
                deadline(case.clock_from, [*clock.limits(case, which), extension], spans, calendar).at,
            )
            for which, label, at in (
                ("promised", _("Promised"), case.due_at),
                ("legal", _("By law"), case.legal_due_at),
            )
            if at is not None
        ]

    def page(self, case: Any, person: Person) -> dict[str, Any]:
        documents = _documents(case.pk)
        lists = ("refuse_acceptance", "refuse", "withdraw", "void", "revoke")
        code = (
            Code.objects.filter(list__in=lists, code=case.reason_code).first() if case.reason_code else None
        )
        return {
            "documents": documents,
            "complete": sum(d.form not in NOT_HERE for d in documents),
            "may_fetch": case.is_open and self.may_look(case, person),
            "papers": _papers(case.pk),
            **joint.page(case, person),
            "pledges": [(p, desk.light(p)) for p in pledging.all_of(case)],
            "records": self.records(case),
            "reason_name": local(code) if code else "",
        }

    def records(self, case: Any) -> list[dict[str, Any]]:
        """What was found at site checks and hearings, each with its people and its files."""
        if not case.accepted_at:
            return []
        rows = _records(case.pk)
        if not rows:
            return []
        names = timeline.people({u for r in rows for u in r.staff})
        pages = procedures.pages_of(rows, case.number)
        return [
            {"record": r, "staff": [local(names[u]) for u in r.staff if u in names], "files": pages[r.pk]}
            for r in rows
        ]

    @cached_property
    def _said(self) -> dict[str, Any]:
        return {
            "submit": gettext_lazy("Handed in online"),
            "receive": gettext_lazy("Received"),
            "ask_correction": gettext_lazy("Told once what is missing"),
            "correct": gettext_lazy("Corrections supplied"),
            "accept": gettext_lazy("Accepted"),
            "deem_accepted": gettext_lazy("Deemed accepted: nobody had given notice in time"),
            "refuse_acceptance": gettext_lazy("Acceptance refused"),
            "resume": gettext_lazy("Special procedure over, the clock runs on"),
            "check_materials": gettext_lazy("Materials marked anew"),
            "offer_hearing": gettext_lazy("Told of the right to a hearing"),
            "ask_hearing": gettext_lazy("A hearing was asked for, the clock stands still"),
            "waive_hearing": gettext_lazy("No hearing wanted"),
            "give_up_hearing": gettext_lazy("Hearing given up by the applicant, the clock runs on"),
            "call_hearing": gettext_lazy("Hearing called"),
            "record_hearing": gettext_lazy("Hearing held, the clock runs on"),
            "site_check": gettext_lazy("Site checked"),
            "renew_by_law": gettext_lazy("Renewed by law: not decided before the licence expired"),
            "deliver": gettext_lazy("Decision handed over"),
            "fetch": gettext_lazy("Fetched from the register, the applicant need not come"),
            "void": gettext_lazy("Voided: entered by mistake"),
            "contact": gettext_lazy("The applicant has a new mobile number"),
            "ask": gettext_lazy("The applicant has asked a question"),
            "answer": gettext_lazy("The question was answered"),
            "finalise": gettext_lazy("Result made final"),
            "revoke": gettext_lazy("Decision revoked"),
            "deem_withdrawn": gettext_lazy("Counts as withdrawn: what was put off did not come"),
            "all_supplied": gettext_lazy("Everything that was put off is here"),
            "pledge_broken": gettext_lazy("A pledge was found broken; the party is told and heard"),
            "reclock": gettext_lazy("Deadline worked out anew on the new calendar"),
            "publicise": gettext_lazy("Decision made public"),
            "withhold": gettext_lazy("Decision not made public, by the head of the department"),
            "unpublish": gettext_lazy("Taken back from the public page"),
            "correct_publication": gettext_lazy("Corrected on the public page"),
            "share_suspended": gettext_lazy("A department’s special procedure was told to the applicant"),
            "share_commented": gettext_lazy("A department’s comments were told to the applicant"),
            **joint.SAID,
        }

    def sentence(self, event: Event) -> tuple[Any, Any]:
        """The event in words. Its data hold codes and limits, never anything personal."""
        data, title, note = event.data, self._said.get(event.verb, event.verb), ""
        match event.verb:
            case "receive" | "submit" if data.get("counter"):
                note = _("at window %(counter)s") % {"counter": data["counter"]}
            case "ask_correction":
                n = len(data.get("materials", []))
                note = (
                    ngettext("%(n)d material to correct", "%(n)d materials to correct", n) % {"n": n}
                    if n
                    else ""
                )
                if data.get("until"):
                    until = _("to be supplied by %(day)s") % {"day": data["until"]}
                    note = f"{note}{_(', ')}{until}" if note else until
            case "accept" | "deem_accepted" if data.get("legal"):
                given = {"legal": limit(data["legal"]), "promised": limit(data["promised"])}
                note = _("by law %(legal)s, promised %(promised)s") % given
            case "suspend":
                title = _("Special procedure: %(why)s, the clock stands still") % {
                    "why": stop_name(data["reason"])
                }
                note = _until(data)
            case "check_materials" | "answer_bounce" if "materials" in data:
                said = [f"{no} {DocumentForm(form).label}" for no, form in data["materials"]]
                note = _(", ").join(said)
            case "offer_hearing" | "ask_hearing":
                note = _until(data) or _("to be asked for by %(day)s") % {"day": data["until"]}
            case "remind_correction":
                over = _("The day for the corrections has passed, the window was told")
                title = over if data["over"] else _("The applicant was reminded of the corrections")
                note = _("to be supplied by %(day)s") % {"day": data["until"]}
            case "call_hearing":
                note = f"{data['on']} {data['time']} {data['place']}"
                if data.get("late"):
                    note += _(" (after the twenty working days of the law)")
            case "site_check" | "record_hearing":
                note = f"{data['held_on']} {Conclusion(data['conclusion']).label}"
            case "forward":
                title = _("Forwarded to %(authority)s") % {"authority": data["authority"]}
                note = str(Conclusion(data["conclusion"]).label)
            case "deliver" if data.get("how") in HOW:
                note = str(HOW[data["how"]])
            case "stop_overrun":
                title = _("The time told for the special procedure is over, and the clock still stands")
                note = stop_name(data["stop"])
            case "unconfirmed_yet":
                title = _("The back office has neither confirmed nor returned it, and was reminded")
            case "share_suspended" | "share_commented" | "take_back_opinion":
                note = " ".join(filter(None, [numbers.shown(data["approval"]), data.get("reason", "")]))
            case "resume" if data.get("overran"):
                note = _("later than the applicant had been told")
            case "extend":
                title = _("Extended by %(limit)s") % {"limit": limit(data["extension"])}
                note = data.get("reason", "")
            case "decide":
                title = _("Decided: granted") if data["result"] == "grant" else _("Decided: refused")
                note = (
                    _("preliminary, until everything that was put off is here")
                    if data.get("preliminary")
                    else ""
                )
            case "withdraw":
                title = (
                    _("Withdrawn by the applicant")
                    if data.get("by_applicant")
                    else _("Withdrawn at the window")
                )
            case "void" | "unpublish" | "correct_publication":
                note = data.get("reason", "")
            case "light":
                title = LIGHT_WORDS.get(data["light"], data["light"])
            case "reclock" if data.get("due_at"):
                note = f"{day_long(_at(data['due_before']))} → {day_long(_at(data['due_at']))}"
        return title, note


#: How the limits were kept: the word of the filter and the cases.
KEPT: dict[str, tuple[Any, Q]] = {
    "on_time": (gettext_lazy("Decided on time"), Q(decided_at__isnull=False) & ON_TIME),
    "late": (gettext_lazy("Decided after the promised day"), Q(decided_at__isnull=False) & ~ON_TIME),
    "past_law": (gettext_lazy("Decided after the lawful day"), Q(decided_at__isnull=False) & ~WITHIN_LAW),
    "deemed": (gettext_lazy("Deemed accepted"), Q(is_deemed=True)),
    "spared": (gettext_lazy("With papers not asked for again"), SPARED),
    "renewed": (gettext_lazy("Renewed by law"), Q(reason_code="renewed_by_law")),
}

HOW = {
    "self": gettext_lazy("signed for by the applicant"),
    "proxy": gettext_lazy("signed for by a proxy"),
    "post": gettext_lazy("by registered letter"),
    "electronic": gettext_lazy("electronically"),
}

LIGHT_WORDS = {
    "green": gettext_lazy("On time again"),
    "amber": gettext_lazy("Little time is left"),
    "yellow": gettext_lazy("The promised day has passed"),
    "red": gettext_lazy("The lawful limit has passed"),
}


def _until(data: Mapping[str, Any]) -> str:
    """Until when a special procedure was expected to take, and its legal basis where one was cited."""
    until = _at(data.get("expected_until"))
    said = _("expected to end by %(day)s") % {"day": day_long(until)} if until else ""
    return _(", ").join(filter(None, [said, data.get("basis", "")]))


def _at(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZONE)


@prepared
def _documents(application: int) -> Any:
    found = Document.objects.filter(application_id=application)
    return found.select_related("spec", "attachment", "material").order_by("spec__no")


@prepared
def _papers(application: int) -> Any:
    return Paper.objects.filter(application_id=application).order_by("id")


@prepared
def _records(application: int) -> Any:
    return Record.objects.filter(application_id=application).order_by("event_seq")


def _names(what: Hashable, build: Callable[[], QuerySet]) -> list[tuple[str, str]]:
    """Codes with names in the reader's language, as choices."""
    rows = desk.MEMORY.rows(
        (what, timezone.localdate()), lambda: build().values_list("code", "name", "name_en")
    )
    return [(code, local({"name": name, "name_en": english})) for code, name, english in rows]


def _choice(label: str, choices: list[tuple[str, str]]) -> forms.Field:
    return forms.ChoiceField(label=label, choices=[("", _("All")), *choices], required=False)


def stop_name(code: str) -> str:
    """Why a clock stands still, in words."""
    row = Code.objects.filter(list="stop_reason", code=code).first()
    return local(row) if row else code
