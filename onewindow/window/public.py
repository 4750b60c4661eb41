"""Pages without an account: status of one case by its link, corrections, papers, and the check of a paper.

Who holds the link may do what the applicant may with this one case, nothing else. Pages of a case are never kept
by browsers or proxies, never indexed and never named to other sites.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import flow, numbers
from onewindow.licences import register
from onewindow.org.masking import mask_name
from onewindow.pledges import actions as pledges
from onewindow.pledges.forms import StateForm
from onewindow.window import actions, letters, links, pledging, procedures, progress, rate, shares, workbench
from onewindow.window.correcting import CorrectionForm, SupplyForm
from onewindow.window.models import Application, Paper, Status
from onewindow.window.ways import Way, by_token, panels

log = logging.getLogger(__name__)
View = Callable[..., HttpResponse]
TRIES, SPAN = 20, 600  # wrong tries of one address in ten minutes
TRIES_PER_NUMBER, SPAN_PER_NUMBER = 10, 3600


def confidential(view: View) -> View:
    """Nobody but the reader keeps or passes on the page."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        # Stricter would make browsers send "Origin: null" with our own forms, which are then refused.
        response["Referrer-Policy"] = "same-origin"
        return response

    return answer


def safe_next(request: HttpRequest, url: str) -> str:
    """The address to go on to if it is one of ours, else nothing."""
    fine = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if fine else ""


def too_many(request: HttpRequest) -> HttpResponse:
    """429: the same page for all limits."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(SPAN)
    return response


def missing(request: HttpRequest) -> HttpResponse:
    """404 for every link that opens nothing, whatever the reason."""
    return render(request, "window/track_missing.html", status=404)


def by_link(view: View) -> View:
    """Turns the token of the address into its case; wrong ones are counted and, after some, no longer looked up."""

    @confidential
    @wraps(view)
    def answer(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        who = rate.address(request)
        if rate.spent("link", who, most=TRIES, seconds=SPAN):
            return too_many(request)
        if (a := links.by_token(token)) is None:
            rate.count("link", who, seconds=SPAN)
            return missing(request)
        return view(request, a, **kwargs)

    return answer


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Number and query code → the case's own page. A wrong number and a wrong code get the same answer."""
    given = {"number": request.GET.get("number", ""), "code": ""}
    error = ""
    if request.method == "POST":
        given = {k: request.POST.get(k, "").strip() for k in ("number", "code")}
        who, number = rate.address(request), numbers.clean(given["number"]) or given["number"][:20]
        if rate.spent("track", who, most=TRIES, seconds=SPAN) or rate.spent(
            "track-number", number, most=TRIES_PER_NUMBER, seconds=SPAN_PER_NUMBER
        ):
            return too_many(request)
        if a := links.by_code(given["number"], given["code"]):
            return redirect("track_token", token=a.track_token)
        rate.count("track", who, seconds=SPAN)
        rate.count("track-number", number, seconds=SPAN_PER_NUMBER)
        error = _("No case fits this number and query code. Both are on the notice that you were given.")
    return render(
        request, "window/track.html", {"given": given, "error": error}, status=422 if error else 200
    )


@confidential
@require_safe
def short(request: HttpRequest, code: str) -> HttpResponse:
    """The link of a text message → the case's own page, in the language of the text."""
    who = rate.address(request)
    if rate.spent("link", who, most=TRIES, seconds=SPAN):
        return too_many(request)
    if (a := links.by_short(code)) is None:
        rate.count("link", who, seconds=SPAN)
        return missing(request)
    lang = "?lang=en" if a.lang.startswith("en") else ""
    return redirect(reverse("track_token", args=[a.track_token]) + lang)


def status_page(request: HttpRequest, way: Way) -> HttpResponse:
    """Where it is, what to do, until when and why that day, what was, the papers."""
    a = way.case
    said = progress.of(a, way.me)
    papers = [(paper, way.paper(paper.pk)) for paper in said.papers if _may_have(way, paper)]
    here = {
        "a": a,
        "way": way,
        "p": said,
        "papers": papers,
        "rate_url": way.rate if way.may_act else "",
        "pledges": [(p, way.state(p.number)) for p in said.pledges],
        "answers": [(part, way.answer(part.answer)) for part in said.parts if part.answer],
        "panels": panels(way),
        "can_supply": bool(_owed(way)),
    }
    return render(request, "window/track_status.html", here)


def correct_page(request: HttpRequest, way: Way) -> HttpResponse:
    """Supplying what was asked for, with photos."""
    a = way.case
    if reason := actions.flow.why_not("correct", a, way.me):
        messages.info(request, reason.text)
        return redirect(way.status)
    post = request.method == "POST"
    form = CorrectionForm(request.POST, request.FILES, case=a) if post else CorrectionForm(case=a)
    if post and form.is_valid():
        try:
            actions.correct(a, by=way.me, materials=form.supplied)
        except (flow.StepRefused, flow.Stale):
            messages.warning(request, _("The case has moved on meanwhile. Here is where it stands now."))
        else:
            messages.success(
                request, _("Thank you, your corrections are here. We check them within 5 working days.")
            )
        return redirect(way.status)
    here = {"a": a, "way": way, "form": form}
    return render(request, "window/track_correct.html", here, status=422 if post else 200)


