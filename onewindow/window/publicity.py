"""双公示: decisions to grant a licence are made public within seven working days, masked for persons.

Law: 行政许可法 40 (decisions to grant are open to the public), 政府信息公开条例 14, 15, 20, 26; the seven working days of
“double publicity” (双公示). Nothing else is published: no refusal, no case number, no identity number, no address.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from onewindow.cases import flow, instant, rounds
from onewindow.cases.figures import Row, figure
from onewindow.cases.models import Event
from onewindow.cases.reactions import on
from onewindow.cases.rules import CLOCK
from onewindow.licences.actions import last_day
from onewindow.org.calendar import deadline
from onewindow.org.models import Person, current_calendar, limit
from onewindow.org.roles import Role
from onewindow.window.models import (
    PLAIN,
    ApplicantKind,
    Application,
    Paper,
    PaperKind,
    Publication,
    PublicityState,
    Result,
    Withholding,
)

#: 权力类别 01, 行政许可: the kind of decision that double publicity asks for.
LICENCE = "01"


class NotPossible(Exception):
    """Why this can't be done now; ``str`` is for the person."""


@on("application.decide", "application.finalise")
def open_publication(event: Event) -> None:
    """A licence was granted: its publication is due in seven working days, and happens by itself a little earlier, so that
    the head of the department has time to withhold it."""
    a = Application.objects.with_facts().get(number=event.number)
    if a.result == Result.GRANT and a.decided_at and not a.is_preliminary and must_be_public(a):
        prepare(a)


@on("application.revoke")
def take_back_revoked(event: Event) -> None:
    """行政许可法 69: what was revoked is no licence any more and leaves the page; the row says so."""
    Publication.objects.filter(
        application__number=event.number, state__in=[PublicityState.WAITING, PublicityState.PUBLISHED]
    ).update(
        state=PublicityState.WITHDRAWN,
        reason="决定已撤销（行政许可法 69）",
        settled_at=event.at,
        settled_by=event.by,
    )


def must_be_public(a: Application) -> bool:
    """行政许可法 40: decisions to grant an administrative licence."""
    return a.item_version.kind_code == LICENCE


def prepare(a: Application) -> Publication:
    """The row that waits to be published, with the two days; made once a decision."""
    calendar, since = current_calendar(), _decided_at(a)
    due = deadline(since, [limit("publicity_limit")], [], calendar).at
    planned = deadline(since, [limit("publicity_wait")], [], calendar).at
    assert due is not None and planned is not None
    return Publication.objects.get_or_create(
        application=a,
        defaults={
            "key": new_key(),
            "office": a.office,
            "due_at": due,
            "planned_at": min(planned, due),
            **content(a),
        },
    )[0]


def _decided_at(a: Application) -> dt.datetime:
    """When the decision was final: a preliminary one is not published."""
    since = a.final_at or a.decided_at
    assert since is not None
    return since


def new_key() -> str:
    """Ten plain characters; the address of a published decision says nothing of its case."""
    return "".join(secrets.choice(PLAIN) for _ in range(10))


def content(a: Application) -> dict[str, Any]:
    """What the public may know of a decision, as double publicity lists it."""
    version, since = a.item_version, _decided_at(a)
    decided_on = timezone.localdate(since)
    paper = Paper.objects.filter(application=a, kind=PaperKind.GRANT).order_by("-id").first()
    until = last_day(decided_on, version.result_validity)  # as the register of licences reckons it
    is_firm = a.applicant_kind == ApplicantKind.ENTERPRISE
    return {
        "serial": paper.serial_text if paper else "",
        "holder": a.masked_name,
        "is_enterprise": is_firm,
        "uscc": a.id_number if is_firm and a.id_type == "uscc" else "",
        "content": version.result,
        "content_en": version.result_en,
        "decided_on": decided_on,
        "valid_until": until,
        "item": a.item,
    }


@rounds.every_turn
def publish_due(most: int) -> int:
    """The worker's part: publishes what has come due; one indexed query if nothing has."""
    done = 0
    waiting = Publication.objects.filter(state=PublicityState.WAITING, planned_at__lte=instant.now())
    for row in waiting.select_related("application__office").order_by("planned_at", "pk")[:most]:
        try:
            done += _publish(row)
        except flow.Stale:  # a step on the application came between: the next turn does it
            continue
    return done


