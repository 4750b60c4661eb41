"""Pages of published decisions: for everybody at /decisions/, and for the departments that answer for them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.syndication.views import Feed
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import desk, instant
from onewindow.cases.export import safe, workbook
from onewindow.org.calendar import ZONE, working_days_left
from onewindow.org.models import Office, current_calendar, number
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.window import publicity
from onewindow.window.models import Publication, PublicityState, Withholding

PAGE = 20
MOST = 50_000  # rows of the open data
MONTH = re.compile(r"((?:19|20|21)[0-9]{2})-(0[1-9]|1[0-2])")


def shown() -> QuerySet[Publication]:
    """What is on the page today: not longer than the parameter says."""
    return Publication.objects.published(instant.now() - dt.timedelta(days=number("publicity_shown_days")))


def _month(text: str) -> tuple[dt.date, dt.date] | None:
    found = MONTH.fullmatch(text)
    if not found:
        return None
    year, month = int(found[1]), int(found[2])
    return dt.date(year, month, 1), dt.date(year + month // 12, month % 12 + 1, 1)


def _asked(request: HttpRequest) -> tuple[dict[str, str], QuerySet[Publication]]:
    asked = {
        n: request.GET.get(n, "").replace("\0", "").strip()[:60] for n in ("q", "month", "department", "item")
    }
    rows = shown()
    if period := _month(asked["month"]):
        start, end = (dt.datetime.combine(day, dt.time(), ZONE) for day in period)
        rows = rows.filter(published_at__gte=start, published_at__lt=end)
    else:
        asked["month"] = ""
    if asked["department"]:
        rows = rows.filter(office__code=asked["department"])
    if asked["item"]:
        rows = rows.filter(item__code=asked["item"])
    return asked, _meant(rows, asked["q"])


def _meant(rows: QuerySet[Publication], text: str) -> QuerySet[Publication]:
    """By serial, enterprise, credit code, what was granted or item; never by the name of a person."""
    if not text:
        return rows
    return rows.filter(
        Q(serial__contains=text)
        | Q(holder__icontains=text, is_enterprise=True)
        | Q(uscc=text.upper())
        | Q(content__contains=text)
        | Q(item__name__contains=text)
    )


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """Licences granted, newest first; by month, department, item and words."""
    asked, rows = _asked(request)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    today = instant.now().astimezone(ZONE).date()
    months, day = [], today.replace(day=1)
    for _n in range(min(24, number("publicity_shown_days") // 30 + 1)):
        months.append(f"{day:%Y-%m}")
        day = (day - dt.timedelta(days=1)).replace(day=1)
    with_some = Office.objects.filter(pk__in=shown().order_by().values("office"))  # published()
    context = {
        "page": page,
        "asked": asked,
        "months": months,
        "departments": list(with_some.order_by("code")),
        "days": number("publicity_shown_days"),
        "is_filtered": any(asked.values()),
    }
    return render(request, "window/decisions.html", context)


@require_safe
def decision(request: HttpRequest, key: str) -> HttpResponse:
    """One decision, with all that is public of it."""
    row = shown().filter(key=key).first()
    if row is None:
        return render(request, "window/decision_gone.html", status=404)
    return render(request, "window/decision.html", {"row": row})


#: name in the open data → Chinese head of the column (双公示 data standard's words)
COLUMNS = {
    "serial": "行政许可决定文书号",
    "item_code": "事项编码",
    "item": "许可事项",
    "holder": "行政相对人名称",
    "holder_kind": "行政相对人类别",
    "uscc": "统一社会信用代码",
    "content": "许可内容",
    "decided_on": "许可决定日期",
    "valid_until": "有效期至",
    "organ": "许可机关",
    "published_on": "公开日期",
}


def _record(row: Publication) -> dict[str, str]:
    return {
        "serial": row.serial,
        "item_code": row.item.code,
        "item": row.item.name,
        "holder": row.holder,
        "holder_kind": "法人及非法人组织" if row.is_enterprise else "自然人",
        "uscc": row.uscc,
        "content": row.content,
        "decided_on": row.decided_on.isoformat(),
        "valid_until": row.valid_until.isoformat() if row.valid_until else "",
        "organ": row.office.name,
        "published_on": row.published_at.astimezone(ZONE).date().isoformat() if row.published_at else "",
    }


@require_safe
def as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """What was asked for as CSV (UTF-8 with a mark, so that spreadsheets read the Chinese)."""
    rows = _asked(request)[1][:MOST]

    def lines() -> Iterable[str]:
        yield "\ufeff" + _csv(COLUMNS.values())
        for row in rows.iterator(chunk_size=1000):
            yield _csv(safe(v) for v in _record(row).values())

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="decisions.csv"'
    return answer


def _csv(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


@require_safe
def as_json(request: HttpRequest) -> StreamingHttpResponse:
    """The same as JSON, streamed: {"columns": …, "decisions": […]}."""
    rows = _asked(request)[1][:MOST]

    def parts() -> Iterable[str]:
        yield f'{{"columns":{json.dumps(COLUMNS, ensure_ascii=False)},"decisions":['
        for n, row in enumerate(rows.iterator(chunk_size=1000)):
            yield ("," if n else "") + json.dumps(_record(row), ensure_ascii=False)
        yield "]}"

    return StreamingHttpResponse(parts(), content_type="application/json; charset=utf-8")


class DecisionFeed(Feed):
    """The newest fifty as an Atom feed."""

    feed_type = Atom1Feed
    title = gettext_lazy("Licences granted")
    subtitle = gettext_lazy("Published within seven working days of the decision")

    def link(self) -> str:
        return reverse("decisions")

    def items(self) -> Iterable[Publication]:
        return shown()[:50]

    def item_title(self, row: Publication) -> str:  # type: ignore[override]
        return f"{row.holder} {row.content}"

    def item_description(self, row: Publication) -> str:  # type: ignore[override]
        return "　".join(filter(None, (row.item.name, row.serial, row.office.name)))

    def item_link(self, row: Publication) -> str:
        return reverse("decision", args=[row.key])

    def item_guid(self, row: Publication) -> str:
        return f"{settings.BASE_URL}{self.item_link(row)}"

    def item_pubdate(self, row: Publication) -> dt.datetime | None:
        return row.published_at

    def item_updateddate(self, row: Publication) -> dt.datetime | None:
        return row.corrected_at or row.published_at


# --- for the departments -----------------------------------------------------------------------------------

TABS = {
    "waiting": gettext_lazy("To be published"),
    "published": gettext_lazy("Public"),
    "withheld": gettext_lazy("Not published"),
    "withdrawn": gettext_lazy("Taken back"),
}


def _staff(request: HttpRequest) -> None:
    if not request.user.has_role(Role.APPROVER, Role.HEAD, Role.BUREAU, Role.LEADER):
        raise PermissionDenied


@login_required
@require_safe
def publicity_list(request: HttpRequest) -> HttpResponse:
    """What of one's department is to be published, by when; what was, what was not and why."""
    _staff(request)
    show, filters, rows = _listed(request)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    now, calendar = instant.now(), current_calendar()
    context = {
        "tabs": [(tab, label, tab == show) for tab, label in TABS.items()],
        "show": show,
        "filters": filters,
        "page": page,
        "rows": [(row, working_days_left(now, row.due_at, calendar)) for row in page],
    }
    return render(request, "window/publicity.html", context)


