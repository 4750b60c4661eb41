"""What follows from an issue's events: the reporter is told at each change, and so are those whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.ladder import holders, unique
from onewindow.cases.models import Event, Message
from onewindow.cases.notices import bilingual, say, tell
from onewindow.cases.reactions import on
from onewindow.cases.rows import prepared
from onewindow.cases.rules import CLOCK
from onewindow.issues import actions, links, opening
from onewindow.issues.models import UNITS_TURN, Issue, Proposal, Relay, Status
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.window.models import Application
from onewindow.window.reactions import LONGEST, day

#: apart from the own events: what a joined issue's reporter hears of the main one
OTHERS = 1_000_000_000

#: verb → text in templates/messages
TEXTS = {
    "open": "issue_open",
    "dispatch": "issue_moved",
    "contact": "issue_written",
    "verify": "issue_moved",
    "plan": "issue_plan",
    "ask_reporter": "issue_asked",
    "settle": "issue_answered",
    "reply": "issue_answered",
    "decline": "issue_answered",
    "countersign": "issue_answered",
    "appeal": "issue_moved",
    "dismiss": "issue_moved",
    "uphold": "issue_closed",
    "confirm": "issue_closed",
    "close": "issue_closed",
    "give_up": "issue_closed",
    "let_go": "issue_closed",
    "take_back": "issue_closed",
    "merge": "issue_merged",
    "reopen": "issue_reopened",
    "part": "issue_reopened",
}
#: what the reporter's page shows besides
OTHER_NEWS = (
    "missed",
    "callback_missed",
    "reporter_answers",
    "added",
    "filed",
    "recheck",
    "light",
)


@on(*(f"issue.{verb}" for verb in TEXTS))
def tell_reporter(event: Event) -> None:
    """One short text a change, to the reporter and to those whose issues were joined with this one; each has the own link."""
    i = Issue.objects.with_facts().get(number=event.number)
    template = TEXTS[event.verb]
    if event.verb == "contact" and event.data.get("how") != "page":
        template = "issue_moved"
    others = [] if event.verb == "take_back" else Issue.objects.following(i)
    for one in [i, *others]:
        if one.reporter_mobile:
            _write(one, template, event)


@on(*(f"issue.{verb}" for verb in (*TEXTS, *OTHER_NEWS)))
def tell_relay(event: Event) -> None:
    """A system that sent the issue, or one that is joined with it, finds it among what has changed."""
    if keys := [key for ask in (_relay, _joined_relays) for (key,) in ask(event.number)]:
        Relay.objects.filter(pk__in=keys).update(changed_at=instant.now())


@prepared
def _relay(number: str) -> Any:
    return Relay.objects.filter(issue__number=number).order_by().values_list("pk")


@prepared
def _joined_relays(number: str) -> Any:
    return Relay.objects.filter(issue__merged_into__number=number).order_by().values_list("pk")


def _write(i: Issue, template: str, event: Event) -> None:
    now = instant.now()
    Message.objects.get_or_create(
        number=i.number,
        event_seq=event.seq if i.number == event.number else OTHERS + event.pk % OTHERS,
        template=template,
        channel=settings.SMS_CHANNEL,
        defaults={"address": i.reporter_mobile, "lang": i.lang, "body": text(template, i, event),
                  "created_at": now, "next_at": now},
    )  # fmt: skip


def text(template: str, i: Issue, event: Event) -> str:
    """The longest wording that fits into one text message; a template has one a line, the fullest first."""
    english = i.lang.startswith("en")
    context = {"due": day(event.data.get("due_at"), english), "until": day(event.data.get("until"), english),
               "outcome": i.outcome, "link": links.url(i)}  # fmt: skip
    with translation.override(i.lang):
        lines = render_to_string(f"messages/{template}.{'en' if english else 'zh'}.txt", context).splitlines()
    wordings = [line.strip() for line in lines if line.strip()]
    return next((w for w in wordings if len(w) <= LONGEST), wordings[-1])


# --- staff -------------------------------------------------------------------------------------------------


def _unit_s_turn(i: Issue, notice: Any) -> bool:
    """With the unit that was told, and in nobody else's hands there."""
    elsewhere = notice.data.get("unit", i.office_id) != i.office_id
    return i.status in UNITS_TURN and not elsewhere and i.handler_id in (None, notice.person_id)


def _while(*statuses: Status) -> Any:
    return lambda i, _notice: i.status in statuses


say(
    "issue.turn",
    _("%(matter)s: an issue waits for your unit"),
    icon="message-square-warning",
    while_=_unit_s_turn,
)
say(
    "issue.assign",
    _("%(matter)s: an issue has to be assigned"),
    icon="inbox",
    while_=_while(Status.REGISTERED),
)
say(
    "issue.again",
    _("%(matter)s: the reporter is not content; it comes to you, round %(n)s"),
    icon="rotate-ccw",
    while_=lambda i, notice: i.status in UNITS_TURN and notice.data.get("n") == i.reopened + 1,
)
say(
    "issue.sign",
    _("%(matter)s: a lawful no waits for your signature"),
    icon="file-pen",
    while_=_while(Status.SIGNING),
)
say(
    "issue.verify",
    _("%(matter)s: to be verified by you as the second person"),
    icon="user-check",
    while_=_while(Status.CONTACTED),
)
say("issue.policy", _("%(matter)s: an issue that only another policy would solve"), icon="flag")
say(
    "issue.added",
    _("%(matter)s: the reporter has written"),
    icon="message-square-text",
    while_=lambda i, _n: i.is_open,
)
say(
    "issue.appeal",
    _("%(matter)s: an appeal waits for the panel"),
    icon="scale",
    while_=_while(Status.APPEALED),
)
say(
    "issue.callback",
    _("%(matter)s: answered, to be called back"),
    icon="phone",
    while_=_while(Status.REPLIED),
)
say(
    "issue.recheck",
    _("%(matter)s: ask again whether it is really fixed"),
    icon="history",
    while_=lambda i, _n: i.status == Status.CLOSED and i.rechecked_at is None,
)


