"""Pages without an account: reporting what could not be done, the slip of a "no", and the reporter's own page.

Whoever holds the link speaks for the reporter of this one issue, and nobody else can. A report leaves no trace but itself:
no address is kept beside it, and the tries are counted under a keyed digest that is forgotten within the hour.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import files
from onewindow.cases.flow import Stale, StepRefused
from onewindow.issues import actions, entries, evidence, following, links, opening, papers
from onewindow.issues.models import Issue
from onewindow.window import rate
from onewindow.window.public import SPAN, TRIES, confidential, too_many

#: reports of one address in an hour: a family at one table, not a machine
REPORTS, HOUR = 20, 3600
View = Callable[..., HttpResponse]


def by_link(view: View) -> View:
    """Turns the token of the address into its issue; wrong ones are counted and, after some, no longer looked up."""

    @confidential
    @wraps(view)
    def answer(request: HttpRequest, token: str, **more: Any) -> HttpResponse:
        who = rate.address(request)
        if rate.spent("issue-link", who, most=TRIES, seconds=SPAN):
            return too_many(request)
        if (i := links.by_token(token)) is None:
            if links.SHAPE.fullmatch(token):  # what has not even the form of a link is nobody's guess
                rate.count("issue-link", who, seconds=SPAN)
            return render(request, "window/track_missing.html", status=404)
        return view(request, i, **more)

    return answer


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, hall: str = "", counter: str = "") -> HttpResponse:
    """Says what could not be done, without an account; the code at a window fills in where."""
    where = opening.window_of(hall, counter) if hall else None
    if hall and where is None:
        raise Http404
    form = entries.ReportForm(*_posted(request))
    if request.method == "POST":
        if _spent(request):
            return too_many(request)
        if form.is_valid():
            given = form.cleaned_data
            i = opening.open_issue(
                "stuck",
                by=opening.CITIZEN,
                text=given["text"],
                item=given["item"],
                kind_code=given["kind_code"],
                hall=where.hall if where else None,
                counter=where,
                is_at_window=where is not None,
                reporter=form.reporter,
                files=form.held,
                lang=get_language() or "zh-hans",
            )
            return _begun(request, i)
    here = {"form": form, "where": where}
    return render(request, "issues/report.html", here, status=422 if form.is_bound else 200)


def _posted(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _spent(request: HttpRequest) -> bool:
    who = rate.address(request)
    if rate.spent("report", who, most=REPORTS, seconds=HOUR):
        return True
    rate.count("report", who, seconds=HOUR)
    return False


def _begun(request: HttpRequest, i: Issue) -> HttpResponse:
    messages.success(request, _("Thank you. It is on its way; keep the address of this page to follow it."))
    return redirect("issue_follow", token=links.token(i))


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest, code: str) -> HttpResponse:
    """The slip of a "no": one scan, one button. Scanned again it says that the issue is under way, never whose it is."""
    who = rate.address(request)
    if rate.spent("issue-link", who, most=TRIES, seconds=SPAN):
        return too_many(request)
    r = opening.refusal_of_slip(code)
    if r is None:
        if len(code) >= 12:
            rate.count("issue-link", who, seconds=SPAN)
        return render(request, "window/track_missing.html", status=404)
    begun = opening.of_refusal(r)
    names = entries.reason_names()
    form = entries.SlipForm(*_posted(request))
    if request.method == "POST" and begun is None and form.is_valid():
        if _spent(request):
            return too_many(request)
        try:
            with transaction.atomic():
                i = opening.from_refusal(
                    r,
                    text=form.cleaned_data["text"],
                    reporter=form.reporter,
                    lang=get_language() or "zh-hans",
                    files=form.held,
                )
        except IntegrityError:  # the same slip in the same moment: the page says that it is under way
            return redirect("no_slip", code=r.code)
        return _begun(request, i)
    here = {"r": r, "reason": entries.reason_of(r, names), "form": form, "begun": begun}
    return render(request, "issues/slip.html", here, status=422 if form.is_bound and begun is None else 200)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, i: Issue) -> HttpResponse:
    """Where it stands, what was said, and what the reporter can do now: answer, add, be content, or have it looked at again."""
    token = links.token(i)
    if request.method == "POST":
        if request.FILES and _spent(request):  # files cost room, whatever becomes of the message
            return too_many(request)
        sent = entries.PhotosForm(*_posted(request))
        try:
            following.check_files(i, len(request.FILES.getlist("photos")))
            if not sent.is_valid():
                raise following.Incomplete(" ".join(sent.errors["photos"]))
            words = entries.tidy(request.POST.get("text", ""))[:1000]
            said = following.do(i, request.POST.get("do", ""), words, sent.held)
        except following.Incomplete as bad:
            here = following.page(i, token) | {"error": str(bad), "typed": request.POST.get("text", "")}
            return render(request, "issues/follow.html", here | {"held": sent.held}, status=422)
        except (StepRefused, Stale):
            messages.warning(request, _("It has moved on meanwhile. Here is where it stands now."))
        else:
            messages.success(request, said)
        return redirect("issue_follow", token=token)
    return render(request, "issues/follow.html", following.page(i, token))


@by_link
@require_safe
def paper(request: HttpRequest, i: Issue, key: str) -> HttpResponse:
    """One of the reporter's own files, or one that the unit shows with its answer."""
    found = next((a for a in evidence.for_reporter(i) if a.key == key), None)
    if found is None:
        raise Http404
    return files.answer(found)


@by_link
@require_safe
def letter(request: HttpRequest, i: Issue) -> HttpResponse:
    """The answer in writing, as a PDF, once there is one."""
    if not i.answer or i.status not in (actions.S.REPLIED, actions.S.CLOSED):
        raise Http404
    return papers.answer(papers.answer_letter(i), f"{i.number}.pdf")
