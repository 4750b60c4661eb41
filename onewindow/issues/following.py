"""What the reporter's page shows and can do. Nobody's name is on it: neither of staff nor the reporter's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from onewindow.cases.flow import why_not
from onewindow.cases.models import Attachment, Event
from onewindow.cases.timeline import state
from onewindow.issues import actions, evidence, links
from onewindow.issues.desk import LIGHTS, SAID
from onewindow.issues.models import Issue, Outcome, Status

S = Status
#: where it stands, in the reporter's words: title, text, tone
NOW: Mapping[str, tuple[Any, Any, str]] = {
    S.REGISTERED: (
        gettext_lazy("We have it"),
        gettext_lazy("The business-environment bureau finds out who answers for it."),
        "",
    ),
    S.ASSIGNED: (
        gettext_lazy("Somebody will contact you"),
        gettext_lazy("The unit that answers for it gets in touch with you."),
        "",
    ),
    S.CONTACTED: (
        gettext_lazy("It is being verified"),
        gettext_lazy("A second person holds what you said against the facts."),
        "",
    ),
    S.WORKING: (gettext_lazy("It is being put right"), gettext_lazy("You get an answer here."), ""),
    S.ASKED: (
        gettext_lazy("We need to know something from you"),
        gettext_lazy("Please answer below; then it goes on."),
        "a",
    ),
    S.APPEALED: (
        gettext_lazy("It is being looked at by a panel"),
        gettext_lazy("Three people judge it, one of them from outside. Your verdict stays counted."),
        "",
    ),
    S.SIGNING: (
        gettext_lazy("The answer is being checked"),
        gettext_lazy("A second person has to sign it."),
        "",
    ),
    S.REPLIED: (
        gettext_lazy("Here is the answer"),
        gettext_lazy("Is it right so? Your word decides; we also call you."),
        "a",
    ),
    S.CLOSED: (
        gettext_lazy("It has ended"),
        gettext_lazy("If it is not right after all, have it looked at again."),
        "",
    ),
}
#: instead of the words above, to somebody who left no number
UNCALLED = gettext_lazy("Is it right so? Your word decides, here on this page.")
#: to whoever reported it and works in the unit that answers for it
OWN_UNIT = gettext_lazy(
    "You work in the unit that answers for it: the bureau calls you back. That it is not right you can say here."
)
#: events that concern the reporter, and their words where the desk's are not meant for outside
SHOWN: Mapping[str, Any] = {
    "open": gettext_lazy("Reported"),
    "dispatch": gettext_lazy("Given to the unit that answers for it"),
    "contact": gettext_lazy("You were contacted"),
    "missed": gettext_lazy("We tried to reach you"),
    "callback_missed": gettext_lazy("We tried to reach you"),
    "verify": gettext_lazy("Verified"),
    "plan": gettext_lazy("To be put right by a plan"),
    "ask_reporter": gettext_lazy("You were asked something"),
    "reporter_answers": gettext_lazy("You have answered"),
    "added": gettext_lazy("You have added something"),
    "filed": gettext_lazy("You have sent files"),
    "settle": gettext_lazy("Settled on the spot"),
    "reply": pgettext_lazy("issue", "Answered"),
    "decline": gettext_lazy("Explained"),
    "countersign": pgettext_lazy("issue", "Answered"),
    "appeal": gettext_lazy("The unit holds it for mistaken: a panel judges"),
    "uphold": gettext_lazy("The panel has judged"),
    "dismiss": gettext_lazy("The panel has judged"),
    "confirm": gettext_lazy("You are content"),
    "close": gettext_lazy("You told us on the telephone that you are content"),
    "give_up": SAID["give_up"],
    "let_go": SAID["let_go"],
    "take_back": gettext_lazy("You took it back"),
    "merge": gettext_lazy("Joined with the same matter of others"),
    "reopen": gettext_lazy("Opened again"),
    "part": gettext_lazy("Handled by itself again"),
    "recheck": gettext_lazy("You were asked again whether it is right"),
}


class Incomplete(Exception):
    """What was sent says nothing; the text says what is missing."""


def check_files(i: Issue, n: int) -> None:
    """Before any of them is stored. Raises :class:`Incomplete`."""
    if n and not evidence.may_send(i, n):
        raise Incomplete(
            _("You have sent as many files as can be kept here; please describe the rest in words.")
        )


def _needed(text: str) -> str:
    if not text:
        raise Incomplete(_("Please write a few words."))
    return text


def do(i: Issue, what: str, text: str, held: Sequence[Attachment] = ()) -> str:
    """Does what the reporter asked for, and says so. Raises StepRefused, Stale or :class:`Incomplete`. ``held``: files that come
    with what is added or answered; alone they are enough to be added."""
    me = links.reporter_of(i)
    deeds: dict[str, tuple[Callable[[], Any], str]] = {
        "add": (lambda: actions.add(i, text=_needed(text)), _("Added. Whoever works on it reads it.")),
        "answer": (
            lambda: actions.reporter_answers(i, by=me, text=_needed(text)),
            _("Thank you, it goes on."),
        ),
        "confirm": (lambda: actions.confirm(i, by=me, words=text[:400]), _("Thank you for your word.")),
        "reopen": (lambda: actions.reopen(i, by=me, reason=_needed(text)), _("It is being looked at again.")),
        "part": (
            lambda: actions.part(i, by=me, reason=_needed(text)),
            _("It is being looked at again, by itself."),
        ),
        "take_back": (lambda: actions.take_back(i, by=me, reason=text[:400]), _("You have taken it back.")),
        "agree": (lambda: actions.agree(i), _("The unit may call you now.")),
    }
    if what not in deeds or (what == "add" and not i.is_open):
        raise Incomplete(_("Choose what you want to do."))
    deed, said = deeds[what]
    with transaction.atomic():
        if text or what != "add" or not held:
            deed()
        if what in ("add", "answer"):
            actions.send_files(i, held)
    return said


def stands(i: Issue) -> Any:
    """Where it stands, in the reporter's words; of an issue that was joined with another one, where that one stands."""
    main = i.merged_into or i
    if main.status == S.CLOSED and main.outcome != Outcome.MERGED:
        return Outcome(main.outcome).label
    return NOW[main.status][0]


