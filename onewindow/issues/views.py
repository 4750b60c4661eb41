"""Staff pages: every issue as a list and as a board, the could-not-be-done window, the "no"s, and the figures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import desk, instant, numbers
from onewindow.cases.export import workbook
from onewindow.cases.lines import lines
from onewindow.cases.numbers import shown
from onewindow.cases.typeset import qr_svg
from onewindow.cases.views import staff
from onewindow.issues import (
    actions,
    entries,
    figures,
    links,
    lists,
    opening,
    origins,
    papers,
    rules,
    similar,
    weekly,
)
from onewindow.issues.models import Issue, Refusal
from onewindow.org.models import Counter
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local

READERS = (Role.APPROVER, Role.HEAD, Role.BUREAU, Role.LEADER, Role.HALL_MANAGER, Role.CLERK)
AT_WINDOW = (Role.CLERK, Role.HALL_MANAGER)
SHOWS = ("open", "board", "again", "all")


def _only(request: HttpRequest, *roles: str) -> None:
    if not request.user.has_role(*roles):
        raise PermissionDenied


@staff
@require_safe
def issues(request: HttpRequest) -> HttpResponse:
    """One place for every issue of one's unit, hall or city: open ones, a board by stage, all."""
    _only(request, *READERS)
    show = request.GET.get("show", "open") if request.GET.get("show") in SHOWS else "open"
    if show == "again" and not request.user.has_role(Role.BUREAU):
        show = "open"
    filters = entries.IssueFilters(request.GET, by=request.user)
    tabs = [("open", _("Open")), ("board", _("Board")), ("all", _("All, ended too"))]
    if request.user.has_role(Role.BUREAU):
        tabs.insert(2, ("again", _("To be asked again")))
    context: dict[str, Any] = {
        "filters": filters,
        "show": show,
        "tabs": [(code, label, code == show) for code, label in tabs],
        "is_bureau": request.user.has_role(Role.BUREAU, Role.LEADER),
        "registers": request.user.has_role(*AT_WINDOW, Role.BUREAU),
    }
    if show == "board":
        columns = lists.board(request.user, filters.asked)
        context |= {"columns": columns, "total": sum(c.n for c in columns)}
        return render(request, "issues/issues.html", context)
    found = lists.find(request.user, filters.asked, show=show)
    rows, following = lists.page(found, request.GET.get("cursor", ""))
    if show == "again":
        shown_rows: list[Any] = [SimpleNamespace(case=i, title=desk.of(i).title(i)) for i in rows]
    else:
        shown_rows = list(lines(rows, by_office=True))
    context |= {"rows": shown_rows, "total": found.count(), "next": following}
    return render(request, "issues/issues.html", context)


@staff
@require_safe
def issues_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a workbook, without anybody's name; the export is written to the access log."""
    _only(request, *READERS)
    show = asked if (asked := request.GET.get("show")) in ("open", "again") else "all"
    found = lists.find(request.user, entries.IssueFilters(request.GET, by=request.user).asked, show=show)
    columns = [
        (_("Number"), 20), (_("Origin"), 18), (_("Item"), 32), (_("Department"), 24), (_("Hall"), 24), (_("Status"), 14),
        (_("Light"), 12), (pgettext("case", "Opened"), 17), (_("Promised for"), 17), (_("Ended"), 17), (_("Outcome"), 22),
        (_("Cause"), 22), (_("Prevention"), 18), (_("Reopened"), 10),
    ]  # fmt: skip
    names = dict(entries.codes("issue_cause"))
    desk.log_export(by=request.user, purpose=f"issues {show}", ip=request.META.get("REMOTE_ADDR"))  # type: ignore[arg-type]
    return workbook(
        _("Issues %(day)s") % {"day": desk.today().isoformat()},
        columns,
        (
            [
                shown(i.number), origins.of(i).label, local(i.item) if i.item else "", local(i.office),
                local(i.hall) if i.hall else "", i.status_label, i.get_light_display(), i.opened_at, i.due_at, i.closed_at,
                i.get_outcome_display(), names.get(i.cause, i.cause), i.get_prevention_display(), i.reopened,
            ]
            for i in found.iterator(chunk_size=500)
        ),
    )  # fmt: skip


@staff
@require_POST
def link(request: HttpRequest, number: str) -> HttpResponse:
    """Links two issues that belong together; both must be this person's to see."""
    seen = Issue.objects.seen_by(request.user)
    one = seen.filter(number=numbers.clean(number)).first()
    other = seen.filter(number=numbers.clean(request.POST.get("other", ""))).first()
    if one is None or other is None or one.pk == other.pk:
        raise Http404
    if not rules.is_bureau(one, request.user):
        raise PermissionDenied
    actions.link(one, other, by=request.user)
    messages.success(request, _("The two issues are linked."))
    return redirect("case", one.number)


