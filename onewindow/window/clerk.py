"""The pages of a clerk's day: workbench, hand-outs, reprint."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import desk
from onewindow.cases.views import staff
from onewindow.org.roles import Role
from onewindow.window import actions, strips, workbench
from onewindow.window.counter import clerk_only
from onewindow.window.models import DeliveryForm, Status
from onewindow.window.public import _desk_paper

REASONS = (
    ("lost", gettext_lazy("Lost by the applicant")),
    ("jam", gettext_lazy("The print failed")),
    ("file", gettext_lazy("For the file")),
    ("other", gettext_lazy("Another reason (say which)")),
)


class ReprintForm(forms.Form):
    """Why a letter is printed again."""

    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=REASONS, widget=forms.RadioSelect)
    detail = forms.CharField(label=gettext_lazy("In detail"), max_length=160, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("reason") == "other" and not given.get("detail"):
            self.add_error("detail", _("Please say why the letter is printed again."))
        return given

    @property
    def words(self) -> str:
        reason, detail = self.cleaned_data["reason"], self.cleaned_data["detail"]
        return f"{reason}: {detail}" if detail else reason


@clerk_only
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """工作台: what waits for me today, one click from each."""
    person: Any = request.user
    return render(request, "window/workbench.html", workbench.today(person) | {"strips": strips.of(request)})


@clerk_only
@require_http_methods(["GET", "HEAD", "POST"])
def handouts(request: HttpRequest) -> HttpResponse:
    """出件: decisions that wait to be handed over; a scan or number finds one."""
    person: Any = request.user
    if request.method == "POST":
        found = workbench.scanned(request.POST.get("scan", ""), person)
        if found is None:
            messages.warning(
                request, _("No matter of this hall was found. Scan once more, or type the number.")
            )
            return redirect("handouts")
        return redirect(f"{reverse('handouts')}?n={found.number}")
    ready = workbench.handouts(person, form=request.GET.get("form", ""))
    page = Paginator(ready, workbench.PAGE).get_page(request.GET.get("page"))
    found = desk.find(request.GET.get("n", ""), person) if request.GET.get("n") else None
    context = {
        "rows": [{"case": a, "left": desk.left(a), "light": desk.light(a)} for a in page],
        "page": page,
        "forms": DeliveryForm.choices,
        "form": request.GET.get("form", ""),
        "found": found,
        "ready": found is not None and found.status == Status.DECIDED,
        "may": found is not None and actions.flow.why_not("deliver", found, person) is None,
        "paper": found.papers.order_by("-id").first() if found is not None else None,
        "strips": strips.of(request),
    }
    return render(request, "window/handouts.html", context)


@staff
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reprint(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """补打: a letter once more, with its reason."""
    person: Any = request.user
    paper = _desk_paper(request, number, pk)
    if not person.has_role(Role.CLERK):
        raise PermissionDenied
    form = ReprintForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = workbench.reprint(paper, by=person, reason=form.words)
        return redirect(f"{reverse('desk_paper_print', args=[number, pk])}?again={done.nth}")
    context = {
        "form": form,
        "paper": paper,
        "a": paper.application,
        "before": list(paper.reprints.select_related("by")),
    }
    return render(request, "window/reprint.html", context, status=422 if form.errors else 200)
