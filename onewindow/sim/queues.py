"""The halls' queues in the simulated city: set up from the items and windows that are there, and lived in."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from onewindow.cases import instant
from onewindow.catalog.models import Item, ItemVersion
from onewindow.data.people import citizens
from onewindow.hall import actions, booking, windows
from onewindow.hall.models import Channel, HalfDay, MatterGroup, Priority, Ticket
from onewindow.hall.record import NotPossible
from onewindow.org.calendar import ZONE
from onewindow.org.models import Counter, Hall, Person
from onewindow.org.roles import Role
from onewindow.sim.direct import Direct
from onewindow.sim.life import CONTENT
from onewindow.voice import visits
from onewindow.voice.models import Device, ReviewChannel, Touchpoint
from onewindow.window.models import Application, DocumentForm

#: letter → name, English name, departments (empty: those left over), minutes, appointments a slot
QUEUES: dict[str, tuple[str, str, tuple[str, ...], int, int]] = {
    "A": ("企业开办与经营许可", "Businesses and licences", ("MSA",), 8, 2),
    "B": ("社保就业与医保", "Social insurance and work", ("HRSS", "MEDICAL", "YBJ"), 5, 2),
    "C": ("其他综合受理业务", "All other matters", (), 7, 2),
    "D": ("领取结果、咨询", "Results and questions", (), 3, 0),
}
OUTCOMES = ["accepted"] * 62 + ["consulted"] * 18 + ["defects"] * 12 + ["delivered"] * 7 + ["could_not"]
WHY_NOT = "所需材料在外地，暂时无法提供"
PRIORITIES = [Priority.NONE] * 17 + [Priority.ELDERLY, Priority.ELDERLY, Priority.MILITARY]


def set_up() -> None:
    """Queues for every hall, served by its comprehensive windows; on a second call nothing."""
    if MatterGroup.objects.exists():
        return
    items: dict[str, list[Item]] = {letter: [] for letter in QUEUES}
    owners = {code: letter for letter, (_n, _e, codes, *_x) in QUEUES.items() for code in codes}
    for item in Item.objects.published().select_related("office").order_by("code"):
        items[owners.get(item.office.code, "C")].append(item)
    for hall in Hall.objects.order_by("code"):
        counters = list(Counter.objects.filter(hall=hall, kind="comprehensive").order_by("code"))
        for letter, (name, name_en, _codes, minutes, capacity) in QUEUES.items():
            group = MatterGroup.objects.create(
                hall=hall, letter=letter, name=name, name_en=name_en, average_minutes=minutes, slot_capacity=capacity,
                cut_off_minutes=10,
            )  # fmt: skip
            group.counters.set(counters)
            group.items.set(items[letter])


def clerks_at(hall: Hall) -> list[Person]:
    """One clerk for each window of the hall, by window; the visitor's own account first, if it is there."""
    found: dict[int, Person] = {}
    held = Person.objects.filter(posts__role=Role.CLERK, posts__hall=hall, counter__hall=hall, is_active=True)
    for person in held.select_related("counter__hall").order_by("username").distinct():
        found.setdefault(person.counter_id or 0, person)
    return [found[pk] for pk in sorted(found, key=lambda pk: found[pk].counter.code)]  # type: ignore[union-attr]


def manager_of(hall: Hall) -> Person | None:
    return Person.objects.filter(posts__role=Role.HALL_MANAGER, posts__hall=hall).order_by("username").first()


