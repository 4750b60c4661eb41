"""Staff pages of the catalogue: what is in force, its history, a draft, the check, export and import."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases.export import workbook
from onewindow.catalog import drafts, exporting, forms, impact, keep
from onewindow.catalog.models import Change, Item
from onewindow.org import parameters
from onewindow.org.models import parameter
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import limit, local

PAGE = 30


def keeper(view: Any) -> Any:
    """For those who keep the catalogue: administrator, bureau, heads of departments."""

    def guarded(request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
        if not request.user.has_role(Role.ADMIN, Role.BUREAU, Role.HEAD):
            raise PermissionDenied
        return view(request, *args, **more)

    return login_required(never_cache(guarded))


def _section(name: str) -> keep.Section:
    section = keep.SECTIONS.get(name)
    if section is None or not section.editable:
        raise Http404
    return section


def _tabs(request: HttpRequest, here: str) -> list[tuple[str, Any, bool]]:
    whole = request.user.has_role(Role.ADMIN, Role.BUREAU)
    order = sorted(keep.SECTIONS.values(), key=lambda s: s.name != "items")
    return [(s.name, s.label, s.name == here) for s in order if s.editable and (whole or s.name == "items")]


@keeper
@require_safe
def catalogue(request: HttpRequest, section: str = "items") -> HttpResponse:
    """One section: what is in force, and the drafts that are open."""
    chosen = _section(section)
    tabs = _tabs(request, section)
    if section not in [name for name, _label, _here in tabs]:
        raise PermissionDenied
    drafting = {c.key: c for c in Change.objects.seen_by(request.user).open().filter(section=section)}
    context: dict[str, Any] = {"tabs": tabs, "section": chosen, "is_admin": request.user.has_role(Role.ADMIN)}
    if section == "items":
        filters, items = _items(request, set(drafting))
        page = Paginator(items, PAGE).get_page(request.GET.get("page"))
        known = set(Item.objects.seen_by(request.user).values_list("code", flat=True))
        context |= {
            "page": page,
            "filters": filters,
            "rows": [(item, drafting.get(item.code)) for item in page],
            "fresh": [c for c in drafting.values() if c.key not in known],
        }
    else:
        context["rows"] = [_told(chosen, d, drafting.pop(chosen.key(d), None)) for d in chosen.documents()]
        context["fresh"] = list(drafting.values())
    return render(request, "catalog/keep_list.html", context)


def _items(request: HttpRequest, drafting: set[str]) -> tuple[forms.ItemFilters, Any]:
    """The items that this person keeps, as filtered in the address."""
    mine = Item.objects.seen_by(request.user).select_related("office", "current")
    filters = forms.ItemFilters(request.GET, offices=mine)
    filters.full_clean()
    chosen = filters.cleaned_data
    if chosen.get("office"):
        mine = mine.filter(office__code=chosen["office"])
    closed = Q(closed_from__lte=timezone.localdate()) & ~Q(closing="")
    mine = mine.filter(
        {"draft": Q(code__in=drafting), "closed": closed, "open": ~closed}.get(
            chosen.get("standing", ""), Q()
        )
    )
    return filters, mine.search(chosen.get("q", ""))


@keeper
@require_safe
def export_items(request: HttpRequest) -> HttpResponseBase:
    """The list of items as a workbook, filtered as on the page."""
    drafting = Change.objects.seen_by(request.user).open().filter(section="items")
    _filters, items = _items(request, set(drafting.values_list("key", flat=True)))
    columns = [
        (_("Item"), 36), (pgettext("thing", "Code"), 16), (_("English name"), 36), (_("Department"), 22),
        (_("Kind of power"), 14), (_("How it is decided"), 14), (_("Promised limit"), 14), (_("Lawful limit"), 14),
        (_("Lawful extension"), 14), (_("legal basis"), 50), (pgettext("outcome", "Result"), 24),
        (_("Materials"), 10), (_("Version"), 8),
        (_("In force since"), 18), (_("Standing"), 14),
    ]  # fmt: skip
    kinds = dict(forms.KINDS)
    rows = (
        [
            item.name, item.code, item.name_en, local(item.office), kinds.get(v.kind_code, v.kind_code),
            v.get_case_kind_display(), limit(v.promised_limit), limit(v.legal_limit),
            limit(v.legal_extension) if v.legal_extension else "", v.legal_basis, v.result, v.paper_count, v.version,
            v.published_at, item.get_closing_display() if item.is_closed else _("In force"),
        ]
        for item in items.filter(current__isnull=False).annotate(paper_count=Count("current__materials"))
        for v in [_with_count(item)]
    )  # fmt: skip
    return workbook("items", columns, rows)


def _with_count(item: Item) -> Any:
    version = item.current
    version.paper_count = item.paper_count  # type: ignore[attr-defined, union-attr]
    return version


def _told(section: keep.Section, document: Any, draft: Change | None) -> dict[str, Any]:
    key = section.key(document)
    spec = parameters.SPECS.get(key) if section.name == "parameters" else None
    return {
        "key": key,
        "title": section.title(document),
        "draft": draft,
        "spec": spec,
        "value": parameter_words(spec, document["value"]) if spec else "",
        "bounds": bounds(spec) if spec else "",
        "is_set": bool(spec and document.get("value") != spec.default),
        "summary": section.summary(document),
    }


def parameter_words(spec: parameters.Spec, value: str) -> str:
    """A value with its unit: 5 个工作日, 20%."""
    if spec.kind == "limit":
        return limit(value)
    if spec.unit in ("wd", "d") and value != "0":
        return limit(f"{value}{spec.unit}")
    if spec.unit == "s":
        return f"{value} " + pgettext("unit", "seconds")
    return f"{value} {spec.unit}".strip()


def bounds(spec: parameters.Spec) -> str:
    """The least and the most that it may be."""
    return f"{parameter_words(spec, spec.least)} – {parameter_words(spec, spec.most)}"


@keeper
@require_safe
def thing(request: HttpRequest, section: str, key: str) -> HttpResponse:
    """One thing as it is in force, its changes, and any two of its versions compared."""
    chosen = _section(section)
    document = chosen.document(key)
    if document is None or not chosen.may_edit(request.user, document):
        raise Http404
    changes = list(Change.objects.seen_by(request.user).of(section, key)[:50])
    versions = drafts.versions(key) if section == "items" else []
    by_number = {str(v.version): v for v in versions}
    left, right = by_number.get(request.GET.get("a", "")), by_number.get(request.GET.get("b", ""))
    compared = None
    if left and right:
        compared = drafts.diff(keep.document_of(left), keep.document_of(right))
    context = {
        "section": chosen,
        "key": key,
        "title": chosen.title(document),
        "facts": [line for line in drafts.diff({"code": key}, document) if line.after != "–"],
        "draft": next((c for c in changes if c.is_open), None),
        "changes": [(c, drafts.diff(c.before, c.content)) for c in changes if not c.is_open],
        "versions": versions,
        "compared": compared,
        "left": left,
        "right": right,
        "spec": parameters.SPECS.get(key) if section == "parameters" else None,
        "bounds": bounds(parameters.SPECS[key]) if section == "parameters" else "",
    }
    return render(request, "catalog/keep_thing.html", context)


def _draft(request: HttpRequest, section: str, key: str) -> tuple[keep.Section, Change]:
    chosen = _section(section)
    change = Change.objects.seen_by(request.user).of(section, key).open().first()
    if change is None or not drafts.may_edit(change, request.user):
        raise Http404
    return chosen, change


@keeper
@require_http_methods(["POST"])
def begin(request: HttpRequest, section: str, key: str) -> HttpResponse:
    """Opens a draft of what is in force, or of an older version (``version``) or change (``undo``) to go back to."""
    chosen = _section(section)
    content, go = None, "keep_edit"
    if request.POST.get("version", "").isdigit() and section == "items":
        wished = int(request.POST["version"])
        content = next((keep.document_of(v) for v in drafts.versions(key) if v.version == wished), None)
        go = "keep_check"
    elif request.POST.get("undo", "").isdigit():
        change = Change.objects.seen_by(request.user).of(section, key).filter(pk=request.POST["undo"]).first()
        content, go = (change.before if change else None), "keep_check"
    try:
        drafts.begin(chosen, key, by=request.user, content=content)
    except drafts.NotPossible as reason:
        messages.error(request, str(reason))
        return redirect("keep_list", section)
    return redirect(go, section, key)


@keeper
@require_http_methods(["GET", "HEAD", "POST"])
def new_thing(request: HttpRequest, section: str = "items") -> HttpResponse:
    """A code, and then the draft of something that nobody can use before it is published."""
    chosen = _section(section)
    if not chosen.new_label:
        raise Http404
    if (
        section != "items"
    ):  # a head makes items of his own department; whatever is everybody's, bureau and administrator
        _whole(request)
    form = forms.NewForm(request.POST if request.method == "POST" else None, section=chosen)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        try:
            drafts.begin(chosen, code, by=request.user, content=chosen.blank(code, _own_office(request)))
        except drafts.NotPossible as reason:
            form.add_error("code", str(reason))
        else:
            return redirect("keep_edit", section, code)
    context = {"form": form, "section": chosen}
    return render(request, "catalog/keep_new.html", context, status=422 if form.errors else 200)


def _own_office(request: HttpRequest) -> str:
    posts = [p for p in request.user.posts_today if p.role == Role.HEAD]
    return posts[0].office.code if posts else ""


@keeper
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, section: str, key: str) -> HttpResponse:
    """The draft's fields. Every button saves what was typed, finished or not; beside it stands what it changes."""
    chosen, change = _draft(request, section, key)
    if request.method == "POST":
        content = _typed(request, chosen, change)
        try:
            drafts.save(change, content, by=request.user)
        except drafts.NotPossible as reason:
            messages.error(request, str(reason))
            return redirect("keep_thing", section, key)
        if request.POST.get("do") == "check":
            return redirect("keep_check", section, key)
        if request.POST.get("do", "save") == "save":
            messages.success(request, _("Saved as a draft. Nothing has changed for anybody yet."))
        return redirect("keep_edit", section, key)
    return render(request, "catalog/keep_edit.html", _page(chosen, change))


