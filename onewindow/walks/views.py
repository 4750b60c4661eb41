"""Pages of leaders' walks: the list, what nobody has walked yet, planning, and the page in the walker's hand."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import desk, instant, numbers
from onewindow.cases.export import workbook
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.numbers import shown
from onewindow.cases.views import staff
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.walks import actions, figures, forms, rules
from onewindow.walks.models import Mode, Stage, State, Walk

PAGE = 50


def _only_readers(request: HttpRequest) -> None:
    if not request.user.has_role(*rules.READERS):
        raise PermissionDenied


def _find(request: HttpRequest, number: str) -> Walk:
    _only_readers(request)
    found = Walk.objects.seen_by(request.user).with_facts().filter(number=numbers.clean(number)).first()
    if found is None:
        raise Http404
    return found


@staff
@require_safe
def walks(request: HttpRequest) -> HttpResponse:
    """Every walk that one may see, with what came of those of the last 90 days."""
    _only_readers(request)
    filters = forms.WalkFilters(request.GET, by=request.user)
    found = figures.find(request.user, filters.asked)
    cursor = request.GET.get("cursor", "")
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 7 else 0
    rows = list(found[start : start + PAGE + 1])
    context = {
        "filters": filters,
        "rows": rows[:PAGE],
        "next": str(start + PAGE) if len(rows) > PAGE else "",
        "total": found.count(),
        "sums": figures.sums(request.user, *figures.period()),
        "may_plan": request.user.has_role(*rules.PLANNERS),
    }
    return render(request, "walks/walks.html", context)


@staff
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The list as a workbook; written to the access log."""
    _only_readers(request)
    columns = [
        (_("Number"), 20), (_("Day"), 12), (_("Who walks"), 14), (_("Item"), 32), (_("Department"), 24),
        (pgettext("walk", "How"), 14),
        (_("Hall"), 24), (_("State"), 12), (_("Minutes"), 10), (_("Trips"), 8), (_("Obstacles"), 10), (_("In your words"), 50),
    ]  # fmt: skip
    desk.log_export(by=request.user, purpose="walks", ip=request.META.get("REMOTE_ADDR"))
    asked = forms.WalkFilters(request.GET, by=request.user).asked
    found = figures.find(request.user, asked).prefetch_related("legs").iterator(chunk_size=500)
    now = instant.now()
    rows = (
        [
            shown(w.number), w.planned_on, local(w.walker), local(w.item), local(w.item.office), w.get_mode_display(),
            local(w.hall) if w.hall else "", w.state_label, sum(leg.minutes(now) for leg in w.legs.all()), w.trip_count,
            w.trouble_count, w.remarks,
        ]
        for w in found
    )  # fmt: skip
    return workbook(_("Walks %(day)s") % {"day": desk.today().isoformat()}, columns, rows)


@staff
@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """覆盖面 — department by department, what somebody has walked within a year and what nobody has."""
    _only_readers(request)
    rows = figures.coverage(request.user)
    items, walked = sum(r.items for r in rows), sum(r.walked for r in rows)
    may_plan = request.user.has_role(*rules.PLANNERS)
    is_part = not request.user.has_role(Role.BUREAU, Role.LEADER)
    context = {"rows": rows, "items": items, "walked": walked, "may_plan": may_plan, "is_part": is_part}
    return render(request, "walks/coverage.html", context)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """Plans a walk."""
    if not request.user.has_role(*rules.PLANNERS):
        raise PermissionDenied
    form = forms.PlanForm(request.POST or None, by=request.user)
    if not form.is_bound and (code := request.GET.get("item", "")[:40]):
        named = next((value for value, _label in form.items if value.split(" ")[0] == code), "")
        form.initial["item"] = named
    return _planned(request, form, None)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest, number: str) -> HttpResponse:
    """复走 — plans the same walk once more, after repair."""
    walk = _find(request, number)
    if reason := rules.why_not_repeat(walk, request.user):
        messages.info(request, reason.text)
        return redirect("walk", walk.number)
    return _planned(request, forms.PlanForm(request.POST or None, by=request.user, follows=walk), walk)


