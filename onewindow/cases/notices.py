"""提醒: what members of staff are told inside the product – a bell in the head of every staff page and a list behind it.

A reaction tells people something in one line::

    from onewindow.cases.notices import say, tell

    say("approval.opened", _("%(matter)s: your opinion is asked for"), icon="inbox")          # once, at import
    tell(approvers, "approval.opened", number=a.number, key=f"{event.pk}", matter=bilingual(a.item))

Whoever already has a notice with that ``key`` is not told again: a reaction that runs twice tells once.

A notice that asks somebody to do something says how long it stands::

    say("issue.sign", _("…"), icon="file-pen", while_=lambda i, _n: i.status == S.SIGNING)

As soon as that is no longer so – whoever took the step, and whichever way – it is over: out of the bell, and in the list as
done (``clear``, called by the worker for the cases that moved). What hangs on no case is ended by ``over``.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from onewindow.cases import flow, instant, rounds
from onewindow.cases.models import Notice
from onewindow.cases.rows import insert_all, prepared
from onewindow.org.kept import Note
from onewindow.org.models import Person
from onewindow.org.templatetags.ow import local

log = logging.getLogger(__name__)
MOST_SHOWN = 99
PAGE = 30
#: how often everything that is unread is looked at again, whether its case moved or not
AGAIN = dt.timedelta(days=1)
#: whether what a notice asks for is still to be done; looks at the case as it is now and must not write
Stands = Callable[[Any, Notice], bool]


@dataclass(frozen=True)
class Words:
    """How one kind of notice reads: a lazy text with ``%(name)s`` places, its icon, and how long it stands (None: until it is
    read)."""

    text: Any
    icon: str
    stands: Stands | None = None


WORDS: dict[str, Words] = {}


def say(kind: str, text: Any, icon: str = "bell", *, while_: Stands | None = None) -> None:
    """Declares a kind of notice (once, where its reaction is). ``text`` is lazy and filled with the notice's data;
    ``while_(case, notice)`` says whether somebody still has to do something about it."""
    WORDS[kind] = Words(text, icon, while_)


def in_status(*statuses: str) -> Stands:
    """Stands while the case is in one of these statuses and nobody else has taken it on."""
    return lambda case, notice: case.status in statuses and case.handler_id in (None, notice.person_id)


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


def clear(numbers: Iterable[str]) -> int:
    """Takes what is over out of the bell, for the cases with these numbers: one question for the notices, one for each kind of
    case among them, one change. Returns how many."""
    asking = [kind for kind, known in WORDS.items() if known.stands]
    mine = Notice.objects.unread().exclude(number="")  # which the index of open ones says too
    waiting = list(mine.filter(number__in=set(numbers), kind__in=asking).order_by())
    if not waiting:
        return 0
    try:
        with transaction.atomic():
            return _end(Notice.objects.filter(pk__in=_done(waiting)))
    except Exception:  # what one kind of notice can't judge must not hold up the worker
        log.exception("the notices of %s cases could not be looked at", len({n.number for n in waiting}))
        return 0


def _done(waiting: list[Notice]) -> list[int]:
    by_kind: dict[str, set[str]] = defaultdict(set)
    for notice in waiting:
        by_kind[notice.number[:1]].add(notice.number)
    cases: dict[str, Any] = {}
    for prefix, numbers in by_kind.items():
        if (kind := flow.FLOWS.get(prefix)) and kind.model:
            found = kind.model._base_manager.filter(number__in=numbers).order_by()
            cases |= {case.number: case for case in found}
    return [
        n.pk
        for n in waiting
        if (case := cases.get(n.number)) and (stands := WORDS[n.kind].stands) and not stands(case, n)
    ]


_looked: Note[dt.datetime] = Note()
_beyond: Note[str] = Note()


@rounds.every_turn
def look_through(limit: int = 200) -> int:
    """Once a day, and when a worker starts: what was told before this version knew how long it stands, and what an hour has
    ended and not a step. Case by case, so many a turn."""
    now, before, beyond = instant.now(), _looked.value, _beyond.value or ""
    if not beyond and before is not None and dt.timedelta() <= now - before < AGAIN:
        return 0
    mine = Notice.objects.unread().exclude(number="").filter(number__gt=beyond).order_by("number")
    numbers = list(mine.values_list("number", flat=True).distinct()[:limit])
    _looked.value, _beyond.value = now, numbers[-1] if len(numbers) == limit else ""
    return clear(numbers) if numbers else 0


def over(kind: str, key: str, *, of: Person | None = None, begins: bool = False) -> int:
    """What was told with this key (``begins``: with every key that begins so) is done: out of the bell of everybody, or of one
    person. For notices that hang on no case."""
    whole = f"{kind} {key}"
    rows = Notice.objects.unread().filter(number="")
    rows = rows.filter(key__gte=whole, key__lt=f"{whole}\uffff") if begins else rows.filter(key=whole[:80])
    return _end(rows.filter(person=of) if of else rows)


def _end(rows: Any) -> int:
    return int(rows.filter(read_at__isnull=True).update(read_at=instant.now(), is_over=True))


def unread(person: Person) -> int:
    """How many notices this person has not opened yet, ``MOST_SHOWN + 1`` for more than that."""
    return len(_unread(person.pk))


@prepared
def _unread(person: int) -> Any:
    mine = Notice.objects.filter(person_id=person)  # as ``seen_by`` says
    return mine.unread().order_by().values_list("pk")[: MOST_SHOWN + 1]


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
