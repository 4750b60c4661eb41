"""Life in the city: what citizens, clerks, departments and evaluators do, and when.

Life only decides; its hands do it: ``direct.py`` by the actions in this process (fast, and in the past), ``remote.py``
over HTTP as people and machines do it. Time is simulated: a queue of (instant, what happens) is worked off in order.
Shares are those seen in practice: corrections 15 %, special procedures 5 %, withdrawals 2 %, refusals < 1 %, late 2 %.
Bad reviews are 2 in 100 of what people say: cities publish 0.012 to 0.024 %, which nobody believes; where nobody looks over
the shoulder it is 5.9 %. For what could not be done see ``matters.py``.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

from onewindow.cases import instant
from onewindow.cases.flow import Stale, StepRefused
from onewindow.catalog.models import Code, Item
from onewindow.data.people import citizens, firms
from onewindow.org.calendar import ZONE, Limit
from onewindow.org.models import Hall, Person, current_calendar
from onewindow.org.roles import Role
from onewindow.pledges.actions import may_follow
from onewindow.sim.direct import Direct
from onewindow.sim.matters import Matters
from onewindow.sim.orders import Orders
from onewindow.voice.actions import NotPossible, rateable
from onewindow.voice.models import Indicator, Touchpoint
from onewindow.window import actions
from onewindow.window.models import Application, DocumentForm

#: How often people come for the common items, against 1 for any other (about 80 % of all volume).
HOT = 24
HOURS = [(9, 5), (10, 6), (11, 3), (13, 4), (14, 6), (15, 4), (16, 2)]
#: How people who say anything say it (levels 5 to 1); somebody whose matter was late says it otherwise.
CONTENT, LATE = (800, 130, 50, 14, 6), (20, 25, 25, 20, 10)
SAYINGS = {
    5: ["很快就办好了", "窗口同志很耐心", ""], 4: ["还可以", ""], 3: ["等的时间有点长", ""],
    2: ["说好的时间没办完", "多跑了一趟"], 1: ["超时没人解释", "态度生硬，问题没解决"],
}  # fmt: skip
#: Share of the matters that a department lets run past its promise.
LATE_SHARE = 0.02
#: How much busier a lively day is: the last ones of a demonstration, which people look at.
LIVELY = 4
Deed = Callable[[], None]


class Life:
    """One stretch of simulated time. ``tally`` counts what happened."""

    #: accounts in whose name nobody here acts
    visitors: frozenset[str] = frozenset()

    def __init__(
        self,
        *,
        per_day: int,
        seed: int,
        say: Callable[[str], None] = lambda _: None,
        hands: Any = None,
        late: float = LATE_SHARE,
        storm: int = 0,
    ):
        self.hands = hands or Direct()
        self.random = Random(f"life {seed}")
        self.aside = Random(f"aside {seed}")  # for what came later: it must not change all that follows
        self.per_day, self.late = per_day, late
        self.lively_from: dt.date | None = None
        self.say = say
        self.tally: Tally[str] = Tally()
        self.queue: list[tuple[dt.datetime, int, Deed]] = []
        self.turns = 0
        items = list(Item.objects.published().order_by("code"))
        self.versions = [i.current for i in items]
        for version, item in zip(self.versions, items, strict=True):
            version.item = item
        self.weights = [HOT if i.is_hot else 1 for i in items]
        self.halls = list(Hall.objects.order_by("code"))
        everyone = list(Person.objects.filter(is_active=True).prefetch_related("posts").order_by("username"))
        everyone = [p for p in everyone if p.username not in self.visitors]
        self.clerks = {h.pk: [p for p in everyone if h.pk in p.halls_as(Role.CLERK)] for h in self.halls}
        self.halls = [h for h in self.halls if self.clerks[h.pk]]
        self.approvers = _by_office(everyone, Role.APPROVER)
        self.heads = _by_office(everyone, Role.HEAD)
        self.citizens = list(citizens(seed, 1500))
        self.firms = list(firms(seed, 400))
        self.indicators: dict[int, list[str]] = {}
        for level, code in Indicator.objects.order_by("-is_core", "code").values_list("level", "code"):
            self.indicators.setdefault(level, []).append(code)
        self.storm = storm  # so many matters that could not be done, on the first day
        self.matters = Matters(self, seed) if isinstance(self.hands, Direct) else Orders(self, seed)
        self.stops = list(Code.objects.filter(list="stop_reason", is_active=True, needs_basis=False))

    # -- time --

    def at(
        self, moment: dt.datetime, deed: Callable[..., None], a: Application | None = None, *more: Any
    ) -> None:
        """Puts something into the queue; a case is read again when its time has come, for others act on it too."""
        self.turns += 1
        heapq.heappush(self.queue, (moment, self.turns, lambda: deed(self.again(a), *more) if a else deed()))

    def again(self, a: Application) -> Application:
        """The case as it is now."""
        return self.hands.again(a)

    def run(self, first: dt.date, last: dt.date, until: dt.datetime | None = None) -> None:
        """Lives from the morning of ``first`` to the evening of ``last`` (or ``until``); what is planned for later
        stays open, as in life."""
        day = first
        while day <= last:
            if current_calendar().is_working(day):
                end = dt.datetime.combine(day, dt.time(23, 59), ZONE)
                self._plan(day)
                self._live(min(end, until) if until else end)
                self.say(f"{day}  {self.tally['received']} received, {self.tally['decided']} decided")
            day += dt.timedelta(days=1)

    def run_at_once(self, days: Iterable[dt.date]) -> None:
        """Plans these days and then does everything, to the last case's end, one deed after another without waiting."""
        for day in days:
            self._plan(day)
        self._live(dt.datetime.max.replace(tzinfo=ZONE))

    def _plan(self, day: dt.date) -> None:
        busy = self.random.gauss(1, 0.12) * (1.15 if day.weekday() == 0 else 1)
        if self.lively_from and day >= self.lively_from:
            busy *= LIVELY
        hours = [h for h, _ in HOURS]
        for _ in range(max(1, round(self.per_day * busy))):
            hour = self.random.choices(hours, [w for _, w in HOURS])[0]
            moment = dt.datetime.combine(
                day, dt.time(hour, self.random.randrange(60), self.random.randrange(60)), ZONE
            )
            self.at(moment, self.somebody_comes)
        self.matters.plan(day, self.storm)
        self.storm = 0

    def _live(self, end: dt.datetime) -> None:
        """Works the queue off up to ``end``."""
        with self.hands.day():
            last_wake = None
            while self.queue and self.queue[0][0] <= end:
                moment, _, deed = heapq.heappop(self.queue)
                with instant.simulated(moment):
                    if last_wake is None or moment - last_wake > dt.timedelta(minutes=20):
                        self.hands.wake()
                        last_wake = moment
                    try:
                        with self.hands.deed():
                            deed()
                    except (StepRefused, Stale) as refused:
                        self.tally[f"refused: {refused}"] += 1
                    self.hands.follow()
            with instant.simulated(end):
                self.hands.wake()
                self.hands.follow()

    def later(self, days: float, hour: float | None = None) -> dt.datetime:
        """So many working days on, in office hours."""
        now = instant.now().astimezone(ZONE)
        day = current_calendar().add_working(now.date(), int(days)) if int(days) else now.date()
        if int(days) == 0:
            moment = now + dt.timedelta(hours=max(0.1, days * 8))
            if moment.time() < dt.time(16, 55) and moment.date() == day:
                return moment
            day = current_calendar().add_working(day, 1)
        at = dt.time(8, 40) if hour is None else dt.time(int(hour), int(hour % 1 * 60))
        spread = dt.timedelta(minutes=self.random.randrange(8 * 60 - 20))
        moment = dt.datetime.combine(day, at, ZONE) + (spread if hour is None else dt.timedelta())
        return moment

    # -- what happens --

    def somebody_comes(self) -> None:
        """A person or firm brings a matter to a window."""
        version = self.random.choices(self.versions, self.weights)[0]
        hall = self.halls[0] if self.random.random() < 0.55 else self.random.choice(self.halls)
        clerk = self.random.choice(self.clerks[hall.pk])
        applicant = self._applicant(version)
        materials = self._materials(version, complete := self.random.random() > 0.15 or version.is_immediate)
        try:
            a = self.hands.take_in(
                version, by=clerk, applicant=applicant, materials=materials, hall=hall, counter=clerk.counter
            )
        except actions.Duplicate:
            self.tally["came twice"] += 1
            return
        self.tally["received"] += 1
        if not complete:
            self.at(instant.now() + dt.timedelta(minutes=4), self.ask_correction, a, clerk)
        else:
            minutes = self.random.randint(2, 9)
            self.at(instant.now() + dt.timedelta(minutes=minutes), self.accept, a, clerk)

    def _applicant(self, version: Any) -> dict[str, str]:
        if version.for_enterprises and (not version.for_persons or self.random.random() < 0.45):
            firm = self.random.choice(self.firms)
            return {
                "kind": "enterprise", "name": firm.name, "id_type": "uscc", "id_number": firm.uscc,
                "mobile": firm.mobile, "contact": firm.contact.name, "address": firm.address,
            }  # fmt: skip
        one = self.random.choice(self.citizens)
        return {
            "kind": "person", "name": one.name, "id_type": "citizen_id", "id_number": one.id_number,
            "mobile": one.mobile, "address": one.address,
        }  # fmt: skip

    def _materials(self, version: Any, complete: bool) -> dict[int, tuple[str, None]]:
        given: dict[int, tuple[str, None]] = {}
        specs = list(version.materials.all())
        missing = self.random.choice([s.no for s in specs if s.necessity == 1] or [0]) if not complete else 0
        for spec in specs:
            if spec.no == missing or (spec.necessity == 2 and self.random.random() < 0.5):
                continue
            if spec.source == 20 and self.random.random() < 0.8:
                given[spec.no] = (DocumentForm.REUSED, None)
            elif spec.necessity == 3 and may_follow(version) and self.random.random() < 0.3:
                given[spec.no] = (DocumentForm.DEFERRED, None)
            else:
                given[spec.no] = (DocumentForm.PAPER, None)
        return given

    def ask_correction(self, a: Application, clerk: Person) -> None:
        missing = dict.fromkeys(self.hands.missing(a), "请补交")
        note = "请按清单补交所缺材料后再来，一次补齐即可受理。"
        self.hands.step("ask_correction", a, by=clerk, note=note, materials=missing)
        self.tally["corrections"] += 1
        if self.random.random() < 0.93:
            self.at(self.later(self.random.choice([1, 1, 2, 3, 5])), self.correct, a, clerk)
        else:
            self.at(self.later(self.random.choice([6, 9])), self.withdraw, a)

    def correct(self, a: Application, clerk: Person) -> None:
        self.hands.correct(a, by=clerk)
        self.at(instant.now() + dt.timedelta(minutes=6), self.accept, a, clerk)

    def accept(self, a: Application, clerk: Person) -> None:
        self.hands.step("accept", a, by=clerk)
        self.tally["accepted"] += 1
        if a.item_version.is_immediate:
            self.hands.step("decide", a, by=clerk, result="grant")
            self.hands.step("deliver", a, by=clerk, received_by=self.hands.holder(a))
            self.tally["decided"] += 1
            self.tally["on the spot"] += 1
            self.say_how_it_was(a, Touchpoint.DELIVERED)
            return
        self.say_how_it_was(a, Touchpoint.ACCEPTED)
        if a.pledge_count:
            self.at(self.later(self.random.choice([0.3, 1, 1, 2, 3])), self.supply, a)
        if self.aside.random() < 0.97:  # the others are reminded
            self.at(instant.now() + dt.timedelta(minutes=self.aside.randint(8, 20)), self.confirm, a)
        promised = Limit.parse(a.item_version.promised_limit).amount
        chance = self.random.random()
        if chance < 0.05 and self.stops:
            self.at(self.later(1), self.suspend, a)
        elif chance < 0.06 and a.item_version.legal_extension:
            self.at(self.later(max(1, promised - 1)), self.extend, a)
        elif chance < 0.08:
            self.at(self.later(1), self.withdraw, a)
        else:
            self.at(self.later(self._days(promised)), self.decide, a)

    def confirm(self, a: Application) -> None:
        """The back office finds it complete, at once: it has the papers on the screen."""
        self.hands.step("confirm", a, by=self.aside.choice(self.approvers[a.office_id]))
        self.tally["confirmed"] += 1

    def _days(self, promised: int) -> float:
        """Most are done in half the promised time; few late (``late``)."""
        if self.random.random() < self.late:
            return promised + self.random.randint(1, 3)
        return min(promised, max(0.3, self.random.betavariate(2, 3) * promised))

    def suspend(self, a: Application) -> None:
        code = self.random.choice(self.stops)
        days = self.random.randint(2, 8)
        notice = f"本件需{code.name}，预计 {days} 个工作日，所需时间不计入办理时限。"
        said = {"reason": code.code, "notice": notice, "days": days}
        self.hands.step("suspend", a, by=self._approver(a), **said)
        self.tally["suspended"] += 1
        self.at(self.later(days), self.resume, a)

    def resume(self, a: Application) -> None:
        self.hands.step("resume", a, by=self._approver(a))
        self.at(self.later(1), self.decide, a)

    def extend(self, a: Application) -> None:
        if head := self.heads.get(a.office_id):
            self.hands.step("extend", a, by=head[0], reason="情况复杂，需要进一步核实。")
            self.tally["extended"] += 1
        self.at(self.later(3), self.decide, a)

    def withdraw(self, a: Application) -> None:
        self.hands.withdraw(a, reason="申请人自愿撤回")
        self.tally["withdrawn"] += 1

    def _all_have_spoken(self, a: Application) -> bool:
        """Each department that takes part says yes; the stage after it begins a day later."""
        now, pending = self.hands.shares(a)
        for share in now:
            if people := self.approvers.get(share.office_id):
                self.hands.step("approve", share, by=self.random.choice(people), opinion="经审查，同意。")
                pending -= 1
        return not pending

    def decide(self, a: Application) -> None:
        if not self._all_have_spoken(a):
            self.at(self.later(1), self.decide, a)
            return
        approver = self._approver(a)
        if self.random.random() < 0.008:
            self.hands.step(
                "decide",
                a,
                by=approver,
                result="refuse",
                reason_code="conditions",
                reason="经现场核查，不符合规定条件。",
            )
            self.tally["refused"] += 1
        else:
            self.hands.step("decide", a, by=approver, result="grant")
        self.tally["decided"] += 1
        if not a.is_preliminary:
            self.at(self.later(self.random.choice([0.2, 0.5, 1, 1, 2])), self.deliver, a)

    def supply(self, a: Application) -> None:
        """What was put off is brought to the window."""
        self.hands.supply(a, by=self.random.choice(self.clerks[a.hall_id]))
        self.tally["supplied"] += 1
        self.at(self.later(0.4), self.finalise, a)

    def finalise(self, a: Application) -> None:
        """A preliminary result becomes final."""
        if a.is_preliminary and a.is_open:
            self.hands.step("finalise", a, by=self._approver(a))
            self.at(self.later(self.random.choice([0.2, 0.5, 1])), self.deliver, a)

    def deliver(self, a: Application) -> None:
        clerk = self.random.choice(self.clerks[a.hall_id])
        self.hands.step("deliver", a, by=clerk, received_by=self.hands.holder(a))
        self.tally["delivered"] += 1
        self.say_how_it_was(a, Touchpoint.DELIVERED)

    def say_how_it_was(self, a: Application, touchpoint: str) -> None:
        """Four in ten answer on the device, one in twelve later by phone; the rest say nothing, and that is counted."""
        chance = self.random.random()
        device = self.hands.device_at(a.counter_id) if a.counter_id else None
        if device and chance < 0.42:
            seconds = self.random.randint(8, 70)
            self.at(instant.now() + dt.timedelta(seconds=seconds), self.rate, a, touchpoint, device)
        elif chance > 0.92:
            self.at(self.later(self.random.choice([1, 1, 2, 3])), self.rate, a, touchpoint, None)

    def rate(self, a: Application, touchpoint: str, device: Any) -> None:
        ended = touchpoint == Touchpoint.DELIVERED
        late = bool(ended and a.decided_at and a.decision_due_at and a.decided_at > a.decision_due_at)
        level = self.random.choices([5, 4, 3, 2, 1], LATE if late else CONTENT)[0]
        known = self.indicators.get(level, [])
        codes = self.random.sample(known[:5], min(len(known), self.random.choice([0, 1, 1, 2])))
        text = (
            self.random.choice(SAYINGS[level]) if self.random.random() < (0.8 if level <= 2 else 0.1) else ""
        )
        try:
            self.hands.rate(a, touchpoint, level=level, codes=codes, text=text, device=device)
            self.tally["reviews"] += 1
            self.matters.heard(level)
        except NotPossible as late_or_done:
            self.tally[f"no review: {late_or_done.code}"] += 1

    def speak_up(self) -> None:
        """Three low marks, planted so that a visitor finds something to put right: real life has too few of them."""
        window = instant.now() - dt.timedelta(days=10)
        recent = Application.objects.filter(delivered_at__gte=window).with_facts().order_by("-delivered_at")
        for a in recent[:60]:
            if self.tally["planted"] < 3 and Touchpoint.DELIVERED in rateable(a):
                level = (2, 1, 2)[self.tally["planted"]]
                said = {"codes": self.indicators.get(level, [])[:1], "text": SAYINGS[level][0]}
                self.hands.rate(a, Touchpoint.DELIVERED, level=level, device=None, **said)
                self.tally["planted"] += 1

    def _approver(self, a: Application) -> Person:
        return self.random.choice(self.approvers[a.office_id])


def _by_office(people: list[Person], role: Role) -> dict[int, list[Person]]:
    found: dict[int, list[Person]] = {}
    for person in people:
        for office in person.offices_as(role):
            found.setdefault(office, []).append(person)
    return found


def working_days_back(today: dt.date, days: int) -> Iterator[dt.date]:
    """The ``days`` working days before ``today``, oldest first."""
    calendar = current_calendar()
    found: list[dt.date] = []
    day = today
    while len(found) < days:
        day -= dt.timedelta(days=1)
        if calendar.is_working(day):
            found.append(day)
    return iter(reversed(found))
