"""The rows of the lists in a document: materials, departments that take part, questions, codes. A higher module adds its
own to ``forms.ROWS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.catalog.fields import LimitField
from onewindow.catalog.models import Necessity, Source
from onewindow.org.models import Office
from onewindow.org.templatetags.ow import limit, local

#: Kinds of answers, as ``questions.py`` reads them.
QUESTION_TYPES = [
    ("text", _("A line")), ("number", _("A number")), ("date", _("A day")), ("choice", _("One of several")),
    ("yesno", _("Yes or no")), ("address", _("An address")),
]  # fmt: skip


class Row(forms.Form):
    """One row of a list in a document. What a row holds beyond its fields stays as it was."""

    DEFAULTS: ClassVar[dict[str, Any]] = {}
    HEAD: ClassVar[Any] = ""
    ADD: ClassVar[Any] = ""
    #: a row of this list is called so in comparisons
    ONE: ClassVar[Any] = ""
    #: whether the order of the rows says something
    is_ordered: ClassVar[bool] = True

    @classmethod
    def called(cls, row: Mapping[str, Any]) -> str:
        """What tells a row apart from the others of its list."""
        return str(row.get("name") or row.get("title") or row.get("q") or "?")

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        """A row in one line."""
        return cls.called(row)

    @classmethod
    def tidy(cls, row: dict[str, Any]) -> dict[str, Any]:
        """The row as it is kept."""
        return row


def _choice(form: Any, name: str, row: Mapping[str, Any]) -> str:
    """What a choice of a row is called."""
    found = dict(form.base_fields[name].choices).get(row.get(name), row.get(name) or "")
    return str(found)


class MaterialForm(Row):
    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=200, required=False)
    necessity = forms.TypedChoiceField(label=_("Necessity"), choices=Necessity, coerce=int)
    source = forms.TypedChoiceField(label=_("Source"), choices=Source, coerce=int)
    form = forms.ChoiceField(
        label=_("Form"),
        choices=[
            ("either", _("paper or electronic")),
            ("paper", _("paper")),
            ("electronic", _("electronic")),
        ],
    )
    copies = forms.IntegerField(label=_("Copies"), min_value=1, max_value=20)

    HEAD, ADD, ONE = _("Materials"), _("Add a material"), _("Material")
    NEW = {"name": "", "name_en": "", "necessity": 1, "source": 10, "form": "either", "copies": 1}
    WIDTHS = {"name": "ow-c3", "name_en": "ow-c3"}

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        words = (_choice(cls, "necessity", row), _choice(cls, "source", row), _choice(cls, "form", row))
        return " · ".join(w for w in words if w)


class PlanForm(Row):
    stage = forms.IntegerField(label=pgettext_lazy("plan", "Stage"), min_value=1, max_value=20)
    office = forms.ChoiceField(label=_("Department"))
    title = forms.CharField(label=_("What it does"), max_length=60)
    title_en = forms.CharField(label=_("In English"), max_length=120, required=False)
    limit = LimitField(label=_("Promised limit"))
    legal_limit = LimitField(label=_("Lawful limit"), required=False)

    HEAD, ADD, ONE = _("Departments that take part"), _("Add a department"), _("Department taking part")
    NEW = {"stage": 1, "office": "", "title": "", "title_en": "", "limit": "3wd", "legal_limit": ""}
    WIDTHS = {"title": "ow-c3", "title_en": "ow-c3", "office": "ow-c2", "stage": "ow-c1"}

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        offices = Office.objects.exclude(kind="government").order_by("code")
        self.fields["office"].choices = [("", "–"), *((o.code, local(o)) for o in offices)]  # type: ignore[attr-defined]

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        office = local(Office.objects.filter(code=row.get("office", "")).first()) or str(
            row.get("office", "")
        )
        return " · ".join(str(w) for w in (row.get("stage"), office, limit(row.get("limit", ""))) if w)


class OptionsField(forms.CharField):
    """Choices one a line, ``value=中文=English``; in a document a list of {value, label, label_en}."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        lines = [[o.get("value", ""), o.get("label", ""), o.get("label_en", "")] for o in value]
        return "\n".join("=".join(line).rstrip("=") for line in lines)

    def clean(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        rows = []
        for line in super().clean(value).splitlines():
            if line.strip():
                code, label, label_en = [*(p.strip() for p in line.split("=", 2)), "", ""][:3]
                rows.append({"value": code, "label": label or code, "label_en": label_en})
        return rows


class ConditionField(forms.CharField):
    """``question=value`` or ``question=one|two``; in a document {question: value or list of values}."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "; ".join(f"{k}={'|'.join(v) if isinstance(v, list) else v}" for k, v in value.items())

    def clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return value
        found = {}
        for part in filter(None, (p.strip() for p in super().clean(value).split(";"))):
            if "=" not in part:
                raise ValidationError(_("Write the name of a question, = and its answer."))
            name, answer = part.split("=", 1)
            answers = [a.strip() for a in answer.split("|") if a.strip()]
            found[name.strip()] = answers if len(answers) > 1 else "".join(answers)
        return found


class QuestionForm(Row):
    name = forms.RegexField(
        r"^[a-z][a-z0-9_]*$",
        label=_("Short name"),
        max_length=40,
        error_messages={"invalid": _("Small letters, digits and _ only.")},
    )
    type = forms.ChoiceField(label=_("Answer"), choices=QUESTION_TYPES)
    required = forms.BooleanField(label=_("must be answered"), required=False)
    label = forms.CharField(label=_("Question"), max_length=200)
    label_en = forms.CharField(label=_("In English"), max_length=300)
    hint = forms.CharField(label=_("Hint"), max_length=300, required=False)
    hint_en = forms.CharField(label=_("Hint in English"), max_length=400, required=False)
    least = forms.IntegerField(label=_("at least"), required=False)
    most = forms.IntegerField(label=_("at most"), required=False)
    options = OptionsField(label=_("Choices"), required=False, help_text=_("one a line: code=中文=English"))
    show_if = ConditionField(label=_("Asked only if"), required=False, help_text=_("e.g. has_staff=yes"))

    HEAD, ADD, ONE = _("Questions of the form"), _("Add a question"), _("Question of the form")
    NEW = {"name": "", "label": "", "label_en": "", "type": "text"}
    #: What a question means that says nothing about it.
    DEFAULTS = {"required": True}
    WIDTHS = {
        "label": "ow-c3", "label_en": "ow-c3", "hint": "ow-c3", "hint_en": "ow-c3", "options": "ow-c3", "show_if": "ow-c3",
        "least": "ow-c1", "most": "ow-c1",
    }  # fmt: skip

    @classmethod
    def tidy(cls, row: dict[str, Any]) -> dict[str, Any]:
        """Without what says nothing: ``questions.py`` knows what is meant then."""
        kept = {k: v for k, v in row.items() if v not in (None, "", [], {})}
        return {k: v for k, v in kept.items() if cls.DEFAULTS.get(k) != v}

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        return f"{row.get('label', '')} · {_choice(cls, 'type', row)}"


class FaqForm(Row):
    q = forms.CharField(label=_("Question"), max_length=200)
    a = forms.CharField(label=_("Answer"), max_length=600, widget=forms.Textarea(attrs={"rows": 2}))
    q_en = forms.CharField(label=_("Question in English"), max_length=300, required=False)
    a_en = forms.CharField(
        label=_("Answer in English"), max_length=900, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    HEAD, ADD, ONE = _("Questions often asked"), _("Add a question often asked"), _("Question often asked")
    NEW = {"q": "", "a": "", "q_en": "", "a_en": ""}
    WIDTHS = {"q": "ow-c3", "a": "ow-c3", "q_en": "ow-c3", "a_en": "ow-c3"}

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        return str(row.get("a") or "")


class CodeForm(Row):
    code = forms.RegexField(
        r"^[a-z][a-z0-9_]*$",
        label=_("code"),
        max_length=30,
        error_messages={"invalid": _("Small letters, digits and _ only.")},
    )
    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=120)
    name_en = forms.CharField(label=_("English name"), max_length=200)
    legal_basis = forms.CharField(label=_("legal basis"), max_length=120, required=False)
    max_days = forms.IntegerField(label=_("at most days"), required=False, min_value=1, max_value=3650)
    needs_basis = forms.BooleanField(label=_("only where a law says so"), required=False)
    is_active = forms.BooleanField(label=_("offered"), required=False)

    HEAD, ADD, ONE = _("Codes"), _("Add a code"), pgettext_lazy("thing", "Code")
    is_ordered = False
    NEW = {
        "code": "", "name": "", "name_en": "", "legal_basis": "", "max_days": None, "needs_basis": False, "is_active": True,
    }  # fmt: skip
    WIDTHS = {"legal_basis": "ow-c3", "name": "ow-c2", "name_en": "ow-c2"}

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        return " · ".join(str(w) for w in (row.get("code"), row.get("legal_basis")) if w)