def _page(section: keep.Section, change: Change) -> dict[str, Any]:
    content = change.content
    return {
        "section": section,
        "change": change,
        "title": section.title(content),
        "form": section.form(content),
        "value": forms.ParameterForm({"value": content.get("value")})
        if section.name == "parameters"
        else None,
        "spec": parameters.SPECS.get(change.key) if section.name == "parameters" else None,
        "bounds": bounds(parameters.SPECS[change.key]) if section.name == "parameters" else "",
        "lists": [
            {
                "name": name,
                "rows": [_fields(f) for f in forms.item_rows(content, name)],
                "head": forms.ROWS[name].HEAD,
                "add": forms.ROWS[name].ADD,
                "is_ordered": forms.ROWS[name].is_ordered,
            }
            for name in section.lists
        ],
        "aids": section.aids(content),
        "lines": drafts.diff(change.before, content),
        "findings": drafts.check(change),
    }


def _fields(form: Any) -> list[tuple[Any, str]]:
    return [(field, form.WIDTHS.get(field.name, "ow-c2")) for field in form]


def _typed(request: HttpRequest, section: keep.Section, change: Change) -> keep.Document:
    content = dict(change.content)
    if section.name == "parameters":
        return content | {"value": request.POST.get("value", "").strip()[:40]}
    if (typed := section.form(content, request.POST)) is not None:
        content |= forms.read(typed)
    for name in section.lists:
        if f"{name}-count" in request.POST:
            content[name] = forms.read_rows(request.POST, name, content.get(name) or [])
    deed, _sep, rest = request.POST.get("do", "").partition(" ")
    name, _sep, n = rest.partition(" ")
    if deed in ("add", "drop", "up", "down") and name in section.lists and name in content:
        place = int(n) if n.isdigit() else 0
        content[name] = forms.move_rows(content[name], deed, place, forms.ROWS[name].NEW)
    for n, row in enumerate(content.get("materials") or [], 1):
        row["no"] = n
    return content


