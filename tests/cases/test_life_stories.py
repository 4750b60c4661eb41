"""Random lawful lives of applications: whatever happens in whatever order, no wrong date, no lost event, no dead end."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from onewindow.cases import chain, instant
from onewindow.cases.flow import FLOWS, StepRefused, take
from onewindow.cases.models import Event, Stop
from onewindow.cases.rules import CLOCK, applicant_of
from onewindow.cases.worker import wake
from onewindow.org.calendar import ZONE, Limit
from onewindow.org.models import current_calendar
from onewindow.org.roles import Role
from onewindow.window import joint, procedures
from onewindow.window.models import Application, Status
from onewindow.window.staff import of_office
from tests.org.oracle import Oracle
from tests.town import at

GIVEN = {
    "ask_correction": {"note": "请补交"},
    "correct": {"materials": {}},
    "check_materials": {"materials": {1: ("missing", None)}},
    "refuse_acceptance": {"reason_code": "not_ours", "reason": "不属于本机关职权"},
    "suspend": {"reason": "expert_review", "notice": "专家评审，约 5 日", "days": 5},
    "extend": {"reason": "情况复杂"},
    "offer_hearing": {"why": "拟不予许可"},
    "forward": {"to": "绥化市市场监管局", "conclusion": "passed", "opinion": "建议准予"},
    "decide": {"result": "grant"},
    "void": {"reason": "录入错误"},
    "bounce": {"reason": "缺少签章"},
    "answer_bounce": {"outcome": "complete", "answer": "材料齐全"},
    "settle": {"finding": "window", "reason": "材料齐全"},
    "ask_opinion": {"office": "HEALTH", "question": "是否同意？", "limit": "2wd"},
    "revoke": {"reason_code": "false", "reason": "材料虚假", "heard": "无异议"},
}


def given(verb, case, who):
    """What is said with a step; None where nothing lawful could be said today (a hearing not yet held)."""
    now = instant.now()
    today = timezone.localdate(now)
    match verb:
        case "check_materials" if case.item_version.materials.count() == 1:
            return {"materials": {1: ("paper", None)}}
        case "site_check":
            colleagues = [p.username for p in of_office(case.office_id, Role.APPROVER, Role.HEAD)]
            if len(colleagues) < 2:
                return None
            staff = dict(zip(("staff", "second"), colleagues, strict=False))
            return staff | {"held_on": today, "place": "经营场所", "conclusion": "passed"}
        case "take_back_opinion":
            found = joint.taken_back_by(case, who)
            return {"approval": found[0].number, "reason": "误操作"} if found else None
        case "call_hearing":
            first, last = procedures.hearing_days(case, now)
            chairs = procedures.may_chair(case, who)
            if first > last or not chairs or not current_calendar().is_working(last):
                return None
            return {"on": last, "time": "09:00", "place": "会议室", "chair": chairs[0].username}
        case "record_hearing":
            held = dt.date.fromisoformat(procedures.called(case).data["on"])
            said = {"held_on": held, "present": "申请人", "text": "无异议", "conclusion": "open"}
            return said if held <= today else None
    return GIVEN.get(verb, {})


def wall(moment):
    return None if moment is None else moment.astimezone(ZONE).replace(tzinfo=None)


def said_by_oracle(began, limits, stops):
    """The end of a limit as the second implementation of the rule tells it."""
    oracle = Oracle([(wall(a), wall(b)) for a, b in stops])
    parsed = [Limit.parse(text) for text in limits]
    end, _ = oracle.deadline(wall(began), [(p.amount, p.unit) for p in parsed])
    return end


class Life(RuleBasedStateMachine):
    """One application, the people of the town, and time that only goes forward."""

    town = None

    @initialize(
        item=st.sampled_from(["food", "health", "proof"]),
        day=st.integers(0, 2000),
        online=st.booleans(),
        joint=st.booleans(),
        expires_in=st.sampled_from([0, 0, 10, 31, 40]),
    )
    def begin(self, item, day, online, joint, expires_in):
        self.moment = at("2020-01-02 09:00") + dt.timedelta(days=day)
        self.clock = time_machine.travel(self.moment, tick=False)
        self.traveller = self.clock.start()
        version = getattr(self.town, item)
        by = self.town.li
        version.is_joint = joint and item != "proof"
        more = (
            {"renews": "ZD-1", "renew_by": self.moment + dt.timedelta(days=expires_in)} if expires_in else {}
        )
        self.case = self.town.take_in(
            version, by=by, channel="online" if online else "counter", allow_duplicate=True, **more
        )
        version.is_joint = False
        self.taken = 1

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours):
        self.moment += dt.timedelta(hours=hours)
        self.traveller.move_to(self.moment)
        before = self.case.version
        while wake():
            pass
        self.case = Application.objects.with_facts().get(pk=self.case.pk)
        self.taken += self.case.version - before
        self.nothing_was_slept_through()

    def nothing_was_slept_through(self):
        """After the worker's round: no hold past its end without its alarm, no renewal left undecided by the law."""
        if self.case.status == Status.SUSPENDED:
            stop = Stop.objects.get(number=self.case.number, ended_at__isnull=True)
            assert bool(stop.overrun_at) == (self.moment > stop.expected_until)
        if self.case.status in (Status.EXAMINING, Status.SUSPENDED) and self.case.renewal_deemed_at:
            assert self.moment <= self.case.renewal_deemed_at

    @precondition(lambda self: self.case.is_open)
    @rule(data=st.data())
    def somebody_takes_a_step(self, data):
        people = [getattr(self.town, n) for n in ("li", "wang", "head", "qian", "zhou", "leader")] + [
            applicant_of(self.case)
        ]
        may = [
            (v, p)
            for v, s in FLOWS["A"].steps.items()
            if not s.when
            for p in people
            if not FLOWS["A"].why_not(v, self.case, p) and given(v, self.case, p) is not None
        ]
        if not may:
            return
        verb, who = data.draw(st.sampled_from(may), label="step")
        take(FLOWS["A"].steps[verb], self.case, by=who, **given(verb, self.case, who))
        new = [e.verb for e in Event.objects.of(self.case.number)][self.taken :]
        # one event by the step, after what the clock had to say of a late case before it
        assert new[-1] == verb and set(new[:-1]) <= {"light", "card"}
        self.taken += len(new)

    @precondition(lambda self: self.case.is_open)
    @rule(data=st.data())
    def somebody_tries_what_is_not_open(self, data):
        verb = data.draw(st.sampled_from(sorted(FLOWS["A"].steps)), label="forbidden step")
        if FLOWS["A"].why_not(verb, self.case, self.town.nobody) is None:
            return
        before = self.case.version, self.case.status
        with pytest.raises(StepRefused):
            take(FLOWS["A"].steps[verb], self.case, by=self.town.nobody)
        assert (self.case.version, self.case.status) == before

    @invariant()
    def no_event_is_lost(self):
        if not hasattr(self, "case"):
            return
        events = list(Event.objects.of(self.case.number))
        assert [e.seq for e in events] == list(range(1, self.taken + 1))
        assert list(chain.breaks(events)) == []
        stored = Application.objects.get(pk=self.case.pk)
        assert (stored.version, stored.head, stored.status) == (self.taken, events[-1].hash, self.case.status)

    @invariant()
    def every_date_is_what_the_oracle_says(self):
        if not hasattr(self, "case"):
            return
        a = Application.objects.get(pk=self.case.pk)
        if a.clock_from is None or a.clock_ended_at is not None:
            return
        stops = [(s.began_at, s.ended_at) for s in Stop.objects.filter(number=a.number) if a.clock_stops]
        more = [a.clock_extension] if a.clock_extension else []
        assert wall(a.due_at) == said_by_oracle(a.clock_from, [a.clock_promised, *more], stops)
        assert wall(a.legal_due_at) == said_by_oracle(a.clock_from, [a.clock_legal, *more], stops)

    @invariant()
    def there_is_no_dead_end(self):
        if not hasattr(self, "case") or not self.case.is_open:
            return
        people = [getattr(self.town, n) for n in ("li", "wang", "head", "zhou")] + [
            applicant_of(self.case),
            CLOCK,
        ]
        if self.case.item_version == self.town.health:
            people.append(self.town.qian)
        assert any(not FLOWS["A"].why_not(v, self.case, p) for v in FLOWS["A"].steps for p in people)
        assert self.case.status in Status.values

    def teardown(self):
        if hasattr(self, "clock"):
            self.clock.stop()


@pytest.mark.django_db
def test_random_lives_never_go_wrong(town):
    Life.town = town
    calm = settings(
        max_examples=40,
        stateful_step_count=14,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[
            Phase.explicit,
            Phase.generate,
        ],  # shrinking a life takes minutes; the printed one is short enough
    )
    run_state_machine_as_test(Life, settings=calm)
