"""评价公开: which words of whom the public reads, masked, after some days, with the department's reply (国办发〔2019〕51号).

The bureau rules on each text: published, with parts blacked out where they would tell who wrote it, or withheld on one of
four grounds and with a reason. Nobody rewrites: what is published is the text itself with parts missing. Every ruling stays,
and the public sees how many texts were withheld and why. Levels and coded reasons need no ruling; they are in the figures.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.catalog.models import Item
from onewindow.org.fields import moment_of
from onewindow.org.models import Person, number
from onewindow.voice import province, rules, tallies
from onewindow.voice.actions import LONGEST, NotPossible, clean
from onewindow.voice.low_marks import hidden
from onewindow.voice.models import Indicator, Level, Review
from onewindow.voice.records import Exclusion, Ground, Moderation, Reply, Ruling
from onewindow.window.models import Application

BLACK = "■"
#: Days back in which texts wait for a ruling; older ones are found by their own page.
WAIT_DAYS = 120
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PAGE = 20


def _blacked(text: str, what: str) -> str:
    return text.replace(what, BLACK * min(len(what), 8)) if len(what) > 1 else text


def proposal(review: Review, a: Application | None) -> str:
    """The text with what the system itself can see blacked out: numbers, addresses of mail, the names of the people of the
    case and of the clerk. A human being looks at it before it is published."""
    text = MAIL.sub(BLACK * 4, hidden(review.text).replace("……", BLACK * 4))
    names = [a.applicant_name, a.contact, a.agent_name, a.address] if a else []
    clerk = Person.objects.filter(username=review.clerk).first()
    names += [clerk.name, clerk.name_en, clerk.badge] if clerk else []
    for name in sorted(names, key=len, reverse=True):
        text = _blacked(text, name)
    return text


def is_cut_of(public: str, original: str) -> bool:
    """Whether a text is the original with nothing but parts missing (each marked by ■)."""
    first, *others = (part.strip() for part in re.split(f"{BLACK}+", public))
    if not others:
        return first == original.strip()
    rest = original.strip()
    if not rest.startswith(first):
        return False
    rest = rest[len(first) :]
    for part in others[:-1]:
        _before, found, rest = rest.partition(part) if part else ("", " ", rest)
        if not found:
            return False
    return rest.endswith(others[-1])


def rule(
    review: Review,
    *,
    by: Person,
    publish: bool,
    text: str = "",
    ground: str = "",
    reason: str = "",
) -> Moderation:
    """公开审核 — the bureau rules on a text. Publishing takes the text with parts blacked out; withholding a ground of
    :class:`Ground` and a reason. Raises :class:`NotPossible` ``no_text``, ``rewritten``, ``no_ground``."""
    if not rules.moderates(by):
        raise PermissionDenied
    if not review.text:
        raise NotPossible("no_text", _("There are no words to rule on."))
    text, reason = clean(text)[:LONGEST], clean(reason)[:200]
    if publish and (not text.strip(BLACK) or not is_cut_of(text, review.text)):
        raise NotPossible("rewritten", _("Only black out parts with ■; do not write anything new."))
    if not publish and (ground not in Ground.values or not reason):
        raise NotPossible("no_ground", _("Withholding needs one of the grounds and a reason."))
    return Moderation.objects.create(
        review=review,
        ruling=Ruling.PUBLISHED if publish else Ruling.WITHHELD,
        text=text if publish else "",
        ground="" if publish else ground,
        reason="" if publish else reason,
        by=by.username,
        at=instant.now(),
        show_at=review.at + dt.timedelta(days=number("review_publish_days")),
        item_code=review.item_code,
        hall_id=review.hall_id,
        office_id=review.office_id,
    )


def reply(review: Review, *, by: Person, text: str) -> Reply:
    """公开答复 — the department answers in public. The reply must not tell who the reviewer is: numbers are refused.
    Raises :class:`NotPossible` ``no_text``, ``numbers``."""
    if not rules.answers(by, review):
        raise PermissionDenied
    text = clean(text)
    if not text or len(text) > LONGEST:
        raise NotPossible("no_text", _("Write a reply of up to 500 characters."))
    if hidden(text) != text:
        raise NotPossible(
            "numbers", _("Leave out telephone, identity and case numbers: the reply is public.")
        )
    return Reply.objects.create(review=review, text=text, by=by.username, at=instant.now())


def exclude(review: Review, *, by: Person, second: Person, reason: str) -> Exclusion:
    """不计入统计 — after an appeal: two people of the bureau or a panel rule that a review is not counted. It stays in every
    list, marked, and in "received". Raises :class:`NotPossible` ``one_person``, ``no_reason``, ``excluded``."""
    if not rules.moderates(by):
        raise PermissionDenied
    if second.pk == by.pk or review.clerk in (by.username, second.username):
        raise NotPossible(
            "one_person", _("Two people rule on it, and neither of them is the one who was reviewed.")
        )
    if not (reason := clean(reason)[:300]):
        raise NotPossible("no_reason", _("Say why this review is not to be counted."))
    return set_aside(review, by=by.username, second=second.username, reason=reason)


def set_aside(review: Review, *, by: str, second: str, reason: str) -> Exclusion:
    """Takes a review out of the figures, those made already among them. Who may was asked before: :func:`exclude`, or the
    panel of an appeal. Raises :class:`NotPossible` ``excluded``."""
    try:
        with transaction.atomic():
            row = Exclusion.objects.create(
                review=review, reason=reason[:300], by=by, second_by=second, at=instant.now()
            )
            province.expect(row)
    except IntegrityError as twice:
        raise NotPossible("excluded", _("This review is left out of the figures already.")) from twice
    day = timezone.localdate(review.at)
    run = tallies.TallyRun.objects.first()
    if run and day <= run.until:
        tallies.rebuild(day, day)
    return row


# --- for the bureau ------------------------------------------------------------------------------------------


def waiting() -> QuerySet[Review]:
    """Texts on which nobody has ruled yet, newest first."""
    since = instant.now() - dt.timedelta(days=WAIT_DAYS)
    ruled = Moderation.objects.filter(review=OuterRef("pk"))
    rows = Review.objects.standing().filter(at__gte=since).exclude(text="").filter(~Exists(ruled))
    return rows.by_hall_or_office().order_by("-at", "-id")


# --- for the public ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """One published text: nothing in it tells who wrote it. The month is all that is said of the day."""

    key: str
    level: Level
    month: dt.date
    item: Item | None
    office: Any
    hall: Any
    text: str
    reasons: Sequence[Indicator]
    is_second: bool
    replies: Sequence[Reply]


def published(kind: str = "city", thing: Any = None) -> QuerySet[Moderation]:
    """The texts that the public reads of one thing, newest first, by an index on exactly that."""
    rows = Moderation.objects.public(instant.now())
    if kind == "item":
        rows = rows.filter(item_code=thing.code)
    elif kind in ("hall", "office"):
        rows = rows.filter(**{kind: thing})
    return rows


def page(rows: QuerySet[Moderation], cursor: str) -> tuple[list[Words], str]:
    """One page after the cursor, and the next cursor or nothing. Five queries."""
    at, _sep, key = cursor.partition("~")
    if key.isdigit() and len(key) < 19:
        if before := moment_of(at):
            rows = rows.filter(show_at__lte=before).exclude(show_at=before, pk__gte=int(key))
    found = list(
        rows.select_related("review", "office", "hall").prefetch_related("review__replies")[: PAGE + 1]
    )
    last = found[PAGE - 1] if len(found) > PAGE else None
    after = f"{last.show_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{last.pk}" if last else ""
    return words(found[:PAGE]), after


def words(rows: Iterable[Moderation]) -> list[Words]:
    rows = list(rows)
    items = {i.code: i for i in Item.objects.filter(code__in={m.item_code for m in rows})}
    indicators = {i.code: i for i in Indicator.objects.published()} if rows else {}
    return [
        Words(
            key=m.review.event_id,
            level=Level(m.review.level),
            month=timezone.localdate(m.review.at).replace(day=1),
            item=items.get(m.item_code),
            office=m.office,
            hall=m.hall,
            text=m.text,
            reasons=[indicators[c] for c in m.review.codes if c in indicators],
            is_second=m.review.nth == 2,
            replies=list(m.review.replies.all()),
        )
        for m in rows
    ]


def withheld(kind: str = "city", thing: Any = None) -> list[tuple[Any, int]]:
    """How many texts were withheld, by ground; the public is told so."""
    rows = Moderation.objects.standing().filter(ruling=Ruling.WITHHELD)
    if kind == "item":
        rows = rows.filter(item_code=thing.code)
    elif kind in ("hall", "office"):
        rows = rows.filter(**{kind: thing})
    counts = rows.order_by().values_list("ground").annotate(Count("pk"))
    return sorted(((Ground(ground).label, n) for ground, n in counts), key=lambda pair: -pair[1])
