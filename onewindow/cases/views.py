"""The desk: the list of what waits, the page of one case, and the page of one step, for every kind of case alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import assign, batch, cards, clock, desk, files, instant, numbers, phrases, timeline
from onewindow.cases.export import workbook
from onewindow.cases.flow import Stale, Step, StepRefused, take
from onewindow.cases.forms import Filters, PurposeForm
from onewindow.cases.lines import lines
from onewindow.cases.rules import Reason
from onewindow.org.calendar import working_days_left
from onewindow.org.masking import mask_id, mask_name
from onewindow.org.models import current_calendar
from onewindow.org.templatetags.ow import local

View = Callable[..., HttpResponseBase]
TABS = {
    desk.WAITING: gettext_lazy("Waiting for me"),
    desk.OPEN: gettext_lazy("All open"),
    desk.ALL: gettext_lazy("All, ended too"),
}

TALLY = {
    "late": pgettext_lazy("light", "late"),
    "amber": pgettext_lazy("light", "due soon"),
    "green": pgettext_lazy("light", "on time"),
    "stopped": pgettext_lazy("light", "standing still"),
}
TALLY_ICONS = {"late": "triangle-alert", "amber": "clock", "green": "circle-check", "stopped": "circle-pause"}


def staff(view: View) -> View:
    """Only for people who work here; an enterprise's account has its own pages."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
        if not request.user.works_here:
            raise PermissionDenied
        return view(request, *args, **more)

    return login_required(guarded)


# --- lists -------------------------------------------------------------------------------------------------


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def todo(request: HttpRequest) -> HttpResponse:
    """What waits for this person, soonest first; also all that is open, and everything."""
    return _list(request, "desk", _tabs(request))


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """办件查询: any case within this person's scope, ended ones too."""
    return _list(request, "desk_search", [])


def _tabs(request: HttpRequest) -> list[str]:
    """Nothing ever waits for those who only look on."""
    return [tab for tab in TABS if tab != desk.WAITING or desk.anything_waits(request.user)]


def _list(request: HttpRequest, here: str, tabs: list[str]) -> HttpResponse:
    if request.method == "POST" or "q" in request.GET:
        return _sealed_search(request)
    show, filters, asked = _asked(request, tabs)
    cursor = request.GET.get("cursor", "")
    page = desk.page(request.user, asked, cursor)
    tally = desk.tally(request.user, asked, whole=None if cursor or page.next else page.rows)
    if asked == desk.Asked():
        request.user.waits = tally.total  # the red dot of the menu need not count them again
    many_offices = len({case.office_id for case in page.rows}) > 1
    together = batch.offered(page.rows, request.user) if show != desk.ALL else []  # type: ignore[arg-type]
    context = {
        "here": here,
        "heading": _("My to-do list") if desk.WAITING in tabs else _("Cases") if tabs else _("Find a case"),
        "tabs": [(tab, TABS[tab], tab == show) for tab in tabs],
        "show": show,
        "filters": filters,
        "filtered": filters.is_used or bool(asked.text),
        "rows": list(lines(page.rows, by_office=many_offices, ticked=bool(together))),
        "next": page.next,
        "total": f"{desk.CAP}+" if tally.total > desk.CAP else tally.total,
        "sorted_by": asked.order,
        "asked_for": _masked(asked.text),
        "since": asked.opened_from if show == desk.ALL and "opened_from" not in request.GET else None,
        "tally": [
            (name, label, TALLY_ICONS[name], n)
            for name, label in TALLY.items()
            if (n := tally.lights.get(name))
        ],
        "many_offices": many_offices,
        "together": together,
    }
    return render(request, "cases/desk.html", context)


def _asked(request: HttpRequest, tabs: list[str]) -> tuple[str, Filters, desk.Asked]:
    wished = request.GET.get("show", "")
    show = (wished if wished in tabs else tabs[0]) if tabs else desk.ALL
    filters = Filters(request.GET, by=request.user, show=show)
    asked = filters.asked(show, desk.unsealed(request.GET.get("who", "")), request.GET.get("sort", ""))
    return show, filters, desk.recent(asked)