@keeper
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, section: str, key: str) -> HttpResponse:
    """What is wrong with the draft, what it changes and for whom; from here it is published."""
    chosen, change = _draft(request, section, key)
    form = forms.ReasonForm(initial={"reason": change.reason, "from_on": change.from_on})
    if request.method == "POST":
        do = request.POST.get("do", "")
        try:
            if do == "drop":
                drafts.drop(change, by=request.user)
                messages.success(request, _("The draft has been dropped."))
                return redirect("keep_list", section)
            form = forms.ReasonForm(request.POST)
            if form.is_valid() and do == "submit":
                drafts.submit(change, by=request.user, reason=form.cleaned_data["reason"])
                messages.success(request, _("Handed over for the second look."))
                return redirect("keep_check", section, key)
            if form.is_valid() and do == "publish":
                day = form.cleaned_data["from_on"]
                given = {"reason": form.cleaned_data["reason"], "from_on": day}
                if drafts.publish(change, by=request.user, **given) == "scheduled":
                    messages.success(request, _("Approved. It comes into force by itself on its day."))
                    return redirect("keep_check", section, key)
                messages.success(request, _("In force from now on. Open applications keep their version."))
                return redirect("keep_thing", section, key)
        except drafts.NotPossible as reason:
            messages.error(request, str(reason))
            return redirect("keep_check", section, key)
    findings = drafts.check(change)
    context = {
        "section": chosen,
        "change": change,
        "title": chosen.title(change.content),
        "findings": findings,
        "sound": not keep.errors(findings) and change.content != change.before,
        "lines": drafts.diff(change.before, change.content),
        "impact": impact.of(change),
        "aids": chosen.aids(change.content),
        "form": form,
        "other": drafts.needs_other(change, request.user),
    }
    return render(request, "catalog/keep_check.html", context, status=422 if form.errors else 200)


