"""Random lives of issues: no dead end, no lost event, no ending without what it needs; storms that escalate once each."""

import datetime as dt
from random import Random

import pytest
import time_machine

from onewindow.cases import chain
from onewindow.cases.flow import FLOWS, StepRefused, take
from onewindow.cases.models import Card, Event
from onewindow.cases.worker import wake
from onewindow.issues import links, opening, origins
from onewindow.issues.models import WITHOUT_CAUSE, Issue
from onewindow.org.models import Office, Parameter, forget_parameters
from tests.issues.conftest import CAUSE
from tests.town import at

pytestmark = pytest.mark.django_db


def given(town, i, verb, who):
    """What is said with a step."""
    votes = [{"person": p, "name": p.name if p else "外", "is_outside": p is None, "upholds": verb == "uphold", "reason": "…"}
             for p in (town.leader, town.dai, None)]  # fmt: skip
    say = {
        "dispatch": {"office": town.health_office, "grade": "complex"}, "send_back": {"reason": "…"},
        "decline": {"kind_code": "petition", "answer": "…", "transferred_to": "信访局", "receipt": "R-1"},
        "contact": {"how": "page", "note": "", "text": "…"}, "missed": {"how": "phone"}, "callback_missed": {"how": "phone"},
        "go_on": {"finding": "…"}, "verify": {"founded": "yes", "finding": "…", "grade": "complex"},
        "ask_reporter": {"notice": "…", "days": 2}, "reporter_answers": {"text": "…"},
        "plan": {"plan": "…", "plan_owner": "…", "plan_due": dt.date(2026, 12, 30), "reason": "…"},
        "settle": {"answer": "…", "done_case": "A1", **CAUSE}, "reply": {"proposal": "partly", "answer": "…", "done_case": "A1", **CAUSE},
        "refuse_lawfully": {"article": "…", "answer": "…", "alternatives": "…", **CAUSE}, "reject_no": {"reason": "…"},
        "appeal": {"reason": "…"}, "uphold": {"votes": votes, "answer": "…"}, "dismiss": {"votes": votes, "answer": "…"},
        "close": {"words": "…"}, "reopen": {"reason": "…"}, "correct_cause": CAUSE, "recheck": {"still_right": True, "note": ""},
    }  # fmt: skip
    if verb == "merge":
        return {"main": opening.open_issue("stuck", by=town.bai, text="…", item=town.food.item)}
    return say.get(verb, {})


def test_random_lives_never_go_wrong(town, life):
    # everybody is asked again, so that a life does not depend on the digits of its number
    Parameter.objects.update_or_create(code="issue_recheck_share", defaults={"value": "100"})
    forget_parameters()
    ends, seen = set(), set()
    for seed in range(25):
        random = Random(seed)
        moment = at("2026-11-23 10:00")
        with time_machine.travel(moment, tick=False) as clock:
            i = (
                life.review(n=seed + 1)
                if seed % 3 == 0
                else life.stuck(reporter=None if seed % 3 == 1 else ("张", "19900000001"))
            )
            cast = [
                getattr(town, n) for n in ("li", "wang", "head", "qian", "zhou", "bai", "lu", "dai", "leader")
            ]
            for _ in range(24):
                if random.random() < 0.35:
                    moment += dt.timedelta(hours=random.randint(1, 40))
                    clock.move_to(moment)
                    wake()
                i = Issue.objects.with_facts().get(pk=i.pk)
                may = [
                    (v, p) for v, s in FLOWS["Q"].steps.items() if not s.when
                    for p in [*cast, links.reporter_of(i)] if FLOWS["Q"].why_not(v, i, p) is None
                ]  # fmt: skip
                assert may or not i.is_open, f"a dead end: {i.status}"
                seldom = (
                    "take_back",
                    "merge",
                    "part",
                    "decline",
                    "correct_cause",
                    "missed",
                    "callback_missed",
                )
                usual = [m for m in may if m[0] not in seldom]
                if not (usual or may):
                    break
                verb, who = random.choice(usual if usual and random.random() < 0.95 else may)
                seen.add(verb)
                take(FLOWS["Q"].steps[verb], i, by=who, **given(town, i, verb, who))
                check(i)
                ends.add(i.outcome)
    assert len(seen) >= 20 and len(ends - {""}) >= 4, (sorted(seen), ends)


def check(i):
    events = list(Event.objects.of(i.number))
    assert list(chain.breaks(events)) == [] and events[-1].seq == i.version
    stored = Issue.objects.get(pk=i.pk)
    assert (stored.status, stored.outcome, stored.reopened) == (i.status, i.outcome, i.reopened)
    assert i.is_open == (i.outcome == "") == (i.status != "closed")
    if not i.is_open and i.outcome not in WITHOUT_CAUSE:
        assert i.cause and i.prevention and i.prevention_note


def test_a_storm_of_late_issues_escalates_each_once_however_often_the_worker_runs(town, life, monday):
    """The suite's small version; bench/issues.py lets a hundred thousand climb."""
    n = 40
    for k in range(n):
        life.stuck(reporter=("张", f"199000{k:05d}"))
    rungs = [("2026-11-23 17:01", ["yellow"]), ("2026-11-25 17:01", ["supervise", "yellow"]),
             ("2026-11-27 17:01", ["supervise", "transfer", "yellow"])]  # fmt: skip
    for moment, codes in rungs:
        monday.move_to(at(moment))
        for _ in range(2):
            while wake():
                pass
        assert sorted(Card.objects.values_list("code", flat=True)) == sorted(codes * n)


def test_each_origin_may_have_limits_a_ladder_and_confidentiality_of_its_own(town, monday):
    from onewindow.cases import rungs
    from onewindow.cases.models import Rung

    card = origins.Origin("card", "监督卡", confidentiality=origins.SEALED, contact="bad_review_contact")
    origins.add(card)
    Rung.objects.create(
        kind="issue.card", code="transfer", measure="promise", after="0wd", roles=["leader"], todo="…"
    )
    rungs.forget()
    try:
        i = opening.open_issue(
            "card", by=opening.CITIZEN, text="窗口收费", item=town.food.item, reporter=("张", "19900000009")
        )
        assert (i.office, i.due_at) == (
            town.bureau,
            at("2026-11-24 17:00"),
        )  # sealed: never the unit on the card
        with pytest.raises(StepRefused) as refused:
            take(
                FLOWS["Q"].steps["dispatch"],
                i,
                by=town.bai,
                office=Office.objects.get(code="MSA"),
                grade="simple",
            )
        assert refused.value.reason.code == "sealed"
        assert not Issue.objects.seen_by(town.head).exists() and not Issue.objects.seen_by(town.wang).exists()
        monday.move_to(at("2026-11-24 17:01"))
        while wake():
            pass
        assert list(Card.objects.filter(number=i.number).values_list("code", flat=True)) == ["transfer"]
    finally:
        del origins.ORIGINS["card"]
        rungs.forget()