class Day:
    """One day at one hall, lived through the actions that the pages call, at simulated instants."""

    def __init__(self, hall: Hall, day: dt.date, random: Random, *, clerks: list[Person], visitors: int):
        self.hall, self.day, self.random, self.clerks, self.visitors = hall, day, random, clerks, visitors
        self.groups = list(MatterGroup.objects.filter(hall=hall).select_related("hall").order_by("letter"))
        self.kinds = {g.pk: _versions(g) for g in self.groups}
        self.people = citizens(hall.pk * 1000 + day.toordinal() % 1000, visitors)
        self.queue: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self.turns = 0

    def at(self, moment: dt.datetime, deed: Callable[..., None], *more: Any) -> None:
        self.turns += 1
        heapq.heappush(self.queue, (moment, self.turns, lambda: deed(*more)))

    def moment(self, hour: float) -> dt.datetime:
        return dt.datetime.combine(self.day, dt.time(), ZONE) + dt.timedelta(hours=hour)

    def live(self, until: dt.datetime) -> None:
        """From opening to closing, or to ``until``: what is open then stays open."""
        manager = manager_of(self.hall)
        with instant.simulated(self.moment(7.5)):
            for clerk in self.clerks:
                for half in HalfDay.values:
                    if manager:
                        windows.plan(clerk.counter, clerk, self.day, half, by=manager)
        for n, clerk in enumerate(self.clerks):
            late = 0.2 if self.random.random() < 0.03 else self.random.uniform(-0.1, 0.05)
            self.at(self.moment(8.5 + late + n / 3600), self.open, clerk)
        hours = self.random.choices(
            [8.6, 9, 9.5, 10, 10.5, 11, 13.2, 14, 14.5, 15, 15.5],
            [3, 6, 7, 7, 6, 4, 4, 6, 6, 4, 2],
            k=self.visitors,
        )
        for hour in hours:
            self.at(self.moment(hour + self.random.random() * 0.7), self.come)
        end = min(until, self.moment(17.2))
        while self.queue and self.queue[0][0] <= end:
            moment, _turn, deed = heapq.heappop(self.queue)
            with instant.simulated(moment):
                try:
                    deed()
                except NotPossible:
                    continue
        if until >= self.moment(17.2):
            with instant.simulated(self.moment(17.2)):
                actions.close_day()
                for clerk in self.clerks:
                    windows.close(clerk.counter, by=clerk)

    def open(self, clerk: Person) -> None:
        windows.open_(clerk.counter, by=clerk)
        self.call(clerk)

    def come(self) -> None:
        group = self.random.choices(self.groups, [4, 4, 3, 2][: len(self.groups)])[0]
        channel = self.random.choices([Channel.KIOSK, Channel.PHONE, Channel.COUNTER], [7, 2, 1])[0]
        actions.take([group], channel=channel, priority=self.random.choice(PRIORITIES))
        for clerk in self.clerks:
            if actions.current(clerk.counter) is None:
                self.at(instant.now() + dt.timedelta(seconds=self.random.randint(2, 25)), self.call, clerk)
                break

    def call(self, clerk: Person) -> None:
        if actions.current(clerk.counter) is not None:
            return
        ticket = actions.call_next(clerk.counter, by=clerk)
        if ticket is None:
            return
        if self.random.random() < 0.04:  # nobody comes: two more calls, then passed
            for n in (1, 2):
                self.at(instant.now() + dt.timedelta(seconds=40 * n), self.recall, ticket.pk, clerk)
            self.at(instant.now() + dt.timedelta(seconds=125), self.pass_, ticket.pk, clerk)
        else:
            self.at(
                instant.now() + dt.timedelta(seconds=self.random.randint(15, 70)),
                self.arrive,
                ticket.pk,
                clerk,
            )

    def again(self, pk: int) -> Ticket:
        return Ticket.objects.select_related("group__hall", "hall", "counter__hall", "visit").get(pk=pk)

    def recall(self, pk: int, clerk: Person) -> None:
        actions.recall(self.again(pk), by=clerk)

    def pass_(self, pk: int, clerk: Person) -> None:
        actions.pass_(self.again(pk), by=clerk)
        if self.random.random() < 0.5:
            self.at(instant.now() + dt.timedelta(minutes=6), self.return_, pk)
        self.call(clerk)

    def return_(self, pk: int) -> None:
        actions.return_(self.again(pk), by=actions.PUBLIC)

    def arrive(self, pk: int, clerk: Person) -> None:
        ticket = actions.arrive(self.again(pk), by=clerk)
        minutes = max(1.0, self.random.gauss(1.0, 0.35) * ticket.group.average_minutes)
        self.at(instant.now() + dt.timedelta(minutes=minutes), self.finish, pk, clerk)

    def finish(self, pk: int, clerk: Person) -> None:
        outcome, ticket = self.random.choice(OUTCOMES), self.again(pk)
        if outcome == "accepted" and self.kinds[ticket.group_id]:
            self.serve(ticket, clerk)
        actions.finish(ticket, by=clerk, outcome=outcome, reason=WHY_NOT if outcome == "could_not" else "")
        self.at(instant.now() + dt.timedelta(seconds=40), self.say, pk)
        self.call(clerk)

    def serve(self, ticket: Ticket, clerk: Person) -> None:
        """A matter of this queue, done on the spot or accepted and left to its department; it belongs to the visit, as at the
        real window."""
        hands, dice, one = Direct(), Random(f"spot {ticket.pk}"), next(self.people)
        version = dice.choice(self.kinds[ticket.group_id])
        a = hands.take_in(
            version, by=clerk, hall=self.hall, counter=clerk.counter,
            applicant={"kind": "person", "name": one.name, "id_type": "citizen_id", "id_number": one.id_number,
                       "mobile": one.mobile, "address": one.address},
            materials={m.no: (DocumentForm.PAPER, None) for m in version.materials.all()},
        )  # fmt: skip
        hands.step("accept", a, by=clerk)
        if not version.is_immediate:
            hands.follow()
            if back := _approver(version.item, dice):
                self.at(instant.now() + dt.timedelta(minutes=dice.randint(8, 20)), self.confirm, a.pk, back)
            return
        hands.step("decide", a, by=clerk, result="grant")
        hands.step("deliver", a, by=clerk, received_by=one.name)
        hands.follow()
        if dice.random() < 0.45:
            device = hands.device_at(a.counter_id) if a.counter_id else None
            self.at(
                instant.now() + dt.timedelta(seconds=dice.randint(8, 60)),
                self.rate,
                hands.again(a),
                device,
                dice,
            )

    def confirm(self, pk: int, by: Person) -> None:
        """The back office finds it complete."""
        Direct().step("confirm", Application.objects.with_facts().get(pk=pk), by=by)

    def rate(self, a: Application, device: Device | None, dice: Random) -> None:
        level = dice.choices([5, 4, 3, 2, 1], CONTENT)[0]
        Direct().rate(a, Touchpoint.DELIVERED, level=level, codes=[], text="", device=device)

    def say(self, pk: int) -> None:
        """Four in ten of those who came for advice, papers or in vain say how it was; dice of their own, so that the queue
        is the same with and without them."""
        ticket, dice = self.again(pk), Random(pk)
        if dice.random() > 0.4 or not visits.is_open(ticket):
            return
        glad = [60, 28, 10, 1.6, 0.4] if ticket.outcome != "could_not" else [25, 30, 35, 7, 3]
        device = Device.objects.at_window(ticket.counter_id).first()
        channel = ReviewChannel.TABLET if device else ReviewChannel.MOBILE
        visits.give(ticket, level=dice.choices([5, 4, 3, 2, 1], glad)[0], channel=channel, device=device)


