"""Tickets, calls and what happens in between."""

import datetime as dt
import threading

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from onewindow.hall import actions
from onewindow.hall.models import Announcement, Ticket, TicketEvent, Visit
from onewindow.hall.record import NotPossible, Stale
from onewindow.hall.times import state_of, times
from onewindow.org.models import Counter
from tests.hall.conftest import MORNING, build_hall
from tests.town import at

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def kinds(ticket):
    return list(ticket.events.order_by("seq").values_list("kind", flat=True))


def refused(code):
    return pytest.raises(NotPossible, match=f"^{code}$")


# --- taking ---------------------------------------------------------------------------------------------------


def test_numbers_count_up_by_queue_and_day(hall, clock):
    assert [hall.take().number, hall.take().number, hall.take(hall.b).number] == ["A001", "A002", "B001"]
    clock.move_to(MORNING + dt.timedelta(days=1))
    assert hall.take().number == "A001"


def test_a_ticket_says_nothing_about_its_holder(hall):
    ticket = hall.take(mobile="19900000001", priority="elderly")
    row = Ticket.objects.values().get(pk=ticket.pk)
    assert "19900000001" not in str(row) + str(Visit.objects.values().get()) + str(
        list(TicketEvent.objects.values())
    )
    assert ticket.events.get().reason == "老年人权益保障法；无障碍环境建设法"


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-11-23 07:59", "too_early"),
        ("2026-11-23 16:45", "too_late"),
        ("2026-11-22 10:00", "rest_day"),
        ("2026-10-10 10:00", None),  # a Saturday that is a working day
        ("2026-11-23 08:00", None),
    ],
)
def test_tickets_are_given_in_the_hours_of_the_hall(hall, clock, moment, code):
    hall.a.cut_off_minutes = 15
    hall.a.save()
    clock.move_to(at(moment))
    if code:
        with refused(code):
            hall.take()
    else:
        assert hall.take().number == "A001"


def test_limits_of_the_day_and_of_one_number(hall):
    hall.a.daily_limit = 2
    hall.a.save()
    hall.b.holder_limit = 1
    hall.b.save()
    hall.take(), hall.take()
    with refused("full"):
        hall.take()
    with refused("who"):
        hall.take(hall.b)
    hall.take(hall.b, mobile="199 0000 0001")
    with refused("enough"):
        hall.take(hall.b, mobile="19900000001")
    assert hall.take(hall.b, mobile="19900000002").number == "B002"  # the refused one left no number behind
    actions.close_day()
    assert Visit.objects.exclude(holder="").count() == 2
    assert Ticket.objects.count() == 4


def test_the_digest_of_a_number_goes_with_the_day(hall, clock):
    hall.b.holder_limit = 1
    hall.b.save()
    hall.take(hall.b, mobile="19900000001")
    clock.move_to(MORNING + dt.timedelta(days=1))
    actions.close_day()
    assert not Visit.objects.exclude(holder="").exists()


# --- calling --------------------------------------------------------------------------------------------------


def test_first_come_first_called_and_one_at_a_time(hall, clock):
    first, second = hall.take(), hall.take()
    called = hall.call()
    assert (called.pk, called.state, called.counter_id) == (first.pk, "called", hall.c03.pk)
    with refused("busy"):
        hall.call()
    assert hall.call(hall.c04, hall.sun).pk == second.pk
    assert kinds(first) == ["taken", "called"]
    assert Announcement.objects.order_by("id").first().words == "请 A 零 零 一 号到综合受理窗口 03办理"


def test_a_window_calls_only_what_it_serves(hall):
    hall.take(hall.b)
    assert hall.call() is None
    assert hall.call(hall.c04, hall.sun).number == "B001"


def test_only_the_clerk_of_the_window_or_the_manager_calls(hall, town):
    hall.take()
    for who in (hall.sun, town.ma, town.wang, town.bai):
        with refused("only_this_window"):
            hall.call(hall.c03, who)
    assert hall.call(hall.c03, hall.zhou).number == "A001"


def test_three_calls_then_passed_then_back_behind_three_others(hall, clock):
    gone = hall.take()
    others = []
    for _ in range(5):
        clock.shift(MINUTE)
        others.append(hall.take())
    ticket = hall.call()
    with refused("call_again"):
        actions.pass_(ticket, by=hall.li)
    actions.recall(ticket, by=hall.li)
    actions.recall(ticket, by=hall.li)
    actions.pass_(ticket, by=hall.li)
    assert (ticket.state, ticket.counter_id) == ("passed", None)
    actions.return_(ticket, by="visitor")
    order = []
    while (one := hall.call()) is not None:
        order.append(one.number)
        hall.served(one)
    assert order == ["A002", "A003", "A004", "A001", "A005", "A006"]
    gone.refresh_from_db()
    assert gone.state == "finished" and len(others) == 5


