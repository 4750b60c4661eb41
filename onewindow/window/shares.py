"""What an applicant is told of the departments that examine the application together, and answers them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onewindow.approvals import actions as approvals
from onewindow.approvals.forms import AnswerForm
from onewindow.approvals.models import Approval, Status
from onewindow.cases import clock
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.rules import By
from onewindow.catalog.models import Code
from onewindow.org.templatetags.ow import day_long, local
from onewindow.window.models import Application
from onewindow.window.ways import Way

S = Status
#: icon and words of a share; what a department says is an inner matter until the decision, that it has spoken is not
NOW = {
    S.WAITING: ("circle-dashed", gettext_lazy("comes later")),
    S.EXAMINING: ("circle-dot", gettext_lazy("examining")),
    S.RETURNED: ("file-pen", gettext_lazy("waits for your answer")),
    S.SUSPENDED: ("circle-pause", gettext_lazy("special procedure")),
}


@dataclass(frozen=True)
class Part:
    """One department's share, as the applicant sees it. ``answer``: number of the share that waits for an answer."""

    office: Any
    icon: str
    words: Any
    until: dt.datetime | None
    note: str
    answer: str


def parts(a: Application, me: By) -> list[Part]:
    """The departments of an application in the order of its plan; no query where one handles it alone."""
    if not a.item_version.plan or not a.accepted_at:
        return []
    rows = Approval.objects.of(a.number).binding().exclude(status=S.CANCELLED)
    return [_part(b, me) for b in rows]


def _part(b: Approval, me: By) -> Part:
    icon, words = NOW.get(S(b.status), ("circle-check", _("has given its opinion")))
    note = ""
    if b.status == S.SUSPENDED and (stop := clock.open_stop(b)):
        reason = Code.objects.filter(list="stop_reason", code=stop.reason).first()
        note = local(reason) if reason else ""
        if stop.expected_until:
            why = {"why": note, "day": day_long(stop.expected_until)}
            note = _("%(why)s, expected to end by %(day)s") % why
    mine = approvals.flow.why_not("answer", b, me) is None
    until = b.due_at if b.is_open and b.status == S.EXAMINING else None
    return Part(b.office, icon, words, until, note, b.number if mine else "")


def answer_page(request: HttpRequest, way: Way, number: str) -> HttpResponse | None:
    """The comments of one department, each with its answer and what proves it; None if there is no such share."""
    b = Approval.objects.of(way.case.number).with_facts().filter(number=number).first()
    if b is None:
        return None
    if reason := approvals.flow.why_not("answer", b, way.me):
        messages.info(request, reason.text)
        return redirect(way.status)
    post = request.method == "POST"
    given = (request.POST, request.FILES) if post else ()
    form = AnswerForm(*given, case=b, by=way.me)
    if post and form.is_valid():
        try:
            approvals.answer(b, by=way.me, **form.cleaned_data)
        except (StepRefused, Stale):
            messages.warning(request, _("The case has moved on meanwhile. Here is where it stands now."))
        else:
            messages.success(request, _("Thank you, the department has your answer."))
        return redirect(way.status)
    here = {"a": way.case, "way": way, "b": b, "form": form}
    return render(request, "window/track_answer.html", here, status=422 if post else 200)
