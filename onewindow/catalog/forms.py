"""The fields in which an item or a code list is edited. Their values are the documents of ``keep.py``, and back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases import instant
from onewindow.catalog.fields import CheckboxSelectMultiple, Grouped, LimitField, Several
from onewindow.catalog.lint import Finding
from onewindow.catalog.models import CaseKind, Closing, Code, ItemVersion
from onewindow.catalog.rowforms import CodeForm, FaqForm, MaterialForm, PlanForm, QuestionForm
from onewindow.org.fields import DayField
from onewindow.org.models import Office
from onewindow.org.templatetags.ow import local

#: 权力类别 — GB/T 39046 A.1, those that begin with an application
KINDS = [
    ("01", _("Administrative licence")), ("05", _("Administrative payment")), ("07", _("Administrative confirmation")),
    ("08", _("Administrative award")), ("09", _("Administrative ruling")), ("10", _("Other administrative power")),
    ("20", _("Public service")),
]  # fmt: skip
#: 办理形式 — GB/T 39046 A.5
WAYS = [("1", _("Window")), ("2", _("Computer")), ("3", _("Mobile")), ("4", _("Express")), ("9", _("Other"))]
OBJECTS = [
    ("P", _("Natural persons")), ("E", _("Enterprises")), ("I", _("Public institutions")),
    ("SO", _("Social organisations")),
]  # fmt: skip


class ItemForm(Grouped, forms.ModelForm):
    """Names, limits and all single facts of a version."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=200)
    is_hot = forms.BooleanField(label=_("shown first"), required=False)
    office = forms.ChoiceField(label=_("Department"))
    kind_code = forms.ChoiceField(label=_("Kind of power"), choices=KINDS)
    service_object = Several(label=_("Who may apply"), choices=OBJECTS, widget=CheckboxSelectMultiple)
    handling_forms = Several(label=_("Ways to hand in"), choices=WAYS, widget=CheckboxSelectMultiple)
    legal_limit = LimitField(label=_("Lawful limit"), help_text=_("as printed in the law, e.g. 20wd"))
    legal_extension = LimitField(label=_("Lawful extension"), required=False)
    promised_limit = LimitField(label=_("Promised limit"), help_text=_("0wd: on the spot"))
    case_kind = forms.ChoiceField(label=_("How it is decided"), choices=CaseKind)
    limit_source = forms.CharField(label=_("Source of the lawful limit"), max_length=10, required=False)
    fee_note = forms.CharField(label=_("Basis and standard of the fee"), max_length=200, required=False)
    result_en = forms.CharField(label=_("Result in English"), max_length=200, required=False)
    result_validity = LimitField(
        label=_("Result valid for"), required=False, help_text=_("empty: without end")
    )
    closing = forms.ChoiceField(
        label=_("Standing"), required=False, choices=[("", _("Can be applied for")), *Closing.choices]
    )
    closed_from = DayField(
        label=_("closed from"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    closed_note = forms.CharField(label=_("what the public is told"), max_length=300, required=False)
    closed_note_en = forms.CharField(label=_("the same in English"), max_length=400, required=False)

    class Meta:
        model = ItemVersion
        fields = (
            "legal_basis", "legal_basis_en", "has_fee", "pays_online",
            "visit_count", "visit_reason", "is_fully_online", "special_procedure", "stop_reasons", "consult_phone",
            "complaint_phone", "result", "result_kind", "result_sample", "allows_commitment", "is_joint",
        )  # fmt: skip
        widgets = {
            "legal_basis": forms.Textarea(attrs={"rows": 2}),
            "legal_basis_en": forms.Textarea(attrs={"rows": 2}),
        }

    #: heading → fields, in the order in which the page shows them
    GROUPS = (
        (_("Name and department"), ("name", "name_en", "office", "kind_code", "is_hot", "service_object")),
        (
            _("Limits"),
            ("case_kind", "legal_limit", "legal_extension", "promised_limit", "special_procedure", "limit_source",
             "stop_reasons"),
        ),
        (_("Basis and fee"), ("legal_basis", "legal_basis_en", "has_fee", "pays_online", "fee_note")),
        (
            _("Visits and ways"),
            ("handling_forms", "visit_count", "is_fully_online", "visit_reason", "consult_phone", "complaint_phone"),
        ),
        (
            pgettext_lazy("outcome", "Result"),
            ("result", "result_en", "result_kind", "result_validity", "result_sample", "allows_commitment", "is_joint"),
        ),
        (_("Standing"), ("closing", "closed_from", "closed_note", "closed_note_en")),
    )  # fmt: skip
    WIDE = {
        "name", "name_en", "service_object", "handling_forms", "legal_basis", "legal_basis_en", "fee_note", "visit_reason",
        "closed_note", "closed_note_en", "result", "result_en",
    }  # fmt: skip

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        offices = Office.objects.filter(kind="department").order_by("code")
        self.fields["office"].choices = [(o.code, local(o)) for o in offices]  # type: ignore[attr-defined]
        reasons = Code.objects.filter(list="stop_reason").order_by("id")
        known = ", ".join(f"{c.code} {local(c)}" for c in reasons)
        self.fields["stop_reasons"].help_text = _("codes with spaces between; empty: all") + (
            f" ({known})" if known else ""
        )

    def _post_clean(self) -> None:
        """Only the fields are checked here; no row is made of them."""

    def clean_stop_reasons(self) -> str:
        given = self.cleaned_data["stop_reasons"].split()
        known = set(Code.objects.filter(list="stop_reason").values_list("code", flat=True))
        if unknown := sorted(set(given) - known):
            raise ValidationError(_("There is no reason %(code)s.") % {"code": ", ".join(unknown)})
        return " ".join(given)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("closing"):
            if not data.get("closed_from"):
                self.add_error("closed_from", _("From which day?"))
            if not data.get("closed_note"):
                self.add_error("closed_note", _("Tell the public why, and where to go instead."))
        return data


#: list in a document → form of its rows
ROWS: dict[str, type[Any]] = {
    "materials": MaterialForm,
    "plan": PlanForm,
    "form": QuestionForm,
    "faq": FaqForm,
    "codes": CodeForm,
}


#: forms of single facts: where the words for the fields of a document are looked up
FACTS: list[Any] = [ItemForm]


def item_forms(document: Mapping[str, Any], data: Any = None) -> ItemForm:
    """The form of an item's single facts, bound to a document or to what was typed."""
    return ItemForm(data if data is not None else _typed(ItemForm.base_fields, document))


def _typed(fields: Mapping[str, Any], values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}{name}": values.get(name) for name in fields}


def item_rows(document: Mapping[str, Any], name: str) -> list[Any]:
    """The forms of one list of a document, bound to it."""
    form = ROWS[name]
    rows = document.get(name) or []
    return [
        form(
            _typed(form.base_fields, form.DEFAULTS | (row if isinstance(row, dict) else {}), f"{name}-{n}-"),
            prefix=f"{name}-{n}",
        )
        for n, row in enumerate(rows if isinstance(rows, list) else [])
    ]


def code_rows(document: Mapping[str, Any]) -> list[Any]:
    return item_rows(document, "codes")


def faults(found: Sequence[forms.BaseForm], name: str) -> list[Finding]:
    """What the fields themselves refuse, as findings; ``name`` of the list to which the rows belong."""
    said = []
    for n, form in enumerate(found):
        for field, texts in form.errors.items():
            where = form.add_prefix(field) if field != "__all__" else name
            for text in texts:
                said.append(Finding("field", "error", f"{n + 1}. {text}" if name else text, where))
    return said


def read(form: forms.BaseForm) -> dict[str, Any]:
    """What a bound form says: clean values, and as typed where they are not clean (a draft may be unfinished)."""
    form.full_clean()
    said: dict[str, Any] = {}
    for name in form.fields:
        value = form.cleaned_data[name] if name in form.cleaned_data else form[name].value()
        if hasattr(value, "isoformat"):
            value = value.isoformat()
        said[name] = (
            "/".join(value)
            if name in ("service_object", "handling_forms") and isinstance(value, list)
            else value
        )
    return said


MOST_ROWS = 60


def read_rows(data: Any, name: str, before: Sequence[Any]) -> list[dict[str, Any]]:
    """The rows of one list as typed; what a row of ``before`` holds beyond its fields is kept with it."""
    count = data.get(f"{name}-count", "")
    rows = []
    for n in range(min(int(count) if re.fullmatch(r"\d{1,3}", count) else 0, MOST_ROWS)):
        form = ROWS[name](data, prefix=f"{name}-{n}")
        kept = before[n] if n < len(before) and isinstance(before[n], dict) else {}
        rows.append(form.tidy({**kept, **read(form)}))
    return rows


def move_rows(rows: list[dict[str, Any]], deed: str, n: int, new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``add`` one at the end, ``drop`` one, or move it ``up`` or ``down``."""
    rows = list(rows)
    if deed == "add" and len(rows) < MOST_ROWS:
        rows.append(dict(new))
    elif deed == "drop" and n < len(rows):
        del rows[n]
    elif deed in ("up", "down"):
        other = n + (-1 if deed == "up" else 1)
        if 0 <= n < len(rows) and 0 <= other < len(rows):
            rows[n], rows[other] = rows[other], rows[n]
    return rows


class NewForm(forms.Form):
    """The code of something that does not exist yet."""

    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9-]{2,63}$",
        label=pgettext_lazy("thing", "Code"),
        help_text=_("letters, digits and -, e.g. ZD-MSA-021"),
        error_messages={"invalid": _("Letters, digits and - only, at least three.")},
    )

    def __init__(self, *args: Any, section: Any, **more: Any):
        super().__init__(*args, **more)
        self.section = section

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if self.section.document(code) is not None or code == "new":
            raise ValidationError(_("There is already something with this code."))
        return code


class ItemFilters(forms.Form):
    """What narrows the list of items; a value that there is not narrows nothing."""

    q = forms.CharField(label=_("Name, pinyin initials or code"), max_length=60, required=False)
    office = forms.ChoiceField(label=_("Department"), required=False)
    standing = forms.ChoiceField(
        label=_("Standing"),
        required=False,
        choices=[
            ("", _("All")),
            ("open", _("Can be applied for")),
            ("closed", _("Closed")),
            ("draft", _("With a draft")),
        ],
    )

    def __init__(self, data: Any, *, offices: Any):
        super().__init__({k: str(v).replace("\0", "") for k, v in data.items()})
        rows = Office.objects.filter(pk__in=offices.order_by().values("office")).order_by("code")
        self.fields["office"].choices = [("", _("All")), *((o.code, local(o)) for o in rows)]  # type: ignore[attr-defined]
        self.fields["q"].widget.attrs.update({"type": "search", "data-hotkey": "/"})

    @property
    def is_used(self) -> bool:
        return any(self.cleaned_data.values())


class ParameterForm(forms.Form):
    value = forms.CharField(label=_("Value"), max_length=40)


class ReasonForm(forms.Form):
    """Why it is changed: kept with the change for good."""

    reason = forms.CharField(
        label=_("Why is it changed?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("e.g. the order or meeting that decided it; kept with the history"),
    )
    from_on = DayField(
        label=_("In force from"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("empty: at once; a later day: by itself on that day"),
    )

    def clean_from_on(self) -> dt.date | None:
        day, today = self.cleaned_data["from_on"], timezone.localdate(instant.now())
        if day is not None and not today <= day <= today + dt.timedelta(days=366):
            raise ValidationError(_("Choose a day from today on, at most a year ahead."))
        return day


class ImportForm(forms.Form):
    file = forms.FileField(label=_("Catalogue file (.jsonl)"))
    really = forms.BooleanField(label=_("Write it if no line is wrong"), required=False)
