"""日封存: every night the root over all reviews and device events of the day goes into a log that nothing is taken out of.

Whoever has a review's number can prove that it was there, and anybody can see that a day was not changed afterwards. A leaf
holds no words, only digests of them: a text may be erased one day and the root still be proved.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.chain import canonical
from onewindow.cases.rounds import every_turn
from onewindow.org.calendar import ZONE
from onewindow.voice import merkle
from onewindow.voice.device_models import DayRoot, DeviceEvent
from onewindow.voice.models import Review

ZERO = "0" * 64
#: A day is sealed from this hour of the next one on: what began before midnight has been committed by then.
HOUR = 1
REVIEW = (
    "event_id", "number", "touchpoint", "nth", "body_digest", "channel", "is_default", "shown_order", "at", "said_at",
    "replaces__event_id", "device__code",
)  # fmt: skip
EVENT = ("device__code", "chain__key", "seq", "event_id", "hash", "result", "reason", "received_at")


def _said(value: Any) -> Any:
    """An instant as both databases give it alike."""
    return (
        value.astimezone(dt.UTC).isoformat(timespec="microseconds")
        if isinstance(value, dt.datetime)
        else value
    )


def form(kind: str, names: tuple[str, ...], row: tuple[Any, ...]) -> str:
    """What is hashed of a row: canonical JSON of its lasting facts. ``body_digest`` and ``hash`` cover what was said."""
    return canonical({"kind": kind} | {n: _said(v) for n, v in zip(names, row, strict=True)})


def _rows(kind: str, rows: Any, names: tuple[str, ...]) -> Iterator[bytes]:
    for row in rows.order_by("pk").values_list(*names).iterator(chunk_size=2000):
        yield merkle.leaf(form(kind, names, row).encode())


def _span(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    start = dt.datetime.combine(day, dt.time(), ZONE)
    return start, dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZONE)


def leaves(day: dt.date) -> tuple[list[bytes], list[bytes]]:
    """Hashed leaves of the reviews and of the device events that came in on a day, each in the order of their keys."""
    since, until = _span(day)
    reviews = Review.objects.filter(at__gte=since, at__lt=until)
    events = DeviceEvent.objects.filter(received_at__gte=since, received_at__lt=until)
    return list(_rows("review", reviews, REVIEW)), list(_rows("event", events, EVENT))


def link(before: str, day: dt.date, reviews: int, events: int, root: str) -> str:
    """What chains a day to the one before it: nothing can be left out, or put in between."""
    said = canonical({"day": day.isoformat(), "events": events, "reviews": reviews, "root": root})
    return hashlib.sha256((before + said).encode()).hexdigest()


def seal(day: dt.date) -> DayRoot | None:
    """Writes a day down; None if another process was faster."""
    reviews, events = leaves(day)
    last = DayRoot.objects.order_by("-day").first()
    root = merkle.root(reviews + events)
    chained = link(last.link if last else ZERO, day, len(reviews), len(events), root)
    try:
        with transaction.atomic():
            return DayRoot.objects.create(
                day=day,
                reviews=len(reviews),
                events=len(events),
                root=root,
                link=chained,
                made_at=instant.now(),
            )
    except IntegrityError:
        return None


def due(now: dt.datetime) -> list[dt.date]:
    """The days that are over and not yet sealed, without a gap; also those on which nothing was said."""
    here = now.astimezone(ZONE)
    last = here.date() - dt.timedelta(days=1 if here.hour >= HOUR else 2)
    sealed = DayRoot.objects.order_by("-day").values_list("day", flat=True).first()
    if sealed is not None:
        first = sealed + dt.timedelta(days=1)
    else:
        begun = [
            Review.objects.order_by("at").values_list("at", flat=True).first(),
            DeviceEvent.objects.order_by("received_at").values_list("received_at", flat=True).first(),
        ]
        if not any(begun):
            return []
        first = timezone.localdate(min(at for at in begun if at), ZONE)
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


_done: dt.date | None = None


@every_turn
def seal_what_is_over(limit: int) -> int:
    """Once a day, after one in the morning; what was missed while nothing ran is made up for, a few days a turn."""
    global _done
    now = instant.now().astimezone(ZONE)
    if now.hour < HOUR or _done == now.date():
        return 0
    days = due(now)
    for day in days[:5]:
        seal(day)
    if len(days) <= 5:
        _done = now.date()
    return min(len(days), 5)


# -- proof --


@dataclass(frozen=True)
class Fault:
    """What does not hold of a sealed day."""

    day: dt.date
    fault: str


@dataclass
class Proof:
    """``broken`` is empty if every day still is what it was."""

    days: int
    rows: int
    broken: list[Fault]


def prove() -> Proof:
    """Reads every sealed day anew, with all its reviews and events, a day at a time."""
    proof, before = Proof(0, 0, []), None
    for row in DayRoot.objects.order_by("day").iterator():
        proof.days += 1
        proof.rows += row.reviews + row.events
        proof.broken += [Fault(row.day, fault) for fault in _faults(row, before)]
        before = row
    return proof


def _faults(row: DayRoot, before: DayRoot | None) -> Iterator[str]:
    if before is not None and row.day != before.day + dt.timedelta(days=1):
        yield "does not follow the day before it"
    if link(before.link if before else ZERO, row.day, row.reviews, row.events, row.root) != row.link:
        yield "changed: its line in the log does not have its hash"
    reviews, events = leaves(row.day)
    for name, then, now in (("reviews", row.reviews, len(reviews)), ("events", row.events, len(events))):
        if then != now:
            yield f"{then} {name} when it was sealed, {now} now"
    if merkle.root(reviews + events) != row.root:
        yield "changed: its reviews and events do not have its root"


@dataclass(frozen=True)
class Inclusion:
    """That a review is in the root of its day: the leaf, its place, and the hashes beside its way up. ``holds`` is worked
    out from these alone, as anybody can."""

    key: str
    day: dt.date
    leaf: str
    index: int
    size: int
    path: tuple[str, ...]
    root: str

    @property
    def holds(self) -> bool:
        return merkle.root_of(self.leaf, self.index, self.size, self.path) == self.root


def find(key: str) -> Inclusion | Review | None:
    """The proof for the review with this number; the review itself if its day is not sealed yet; None if there is none.

    What the leaf was made of is not told: whoever only knows the number (the reviewed department does) must not learn from
    it whose case it was (国办发〔2019〕51号)."""
    review = Review.objects.filter(event_id=key).first()
    if review is None:
        return None
    day = timezone.localdate(review.at, ZONE)
    sealed = DayRoot.objects.filter(day=day).first()
    if sealed is None:
        return review
    reviews, events = leaves(day)
    since, _until = _span(day)
    index = Review.objects.filter(at__gte=since, at__lt=_until, pk__lt=review.pk).count()
    said = form("review", REVIEW, Review.objects.filter(pk=review.pk).values_list(*REVIEW).get())
    every = reviews + events
    return Inclusion(
        key,
        day,
        merkle.leaf(said.encode()).hex(),
        index,
        len(every),
        tuple(merkle.path(every, index)),
        sealed.root,
    )
