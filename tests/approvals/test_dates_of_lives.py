"""Random lawful lives of a whole – application, shares, pledges, corrections, hearings, and holidays announced in between:
no date that the oracle doesn't find too, no event lost, no stop untold, no dead end."""

import datetime as dt
from random import Random

import pytest
import time_machine

from onewindow.approvals.models import Approval, Comment
from onewindow.cases import chain, worker
from onewindow.cases.flow import FLOWS, StepRefused, take
from onewindow.cases.models import Event, Stop
from onewindow.cases.rules import applicant_of
from onewindow.catalog.models import Code
from onewindow.org.calendar import Limit
from onewindow.org.models import CalendarDay, forget_calendar
from onewindow.pledges.models import Pledge
from onewindow.window.models import Application
from tests.approvals.conftest import settle
from tests.cases.test_life_stories import given, wall
from tests.org.oracle import Oracle
from tests.town import at

pytestmark = pytest.mark.django_db
LATER = {1: ("paper", None), 2: ("paper", None), 3: ("deferred", None)}
PART = {
    "approve_with_conditions": {"conditions": "开业前复核"},
    "oppose": {"opinion": "不符合条件", "basis": "食品安全法 33"},
    "suspend": {"reason": "expert_review", "notice": "组织专家评审", "days": 2},
    "make_good": {"form": "paper"},
    "breach": {"reason": "逾期未补交"},
    "state": {"statement": "已交窗口"},
    "clear": {"reason": "窗口登记遗漏"},
    "check": {"staff": "王审批、孙局长", "note": "属实"},
}
#: what may end a life early is rare, so that most of them are long
RARE = {"withdraw", "void", "oppose", "refuse_acceptance", "revoke"}
WHO = ("li", "wang", "head", "qian", "hr", "ys", "zhou", "bai", "leader")


class Announced(Oracle):
    """The oracle after further days were declared holidays."""

    off: set = set()

    def works(self, day):
        return super().works(day) and day not in self.off


def whole(a):
    """The application as it is now, with every share and every pledge."""
    fresh = Application.objects.with_facts().get(pk=a.pk)
    return [fresh, *Approval.objects.of(a.number).with_facts(), *Pledge.objects.of(a.number).with_facts()]


def people(town, a):
    return [*(getattr(town, name) for name in WHO), applicant_of(a)]


def said(case, verb, who):
    if case.KIND == "application":
        return given(verb, case, who)
    if verb == "comment":
        open_ones = Comment.objects.of(case).unsettled().values_list("no", flat=True)
        return {"comments": ["补充说明"], "unsettled": list(open_ones)}
    if verb == "answer":
        return {"answers": {c.no: "已补充" for c in Comment.objects.of(case).unanswered()}}
    return PART.get(verb, {})


def some_step(town, a, random):
    """Something that somebody may do now, drawn at random; None if there is nothing."""
    tries = [
        (case, verb, who)
        for case in whole(a)
        if case.is_open or case.status == "delivered"
        for verb, step in FLOWS[case.PREFIX].steps.items()
        if not step.when and (not step.froms or case.status in step.froms)
        for who in people(town, a)
    ]
    random.shuffle(tries)
    tries.sort(key=lambda one: one[1] in RARE and random.random() < 0.9)
    for case, verb, who in tries:
        if FLOWS[case.PREFIX].why_not(verb, case, who) is None and said(case, verb, who) is not None:
            return case, verb, who
    return None


def the_dates_are_those_of_the_oracle(case, off):
    if case.clock_from is None or case.clock_ended_at is not None:
        return
    oracle = Announced(
        [(wall(s.began_at), wall(s.ended_at)) for s in Stop.objects.filter(number=case.number)]
        if case.clock_stops
        else []
    )
    oracle.off = off
    for base, found in ((case.clock_promised, case.due_at), (case.clock_legal, case.legal_due_at)):
        limits = [Limit.parse(text) for text in (base, case.clock_extension) if base and text]
        expected = (
            oracle.deadline(wall(case.clock_from), [(x.amount, x.unit) for x in limits])[0] if base else None
        )
        assert wall(found) == expected, (case.number, case.status, base)


