"""Pairing devices, asking the question, taking the verdict down."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import re
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import chain, instant
from onewindow.cases.models import Event
from onewindow.cases.rules import By
from onewindow.issues import opening, similar
from onewindow.org.models import Person, number
from onewindow.voice import facts, inviting, province
from onewindow.voice.models import (
    OPEN,
    Conflict,
    Device,
    Indicator,
    Level,
    Prompt,
    PromptState,
    Review,
    ReviewChannel,
    Touchpoint,
)
from onewindow.window.models import Application

#: Characters of a review's text.
LONGEST = 500


class NotPossible(Exception):
    """What was asked can't be done; ``code`` is stable, ``text`` a sentence with the remedy."""

    def __init__(self, code: str, text: Any):
        super().__init__(code)
        self.code, self.text = code, text


class AlreadyReviewed(NotPossible):
    """This touchpoint has its one review (一次一评)."""

    def __init__(self) -> None:
        super().__init__("already_reviewed", _("This has been rated already. Thank you."))


class NotOpenForReview(NotPossible):
    """The touchpoint has not been reached, or its time for reviews is over."""

    def __init__(self) -> None:
        super().__init__("not_open", _("This can't be rated now."))


class BadCodes(NotPossible):
    """``which`` are not reasons of the chosen level."""

    def __init__(self, which: Sequence[str]) -> None:
        super().__init__("bad_codes", _("Choose reasons from the list of the chosen level."))
        self.which = list(which)


class Conflicting(NotPossible):
    """The same event was sent before with another content."""

    def __init__(self) -> None:
        text = _("This answer was sent before with another content; it has been put aside.")
        super().__init__("conflict", text)