class ListFilters(forms.Form):
    """What narrows the list of a department, or of all for the bureau."""

    q = forms.CharField(
        label=gettext_lazy("Serial, licence, enterprise or credit code"), max_length=60, required=False
    )
    office = forms.ChoiceField(label=gettext_lazy("Department"), required=False)

    def __init__(self, data: Any, *, rows: QuerySet[Publication]):
        super().__init__({n: data.get(n, "").replace("\0", "") for n in ("q", "office")})
        offices = Office.objects.filter(pk__in=rows.order_by().values("office")).order_by("code")
        self.fields["office"].choices = [("", _("All")), *((o.code, local(o)) for o in offices)]  # type: ignore[attr-defined]
        if len(offices) < 2:
            del self.fields["office"]

    @property
    def is_used(self) -> bool:
        return any(self.cleaned_data.values())


def _listed(request: HttpRequest) -> tuple[str, ListFilters, QuerySet[Publication]]:
    """The tab, the filters and the rows that the address asks for."""
    mine = Publication.objects.seen_by(request.user)
    show = request.GET.get("show", "waiting")
    show = show if show in TABS else "waiting"
    filters = ListFilters(request.GET, rows=mine)
    filters.full_clean()
    rows = _meant(mine, filters.cleaned_data.get("q", "")).filter(state=show)
    if code := filters.cleaned_data.get("office"):
        rows = rows.filter(office__code=code)
    order = ("due_at", "id") if show == "waiting" else ("-due_at", "-id")
    return show, filters, rows.select_related("office", "item").order_by(*order)


