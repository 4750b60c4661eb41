"""Much is late at once: the worker writes many cases together, and it comes to the same as one by one, whatever happens.

The oracle walks each case by itself with ``flow.note``, and asks for cards and posts anew each time.
"""

import datetime as dt
from random import Random

import pytest
import time_machine
from django.db import connection, transaction

from onewindow.approvals.models import Approval
from onewindow.cases import clock, desk, flow, ladder, rungs, worker
from onewindow.cases.chain import breaks
from onewindow.cases.models import Card, Event, Followup
from onewindow.cases.rules import CLOCK
from onewindow.issues import actions as issue_steps
from onewindow.issues import opening
from onewindow.issues.models import Issue
from onewindow.org.models import Post, current_calendar
from onewindow.window import actions
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
KINDS = (Application, Approval, Issue)


@pytest.fixture(autouse=True)
def monday():
    rungs.forget()
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as moment:
        yield moment
    rungs.forget()


def one_by_one(now):
    for kind in flow.FLOWS.values():
        for case in kind.model._base_manager.filter(wake_at__lte=now).order_by("wake_at", "id"):
            _alone(kind, case, now)


def _alone(kind, case, now):
    for step in kind.steps.values():
        if step.is_timed and case.status in step.froms and (when := getattr(case, step.when)) and now > when:
            return flow.take(step, case, by=CLOCK)
    for alarm in kind.alarms.values():
        if (when := alarm.at(case)) and now > when:
            return flow.ring(alarm, case)
    draft = type(case)._base_manager.get(pk=case.pk)
    clock.work_out(draft, now)
    if draft.light != case.light:
        rule = {"amber": "amber", "yellow": "promise", "red": "statute"}.get(draft.light, "")
        flow.note(
            case, "light", by=CLOCK, data={"light_from": case.light, "light": draft.light, "rule": rule}
        )
    else:
        wake_at = draft.wake_at
        if wake_at is not None and wake_at <= now:
            wake_at = now + dt.timedelta(minutes=1)
        type(case)._base_manager.filter(pk=case.pk).update(wake_at=wake_at)
        case.wake_at = wake_at
    if case.clock_from is None or case.clock_ended_at or case.due_at is None or now <= case.due_at:
        return None
    for rung, reached in rungs.instants(case, clock.stops_of(case), current_calendar()):
        have = Card.objects.filter(
            number=case.number, clock_from=case.clock_from, extension=case.clock_extension, code=rung.code
        )
        if now > reached and not have.exists():
            _card(case, rung, now)
    return None


def _card(case, rung, now):
    hall = kind.hall_of(case) if (kind := desk.KINDS.get(case.PREFIX)) else None
    told, untold = [], []
    for role in rung.roles:
        held = ladder.holders(role, case.office, hall, of=case.handler_id, now=now)
        people = [p.username for p in held if case.may_be_told(p)]
        told += [p for p in people if p not in told]
        if not people:
            untold.append(ladder.AT_HALL.get(role, role) if hall else role)
    Card.objects.create(
        number=case.number, code=rung.code, measure=rung.measure, after=rung.after, clock_from=case.clock_from,
        limit_at=case.due_at if rung.measure == "promise" else case.legal_due_at, extension=case.clock_extension,
        issued_at=now, event_seq=case.version + 1, title=case.title, office=case.office, hall=hall,
        person_id=None if hall else case.handler_id, told=told, untold=untold, todo=rung.todo, todo_en=rung.todo_en,
    )  # fmt: skip
    data = {"card": rung.code, "measure": rung.measure, "after": rung.after, "told": told}
    flow.note(case, "card", by=CLOCK, data=data | ({"untold": untold} if untold else {}))


def all_that_is():
    """Every case, event, follow-up and card, without the keys that the database gives out."""
    cases = {m.KIND: list(m._base_manager.order_by("pk").values()) for m in KINDS}
    events = list(
        Event.objects.order_by("number", "seq").values_list(
            "number", "seq", "kind", "at", "by", "office", "hash"
        )
    )
    waiting = sorted(Followup.objects.values_list("event__number", "event__seq", "next_at", "done_at"))
    cards = [
        {k: v for k, v in row.items() if k != "id"}
        for row in Card.objects.order_by("number", "clock_from", "event_seq").values()
    ]
    return {**cases, "events": events, "followups": waiting, "cards": cards}


def whole():
    """Nothing is half there: chains hold, each case stands at its last event, each card has its one event."""
    for model in KINDS:
        for case in model._base_manager.all():
            events = list(Event.objects.of(case.number))
            assert list(breaks(events)) == [] and (case.version, case.head) == (
                events[-1].seq,
                events[-1].hash,
            )
    assert Event.objects.count() == Followup.objects.count()
    said = sorted(Event.objects.filter(kind__endswith=".card").values_list("number", "seq"))
    assert said == sorted(Card.objects.values_list("number", "event_seq"))