def withdraw_page(request: HttpRequest, way: Way) -> HttpResponse:
    """Taking the application back, after a page that says what that means."""
    a = way.case
    if reason := actions.flow.why_not("withdraw", a, way.me):
        messages.info(request, reason.text)
        return redirect(way.status)
    if request.method == "POST":
        reason_given = request.POST.get("reason", "").replace("\0", "").strip()[:400]
        try:
            actions.withdraw(a, by=way.me, reason=reason_given)
        except (flow.StepRefused, flow.Stale):
            messages.warning(request, _("The case has moved on meanwhile. Here is where it stands now."))
        else:
            messages.success(request, _("You have taken your application back."))
        return redirect(way.status)
    return render(request, "window/track_withdraw.html", {"a": a, "way": way})


@by_link
@require_safe
def track_token(request: HttpRequest, a: Application) -> HttpResponse:
    """The status page by the link."""
    return status_page(request, by_token(a))


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def track_correct(request: HttpRequest, a: Application) -> HttpResponse:
    """Corrections by the link."""
    return correct_page(request, by_token(a))


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def track_withdraw(request: HttpRequest, a: Application) -> HttpResponse:
    """Withdrawing by the link."""
    return withdraw_page(request, by_token(a))


#: what the buttons of the page about a hearing do
WISHES = {
    "ask": procedures.ask_hearing,
    "waive": procedures.waive_hearing,
    "give_up": procedures.give_up_hearing,
}


def hearing_page(request: HttpRequest, way: Way) -> HttpResponse:
    """Asking for a hearing, saying that none is wanted, or giving one up that was asked for (行政许可法 46, 47)."""
    a = way.case
    owed = actions.flow.why_not("give_up_hearing", a, way.me) is None
    if not owed and (reason := actions.flow.why_not("ask_hearing", a, way.me)):
        messages.info(request, reason.text)
        return redirect(way.status)
    wish = request.POST.get("do", "")
    if request.method == "POST" and wish in WISHES:
        try:
            WISHES[wish](a, by=way.me)
        except (flow.StepRefused, flow.Stale):
            messages.warning(request, _("The case has moved on meanwhile. Here is where it stands now."))
        else:
            said = _("You have asked for a hearing.") if wish == "ask" else _("You want no hearing.")
            messages.success(request, said)
        return redirect(way.status)
    return render(request, "window/track_hearing.html", {"a": a, "way": way, "owed": owed})


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def track_hearing(request: HttpRequest, a: Application) -> HttpResponse:
    """The wish for a hearing, by the link."""
    return hearing_page(request, by_token(a))


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def track_answer(request: HttpRequest, a: Application, number: str) -> HttpResponse:
    """Answering what a department wants to know (行政许可法 36: the applicant may state the case)."""
    return shares.answer_page(request, by_token(a), number) or missing(request)


# --- what was put off (容缺后补) ------------------------------------------------------------------------------


def _owed(way: Way) -> list[Any]:
    return [p for p in pledging.all_of(way.case) if pledges.flow.why_not("make_good", p, way.me) is None]


def supply_page(request: HttpRequest, way: Way) -> HttpResponse:
    """Supplying what was put off at acceptance, with photos."""
    a, owed = way.case, {p.spec_no: p for p in _owed(way)}
    if not owed:
        messages.info(request, _("Nothing is owed any more."))
        return redirect(way.status)
    post = request.method == "POST"
    form = SupplyForm(request.POST, request.FILES, case=a) if post else SupplyForm(case=a)
    if post and form.is_valid():
        try:
            for no, (how, file) in form.supplied.items():
                if no in owed:
                    pledges.make_good(owed[no], by=way.me, form=how, attachment=file)
        except (flow.StepRefused, flow.Stale):
            messages.warning(request, _("The case has moved on meanwhile. Here is where it stands now."))
        else:
            messages.success(request, _("Thank you, it is here."))
        return redirect(way.status)
    until = min(p.due_at for p in owed.values())
    here = {"a": a, "way": way, "form": form, "supply": True, "until": until}
    return render(request, "window/track_correct.html", here, status=422 if post else 200)


