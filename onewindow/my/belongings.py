"""The pages of what somebody has here: licences to show and renew, and the materials that need not be handed in again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onewindow.cases import files
from onewindow.cases.typeset import qr_svg
from onewindow.exchange import actions as exchange
from onewindow.licences import actions as licence_actions
from onewindow.licences import paper
from onewindow.my import holdings, overview, rules
from onewindow.my.views import mine, page


def _holder(request: HttpRequest) -> tuple[list[rules.Holder], rules.Holder | None]:
    """The holders to choose from, and the one that stands in the address."""
    able = rules.holders(request.user)
    chosen = request.GET.get("holder", "")
    return able if len(able) > 1 else [], next((h for h in able if h.key == chosen), None)


# --- licences ----------------------------------------------------------------------------------------------


@mine
@require_safe
def licences(request: HttpRequest) -> HttpResponse:
    """我的证照: those in force first, the one that ends first on top."""
    holders, holder = _holder(request)
    rows = holdings.ordered(request.user, holder)
    found = Paginator(rows, holdings.PAGE).get_page(request.GET.get("page"))
    given = {"found": found, "rows": holdings.shown(found.object_list, request.user)}
    return page(request, "licences", "my/licences.html", holders=holders, holder=holder, **given)


def _licence(request: HttpRequest, number: str) -> holdings.Held:
    held = holdings.licence(request.user, number)
    if held is None:
        raise Http404
    return held


@mine
@require_safe
def licence(request: HttpRequest, number: str) -> HttpResponse:
    """亮证: one licence with its code to be scanned, its history, and its renewal."""
    held = _licence(request, number)
    given = {
        "held": held,
        "x": held.licence,
        "qr": qr_svg(held.licence.verify_url),
        "timeline": holdings.history(held.licence),
        "can_renew": holdings.can_renew(held),
        "renewal_item": licence_actions.renewal_item(held.licence),
    }
    return page(request, "licences", "my/licence.html", **given)


@mine
@require_safe
def licence_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The licence as PDF: a specimen, and marked so."""
    held = _licence(request, number)
    return paper.answer(request, held.licence, back_url=reverse("my_licence", args=[held.licence.number]))


# --- materials ---------------------------------------------------------------------------------------------


@mine
@require_safe
def materials(request: HttpRequest) -> HttpResponse:
    """我的材料: what is held and need not be handed in again, what was sent as a file, and who asked registers."""
    holders, holder = _holder(request)
    held = Paginator(holdings.library(request.user, holder), holdings.PAGE).get_page(request.GET.get("held"))
    found = Paginator(overview.materials(request.user), overview.PAGE).get_page(request.GET.get("page"))
    given: dict[str, Any] = {
        "held": held,
        "kept": holdings.kept(held.object_list, request.user),
        "found": found,
        "calls": holdings.calls(request.user),
    }
    return page(request, "materials", "my/materials.html", holders=holders, holder=holder, **given)


@mine
@require_safe
def held(request: HttpRequest, key: str) -> HttpResponse:
    """A material of the library: its file, or what the register said."""
    m = holdings.material(request.user, key)
    if m is None or not (m.attachment_id or m.body):
        raise Http404
    if m.attachment is not None:
        return files.answer(m.attachment)
    fields = m.dataset.fields_named(list(m.facts)) if m.dataset else []
    rows = [(field, m.facts[field["code"]]) for field in fields]
    return page(request, "materials", "my/extract.html", m=m, rows=rows)


@mine
@require_POST
def forget(request: HttpRequest, key: str) -> HttpResponse:
    """撤回同意: a material that was handed in is not offered again (个人信息保护法 15)."""
    m = holdings.material(request.user, key)
    if m is None:
        raise Http404
    if exchange.withdraw_consent(m):
        messages.success(request, _("“%(name)s” will not be used again.") % {"name": m.title})
    return redirect("my_materials")