def _versions(group: MatterGroup) -> list[ItemVersion]:
    """What persons come for in this queue: as a rule what is done while one waits, else what one department decides alone."""
    items = (
        Item.objects.published().filter(pk__in=group.items.values("pk")).select_related("current", "office")
    )
    found = [
        v for i in items.order_by("code") if (v := i.current) is not None and v.for_persons and not v.plan
    ]
    return found + 2 * [v for v in found if v.is_immediate]


def _approver(item: Item, dice: Random) -> Person | None:
    held = Person.objects.filter(posts__role=Role.APPROVER, posts__office=item.office, is_active=True)
    return dice.choice(found) if (found := list(held.order_by("username").distinct())) else None


def fill(hall: Hall, random: Random, least: int = 7) -> None:
    """People who wait now, so that whoever opens the demonstration at night meets a queue too; where the hall is closed
    (outside a demonstration) nobody."""
    groups = list(MatterGroup.objects.filter(hall=hall).select_related("hall").order_by("letter"))
    waiting = Ticket.objects.waiting(hall.pk, actions.today()).count()
    try:
        for _ in range(least - waiting):
            actions.take([random.choice(groups)], channel=Channel.KIOSK, priority=random.choice(PRIORITIES))
    except NotPossible:
        return


def book_some(random: Random, most: int = 6) -> None:
    """A few appointments of the days to come."""
    now = instant.now()
    for group in (
        MatterGroup.objects.filter(slot_capacity__gt=0)
        .select_related("hall")
        .order_by("hall__code", "letter")[:most]
    ):
        for day in booking.days(group, now)[1:3]:
            if offered := booking.offers(group, day, now):
                booking.book(group, random.choice(offered).starts_at)
