"""问题整改: matters that could not be done, "no"s with their slips, and bad reviews, at every stage of the loop.

Shares as in practice: of ten that end, six or seven are really solved, two or three are a lawful no or an explanation, one
cannot be reached; a county of this size has about three such matters a week in its 29 windows.
"""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from onewindow.cases import instant
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.worker import follow, wake
from onewindow.catalog.models import Code, Item
from onewindow.data.people import citizens
from onewindow.issues import actions, links, opening, weekly
from onewindow.issues.models import Issue, Refusal
from onewindow.org.calendar import ZONE
from onewindow.org.models import Counter, Person, current_calendar
from onewindow.org.roles import Role
from onewindow.voice import actions as voice
from onewindow.window.models import Application

ORDER = 60
#: what the clerks of this scene note with their "no"; life itself has no such ones
SAID = "已当面说明"
SEED = 77  # people that the everyday life does not use
DAYS = 60
#: what people say, its kind, its cause and what was changed
SAYINGS = (
    ("指南上没有要求房产证原件，窗口却说没有原件不给受理。", "more_materials", "materials", "process", "窗口统一按指南收件"),
    ("来了三次，每次都说少一样材料，没有一次说全。", "many_trips", "staff", "training", "组织一次性告知专项培训"),
    ("市监说归住建管，住建说归市监管，没人受理。", "passed_around", "coordination", "process", "两部门明确受理边界并公布"),
    ("网上申报系统一直提交不上去，窗口让回家再试。", "system_fault", "system", "system", "修复附件上传故障，窗口可代为提交"),
    ("承诺五天办完，已经十天了没有消息。", "over_time", "coordination", "process", "调整内部流转时限，到期前自动提醒"),
    ("隔壁县同样的手续就能办，这里说办不了。", "others_can", "policy", "none", "地方实施细则要求不同，已向群众解释"),
    ("营业执照地址和许可证不一致，窗口不给办变更。", "not_accepted", "guide", "process", "明确地址变更可一并办理"),
    ("老房子没有规划手续，登记办不下来。", "other", "history", "none", "历史遗留问题，列入专题研究"),
)  # fmt: skip
#: how far each gets, in turn
STAGES = (
    "solved", "solved", "impossible", "solved", "solved", "explained", "solved", "solved", "unreachable", "solved",
    "solved", "explained", "solved", "impossible", "solved", "solved", "working", "solved", "solved", "reopened",
    "solved", "signing", "replied", "asked", "contacted", "assigned",
)  # fmt: skip


def plant(random: Random) -> None:
    """Once: some twenty-six matters over the last twelve weeks, four "no"s, and the planted bad reviews on their way."""
    windows = list(Counter.objects.filter(kind="stuck").select_related("hall").order_by("hall__code", "code"))
    items = list(
        Item.objects.published().select_related("office", "current").order_by("-is_hot", "code")[:14]
    )
    bureau = list(
        Person.objects.filter(posts__role=Role.BUREAU, is_active=True).order_by("username").distinct()[:2]
    )
    clerk = Person.objects.filter(posts__role=Role.CLERK, is_active=True).order_by("username").first()
    if (
        not windows
        or not items
        or len(bureau) < 2
        or clerk is None
        or Refusal.objects.filter(note=SAID).exists()
    ):
        return
    cast = Cast(bureau, clerk, random)
    people, now = list(citizens(SEED, 60)), instant.now()
    for n in range(26):
        days = DAYS - n * 2 if n < 20 else 26 - n
        who, said = people[n], SAYINGS[n % len(SAYINGS)]
        anonymous = n % 9 == 4
        begun = _office_hour(now - dt.timedelta(days=max(days, 0) + 0.4), random)
        window, item = random.choice(windows), items[(n * 5) % len(items)]
        with instant.simulated(begun):
            i = opening.open_issue(
                "stuck", by=clerk, text=said[0], kind_code=said[1], item=item, hall=window.hall, counter=window,
                is_at_window=True, reporter=None if anonymous else (who.name, who.mobile),
            )  # fmt: skip
            follow()
        cast.live(i, STAGES[n % len(STAGES)], said, begun, now)
    _say_no(items, clerk, people, now, random)
    _bad_reviews(cast, now, random)
    _relayed(bureau[0], items, people, now, random)
    _signed(bureau[0])
    wake()


def _relayed(bureau: Person, items: list[Item], people: list[Any], now: dt.datetime, random: Random) -> None:
    """What 12345 and a mailbox have passed on: one that has its department, and one that the bureau has to assign."""
    for n, (origin, own, item) in enumerate(
        (("hotline", "SH-0007", items[0]), ("mailbox", "XF-0003", None), ("hotline", "SH-0012", items[3]))
    ):
        with instant.simulated(_office_hour(now - dt.timedelta(days=n and 0.2), random)):
            said = SAYINGS[(n + 2) % len(SAYINGS)]
            opening.relay(origin, own, by=bureau, text=said[0], item=item, kind_code=said[1], agrees=True,
                          reporter=(people[52 + n].name, people[52 + n].mobile))  # fmt: skip
            follow()


