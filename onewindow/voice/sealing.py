"""日封存: every night the root over all reviews, device events and verdicts on tickets and halls of the day goes into a log that
nothing is taken out of.

Whoever has a review's number can prove that it was there, and anybody can see that a day was not changed afterwards. A leaf
holds no words, only digests of them: a text may be erased one day and the root still be proved.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.chain import canonical
from onewindow.cases.rounds import every_turn
from onewindow.org.calendar import ZONE
from onewindow.org.kept import Note
from onewindow.voice import merkle
from onewindow.voice.device_models import DayRoot, DeviceEvent, HallVerdict
from onewindow.voice.models import Review
from onewindow.voice.visit_models import VisitVerdict

ZERO = "0" * 64
#: A day is sealed from this hour of the next one on: what began before midnight has been committed by then.
HOUR = 1
REVIEW = (
    "event_id", "number", "touchpoint", "nth", "body_digest", "channel", "is_default", "shown_order", "at", "said_at",
    "replaces__event_id", "device__code",
)  # fmt: skip
EVENT = ("device__code", "chain__key", "seq", "event_id", "hash", "result", "reason", "received_at")
VISIT = (
    "event_id", "ticket", "hall_id", "counter_id", "outcome", "body_digest", "channel", "at", "said_at", "replaces__event_id",
    "device__code",
)  # fmt: skip
#: The words of a stand are in the digest of its event.
STAND = (
    "event_id",
    "device__code",
    "hall_id",
    "place",
    "level",
    "codes",
    "is_surplus",
    "shown_order",
    "at",
    "said_at",
)


@dataclass(frozen=True)
class Part:
    """One kind of row in a day, in the order in which its leaves follow each other. ``kind`` goes into what is hashed, so that a
    row of one kind never passes for one of another; ``at`` is when it came in, by the server's clock."""

    kind: str
    count: str
    model: type[models.Model]
    names: tuple[str, ...]
    at: str

    def rows(self, day: dt.date) -> models.QuerySet[Any]:
        since, until = _span(day)
        return self.model._default_manager.filter(**{f"{self.at}__gte": since, f"{self.at}__lt": until})


#: What days hold by the scheme they were sealed by. A scheme is never changed: what it sealed is proved by it for ever.
SCHEMES: dict[int, tuple[Part, ...]] = {
    1: (
        Part("review", "reviews", Review, REVIEW, "at"),
        Part("event", "events", DeviceEvent, EVENT, "received_at"),
    )
}
SCHEMES[2] = (
    *SCHEMES[1],
    Part("visit", "visits", VisitVerdict, VISIT, "at"),
    Part("stand", "stands", HallVerdict, STAND, "at"),
)
#: By which days are sealed now.
SCHEME = 2


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


def leaves(day: dt.date, scheme: int = SCHEME) -> dict[str, list[bytes]]:
    """Hashed leaves of what came in on a day, each kind in the order of its keys."""
    return {p.count: list(_rows(p.kind, p.rows(day), p.names)) for p in SCHEMES[scheme]}


def _joined(found: dict[str, list[bytes]]) -> list[bytes]:
    return [leaf for kind in found.values() for leaf in kind]


def link(before: str, day: dt.date, counts: dict[str, int], root: str, scheme: int = SCHEME) -> str:
    """What chains a day to the one before it: nothing can be left out, or put in between. Scheme 1 did not name itself."""
    facts: dict[str, Any] = {"day": day.isoformat(), "root": root} | counts
    said = canonical(facts if scheme == 1 else facts | {"scheme": scheme})
    return hashlib.sha256((before + said).encode()).hexdigest()


def seal(day: dt.date) -> DayRoot | None:
    """Writes a day down; None if another process was faster."""
    found = leaves(day)
    counts = {name: len(rows) for name, rows in found.items()}
    last = DayRoot.objects.order_by("-day").first()
    root = merkle.root(_joined(found))
    chained = link(last.link if last else ZERO, day, counts, root)
    try:
        with transaction.atomic():
            return DayRoot.objects.create(
                day=day, scheme=SCHEME, root=root, link=chained, made_at=instant.now(), **counts
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
            p.model._default_manager.order_by(p.at).values_list(p.at, flat=True).first()
            for p in SCHEMES[SCHEME]
        ]
        if not any(begun):
            return []
        first = timezone.localdate(min(at for at in begun if at), ZONE)
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


