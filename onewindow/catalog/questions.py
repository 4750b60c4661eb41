"""表单问题: the questions that an item asks on its online form. They are data of the version; here is what they mean.

A question is a mapping: ``name`` (letters, digits, ``_``), ``label``, ``label_en``, ``type`` (one of :data:`TYPES`),
and if wanted ``hint``, ``hint_en``, ``required`` (default true), ``options`` (choice only: ``value``, ``label``,
``label_en``), ``least`` and ``most`` (number only), ``show_if`` (name of an earlier question → the answer, or a list of
answers, that makes this one appear). An item whose version has questions can be applied for online.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from onewindow.org.fields import DayField
from onewindow.org.templatetags.ow import day_long

TYPES = ("text", "number", "date", "choice", "yesno", "address")
KEYS = {
    "name", "label", "label_en", "hint", "hint_en", "type", "required", "options", "least", "most", "show_if",
}  # fmt: skip
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST = {"text": 200, "address": 200}
YESNO = [("yes", pgettext_lazy("answer", "Yes")), ("no", pgettext_lazy("answer", "No"))]
Question = Mapping[str, Any]


def check(questions: Any) -> list[str]:
    """What is wrong with the questions of a form, in sentences for the person who made the file; empty if nothing is."""
    if not isinstance(questions, list):
        return ["the questions must be a list"]
    wrong: list[str] = []
    before: dict[str, Question] = {}
    for n, q in enumerate(questions, 1):
        if not isinstance(q, Mapping):
            wrong.append(f"question {n} must be an object")
            continue
        where = f"question {n} ({q.get('name', 'without a name')})"
        wrong += [f"{where}: {fault}" for fault in _faults(q, before)]
        before[str(q.get("name", ""))] = q
    return wrong


def _faults(q: Question, before: Mapping[str, Question]) -> list[str]:
    faults = [f"unknown key {key!r}" for key in sorted(set(q) - KEYS)]
    if not NAME.fullmatch(str(q.get("name", ""))):
        faults.append("name: small letters, digits and _, at most 40")
    elif q["name"] in before:
        faults.append("name stands twice")
    faults += [f"{key} is empty" for key in ("label", "label_en") if not str(q.get(key, "")).strip()]
    if q.get("type") not in TYPES:
        faults.append(f"type: one of {', '.join(TYPES)}")
    if q.get("type") == "choice":
        options = q.get("options") or []
        if len(options) < 2 or any(
            not all(o.get(k) for k in ("value", "label", "label_en")) for o in options
        ):
            faults.append("options: at least two, each with value, label and label_en")
        elif len({o["value"] for o in options}) < len(options):
            faults.append("options: a value stands twice")
    elif q.get("options"):
        faults.append("options belong to a choice only")
    for name, wanted in (q.get("show_if") or {}).items():
        if name not in before:
            faults.append(f"show_if: {name!r} is no earlier question")
        elif possible := _values(before[name]):
            strange = [w for w in _wanted(wanted) if w not in possible]
            faults += [f"show_if: {w!r} is no answer of {name!r}" for w in strange]
    return faults


def _values(q: Question) -> set[str]:
    if q.get("type") == "yesno":
        return {"yes", "no"}
    return {str(o.get("value")) for o in q.get("options") or []}


def _wanted(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def visible(questions: Sequence[Question], answers: Mapping[str, str]) -> list[Question]:
    """Those that are asked after these answers; a question that hangs on one that is not asked is not asked either."""
    shown: list[Question] = []
    for q in questions:
        names = {s["name"] for s in shown}
        conditions = (q.get("show_if") or {}).items()
        if all(name in names and answers.get(name) in _wanted(value) for name, value in conditions):
            shown.append(q)
    return shown


def words(thing: Mapping[str, Any], key: str = "label") -> str:
    """A label or hint in the reader's language."""
    english = (get_language() or "").startswith("en") and thing.get(f"{key}_en")
    return str(thing.get(f"{key}_en") if english else thing.get(key, ""))


def field(q: Question) -> forms.Field:
    """The form field of a question; its cleaned value goes through :func:`kept`."""
    given: dict[str, Any] = {
        "label": words(q),
        "help_text": words(q, "hint"),
        "required": q.get("required", True),
        "error_messages": {
            "required": _("Please choose one.")
            if q["type"] in ("choice", "yesno")
            else _("Please fill this in.")
        },
    }
    match q["type"]:
        case "number":
            attrs = {"inputmode": "decimal", "autocomplete": "off"}
            return forms.DecimalField(
                **given,
                min_value=q.get("least", 0),
                max_value=q.get("most", 10**9),
                decimal_places=2,
                widget=forms.TextInput(attrs=attrs),
            )
        case "date":
            return DayField(
                **given,
                widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": "1900-01-01"}),
            )
        case "choice" | "yesno":
            options = [(o["value"], words(o)) for o in q.get("options") or []]
            return forms.ChoiceField(**given, choices=options or YESNO, widget=forms.RadioSelect)
        case "address":
            attrs = {"rows": "2", "autocomplete": "street-address"}
            return forms.CharField(**given, max_length=LONGEST["address"], widget=forms.Textarea(attrs=attrs))
    return forms.CharField(
        **given, max_length=LONGEST["text"], widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


def kept(value: Any) -> str:
    """An answer as it is kept: text, dates in ISO form, numbers without idle zeros."""
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    text = str(value)
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text


def shown(q: Question, answer: str) -> str:
    """An answer as people read it."""
    if not answer:
        return _("not given")
    match q["type"]:
        case "date":
            return day_long(dt.date.fromisoformat(answer))
        case "choice":
            return next((words(o) for o in q["options"] if o["value"] == answer), answer)
        case "yesno":
            return str(dict(YESNO).get(answer, answer))
    return answer


def said(questions: Sequence[Question], answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """(question, answer) in the reader's language, for pages and letters; only what was asked."""
    return [(words(q), shown(q, answers.get(q["name"], ""))) for q in visible(questions, answers)]
