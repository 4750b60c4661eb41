"""Public pages of what people say: the city, each hall, department and item, with n and interval, words and replies, and
the same as open data. Figures come from sums by month, words by an index: a page costs the same after a million reviews."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onewindow.cases.export import safe
from onewindow.catalog.models import Item
from onewindow.org.models import Hall, Office, number
from onewindow.org.templatetags.ow import local
from onewindow.voice import publishing, sealviews, tallies
from onewindow.voice.device_models import DayRoot
from onewindow.voice.figures import FEW, Verdict
from onewindow.voice.tallies import Period

KINDS: dict[str, Any] = {"halls": "hall", "offices": "office", "items": "item"}
MODELS: dict[str, Any] = {"hall": Hall, "office": Office, "item": Item}
NONE = Verdict(0, 0, 0, None, 0)
LICENCE = "CC BY 4.0"


def _titles() -> dict[str, str]:
    return {"hall": _("By hall"), "office": _("By department"), "item": _("By item")}


def _period(request: HttpRequest) -> tuple[Period, list[Any]]:
    over = tallies.period(request.GET.get("period", ""))
    return over, tallies.months(over.until or over.last, 24) if over.until else []


def _kept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def city(request: HttpRequest) -> HttpResponse:
    """The city as a whole, its halls and departments, and the last words."""
    over, months = _period(request)
    words, _next = publishing.page(publishing.published(), "")
    context = {
        "over": over,
        "months": months,
        "said": tallies.verdicts("city", over, "").get("", NONE),
        "groups": [
            (kind, slug, _titles()[kind], tallies.named(kind, tallies.verdicts(kind, over)))
            for slug, kind in KINDS.items()
            if kind != "item"
        ],
        "words": words[:6],
        "sealed": sealed(over),
        "withheld": publishing.withheld(),
        "days": number("review_publish_days"),
        "few": FEW,
    }
    return render(request, "voice/opinions.html", context)


@require_safe
def kind_list(request: HttpRequest, slug: str) -> HttpResponse:
    """All halls, departments or items with their figures."""
    if (kind := KINDS.get(slug)) is None:
        raise Http404
    over, months = _period(request)
    rows = tallies.named(kind, tallies.verdicts(kind, over))
    asked = request.GET.get("q", "").replace("\0", "").strip()[:60]
    if asked:
        rows = [(t, v) for t, v in rows if asked.lower() in f"{t.code} {t.name} {t.name_en}".lower()]
    context = {
        "over": over, "months": months, "slug": slug, "title": _titles()[kind], "rows": rows, "asked": asked, "few": FEW,
    }  # fmt: skip
    return render(request, "voice/opinions_list.html", context)


@require_safe
def one(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """One hall, department or item: its figures, their course, words and replies."""
    kind = None if "\0" in code else KINDS.get(slug)
    thing = MODELS[kind]._default_manager.filter(code=code).first() if kind else None
    if kind is None or thing is None:
        raise Http404
    over, months = _period(request)
    words, following = publishing.page(publishing.published(kind, thing), request.GET.get("cursor", ""))
    year = tallies.period()
    context = {
        "over": over,
        "months": months,
        "slug": slug,
        "thing": thing,
        "title": _titles()[kind],
        "said": tallies.verdicts(kind, over, code).get(code, NONE),
        "course": tallies.by_month(kind, code, year),
        "words": words,
        "next": following,
        "withheld": publishing.withheld(kind, thing),
        "days": number("review_publish_days"),
        "few": FEW,
        "is_item": kind == "item",
    }
    return render(request, "voice/opinions_one.html", context)


# --- open data -----------------------------------------------------------------------------------------------


def _rows(over: Period) -> Iterator[dict[str, Any]]:
    """One row a thing: counts always, shares only where they say something and tell nobody apart."""
    things: list[tuple[str, Any, Verdict]] = [
        ("city", None, tallies.verdicts("city", over, "").get("", NONE))
    ]
    for kind in KINDS.values():
        things += [(kind, thing, said) for thing, said in tallies.named(kind, tallies.verdicts(kind, over))]
    for kind, thing, said in things:
        yield {
            "kind": kind,
            "code": thing.code if thing else "",
            "name": local(thing) if thing else "",
        } | told(said)


def told(said: Verdict) -> dict[str, Any]:
    """A verdict as open data; below five reviews only that there were fewer than five."""
    few = said.n < FEW
    shares = {
        f"{s.code}_{name}": None if few else value
        for s in said.shares[:4]
        for name, value in (
            ("numerator", s.numerator),
            ("denominator", s.denominator),
            ("share", None if s.value is None else round(s.value, 6)),
            ("low", round(s.interval[0], 6)),
            ("high", round(s.interval[1], 6)),
        )
    }
    levels = dict(zip(("n5", "n4", "n3", "n2", "n1"), said.levels or (0,) * 5, strict=True))
    beside = {
        x: getattr(said, x)
        for x in ("second", "changed", "excluded", "assisted", "defaults", "touchpoints", "silent")
    }
    counts = {"reviews": said.n, **levels, **beside}
    return ({"reviews": f"<{FEW}"} | dict.fromkeys([*levels, *beside]) if few else counts) | shares


def sealed(over: Period) -> DayRoot | None:
    """The last sealed day of the period: what its figures rest on can't be changed any more without being seen."""
    after = (over.last + dt.timedelta(days=31)).replace(day=1)
    return DayRoot.objects.filter(day__gte=over.first, day__lt=after).order_by("-day").first()