_done: Note[dt.date] = Note()


@every_turn
def seal_what_is_over(limit: int) -> int:
    """Once a day, after one in the morning; what was missed while nothing ran is made up for, a few days a turn."""
    now = instant.now().astimezone(ZONE)
    if now.hour < HOUR or _done.value == now.date():
        return 0
    days = due(now)
    for day in days[:5]:
        seal(day)
    if len(days) <= 5:
        _done.value = now.date()
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
    """Reads every sealed day anew, with all that it holds, a day at a time."""
    proof, before = Proof(0, 0, []), None
    for row in DayRoot.objects.order_by("day").iterator():
        proof.days += 1
        proof.rows += sum(_counts(row).values())
        proof.broken += [Fault(row.day, fault) for fault in _faults(row, before)]
        before = row
    return proof


def _counts(row: DayRoot) -> dict[str, int]:
    return {p.count: getattr(row, p.count) for p in SCHEMES.get(row.scheme, SCHEMES[SCHEME])}


def _faults(row: DayRoot, before: DayRoot | None) -> Iterator[str]:
    if before is not None and row.day != before.day + dt.timedelta(days=1):
        yield "does not follow the day before it"
    if row.scheme not in SCHEMES or (before is not None and row.scheme < before.scheme):
        yield f"says that it was sealed by scheme {row.scheme}, which cannot be"
        return
    counts = _counts(row)
    if link(before.link if before else ZERO, row.day, counts, row.root, row.scheme) != row.link:
        yield "changed: its line in the log does not have its hash"
    found = leaves(row.day, row.scheme)
    for name, then in counts.items():
        if then != (now := len(found[name])):
            yield f"{then} {name} when it was sealed, {now} now"
    if merkle.root(_joined(found)) != row.root:
        yield "changed: its rows do not have its root"


class Unsealed(Enum):
    """Why something that was said has no proof: its day is sealed in the night after; or was, by a scheme without its kind."""

    YET = "yet"
    BEFORE = "before"


@dataclass(frozen=True)
class Inclusion:
    """That a review or another verdict is in the root of its day: the leaf, its place, and the hashes beside its way up.
    ``holds`` is worked out from these alone, as anybody can."""

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


def find(key: str) -> Inclusion | Unsealed | None:
    """The proof for what was said under this number (a review, a verdict on a ticket or a hall); why there is none; None if
    nothing has it.

    What the leaf was made of is not told: whoever only knows the number (the reviewed department does) must not learn from
    it whose case it was (国办发〔2019〕51号)."""
    for part in SCHEMES[SCHEME]:
        if part.model is not DeviceEvent and (
            row := part.model._default_manager.filter(event_id=key).values("pk", "at").first()
        ):
            return _proof_of(key, part, row["pk"], timezone.localdate(row["at"], ZONE))
    return None


def _proof_of(key: str, part: Part, pk: int, day: dt.date) -> Inclusion | Unsealed:
    sealed = DayRoot.objects.filter(day=day).first()
    if sealed is None:
        return Unsealed.YET
    parts = SCHEMES[sealed.scheme]
    if part not in parts:
        return Unsealed.BEFORE
    found = leaves(day, sealed.scheme)
    index = part.rows(day).filter(pk__lt=pk).count()
    index += sum(len(found[p.count]) for p in parts[: parts.index(part)])
    said = form(part.kind, part.names, part.model._default_manager.values_list(*part.names).get(pk=pk))
    every = _joined(found)
    return Inclusion(
        key,
        day,
        merkle.leaf(said.encode()).hex(),
        index,
        len(every),
        tuple(merkle.path(every, index)),
        sealed.root,
    )
