"""提醒: what members of staff are told inside the product – a bell in the head of every staff page and a list behind it.

A reaction tells people something in one line::

    from onewindow.cases.notices import say, tell

    say("approval.opened", _("%(matter)s: your opinion is asked for"), icon="inbox")          # once, at import
    tell(approvers, "approval.opened", number=a.number, key=f"{event.pk}", matter=bilingual(a.item))

Whoever already has a notice with that ``key`` is not told again: a reaction that runs twice tells once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from onewindow.cases import instant
from onewindow.cases.models import Notice
from onewindow.cases.rows import insert_all
from onewindow.org.models import Person
from onewindow.org.templatetags.ow import local

MOST_SHOWN = 99
PAGE = 30


@dataclass(frozen=True)
class Words:
    """How one kind of notice reads: a lazy text with ``%(name)s`` places, and its icon."""

    text: Any
    icon: str


WORDS: dict[str, Words] = {}


def say(kind: str, text: Any, icon: str = "bell") -> None:
    """Declares a kind of notice (once, where its reaction is). ``text`` is lazy and filled with the notice's data."""
    WORDS[kind] = Words(text, icon)


def bilingual(thing: Any) -> dict[str, str]:
    """The names of an office, item … as notice data, so that each reader sees the one of his language."""
    return {"name": thing.name, "name_en": getattr(thing, "name_en", "")}


def tell(
    people: Iterable[Person | int], kind: str, *, key: str, number: str = "", url: str = "", **data: Any
) -> None:
    """Tells each of the people (or of their keys) once. ``number``: the case behind it; ``url``: another page (a path of this
    product). ``data`` fills the words; values are texts, numbers or :func:`bilingual` pairs."""
    now = instant.now()
    rows = [
        Notice(
            person_id=p if isinstance(p, int) else p.pk, key=f"{kind} {key}"[:80], kind=kind, number=number, url=url,
            data=data, at=now,
        )
        for p in people
    ]  # fmt: skip
    insert_all(rows, unless_there=True)


def words(notice: Notice) -> str:
    """The notice in the reader's language."""
    known = WORDS.get(notice.kind)
    if known is None:
        return notice.kind
    data = {name: local(v) if isinstance(v, dict) else v for name, v in notice.data.items()}
    try:
        return str(known.text) % data
    except (KeyError, TypeError, ValueError):  # written by an older version with other places
        return str(known.text)


def icon(notice: Notice) -> str:
    return known.icon if (known := WORDS.get(notice.kind)) else "bell"


def unread(person: Person) -> int:
    """How many notices this person has not opened yet, ``MOST_SHOWN + 1`` for more than that."""
    return len(Notice.objects.seen_by(person).unread().order_by().values_list("pk")[: MOST_SHOWN + 1])


def mine(person: Person, *, show: str, before: int | None) -> tuple[list[Notice], str]:
    """One page of this person's notices, newest first, and the cursor of the next."""
    rows = Notice.objects.seen_by(person).order_by("-id")
    if show != "all":
        rows = rows.unread()
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    return found[:PAGE], str(found[PAGE - 1].pk) if len(found) > PAGE else ""


def open_one(person: Person, pk: int) -> Notice | None:
    """Marks one of this person's notices as read and gives it; None for anybody else's."""
    Notice.objects.seen_by(person).unread().filter(pk=pk).update(read_at=instant.now())
    return Notice.objects.seen_by(person).filter(pk=pk).first()


def read_all(person: Person, up_to: int) -> int:
    """Marks what was on the page when the button was pressed as read; what came since stays."""
    return Notice.objects.seen_by(person).unread().filter(pk__lte=up_to).update(read_at=instant.now())
