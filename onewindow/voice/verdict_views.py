"""Staff pages around reviews: one review with all that belongs to it, verdicts told by telephone, texts to rule on, the
windows in one chart, and the signals."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases.export import workbook
from onewindow.cases.views import staff
from onewindow.org.models import Counter, number
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice import actions, again, examining, low_marks, publishing, rules, stands, tallies, visits
from onewindow.voice.device_models import HallVerdict, WindowVerdict
from onewindow.voice.forms import indicators
from onewindow.voice.funnel import funnel
from onewindow.voice.models import Review
from onewindow.voice.records import Examination
from onewindow.voice.verdict_forms import CaseForm, CheckForm, EnterForm, ReplyForm, RulingForm
from onewindow.window.models import Application


def _only(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied


# --- one review ----------------------------------------------------------------------------------------------


def _find(request: HttpRequest, key: str) -> Review:
    seen = Review.objects.seen_by(request.user).active().by_hall_or_office()
    found = seen.filter(event_id=key.replace("\0", "")).first()
    if found is None:
        raise Http404
    return found


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def review_facts(request: HttpRequest, key: str) -> HttpResponse:
    """One review: its facts, what came before and after it, the ruling on its words, the reply."""
    found = _find(request, key)
    forms = {"ruling_form": None, "reply_form": None}
    a = Application.objects.with_facts().filter(number=found.number).first()
    if rules.moderates(request.user) and found.text:
        given = request.POST if "ruling" in request.POST else None
        forms["ruling_form"] = RulingForm(given, initial={"text": publishing.proposal(found, a)})
    if rules.answers(request.user, found):
        forms["reply_form"] = ReplyForm(request.POST if "reply" in request.POST else None)
    if request.method == "POST" and _act(request, found, forms):
        return redirect("review", key=key)
    line = low_marks.lines([found], request.user)[0]
    context = forms | {
        "line": line,
        "r": found,
        "known": rules.knows_reviewers(request.user),
        "chain": _chain(request, found),
        "rulings": found.rulings.order_by("-id"),
        "replies": found.replies.order_by("-id"),
        "publish_days": number("review_publish_days"),
    }
    bad = any(form is not None and form.errors for form in forms.values())
    return render(request, "voice/review.html", context, status=422 if bad else 200)


def _chain(request: HttpRequest, found: Review) -> list[Review]:
    """All that was said about the same touchpoint, first to last."""
    same = Review.objects.seen_by(request.user).active().filter(number=found.number)
    return list(same.filter(touchpoint=found.touchpoint).order_by("id"))


def _act(request: HttpRequest, found: Review, forms: dict[str, Any]) -> bool:
    """Whether it was done; if not, the form or a message says why."""
    by: Any = request.user
    ruling, answer = forms["ruling_form"], forms["reply_form"]
    try:
        if "ruling" in request.POST and ruling is not None:
            if not ruling.is_valid():
                return False
            publishing.rule(found, by=by, **ruling.cleaned_data)
            messages.success(request, _("The ruling is written down."))
            return True
        if "reply" in request.POST and answer is not None:
            if not answer.is_valid():
                return False
            publishing.reply(found, by=by, text=answer.cleaned_data["reply"])
            messages.success(request, _("The reply is written down; it is published together with the text."))
            return True
    except actions.NotPossible as no:
        fields = {"rewritten": "text", "no_ground": "ground", "numbers": "reply", "no_text": "reply"}
        form = ruling if "ruling" in request.POST else answer
        name = fields.get(no.code)
        form.add_error(name if name in form.fields else None, no.text)
        return False
    raise PermissionDenied


# --- told by telephone ---------------------------------------------------------------------------------------


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """A verdict that somebody tells by telephone or at the service desk. Two steps: which case; what was said."""
    _only(request.user.has_role(Role.BUREAU, Role.HALL_MANAGER))
    case_form = CaseForm(request.POST or None)
    context: dict[str, Any] = {"case_form": case_form}
    if request.method != "POST":
        return render(request, "voice/enter.html", context)
    if not case_form.is_valid():
        return render(request, "voice/enter.html", context, status=422)
    a = Application.objects.with_facts().filter(number=case_form.cleaned_data["number"]).first()
    if a is None or not rules.may_enter(request.user, a):
        text = _("No case with this number can be rated here. Your own hall's are entered by the bureau.")
        case_form.add_error("number", text)
        return render(request, "voice/enter.html", context, status=422)
    open_now = actions.rateable(a)
    if not open_now:
        case_form.add_error("number", _("There is nothing left to rate in this case."))
        return render(request, "voice/enter.html", context, status=422)
    form = EnterForm(
        request.POST if "level" in request.POST or "why" in request.POST else None, touchpoints=open_now
    )
    reasons = [(r.level.value, r.level.label, r.indicators) for r in indicators()]
    context |= {"a": a, "form": form, "reasons": reasons, "chosen": request.POST.getlist("codes")}
    if form.is_bound and form.is_valid():
        try:
            again.enter(a, by=request.user, **form.cleaned_data)
        except actions.NotPossible as no:
            form.add_error("codes" if no.code == "bad_codes" else None, no.text)
        else:
            messages.success(request, _("The verdict is written down. It is marked as entered by you."))
            return redirect("review_enter")
    return render(request, "voice/enter.html", context, status=422 if form.errors else 200)


# --- texts ---------------------------------------------------------------------------------------------------


@staff
@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    """Words on which nobody has ruled yet."""
    _only(rules.moderates(request.user))
    page = Paginator(publishing.waiting(), 20).get_page(request.GET.get("page"))
    rows = list(page)
    items = {
        a.number: a for a in Application.objects.filter(number__in=[r.number for r in rows]).with_facts()
    }
    lines = [(r, items.get(r.number), publishing.proposal(r, items.get(r.number))) for r in rows]
    return render(request, "voice/texts.html", {"page": page, "lines": lines})


# --- windows -------------------------------------------------------------------------------------------------


def _windows(request: HttpRequest) -> tuple[tallies.Period, list[Any]]:
    """The period; window, its reviews, and beside them what was said there without a question, and about tickets without an
    application (None: nothing)."""
    _only(request.user.has_role(Role.BUREAU, Role.LEADER, Role.HALL_MANAGER))
    over = tallies.period(request.GET.get("period", ""))
    halls = None if rules.sees_all_reviews(request.user) else request.user.halls_as(Role.HALL_MANAGER)
    unasked = tallies.unasked(WindowVerdict.objects.seen_by(request.user), over)
    ended = visits.verdicts(request.user, *tallies.span(over))
    found = tallies.windows(tallies.verdicts("counter", over), halls, beside={*unasked, *ended})
    return over, [(counter, said, unasked.get(counter.pk), ended.get(counter.pk)) for counter, said in found]


@staff
@require_safe
def windows(request: HttpRequest) -> HttpResponse:
    """Every window with its figures, and all of them in one funnel plot: a ranking would be mostly chance."""
    over, rows = _windows(request)
    at_stands = stands.by_hall(HallVerdict.objects.seen_by(request.user), *tallies.span(over))
    chart = funnel([(counter, said.n, said.bad) for counter, said, *_beside in rows if said.n])
    sides = {p.thing.pk: p.outside for p in chart.points} if chart else {}
    context = {
        "over": over,
        "months": tallies.months(over.until or over.last, 24) if over.until else [],
        "chart": chart,
        "at_stands": at_stands,
        "rows": sorted(
            ((counter, said, sides.get(counter.pk, ""), *beside) for counter, said, *beside in rows),
            key=lambda row: -row[1].n,
        ),
    }
    return render(request, "voice/windows.html", context)


@staff
@require_safe
def windows_export(request: HttpRequest) -> HttpResponseBase:
    """The same as a workbook."""
    _over, rows = _windows(request)
    columns = [
        (_("Hall"), 26), (_("Window"), 26), (_("Reviews"), 10), (_("Good"), 10), (_("Low marks"), 10),
        (_("Good share"), 12), (_("Interval from"), 12), (_("Interval to"), 12), (_("Occasions"), 12), (_("Nothing said"), 12),
        (_("Second reviews"), 12), (_("Changed"), 10), (_("Entered by staff (not counted)"), 14),
        (_("Without a question"), 12), (_("Of these good"), 10), (_("Of these low marks"), 10),
        (_("Tickets without an application"), 14), (_("Verdicts on these"), 12), (_("Of these good"), 10),
        (_("Of these low marks"), 10),
    ]  # fmt: skip
    return workbook(
        "windows",
        columns,
        (
            [
                local(counter.hall), local(counter), said.n, said.good, said.bad,
                round(said.good_share, 4) if said.n else None, round(said.interval[0], 4), round(said.interval[1], 4),
                said.touchpoints, said.silent, said.second, said.changed, said.assisted,
                *((beside.n, beside.good, beside.bad) if beside else (0, 0, 0)),
                *((ended.touchpoints, ended.n, ended.good, ended.bad) if ended else (0, 0, 0, 0)),
            ]
            for counter, said, beside, ended in rows
        ),
    )  # fmt: skip


# --- signals -------------------------------------------------------------------------------------------------


@staff
@require_safe
def signals(request: HttpRequest) -> HttpResponse:
    """By window: what looks odd, with its evidence, and what a check of it found."""
    _only(rules.examines(request.user))
    known = examining.looks()
    asked = request.GET.get("look", "")
    over = next((x for x in known if _code(x) == asked), known[0] if known else None)
    rows = examining.report(over) if over else []
    context = {
        "looks": [(_code(x), x) for x in known],
        "over": over,
        "lines": [(line, _with_rows(request, line)) for line in rows],
        "form": CheckForm() if rules.checks(request.user) else None,
        "here": _code(over) if over else "",
    }
    return render(request, "voice/signals.html", context)


def _code(look: Examination) -> str:
    return f"{look.first:%Y%m%d}-{look.last:%Y%m%d}"


def _with_rows(request: HttpRequest, line: examining.Line) -> int:
    """The reviews that a window's signals point at."""
    return len({key for s in line.signals for key in s.finding.rows})