def crowd(town, random, n=11):
    """Applications and issues in all sorts of situations, some of them stopped, extended, taken on or with the clock ended."""
    for k in range(1, n):
        version = random.choice([town.food, town.health])
        a = town.take_in(version, n=k)
        if random.random() < 0.8:
            a = actions.accept(a, by=town.li)
            chief = town.head if version is town.food else None
            if chief and random.random() < 0.3:
                a = actions.extend(a, by=chief, reason="情况复杂")
            worker_ = town.wang if version is town.food else town.qian
            match random.randrange(5):
                case 0:
                    actions.suspend(a, by=worker_, reason="hearing", notice="听证", days=random.randint(1, 6))
                case 1:
                    actions.decide(a, by=worker_, result="grant")
                case 2:
                    Application.objects.filter(pk=a.pk).update(handler=worker_)
    for k in range(n):
        subject = random.choice([None, town.wang, town.li])
        i = opening.open_issue(
            "stuck", by=opening.CITIZEN, text="…", item=random.choice([town.food, town.health]).item, subject=subject,
            hall=town.hall, grade=random.choice(["quick", "simple", "complex"]), reporter=("张", f"199000{k:05d}"),
        )  # fmt: skip
        if i.office == town.msa and random.random() < 0.5:
            i = issue_steps.contact(i, by=town.wang, how="phone", note="")
            i = issue_steps.verify(i, by=town.head, founded="yes", finding="…", grade="simple")
            if random.random() < 0.5:
                issue_steps.ask_reporter(i, by=town.wang, notice="…", days=2)


@pytest.mark.parametrize("seed", range(2))
def test_written_together_it_is_the_same_as_one_by_one(town, monday, seed):
    random = Random(seed)
    crowd(town, random)
    if seed == 1:  # nobody holds a post
        Post.objects.filter(person=town.head).update(ends_on="2026-11-25")
    moment, seen = at("2026-11-23 10:00"), set()
    for _ in range(7):
        moment += dt.timedelta(hours=random.randint(3, 60))
        monday.move_to(moment)
        for _ in range(2):
            with transaction.atomic():
                one_by_one(moment)
                alone = all_that_is()
                transaction.set_rollback(True)
            worker.wake()
            assert all_that_is() == alone
        seen |= set(Event.objects.values_list("kind", flat=True))
    whole()
    assert {"application.light", "application.card", "issue.light", "issue.card"} <= seen
    assert seen & {"application.deem_accepted", "application.stop_overrun", "issue.resume_by_itself"}


class Killed(BaseException):
    """kill -9: no handler sees it; the database only sees that the connection is gone."""


def test_killed_after_any_statement_nothing_is_half_there_and_the_next_run_does_the_rest(town, monday):
    crowd(town, Random(5), n=3)
    monday.move_to(at("2026-12-01 17:01"))
    with transaction.atomic():
        one_by_one(at("2026-12-01 17:01"))
        alone = all_that_is()
        transaction.set_rollback(True)
    survived, statement = 0, 0
    while not survived:
        statement += 1 + statement // 20  # each of the first, then fewer
        left = statement

        def kill(execute, sql, params, many, context):
            nonlocal left
            done = execute(sql, params, many, context)
            if (left := left - 1) == 0:
                raise Killed
            return done

        with transaction.atomic():
            try:
                with connection.execute_wrapper(kill):
                    worker.wake()
                survived = statement
            except Killed:
                pass
            whole()
            worker.wake()
            assert all_that_is() == alone, statement
            transaction.set_rollback(True)
    assert survived > 20, survived


def test_a_case_that_cannot_be_worked_out_stops_no_other_and_does_not_hold_the_first_places(
    town, monday, caplog
):
    bad = [town.accepted(n=n) for n in range(1, 4)]
    good = [town.accepted(n=n) for n in range(4, 8)]
    Application.objects.filter(pk__in=[a.pk for a in bad]).update(
        clock_promised="soon", wake_at=at("2026-11-24 09:00")
    )
    monday.move_to(at("2026-11-30 17:01"))
    for _ in range(4):
        worker.wake(3)
    lights = dict(Application.objects.values_list("pk", "light"))
    assert [lights[a.pk] for a in good] == ["yellow"] * 4 and [lights[a.pk] for a in bad] == ["green"] * 3
    assert caplog.text.count("could not be worked out") == 3  # said, and tried again after an hour
    monday.move_to(at("2026-11-30 18:02"))
    worker.wake()
    assert caplog.text.count("could not be worked out") == 6
    whole()
