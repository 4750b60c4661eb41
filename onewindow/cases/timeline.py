"""办理过程: the events of a case as lines that anybody can read: what happened, when, and who in which capacity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from onewindow.cases.desk import of
from onewindow.cases.models import Event
from onewindow.cases.rules import is_applicants
from onewindow.org.models import Person
from onewindow.org.templatetags.ow import local

#: events that only say how the clock stands or that somebody asked; nobody's work is overtaken by them
QUIET = frozenset({"light", "reclock", "ask", "answer"})


def events(case: Any) -> list[Event]:
    """All events of a case, first to last."""
    return list(Event.objects.of(case.number))


def since(case: Any, version: int) -> list[Event]:
    """What has happened since somebody saw ``version`` of the case."""
    return list(Event.objects.of(case.number).filter(seq__gt=version))


def lines(case: Any, happened: Iterable[Event]) -> list[dict[str, Any]]:
    """Rows for ``parts/timeline.html``, first to last. Two queries for the people behind them, however many."""
    happened = list(happened)
    kind, names = of(case), people({e.by for e in happened})
    rows = []
    for event in happened:
        title, note = kind.sentence(event)
        rows.append(
            {"title": title, "note": note, "at": event.at, "by": who(event, names), "state": state(event)}
        )
    return rows


def state(event: Event) -> str:
    """How the line looks: work done, a warning, or a limit that has passed."""
    if event.data.get("light") in ("yellow", "red") and event.verb == "light":
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
    if is_applicants(event.by):
        return _("the applicant's agent") if event.by.startswith("agent") else _("the applicant")
    person = names.get(event.by)
    if person is None:
        return event.by
    day = timezone.localdate(event.at)
    held = [p for p in person.posts.all() if p.starts_on <= day and (p.ends_on is None or day <= p.ends_on)]
    post = next((p for p in held if p.office.code == event.office), held[0] if held else None)
    if post is None:
        return local(person)
    return f"{local(post.hall or post.office)} {local(person)}"