def load_indicators(path: Path) -> int:
    """Loads the coded indicators; codes that are there already stay as they are. Returns how many are new."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = set(Indicator.objects.values_list("code", flat=True))
    new = [
        Indicator(
            level=int(r["level"]), code=r["code"], is_core=r["core"] == "1",
            name=r["name"], name_en=r["name_en"], fact=r.get("fact", ""),
        )
        for r in rows if r["code"] not in known
    ]  # fmt: skip
    return len(Indicator.objects.bulk_create(new))


def reached(a: Application) -> dict[str, dt.datetime]:
    """The touchpoints that an application has reached, with their instants. An item decided on the spot is one service
    and has one: its end (一次一评)."""
    found = {Touchpoint.DELIVERED.value: a.delivered_at}
    if not a.item_version.is_immediate:
        found = {Touchpoint.ACCEPTED.value: a.accepted_at} | found
    return {touchpoint: at for touchpoint, at in found.items() if at}


def rateable(a: Application) -> list[str]:
    """The touchpoints of an application that may be reviewed now: reached, within the window, not yet reviewed."""
    window = dt.timedelta(days=number("review_window_days"))
    done = set(Review.objects.filter(number=a.number).values_list("touchpoint", flat=True))
    now = instant.now()
    return [t for t, at in reached(a).items() if at <= now <= at + window and t not in done]


#: What no text needs and a database may refuse: control characters but for line ends, halves of characters.
UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """A text as it is stored."""
    return UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\t", " ")).strip()


def review(
    a: Application,
    touchpoint: str,
    *,
    level: int,
    codes: Sequence[str] = (),
    text: str = "",
    channel: int = ReviewChannel.MOBILE,
    event_id: str = "",
    device: Device | None = None,
    clerk: str = "",
    said_at: dt.datetime | None = None,
    by: By | None = None,
    assisted_why: str = "",
    origin: str = "",
    nth: int = 1,
    replaces: Review | None = None,
    shown_order: str = "",
) -> Review:
    """评价 — takes one verdict down, once a touchpoint (一次一评): the one place where a review comes into being. Sent again
    with the same ``event_id`` and body it is the same review.

    A device was asked in time and may have been offline since: its answer is never too late. ``said_at`` is when the
    person said it, never later than now. ``assisted_why``: ``by`` types it in for the person, for this reason. ``nth`` and
    ``replaces`` are for :mod:`onewindow.voice.again`, which has asked whether there may be another. ``shown_order``: of the
    faces on the device.
    Raises :class:`AlreadyReviewed`, :class:`NotOpenForReview`, :class:`BadCodes`, :class:`Conflicting`, or
    :class:`NotPossible` ``bad_level``, ``too_long``.
    """
    codes, text = sorted(set(codes)), clean(text)
    body_digest = digest_of(a, touchpoint, level, codes, text)
    if event_id and (first := Review.objects.filter(event_id=event_id).first()):
        return _same(first, body_digest, device)
    check(level, codes, text)
    if nth == 1 and not replaces:
        _must_be_open(a, touchpoint, device)
    now = instant.now()
    asked = Prompt.objects.filter(number=a.number, touchpoint=touchpoint).order_by("-id").first()
    counter_id, served_by = (asked.counter_id, asked.clerk) if asked else _served(a, touchpoint)
    try:
        with transaction.atomic():
            row = Review.objects.create(
                number=a.number,
                touchpoint=touchpoint,
                level=level,
                codes=codes,
                text=text,
                channel=channel,
                event_id=event_id or uuid.uuid4().hex,
                body_digest=body_digest,
                device=device,
                counter_id=counter_id,
                hall_id=a.hall_id,
                office_id=a.office_id,
                item_code=a.item.code,
                clerk=clerk or served_by,
                at=now,
                said_at=min(said_at or now, now),
                nth=nth,
                replaces=replaces,
                assisted_by=by.username if assisted_why and isinstance(by, Person) else "",
                assisted_why=assisted_why,
                asked_at=(asked.shown_at or asked.created_at) if asked and device else None,
                was_touched=asked.touched_at is not None if asked and device else None,
                shown_order=shown_order if device else "",
                origin=origin,
            )
            _put_right(a, row, by)
            inviting.answered(a.number, touchpoint)
            province.expect(row)
    except IntegrityError as twice:  # two answers at once: the first one counts
        if event_id and (first := Review.objects.filter(event_id=event_id).first()):
            return _same(first, body_digest, device)
        raise AlreadyReviewed from twice
    Prompt.objects.filter(number=a.number, touchpoint=touchpoint, state__in=OPEN).update(
        state=PromptState.ANSWERED
    )
    return row


def _put_right(a: Application, r: Review, by: By | None) -> None:
    """差评整改 — one or two stars, or words of complaint, open their issue in the transaction of the review itself: whatever
    breaks off in between, there is no bad review without one (国办发〔2019〕51号)."""
    words = similar.complaint(r.text)
    if r.is_default or (r.level > Level.BAD and not words):
        return
    # changed from one low mark to another, or said a second time: one issue takes care of the touchpoint while it can
    again = r.replaces_id is not None or r.nth > 1
    before = opening.of_touchpoint(a.number, touchpoint=r.touchpoint) if again else None
    if before is not None and opening.said_again(before, r.text):
        return
    new = opening.open_for_review(
        a,
        touchpoint=r.touchpoint,
        level=r.level,
        text=r.text,
        codes=list(r.codes),
        clerk=r.clerk,
        counter_id=r.counter_id,
        by=by or opening.CITIZEN,
        facts=facts.known(a, r.at) | {"complaint": words},
        nth=1 if before is None else opening.next_nth(a.number, touchpoint=r.touchpoint),
    )
    if before is not None:
        opening.follow_up(new, before)


def digest_of(a: Application, touchpoint: str, level: int, codes: Sequence[str], text: str) -> str:
    """What an answer says, as a digest: the same answer sent twice has the same."""
    body = chain.canonical([a.number, touchpoint, level, codes, text])
    return hashlib.sha256(body.encode()).hexdigest()


def check(level: int, codes: Sequence[str], text: str) -> None:
    """One of the five levels, reasons of that level, a text of bearable length; raises else."""
    if level not in Level.values:
        raise NotPossible("bad_level", _("Choose one of the five levels."))
    known = Indicator.objects.published().filter(level=level).values_list("code", flat=True)
    if foreign := sorted(set(codes) - set(known)):
        raise BadCodes(foreign)
    if len(text) > LONGEST:
        raise NotPossible("too_long", _("Please keep to 500 characters."))


def _must_be_open(a: Application, touchpoint: str, device: Device | None) -> None:
    given = Review.objects.filter(number=a.number, touchpoint=touchpoint)
    if given.exists():
        raise AlreadyReviewed
    if device is None and touchpoint not in rateable(a):
        if given.exists():  # given by someone else between the two questions
            raise AlreadyReviewed
        raise NotOpenForReview


def _same(first: Review, body_digest: str, device: Device | None) -> Review:
    """The first answer again if the repeated one says the same; what says something else is put aside."""
    if first.body_digest == body_digest:
        return first
    if device:
        Conflict.objects.get_or_create(
            device=device, event_id=first.event_id, body_digest=body_digest, defaults={"at": instant.now()}
        )
    raise Conflicting


def _served(a: Application, touchpoint: str) -> tuple[int | None, str]:
    """At which window and by whom the person was served, by the case's event."""
    kind = "application.accept" if touchpoint == Touchpoint.ACCEPTED else "application.deliver"
    event = Event.objects.of(a.number).filter(kind=kind).last()
    return a.counter_id, event.by if event else ""