def _signed(bureau: Person) -> None:
    """The weeks of "no"s are reviewed and signed, but for the last, which is on the desk now."""
    for week in weekly.weeks()[1:]:
        if week.owes:
            weekly.sign(
                week.monday,
                by=bureau,
                words="未予办理主要因材料不齐，一次性告知落实不到位。",
                decisions=[
                    {"kind": "training", "item": "", "text": "窗口一次性告知专项培训，大厅负责，月底前完成"}
                ],
            )


def _office_hour(moment: dt.datetime, random: Random) -> dt.datetime:
    """The last working day up to then, in the morning."""
    day = moment.astimezone(ZONE).date()
    while not current_calendar().is_working(day):
        day -= dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(9, random.randrange(60)), ZONE)


def _say_no(items: list[Item], clerk: Person, people: list[Any], now: dt.datetime, random: Random) -> None:
    codes = {c.code: c for c in Code.objects.filter(list="no_reason")}
    hall = clerk.counter.hall if clerk.counter else None
    if hall is None:
        return
    reasons = (
        "papers",
        "papers",
        "conditions",
        "not_ours",
        "papers",
        "system_down",
        "papers",
        "region",
        "conditions",
    )
    for n in range(18):
        code = reasons[n % len(reasons)]
        with instant.simulated(_office_hour(now - dt.timedelta(days=n * 1.6 + 1), random)):
            r = opening.say_no(by=clerk, hall=hall, counter=clerk.counter, item=items[n % 5], reason=code,
                               basis=codes[code].legal_basis or "《行政许可法》第三十二条", note=SAID)  # fmt: skip
            if n in (1, 8):
                opening.from_refusal(
                    r,
                    text="材料已经交过，窗口没有找到。",
                    reporter=(people[50].name, people[50].mobile),
                    lang="zh-hans",
                )
            follow()
    for back in (28, 21, 14, 7, 0):
        monday = weekly.monday_of(now.astimezone(ZONE).date()) - dt.timedelta(days=back)
        morning = dt.datetime.combine(
            current_calendar().next_working(monday - dt.timedelta(days=1)), dt.time(9), ZONE
        )
        if morning < now:
            with instant.simulated(morning):
                weekly.call()


def _bad_reviews(cast: Cast, now: dt.datetime, random: Random) -> None:
    """Low marks of the last fortnight on their way: one before the panel, one with a plan, one answered, one that came back."""
    found = Application.objects.filter(delivered_at__lt=now - dt.timedelta(days=1)).order_by("-delivered_at")[
        :40
    ]
    stages = [("appealed", 1.6), ("planned", 4), ("replied", 6), ("dismissed", 9), ("again", 10)]
    for a in found:
        if not stages:
            return
        stage, days = stages[0]
        begun = _office_hour(
            max(now - dt.timedelta(days=days), a.delivered_at + dt.timedelta(days=0.5)), random
        )
        if begun <= a.delivered_at or begun >= now:
            continue
        with instant.simulated(begun):
            try:
                voice.review(a, "delivered", level=2, text="多跑了一趟，窗口没有一次说清。")
            except voice.NotPossible:
                continue
            follow()
        i = Issue.objects.with_facts().get(
            origin="review", source=opening.review_source(a.number, "delivered")
        )
        cast.live(i, stage, SAYINGS[1], begun, now)
        stages.pop(0)


def moment_after(moment: dt.datetime, hours: float, random: Random) -> dt.datetime:
    """So many hours on, in office hours, at least one; the hours also say which hour of the day."""
    day = current_calendar().add_working(moment.astimezone(ZONE).date(), round(hours / 24))
    hour = dt.time(9 + int(hours) % 7, random.randrange(60))
    return max(dt.datetime.combine(day, hour, ZONE), moment + dt.timedelta(hours=1))


