"""Planning a walk, writing it down as it goes, and opening an issue for each obstacle in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _

from onewindow.cases import instant, numbers
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.rules import Reason
from onewindow.catalog.models import Item
from onewindow.issues.opening import open_issue
from onewindow.org.models import Hall, Person
from onewindow.walks import rules
from onewindow.walks.models import STATES, Asked, Leg, Mode, Obstacle, Stage, State, Walk

MOST_TRIPS = 50
#: how long a tap on a wrong stage can be taken back
MISTAKEN = dt.timedelta(minutes=10)


def _or_refuse(reason: Reason | None) -> None:
    if reason:
        raise StepRefused(reason)


def plan(
    item: Item,
    *,
    by: Person,
    walker: Person,
    mode: str,
    on: dt.date,
    hall: Hall | None = None,
    follows: Walk | None = None,
) -> Walk:
    """计划走流程 — who goes which way on which day. Only the walker and those who plan learn of it before it is over.

    Raises :class:`StepRefused` (``not_yours``, ``not_a_leader``, ``no_hall``).
    """
    _or_refuse(rules.why_not_plan(by, walker) if follows is None else rules.why_not_repeat(follows, by))
    if mode != Mode.ONLINE and hall is None:
        raise StepRefused(Reason("no_hall", _("Choose the hall, or walk online.")))
    return Walk.objects.create(
        number=numbers.new(Walk.PREFIX), walker=walker, item=item, mode=mode, planned_on=on, planned_by=by,
        planned_at=instant.now(), hall=None if mode == Mode.ONLINE else hall, follows=follows,
    )  # fmt: skip


def begin(walk: Walk, *, by: Person, stage: str = Stage.GUIDE) -> Walk:
    """出发 — from now on the stages are timed, and held against the guide that is in force today."""
    _or_refuse(rules.why_not_walk(walk, by, State.PLANNED))
    current = walk.item.current
    if current is None:
        raise StepRefused(Reason("not_offered", _("This item is not offered any more.")))
    now = instant.now()
    trips = 0 if walk.mode == Mode.ONLINE else 1
    with transaction.atomic():
        _change(walk, State.PLANNED, started_at=now, version_id=current.pk, trip_count=trips)
        Leg.objects.create(walk=walk, no=1, stage=stage, began_at=now)
    return walk


def step_on(walk: Walk, *, by: Person, stage: str) -> Leg:
    """下一环节 — the running stage ends and the next begins, both at the server's time."""
    _or_refuse(rules.why_not_walk(walk, by, State.UNDER_WAY))
    now = instant.now()
    running = walk.legs.filter(ended_at__isnull=True).first()
    if running and running.stage == stage:
        raise Stale
    try:
        with transaction.atomic():
            walk.legs.filter(ended_at__isnull=True).update(ended_at=now)
            no = (walk.legs.aggregate(last=Max("no"))["last"] or 0) + 1
            return Leg.objects.create(walk=walk, no=no, stage=stage, began_at=now)
    except IntegrityError as twice:
        raise Stale from twice


def mistaken(walk: Walk, now: dt.datetime) -> tuple[Leg, Leg] | None:
    """The stage that runs and the one before it, while a wrong tap can still be taken back."""
    last = list(walk.legs.order_by("-no")[:2])
    if len(last) < 2 or last[0].ended_at is not None or now - last[0].began_at > MISTAKEN:
        return None
    return last[0], last[1]


def step_back(walk: Walk, *, by: Person) -> Leg:
    """撤回误点 — the wrong button on a telephone: the stage before runs on as if it had never ended."""
    _or_refuse(rules.why_not_walk(walk, by, State.UNDER_WAY))
    with transaction.atomic():
        pair = mistaken(walk, instant.now())
        if pair is None:
            raise StepRefused(Reason("too_late", _("Only the last tap can be taken back, for ten minutes.")))
        running, before = pair
        if not Leg.objects.filter(pk=running.pk, ended_at__isnull=True).delete()[0]:
            raise Stale
        before.ended_at = None
        before.save(update_fields=["ended_at"])
    return before


