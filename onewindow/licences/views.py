"""Staff pages of the register: search, one entry, the measures of the head, the licence as PDF."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import desk, numbers
from onewindow.cases.export import workbook
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.views import staff
from onewindow.licences import actions, paper, register, rules
from onewindow.licences.forms import FROM, GRAVE, MEASURES, Filters
from onewindow.licences.models import Licence
from onewindow.org.masking import mask_id, mask_name
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local

READERS = (Role.APPROVER, Role.HEAD, Role.BUREAU, Role.LEADER, Role.CLERK, Role.HALL_MANAGER)


def _only_readers(request: HttpRequest) -> None:
    if not request.user.has_role(*READERS):
        raise PermissionDenied


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def licences(request: HttpRequest) -> HttpResponse:
    """证照登记簿: the register, the newest first. What is searched for is sealed before it stands in the address."""
    _only_readers(request)
    if request.method == "POST":
        text = request.POST.get("q", "").replace("\0", "").strip()[:120]
        query = request.GET.copy()
        for name in ("who", "cursor"):
            query.pop(name, None)
        if text:
            query["who"] = desk.sealed(text)
        return redirect(f"{request.path}?{query.urlencode()}")
    filters, text = Filters(request.GET, by=request.user), desk.unsealed(request.GET.get("who", ""))
    found = register.page(request.user, filters.cleaned_data, text, request.GET.get("cursor", ""))
    shown = (
        numbers.shown(numbers.clean(text))
        if numbers.clean(text)
        else mask_id(text)
        if any(c.isdigit() for c in text)
        else mask_name(text)
        if len(text) < 5
        else text
    )
    total = register.count(request.user, filters.cleaned_data, text)
    context = {
        "total": f"{register.MOST_COUNTED}+" if total > register.MOST_COUNTED else total,
        "rows": found.rows,
        "next": found.next,
        "filters": filters,
        "filtered": filters.is_used or bool(text),
        "asked_for": shown,
    }
    response = render(request, "licences/licences.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@staff
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The list as a workbook, masked as on the page; written to the access log."""
    _only_readers(request)
    filters, text = Filters(request.GET, by=request.user), desk.unsealed(request.GET.get("who", ""))
    columns = [
        (_("Number"), 20), (_("Licence"), 28), (pgettext("licence", "Holder"), 28), (_("Department"), 20), (_("State"), 10),
        (_("Valid from"), 12), (_("Valid to"), 12), (_("E-licence identifier"), 60),
    ]  # fmt: skip
    desk.log_export(by=request.user, ip=request.META.get("REMOTE_ADDR"), purpose="licences")
    rows = register.select(request.user, filters.cleaned_data, text).iterator(chunk_size=500)
    cells = (
        [
            numbers.shown(x.number), local(x), x.masked_name, local(x.office), x.get_state_display(), x.valid_from,
            x.valid_to, x.identifier,
        ]
        for x in rows
    )  # fmt: skip
    return workbook(_("Licences %(day)s") % {"day": desk.today().isoformat()}, columns, cells)


def _found(request: HttpRequest, number: str) -> Licence:
    _only_readers(request)
    if (licence := register.find(number, request.user)) is None:
        raise Http404
    return licence


@staff
@require_safe
def licence(request: HttpRequest, number: str) -> HttpResponse:
    """One entry: holder, validity, conditions, identifier, history, what the head can do."""
    found = _found(request, number)
    may = rules.head_only(found, request.user) is None
    able = [(verb, label) for verb, (label, _form) in MEASURES.items() if may and found.state in FROM[verb]]
    may_renew = found.valid_to is not None and not found.has_ended and request.user.has_role(Role.CLERK)
    context = {
        "licence": found,
        "timeline": register.history(found),
        "able": able,
        "may_renew": may_renew,
        "renewal_item": actions.renewal_item(found) if may_renew else None,
        "ask_by": actions.ask_by(found),
    }
    response = render(request, "licences/licence.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def measure(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """The form of a measure, and the measure."""
    found = _found(request, number)
    if verb not in MEASURES:
        raise Http404
    if (reason := rules.head_only(found, request.user) or rules.in_state(found, *FROM[verb])) is not None:
        if reason.kind == "not_allowed":
            raise PermissionDenied
        messages.warning(request, reason.text)
        return redirect("licence", found.number)
    label, form_class = MEASURES[verb]
    form = form_class(request.POST or None, licence=found)
    if request.method == "POST" and form.is_valid():
        seen = request.POST.get("version", "")
        try:
            if seen != str(found.version):
                raise Stale
            getattr(actions, verb)(found, by=request.user, **form.cleaned_data)
        except Stale:
            messages.warning(
                request, _("Somebody else has changed this licence meanwhile. Please look again.")
            )
        except StepRefused as refused:
            messages.warning(request, refused.reason.text)
        else:
            messages.success(
                request,
                _("Done: %(step)s, %(number)s.") % {"step": label, "number": numbers.shown(found.number)},
            )
        return redirect("licence", found.number)
    context = {"licence": found, "label": label, "form": form, "is_grave": verb in GRAVE}
    return render(request, "licences/measure.html", context, status=422 if form.is_bound else 200)


@staff
@require_safe
def pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The licence as a page to print or keep: a specimen, and marked so."""
    found = _found(request, number)
    return paper.answer(request, found, back_url=reverse("licence", args=[found.number]))