def nothing_is_wrong(town, a, off):
    cases = whole(a)
    a = cases[0]
    for case in cases:
        events = list(Event.objects.of(case.number))
        assert list(chain.breaks(events)) == []
        assert (events[-1].seq, events[-1].hash) == (case.version, case.head)
        for event in events:  # every move is one that the flow declares
            step = case.flow.steps.get(event.verb)
            if step is not None and "from" in event.data:
                assert not step.froms or event.data["from"] in step.froms, event.kind
                assert event.data["to"] in (step.to, event.data["from"]), event.kind
        the_dates_are_those_of_the_oracle(case, off)
    numbers = [case.number for case in cases[1:]]
    own = Stop.objects.filter(number__in=[a.number, *numbers]).exclude(notice="随主件中止")
    told = a.papers.filter(kind="suspension").count()
    assert told == own.count(), "a clock that stood still untold (行政许可法 45)"
    shares = [c for c in cases if c.KIND == "approval"]
    if not a.is_open:
        assert not [b.number for b in shares if b.is_open]
    elif some_step(town, a, Random(0)) is None:  # then only the clock goes on, and it will
        assert any(c.wake_at for c in cases if c.is_open) or a.status == "suspended", "a dead end"
    if a.result == "grant":
        assert not [b for b in shares if not b.is_advisory and (b.is_open or b.status == "objected")]
    open_debts = [p for p in cases if p.KIND == "pledge" and p.is_open]
    assert not (open_debts and a.status in ("withdrawn", "voided", "revoked", "not_accepted"))


def holidays_are_announced(day, random):
    """The State Council declares a coming day a holiday; every open deadline is worked out anew."""
    free = day + dt.timedelta(days=random.randint(1, 12))
    CalendarDay.objects.update_or_create(day=free, defaults={"kind": "rest", "name": "临时放假"})
    forget_calendar()
    worker.reclock()
    return free


def life(town, seed, steps, refusals, off):
    random = Random(seed)
    moment = at("2024-01-02 09:00") + dt.timedelta(days=random.randrange(700))
    with time_machine.travel(moment, tick=False) as clock:
        a = town.take_in(
            n=seed + 1,
            materials=LATER if seed % 2 else {1: ("paper", None), 2: ("paper", None), 3: ("paper", None)},
        )
        for _ in range(steps):
            if random.random() < 0.35:
                moment += dt.timedelta(hours=random.randint(1, 70))
                clock.move_to(moment)
                while worker.wake():
                    settle()
            if random.random() < 0.08:
                off.add(holidays_are_announced(moment.date(), random))
            settle()
            if (chosen := some_step(town, a, random)) is None:
                continue
            case, verb, who = chosen
            try:
                take(FLOWS[case.PREFIX].steps[verb], case, by=who, **said(case, verb, who))
            except StepRefused as refused:
                refusals.add(refused.reason.code)
            settle()
            nothing_is_wrong(town, a, off)
    return {event.kind for event in Event.objects.all()}, Application.objects.get(pk=a.pk).status


def test_random_lives_of_the_whole_keep_every_date_event_and_way_out(joint):
    Code.objects.create(list="revoke", code="false", name="材料虚假", name_en="False", legal_basis="69")
    seen, ends, refusals, off = set(), set(), set(), set()
    for seed in range(4):
        kinds, end = life(joint, seed, 20, refusals, off)
        seen |= kinds
        ends.add(end)
    assert refusals <= {"objected"}  # a grant over an objection
    assert len(ends) >= 2
    assert {
        "application.ask_correction",
        "application.accept",
        "approval.comment",
        "approval.suspend",
    } <= seen
    assert {"pledge.promise", "application.reclock"} <= seen