@staff
@require_safe
def signal_rows(request: HttpRequest, look: str, hall: str, window: str, code: str) -> HttpResponse:
    """The reviews that one signal points at, each with its facts."""
    _only(rules.examines(request.user))
    over = next((x for x in examining.looks() if _code(x) == look), None)
    found = None
    if over and "\0" not in f"{hall}{window}{code}":
        here = over.findings.filter(counter__hall__code=hall, counter__code=window, code=code)
        found = here.select_related("counter__hall").first()
    if over is None or found is None:
        raise Http404
    rows = (
        Review.objects.seen_by(request.user).filter(pk__in=found.rows).by_hall_or_office().order_by("said_at")
    )
    label, meaning = examining.LABELS[code]
    context = {
        "finding": found,
        "over": over,
        "look": look,
        "label": label,
        "meaning": meaning,
        "says": examining.says(found),
        "chance": examining.chance(found.p),
        "lines": low_marks.lines(rows, request.user),
    }
    return render(request, "voice/signal.html", context)


@staff
@require_POST
def signal_check(request: HttpRequest, look: str, hall: str, window: str, code: str) -> HttpResponse:
    """Writes down what was found."""
    _only(rules.checks(request.user))
    over = next((x for x in examining.looks() if _code(x) == look), None)
    known = "\0" not in f"{hall}{window}{code}"
    counter = Counter.objects.filter(hall__code=hall, code=window).first() if known else None
    if over is None or counter is None:
        raise Http404
    form = CheckForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            examining.note(counter, code, over, by=request.user, outcome=given["outcome"], text=given["note"])
            messages.success(request, _("Written down."))
        except actions.NotPossible as no:
            messages.error(request, no.text)
    else:
        messages.error(request, _("Choose what it was, and say what you looked at."))
    return redirect(f"{reverse('review_signals')}?look={look}")
