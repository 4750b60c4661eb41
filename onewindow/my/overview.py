"""What the applicant's pages say: what waits, one line a case, who acts for whom, what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onewindow.approvals.models import Approval
from onewindow.approvals.models import Status as ApprovalStatus
from onewindow.cases import desk, instant, numbers
from onewindow.cases.models import Attachment
from onewindow.catalog import questions as asked
from onewindow.licences.models import Licence
from onewindow.my import holdings, rules
from onewindow.my.applying import CHECK, sheet
from onewindow.my.models import Account, Authority, Draft, Question
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import day_long, local, moment_long
from onewindow.pledges.models import Kind, Pledge
from onewindow.pledges.models import Status as Promise
from onewindow.window.models import Application, Document, DocumentForm, Status
from onewindow.window.progress import can_ask
from onewindow.window.ways import Way

PAGE = 20


@dataclass(frozen=True)
class Todo:
    """One thing that only the applicant can do."""

    title: str
    text: str
    url: str
    action: str
    icon: str


def todo(person: Person, account: Account | None) -> list[Todo]:
    """What waits for the applicant, the most pressing first."""
    found: list[Todo] = []
    cases = Application.objects.seen_by(person).open().with_facts()
    for a in cases.filter(status=Status.CORRECTING).order_by("correct_until", "id")[:PAGE]:
        until = _("Please supply corrections by %(day)s") % {"day": day_long(a.correct_until)}
        found.append(
            Todo(local(a.item), until, reverse("my_correct", args=[a.number]), _("Supply"), "camera")
        )
    found += _hearings(cases) + _asked(cases) + _owed(cases)
    granted = cases.filter(status=Status.DECIDED, delivery_form="counter").order_by("-decided_at")
    for a in granted[:PAGE]:
        where = _("Ready: please collect it at %(place)s") % {
            "place": local(a.hall) if a.hall else local(a.office)
        }
        found.append(
            Todo(local(a.item), where, reverse("my_case", args=[a.number]), _("Look"), "package-check")
        )
    found += [
        Todo(
            local(held.licence),
            _("Valid to %(day)s: please ask for the renewal") % {"day": day_long(held.licence.valid_to)},
            reverse("my_licence", args=[held.licence.number]),
            _("Look"),
            "calendar-clock",
        )
        for held in holdings.ending(person)
    ]
    if account is None:
        return found
    for offer in Authority.objects.seen_by(person).filter(
        to_digest=account.mobile_digest, accepted_at__isnull=True, ended_at__isnull=True
    ):
        who = _("%(who)s asks you to act for them") % {"who": offer.masked_holder}
        found.append(Todo(_("Power of attorney"), who, reverse("my_agents"), _("Look"), "file-signature"))
    if not account.is_bound:
        text = _("Then you can apply online, and your earlier applications appear here.")
        found.append(Todo(_("Confirm your name"), text, reverse("my_name"), _("Confirm"), "id-card"))
    return found


def _hearings(cases: QuerySet[Application]) -> list[Todo]:
    """Rights to a hearing about which nothing has been said yet (行政许可法 47)."""
    waiting = cases.filter(status=Status.EXAMINING, hearing_until__gte=instant.now())
    return [
        Todo(
            local(a.item),
            _("You can ask for a hearing until %(day)s.") % {"day": day_long(a.hearing_until)},
            reverse("my_hearing", args=[a.number]),
            _("Answer"),
            "users",
        )
        for a in waiting.order_by("hearing_until", "id")[:PAGE]
        if can_ask(a)
    ]


def _asked(cases: QuerySet[Application]) -> list[Todo]:
    """Comments of a department that wait for the applicant's answer, the first due on top."""
    back = Approval.objects.filter(
        application__in=cases.order_by().values("number"), status=ApprovalStatus.RETURNED
    )
    named = {a.number: a for a in cases.filter(number__in=back.order_by().values("application"))}
    return [
        Todo(
            local(named[b.application].item),
            _("%(office)s has comments for you to answer") % {"office": local(b.office)},
            reverse("my_answer", args=[b.application, b.number]),
            _("Answer"),
            "message-square-text",
        )
        for b in back.select_related("office").order_by("due_at", "id")[:PAGE]
    ]


def _owed(cases: QuerySet[Application]) -> list[Todo]:
    """What was put off and is still to come, the first due on top; one line a case (容缺后补)."""
    wanted = Pledge.objects.filter(Q(status=Promise.PROMISED, kind=Kind.DEFERRAL) | Q(status=Promise.BROKEN))
    owed = wanted.filter(application__in=cases.order_by().values("number"))
    named = {a.number: a for a in cases.filter(number__in=owed.order_by().values("application"))}
    found: dict[str, Todo] = {}
    for p in owed.order_by("due_at", "id")[:PAGE]:
        title, said = local(named[p.application].item), {"day": day_long(p.due_at), "what": local(p)}
        if p.status == Promise.BROKEN:
            text, page = _("A promise was found broken; state your case by %(day)s"), "my_state"
            line = Todo(
                title,
                text % said,
                reverse(page, args=[p.application, p.number]),
                _("Answer"),
                "triangle-alert",
            )
        else:
            text = _("Still to bring by %(day)s: %(what)s") % said
            line = Todo(title, text, reverse("my_supply", args=[p.application]), _("Supply"), "camera")
        found.setdefault(p.application, line)
    return list(found.values())


STATES = {"open": gettext_lazy("Under way"), "done": gettext_lazy("Finished")}


