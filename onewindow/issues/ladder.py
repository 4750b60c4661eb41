"""督办阶梯 of issues: unit head, the deputy mayor in charge, the leading group, two working days apart."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onewindow.cases import rungs
from onewindow.cases.models import CardCode, Measure, Rung
from onewindow.org.roles import Role


def _rung(code: str, after: str, roles: list[str], todo: str, todo_en: str) -> Rung:
    return Rung(code=code, measure=Measure.PROMISE, after=after, roles=roles, todo=todo, todo_en=todo_en)


rungs.NAMES["issue"] = gettext_lazy("Issues")
rungs.SHIPPED["issue"] = (
    _rung(
        CardCode.YELLOW, "0wd", [Role.HEAD],
        "问题已超过承诺时限，请负责人当日督促办理并说明原因。",
        "The issue has passed its promise. See to it today and say why.",
    ),
    _rung(
        CardCode.SUPERVISE, "2wd", [Role.BUREAU, Role.LEADER],
        "超期 2 个工作日，请营商环境局督办，报分管领导。",
        "Two working days late: the bureau supervises and reports to the leader in charge.",
    ),
    _rung(
        CardCode.TRANSFER, "4wd", [Role.LEADER],
        "超期 4 个工作日，提交领导小组研究解决。",
        "Four working days late: put before the leading group.",
    ),
)  # fmt: skip
