"""督办阶梯 as something that a county keeps: edited row by row, tried on the cases that are late now, published, exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from onewindow.cases import clock, flow, instant, rungs, worker
from onewindow.cases.models import Card, CardCode, Measure, Rung
from onewindow.catalog import impact, keep
from onewindow.catalog.fields import CheckboxSelectMultiple, LimitField
from onewindow.catalog.forms import ROWS, faults, item_rows, read
from onewindow.catalog.lint import Finding, in_working_days
from onewindow.catalog.models import Change
from onewindow.catalog.rowforms import Row
from onewindow.org.calendar import Limit
from onewindow.org.models import Post, current_calendar
from onewindow.org.roles import STAFF, Role
from onewindow.org.templatetags.ow import limit

#: the ladder of every kind of case that has none of its own
ALL = "all"
#: kinds of case in words; a kind that is not named here shows its code
KINDS = {
    "application": gettext_lazy("Applications"),
    "approval": gettext_lazy("Shares of a department in an application"),
    "pledge": gettext_lazy("Pledges"),
    "licence": gettext_lazy("Licences"),
}
FIELDS = ("code", "measure", "after", "roles", "todo", "todo_en")


class RungForm(Row):
    """One rung: which card, how long after which limit, who is told, and what that person has to do."""

    code = forms.ChoiceField(label=gettext_lazy("Card"), choices=CardCode)
    measure = forms.ChoiceField(label=gettext_lazy("Counted from the end of the"), choices=Measure)
    after = LimitField(
        label=gettext_lazy("So long after it"), help_text=gettext_lazy("e.g. 1wd; 0wd: at once")
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Who is told"),
        choices=[(r.value, r.label) for r in Role if r in STAFF],
        widget=CheckboxSelectMultiple,
    )
    todo = forms.CharField(label=gettext_lazy("What has to be done"), max_length=200)
    todo_en = forms.CharField(label=gettext_lazy("In English"), max_length=300, required=False)

    HEAD, ADD, ONE = gettext_lazy("Rungs"), gettext_lazy("Add a rung"), gettext_lazy("Rung")
    NEW = {
        "code": "yellow",
        "measure": "promise",
        "after": "0wd",
        "roles": ["approver"],
        "todo": "",
        "todo_en": "",
    }
    WIDTHS = {"roles": "ow-c6", "todo": "ow-c6", "todo_en": "ow-c6"}
    is_ordered = False

    def clean_after(self) -> str:
        given = self.cleaned_data["after"]
        if Limit.parse(given).unit not in ("wd", "d"):
            raise ValidationError(_("Please give working days (wd) or days (d)."))
        return given

    @classmethod
    def called(cls, row: Mapping[str, Any]) -> str:
        return str(dict(CardCode.choices).get(row.get("code", ""), row.get("code") or "?"))

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        return f"{when(row)} → {who(row)}\n{row.get('todo', '')}"


def when(row: Mapping[str, Any]) -> str:
    """承诺时限届满后 1 个工作日 — when a rung is reached, in words."""
    measure = str(dict(Measure.choices).get(row.get("measure", ""), row.get("measure")))
    after = str(row.get("after", ""))
    if after in ("", "0wd", "0d"):
        return _("when the %(limit)s has passed") % {"limit": measure}
    return _("%(after)s after the %(limit)s") % {"after": limit(after), "limit": measure}


def who(row: Mapping[str, Any]) -> str:
    """The roles of a rung in words."""
    roles = row.get("roles") or []
    return pgettext("list", ", ").join(
        str(dict(Role.choices).get(r, r)) for r in (roles if isinstance(roles, list) else [roles])
    )


class Ladders(keep.Section):
    """督办阶梯 — one document for all cases, and one a kind of case; without rungs a kind climbs the one for all."""

    name, label = "ladders", gettext_lazy("Supervision ladders")
    lists = ("rungs",)

    def _kinds(self) -> dict[str, Any]:
        named = {f.model.KIND: KINDS.get(f.model.KIND, f.model.KIND) for f in flow.FLOWS.values() if f.model}
        return {ALL: gettext_lazy("Every kind of case")} | dict(sorted((named | rungs.NAMES).items()))

    def documents(self) -> Iterator[keep.Document]:
        own = _own()
        own.setdefault("", list(rungs.DEFAULTS))
        for key in self._kinds():
            kind = _kind(key)
            rows = own.get(kind) or rungs.SHIPPED.get(kind, ())
            yield {"code": key, "rungs": [_plain(rung) for rung in rows]}

    def title(self, document: Mapping[str, Any]) -> str:
        return str(self._kinds().get(self.key(document), self.key(document)))

    def summary(self, document: Mapping[str, Any]) -> str:
        rows = document["rungs"]
        if not rows:
            family, _dot, origin = self.key(document).partition(".")
            if origin:
                return _("climbs the ladder of: %(kind)s") % {"kind": self._kinds()[family]}
            return _("climbs the ladder of every kind of case")
        return "\n".join(f"{RungForm.called(r)}{pgettext('label', ': ')}{when(r)} → {who(r)}" for r in rows)

    def check(self, document: keep.Document) -> list[Finding]:
        kind, rows = self.key(document), document.get("rungs")
        if kind not in self._kinds():
            return [Finding("unknown", "error", _("There is no such kind of case."), "code")]
        if not isinstance(rows, list):
            return [Finding("missing_field", "error", _("The field is missing."), "rungs")]
        found = faults(item_rows(document, "rungs"), "rungs")
        return found or list(_lint(kind, self.normal(document)["rungs"]))

    def normal(self, document: keep.Document) -> keep.Document:
        rows = [read(form) for form in item_rows(document, "rungs")]
        return {"code": self.key(document), "rungs": sorted(rows, key=lambda r: str(r["measure"]))}

    def publish(self, document: keep.Document, *, by: str) -> str:
        kind = self.key(document)
        if self.document(kind) == document:
            return "same"
        with transaction.atomic():
            Rung.objects.filter(kind=_kind(kind)).delete()
            Rung.objects.bulk_create(Rung(kind=_kind(kind), **row) for row in document["rungs"])
        rungs.forget()
        transaction.on_commit(rungs.forget)  # who read in between has kept the old ones
        worker.rouse(_kind(kind).partition(".")[0])
        return "changed"


def _own() -> dict[str, list[Rung]]:
    """A county's rows by kind."""
    found: dict[str, list[Rung]] = {}
    for rung in Rung.objects.order_by("kind", "measure", "id"):
        found.setdefault(rung.kind, []).append(rung)
    return found


