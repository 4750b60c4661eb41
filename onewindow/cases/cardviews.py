"""The pages of cards: the list for those who watch and those who answer, one card, and its replies."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import cards, desk, numbers
from onewindow.cases.export import workbook
from onewindow.cases.flow import StepRefused
from onewindow.cases.forms import CardFilters, CardReplyForm
from onewindow.cases.models import ReplyKind
from onewindow.cases.views import staff
from onewindow.org.templatetags.ow import local


@staff
@require_safe
def cards_page(request: HttpRequest) -> HttpResponse:
    """黄牌、红牌、督办: within this person's scope, newest first."""
    person: Any = request.user
    filters = CardFilters(request.GET, by=person)
    found = cards.select(person, filters.asked)
    cursor = request.GET.get("cursor", "")
    if cursor.isascii() and cursor.isdigit() and len(cursor) < 18:
        found = found.filter(pk__lt=int(cursor))
    rows = list(found[: cards.PAGE + 1])
    shown = rows[: cards.PAGE]
    context = {
        "filters": filters,
        "lines": cards.lines(shown),
        "next": shown[-1].pk if len(rows) > cards.PAGE else "",
        "waiting": cards.to_answer(person),
    }
    return render(request, "cases/cards.html", context)


@staff
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The list as a workbook; written to the access log."""
    person: Any = request.user
    filters = CardFilters(request.GET, by=person)
    columns = [
        (_("Card or rung"), 14), (_("Number"), 20), (_("Matter"), 32), (_("Responsible unit"), 24), (_("Person"), 12),
        (_("Limit"), 14), (_("Limit ended"), 17), (_("Issued"), 17), (_("State"), 12), (_("Reason"), 40),
    ]  # fmt: skip
    desk.log_export(by=person, ip=request.META.get("REMOTE_ADDR"), purpose="cards")
    found = cards.select(person, filters.asked).iterator(chunk_size=500)
    rows = (_cells(line) for line in cards.lines(found))
    return workbook(_("Cards %(day)s") % {"day": desk.today().isoformat()}, columns, rows)


def _cells(line: cards.Line) -> list[Any]:
    card, said = line.card, line.revoked or line.answer
    return [
        card.get_code_display(), numbers.shown(card.number), card.title, local(card.unit),
        local(card.person) if card.person else "", card.get_measure_display(), card.limit_at, card.issued_at,
        str(said.get_kind_display()) if said else pgettext("card", "Not answered"), said.text if said else "",
    ]  # fmt: skip


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def card_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One card; its unit answers it here, the bureau revokes it. Opening it as the unit marks it as seen with a button."""
    person: Any = request.user
    card = cards.find(person, pk)
    if card is None:
        raise Http404
    form = CardReplyForm(request.POST if request.method == "POST" and "seen" not in request.POST else None)
    if request.method == "POST":
        kind = next((k for k in ReplyKind.values if k in request.POST), "")
        if kind == ReplyKind.SEEN or (kind and form.is_valid()):
            text = "" if kind == ReplyKind.SEEN else form.cleaned_data["text"]
            try:
                cards.reply(card, kind, by=person, text=text)
            except StepRefused as refused:
                messages.warning(request, refused.reason.text)
            else:
                messages.success(request, _("Recorded."))
            return redirect("card", pk)
    line = next(x for x in cards.of_case(card.number) if x.card.pk == pk)
    able = {kind: cards.why_not(kind, card, person) is None for kind in ReplyKind.values}
    status = 422 if form.errors else 200
    return render(
        request, "cases/card.html", {"line": line, "card": card, "form": form, "able": able}, status=status
    )
