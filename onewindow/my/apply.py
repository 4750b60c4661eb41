"""The pages on which somebody applies: start, one question a page, everything once more, the number."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import files
from onewindow.cases.flow import StepRefused
from onewindow.catalog import guide
from onewindow.licences.actions import renewal_item
from onewindow.my import applying, inbox, rules
from onewindow.my.applying import CHECK, Sheet
from onewindow.my.forms import form_of
from onewindow.my.models import Draft
from onewindow.my.views import mine
from onewindow.org.templatetags.ow import local
from onewindow.window.actions import Duplicate
from onewindow.window.models import Application, PaperKind


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, code: str) -> HttpResponse:
    """What it takes, whether I may, and the button that begins."""
    item = guide.item(code)
    if item is None or item.current is None:
        raise Http404
    version = item.current
    version.item = item
    if not rules.holders(request.user) and request.account is not None and not request.account.is_bound:
        messages.info(request, _("Please confirm your name first; then the application begins."))
        return redirect(f"{reverse('my_name')}?{urlencode({'next': request.path})}")
    able = applying.eligible(request.user, version)
    begun = Draft.objects.seen_by(request.user).unfinished().filter(version=version).first()
    if request.method == "POST" or "renews" in request.GET or begun is None:
        wanted = (request.POST if request.method == "POST" else request.GET).get("renews", "")
    else:
        wanted = applying.sheet(begun, request.user).renews
    licence = applying.licence_of(request.user, wanted)
    if licence is not None and item not in (licence.item, renewal_item(licence)):
        licence = None
    if request.method == "POST" and able and version.is_online and not item.is_closed:
        draft = applying.begin(request.user, version, licence.number if licence else "")
        return redirect("my_apply_step", code, draft.key, applying.sheet(draft, request.user).next())
    given = {
        "licence": licence,
        "item": item,
        "version": version,
        "able": able,
        "begun": begun,
        "pace": guide.pace(item),
        "materials": guide.materials(version),
        "account": request.account,
    }
    return render(request, "my/apply_start.html", given)


def _sheet(request: HttpRequest, code: str, key: str) -> Sheet:
    draft = (
        Draft.objects.seen_by(request.user).select_related("version__item__office").filter(key=key).first()
    )
    if draft is None or draft.version.item.code != code:
        raise Http404
    return applying.sheet(draft, request.user)


def _to(sheet: Sheet, step: str) -> HttpResponse:
    return redirect("my_apply_step", sheet.version.item.code, sheet.draft.key, step)


def _done(sheet: Sheet) -> HttpResponse:
    return redirect("my_apply_done", sheet.version.item.code, sheet.draft.key)


def _here(sheet: Sheet, step: str) -> dict[str, Any]:
    """What every page of the form shows: which one it is, and the way back."""
    steps = sheet.steps()
    before = sheet.before(step)
    item = sheet.version.item
    return {
        "item": item,
        "draft": sheet.draft,
        "n": steps.index(step) + 1,
        "of": len(steps),
        "back": reverse("my_apply_step", args=[item.code, sheet.draft.key, before])
        if before
        else reverse("my_apply", args=[item.code]),
    }


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, code: str, key: str, step: str) -> HttpResponse:
    """One question."""
    sheet = _sheet(request, code, key)
    if sheet.draft.number:
        return _done(sheet)
    if step == CHECK:
        return check(request, sheet)
    if step not in sheet.steps():  # an earlier answer has taken it away
        return _to(sheet, sheet.next())
    post = request.method == "POST"
    kind = form_of(step)
    form = kind(request.POST, request.FILES, sheet=sheet, step=step) if post else kind(sheet=sheet, step=step)
    if post:
        fine = form.is_valid()
        if fine:
            form.keep()
        sheet.save()  # also what was good of a page that was not: a file is not sent twice
        if fine:
            return _to(sheet, sheet.next())
    here = _here(sheet, step) | {"form": form, "title": form.title(), "version": sheet.version}
    return render(request, kind.template, here, status=422 if post else 200)


def check(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    """Everything once more, each line with its way to change it; then the button that hands in."""
    if (missing := sheet.next()) != CHECK:
        return _to(sheet, missing)
    problem, refused = "", ""
    if request.method == "POST":
        try:
            applying.hand_in(sheet, lang=get_language())
        except applying.Done:
            return _done(sheet)
        except applying.NotReady as missing_step:
            return _to(sheet, missing_step.step)
        except Duplicate as other:
            problem = other.number
        except StepRefused as reason:
            refused = reason.reason.text
        else:
            return _done(sheet)
    mine_too = Application.objects.seen_by(request.user).filter(number=problem).exists() if problem else False
    here = _here(sheet, CHECK) | {
        "parts": applying.overview(sheet),
        "problem": problem,
        "refused": refused,
        "problem_url": reverse("my_case", args=[problem]) if mine_too else "",
    }
    return render(request, "my/check.html", here, status=409 if problem or refused else 200)


@mine
@require_safe
def done(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """The number, and what happens next."""
    sheet = _sheet(request, code, key)
    a = Application.objects.seen_by(request.user).with_facts().filter(number=sheet.draft.number).first()
    if a is None:
        raise Http404
    receipt = a.papers.filter(kind=PaperKind.RECEIPT).first()
    here = {"a": a, "item": a.item, "receipt": receipt, "unread": inbox.unread(request.user, request.account)}
    return render(request, "my/apply_done.html", here)


@mine
@require_safe
def file(request: HttpRequest, code: str, key: str, no: int) -> HttpResponse:
    """A file of the form, to look at before handing in."""
    found = _sheet(request, code, key).attachment(no)
    if found is None:
        raise Http404
    return files.answer(found)


@mine
@require_POST
def drop(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """Throws the form away."""
    sheet = _sheet(request, code, key)
    applying.drop(sheet.draft)
    messages.success(
        request, _("“%(item)s” is no longer among your drafts.") % {"item": local(sheet.version.item)}
    )
    return redirect("my")