def state_page(request: HttpRequest, way: Way, number: str) -> HttpResponse:
    """陈述申辩: the party says what it thinks of a breach that was found."""
    pledge = next((p for p in pledging.all_of(way.case) if p.number == number), None)
    if pledge is None:
        return missing(request)
    if reason := pledges.flow.why_not("state", pledge, way.me):
        messages.info(request, reason.text)
        return redirect(way.status)
    form = StateForm(request.POST or None, case=pledge, by=way.me)
    if request.method == "POST" and form.is_valid():
        try:
            pledges.state(pledge, by=way.me, **form.cleaned_data)
        except (flow.StepRefused, flow.Stale):
            messages.warning(request, _("The case has moved on meanwhile. Here is where it stands now."))
        else:
            messages.success(request, _("Thank you. The department must look at it before it decides."))
        return redirect(way.status)
    here = {"a": way.case, "way": way, "pledge": pledge, "form": form}
    return render(request, "window/track_state.html", here, status=422 if form.is_bound else 200)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def track_supply(request: HttpRequest, a: Application) -> HttpResponse:
    """What was put off, by the link."""
    return supply_page(request, by_token(a))


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def track_state(request: HttpRequest, a: Application, number: str) -> HttpResponse:
    """The party's case, by the link."""
    return state_page(request, by_token(a), number)


# --- papers ------------------------------------------------------------------------------------------------


def _pdf(request: HttpRequest, paper: Paper) -> HttpResponse:
    try:
        body = letters.pdf(paper)
    except letters.FontsMissing as error:
        log.error("letters cannot be set: %s", error)
        return render(request, "window/letter_later.html", {"paper": paper}, status=503)
    response = HttpResponse(body, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{paper.application.number}-{paper.kind}.pdf"'
    return response


def _may_have(way: Way, paper: Paper) -> bool:
    """Letters to the applicant carry the code and the link that open the case: who only follows it gets decisions alone."""
    return way.may_act or paper.kind in letters.SHOWN_TO_OTHERS


def _paper_of(a: Application, pk: int) -> Paper | None:
    return next((p for p in progress.papers_of(a) if p.pk == pk), None)


def paper_pdf(request: HttpRequest, way: Way, pk: int) -> HttpResponse:
    """A letter of this case as PDF."""
    paper = _paper_of(way.case, pk)
    return _pdf(request, paper) if paper and _may_have(way, paper) else missing(request)


def paper_page(request: HttpRequest, way: Way, pk: int) -> HttpResponse:
    """A letter of this case as a page, for phones that show no PDF."""
    paper = _paper_of(way.case, pk)
    if paper is None or not _may_have(way, paper):
        return missing(request)
    return HttpResponse(letters.html(paper, request, pdf_url=way.paper(pk), back_url=way.status))


@by_link
@require_safe
def track_paper(request: HttpRequest, a: Application, pk: int) -> HttpResponse:
    """A letter as PDF by the link."""
    return paper_pdf(request, by_token(a), pk)


@by_link
@require_safe
def track_paper_print(request: HttpRequest, a: Application, pk: int) -> HttpResponse:
    """A letter as a page by the link."""
    return paper_page(request, by_token(a), pk)


def _desk_paper(request: HttpRequest, number: str, pk: int) -> Paper:
    a = Application.objects.seen_by(request.user).with_facts().filter(number=numbers.clean(number)).first()
    paper = _paper_of(a, pk) if a else None
    if paper is None:
        raise Http404
    return paper


@confidential
@login_required
@require_safe
def desk_paper(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A letter as PDF for staff who may see the case."""
    return _pdf(request, _desk_paper(request, number, pk))


@confidential
@login_required
@require_safe
def desk_paper_print(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """The same as a page to print."""
    paper = _desk_paper(request, number, pk)
    pdf_url = reverse("desk_paper", args=[number, pk])
    again = workbench.reprint_of(paper, request.GET.get("again", ""))
    more = {"pdf_url": pdf_url, "back_url": f"/desk/{number}/", "again": again}
    return HttpResponse(letters.html(paper, request, **more))


@confidential
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """Is this paper real? What it states, with its holder masked, for whoever holds the paper and so the code."""
    code, paper, error = request.GET.get("code", "").strip()[:20], None, ""
    if code:
        who = rate.address(request)
        if rate.spent("verify", who, most=TRIES, seconds=SPAN):
            return too_many(request)
        if licence := register.by_code(code):
            said = {"code": code, "licence": licence, "holder": licence.masked_name}
            return render(request, "licences/verify.html", said)
        if (paper := links.paper_by_code(code)) is None:
            rate.count("verify", who, seconds=SPAN)
            error = _("We have issued no paper with this code. Compare it with the paper, letter by letter.")
    context: dict[str, Any] = {"code": code, "paper": paper, "error": error}
    if paper:
        a = paper.application
        context |= {
            "a": a,
            "holder": mask_name(a.applicant_name, kind=a.applicant_kind),
            "is_void": a.status == Status.VOIDED,
            "is_revoked": a.status == Status.REVOKED and paper.kind in ("grant", "preliminary"),
            "proof": letters.proof(paper),
            "content": letters.content(paper),
            "event": letters.event_of(paper),
            "office": letters.full_name(a.office),
        }
    return render(request, "window/verify.html", context, status=404 if error else 200)
