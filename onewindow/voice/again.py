"""追评、改评、代录: a change within the day, a second review, and verdicts that reach us by telephone or text message.

A change is a further row; the first one stays, is shown to the bureau and goes into every export. So nobody gains by talking
a person out of a low mark: both can be seen (promise A4).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rules import By
from onewindow.org.models import Person, number
from onewindow.org.sealed import digest
from onewindow.voice import rules
from onewindow.voice.actions import NotPossible, clean, rateable, review
from onewindow.voice.models import Level, Review, ReviewChannel, Touchpoint
from onewindow.window.models import Application


class TooLate(NotPossible):
    """A review can be changed for a day, and followed by a second one for some more."""

    def __init__(self) -> None:
        super().__init__(
            "too_late", _("This review cannot be changed any more. You may still add a second one.")
        )


@dataclass(frozen=True)
class Standing:
    """What was said about one touchpoint: the review as it stands, until when it may be changed, the second one."""

    touchpoint: Touchpoint
    review: Review
    change_until: dt.datetime
    second: Review | None
    second_until: dt.datetime

    @property
    def can_change(self) -> bool:
        return self.second is None and instant.now() <= self.change_until

    @property
    def can_add(self) -> bool:
        """A second review follows when the first can't be changed any more: until then people simply change it."""
        return self.second is None and self.change_until < instant.now() <= self.second_until


def said(a: Application) -> list[Standing]:
    """What was said about an application, newest touchpoint first. One query."""
    rows = list(Review.objects.active().filter(number=a.number).order_by("id"))
    found = []
    for touchpoint in reversed(Touchpoint):
        mine = [r for r in rows if r.touchpoint == touchpoint]
        if not mine:
            continue
        first = mine[0]
        found.append(
            Standing(
                touchpoint,
                review=[r for r in mine if r.nth == 1][-1],
                change_until=first.at + dt.timedelta(hours=number("review_change_hours")),
                second=next((r for r in mine if r.nth == 2), None),
                second_until=first.at + dt.timedelta(days=number("review_window_days")),
            )
        )
    return found


def _standing(a: Application, touchpoint: str) -> Standing:
    found = next((s for s in said(a) if s.touchpoint == touchpoint), None)
    if found is None:
        raise NotPossible("nothing_said", _("Nothing has been said about this yet."))
    return found


def change(
    a: Application,
    touchpoint: str,
    *,
    level: int,
    codes: Sequence[str] = (),
    text: str = "",
    channel: int = ReviewChannel.MOBILE,
    origin: str = "",
) -> Review:
    """改评 — the person thinks better of it within 24 hours. Only by the applicant's own link or account: no page of ours and
    no device offers it to anybody else. Raises :class:`TooLate` and what ``review`` raises."""
    standing = _standing(a, touchpoint)
    if not standing.can_change:
        raise TooLate
    was = standing.review
    if (was.level, was.codes, was.text) == (level, sorted(set(codes)), clean(text)):
        return was
    return review(
        a, touchpoint, level=level, codes=codes, text=text, channel=channel, origin=origin, replaces=was
    )


def add(
    a: Application,
    touchpoint: str,
    *,
    level: int,
    codes: Sequence[str] = (),
    text: str = "",
    channel: int = ReviewChannel.MOBILE,
    origin: str = "",
) -> Review:
    """追评 — a second review, once, when the first cannot be changed any more (assessNumber 2 of the upward report). It is shown
    beside the first and told apart: a share counts each voice once. Raises :class:`TooLate` and what ``review`` raises."""
    standing = _standing(a, touchpoint)
    if not standing.can_add:
        raise TooLate
    return review(a, touchpoint, level=level, codes=codes, text=text, channel=channel, origin=origin, nth=2)


def enter(
    a: Application,
    touchpoint: str,
    *,
    by: Person,
    level: int,
    codes: Sequence[str] = (),
    text: str = "",
    channel: int = ReviewChannel.HOTLINE,
    why: str = "",
    event_id: str = "",
) -> Review:
    """代录 — somebody tells it by telephone or at the service desk, and one of ours types it in: with the reason why the person
    doesn't do it alone, marked, and outside every score of staff. Never by the clerk, department or hall that is judged."""
    if not rules.may_enter(by, a):
        raise PermissionDenied
    if not (why := clean(why)):
        raise NotPossible("no_reason", _("Say why the person does not rate alone."))
    return review(
        a, touchpoint, by=by, level=level, codes=codes, text=text, channel=channel, assisted_why=why[:200],
        event_id=event_id,
    )  # fmt: skip


#: What people text back: a digit first, or one of the words that we printed; longest words first.
WORDS = {
    "非常不满意": 1, "非常满意": 5, "基本满意": 3, "不满意": 2, "满意": 4,
    "very dissatisfied": 1, "very satisfied": 5, "fairly satisfied": 3, "dissatisfied": 2, "satisfied": 4,
}  # fmt: skip
DIGIT = re.compile(r"\s*([1-5])(?![0-9])[\s,.;:，。；：、分星]*(.*)\Z", re.S)
WIDE = str.maketrans("１２３４５", "12345")


def read(text: str) -> tuple[Level, str] | None:
    """The level and the words of a text message; None if it says no level. 5 is the best, as printed in the invitation."""
    text = clean(text).translate(WIDE)
    if found := DIGIT.match(text):
        return Level(int(found[1])), found[2].strip()
    for word, level in WORDS.items():
        if text.lower().startswith(word):
            return Level(level), text[len(word) :].lstrip(" ,.;:!，。；：、！").strip()
    return None


def by_text(mobile: str, text: str, *, event_id: str, by: By) -> Review:
    """短信评价 — an answer to our text message: belongs to the newest touchpoint of the sender that is still open. Sent twice by
    the network (same ``event_id``) it is one review. Raises :class:`NotPossible` ``not_read``, ``nothing_open``."""
    event_id = hashlib.sha256(f"sms|{event_id}".encode()).hexdigest()[
        :40
    ]  # opaque: it stands in addresses of ours
    if first := Review.objects.filter(event_id=event_id).first():
        return first
    if (found := read(text)) is None:
        raise NotPossible(
            "not_read", _("Answer with one digit from 5 (very satisfied) to 1, then your words.")
        )
    level, words = found
    recent = Application.objects.filter(mobile_digest=digest(mobile)).with_facts().order_by("-opened_at")
    for a in recent[:20]:
        if touchpoints := rateable(a):
            return review(
                a, touchpoints[-1], level=level, text=words[:500], channel=ReviewChannel.SMS, event_id=event_id, by=by
            )  # fmt: skip
    raise NotPossible("nothing_open", _("There is nothing that you can rate now."))