def write_papers(walk: Walk, *, by: Person, nos: Iterable[int], beyond: Iterable[str] = ()) -> list[Asked]:
    """索要材料 — which papers were really asked for: ``nos`` of the guide, and by name those beyond it. Replaces what was
    ticked before, until the walk has ended."""
    _or_refuse(rules.why_not_walk(walk, by, State.UNDER_WAY))
    assert walk.version is not None
    of_guide = {m.no: m.name for m in walk.version.materials.all()}
    rows = [Asked(walk=walk, no=n, label=of_guide[n]) for n in sorted(set(nos)) if n in of_guide]
    rows += [
        Asked(walk=walk, no=0, label=name) for name in dict.fromkeys(n.strip()[:120] for n in beyond) if name
    ]
    with transaction.atomic():
        walk.asked.all().delete()
        return Asked.objects.bulk_create(rows)


def count_trip(walk: Walk, *, by: Person, trips: int) -> Walk:
    """跑动次数 — how often the walker had to come."""
    _or_refuse(rules.why_not_walk(walk, by, State.UNDER_WAY))
    if not 0 <= trips <= MOST_TRIPS:
        raise StepRefused(Reason("bad_trips", _("Between 0 and %(n)d trips.") % {"n": MOST_TRIPS}))
    _change(walk, State.UNDER_WAY, trip_count=trips)
    return walk


def meet(walk: Walk, *, by: Person, stage: str, kind: str, text: str, suggestion: str = "") -> Obstacle:
    """记录堵点 — an obstacle, and with it the issue of the department that answers for the item."""
    _or_refuse(rules.why_not_walk(walk, by, State.UNDER_WAY))
    with translation.override("zh-hans"):  # the issue is read by the department
        words = f"{Stage(stage).label}：{text}" + (f"（建议：{suggestion}）" if suggestion else "")
    with transaction.atomic():
        no = (walk.obstacles.aggregate(last=Max("no"))["last"] or 0) + 1
        issue = open_issue(
            "walk",
            by=by,
            text=words,
            item=walk.item,
            source=f"{walk.number} {no}",
            hall=walk.hall,
            application=walk.application,
            facts={"walk": walk.number, "stage": stage, "trouble": kind,
                   "reporter_works_at": sorted({p.office.code for p in walk.walker.posts_today})},
            reporter=(walk.walker.name, walk.walker.mobile),
        )  # fmt: skip
        return Obstacle.objects.create(
            walk=walk, no=no, stage=stage, kind=kind, text=text, suggestion=suggestion, at=instant.now(), issue=issue.number
        )  # fmt: skip


def finish(walk: Walk, *, by: Person, remarks: str = "", application: str = "") -> Walk:
    """走完 — the running stage ends; from now on the department and the hall may read it."""
    _or_refuse(rules.why_not_walk(walk, by, State.UNDER_WAY))
    now = instant.now()
    with transaction.atomic():
        _change(walk, State.UNDER_WAY, finished_at=now, remarks=remarks, application=application)
        walk.legs.filter(ended_at__isnull=True).update(ended_at=now)
    return walk


def cancel(walk: Walk, *, by: Person, reason: str) -> Walk:
    """取消 — a walk that does not take place, or is broken off; the reason stays."""
    _or_refuse(rules.why_not_cancel(walk, by))
    if not reason.strip():
        raise StepRefused(Reason("no_reason", _("Say why it is called off.")))
    now = instant.now()
    with transaction.atomic():
        _change(walk, walk.state, cancelled_at=now, called_off=reason.strip()[:200])
        walk.legs.filter(ended_at__isnull=True).update(ended_at=now)
    return walk


def _change(walk: Walk, state: str, **facts: object) -> None:
    """Writes facts if the walk still is in the state that was read. Raises :class:`Stale`."""
    if not Walk.objects.filter(STATES[state], pk=walk.pk).update(**facts):
        raise Stale
    for name, value in facts.items():
        setattr(walk, name, value)