def _planned(request: HttpRequest, form: Any, follows: Walk | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        item = follows.item if follows else given["item"]
        try:
            walk = actions.plan(
                item, by=request.user, walker=given["walker"], mode=given["mode"], on=given["on"], hall=given["hall"],
                follows=follows,
            )  # fmt: skip
        except StepRefused as refused:
            form.add_error(None, refused.reason.text)
        else:
            messages.success(request, _("Planned. Only whoever walks and whoever plans walks can see it."))
            return redirect("walk", walk.number)
    context = {"form": form, "follows": follows}
    return render(request, "walks/plan.html", context, status=422 if form.errors else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def walk(request: HttpRequest, number: str) -> HttpResponse:
    """One walk. In the walker's hand: one large button for what comes next; else what was met, against the guide."""
    found = _find(request, number)
    if request.method == "POST":
        stage = request.POST.get("stage", "")
        try:
            if "back" in request.POST:
                actions.step_back(found, by=request.user)
            elif stage not in Stage.values:
                messages.warning(request, _("Choose the stage that begins now."))
            elif found.state == State.PLANNED:
                actions.begin(found, by=request.user, stage=stage)
            else:
                actions.step_on(found, by=request.user, stage=stage)
        except StepRefused as refused:
            messages.warning(request, refused.reason.text)
        except Stale:
            messages.info(request, _("This stage has begun already."))
        return redirect("walk", found.number)
    met = figures.met(found, request.user)
    before = figures.met(found.follows, request.user) if found.follows_id else None
    mine = rules.why_not_walk(found, request.user) is None
    legs = list(found.legs.all())
    now = instant.now()
    context = {
        "w": found,
        "met": met,
        "before": before,
        "lines": figures.side_by_side(before, met) if before else [],
        "legs": [(leg, leg.minutes(now)) for leg in legs],
        "running": next((leg for leg in legs if leg.ended_at is None), None),
        "stages": _stages(found, legs),
        "mistaken": actions.mistaken(found, now) if mine and legs else None,
        "is_mine": mine,
        "may_cancel": rules.why_not_cancel(found, request.user) is None,
        "may_repeat": rules.why_not_repeat(found, request.user) is None,
        "repeats": list(found.repeats.order_by("id")) if found.finished_at else [],
    }
    return render(request, "walks/walk.html", context)


def _stages(walk: Walk, legs: list[Any]) -> list[tuple[str, Any, bool]]:
    """Stage, its name, and whether it is the one that comes next as a rule."""
    skipped = (Stage.TRAVEL, Stage.QUEUE) if walk.mode == Mode.ONLINE else ()
    order = [s for s in Stage if s not in skipped]
    here = order.index(Stage(legs[-1].stage)) if legs and legs[-1].stage in order else -1
    usual = (
        [s for s in order[here + 1 :] if s != Stage.CORRECT][:1]
        if not legs or legs[-1].ended_at is None
        else []
    )
    return [(s.value, s.label, s in usual) for s in order if not legs or s != legs[-1].stage]


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def obstacle(request: HttpRequest, number: str) -> HttpResponse:
    """An obstacle, on the way; the department gets it as an issue at once."""
    found = _find(request, number)
    if reason := rules.why_not_walk(found, request.user, State.UNDER_WAY):
        messages.info(request, reason.text)
        return redirect("walk", found.number)
    running = found.legs.filter(ended_at__isnull=True).first()
    form = forms.ObstacleForm(request.POST or None, initial={"stage": running.stage if running else ""})
    if request.method == "POST" and form.is_valid():
        try:
            met = actions.meet(found, by=request.user, **form.cleaned_data)
        except StepRefused as refused:
            messages.warning(request, refused.reason.text)
        else:
            said = _("Written down. %(office)s has it as issue %(number)s.")
            messages.success(request, said % {"office": local(found.item.office), "number": shown(met.issue)})
        return redirect("walk", found.number)
    return _form(request, found, form, _("What stood in the way"), _("Write it down"))


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def papers(request: HttpRequest, number: str) -> HttpResponse:
    """Which papers were really asked for, and how often one had to come."""
    found = _find(request, number)
    if reason := rules.why_not_walk(found, request.user, State.UNDER_WAY):
        messages.info(request, reason.text)
        return redirect("walk", found.number)
    form = forms.PapersForm(request.POST or None, walk=found)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            actions.write_papers(
                found, by=request.user, nos=[int(n) for n in given["asked"]], beyond=given["beyond"]
            )
            actions.count_trip(found, by=request.user, trips=given["trips"])
        except (StepRefused, Stale):
            messages.warning(request, _("The walk has moved on meanwhile."))
        else:
            messages.success(request, _("Recorded."))
        return redirect("walk", found.number)
    return _form(request, found, form, _("Papers and trips"), _("Save"))


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, number: str) -> HttpResponse:
    """The end of a walk."""
    found = _find(request, number)
    if reason := rules.why_not_walk(found, request.user, State.UNDER_WAY):
        messages.info(request, reason.text)
        return redirect("walk", found.number)
    form = forms.FinishForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _do(request, found, actions.finish, _("The walk has ended."), **form.cleaned_data)
    return _form(request, found, form, _("End the walk"), _("End the walk"))


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Calls a walk off, with the reason."""
    found = _find(request, number)
    if reason := rules.why_not_cancel(found, request.user):
        messages.info(request, reason.text)
        return redirect("walk", found.number)
    form = forms.CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _do(request, found, actions.cancel, _("Called off."), **form.cleaned_data)
    return _form(request, found, form, _("Call the walk off"), _("Call it off"))


def _do(request: HttpRequest, found: Walk, act: Any, said: str, **given: Any) -> HttpResponse:
    try:
        act(found, by=request.user, **given)
    except (StepRefused, Stale):
        messages.warning(request, _("The walk has moved on meanwhile."))
    else:
        messages.success(request, said)
    return redirect("walk", found.number)


def _form(request: HttpRequest, found: Walk, form: Any, head: str, submit: str) -> HttpResponse:
    context = {"w": found, "form": form, "head": head, "submit": submit}
    return render(request, "walks/form.html", context, status=422 if form.errors else 200)
