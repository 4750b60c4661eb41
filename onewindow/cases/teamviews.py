"""The pages of a team: who is away and who stands in, who has taken a case on, and the signed hand-over of open work."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from onewindow.cases import assign, desk, numbers, standins
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.forms import AbsenceForm, HandoverForm, StandInForm
from onewindow.cases.views import staff
from onewindow.org.roles import Role


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def stand_ins(request: HttpRequest) -> HttpResponse:
    """AB 角与不在岗: of the unit that this person leads, and the own."""
    person: Any = request.user
    people, arranges = standins.staff_of(person), standins.arranges(person)
    do = request.POST.get("do", "")
    leaving = AbsenceForm(
        request.POST if do == "leave" else None, people=people, initial={"person": person.pk}, prefix="leave"
    )
    pairing = StandInForm(
        request.POST if do == "pair" else None,
        people=people,
        colleagues=standins.colleagues(person),
        prefix="pair",
    )
    if request.method == "POST" and _changed(request, person, do, leaving, pairing):
        return redirect("stand_ins")
    context = {
        "absences": standins.absences_of(people),
        "pairs": standins.pairs_of(people),
        "own": standins.mine(person),
        "leaving": leaving,
        "pairing": pairing if arranges else None,
        "arranges": arranges,
        "today": standins.today(),
    }
    status = 422 if leaving.errors or pairing.errors else 200
    return render(request, "cases/stand_ins.html", context, status=status)


def _changed(request: HttpRequest, person: Any, do: str, leaving: AbsenceForm, pairing: StandInForm) -> bool:
    form: Any = {"leave": leaving, "pair": pairing}.get(do)
    try:
        if do == "leave" and leaving.is_valid():
            given = leaving.cleaned_data
            standins.leave(
                given["person"], given["starts_on"], given["ends_on"], reason=given["reason"], by=person
            )
        elif do == "pair" and pairing.is_valid():
            standins.pair(pairing.cleaned_data["a"], pairing.cleaned_data["b"], by=person)
        elif do in ("back", "unpair"):
            standins.end(do, request.POST.get("pk", ""), by=person)
        else:
            return False
    except standins.NotPossible as why:
        if form is None:
            messages.warning(request, str(why.message))
            return True
        form.add_error(why.field, why.message)
        return False
    messages.success(request, _("Recorded."))
    return True


@staff
@require_POST
def assign_case(request: HttpRequest, number: str) -> HttpResponse:
    """Takes a case on, gives it to a colleague, or puts it back."""
    person: Any = request.user
    case = desk.find(numbers.clean(number), person)
    if case is None:
        raise Http404
    to = request.POST.get("to", "")
    chosen = person if to == "me" else None
    if to not in ("me", ""):
        chosen = next((p for p in assign.colleagues(case) if str(p.pk) == to), None)
        if chosen is None:
            raise Http404
    try:
        assign.assign(case, chosen, by=person)
    except StepRefused as refused:
        messages.warning(request, refused.reason.text)
    except Stale:
        messages.warning(request, _("Somebody was faster. Please look at the matter again."))
    return redirect("case", case.number)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def handovers(request: HttpRequest) -> HttpResponse:
    """工作移交: the lists of this person and of the unit; a new one is written here."""
    person: Any = request.user
    usual = "work" if person.has_role(Role.APPROVER, Role.HEAD) else "shift"
    kind = wished if (wished := request.GET.get("kind", "")) in ("work", "shift") else usual
    giver = assign.giver(person, request.GET.get("of", ""))
    form = HandoverForm(request.POST if request.method == "POST" else None, people=assign.takers(kind, giver))
    if request.method == "POST" and form.is_valid():
        taker = next(p for p in assign.takers(kind, giver) if str(p.pk) == form.cleaned_data["taker"])
        try:
            made = assign.hand_over(kind, giver, taker, by=person, note=form.cleaned_data["note"])
        except StepRefused as refused:
            form.add_error(None, refused.reason.text)
        else:
            return redirect("handover", made.pk)
    context = {
        "kind": kind,
        "giver": giver,
        "givers": assign.givers(person),
        "form": form,
        "lines": assign.collect(kind, giver),
        "rows": list(assign.seen_by(person).filter(kind=kind)[:50]),
    }
    return render(request, "cases/handovers.html", context, status=422 if form.errors else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    """One list: both sign it here; it is printed for the file."""
    person: Any = request.user
    found = assign.seen_by(person).filter(pk=pk).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        try:
            if "refuse" in request.POST:
                assign.refuse(found, by=person)
            else:
                found = assign.sign(found, by=person)
        except StepRefused as refused:
            messages.warning(request, refused.reason.text)
        else:
            messages.success(request, _("Handed over.") if found.done_at else _("Recorded."))
        return redirect("handover", pk)
    may = assign.can_sign(found, person)
    return render(
        request,
        "cases/handover.html",
        {"h": found, "may": may, "for_other": may == "given" and person.pk != found.giver_id},
    )