def about(over: Period) -> dict[str, Any]:
    return {
        "from": over.first.isoformat()[:7],
        "to": over.last.isoformat()[:7],
        "counted_until": over.until.isoformat() if over.until else None,
        "licence": LICENCE,
        "formulas": {s.code: str(s.formula) for s in NONE.shares},
        "interval": "Wilson, 95 %",
        "sealed": sealviews.told(row) if (row := sealed(over)) else None,
    }


@require_safe
def figures_json(request: HttpRequest) -> HttpResponse:
    """All figures of the period with their formulas."""
    over, _months = _period(request)
    body = about(over) | {"rows": list(_rows(over))}
    answer = HttpResponse(json.dumps(body, ensure_ascii=False), content_type="application/json")
    return _kept(answer)


@require_safe
def figures_csv(request: HttpRequest) -> HttpResponse:
    """The same as CSV (UTF-8 with a mark, so that a spreadsheet reads Chinese)."""
    over, _months = _period(request)
    out = io.StringIO()
    writer = csv.writer(out)
    for n, row in enumerate(_rows(over)):
        if n == 0:
            writer.writerow(["from", "to", *row])
        facts = [f"{over.first:%Y-%m}", f"{over.last:%Y-%m}", *row.values()]
        writer.writerow(["" if v is None else safe(v) if isinstance(v, str) else v for v in facts])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="reviews-{over.code}.csv"'
    return _kept(answer)


@require_safe
def words_json(request: HttpRequest) -> HttpResponse:
    """Published words with their replies, newest first, a page at a time."""
    words, following = publishing.page(publishing.published(), request.GET.get("cursor", ""))
    rows = [
        {
            "month": f"{w.month:%Y-%m}", "level": w.level.value, "codes": [i.code for i in w.reasons], "text": w.text,
            "item": w.item.code if w.item else None, "office": w.office.code, "hall": w.hall.code if w.hall else None,
            "second": w.is_second, "replies": [r.text for r in w.replies],
        }
        for w in words
    ]  # fmt: skip
    after = f"{reverse('opinions_words')}?cursor={following}" if following else None
    body = {"licence": LICENCE, "items": rows, "next": after}
    return _kept(HttpResponse(json.dumps(body, ensure_ascii=False), content_type="application/json"))
