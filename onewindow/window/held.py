"""Pages of what is held: the extract or file that stands in for a paper, and the second try where a register was silent."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onewindow.cases import desk, files, instant
from onewindow.cases.flow import StepRefused
from onewindow.cases.views import staff
from onewindow.exchange.actions import NotPossible
from onewindow.exchange.models import Material
from onewindow.org.models import AccessLog
from onewindow.window import reuse
from onewindow.window.counter import clerk_only
from onewindow.window.intake import HELD
from onewindow.window.models import Application

SITTING = 2 * 60 * 60  # seconds for which the link of the counter opens


@clerk_only
@require_safe
def at_counter(request: HttpRequest, link: str) -> HttpResponse:
    """What is held of the person at the counter; the link was given for the number that was typed, to this clerk."""
    try:
        key, clerk = signing.loads(link, salt=HELD, max_age=SITTING)
    except signing.BadSignature:
        raise Http404 from None
    if clerk != request.user.pk:
        raise Http404
    return _shown(request, reuse.material(key), number="")


@staff
@require_safe
def of_case(request: HttpRequest, number: str, no: int) -> HttpResponse:
    """What stands in for one material of a case; for those who may see its files."""
    a = Application.objects.seen_by(request.user).filter(number=number).first()
    if a is None:
        raise Http404
    if not desk.KINDS["A"].may_look(a, request.user):
        raise PermissionDenied
    return _shown(request, reuse.standing_in(a, no), number=a.number)


def _shown(request: HttpRequest, m: Material | None, *, number: str) -> HttpResponse:
    if m is None or not (m.attachment_id or m.body):
        raise Http404
    AccessLog.objects.create(
        at=instant.now(), person=request.user.username, number=number or m.source, field=f"material: {m.kind}"[:40],
        purpose="a paper that is not asked for again", ip=request.META.get("REMOTE_ADDR"),
    )  # fmt: skip
    if m.attachment is not None:
        return files.answer(m.attachment)
    fields = m.dataset.fields_named(list(m.facts)) if m.dataset else []
    rows = [(field, m.facts[field["code"]]) for field in fields]
    response = render(request, "exchange/extract.html", {"m": m, "rows": rows})
    response["Cache-Control"] = "private, no-store"
    return response


@staff
@require_POST
def fetch(request: HttpRequest, number: str) -> HttpResponse:
    """Asks the registers once more for what they owe this case."""
    a = Application.objects.seen_by(request.user).with_facts().filter(number=number).first()
    if a is None:
        raise Http404
    try:
        came, left = reuse.fetch_owed(a, by=request.user)
    except (NotPossible, StepRefused) as refused:
        messages.error(request, refused.reason.text)
    else:
        if came:
            messages.success(
                request, _("Fetched: %(names)s") % {"names": "、".join(d.spec.name for d in came)}
            )
        if left:
            names = "、".join(d.spec.name for d in left)
            messages.warning(request, _("The register still does not answer: %(names)s") % {"names": names})
    return redirect("case", number=number)