def _whole(request: HttpRequest) -> None:
    if not request.user.has_role(Role.ADMIN, Role.BUREAU):
        raise PermissionDenied


@keeper
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The whole catalogue as one file; it holds nothing personal."""
    _whole(request)
    answer = StreamingHttpResponse(exporting.lines(), content_type="application/x-ndjson; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="catalogue.jsonl"'
    return answer


@keeper
@require_http_methods(["GET", "HEAD", "POST"])
def load(request: HttpRequest) -> HttpResponse:
    """Tries a catalogue file out, and writes it if that was asked for and no line is wrong."""
    if not request.user.has_role(Role.ADMIN):
        raise PermissionDenied
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    report, wrote = None, False
    if request.method == "POST" and form.is_valid():
        if parameter("four_eyes") == "1" and form.cleaned_data["really"]:
            form.add_error(
                "really", _("Two persons must look at each change here: a file can only be tried out.")
            )
        else:
            text = form.cleaned_data["file"].read().decode("utf-8-sig", errors="replace")
            wrote = form.cleaned_data["really"]
            report = exporting.load(text.splitlines(), by=request.user.username, dry_run=not wrote)
    status = 422 if form.errors or (report and report.errors) else 200
    context = {"form": form, "report": report, "wrote": wrote and report is not None and not report.errors}
    return render(request, "catalog/keep_import.html", context, status=status)