class Cast:
    """Who does what, each at a later hour than the step before; what is refused (somebody is kept out) ends the scene there."""

    def __init__(self, bureau: list[Person], clerk: Person, random: Random):
        self.bureau, self.clerk, self.random = bureau, clerk, random

    def live(self, i: Issue, stage: str, said: tuple[str, ...], begun: dt.datetime, now: dt.datetime) -> None:
        """Walks an issue on to its stage, or as far as the time until now allows."""
        moment = begun
        for hours, deed in self.deeds(stage, said):
            moment = moment_after(moment, hours, self.random)
            if moment >= now:
                return
            with instant.simulated(moment):
                fresh = Issue.objects.with_facts().get(pk=i.pk)
                try:
                    deed(fresh)
                except (StepRefused, Stale):
                    return
                follow()

    def deeds(self, stage: str, said: tuple[str, ...]) -> list[tuple[float, Any]]:
        cause = {"cause": said[2], "prevention": said[3], "prevention_note": said[4]}

        def unit(i: Issue, role: str = Role.APPROVER) -> Person:
            found = Person.objects.filter(posts__role=role, posts__office=i.office, is_active=True).order_by(
                "username"
            )
            return found.first() or self.bureau[1]

        def contact(i: Issue) -> None:
            way = (
                {"how": "page", "text": "您好，我们正在核实，有进展会在这里答复您。"}
                if i.is_anonymous or not i.agrees
                else {"how": "phone"}
            )
            actions.contact(i, by=unit(i), note="已说明情况", **way)

        def verify(i: Issue) -> None:
            actions.verify(
                i, by=self.bureau[0], founded="yes", finding="经核对收件记录，情况属实。", grade=i.grade
            )

        def reply(proposal: str) -> Any:
            def deed(i: Issue) -> None:
                more = {}
                if proposal == "solved":
                    done = (
                        Application.objects.filter(item=i.item, decided_at__isnull=False)
                        .order_by("-id")
                        .first()
                    )
                    done = done or Application.objects.order_by("-id").first()
                    more = {"done_case": done.number if done else ""}
                actions.reply(
                    i,
                    by=unit(i),
                    proposal=proposal,
                    answer="您反映的问题已办理，对给您带来的不便深表歉意。",
                    **cause,
                    **more,
                )

            return deed

        def refuse(i: Issue) -> None:
            actions.refuse_lawfully(
                i, by=unit(i), article="《行政许可法》第三十八条", answer="经核实，场所不符合法定条件，依法不能办理。",
                alternatives="整改后可重新申请；也可另选符合条件的场所，由帮办人员陪同办理。", **cause,
            )  # fmt: skip

        def missed(i: Issue) -> None:
            actions.callback_missed(i, by=self.bureau[0], how="phone", note="无人接听")

        def sign(i: Issue) -> None:
            actions.countersign(i, by=self.bureau[0])

        def close(i: Issue) -> None:
            actions.close(i, by=self.bureau[1], words="反映人表示满意，问题已解决。")

        def confirm(i: Issue) -> None:
            actions.confirm(i, by=links.reporter_of(i), words="解决了，谢谢")

        def again(i: Issue) -> None:
            actions.reopen(i, by=links.reporter_of(i), reason="说办好了，去了还是不行。")

        def ask(i: Issue) -> None:
            actions.ask_reporter(i, by=unit(i), notice="请告诉我们您是哪一天去的、在几号窗口。", days=3)

        def plan(i: Issue) -> None:
            due = current_calendar().add_working(instant.now().astimezone(ZONE).date(), 6)
            actions.plan(i, by=unit(i, Role.HEAD), plan="修改流转规则，窗口培训后执行", plan_owner="分管负责人", plan_due=due,
                         reason="涉及系统调整")  # fmt: skip

        def appeal(i: Issue) -> None:
            actions.appeal(i, by=unit(i, Role.HEAD), reason="经核对叫号和收件记录，当日按时办结。")

        def votes(upholds: bool) -> list[dict[str, Any]]:
            leader = (
                Person.objects.filter(posts__role=Role.LEADER, is_active=True).order_by("username").first()
            )
            inside = [(self.bureau[1], upholds), (leader, False)]
            said = [{"person": p, "name": p.name if p else "", "is_outside": False, "upholds": v, "reason": "核对记录"}
                    for p, v in inside]  # fmt: skip
            return [
                *said,
                {
                    "person": None,
                    "name": "李体验官",
                    "is_outside": True,
                    "upholds": upholds,
                    "reason": "现场体验",
                },
            ]

        def uphold(i: Issue) -> None:
            actions.uphold(
                i,
                by=self.bureau[0],
                votes=votes(True),
                answer="经评审，评价所述情况与记录不符；评价仍计入原始统计。",
            )

        def dismiss(i: Issue) -> None:
            actions.dismiss(i, by=self.bureau[0], votes=votes(False), answer="经评审，评价属实，请抓紧整改。")

        def give_up(i: Issue) -> None:
            actions.give_up(i, by=self.bureau[0])

        first = [(3.0, contact)]
        worked = [*first, (22.0, verify)]
        answered = [*worked, (26.0, reply("solved"))]
        ends = {
            "assigned": [], "contacted": first, "working": worked, "asked": [*worked, (20.0, ask)],
            "replied": [*worked, (26.0, reply("solved"))],
            "solved": [*worked, (26.0, reply("solved")), (25.0, confirm if self.random.random() < 0.5 else close)],
            "explained": [*worked, (26.0, reply("explained")), (25.0, close)],
            "impossible": [*worked, (26.0, refuse), (20.0, sign), (25.0, close)],
            "signing": [*worked, (26.0, refuse)],
            "planned": [*worked, (4.0, plan), (140.0, reply("solved")), (25.0, close)],
            "again": [*answered, (25.0, again), *answered, (25.0, confirm)],
            "appealed": [*first, (5.0, appeal)],
            "upheld": [*first, (5.0, appeal), (26.0, uphold)],
            "dismissed": [*first, (5.0, appeal), (26.0, dismiss), (24.0, reply("solved")), (25.0, close)],
            "reopened": [*worked, (26.0, reply("solved")), (25.0, again)],
            "unreachable": [*worked, (26.0, reply("solved")), (23.0, missed), (25.0, missed), (27.0, missed), (24.0, give_up)],
        }  # fmt: skip
        return ends[stage]