@login_required
@require_safe
def publicity_export(request: HttpRequest) -> HttpResponseBase:
    """The list as a workbook, masked as on the page; written to the access log."""
    _staff(request)
    _show, _filters, rows = _listed(request)
    columns = [
        (_("Decision"), 30), (_("Serial"), 30), (_("Licence holder"), 28), (_("Department"), 22), (_("Decided on"), 12),
        (_("At the latest"), 18), (_("State"), 12), (_("Published at"), 18), (_("Ground"), 18), (_("Reason"), 40),
    ]  # fmt: skip
    desk.log_export(by=request.user, ip=request.META.get("REMOTE_ADDR"), purpose="publicity")
    cells = (
        [
            local(row.item), row.serial, row.holder, local(row.office), row.decided_on, row.due_at, row.get_state_display(),
            row.published_at, row.get_ground_display(), row.reason,
        ]
        for row in rows.iterator(chunk_size=500)
    )  # fmt: skip
    return workbook(_("Publicity %(day)s") % {"day": desk.today().isoformat()}, columns, cells)


class WithholdForm(forms.Form):
    ground = forms.ChoiceField(label=gettext_lazy("Ground"), choices=Withholding, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Kept with the decision; say what exactly must not be known, and who was asked."
        ),
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class CorrectForm(forms.ModelForm):
    reason = forms.CharField(
        label=gettext_lazy("Why is it corrected?"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    class Meta:
        model = Publication
        fields = ("content", "content_en", "decided_on", "valid_until")
        widgets = {
            n: forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            for n in ("decided_on", "valid_until")
        }


#: what a head may do → its form, and in which state
DEEDS: dict[str, tuple[type[Any], tuple[str, ...]]] = {
    "withhold": (WithholdForm, ("waiting",)),
    "correct": (CorrectForm, ("waiting", "published")),
    "withdraw": (WithdrawForm, ("published",)),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def publicity_one(request: HttpRequest, key: str) -> HttpResponse:
    """One publication and what its head can do with it."""
    _staff(request)
    rows = Publication.objects.seen_by(request.user).select_related("office", "item", "application__office")
    row = rows.filter(key=key).first()
    if row is None:
        raise Http404
    mine = publicity.may_decide(row, request.user)
    do = request.POST.get("do", "") if mine else ""
    forms_: dict[str, Any] = {}
    for name, (form, states) in DEEDS.items():
        if mine and row.state in states:
            data = request.POST if do == name else None
            before = (
                {"instance": Publication.objects.seen_by(request.user).get(pk=row.pk)}
                if name == "correct"
                else {}
            )
            forms_[name] = form(data, prefix=name, **before)
    if request.method == "POST":
        chosen = forms_.get(do)
        if chosen is None:
            messages.error(request, _("Only the head of the department that decided can do that."))
            return redirect("publicity_one", key)
        if chosen.is_valid():
            try:
                getattr(publicity, do)(row, by=request.user, **chosen.cleaned_data)
            except publicity.NotPossible as reason:
                messages.error(request, str(reason))
            except publicity.flow.Stale:
                messages.error(request, _("The case has moved on meanwhile. Please try again."))
            else:
                messages.success(request, _("Done, and kept with its reason."))
            return redirect("publicity_one", key)
    context = {
        "row": row,
        "forms": forms_,
        "left": working_days_left(instant.now(), row.due_at, current_calendar()),
        "is_late": row.state == PublicityState.WAITING and instant.now() > row.due_at,
        "item": local(row.item),
    }
    return render(
        request, "window/publicity_one.html", context, status=422 if request.method == "POST" else 200
    )