def test_a_priority_class_has_a_head_start_that_ends(hall, clock):
    early = hall.take()
    clock.shift(31 * MINUTE)
    ordinary, elder = hall.take(), hall.take(priority="elderly")
    order = [hall.served(hall.call()).number for _ in range(3)]
    assert order == [early.number, elder.number, ordinary.number]


def test_on_hold_the_window_is_free_and_the_same_window_goes_on(hall, clock):
    hall.take(), hall.take()
    ticket = actions.arrive(hall.call(), by=hall.li)
    clock.shift(4 * MINUTE)
    actions.hold(ticket, by=hall.li, reason="填写表格")
    other = hall.call()
    with refused("busy"):
        actions.resume(ticket, by=hall.li)
    hall.served(other)
    clock.shift(6 * MINUTE)
    actions.resume(ticket, by=hall.li)
    clock.shift(2 * MINUTE)
    actions.finish(ticket, by=hall.li, outcome="accepted")
    ticket.refresh_from_db()
    assert (ticket.serve_seconds, ticket.hold_seconds, ticket.walk_seconds) == (360, 360, 0)


def test_transferred_to_another_queue_nobody_queues_again(hall, clock):
    moved = hall.take()
    clock.shift(MINUTE)
    waiting = hall.take(hall.b)
    actions.transfer(hall.call(), hall.b, by=hall.li, reason="取错业务")
    assert [hall.served(hall.call(hall.c04, hall.sun), hall.sun).number for _ in range(2)] == [
        moved.number,
        waiting.number,
    ]


def test_several_matters_in_one_visit_queue_once_and_are_never_at_two_windows(hall, clock):
    one, two = actions.take([hall.a, hall.b], channel="kiosk")
    clock.shift(MINUTE)
    stranger = hall.take(hall.b)
    assert one.visit_id == two.visit_id
    called = hall.call()
    assert called.pk == one.pk
    over = hall.call(hall.c04, hall.sun)  # whoever is at window 03 can't be called to 04
    assert over.pk == stranger.pk
    two.refresh_from_db()
    assert kinds(two) == ["taken", "passed_over"]
    assert two.events.last().reason == "busy"
    hall.served(over, hall.sun)
    hall.served(called)
    assert hall.call(hall.c04, hall.sun).pk == two.pk


def test_however_many_stand_elsewhere_the_first_who_can_come_is_called_and_each_of_them_noted_once(
    hall, clock
):
    groups = [hall.a, hall.b]
    for _n in range(
        7
    ):  # with two matters each; with the first one they wait, with the other they stand at 04
        actions.take(groups, channel="kiosk")
    single = hall.take()
    busy = list(Ticket.objects.filter(group=hall.a).exclude(pk=single.pk).order_by("id"))
    for n, ticket in enumerate(busy):
        twin = Ticket.objects.get(visit=ticket.visit, group=hall.b)
        at_04 = Counter.objects.create(
            hall=hall.c04.hall, code=f"1{n}", name="窗", name_en="w", kind="comprehensive"
        )
        Ticket.objects.filter(pk=twin.pk).update(state="serving", counter=at_04)
    assert hall.call() == single
    assert [t.events.filter(kind="passed_over").count() for t in busy] == [1] * 7


def test_a_further_matter_at_the_window_counts_from_when_the_visitor_came(hall, clock):
    first = hall.take()
    clock.shift(MINUTE)
    later = hall.take(hall.b)
    ticket = actions.arrive(hall.call(), by=hall.li)
    more = actions.also(ticket, hall.b, by=hall.li.username)
    assert more.visit_id == first.visit_id
    with refused("twice"):
        actions.also(ticket, hall.b, by=hall.li.username)
    actions.finish(ticket, by=hall.li, outcome="accepted")
    assert [hall.served(hall.call(hall.c04, hall.sun), hall.sun).pk for _ in range(2)] == [more.pk, later.pk]


def test_a_ticket_opened_at_a_window_needs_an_outcome(hall):
    hall.take()
    ticket = actions.arrive(hall.call(), by=hall.li)
    with refused("outcome"):
        actions.finish(ticket, by=hall.li, outcome="")
    with refused("reason"):
        actions.finish(ticket, by=hall.li, outcome="could_not", reason=" ")
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk).update(state="finished")
    actions.finish(ticket, by=hall.li, outcome="could_not", reason="材料在外地")
    assert ticket.events.last().data == {"outcome": "could_not"}


