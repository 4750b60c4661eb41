"""Staff pages of shared data: the catalogue, one data set with its grants, requests, and the log of calls."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases.export import workbook
from onewindow.cases.numbers import shown
from onewindow.cases.views import staff
from onewindow.exchange import actions, log
from onewindow.exchange.forms import AnswerForm, AskForm, CallFilters, RevokeForm
from onewindow.exchange.models import Call, Dataset, Grant, GrantState
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local


@staff
@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """Which data there are, who owns them, on which basis they are shared, and how often they were asked."""
    mine = request.user.offices_as(Role.HEAD)
    to_answer = (
        Grant.objects.seen_by(request.user)
        .with_facts()
        .filter(state=GrantState.ASKED, dataset__owner_id__in=mine)
    )
    context = {"datasets": log.catalogue(), "to_answer": to_answer.order_by("asked_at"), "days": log.RECENT}
    return render(request, "exchange/datasets.html", context)


def _dataset(code: str) -> Dataset:
    found = log.dataset(code)
    if found is None:
        raise Http404
    return found


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def dataset(request: HttpRequest, code: str) -> HttpResponse:
    """One data set: its fields and basis, its grants; the owner answers and revokes, the head of another office asks."""
    found = _dataset(code)
    owner = found.owner_id in request.user.offices_as(Role.HEAD)
    asks = request.user.has_role(Role.HEAD) and not owner and found.is_active and found.sharing != "closed"
    form, answers, status = None, {}, 200
    if asks:
        form = AskForm(request.POST if "ask" in request.POST else None, by=request.user, dataset=found)
    grants = list(Grant.objects.seen_by(request.user).with_facts().filter(dataset=found))
    if request.method == "POST":
        if "ask" in request.POST:
            if form is None:
                raise PermissionDenied
            if form.is_valid():
                given = form.cleaned_data
                actions.ask_grant(
                    found, given.pop("office"), by=request.user, fields=given.pop("wanted"), **given
                )
                messages.success(request, _("The request is with the owner."))
                return redirect("dataset", code=code)
        else:
            grant, bad = _answered(request, grants)
            if bad is None:
                return redirect("dataset", code=code)
            answers[grant.pk] = bad
        status = 422
    rows = [
        (g, (answers.get(g.pk) or AnswerForm(grant=g)) if owner and g.state == GrantState.ASKED else None,
         (answers.get(g.pk) or RevokeForm()) if owner and g.state == GrantState.APPROVED else None)
        for g in grants
    ]  # fmt: skip
    context = {"dataset": found, "rows": rows, "form": form, "owner": owner, "today": actions.today()}
    return render(request, "exchange/dataset.html", context, status=status)


def _answered(request: HttpRequest, grants: list[Grant]) -> tuple[Grant, Any]:
    """Answers or revokes the grant that the form names: (grant, the form if something in it is wrong)."""
    wanted = request.POST.get("grant", "")
    grant = next((g for g in grants if str(g.pk) == wanted), None)
    if grant is None:
        raise Http404
    form: Any
    try:
        if "revoke" in request.POST:
            form = RevokeForm(request.POST)
            if not form.is_valid():
                return grant, form
            actions.revoke_grant(grant, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, _("The grant is revoked: from now on nothing is told."))
            return grant, None
        form = AnswerForm(request.POST, grant=grant, approve="approve" in request.POST)
        if not form.is_valid():
            return grant, form
        given = form.cleaned_data
        actions.answer_grant(
            grant,
            by=request.user,
            approve=form.approve,
            answer=given["answer"],
            fields=given["wanted"] or None,
        )
        messages.success(request, _("Your answer is with the department."))
    except actions.NotPossible as wrong:
        if wrong.reason.kind == "not_allowed":
            raise PermissionDenied from wrong
        messages.error(request, wrong.text)
    return grant, None


def _filters(request: HttpRequest) -> tuple[CallFilters, Any]:
    filters = CallFilters(request.GET, datasets=log.catalogue(), offices=log.offices().values())
    return filters, log.calls(request.user, filters.asked, *filters.days)


@staff
@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """The log: who asked which data set, when, for which case, on which basis, and what came of it."""
    filters, found = _filters(request)
    rows, following = log.page(found, request.GET.get("cursor", ""))
    people, offices = log.people(rows), log.offices({r.office for r in rows})
    context = {
        "filters": filters,
        "lines": [
            (r, people.get(r.by), offices.get(r.office), r.dataset.fields_named(r.fields), log.why(r.reason))
            for r in rows
        ],
        "total": found.count(),
        "next": following,
        "filtered": bool(filters.asked) or any(filters.days),
    }
    return render(request, "exchange/calls.html", context)


@staff
@require_safe
def calls_export(request: HttpRequest) -> HttpResponseBase:
    """The same list as a workbook."""
    found = _filters(request)[1]
    columns: list[tuple[Any, int]] = [
        (_("Time"), 18), (_("Account"), 16), (_("Data set"), 24), (_("Owner"), 20), (_("Case number"), 20),
        (_("For department"), 20), (_("Item code"), 20), (_("Purpose"), 44), (_("Legal basis"), 44), (_("Fields"), 40),
        (_("Outcome"), 18), (_("Reason"), 18), (_("Milliseconds"), 12), (_("Whose (digest)"), 36),
    ]  # fmt: skip
    offices = log.offices()

    def line(r: Call) -> list[Any]:
        names = "、".join(local(f) for f in r.dataset.fields_named(r.fields))
        return [
            r.at, r.by, local(r.dataset), local(r.dataset.owner), shown(r.number), local(offices.get(r.office)) or r.office,
            r.item, r.purpose, r.legal_basis, names, r.get_outcome_display(), str(log.why(r.reason)), r.milliseconds,
            r.subject_digest,
        ]  # fmt: skip

    return workbook("data-calls", columns, (line(r) for r in found[:10_000].iterator()))
