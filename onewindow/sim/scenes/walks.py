"""走流程: a leader has walked one item and met obstacles, which its department has put right by the walker's own word; it was
walked again after that, and a walk is planned for today."""

from __future__ import annotations

import datetime as dt
from random import Random

from onewindow.cases import instant
from onewindow.catalog.models import Item
from onewindow.issues.models import Issue
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, Person, current_calendar
from onewindow.org.roles import Role
from onewindow.sim.scenes.issues import SAYINGS, Cast
from onewindow.walks import actions
from onewindow.walks.models import Walk

ORDER = 70


def plant(random: Random) -> None:
    """Three walks, by the same actions as a leader's telephone."""
    people = {p.username: p for p in Person.objects.filter(username__in=("leader", "bureau", "head"))}
    items = list(Item.objects.published().select_related("office", "current").order_by("-is_hot", "code")[:2])
    hall = Hall.objects.order_by("code").first()
    if len(people) < 3 or len(items) < 2 or hall is None:
        return
    leader, bureau = people["leader"], people["bureau"]
    first = _walk(items[0], leader, bureau, hall, 24, (6, 47, 22), trips=2)
    _put_right(first, random)
    _walk(items[0], people["head"], bureau, hall, 4, (5, 12, 14), trips=1, follows=first)
    today = instant.now().astimezone(ZONE).date()
    actions.plan(items[1], by=bureau, walker=leader, mode="window", on=today, hall=hall)


def _put_right(walk: Walk, random: Random) -> None:
    """One obstacle is gone by the walker's own word, the other is on its way with a plan."""
    bureau = Person.objects.filter(posts__role=Role.BUREAU, is_active=True).order_by("username").distinct()
    cast = Cast(list(bureau[:2]), walk.walker, random)
    for met, end, said in zip(
        walk.obstacles.all(), ("solved", "planned"), (SAYINGS[4], SAYINGS[0]), strict=False
    ):
        cast.live(Issue.objects.with_facts().get(number=met.issue), end, said, met.at, instant.now())


def _walk(
    item: Item, walker: Person, bureau: Person, hall: Hall, ago: int, minutes: tuple[int, int, int], *, trips: int,
    follows: Walk | None = None,
) -> Walk:  # fmt: skip
    today = instant.now().astimezone(ZONE).date()
    day = current_calendar().add_working(today, -ago)
    moment = dt.datetime.combine(day, dt.time(9, 0), ZONE)
    with instant.simulated(moment):
        walk = actions.plan(item, by=bureau, walker=walker, mode="self", on=day, hall=hall, follows=follows)
        actions.begin(walk, by=walker)
    for spent, stage in zip(minutes, ("queue", "submit", ""), strict=True):
        moment += dt.timedelta(minutes=spent)
        with instant.simulated(moment):
            if stage:
                actions.step_on(walk, by=walker, stage=stage)
                continue
            actions.count_trip(walk, by=walker, trips=trips)
            needed = [m.no for m in item.current.materials.all() if m.necessity == 1] if item.current else []
            actions.write_papers(
                walk, by=walker, nos=needed, beyond=[] if follows else ["房屋产权证明复印件"]
            )
            if not follows:
                actions.meet(walk, by=walker, stage="queue", kind="limit",
                             text="上午 9 时取号，47 分钟后才叫到，三个窗口只开了一个。",
                             suggestion="高峰时段增开窗口")  # fmt: skip
                actions.meet(walk, by=walker, stage="submit", kind="material",
                             text="窗口要求提供房屋产权证明复印件，办事指南没有这一项。",
                             suggestion="按指南收件，一次性告知")  # fmt: skip
            words = (
                "排队时间明显缩短，材料按指南收取。"
                if follows
                else "办事群众多跑一趟，要从窗口设置和指南执行上改。"
            )
            actions.finish(walk, by=walker, remarks=words)
    return walk
