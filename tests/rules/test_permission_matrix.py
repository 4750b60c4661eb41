"""Every step × status × person of the town, held against a committed table.

A change of who may do what shows up as a changed line in ``permission_matrix.txt`` and has to be meant: copy what the failing test prints.
"""

from pathlib import Path

import pytest
import time_machine

from onewindow.approvals.actions import Matter, ask_opinion, open_plan
from onewindow.cases.flow import FLOWS, take
from onewindow.cases.rules import CLOCK, Actor, applicant_of
from onewindow.pledges import actions as pledges
from onewindow.pledges.models import Pledge
from onewindow.window import actions, procedures
from onewindow.window.joint import matter_of
from onewindow.window.models import Status
from tests.town import at

GOLDEN = Path(__file__).parent / "permission_matrix.txt"
CAST = ["li", "ma", "wang", "head", "qian", "zhou", "bai", "leader", "firm", "it", "nobody"]


def letter(reason) -> str:
    """``+`` may, ``.`` not possible now, ``-`` not this person."""
    return "+" if reason is None else {"not_possible": ".", "not_allowed": "-"}[reason.kind]


def in_a_hearing(town):
    """Joint handling of a renewal asked for in time; the hearing is called."""
    town.food.is_joint = (
        True  # also for what follows: nothing may be open to all because departments act together
    )
    with time_machine.travel(at("2026-11-23 10:00"), tick=False):
        case = town.accepted(n=3, renews="ZD-1", renew_by=at("2027-01-31 23:59"))
        procedures.offer_hearing(case, by=town.wang, why="拟不予许可")
        return case


def table_of(town, case, title) -> list[str]:
    flow = FLOWS["A"]
    people = {name: getattr(town, name) for name in CAST}
    people |= {
        "applicant": applicant_of(case),
        "another": Actor("applicant", "A000000000000X"),
        "clock": CLOCK,
    }
    is_ = case.status
    lines = [f"# {title}: {' '.join(people)}  (+ may, . not possible, - not this person)"]
    for verb in sorted(flow.steps):  # whichever module was imported first
        for status in Status:
            case.status = status
            row = "".join(letter(flow.why_not(verb, case, who)) for who in people.values())
            lines.append(f"{verb:18} {status.value:13} {row}")
    case.status = is_
    return lines


@pytest.mark.django_db
def test_who_may_take_which_step_is_as_published(town):
    lines = table_of(town, town.take_in(), "PROMISED")
    lines += table_of(town, town.take_in(town.proof), "IMMEDIATE")
    case = in_a_hearing(town)
    with time_machine.travel(at("2026-11-24 10:00"), tick=False):
        lines += table_of(town, case, "JOINT renewal, told of the right to a hearing")
        procedures.ask_hearing(case, by=applicant_of(case))
        procedures.call_hearing(
            case, by=town.wang, on=at("2026-12-04 09:00").date(), time="09:00", place="会议室", chair="head"
        )
        lines += table_of(town, case, "JOINT renewal, hearing called")
    plain = set(lines)
    for title, case in situations(town):  # only what is otherwise than in some table above
        lines += [line for line in table_of(town, case, title) if line not in plain]
    table = "\n".join(lines) + "\n"
    assert table == GOLDEN.read_text(encoding="utf-8"), table
    assert everybody_s_steps(lines) == set(FLOWS["A"].steps)


def situations(town):
    """What a case is in besides its status: returned to the window, in dispute, granted for now, granted for good."""
    returned = town.accepted(n=4)
    take(FLOWS["A"].steps["bounce"], returned, by=town.wang, reason="缺少签章")
    yield "JOINT, returned to the window", returned
    take(FLOWS["A"].steps["answer_bounce"], returned, by=town.li, outcome="complete", answer="在第二页")
    yield "JOINT, in dispute", returned
    later = {1: ("paper", None), 2: ("paper", None), 3: ("deferred", None)}
    owing = actions.accept(town.take_in(n=5, materials=later), by=town.li)
    actions.decide(owing, by=town.wang, result="grant")
    yield "JOINT, granted for now, a material owed", owing
    pledges.make_good(Pledge.objects.get(application=owing.number), by=town.li, form="paper")
    yield "JOINT, granted for now, everything supplied", owing
    spoken = town.accepted(n=7)
    (share,) = open_plan(
        matter_of(spoken), [{"stage": 1, "office": "MSA", "title": "审查", "limit": "2wd"}], by=town.li
    )
    take(FLOWS["B"].steps["approve"], share, by=town.wang)
    yield "JOINT, a department has given its opinion", spoken
    yield "JOINT, granted", actions.decide(town.accepted(n=6), by=town.wang, result="grant")


def everybody_s_steps(lines) -> set[str]:
    """The steps that somebody may take in one of the rows: none of them stands in the table for nothing."""
    return {line.split()[0] for line in lines if not line.startswith("#") and "+" in line.split()[-1]}


APPROVALS = Path(__file__).parent / "permission_matrix_approvals.txt"


def table_of_shares(town) -> list[str]:
    """The same for the share of HEALTH in an application that MSA leads."""
    from onewindow.approvals.models import Status as ShareStatus

    a = town.accepted()
    matter: Matter = matter_of(a)
    row = {"stage": 1, "office": "HEALTH", "title": "卫生审查", "limit": "2wd"}
    (share,) = open_plan(matter, [row], by=town.li)
    people = {name: getattr(town, name) for name in CAST}
    people |= {
        "applicant": applicant_of(a),
        "another": Actor("applicant", "A000000000000X"),
        "clock": CLOCK,
    }
    asked = ask_opinion(
        matter,
        town.health_office,
        by=town.wang,
        title="征求意见",
        title_en="",
        question="是否同意？",
        limit="2wd",
    )
    lines = []
    (own,) = open_plan(matter, [row | {"office": "MSA"}], by=town.li)
    for title, one in (
        ("share of HEALTH", share),
        ("opinion asked of HEALTH", asked),
        ("share of MSA, which leads", own),
    ):
        lines.append(f"# {title}: {' '.join(people)}  (+ may, . not possible, - not this person)")
        for verb in FLOWS["B"].steps:
            for status in ShareStatus:
                one.status = status
                row_ = "".join(letter(FLOWS["B"].why_not(verb, one, who)) for who in people.values())
                lines.append(f"{verb:24} {status.value:12} {row_}")
    return lines


@pytest.mark.django_db
def test_who_may_take_which_step_of_a_share_is_as_published(town):
    lines = table_of_shares(town)
    table = "\n".join(lines) + "\n"
    assert table == APPROVALS.read_text(encoding="utf-8"), table
    assert everybody_s_steps(lines) == set(FLOWS["B"].steps)