# --- the could-not-be-done window --------------------------------------------------------------------------


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Registration in under a minute: which service, what happened, a number to call. The slip with the reporter's own link is
    shown once, here, and only to somebody who left no number: whoever has the link speaks for the reporter."""
    _only(request, *AT_WINDOW, Role.BUREAU)
    posted = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    # a case, the slip of a "no", the ticket at the window: what they know is not asked again
    known, ticket = (request.GET.get(name, "").replace("\0", "")[:20] for name in ("number", "ticket"))
    form = entries.RegisterForm(*posted, by=request.user, known=known, ticket=ticket)
    if request.method == "POST" and form.is_valid() and (i := form.open()) is not None:
        url = links.url(i) if i.is_anonymous else ""
        context = {"i": i, "url": url, "qr": qr_svg(url) if url else "", "promised": i.due_at}
        return render(request, "issues/registered.html", context)
    status = 422 if form.is_bound else 200
    return render(request, "issues/register.html", {"form": form}, status=status)


@staff
@require_safe
def posters(request: HttpRequest) -> HttpResponse:
    """The code for each could-not-be-done window, to be printed and put up."""
    _only(request, Role.HALL_MANAGER, Role.BUREAU)
    found = _stuck_windows(request.user)
    addresses = [(c, f"{settings.BASE_URL}/stuck/{c.hall.code}/{c.code}/") for c in found]
    rows = [(c, url, qr_svg(url)) for c, url in addresses]
    return render(request, "issues/posters.html", {"rows": rows})


def _stuck_windows(person: Any) -> list[Counter]:
    return opening.stuck_windows(None if person.has_role(Role.BUREAU) else person.halls_as(Role.HALL_MANAGER))


# --- when we say no ----------------------------------------------------------------------------------------


@staff
@require_safe
def refusals(request: HttpRequest) -> HttpResponse:
    """The "no"s with reason and basis, what became of them, and above them the review of the week."""
    _only(request, *READERS)
    filters = entries.RefusalFilters(request.GET, by=request.user)
    found = lists.refusals(request.user, filters.asked)
    rows, following = lists.page(found, request.GET.get("cursor", ""))
    names = entries.reason_names()
    became = lists.issues_of(rows, request.user)
    since, week = lists.week(request.user, names)
    context = {
        "filters": filters,
        "rows": [(r, entries.reason_of(r, names), became.get(r.code)) for r in rows],
        "total": found.count(),
        "next": following,
        "since": since,
        "week": week,
        "at_window": request.user.has_role(*AT_WINDOW),
        "unsigned": weekly.unsigned() if request.user.has_role(Role.BUREAU, Role.LEADER) else 0,
    }
    return render(request, "issues/refusals.html", context)


@staff
@require_safe
def refusals_export(request: HttpRequest) -> HttpResponseBase:
    """The same list as a workbook, whole; what was said at the window is in it, so the export is written to the access log."""
    _only(request, *READERS)
    found = lists.refusals(request.user, entries.RefusalFilters(request.GET, by=request.user).asked)
    names, became = entries.reason_names(), lists.numbers_of(found, request.user)
    desk.log_export(by=request.user, purpose="no", ip=request.META.get("REMOTE_ADDR"))  # type: ignore[arg-type]
    columns = [
        (_("Day"), 17), (_("Item"), 34), (_("Department"), 24), (_("Hall"), 24), (_("Reason"), 26), (_("Legal basis"), 34),
        (pgettext("no", "What was said"), 40), (_("Issue"), 20),
    ]  # fmt: skip
    return workbook(
        "no",
        columns,
        (
            [r.at, local(r.item), local(r.item.office), local(r.hall), entries.reason_of(r, names), r.basis, r.note,
             shown(became[r.code]) if r.code in became else ""]
            for r in found.iterator(chunk_size=500)
        ),
    )  # fmt: skip


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def refusal_new(request: HttpRequest) -> HttpResponse:
    """A "no" is written down, and its slip is printed at once."""
    _only(request, *AT_WINDOW)
    form = entries.RefusalForm(request.POST if request.method == "POST" else None, by=request.user)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        r = opening.say_no(
            by=request.user, hall=given["counter"].hall, counter=given["counter"], item=given["item"],
            reason=given["reason"], basis=given["basis"], note=entries.tidy(given["note"]),
        )  # fmt: skip
        return render(
            request,
            "issues/refused.html",
            {"r": r, "qr": qr_svg(papers.slip_url(r)), "url": papers.slip_url(r)},
        )
    return render(request, "issues/refusal_new.html", {"form": form}, status=422 if form.is_bound else 200)


@staff
@require_safe
def refusal_slip(request: HttpRequest, code: str) -> HttpResponse:
    """The slip of a "no" as a PDF, for those who may see it."""
    r = Refusal.objects.seen_by(request.user).select_related("item__office", "hall").filter(code=code).first()
    if r is None:
        raise Http404
    return papers.answer(papers.slip(r), f"no-{r.code}.pdf")


# --- figures -----------------------------------------------------------------------------------------------


@staff
@require_safe
def figures_page(request: HttpRequest) -> HttpResponse:
    """For bureau, leaders and heads: causes, what came back, how it ended, who owes, week by week, and what is talked about."""
    _only(request, Role.BUREAU, Role.LEADER, Role.HEAD)
    form = entries.PeriodForm(request.GET)
    first, last = form.span(instant.now())
    seen = figures.look(request.user, first, last, form.asked.get("origin", ""))  # type: ignore[arg-type]
    most = max([w.opened for w in seen.weeks] + [w.ended for w in seen.weeks] + [1])
    context = {
        "form": form,
        "seen": seen,
        "first": timezone.localdate(first),
        "most": most,
        "themes": similar.themes(Issue.objects.seen_by(request.user), first, last),
    }
    return render(request, "issues/figures.html", context)


@staff
@require_safe
def figures_export(request: HttpRequest) -> HttpResponseBase:
    """Who owes and how it ended, office by office."""
    _only(request, Role.BUREAU, Role.LEADER, Role.HEAD)
    form = entries.PeriodForm(request.GET)
    seen = figures.look(request.user, *form.span(instant.now()), form.asked.get("origin", ""))  # type: ignore[arg-type]
    columns = [
        (_("Department"), 28), (_("Open"), 10), (_("Late"), 10), (_("Late since"), 17), (_("Ended"), 10),
        (_("Really solved"), 12), (_("Lawful no"), 12), (_("Median working days"), 14),
    ]  # fmt: skip
    return workbook(
        "issues",
        columns,
        (
            [local(o.office), o.open, o.late, o.since, o.ended, o.solved, o.lawful_no, o.days]
            for o in seen.offices
        ),
    )
