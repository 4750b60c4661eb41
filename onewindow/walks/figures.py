"""What a walk met against what the guide promises, two walks side by side, and which items nobody has walked yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.figures import Row, figure
from onewindow.catalog.models import Item
from onewindow.issues.models import FAMILIES, Issue
from onewindow.org.models import Office, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.walks.models import STATES, Obstacle, Stage, Walk

#: a walk older than this says little about the item of today
COVERS = dt.timedelta(days=365)


@dataclass(frozen=True)
class Paper:
    """A paper: in the guide, really asked for, or both."""

    no: int
    name: str
    in_guide: bool
    was_asked: bool

    @property
    def is_beyond(self) -> bool:
        return self.was_asked and not self.in_guide


@dataclass(frozen=True)
class Met:
    """What one walk met. ``minutes``: stage → minutes; ``guide_trips``: visits that the guide promises."""

    walk: Walk
    minutes: Mapping[str, int]
    papers: Sequence[Paper]
    obstacles: Sequence[tuple[Obstacle, Issue | None]]
    guide_trips: int

    @property
    def total(self) -> int:
        return sum(self.minutes.values())

    @property
    def asked(self) -> int:
        return sum(p.was_asked for p in self.papers)

    @property
    def beyond(self) -> int:
        return sum(p.is_beyond for p in self.papers)

    @property
    def is_further(self) -> bool:
        """More trips than the guide promises."""
        return self.walk.trip_count > self.guide_trips

    @property
    def put_right(self) -> int:
        """Obstacles that are gone by a reporter's own word; of a joined one that of the issue that went on."""
        return sum(1 for _o, i in self.obstacles if i and (i.merged_into or i).outcome in FAMILIES["solved"])

    @property
    def is_passed(self) -> bool:
        """复走通过 — nothing stood in the way, nothing was asked beyond the guide, no trip more than promised."""
        return bool(self.walk.finished_at) and not self.obstacles and not self.beyond and not self.is_further


def met(walk: Walk, person: Person) -> Met:
    """Reads one walk; four queries. Issues that the person may not see stay out."""
    now = instant.now()
    minutes: dict[str, int] = {}
    for leg in walk.legs.all():
        minutes[leg.stage] = minutes.get(leg.stage, 0) + leg.minutes(now)
    version = walk.version or walk.item.current
    asked = list(walk.asked.all())
    ticked = {a.no for a in asked if a.no}
    papers = [Paper(m.no, local(m), True, m.no in ticked) for m in version.materials.all()] if version else []
    papers += [Paper(0, a.label, False, True) for a in asked if not a.no]
    obstacles = list(walk.obstacles.all())
    found = Issue.objects.seen_by(person).filter(number__in=[o.issue for o in obstacles])
    found = found.select_related("merged_into")
    by_number = {i.number: i for i in found}
    trips = version.visit_count or 0 if version else 0
    return Met(walk, minutes, papers, [(o, by_number.get(o.issue)) for o in obstacles], trips)


@dataclass(frozen=True)
class Line:
    """One stage in two walks; ``None`` where a walk did not come through it."""

    stage: str
    before: int | None
    after: int | None

    @property
    def difference(self) -> int | None:
        return None if self.before is None or self.after is None else self.after - self.before


def side_by_side(before: Met, after: Met) -> list[Line]:
    """The stages of both walks in their order."""
    both = [s for s in Stage if s in before.minutes or s in after.minutes]
    return [Line(str(s.label), before.minutes.get(s), after.minutes.get(s)) for s in both]


def find(person: Person, asked: Mapping[str, Any]) -> QuerySet[Walk]:
    """The walks that were asked for, the latest day first, within what the person may see."""
    found = Walk.objects.seen_by(person).with_facts()
    if state := asked.get("state"):
        found = found.filter(STATES[state])
    for name, column in (("mode", "mode"), ("office", "item__office__code"), ("walker", "walker__username")):
        if name in asked:
            found = found.filter(**{column: asked[name]})
    if text := asked.get("q"):
        found = found.filter(Q(item__name__icontains=text) | Q(item__code__iexact=text))
    if "since" in asked:
        found = found.filter(planned_on__gte=asked["since"])
    if "until" in asked:
        found = found.filter(planned_on__lte=asked["until"])
    troubles = Count("obstacles", distinct=True)
    return found.annotate(trouble_count=troubles).order_by("-planned_on", "-id")


