"""附件: what the reporter sends along, and what the unit shows of what it has done. Who sees which is decided here.

The reporter's files are for those who handle the issue, and for nobody else: like the name, they show who it was, so that a unit
that may not know the reporter does not open them. Of the unit's papers the reporter sees those that are meant for him.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from onewindow.cases import files
from onewindow.cases.models import Attachment
from onewindow.issues import origins
from onewindow.issues.models import Issue, Status
from onewindow.issues.rules import is_bureau
from onewindow.issues.separation import handles
from onewindow.org.models import Person

REPORTER, DONE, SHOWN = "issue reporter", "issue done", "issue shown"
#: who has uploaded what belongs to no issue yet
SENDER = "reporter"
#: files with one message; of one reporter all told; how long what was never handed in is kept
MOST, TOTAL, LOOSE = 3, 12, dt.timedelta(days=1)


def tie(i: Issue, held: Sequence[Attachment], purpose: str) -> int:
    """Puts files that belong to nothing yet to an issue; returns how many."""
    keys = [a.pk for a in held]
    return Attachment.objects.filter(pk__in=keys, number="").update(number=i.number, purpose=purpose)


def shows_reporter(i: Issue) -> bool:
    """Whether the origin lets the unit see who reported (openly, or because the reporter agreed)."""
    return i.agrees or origins.of(i).confidentiality == origins.OPEN


def may_open(i: Issue, a: Attachment, person: Person) -> bool:
    """The bureau; the unit, of the reporter's files only where it may know the reporter, or where nobody left a name."""
    if is_bureau(i, person):
        return True
    known = a.purpose != REPORTER or i.is_anonymous or shows_reporter(i)
    return known and handles(i, person)


def of(i: Issue) -> list[Attachment]:
    return list(Attachment.objects.filter(number=i.number).order_by("id"))


def may_send(i: Issue, n: int) -> bool:
    """Whether the reporter may send so many more: whoever has a link must not fill the disk."""
    return Attachment.objects.filter(number=i.number, purpose=REPORTER).count() + n <= TOTAL


def for_reporter(i: Issue) -> list[Attachment]:
    """The own files, and once there is an answer those that the unit shows with it; of a joined issue the main one's."""
    main = i.merged_into or i
    wanted = Q(number=i.number, purpose=REPORTER)
    if main.answer and main.status in (Status.REPLIED, Status.CLOSED):
        wanted |= Q(number=main.number, purpose=SHOWN)
    return list(Attachment.objects.filter(wanted).order_by("id"))


def drop_old(ended_before: dt.datetime, now: dt.datetime) -> int:
    """到期清除 — the reporter's files go with the name, and so do those that were uploaded and never handed in. What the unit
    showed stays with the record."""
    ended = Issue.objects.filter(closed_at__lt=ended_before).values("number")
    of_ended = Q(purpose=REPORTER, number__in=ended)
    never = Q(added_by=SENDER, number="", added_at__lt=now - LOOSE)
    found = list(Attachment.objects.filter(of_ended | never).order_by("pk")[:1000])
    for a in found:
        with transaction.atomic():
            a.delete()
            transaction.on_commit(lambda path=a.path: files.erase(path))  # type: ignore[misc]
    return len(found)
