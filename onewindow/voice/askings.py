"""邀评漏斗: who was asked how it was, where, and what came of it, by hall and way; each number counts occasions."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Bag
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Subquery

from onewindow.org.models import Hall, Person
from onewindow.voice.invitation_models import Invitation, InvitationState, Place
from onewindow.voice.models import Prompt, PromptState, Review, ReviewChannel

#: In the order in which they happen: put on a device, shown there, answered or skipped there; asked by message, once more,
#: opened, answered from it; answered any other way; and who could not or would not be asked.
STEPS = (
    "n", "put", "shown", "device", "skipped", "asked", "again", "opened", "message", "other", "no_way", "stopped",
    "crowded", "waiting",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One hall and way of handling, or all of them (``hall`` and ``place`` empty)."""

    hall: Hall | None
    place: Place | None
    sums: Bag[str]

    def of(self, name: str) -> int:
        return self.sums[name]

    @property
    def answered(self) -> int:
        return self.of("device") + self.of("message") + self.of("other")

    @property
    def silent(self) -> int:
        """Nothing was said, whoever asked: never counted as content."""
        return self.of("n") - self.answered


def _counts(row: dict[str, Any]) -> Iterator[str]:
    yield "n"
    for name in ("put", "shown", "opened"):
        if row[name]:
            yield name
    if row["asked"]:
        yield "asked"
    if row["asked"] == 2:
        yield "again"
    channel = row["channel"]
    if channel is not None:
        device = channel == ReviewChannel.TABLET
        yield "device" if device else "message" if channel == ReviewChannel.SMS and row["asked"] else "other"
    elif row["skipped"]:
        yield "skipped"
    if row["state"] in (S.NO_WAY, S.STOPPED, S.CROWDED, S.WAITING):
        yield row["state"]


S = InvitationState


def lines(person: Person, start: dt.datetime, end: dt.datetime) -> tuple[Sequence[Line], Line]:
    """Of the occasions between the two instants that the person may see; and all of them together. Two queries."""
    here = {"number": OuterRef("number"), "touchpoint": OuterRef("touchpoint")}
    prompts = Prompt.objects.filter(**here).order_by()
    first = Review.objects.active().filter(**here, nth=1, replaces__isnull=True).order_by()
    rows = (
        Invitation.objects.seen_by(person)
        .filter(reached_at__gte=start, reached_at__lt=end)
        .order_by()
        .annotate(
            put=Exists(prompts),
            shown=Exists(prompts.filter(shown_at__isnull=False)),
            skipped=Exists(prompts.filter(state=PromptState.DECLINED)),
            opened=Q(opened_at__isnull=False),
            channel=Subquery(first.values("channel")[:1]),
        )
        .values("hall", "place", "state", "asked", "put", "shown", "skipped", "opened", "channel")
        .annotate(k=Count("pk"))
    )
    found: dict[tuple[int | None, str], Bag[str]] = {}
    whole: Bag[str] = Bag()
    for row in rows:
        bag = found.setdefault((row["hall"], row["place"]), Bag())
        for name in _counts(row):
            bag[name] += row["k"]
            whole[name] += row["k"]
    halls = Hall.objects.in_bulk({hall for hall, _place in found if hall is not None})
    order = list(Place)
    made = [Line(halls.get(hall or 0), Place(place), bag) for (hall, place), bag in found.items()]
    made.sort(
        key=lambda x: (x.hall is None, x.hall.code if x.hall else "", order.index(x.place or Place.COUNTER))
    )
    return made, Line(None, None, whole)