def test_what_was_opened_stays_open_overnight_and_what_was_not_ends(hall, clock):
    for _ in range(3):
        hall.take()
    ticket = actions.arrive(hall.call(), by=hall.li)
    clock.move_to(at("2026-11-23 16:59"))
    assert actions.close_day() == 0
    clock.move_to(at("2026-11-23 17:00"))
    assert actions.close_day() == 2
    assert sorted(Ticket.objects.values_list("state", flat=True)) == ["expired", "expired", "serving"]
    clock.move_to(at("2026-11-24 09:00"))
    hall.take()
    with refused("busy"):
        hall.call()
    actions.finish(ticket, by=hall.li, outcome="consulted")
    assert hall.call().number == "A001"


def test_somebody_who_was_slower_changes_nothing(hall):
    ticket = hall.take()
    twin = Ticket.objects.get(pk=ticket.pk)
    actions.leave(ticket)
    with pytest.raises(Stale):
        actions.leave(twin)
    assert kinds(ticket) == ["taken", "left"]


def test_a_call_out_of_order_needs_a_reason_that_everybody_passed_over_has_in_his_record(hall):
    first, second, third = hall.take(), hall.take(), hall.take()
    with refused("reason"):
        actions.call(third, hall.c03, by=hall.li, reason="  ")
    actions.call(third, hall.c03, by=hall.li, reason="突发不适")
    for ticket in (first, second):
        assert [(e.kind, e.reason) for e in ticket.events.order_by("seq")] == [
            ("taken", ""),
            ("passed_over", "突发不适"),
        ]
    event = third.events.last()
    assert (event.kind, event.reason, event.data) == ("called", "突发不适", {"out_of_order": True})
    assert hall.call(hall.c04, hall.sun).pk == first.pk


def test_what_happened_is_refused_by_the_database_to_be_changed(hall):
    hall.take()
    for change in (lambda q: q.update(kind="left"), lambda q: q.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(TicketEvent.objects.all())


def test_the_times_of_a_ticket_are_those_of_its_events(hall, clock):
    ticket = hall.take()
    clock.shift(12 * MINUTE)
    hall.call()
    ticket.refresh_from_db()
    clock.shift(1 * MINUTE)
    ticket = Ticket.objects.get(pk=ticket.pk)
    actions.arrive(ticket, by=hall.li)
    clock.shift(9 * MINUTE)
    actions.finish(ticket, by=hall.li, outcome="defects")
    ticket.refresh_from_db()
    worked_out = times(ticket.events.all())
    assert worked_out == {"wait_seconds": 720, "walk_seconds": 60, "serve_seconds": 540, "hold_seconds": 0}
    assert {name: getattr(ticket, name) for name in worked_out} == worked_out
    assert state_of(ticket.events.all()) == ticket.state == "finished"


# --- at the same moment ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_windows_that_press_next_at_the_same_moment_never_get_the_same_person(town, clock):
    hall = build_hall(town)
    people = {hall.c03: hall.li, hall.c04: hall.sun}
    for counter, who in list(people.items()):
        who.posts_today  # noqa: B018 – read once, in this thread
        hall.a.counters.add(counter)
    tickets = [hall.take().pk for _ in range(12)]
    called, wrong, gate = [], [], threading.Barrier(4)

    def work(counter, who):
        try:
            gate.wait(timeout=60)
            while True:
                try:
                    ticket = actions.call_next(counter, by=who)
                    if ticket is None:
                        return
                    called.append(ticket.pk)
                    hall.served(ticket, who)
                except NotPossible:  # two hands at one window: the other one has it
                    continue
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=pair) for pair in [*people.items(), *people.items()]]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=60)
    assert wrong == []
    assert sorted(called) == tickets
    assert set(Ticket.objects.values_list("state", flat=True)) == {"finished"}
    for ticket in Ticket.objects.all():
        assert list(ticket.events.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4]
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_tickets_taken_at_the_same_moment_have_numbers_without_gap_and_keep_the_limit(town, clock):
    hall = build_hall(town)
    hall.a.daily_limit = 6
    hall.a.save()
    taken, refusals, wrong, gate = [], [], [], threading.Barrier(4)

    def press():
        try:
            gate.wait(timeout=60)
            for _ in range(2):
                try:
                    taken.append(hall.take().number)
                except NotPossible as no:
                    refusals.append(no.code)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(timeout=60)
    assert wrong == []
    assert sorted(taken) == [f"A{n:03d}" for n in range(1, 7)]
    assert refusals == ["full", "full"]
    connection.close()