def due(main: Issue) -> dt.datetime | None:
    """Until when what comes next has to be done; None once nothing has."""
    return main.due_at if main.is_open and main.clock_ended_at is None else None


def page(i: Issue, token: str) -> dict[str, Any]:
    """Of an issue that was joined with another one, where that one stands."""
    main = i.merged_into or i
    me = links.reporter_of(i)
    _title, text, tone = NOW[main.status]
    can = {
        verb
        for verb in ("reporter_answers", "confirm", "reopen", "take_back", "part")
        if why_not(verb, i, me) is None
    }
    return {
        "i": i,
        "main": main,
        "token": token,
        "now": stands(i),
        "text": _said(main, i, can) or text,
        "tone": "g" if main.outcome == Outcome.SOLVED else tone,
        "due": due(main),
        "said": list(i.said.all()),
        "files": evidence.for_reporter(i),
        "held": [],
        "rows": [row(e) for e in Event.objects.of(main.number) if shown(e)][::-1],
        "can": can,
        "can_agree": not i.agrees and i.is_open and not i.is_anonymous,
        "answered": bool(main.answer) and main.status in (S.REPLIED, S.CLOSED),
        "error": "",
        "typed": "",
    }


def _said(main: Issue, i: Issue, can: set[str]) -> Any:
    """What stands instead of the usual words where nobody will call, or the reporter's word is not enough."""
    if main.status != S.REPLIED:
        return ""
    if i.is_anonymous:
        return UNCALLED
    return OWN_UNIT if i == main and "confirm" not in can else ""


def shown(e: Event) -> bool:
    """That little time is left is for the office to know; that it is late concerns the reporter too."""
    return e.verb in SHOWN or (e.verb == "light" and e.data["light"] == "yellow")


def row(e: Event) -> dict[str, Any]:
    title = LIGHTS[e.data["light"]] if e.verb == "light" else SHOWN[e.verb]
    return {"title": title, "note": "", "at": e.at, "by": "", "state": state(e)}