def _sealed_search(request: HttpRequest) -> HttpResponse:
    """What was typed is sealed before it gets into an address; a whole number opens its case."""
    text = (request.POST.get("q") or request.GET.get("q") or "").replace("\0", "").strip()[:120]
    if (number := numbers.clean(text)) and desk.find(number, request.user):
        return redirect("case", number)
    query = request.GET.copy()
    for name in ("q", "cursor", "who"):
        query.pop(name, None)
    if text:
        query["who"] = desk.sealed(text)
    return redirect(f"{request.path}?{query.urlencode()}")


def _masked(text: str) -> str:
    """The text that was searched for, as it may be shown on a list."""
    if numbers.clean(text):
        return numbers.shown(numbers.clean(text))
    return mask_id(text) if any(c.isdigit() for c in text) else mask_name(text) if len(text) < 5 else text


@staff
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The list as a workbook: all pages of it, masked as on the page. The export is written to the access log."""
    tabs = [] if request.GET.get("from") == "search" else _tabs(request)
    _show, _filters, asked = _asked(request, tabs)
    further = [head for kind in desk.KINDS.values() for head in kind.export_head]
    columns = [
        (_("Number"), 20), (_("Matter"), 32), (_("Department"), 20), (_("Status"), 12), (_("Light"), 16),
        (pgettext("case", "Opened"), 17), (_("Promised for"), 17), (_("Lawful limit"), 17), (_("Working days left"), 12),
        *[(head, 18) for head in further],
    ]  # fmt: skip
    desk.log_export(by=request.user, ip=request.META.get("REMOTE_ADDR"), purpose=f"desk {asked.show}")
    return workbook(_("Cases %(day)s") % {"day": desk.today().isoformat()}, columns, _cells(request, asked))


def _cells(request: HttpRequest, asked: desk.Asked) -> Any:
    now = instant.now()
    for case in desk.export(request.user, asked):
        kind = desk.of(case)
        light = _("Clock stopped") if case.is_stopped else case.get_light_display()
        yield [
            numbers.shown(case.number), kind.title(case), local(case.office),
            case.flow.statuses(case.status).label, light, case.opened_at, case.due_at, case.legal_due_at,
            desk.left(case, now), *kind.export(case),
        ]  # fmt: skip


# --- one case ----------------------------------------------------------------------------------------------


def _found(request: HttpRequest, number: str) -> Any:
    """The case, if this person may see it. Absent and not yours look the same."""
    case = desk.find(numbers.clean(number), request.user)
    if case is None:
        raise Http404
    return case


@staff
@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One case: facts, materials, papers, course, deadline, and what this person can do."""
    if number != numbers.clean(number) and numbers.clean(number):
        return redirect("case", numbers.clean(number))
    return _case_page(request, _found(request, number))


