"""问题 on the desk: which ones wait for whom, how one looks, and what its events say."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onewindow.cases import desk, instant, numbers
from onewindow.cases.models import Attachment, Event
from onewindow.issues import evidence, origins, rules, similar
from onewindow.issues.evidence import shows_reporter
from onewindow.issues.forms import FORMS
from onewindow.issues.models import (
    UNITS_TURN,
    Grade,
    How,
    Issue,
    IssueQuerySet,
    Kin,
    Proposal,
    Refusal,
    Status,
)
from onewindow.issues.separation import led_by
from onewindow.org.models import Post
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import limit, local

if TYPE_CHECKING:
    from onewindow.org.models import Person

S = Status
#: A telephone or identity number in a text would tell the unit who wrote it.
DIGITS = re.compile(r"(?<!\d)\d[\d\- ]{5,}[\dXx]")
BUREAUS_TURN = (S.REGISTERED, S.REPLIED, S.APPEALED)

SAID = {
    "go_on": gettext_lazy("The reporter cannot be reached; it is put right all the same"),
    "ask_reporter": gettext_lazy("The reporter was asked; the clock stands still"),
    "reporter_answers": gettext_lazy("The reporter has answered"),
    "resume": gettext_lazy("Goes on"),
    "resume_by_itself": gettext_lazy("Nobody answered in time; it goes on"),
    "settle": gettext_lazy("Settled on the spot"),
    "countersign": gettext_lazy("Signed by a second person"),
    "appeal": gettext_lazy("The unit has appealed to the panel"),
    "uphold": gettext_lazy("The panel: unfounded. The review stays counted"),
    "dismiss": gettext_lazy("The panel: the review stands"),
    "confirm": gettext_lazy("The reporter is content"),
    "close": gettext_lazy("Called back: the reporter is content"),
    "give_up": gettext_lazy("Ended: the reporter could not be reached"),
    "let_go": gettext_lazy("Ended: nobody answered on the page"),
    "take_back": gettext_lazy("Taken back by the reporter"),
    "added": gettext_lazy("The reporter has added something"),
    "filed": gettext_lazy("The reporter has sent files"),
    "agreed": gettext_lazy("The reporter agrees to be known to the unit"),
    "linked": gettext_lazy("Linked with another issue"),
    "part": gettext_lazy("Handled by itself again"),
    "reclock": gettext_lazy("Deadline worked out anew on the new calendar"),
}
LIGHTS = {
    "green": gettext_lazy("On time again"),
    "amber": gettext_lazy("Little time is left"),
    "yellow": gettext_lazy("The promised day has passed"),
}
CLOCKS = {
    S.REGISTERED: gettext_lazy("Assign it"),
    S.ASSIGNED: gettext_lazy("Contact the reporter"),
    S.CONTACTED: gettext_lazy("Verify and put right"),
    S.WORKING: gettext_lazy("Put it right"),
    S.ASKED: gettext_lazy("Put it right"),
    S.APPEALED: gettext_lazy("Decide the appeal"),
    S.SIGNING: gettext_lazy("Sign or send back"),
    S.REPLIED: gettext_lazy("Call back"),
}


def _another_head(than: str) -> Exists:
    """The unit has a head beside the one who spoke with the reporter, or who answered: somebody there is the second person."""
    posts = Post.objects.on(desk.today()).filter(role=Role.HEAD, office_id=OuterRef("office_id"))
    return Exists(posts.filter(person__is_active=True).exclude(person_id=OuterRef(than)).order_by())


class Issues(desk.Kind):
    """问题."""

    prefix = "Q"
    template = "issues/issue_facts.html"
    forms = FORMS
    first = ("contact", "verify", "reply", "countersign", "close")
    grave = frozenset({"uphold", "give_up", "let_go"})
    beside = "issues/step_brief.html"

    def brief(self, case: Any, person: Person) -> dict[str, Any]:
        """What was reported, what was found and answered, and by which number the reporter is called."""
        whole = rules.is_bureau(case, person)
        known = whole or shows_reporter(case)
        return {
            "i": case,
            "text": words_of(case, known),
            "shows_reporter": known,
            "may_look": self.may_look(case, person),
        }

    def waiting(self, person: Person) -> Q:
        """At the unit: to contact, put right; to verify and sign for the second person. At the bureau: to assign, to call back,
        appeals, and what has no second person at its unit. At the leaders: what was reopened for the third time."""
        late = Q(reopened__gte=rules.LEADERS_TURN)
        mine = Q(pk__in=[])
        if offices := person.offices_as(*Issue.HANDLERS):
            verifies = [o.code for o in origins.ORIGINS.values() if person.roles & o.verifiers]
            second = Q(status=S.CONTACTED, origin__in=verifies) & ~Q(contacted_by_id=person.pk)
            mine |= Q(office_id__in=offices) & (Q(status__in=UNITS_TURN) | second) & ~late
            heads = person.offices_as(Role.HEAD)
            mine |= Q(office_id__in=heads, status=S.SIGNING) & ~Q(answered_by_id=person.pk)
        if person.has_role(Role.BUREAU):
            mine |= Q(status__in=BUREAUS_TURN)
            mine |= Q(status=S.CONTACTED) & ~Q(contacted_by_id=person.pk) & ~_another_head("contacted_by_id")
            mine |= Q(status=S.SIGNING) & ~Q(answered_by_id=person.pk) & ~_another_head("answered_by_id")
        if person.has_role(Role.LEADER):
            mine |= late & Q(status__in=(*UNITS_TURN, S.CONTACTED))
        return mine

    def besides(self, person: Person) -> Hashable:
        return frozenset(led_by(person))

    def meant(self, text: str, show: str) -> Q:
        """Its own number or that of its application; the number of a review's application means nothing here, for it would
        say whose the review is."""
        known = ~Q(origin="review")
        if number := numbers.clean(text):
            return Q(number=number) | (Q(application=number) & known)
        bare = re.sub(r"[\s\-–—]", "", text).upper()
        if re.fullmatch(r"[A-Z]?\d{4,}", bare) and show != desk.ALL:
            return Q(number__contains=bare) | (Q(application__contains=bare) & known)
        return Q(origin__in=origins.RELAYED, source=text.strip())  # the number of 12345, or of the letter

    def narrow(self, cleaned: Mapping[str, Any]) -> Q:
        """The filters of applications that mean something here; the others leave nothing."""
        named = {"item": "item__code", "hall": "hall__code", "office": "office__code"}
        if any(value for name, value in cleaned.items() if name not in named):
            return Q(pk__in=[])
        return Q(**{named[name]: value for name, value in cleaned.items() if value})

    def rows(self, cases: QuerySet) -> QuerySet:
        return cases.select_related("office", "item", "hall")

    def title(self, case: Any) -> str:
        matter = local(case.item) if case.item else _("Another matter")
        return f"{origins.of(case).label}{_(': ')}{matter}"

    def line(self, case: Any) -> str:
        words = [str(case.get_grade_display())]
        if case.reopened:
            words.append(_("reopened %(n)d×") % {"n": case.reopened})
        return " · ".join(words)

    def may_look(self, case: Any, person: Person) -> bool:
        """The bureau, and the unit once it may know who reported; nobody where nobody left a name."""
        if case.is_anonymous:
            return False
        return rules.is_bureau(case, person) or (shows_reporter(case) and rules.handles(case, person))

    def may_open(self, case: Any, attachment: Attachment, person: Person) -> bool:
        return evidence.may_open(case, attachment, person)

    def clock_name(self, case: Any) -> str:
        return str(CLOCKS.get(case.status, ""))

    def page(self, case: Any, person: Person) -> dict[str, Any]:
        whole = rules.is_bureau(case, person)
        seen = Issue.objects.seen_by(person)
        files = evidence.of(case)
        papers = [a for a in files if evidence.may_open(case, a, person)]
        return {
            "i": case,
            "origin": origins.of(case),
            "shows_reporter": whole or shows_reporter(case),
            "shows_case": case.application and (whole or case.origin != "review"),
            "is_bureau": whole,
            "text": words_of(case, whole or shows_reporter(case)),
            "facts": facts_of(case),
            "own_number": case.source if case.origin in origins.RELAYED else "",
            "attempts": list(case.attempts.all()),
            "said": list(case.said.all()),
            "votes": list(case.votes.all()),
            "papers": papers,
            "closed_papers": len(files) - len(papers),
            "refusal": refusal_of(case),
            "likes": similar.like(case, seen.with_facts()) if case.is_open else [],
            "may_merge": whole and case.flow.why_not("merge", case, person) is None,
            "kin": kin_of(case, seen),
            "joined": list(seen.following(case)),
            "soon": case.recheck_at and not case.rechecked_at and case.recheck_at > instant.now(),
        }

    def sentence(self, event: Event) -> tuple[Any, Any]:
        data, note = event.data, data_note(event)
        match event.verb:
            case "open":
                origin = origins.ORIGINS.get(data["origin"])
                title = _("Reported: %(origin)s") % {"origin": origin.label if origin else data["origin"]}
                if data.get("promised"):
                    note = _("time limit: %(limit)s") % {"limit": limit(data["promised"])}
            case "dispatch":
                title = _("Assigned: %(grade)s") % {"grade": Grade(data["grade"]).label}
            case "send_back":
                title = _("Sent back by the unit: not its matter")
            case "contact":
                title = _("Reporter contacted: %(how)s") % {"how": How(data["how"]).label}
            case "missed" | "callback_missed":
                title = _("Reporter not reached: %(how)s") % {"how": How(data["how"]).label}
                note = _("tries at %(n)d different hours") % {"n": data["hours"]}
            case "verify":
                title = {"yes": _("Verified: it holds"), "partly": _("Verified: it holds in part")}.get(
                    data["founded"], _("Verified: it does not hold")
                )
            case "plan":
                title = _("To be put right by a plan until %(day)s") % {"day": data["until"]}
            case "reply":
                title = _("Answered: %(result)s") % {"result": Proposal(data["proposal"]).label}
            case "decline":
                title = _("Outside what is handled here: explained")
            case "refuse_lawfully":
                title, note = _("Lawfully impossible, to be signed by a second person"), data["article"]
            case "reject_no":
                title = _("Not signed: back to the unit")
            case "merge":
                title, note = _("Joined with another issue"), numbers.shown(data["main"])
            case "reopen":
                title = _("Reopened, round %(n)d") % {"n": data["round"] + 1}
            case "correct_cause":
                title = _("Cause and prevention corrected by the bureau")
            case "recheck":
                title = (
                    _("Asked again: still right")
                    if data["still_right"]
                    else _("Asked again: not right any more")
                )
            case "recheck_due":
                title = _("To be asked again: is it really fixed?")
            case "light":
                title = LIGHTS.get(data["light"], data["light"])
            case _:
                title = SAID.get(event.verb, event.verb)
        return title, note


def words_of(issue: Issue, known: bool) -> str:
    """What was reported; without numbers for whoever may not know who it was."""
    return issue.text if known else DIGITS.sub("……", issue.text)


def data_note(event: Event) -> str:
    return (
        event.data.get("reason", "")
        if event.verb in ("send_back", "plan", "appeal", "reject_no", "dismiss", "part")
        else ""
    )


def refusal_of(issue: Any) -> Refusal | None:
    if issue.origin != "refusal":
        return None
    return Refusal.objects.filter(code=issue.source).select_related("item", "hall").first()


def kin_of(issue: Any, seen: IssueQuerySet) -> list[Issue]:
    """The related issues that this person may see."""
    pairs = Kin.objects.filter(Q(a=issue) | Q(b=issue)).values_list("a_id", "b_id")
    return list(seen.with_facts().filter(pk__in={pk for pair in pairs for pk in pair} - {issue.pk}))


#: facts that origins attach → their words
FACTS = {
    "late_promise": gettext_lazy("Past the promise"),
    "late_law": gettext_lazy("Past the statute"),
    "visits": gettext_lazy("Visits"),
    "visits_promised": gettext_lazy("Visits promised"),
    "deemed": gettext_lazy("Deemed accepted: no answer within the lawful days"),
    "level": gettext_lazy("Stars"),
    "complaint": gettext_lazy("Words of complaint"),
    "basis": gettext_lazy("Legal basis named"),
    "ticket": gettext_lazy("Ticket"),
    "matter": gettext_lazy("Queue"),
}


def facts_of(issue: Any) -> list[tuple[Any, Any]]:
    """What the system knew when the issue was opened, in words."""
    yes_no = {True: _("yes"), False: _("no")}
    rows = []
    for name, label in FACTS.items():
        value = issue.facts.get(name)
        if isinstance(value, bool):
            rows.append((label, yes_no[value]))
        elif isinstance(value, list):
            if value:
                rows.append((label, "、".join(map(str, value))))
        elif value not in (None, ""):
            rows.append((label, value))
    return rows
