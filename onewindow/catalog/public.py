"""Pages for everybody: the front door, the list of services, and the guide to each."""

from __future__ import annotations

import io

import segno
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from onewindow.catalog import bundles, guide
from onewindow.catalog.plans import stages_of

PAGE = 20


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Search, three doors, what is asked for most, where to go."""
    context = {"hot": guide.hot(), "departments": guide.departments(), "halls": guide.halls()}
    context["bundles"] = bundles.published("")[:5]
    return render(request, "catalog/home.html", context)


@require_safe
def items(request: HttpRequest) -> HttpResponse:
    """All services; ``q`` takes Chinese, pinyin, initials and code; ``department`` its code; ``page``."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:60]
    department = request.GET.get("department", "").replace("\0", "")[:20]
    page = Paginator(guide.published(text, department), PAGE).get_page(request.GET.get("page"))
    offices = list(guide.departments())
    chosen = next((o for o in offices if o.code == department), None)
    first = not department and page.number == 1
    context = {
        "bundles": bundles.published(text)[:8] if first else [],
        "page": page,
        "q": text,
        "departments": offices,
        "department": chosen,
    }
    return render(request, "catalog/items.html", context)


@require_safe
def item(request: HttpRequest, code: str) -> HttpResponse:
    """The guide to one service, on screen and on paper."""
    found = guide.listed_item(code)
    if found is None or found.current is None:
        raise Http404
    version = found.current
    context = {
        "pace": guide.pace(found),
        "gloss": guide.basis_gloss(version),
        "item": found,
        "version": version,
        "for_whom": pgettext("list", ", ").join(guide.for_whom(version)),
        "materials": guide.materials(version),
        "stages": guide.stages(version),
        "plan": stages_of(version.plan) if version.plan else [],
        "halls": guide.halls(),
        "data_block": guide.data_block(found, version),
        "qr": _qr(f"{settings.BASE_URL}/items/{found.code}"),
    }
    return render(request, "catalog/item.html", context)


@require_safe
def bundle(request: HttpRequest, code: str) -> HttpResponse:
    """一件事: what has to be done for one purpose, and with which papers, on one page."""
    found = bundles.bundle(code)
    if found is None:
        raise Http404
    steps = bundles.steps(found)
    whole = bundles.Whole(bundles.here(steps))
    context = {
        "bundle": found,
        "steps": [(step, guide.pace(step.item) if step.item else None) for step in steps],
        "papers": whole.materials,
        "spared": whole.asked - len(whole.materials),
        "halls": guide.halls(),
        "qr": _qr(f"{settings.BASE_URL}/bundles/{found.code}"),
    }
    return render(request, "catalog/bundle.html", context)


def _qr(url: str) -> str:
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", border=2, xmldecl=False, nl=False, omitsize=True
    )
    return mark_safe(out.getvalue().decode())
