"""办理过程: the events of a case as lines that anybody can read: what happened, when, and who in which capacity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from onewindow.cases.desk import of
from onewindow.cases.flow import FLOWS
from onewindow.cases.models import CardCode, Event, Measure
from onewindow.cases.rows import prepared
from onewindow.cases.rules import is_applicants
from onewindow.org.models import Person
from onewindow.org.templatetags.ow import local

#: events that only say how the clock stands, or that somebody asked or took it on; nobody's work is overtaken by them
QUIET = frozenset(
    {
        "light",
        "reclock",
        "ask",
        "answer",
        "card",
        "card_answered",
        "card_revoked",
        "assign",
        "remind_correction",
        "share_suspended",
        "share_commented",
        "contact",
    }
)


def events(case: Any) -> list[Event]:
    """All events of a case, first to last."""
    return _events(case.number)


@prepared
def _events(number: str) -> Any:
    return Event.objects.of(number)


def since(case: Any, version: int) -> list[Event]:
    """What has happened since somebody saw ``version`` of the case."""
    return list(Event.objects.of(case.number).filter(seq__gt=version))


def lines(case: Any, happened: Iterable[Event]) -> list[dict[str, Any]]:
    """Rows for ``parts/timeline.html``, first to last. Two queries for the people behind them, however many."""
    happened = list(happened)
    kind, names = (
        of(case),
        people({u for e in happened for u in (e.by, e.data.get("for", ""), e.data.get("handler", "")) if u}),
    )
    rows = []
    for event in happened:
        title, note = common(event, names) or kind.sentence(event)
        rows.append(
            {"title": title, "note": note, "at": event.at, "by": who(event, names), "state": state(event)}
        )
    return rows


def common(event: Event, names: dict[str, Person]) -> tuple[Any, Any] | None:
    """The sentence and note of what can happen to a case of any kind; None for what only its own kind knows."""
    match event.verb:
        case "assign":
            if not event.data.get("handler"):
                return _("Put back: nobody has taken it on"), ""
            to = names.get(event.data["handler"])
            title = _("Taken on") if event.by == event.data["handler"] else _("Given to a colleague")
            return title, local(to) if to else event.data["handler"]
        case "card":
            label = CardCode(event.data["card"]).label
            limit_ = Measure(event.data["measure"]).label
            nobody = _("nobody holds the post that should have been told") if event.data.get("untold") else ""
            return _("%(card)s: the %(limit)s has passed") % {"card": label, "limit": limit_}, nobody
        case "card_answered":
            label = CardCode(event.data["card"]).label
            return _("Reason of the delay stated (%(card)s)") % {"card": label}, event.data.get("reason", "")
        case "card_revoked":
            label = CardCode(event.data["card"]).label
            return _("%(card)s revoked by the bureau") % {"card": label}, event.data.get("reason", "")
    return None


def state(event: Event) -> str:
    """How the line looks: work done, a warning, or a limit that has passed."""
    if event.verb == "card":
        return "bad"
    if event.data.get("light") in ("yellow", "red") and event.verb == "light":
        return "bad"
    if event.verb in FLOWS[event.number[0]].alarms:
        return "bad"
    return "wait" if event.verb in ("light", "reclock") else "done"


def people(usernames: set[str]) -> dict[str, Person]:
    """The members of staff behind usernames, with all their posts."""
    rows = Person.objects.filter(username__in=usernames).prefetch_related("posts__office", "posts__hall")
    return {person.username: person for person in rows}


def who(event: Event, names: dict[str, Person]) -> str:
    """``市场监督管理局 王审批``: in whose name and who, by the post held on that day."""
    if event.by == "clock":
        return _("the system")
    if event.by == "reporter":
        return _("the reporter")
    if is_applicants(event.by):
        return _("the applicant's agent") if event.by.startswith("agent") else _("the applicant")
    person = names.get(event.by)
    if person is None:
        return event.by
    day = timezone.localdate(event.at)
    held = [p for p in person.posts.all() if p.starts_on <= day and (p.ends_on is None or day <= p.ends_on)]
    post = next((p for p in held if p.office.code == event.office), held[0] if held else None)
    shown = local(person) if post is None else f"{local(post.hall or post.office)} {local(person)}"
    if absent := names.get(event.data.get("for", "")):
        return _("%(person)s (for %(absent)s)") % {"person": shown, "absent": local(absent)}
    return shown