def asked_for(cases: QuerySet[Application], state: str, text: str) -> QuerySet[Application]:
    """Those that are under way or finished, and whose number or service was typed (part of its name, in either language)."""
    if state in STATES:
        cases = cases.filter(closed_at__isnull=state == "open")
    if number := numbers.clean(text):
        return cases.filter(number=number)
    if text:
        cases = cases.filter(Q(item__name__icontains=text) | Q(item__name_en__icontains=text))
    return cases


def ordered(cases: QuerySet[Application]) -> QuerySet[Application]:
    """Open ones first, each group the newest first."""
    return cases.with_facts().order_by(F("closed_at").desc(nulls_first=True), "-opened_at", "-id")


def rows(cases: Iterable[Application], person: Person) -> list[dict[str, Any]]:
    """What a line of the list shows."""
    found = []
    for a in cases:
        holder = rules.holder_of(person, a)
        other = holder is not None and holder.ground != "self"
        found.append(
            {
                "case": a,
                "status": Status(a.status).label,
                "left": desk.left(a),
                "waits": a.status == Status.CORRECTING,
                "whose": holder.masked if holder and other else "",
                "as_agent": bool(holder and holder.is_agent),
            }
        )
    return found


def draft_line(draft: Draft) -> str:
    """How far a half-filled form is."""
    form = sheet(draft, draft.person)
    steps = form.steps()
    done = sum(form.is_done(s) for s in steps if s != CHECK)
    return _("%(done)d of %(all)d pages filled in, saved %(at)s") % {
        "done": done,
        "all": len(steps) - 1,
        "at": moment_long(draft.saved_at),
    }


# --- materials ---------------------------------------------------------------------------------------------


def materials(person: Person) -> QuerySet[Document]:
    """Files of all cases that this person may see as an applicant, the newest first."""
    cases = Application.objects.seen_by(person).order_by().values("pk")
    rows = Document.objects.filter(
        application__in=cases, form=DocumentForm.ELECTRONIC, attachment__isnull=False
    )
    return rows.select_related("spec", "attachment", "application__item").order_by(
        "-attachment__added_at", "-id"
    )


def material(a: Application, key: str) -> Attachment | None:
    """A file that the applicant handed in for a case."""
    found = Document.objects.filter(application=a, attachment__key=key).select_related("attachment").first()
    return found.attachment if found else None


# --- who acts for whom -------------------------------------------------------------------------------------


def authorities(rows: Iterable[Authority], person: Person) -> dict[str, Any]:
    """Offered to me, held by me, given by me, and what is over."""
    today = timezone.localdate(instant.now())
    groups: dict[str, list[Authority]] = {"offered": [], "held": [], "given": [], "over": []}
    for a in rows:
        if a.ended_at or (a.ends_on and a.ends_on < today):
            groups["over"].append(a)
        elif a.grantee_id == person.pk:
            groups["held"].append(a)
        elif a.given_by_id == person.pk or a.grantee_id:
            groups["given"].append(a)
        else:
            groups["offered"].append(a)
    return groups


# --- questions ---------------------------------------------------------------------------------------------


def asked_words(question: Question) -> str:
    return _("Your question is with the department. You get an answer by %(day)s.") % {
        "day": day_long(question.due_at)
    }


def may_answer(a: Application, person: Person) -> bool:
    """Whoever works on the case: its department and its hall."""
    return desk.of(a).may_look(a, person)


def question(a: Application, pk: int) -> Question | None:
    return Question.objects.filter(number=a.number, pk=pk).first()


def open_questions(person: Person) -> QuerySet[Question]:
    """Open questions about cases that this person works on."""
    offices = person.offices_as(Role.APPROVER, Role.HEAD)
    halls = person.halls_as(Role.CLERK, Role.HALL_MANAGER)
    at_hall = Application.objects.filter(hall_id__in=halls, channel="online").order_by().values("number")
    mine = Q(office_id__in=offices) | Q(number__in=at_hall)
    return Question.objects.open().filter(mine).select_related("office").order_by("due_at", "id")


def case_panel(a: Any, person: Person) -> tuple[str, dict[str, Any]] | None:
    """The part of a case page at the desk: what the applicant answered to the item's questions, and what he asked."""
    if a.PREFIX != "A" or not may_answer(a, person):
        return None
    found = list(Question.objects.filter(number=a.number).order_by("-id"))
    said = answers(a)
    if not found and not said:
        return None
    return "my/case_panel.html", {"questions": found, "said": said}


def status_panel(way: Way) -> tuple[str, dict[str, Any]] | None:
    """The part of the applicant's status page, for accounts: what was said, what was asked, and the door to ask."""
    if not way.is_account:
        return None
    found = list(Question.objects.filter(number=way.case.number).order_by("id"))
    return "my/status_panel.html", {
        "questions": found,
        "said": answers(way.case),
        "may_ask": way.case.is_open,
        "licence": licence_from(way) if way.may_act else None,
    }


def licence_from(way: Way) -> Licence | None:
    """The licence that a granted application gave or renewed, if the reader may see it."""
    if way.case.result != "grant":
        return None
    person = Person.objects.filter(username=way.me.account).first()
    return Licence.objects.seen_by(person).filter(latest=way.case.number).first() if person else None


def answers(a: Application) -> list[tuple[str, str]]:
    """(question, answer) of an application, in the reader's language."""
    return asked.said(a.item_version.form, json.loads(a.answers)) if a.answers else []
