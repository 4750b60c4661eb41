"""Every step × status × person of the town, held against a committed table.

A change of who may do what shows up as a changed line in ``permission_matrix.txt`` and has to be meant: copy what the failing test prints.
"""

from pathlib import Path

import pytest
import time_machine

from onewindow.cases.flow import FLOWS
from onewindow.cases.rules import CLOCK, Actor, applicant_of
from onewindow.window import procedures
from onewindow.window.models import Status
from tests.town import at

GOLDEN = Path(__file__).parent / "permission_matrix.txt"
CAST = ["li", "ma", "wang", "head", "qian", "zhou", "bai", "leader", "firm", "it", "nobody"]


def letter(reason) -> str:
    """``+`` may, ``.`` not possible now, ``-`` not this person."""
    return "+" if reason is None else {"not_possible": ".", "not_allowed": "-"}[reason.kind]


def in_a_hearing(town):
    """Joint handling of a renewal asked for in time; the hearing is called."""
    town.food.is_joint = True
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
    lines = [f"# {title}: {' '.join(people)}  (+ may, . not possible, - not this person)"]
    for verb in flow.steps:
        for status in Status:
            case.status = status
            row = "".join(letter(flow.why_not(verb, case, who)) for who in people.values())
            lines.append(f"{verb:18} {status.value:13} {row}")
    return lines


@pytest.mark.django_db
def test_who_may_take_which_step_is_as_published(town):
    lines = table_of(town, town.take_in(), "PROMISED")
    lines += table_of(town, town.take_in(town.proof), "IMMEDIATE")
    case = in_a_hearing(town)
    with time_machine.travel(at("2026-11-24 10:00"), tick=False):
        lines += table_of(town, case, "JOINT renewal, told of the right to a hearing")
        case.status = "examining"
        procedures.ask_hearing(case, by=applicant_of(case))
        procedures.call_hearing(
            case, by=town.wang, on=at("2026-12-04 09:00").date(), time="09:00", place="会议室", chair="head"
        )
        lines += table_of(town, case, "JOINT renewal, hearing called")
    table = "\n".join(lines) + "\n"
    assert table == GOLDEN.read_text(encoding="utf-8"), table


APPROVALS = Path(__file__).parent / "permission_matrix_approvals.txt"


def table_of_shares(town) -> list[str]:
    """The same for the share of HEALTH in an application that MSA leads."""
    from onewindow.approvals.actions import Matter, open_plan
    from onewindow.approvals.models import Status as ShareStatus
    from onewindow.window.joint import matter_of

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
    lines = [f"# share of HEALTH: {' '.join(people)}  (+ may, . not possible, - not this person)"]
    for verb in FLOWS["B"].steps:
        for status in ShareStatus:
            share.status = status
            row_ = "".join(letter(FLOWS["B"].why_not(verb, share, who)) for who in people.values())
            lines.append(f"{verb:24} {status.value:12} {row_}")
    return lines


@pytest.mark.django_db
def test_who_may_take_which_step_of_a_share_is_as_published(town):
    table = "\n".join(table_of_shares(town)) + "\n"
    assert table == APPROVALS.read_text(encoding="utf-8"), table