def _publish(row: Publication) -> int:
    with transaction.atomic():
        taken = Publication.objects.filter(pk=row.pk, state=PublicityState.WAITING).update(
            state=PublicityState.PUBLISHED, published_at=instant.now()
        )
        if taken:
            flow.note(row.application, "publicise", by=CLOCK, data={"serial": row.serial})
        return taken


def may_decide(row: Publication, by: Person) -> bool:
    """The head of the department that decided, nobody else (政府信息公开条例 17: whoever made it judges it)."""
    return row.office_id in by.offices_as(Role.HEAD)


def _own(row: Publication, by: Person) -> None:
    if not may_decide(row, by):
        raise NotPossible(_("Only the head of the department that decided can do that."))


def _moved(count: int) -> None:
    if not count:
        raise NotPossible(_("It has been published or withheld meanwhile. Look at it again."))


def withhold(row: Publication, *, by: Person, ground: str, reason: str) -> None:
    """不予公开 — keeps a decision from the public for a ground that the law knows (政府信息公开条例 14, 15)."""
    _own(row, by)
    with transaction.atomic():
        _moved(
            Publication.objects.filter(pk=row.pk, state=PublicityState.WAITING).update(
                state=PublicityState.WITHHELD,
                ground=Withholding(ground),
                reason=reason,
                settled_at=instant.now(),
                settled_by=by.username,
            )
        )
        flow.note(row.application, "withhold", by=by, data={"ground": ground})


def withdraw(row: Publication, *, by: Person, reason: str) -> None:
    """撤回公开 — takes a wrong publication off the page; what it said and why it went stays on record."""
    _own(row, by)
    with transaction.atomic():
        _moved(
            Publication.objects.filter(pk=row.pk, state=PublicityState.PUBLISHED).update(
                state=PublicityState.WITHDRAWN,
                reason=reason,
                settled_at=instant.now(),
                settled_by=by.username,
            )
        )
        flow.note(row.application, "unpublish", by=by, data={"serial": row.serial, "reason": reason})


def correct(row: Publication, *, by: Person, reason: str, **fields: Any) -> None:
    """更正公开 — puts right what a publication says; the words before and the reason stay in the chain of events."""
    _own(row, by)
    known = ("content", "content_en", "decided_on", "valid_until")
    changes = {n: v for n, v in fields.items() if n in known and getattr(row, n) != v}
    if not changes:
        raise NotPossible(_("Nothing has been changed."))
    before = {n: str(getattr(row, n) or "") for n in changes}
    with transaction.atomic():
        live = Publication.objects.filter(
            pk=row.pk, state__in=[PublicityState.PUBLISHED, PublicityState.WAITING]
        )
        _moved(live.update(**changes, corrected_at=instant.now(), reason=reason))
        after = {n: str(v or "") for n, v in changes.items()}
        data = {"before": before, "after": after, "reason": reason}
        flow.note(row.application, "correct_publication", by=by, data=data)


# --- the figure --------------------------------------------------------------------------------------------

IN_TIME = Q(published_at__isnull=False, published_at__lte=F("due_at"))
COLUMNS = {
    "office": ("office__code", "office__name", "office__name_en"),
    "hall": ("application__hall__code", "application__hall__name", "application__hall__name_en"),
    "item": ("item__code", "item__name", "item__name_en"),
}


def _in_time(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
    rows = Publication.objects.seen_by(person).filter(due_at__gte=start, due_at__lt=end)
    rows = rows.exclude(state=PublicityState.WITHHELD).order_by()
    sums = {"n": Count("pk"), "good": Count("pk", filter=IN_TIME)}
    if by not in COLUMNS:
        found = rows.aggregate(**sums)
        return [Row("", "", found["good"], found["n"])]
    code, name, name_en = COLUMNS[by]
    english = get_language() == "en"
    return [
        Row(r[code] or "", (r[name_en] if english and r[name_en] else r[name]) or "", r["good"], r["n"])
        for r in rows.values(code, name, name_en).annotate(**sums).order_by(code)
    ]


figure(
    "published_in_time",
    _("Published in time"),
    _(
        "licences granted, published within seven working days ÷ all whose day fell in the period, without those withheld"
    ),
    _in_time,
    is_share=True,
)