@dataclass(frozen=True)
class Covered:
    """覆盖面 — one department: how many of its items somebody has walked within a year, and which nobody has."""

    office: Office
    items: int
    walked: int
    missing: Sequence[Item]

    @property
    def share(self) -> float:
        return self.walked / self.items if self.items else 0.0


def coverage(person: Person) -> list[Covered]:
    """Department by department, the least walked first; two queries. A department reads of itself alone: of what was found with
    others it knows nothing, and would take it for not walked."""
    since = instant.now() - COVERS
    ended = Walk.objects.seen_by(person).finished().filter(finished_at__gte=since)
    walked = set(ended.order_by().values_list("item_id", flat=True))
    rows: dict[int, tuple[Office, list[Item], list[Item]]] = {}
    items = Item.objects.published().select_related("office").order_by("-is_hot", "code")
    own = person.offices_as(Role.APPROVER, Role.HEAD)
    if own and not person.has_role(Role.BUREAU, Role.LEADER):
        items = items.filter(office_id__in=own)
    for item in items:
        row = rows.setdefault(item.office_id, (item.office, [], []))
        row[1 if item.pk in walked else 2].append(item)
    found = [Covered(o, len(yes) + len(no), len(yes), no) for o, yes, no in rows.values()]
    return sorted(found, key=lambda c: (c.share, c.office.code))


@dataclass(frozen=True)
class Sums:
    walks: int
    walkers: int
    items: int
    obstacles: int
    solved: int
    open: int
    repeats: int
    passed: int


def sums(person: Person, start: dt.datetime, end: dt.datetime) -> Sums:
    """What came of the walks that ended in a period: obstacles and, apart, those solved by the walker's own word."""
    ended = Walk.objects.seen_by(person).finished().filter(finished_at__gte=start, finished_at__lt=end)
    rows = list(ended.order_by().values_list("pk", "walker_id", "item_id", "follows_id"))
    numbers = list(Obstacle.objects.filter(walk__in=[r[0] for r in rows]).values_list("issue", flat=True))
    issues = Issue.objects.seen_by(person).filter(number__in=numbers)
    solved = Q(outcome__in=FAMILIES["solved"]) | Q(merged_into__outcome__in=FAMILIES["solved"])
    still = Q(closed_at__isnull=True) | Q(merged_into__isnull=False, merged_into__closed_at__isnull=True)
    counts = issues.aggregate(solved=Count("pk", filter=solved), open=Count("pk", filter=still))
    again = list(ended.filter(follows__isnull=False).with_facts().prefetch_related(*PARTS))
    return Sums(
        walks=len(rows),
        walkers=len({r[1] for r in rows}),
        items=len({r[2] for r in rows}),
        obstacles=len(numbers),
        solved=counts["solved"],
        open=counts["open"],
        repeats=len(again),
        passed=sum(_clean(w) for w in again),
    )


PARTS = ("obstacles", "version__materials", Prefetch("asked"))


def _clean(walk: Walk) -> bool:
    promised = walk.version.visit_count or 0 if walk.version else 0
    beyond = any(not a.no for a in walk.asked.all())
    return not walk.obstacles.all() and not beyond and walk.trip_count <= promised


def period(days: int = 90) -> tuple[dt.datetime, dt.datetime]:
    """The last so many days, today included."""
    now = instant.now()
    first = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(
        days=days - 1
    )
    return first, now + dt.timedelta(seconds=1)


def _count(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
    ended = Walk.objects.seen_by(person).finished().filter(finished_at__gte=start, finished_at__lt=end)
    if by != "office":
        return [Row("", "", ended.count())]
    rows = ended.order_by().values_list("item__office").annotate(n=Count("pk"))
    offices = {o.pk: o for o in Office.objects.filter(pk__in=[r[0] for r in rows])}
    found = [Row(offices[pk].code, local(offices[pk]), n) for pk, n in rows]
    return sorted(found, key=lambda r: r.code)


figure("walks", _("Walks"), _("walks of leaders that ended in the period"), _count)