def _kind(key: str) -> str:
    return "" if key == ALL else key


def _plain(rung: Rung) -> dict[str, Any]:
    row = {name: getattr(rung, name) for name in FIELDS}
    return row | {"roles": [str(r) for r in rung.roles], "code": str(rung.code), "measure": str(rung.measure)}


def _lint(kind: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """优化营商环境条例 36: whoever is late gives the reason and publishes it – so somebody has to be told each time."""
    codes = [row["code"] for row in rows]
    if len(set(codes)) != len(codes):
        yield Finding("card_twice", "error", _("Each card stands in a ladder once."), "rungs")
    if not rows:
        if kind == ALL:
            text = _("Without a rung nobody is told of a late case: keep at least one.")
            yield Finding("no_rung", "error", text, "rungs")
        return
    in_force = {rung.measure for rung in rungs.of(_kind(kind))}
    if Measure.STATUTE in in_force and not any(row["measure"] == Measure.STATUTE for row in rows):
        text = _("No rung for the lawful limit: a case beyond the law would bring no card.")
        yield Finding("no_statute", "warning", text, "rungs")
    if len({(row["measure"], row["after"]) for row in rows}) != len(rows):
        text = _("Two rungs are reached at the same moment: the second says nothing new.")
        yield Finding("same_moment", "warning", text, "rungs")
    order = {code: n for n, code in enumerate(CardCode.values)}
    by_promise = [r for r in rows if r["measure"] == Measure.PROMISE]
    by_time = sorted(by_promise, key=lambda r: in_working_days(r["after"]))
    if [order[r["code"]] for r in by_time] != sorted(order[r["code"]] for r in by_time):
        text = _("A graver card comes before a lighter one.")
        yield Finding("card_order", "warning", text, "rungs")
    held = set(Post.objects.on(instant.now().date()).values_list("role", flat=True).distinct())
    for n, row in enumerate(rows):
        if unheld := [role for role in row["roles"] if role not in held]:
            text = _("Nobody holds the post %(role)s today: nobody would be told.")
            yield Finding("nobody", "warning", text % {"role": who({"roles": unheld})}, f"rungs-{n}-roles")


@impact.register
def late_now(change: Change) -> Iterator[str]:
    """What the ladder means for the cases that are late now, tried in memory: cards that would be issued at once."""
    if change.section != Ladders.name:
        return
    document = keep.SECTIONS[change.section].normal(change.content)
    kind = _kind(change.key)
    try:
        tried = [Rung(kind=kind, **row) for row in document["rungs"]]
        [Limit.parse(rung.after) for rung in tried]
    except (TypeError, ValueError):
        return  # unfinished: the rules say so
    before = _own()
    after = before | {kind: tried}
    now, calendar = instant.now(), current_calendar()
    looked, cards = 0, 0
    for each in flow.FLOWS.values():
        assert each.model is not None
        if kind and each.model.KIND != kind.partition(".")[0]:
            continue
        late = each.model._base_manager.filter(
            closed_at__isnull=True, clock_from__isnull=False, clock_ended_at__isnull=True, due_at__lt=now
        ).order_by("due_at", "id")
        cases = [
            case
            for case in late[: impact.MOST]
            if rungs.chosen(case.ladder, before) is not rungs.chosen(case.ladder, after)
        ]
        looked += len(cases)
        have = set(
            Card.objects.filter(number__in=[c.number for c in cases]).values_list(
                "number", "clock_from", "extension", "code"
            )
        )
        for case in cases:
            ladder = rungs.chosen(case.ladder, after)
            reached = [
                r for r, at in rungs.instants(case, clock.stops_of(case), calendar, ladder) if now > at
            ]
            mine = (case.number, case.clock_from, case.clock_extension)
            cards += sum((*mine, rung.code) not in have for rung in reached)
    if not looked:
        yield _("No case is late now: the ladder is climbed by those that will be.")
        return
    yield ngettext(
        "Tried on %(n)d case that is late now: %(cards)d cards would be issued at once.",
        "Tried on %(n)d cases that are late now: %(cards)d cards would be issued at once.",
        looked,
    ) % {"n": looked, "cards": cards}
    yield _("Cards that were issued stay as they are.")


ROWS["rungs"] = RungForm
keep.register(Ladders())