def _matter(i: Issue) -> Any:
    return bilingual(i.item) if i.item else {"name": i.title, "name_en": "Another matter"}


def _tell(i: Issue, people: Iterable[Person], kind: str, event: Event, **data: Any) -> None:
    """Tells those who may see it; nobody whom it is about, or who leads that person, learns of it by a notice."""
    meant = [p for p in unique(people) if i.may_be_told(p) and p.username != event.by]
    tell(meant, kind, key=f"{i.number} {event.seq}", number=i.number, matter=_matter(i), unit=i.office_id,
         **data)  # fmt: skip


def unit_of(i: Issue) -> list[Person]:
    """Who does the unit's work on it: whoever has taken it on, else all."""
    if i.handler_id and i.handler:
        return [i.handler]
    found = holders(Role.APPROVER, i.office) + holders(Role.HEAD, i.office)
    return found or holders(Role.BUREAU)


@on(
    "issue.open",
    "issue.dispatch",
    "issue.send_back",
    "issue.reopen",
    "issue.dismiss",
    "issue.reject_no",
    "issue.part",
    "issue.verify",
    "issue.go_on",
)
def tell_whose_turn_it_is(event: Event) -> None:
    """The unit; for what has no unit yet the bureau; for what comes back the second time the bureau's leader, the third time
    the leading group."""
    i = Issue.objects.with_facts().get(number=event.number)
    if event.data.get("round", i.reopened) < i.reopened:  # it has come back once more meanwhile
        return
    if event.verb == "reopen" and i.reopened > 1:
        up = holders(Role.LEADER) if i.reopened > 2 else holders(Role.HEAD, i.office) or holders(Role.BUREAU)
        _tell(i, up, "issue.again", event, n=i.reopened + 1)
    elif i.status == "registered":
        _tell(i, holders(Role.BUREAU), "issue.assign", event)
    else:
        _tell(i, unit_of(i), "issue.turn", event)


@on("issue.take_back")
def let_the_others_go_on(event: Event) -> None:
    """What one reporter takes back is not taken back by those whose issues were joined with it: each goes on by itself."""
    i = Issue.objects.with_facts().get(number=event.number)
    if i.is_open:
        return
    for one in Issue.objects.following(i).with_facts():
        actions.part(one, by=CLOCK, reason="并案的问题已由其反映人撤回")


@on("issue.refuse_lawfully")
def ask_for_signature(event: Event) -> None:
    i = Issue.objects.with_facts().get(number=event.number)
    _tell(i, second_of(i, event), "issue.sign", event)


@on("issue.contact")
def ask_to_verify(event: Event) -> None:
    i = Issue.objects.with_facts().get(number=event.number)
    _tell(i, second_of(i, event), "issue.verify", event)


def second_of(i: Issue, event: Event) -> list[Person]:
    """Another head of the unit than the one who has just acted; without one the bureau. Nobody who is kept out."""
    others = [p for p in holders(Role.HEAD, i.office) if p.username != event.by and i.may_be_told(p)]
    return others or holders(Role.BUREAU)


@on("issue.reply", "issue.settle", "issue.countersign")
def ask_to_call_back(event: Event) -> None:
    """The centre calls; what needs another policy goes to the leading group besides."""
    i = Issue.objects.with_facts().get(number=event.number)
    _tell(i, holders(Role.BUREAU), "issue.callback", event)
    if i.proposal == Proposal.POLICY:
        _tell(i, holders(Role.LEADER), "issue.policy", event)


@on("issue.appeal")
def call_the_panel(event: Event) -> None:
    i = Issue.objects.with_facts().get(number=event.number)
    _tell(i, holders(Role.BUREAU), "issue.appeal", event)


@on("issue.added", "issue.filed", "issue.reporter_answers")
def tell_of_words(event: Event) -> None:
    i = Issue.objects.with_facts().get(number=event.number)
    _tell(i, unit_of(i), "issue.added", event)


@on("issue.recheck_due")
def tell_of_recheck(event: Event) -> None:
    i = Issue.objects.with_facts().get(number=event.number)
    _tell(i, holders(Role.BUREAU), "issue.recheck", event)


@on("application.refuse_acceptance", "application.decide")
def write_the_no_down(event: Event) -> None:
    """否定报备 — a formal no is one "no" like any other: its item, reason and basis join the report by themselves."""
    if event.verb == "decide" and event.data.get("result") != "refuse":
        return
    a = Application.objects.with_facts().get(number=event.number)
    if a.hall is None:
        return
    clerk = Person.objects.filter(username=event.by).first()
    opening.formal_no(a, clerk=clerk, code=event.data.get("reason_code", ""), verb=event.verb)
