"""The counter's pages: one screen of intake and the page after it.

Every change goes through one form to one address, so that it works without scripts; they ask for parts of the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from onewindow.cases import files
from onewindow.cases.flow import StepRefused
from onewindow.catalog import guide
from onewindow.catalog.models import Item, MaterialSpec
from onewindow.exchange.models import Outcome
from onewindow.org.masking import mask_name
from onewindow.org.roles import Role
from onewindow.window import actions, letters, reader, reuse, sitting, strips
from onewindow.window.intake import FINAL, KEY, TO_ACCEPT, IntakeForm, new_key
from onewindow.window.models import Application, DocumentForm

View = Callable[..., HttpResponse]


def clerk_only(view: View) -> View:
    """For window clerks, signed in; the answers hold personal data and are never kept by a browser."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_role(Role.CLERK):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return login_required(never_cache(guarded))


@clerk_only
@require_http_methods(["GET", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """The intake screen."""
    clerk = request.user
    if sitting.hall_of(clerk) is None:
        return render(request, "window/counter_none.html", status=403)
    if request.method == "POST":
        return _answer(request, request.POST.dict())
    data: dict[str, Any] = {}
    if key := request.GET.get("draft", ""):
        data = sitting.draft(clerk, key) or {}
        if not data:
            messages.warning(request, _("This draft is no longer there."))
            return redirect("counter")
        data["key"] = key
    elif code := request.GET.get("item", ""):
        data["item"] = code
        data["renews"] = request.GET.get("renews", "")[:20]
    return _page(request, _form(request, data, ""), data)


def _answer(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    clerk = request.user
    do = next((d for d in ("pick", "drop", "forget", "fetch") if d in data), data.get("do", "refresh"))
    if not KEY.fullmatch(data.get("key", "")):
        data["key"] = new_key()
    if do == "forget":
        sitting.drop_draft(clerk, data["forget"])
        messages.success(request, _("The draft has been deleted."))
        return redirect("counter")
    _prepare(request, do, data)
    form = _form(request, data, do)
    if do == "fetch" and form.version is not None:
        form = _fetch(request, form, data)
    if do in ("save", "autosave"):
        return _save(request, form, data, do)
    if do in FINAL:
        if form.version is not None and data.get("version") not in ("", None, str(form.version.pk)):
            form.add_error(
                None, _("The list of materials has just been changed. Please look at them once more.")
            )
        elif form.is_valid() and not (do in TO_ACCEPT and form.missing()):
            if (number := _finish(form, do, data["key"])) is not None:
                return redirect("counter_done", number=number)
    return _page(request, form, data, do)


def _prepare(request: HttpRequest, do: str, data: dict[str, Any]) -> None:
    """What a button changes in the form before it is read."""
    if do in ("pick", "find"):
        hit = (
            Item.objects.published().search(data.get("q", "")).first()
            if do == "find" and data.get("q")
            else None
        )
        if code := data.get("pick") or (hit.code if hit else ""):
            data["item"] = code
            for name in [n for n in data if n[0] in "mkcl" and n[1:].isdigit()]:
                del data[name]  # of the item before
    elif do == "read":
        found = reader.parse(data.pop("scan", ""))
        if not found:
            messages.warning(request, _("No valid number was in what the reader sent. Please type it."))
        data |= found
    elif do == "last":
        data |= sitting.take_over(request.user, data.get("id_number", ""), request.META.get("REMOTE_ADDR"))
    elif do == "drop":
        data[f"k{data['drop']}"], data[f"m{data['drop']}"] = "", DocumentForm.MISSING


def _form(request: HttpRequest, data: dict[str, Any], do: str) -> IntakeForm:
    code = data.get("item", "")
    item = guide.item(code) if code else None
    version = item.current if item else None
    if version is not None:
        version.item = item
    return IntakeForm(data, request.FILES, by=request.user, version=version, do=do)


def _fetch(request: HttpRequest, form: IntakeForm, data: dict[str, Any]) -> IntakeForm:
    """Asks the registers for what is not held yet: for one material (``fetch`` names it) or for all. What comes is chosen;
    where a register is silent we fetch it later, and the applicant need not come for it."""
    one = {int(data["fetch"])} if str(data.get("fetch", "")).isdecimal() else None
    if not form.subject:
        messages.warning(
            request, _("Enter the applicant's number first: registers are asked about one person.")
        )
        return form
    # what a register can say today comes before what was handed in at some time, and needs no consent
    bare = {no for no in form.registers if no not in form.held or form.held[no].needs_consent}
    wanted = bare if one is None else bare & one
    said: dict[int, Any] = {}
    if wanted:
        title = (
            f"{form.version.item.name} {mask_name(str(data.get('name', '')), str(data.get('kind')))}".strip()
        )
        if sitting.save_draft(request.user, data["key"], title, form.typed()) is None:
            return form
        number = reuse.reserve(request.user, data["key"])
        for no, got in reuse.fetch(form.version, number, by=request.user, only=wanted).items():
            if got.material is None:
                said[no] = got.text or SAID[got.outcome]
                late = got.outcome == Outcome.UNAVAILABLE and not form.version.is_immediate
                if data.get(f"m{no}", "missing") in ("missing", "reused", ""):
                    data[f"m{no}"] = DocumentForm.OWED if late else DocumentForm.MISSING
        data.pop("do", None)
    fresh = _form(request, {**form.data, **data}, "fetch")
    fresh.said = said
    return fresh


#: What the clerk reads where a register gave nothing.
SAID = {
    Outcome.UNAVAILABLE: gettext_lazy(
        "The register does not answer. Take the paper if it is at hand; else we fetch it later and nobody has to come again."
    ),
    Outcome.NOT_FOUND: gettext_lazy("The register does not know this applicant. Please ask for the paper."),
}


def _save(request: HttpRequest, form: IntakeForm, data: dict[str, Any], do: str) -> HttpResponse:
    form.is_valid()
    if not form.is_empty:
        kind, name = str(form.data.get("kind", "")), str(form.data.get("name", ""))
        what = form.version.item.name if form.version else _("No item yet")
        sitting.save_draft(request.user, data["key"], f"{what} {mask_name(name, kind)}".strip(), form.typed())
    if do == "autosave":
        return HttpResponse(status=204)
    messages.success(request, _("Saved. You will find it under “Drafts”."))
    return redirect("counter")


def _finish(form: IntakeForm, do: str, key: str) -> str | None:
    try:
        told = (
            {"note": form.cleaned_data["note"], "to_correct": form.to_correct} if do == sitting.TELL else {}
        )
        return sitting.finish(key, do, form.version, by=form.by, **told, **form.intake()).number
    except actions.Duplicate:
        form.add_error("allow_duplicate", _("Please look at the open application first."))
    except StepRefused as refused:
        form.add_error(None, refused.reason.text)
    return None


def _page(request: HttpRequest, form: IntakeForm, data: dict[str, Any], do: str = "") -> HttpResponse:
    clerk, version = request.user, form.version
    form.is_valid()
    missing = form.missing()
    asking = bool(version) and (
        do in ("ask", sitting.TELL) or (do in TO_ACCEPT and bool(missing) and not form.errors)
    )
    if asking and do != sitting.TELL:
        for spec in missing:
            form.data.setdefault(f"c{spec.no}", "")
            form.data[f"c{spec.no}"] = form.data[f"c{spec.no}"] or _asked_for(spec)
    id_number = "" if form.errors.get("id_number") else form.cleaned_data.get("id_number", "")
    before = sitting.visits(clerk, id_number) if id_number else []
    twin = actions.open_duplicate(version.item_id, id_number) if version and id_number else None
    q = data.get("q", "") if do in ("find", "pick") else ""
    _focus(form, do, asking)
    return render(
        request,
        "window/counter.html",
        {
            "form": form,
            "rows": form.rows(),
            "missing": missing,
            "asking": asking,
            "do": do,
            "blamed": do in FINAL,
            "key": data.get("key") or new_key(),
            "version": version,
            "item": version.item if version else None,
            "pace": guide.pace(version.item) if version else None,
            "deferrable": sum(1 for s in form.specs if s.necessity == 3),
            "preview": sitting.preview(version) if version else None,
            "items": list(Item.objects.published().search(q)[:6]) if q else sitting.frequent(clerk),
            "q": q,
            "visits": before,
            "twin": twin,
            "twin_seen": twin is not None and any(v.number == twin.number for v in before),
            "id_number": id_number,
            "drafts": sitting.drafts(clerk),
            "towns": sitting.towns(),
            "strips": strips.of(request),
        },
    )


def _asked_for(spec: MaterialSpec) -> str:
    return _("Please hand in: %(name)s") % {"name": spec.name}


def _focus(form: IntakeForm, do: str, asking: bool) -> None:
    """The field where the clerk goes on: the first that is wrong, else the next to be filled in."""
    wrong = [f for f in form.fields if f in form.errors and do in FINAL]
    empty = [f for f in ("id_number", "name", "mobile") if not form.data.get(f)]
    if do == "fetch" and (form.next_no or form.needs_consent):
        if form.needs_consent:
            form.fields["consent"].widget.attrs["autofocus"] = True
        return
    gaps = [f"c{s.no}" for s in form.missing()]
    field = next(iter(wrong or (gaps or ["note"] if asking else empty)), "delivery_form")
    if form.version is not None or wrong:
        form.fields[field].widget.attrs["autofocus"] = True


@clerk_only
@require_GET
def options(request: HttpRequest) -> HttpResponse:
    """The list under the search field."""
    q = request.GET.get("q", "")
    return render(
        request, "window/counter_options.html", {"q": q, "items": Item.objects.published().search(q)[:8]}
    )


@clerk_only
@require_GET
def loose_file(request: HttpRequest, key: str) -> HttpResponse:
    """A file that this clerk has uploaded for a form that is still open."""
    found = files.loose([key], request.user.username)
    if key not in found:
        raise Http404
    return files.answer(found[key])


@clerk_only
@require_GET
def done(request: HttpRequest, number: str) -> HttpResponse:
    """After the sitting: number, query code, link, papers; Enter goes to the next applicant."""
    found = sitting.done(number, request.user)
    if found is None:
        raise Http404
    a, mine = found
    context = {
        "a": a,
        "mine": mine,
        "qr": letters.qr_svg(a.track_url) if mine else "",
        "paper": a.papers.order_by("-id").first(),
        "missing": _missing_of(a),
        "strips": strips.of(request),
    }
    return render(request, "window/counter_done.html", context)


def _missing_of(a: Application) -> list[str]:
    return [d.spec.name for d in a.documents.select_related("spec") if d.form == DocumentForm.MISSING]