def _case_page(
    request: HttpRequest, found: Any, *, whole: bool = False, form: PurposeForm | None = None
) -> HttpResponse:
    person, kind = request.user, desk.of(found)
    able, unable, later = _steps(found, person)
    before, after = desk.neighbours(found, person)
    may_look = kind.may_look(found, person)
    context = {
        "case": found,
        "title": kind.title(found),
        "status": found.flow.statuses(found.status).label,
        "light": desk.light(found),
        "left": desk.left(found),
        "clock_name": kind.clock_name(found),
        "clocks": _clocks(found),
        "timeline": timeline.lines(found, timeline.events(found))[::-1],
        "able": able,
        "usual": able[:BAR] if len(able) > BAR + 1 else able,
        "rare": able[BAR:] if len(able) > BAR + 1 else [],
        "unable": unable,
        "later": later,
        "before": before,
        "after": after,
        "may_look": may_look,
        "may_unmask": may_look and found.is_open,
        "whole": whole,
        "purpose_form": form or PurposeForm(),
        "cards": cards.of_case(found.number),
        "handling": _handling(found, person),
        "parts": kind.template,
        "panels": desk.panels(found, person),
        **kind.page(found, person),
    }
    response = render(
        request, "cases/case.html", context, status=422 if form is not None and form.errors else 200
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _handling(found: Any, person: Any) -> dict[str, Any]:
    """Who has taken the matter on, and what this person can do about it."""
    may = found.is_open and assign.may_handle(found, person)
    is_head = may and assign.is_head(found, person)
    return {
        "handler": found.handler if found.handler_id else None,
        "take": may and assign.why_not(found, person, person) is None and found.handler_id != person.pk,
        "drop": may and found.handler_id is not None and assign.why_not(found, person, None) is None,
        "give": [p for p in assign.colleagues(found) if p.pk != found.handler_id] if is_head else [],
    }


#: Steps with a button of their own in the bar of a case; the others stand in a menu beside them.
BAR = 3


def _steps(
    found: Any, person: Any
) -> tuple[list[Step], list[tuple[Step, Reason]], list[tuple[Step, Reason]]]:
    """Steps open to this person, the usual one first; those that the person or the facts stand against; those of other
    statuses."""
    kind = desk.of(found)
    every = found.flow.steps_for(found, person)
    able = [step for step, reason in every if reason is None]
    able.sort(key=lambda s: (s.verb in kind.grave, s.verb not in kind.first))
    shut = [(step, reason) for step, reason in every if reason is not None]
    return (
        able,
        [x for x in shut if x[1].code != "wrong_status"],
        [x for x in shut if x[1].code == "wrong_status"],
    )


REASONS = {
    "start_day": gettext_lazy("first day, not counted"),
    "counted": gettext_lazy("counted"),
    "make_up_workday": gettext_lazy("counted: a weekend day that is worked"),
    "rest_day": gettext_lazy("weekend"),
    "holiday": gettext_lazy("public holiday"),
    "stopped": gettext_lazy("the clock stood still"),
    "rolled": gettext_lazy("a limit can't end today"),
    "due": gettext_lazy("the limit ends"),
}


def _clocks(found: Any) -> list[dict[str, Any]]:
    """The promised and the lawful deadline, each with its day-by-day reason; only the lawful one if they are the same."""
    calendar, clocks = current_calendar(), []
    same = found.clock_promised == found.clock_legal
    for which, label in (("promised", _("Promised")), ("legal", _("By law"))):
        told = clock.why(found, which) if which == "legal" or not same else None
        if told is None:
            continue
        days = [
            {"day": d.day, "n": d.n if d.counted else None, "why": REASONS[d.reason], "counted": d.counted,
             "name": calendar.name_of(d.day) if d.reason in ("holiday", "make_up_workday") else "",
             "provisional": d.provisional, "ends": d.reason == "due", "last": told.due_at is not None and d is told.days[-1]}
            for d in told.days
        ]  # fmt: skip
        ended = found.clock_ended_at
        left = working_days_left(instant.now(), told.due_at, calendar) if told.due_at and not ended else None
        clocks.append(
            {
                "which": which,
                "label": label,
                "limit": "+".join(map(str, told.limits)),
                "told": told,
                "days": days,
                "left": left,
            }
        )
    return clocks


@staff
@require_POST
def in_full(request: HttpRequest, number: str) -> HttpResponse:
    """Shows the personal data whole, once, for a stated purpose; every look is written down."""
    found = _found(request, number)
    if not (found.is_open and desk.of(found).may_look(found, request.user)):
        raise PermissionDenied
    form = PurposeForm(request.POST)
    if not form.is_valid():
        return _case_page(request, found, form=form)
    ip = request.META.get("REMOTE_ADDR")
    desk.log_access(found, by=request.user, field="personal data", purpose=form.words, ip=ip)
    return _case_page(request, found, whole=True)


@staff
@require_safe
def file(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """A file of the case, for those whose work on it needs it; every look is written down."""
    found = _found(request, number)
    attachment = desk.file_of(found, key)
    if attachment is None:
        raise Http404
    if not desk.of(found).may_open(found, attachment, request.user):
        raise PermissionDenied
    ip = request.META.get("REMOTE_ADDR")
    desk.log_access(found, by=request.user, field="file", purpose=attachment.purpose or "file", ip=ip)
    return files.answer(attachment)


# --- one step ----------------------------------------------------------------------------------------------


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """The form of a step, and the step."""
    found = _found(request, number)
    chosen = found.flow.steps.get(verb)
    if chosen is None or chosen.when:
        raise Http404
    if reason := found.flow.why_not(verb, found, request.user):
        if request.method != "POST" or not _overtaken(request, found):
            return _refused(request, found, chosen, reason)
        return _stale(request, found, chosen)
    kind = desk.of(found)
    if request.method != "POST":
        form = kind.forms[verb](case=found, by=request.user)
        for name in getattr(form, "prefilled", ()):
            form.initial[name] = request.GET.get(name, "").replace("\0", "")[:80]
        return _step_page(request, found, chosen, form)
    form = kind.forms[verb](request.POST, request.FILES, case=found, by=request.user)
    if _overtaken(request, found):
        return _stale(request, found, chosen)
    if not form.is_valid():
        return _step_page(request, found, chosen, form, status=422)
    try:
        take(chosen, found, by=request.user, version=found.version, **form.cleaned_data)
    except StepRefused as refused:
        return _refused(request, found, chosen, refused.reason)
    except Stale:
        return _stale(request, desk.find(found.number, request.user) or found, chosen)
    messages.success(
        request,
        _("Done: %(step)s, %(number)s.") % {"step": chosen.label, "number": numbers.shown(found.number)},
    )
    return redirect("case", found.number)


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _overtaken(request: HttpRequest, found: Any) -> bool:
    """Whether somebody did something to the case since this form was opened; a light that turned is nobody's doing."""
    seen = _version(request)
    if seen is None or seen == found.version:
        return seen is None
    return seen > found.version or any(e.verb not in timeline.QUIET for e in timeline.since(found, seen))


def _step_page(request: HttpRequest, found: Any, chosen: Step, form: Any, status: int = 200) -> HttpResponse:
    kind = desk.of(found)
    context = _brief(found) | {
        "step": chosen,
        "form": form,
        "beside": kind.beside,
        "brief": kind.brief(found, request.user) if kind.beside else {},  # type: ignore[arg-type]
        "is_grave": chosen.verb in kind.grave,
        "preview": kind.preview(chosen.verb, found),
        "phrases": phrases.offered(request.user, chosen.verb, getattr(form, "phrases", ())),  # type: ignore[arg-type]
    }
    return render(request, "cases/step.html", context, status=status)


def _refused(request: HttpRequest, found: Any, chosen: Step, reason: Reason) -> HttpResponse:
    context = _brief(found) | {"step": chosen, "reason": reason, "typed": _typed(request, found, chosen)}
    return render(
        request, "cases/step_refused.html", context, status=403 if reason.kind == "not_allowed" else 409
    )


def _stale(request: HttpRequest, found: Any, chosen: Step) -> HttpResponse:
    seen = _version(request)
    happened = timeline.lines(found, timeline.since(found, seen)) if seen is not None else []
    able = {s.verb for s in _steps(found, request.user)[0]}
    context = _brief(found) | {
        "step": chosen,
        "timeline": happened,
        "typed": _typed(request, found, chosen),
        "still_open": chosen.verb in able,
    }
    return render(request, "cases/step_stale.html", context, status=409)


def _typed(request: HttpRequest, found: Any, chosen: Step) -> list[tuple[str, str]]:
    """What the person had written, to be copied: nothing that was typed is lost."""
    if request.method != "POST":
        return []
    form = desk.of(found).forms[chosen.verb](case=found, by=request.user)
    return [
        (str(field.label), text)
        for name, field in form.fields.items()
        if (text := request.POST.get(name, "").strip())
    ]


def _brief(found: Any) -> dict[str, Any]:
    """The case in a line, above a form."""
    kind = desk.of(found)
    return {
        "case": found,
        "title": kind.title(found),
        "line": kind.line(found),
        "status": found.flow.statuses(found.status).label,
        "light": desk.light(found),
        "left": desk.left(found),
    }
