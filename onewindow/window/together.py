"""Pages of a package (一件事): one screen at the counter, one page for the applicant."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from onewindow.cases import desk
from onewindow.cases.flow import StepRefused
from onewindow.catalog import bundles
from onewindow.catalog.bundles import Whole, here
from onewindow.catalog.models import Bundle
from onewindow.window import actions, letters, links, packages, rate, sitting, strips
from onewindow.window.counter import clerk_only
from onewindow.window.intake import KEY, IntakeForm, new_key
from onewindow.window.models import Package
from onewindow.window.public import SPAN, TRIES, confidential, missing, too_many


@clerk_only
@require_http_methods(["GET", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """Bundle, what applies, who, the one set of papers; one press accepts all."""
    if sitting.hall_of(request.user) is None:
        return render(request, "window/counter_none.html", status=403)
    data = request.POST.dict() if request.method == "POST" else {"bundle": request.GET.get("bundle", "")}
    bundle = bundles.bundle(data.get("pick") or data.get("bundle", ""))
    if bundle is None:
        choice = {"bundles": bundles.published(), "strips": strips.of(request)}
        return render(request, "window/together_choose.html", choice)
    do = data.get("do", "")
    package = _package(request, data)
    steps = bundles.steps(bundle)
    offered = _offered(steps, package)
    picked = (
        set(request.POST.getlist("step"))
        if "asked" in data
        else {str(s.no) for s in offered if not s.condition}
    )
    chosen = [s for s in offered if str(s.no) in picked]
    version: Any = Whole(chosen)
    final = do in (sitting.ACCEPT, sitting.TELL)
    form = IntakeForm(
        data, request.FILES, by=request.user, version=version, do=sitting.ACCEPT if final else do
    )
    key = data.get("key", "")
    key = key if KEY.fullmatch(key) else new_key()
    if final and not chosen:
        form.add_error(None, _("Tick at least one thing to apply for."))
    elif final and form.is_valid() and (do == sitting.TELL or not form.missing()):
        tell = do == sitting.TELL
        if (found := _finish(form, key, bundle, chosen, package, tell)) is not None:
            return redirect("counter_together_done", number=found.number)
    form.is_valid()
    context: dict[str, Any] = {
        "bundle": bundle, "steps": steps, "offered": offered, "picked": {s.no for s in chosen}, "form": form,
        "rows": form.rows(), "missing": form.missing(), "blamed": final, "key": key, "version": version,
        "spared": version.asked - len(version.materials), "package": package, "towns": sitting.towns(),
        "strips": strips.of(request),
        "id_number": "" if form.errors.get("id_number") else form.cleaned_data.get("id_number", ""),
    }  # fmt: skip
    return render(request, "window/together.html", context, status=422 if final else 200)


def _package(request: HttpRequest, data: dict[str, Any]) -> Package | None:
    """The package that a later stage is applied for in."""
    number = data.get("package") or request.GET.get("package", "")
    return Package.objects.seen_by(request.user).filter(number=number).first() if number else None


def _offered(steps: list[Any], package: Package | None) -> list[Any]:
    """What can be applied for now: the first stage, or what has become possible since."""
    if package is not None:
        return [s for s, ready in packages.later(package, steps, packages.children(package)) if ready]
    ours = here(steps)
    first = min((s.stage for s in ours), default=1)
    return [s for s in ours if s.stage == first]


def _finish(
    form: IntakeForm, key: str, bundle: Bundle, chosen: list[Any], package: Package | None, tell: bool
) -> Package | None:
    given = form.intake()
    given.pop("allow_duplicate")
    try:
        return packages.open_package(key, bundle, chosen, by=form.by, package=package, tell=tell, **given)
    except actions.Duplicate as twin:
        form.add_error(
            None,
            _("An application for one of these items is still open: %(number)s.") % {"number": twin.number},
        )
    except StepRefused as refused:
        form.add_error(None, refused.reason.text)
    return None


def _whole(package: Package) -> dict[str, Any]:
    """Everything about a package: its applications with their lights, and what is done elsewhere or comes later."""
    now = packages.children(package)
    steps, waiting = bundles.steps(package.bundle), packages.waits_for_applicant(now)
    return {
        "package": package,
        "bundle": package.bundle,
        "children": [(a, desk.light(a), desk.left(a)) for a in now],
        "elsewhere": [s for s in steps if not s.item_id],
        "later": packages.later(package, [s for s in steps if not s.condition or s.stage > 1], now),
        "waiting": waiting,
        "state": packages.state(now, waiting) if now else "",
        "granted": sum(a.result == "grant" for a in now),
    }


@clerk_only
@require_GET
def done(request: HttpRequest, number: str) -> HttpResponse:
    """After the sitting: every number, and the one link for the applicant."""
    package = Package.objects.seen_by(request.user).filter(number=number).select_related("bundle").first()
    if package is None:
        raise Http404
    mine = package.opened_by == request.user.username
    qr = letters.qr_svg(package.track_url) if mine else ""
    whole = _whole(package)
    whole["letters"] = packages.letters([a for a, _light, _left in whole["children"]])
    return render(
        request, "window/together_done.html", {**whole, "mine": mine, "qr": qr, "strips": strips.of(request)}
    )


@confidential
@require_GET
def track(request: HttpRequest, token: str) -> HttpResponse:
    """The applicant's one page for all."""
    return _by_link(request, token, "window/together_track.html")


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """Taking everything back that can still be taken back."""
    if request.method == "POST" and (package := packages.by_token(token)):
        n = packages.withdraw_all(package, request.POST.get("reason", "").replace("\0", "").strip()[:400])
        text = ngettext("%(n)d application taken back.", "%(n)d applications taken back.", n)
        messages.success(request, text % {"n": n})
        return redirect("together_track", token=token)
    return _by_link(request, token, "window/together_withdraw.html")


def _by_link(request: HttpRequest, token: str, template: str) -> HttpResponse:
    who = rate.address(request)
    if rate.spent("link", who, most=TRIES, seconds=SPAN):
        return too_many(request)
    if (package := packages.by_token(token)) is None:
        if (
            a := links.by_token(token)
        ) is not None:  # the link of one of its applications, or of a single one
            return redirect("track_token", token=a.track_token)
        rate.count("link", who, seconds=SPAN)
        return missing(request)
    return render(request, template, _whole(package))
