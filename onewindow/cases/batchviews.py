"""The pages of a batch – choose, one form, report – and of the stock phrases."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import batch, desk, phrases
from onewindow.cases.forms import PhraseForm
from onewindow.cases.models import Batch
from onewindow.cases.views import staff

OUTCOMES = {
    batch.DONE: gettext_lazy("Done"),
    batch.REFUSED: gettext_lazy("Not possible"),
    batch.INVALID: gettext_lazy("Input missing or wrong"),
    batch.OVERTAKEN: gettext_lazy("Somebody was faster"),
    batch.GONE: gettext_lazy("Not there, or not yours"),
}


@staff
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """The ticked cases with the one form for all of them; with ``do=run`` the step itself."""
    person: Any = request.user
    verb, chosen = request.POST.get("verb", ""), batch.parse(request.POST.getlist("case"))
    found = batch.look(verb, chosen, person)
    if not found:
        messages.warning(request, _("Tick at least one matter first."))
        return redirect("desk")
    able = [c for c in found if c.reason is None]
    sample = (able or found)[0].case
    step = sample.flow.steps.get(verb)
    if step is None or verb not in desk.of(sample).batch:
        raise Http404
    make: Any = desk.of(sample).forms[verb]
    form = make(case=sample, by=person)
    if request.POST.get("do") == "run" and able:
        form = make(request.POST, case=sample, by=person)
        if form.is_valid():
            done = batch.run(verb, chosen, request.POST, key=request.POST.get("key", ""), by=person)
            return redirect("batch_report", done.pk)
    context = {
        "step": step,
        "form": form,
        "able": able,
        "unable": [c for c in found if c.reason is not None],
        "key": request.POST.get("key") or secrets.token_urlsafe(16),
        "phrases": phrases.offered(person, verb, getattr(form, "phrases", ())),
    }
    return render(request, "cases/batch.html", context, status=422 if form.errors else 200)


@staff
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """What a batch did: each case with what became of it, the undone first."""
    found = Batch.objects.filter(pk=pk, person=request.user).first()
    if found is None:
        raise Http404
    lines = [line | {"words": OUTCOMES[line["outcome"]]} for line in found.lines]
    lines.sort(key=lambda line: line["outcome"] == batch.DONE)
    labels = {verb: s.label for k in desk.KINDS.values() for verb, s in k.model.flow.steps.items()}
    tally = Counter(line["outcome"] for line in found.lines)
    context = {
        "batch": found,
        "lines": lines,
        "label": labels.get(found.verb, found.verb),
        "done": tally[batch.DONE],
    }
    return render(request, "cases/batch_report.html", context | {"undone": len(lines) - tally[batch.DONE]})


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def phrase_page(request: HttpRequest) -> HttpResponse:
    """常用语: the own and those of the office."""
    person: Any = request.user
    verbs, office = phrases.verbs(), phrases.led(person)
    if (pk := request.POST.get("drop", "")).isdigit() and len(pk) < 18:
        if not phrases.drop(int(pk), person):
            raise Http404
        return redirect("phrases")
    form = PhraseForm(request.POST or None, verbs=verbs, may_share=office is not None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if phrases.add(person, given["text"], given["verb"], shared=given.get("shared", False)):
            return redirect("phrases")
        form.add_error("text", _("You have as many phrases as can be looked through. Delete one first."))
    names = dict(verbs)
    rows = [
        {"phrase": p, "at": names.get(p.verb, ""), "mine": phrases.may_drop(p, person)}
        for p in phrases.visible(person)
    ]
    context = {"rows": rows, "form": form, "office": office}
    return render(request, "cases/phrases.html", context, status=422 if form.errors else 200)
