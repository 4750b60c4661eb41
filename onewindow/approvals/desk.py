"""部门审批 on the desk: which ones wait for whom, how one looks, and what its events say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onewindow.approvals.forms import FORMS
from onewindow.approvals.models import Approval, Comment, Status
from onewindow.cases import clock, desk, numbers
from onewindow.cases.models import Attachment, Event
from onewindow.catalog.models import Code
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import limit, local

if TYPE_CHECKING:
    from onewindow.org.models import Person

S = Status
SAID = {
    "begin": gettext_lazy("Begun: the stage before is done"),
    "approve": gettext_lazy("Agreed"),
    "approve_with_conditions": gettext_lazy("Agreed with conditions"),
    "oppose": gettext_lazy("Objected"),
    "resume": gettext_lazy("Special procedure over, the clock runs on"),
    "hold": gettext_lazy("The whole application stands still, and this share with it"),
    "release": gettext_lazy("The application goes on, and this share with it"),
    "restore": gettext_lazy("Needed again: the objection was taken back"),
    "remind": gettext_lazy("Reminded: half of the time has gone"),
    "reclock": gettext_lazy("Deadline worked out anew on the new calendar"),
}
CANCELLED = {
    "objection": gettext_lazy("No longer needed: another department has objected"),
    "decide": gettext_lazy("No longer needed: the decision was made"),
}
LIGHTS = {
    "green": gettext_lazy("On time again"),
    "amber": gettext_lazy("Little time is left"),
    "yellow": gettext_lazy("The promised day has passed"),
    "red": gettext_lazy("The lawful limit has passed"),
}


class Approvals(desk.Kind):
    """部门审批."""

    prefix = "B"
    template = "approvals/approval_facts.html"
    forms = FORMS
    first = ("approve", "resume", "answer")
    grave = frozenset({"oppose"})

    def waiting(self, person: Person) -> Q:
        """At the department: to examine, and to resume. At the leading one and the window: comments to be answered."""
        mine = Q(pk__in=[])
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            mine |= Q(office_id__in=offices, status__in=[S.EXAMINING, S.SUSPENDED])
            mine |= Q(lead_id__in=offices, status=S.RETURNED)
        return mine

    def meant(self, text: str, show: str) -> Q:
        """Its own number or that of its application."""
        if number := numbers.clean(text):
            return Q(number=number) | Q(application=number)
        bare = re.sub(r"[\s\-–—]", "", text).upper()
        if re.fullmatch(r"[A-Z]?\d{4,}", bare) and show != desk.ALL:
            return Q(number__contains=bare) | Q(application__contains=bare)
        return Q(pk__in=[])

    def narrow(self, cleaned: Mapping[str, Any]) -> Q:
        """The filters of applications that mean something here; the others leave nothing."""
        named = {"item": "item__code", "hall": "hall__code", "office": "office__code"}
        if any(value for name, value in cleaned.items() if name not in named):
            return Q(pk__in=[])
        return Q(**{named[name]: value for name, value in cleaned.items() if value})

    def rows(self, cases: QuerySet) -> QuerySet:
        return cases.select_related("office", "item", "hall")

    def title(self, case: Any) -> str:
        return local(case)

    def line(self, case: Any) -> str:
        return f"{local(case.item)} {case.holder}".strip()

    def may_look(self, case: Any, person: Person) -> bool:
        return case.office_id in person.offices_as(Role.APPROVER, Role.HEAD)

    def clock_name(self, case: Any) -> str:
        return _("Give the opinion") if case.is_advisory else _("Give the verdict")

    def page(self, case: Any, person: Person) -> dict[str, Any]:
        stop = clock.stops_of(case) and case.status == S.SUSPENDED
        rows = list(Comment.objects.of(case))
        return {
            "comments": [(row, found) for row, found in zip(rows, pages_of(case, rows), strict=True)],
            "others": others(case),
            "stopped": bool(stop),
        }

    def sentence(self, event: Event) -> tuple[Any, Any]:
        data, note = event.data, ""
        match event.verb:
            case "open":
                title = _("Opinion asked for") if data.get("advisory") else _("Opened with the application")
                if data.get("promised"):
                    note = _("within %(limit)s") % {"limit": limit(data["promised"])}
            case "comment":
                n = data["new"] + data["carried"]
                title = ngettext("Returned with %(n)d comment", "Returned with %(n)d comments", n) % {"n": n}
                if data["late"]:
                    late = ngettext("%(n)d of them late", "%(n)d of them late", data["late"])
                    note = late % {"n": data["late"]}
            case "answer":
                title = _("Comments answered, round %(n)d begins") % {"n": data["round"]}
            case "suspend":
                title = _("Special procedure: %(why)s, the clock of this share stands still") % {
                    "why": stop_name(data["reason"])
                }
            case "stop_overrun":
                title = _("The time told for “%(why)s” is over, the clock still stands")
                title = title % {"why": stop_name(data["stop"])}
            case "reopen":
                title = _("Opinion taken back by the head of the department: %(was)s") % {
                    "was": Status(data["was"]).label
                }
                note = data["reason"]
            case "cancel":
                title = CANCELLED.get(data["because"], _("No longer needed: the application has ended"))
            case "light":
                title = LIGHTS.get(data["light"], data["light"])
            case _:
                title = SAID.get(event.verb, event.verb)
                note = data.get("basis", "")
        return title, note


def pages_of(b: Approval, rows: list[Comment]) -> list[list[Attachment]]:
    """The files that came with the answer to each comment. One query."""
    purposes = [b.purpose(row.no) for row in rows]
    found = list(Attachment.objects.filter(number=b.application, purpose__in=purposes)) if rows else []
    return [[page for page in found if page.purpose == purpose] for purpose in purposes]


def others(b: Approval) -> list[tuple[Approval, str]]:
    """The shares of the other departments, with their light: who knows what the others say asks no question twice."""
    return [(other, desk.light(other)) for other in Approval.objects.of(b.application) if other.pk != b.pk]


def stop_name(code: str) -> str:
    """Why a clock stands still, in words."""
    row = Code.objects.filter(list="stop_reason", code=code).first()
    return local(row) if row else code
