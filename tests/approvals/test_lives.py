"""Random lives of an application that three departments handle: never a dead end, never an open share of a closed whole."""

import datetime as dt
from random import Random

import pytest
import time_machine

from onewindow.approvals.models import Approval, Comment
from onewindow.cases import chain
from onewindow.cases.flow import FLOWS, StepRefused, take
from onewindow.cases.models import Event, Stop
from onewindow.cases.rules import applicant_of
from onewindow.cases.worker import wake
from onewindow.window.models import Application
from tests.approvals.conftest import settle
from tests.cases.test_life_stories import given
from tests.town import at

SHARE = {
    "approve_with_conditions": {"conditions": "开业前复核"},
    "oppose": {"opinion": "不符合条件", "basis": "食品安全法 33"},
    "suspend": {"reason": "hearing", "notice": "现场检查", "days": 2},
}


def said(case, verb, who):
    """What is said with the step; None where nothing lawful could be said today."""
    if case.KIND == "application":
        return given(verb, case, who)
    if verb == "comment":
        return {
            "comments": ["补充平面图"],
            "unsettled": list(Comment.objects.of(case).unsettled().values_list("no", flat=True)),
        }
    if verb == "answer":
        return {"answers": {c.no: "已补充" for c in Comment.objects.of(case).unanswered()}}
    return SHARE.get(verb, {})


def open_steps(town, a):
    """Everything that anybody may do now, with the whole or with a share."""
    cast = [getattr(town, n) for n in ("li", "wang", "head", "qian", "hr", "ys", "zhou", "bai")] + [
        applicant_of(a)
    ]
    cases = [a, *Approval.objects.of(a.number).with_facts()]
    return [
        (case, verb, who)
        for case in cases
        for verb, step in FLOWS[case.PREFIX].steps.items()
        if not step.when
        for who in cast
        if FLOWS[case.PREFIX].why_not(verb, case, who) is None
    ]


def check(town, a):
    shares = list(Approval.objects.of(a.number))
    for case in [a, *shares]:
        events = list(Event.objects.of(case.number))
        assert list(chain.breaks(events)) == [] and events[-1].seq == case.version
    if not a.is_open:
        assert [b.status for b in shares if b.is_open] == []
    else:
        assert open_steps(town, a), "a dead end"
    for b in shares:
        stands = Stop.objects.filter(number=b.number, ended_at__isnull=True).exists()
        assert stands == (b.is_open and b.clock_from is not None and (b.is_held or b.status == "suspended"))
    if a.result == "grant":
        assert not [b for b in shares if b.status == "objected" and not b.is_advisory]
        assert not [b for b in shares if b.is_open and not b.is_advisory]


@pytest.mark.django_db
def test_random_lives_of_many_departments_never_go_wrong(joint):
    ends, refusals = set(), set()
    for seed in range(6):
        random = Random(seed)
        moment = at("2024-01-02 09:00") + dt.timedelta(days=random.randrange(900))
        with time_machine.travel(moment, tick=False) as clock:
            a = joint.accepted(n=seed + 1)
            settle()
            for _ in range(22):
                if random.random() < 0.3:
                    moment += dt.timedelta(hours=random.randint(1, 60))
                    clock.move_to(moment)
                    wake()
                a = Application.objects.with_facts().get(pk=a.pk)
                if not (may := open_steps(joint, a)):
                    break
                rare = ("withdraw", "void", "oppose")
                usual = [m for m in may if m[1] not in rare]
                case, verb, who = random.choice(usual if usual and random.random() < 0.93 else may)
                if (words := said(case, verb, who)) is None:
                    continue
                try:
                    take(FLOWS[case.PREFIX].steps[verb], case, by=who, **words)
                except StepRefused as refused:
                    refusals.add(refused.reason.code)
                settle()
                check(joint, Application.objects.with_facts().get(pk=a.pk))
            ends.add(Application.objects.get(pk=a.pk).status)
    assert ends and refusals <= {"objected"}
