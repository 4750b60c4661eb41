"""“一件事” as something that a county keeps: its names and its steps, edited in pages, checked, published, exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from onewindow.catalog import keep
from onewindow.catalog.actions import spell
from onewindow.catalog.fields import CheckboxSelectMultiple, Grouped, Several
from onewindow.catalog.forms import FACTS, OBJECTS, ROWS, faults, item_rows, read
from onewindow.catalog.lint import Finding
from onewindow.catalog.models import Bundle, BundleStep, Item
from onewindow.catalog.rowforms import Row
from onewindow.org.models import Office
from onewindow.org.templatetags.ow import local

NAMES = ("name", "name_en", "service_object", "intro", "intro_en", "is_active")
STEP = ("stage", "item", "external", "external_en", "office", "condition", "condition_en")


class BundleForm(Grouped, forms.Form):
    """What people read about it before its steps."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=120)
    name_en = forms.CharField(label=gettext_lazy("English name"), max_length=200)
    service_object = Several(
        label=gettext_lazy("Who may apply"), choices=OBJECTS, widget=CheckboxSelectMultiple
    )
    intro = forms.CharField(label=gettext_lazy("What it is for"), max_length=400, required=False)
    intro_en = forms.CharField(label=gettext_lazy("The same in English"), max_length=400, required=False)
    is_active = forms.BooleanField(label=gettext_lazy("offered"), required=False)

    GROUPS = ((gettext_lazy("Name and purpose"), NAMES),)
    WIDE = {"name", "name_en", "service_object", "intro", "intro_en", "is_active"}


class BundleStepForm(Row):
    """An item of ours, or what is done elsewhere; ``stage``: what can be done at the same time has the same."""

    stage = forms.IntegerField(label=pgettext_lazy("plan", "Stage"), min_value=1, max_value=20)
    item = forms.ChoiceField(label=gettext_lazy("Item"), required=False)
    office = forms.ChoiceField(label=gettext_lazy("Where that is done"), required=False)
    external = forms.CharField(label=gettext_lazy("or: done elsewhere"), max_length=120, required=False)
    external_en = forms.CharField(label=gettext_lazy("In English"), max_length=200, required=False)
    condition = forms.CharField(label=gettext_lazy("Needed only if"), max_length=120, required=False)
    condition_en = forms.CharField(label=gettext_lazy("Condition in English"), max_length=200, required=False)

    HEAD, ADD, ONE = gettext_lazy("Steps"), gettext_lazy("Add a step"), gettext_lazy("Step")
    NEW = {"stage": 1, **dict.fromkeys(STEP[1:], "")}
    WIDTHS = {"stage": "ow-c1", "office": "ow-c2"} | dict.fromkeys(
        ("item", "external", "external_en", "condition", "condition_en"), "ow-c3"
    )

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        items = Item.objects.order_by("code")
        offices = Office.objects.exclude(kind="government").order_by("code")
        self.fields["item"].choices = [("", "–"), *((i.code, f"{local(i)}（{i.code}）") for i in items)]  # type: ignore[attr-defined]
        self.fields["office"].choices = [("", "–"), *((o.code, local(o)) for o in offices)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("item")) == bool(data.get("external")):
            raise ValidationError(_("Give an item, or the name of what is done elsewhere: one of the two."))
        return data

    @classmethod
    def called(cls, row: Mapping[str, Any]) -> str:
        if code := row.get("item"):
            return local(Item.objects.filter(code=code).first()) or str(code)
        return str(row.get("external") or "?")

    @classmethod
    def told(cls, row: Mapping[str, Any]) -> str:
        said = _("stage %(n)s") % {"n": row.get("stage")}
        return f"{said}{_(', ')}{row['condition']}" if row.get("condition") else said


class Bundles(keep.Section):
    """一件事 — one document a bundle, with its steps in order."""

    name, label = "bundles", gettext_lazy("One-thing bundles")
    lists = ("steps",)
    new_label = gettext_lazy("New bundle")

    def documents(self) -> Iterator[keep.Document]:
        steps = BundleStep.objects.select_related("item", "office").order_by("no")
        for bundle in Bundle.objects.order_by("code").prefetch_related(models.Prefetch("steps", steps)):
            yield {
                "code": bundle.code,
                **{name: getattr(bundle, name) for name in NAMES},
                "steps": [_plain(step) for step in bundle.steps.all()],
            }

    def summary(self, document: Mapping[str, Any]) -> str:
        codes = [row["item"] for row in document["steps"] if row["item"]]
        off = "" if document["is_active"] else _("not offered") + _(", ")
        return off + ", ".join(codes)

    def form(self, document: Mapping[str, Any], data: Any = None) -> Any:
        return BundleForm(data if data is not None else {n: document.get(n) for n in BundleForm.base_fields})

    def blank(self, code: str, office: str) -> keep.Document:
        return {
            "code": code,
            **dict.fromkeys(NAMES, ""),
            "service_object": "P/E",
            "is_active": True,
            "steps": [],
        }

    def check(self, document: keep.Document) -> list[Finding]:
        known = {"code", *NAMES, "steps"}
        if odd := sorted(known ^ set(document)):
            return [Finding("field", "error", _("A field is missing or unknown."), name) for name in odd]
        if len(self.key(document)) > 20:
            return [Finding("code", "error", _("A code has at most 20 characters."), "code")]
        found = faults([self.form(document)], "") + faults(item_rows(document, "steps"), "steps")
        return found or list(_lint(self.normal(document)))

    def normal(self, document: keep.Document) -> keep.Document:
        rows = [read(form) for form in item_rows(document, "steps")]
        return {"code": self.key(document), **read(self.form(document)), "steps": rows}

    def publish(self, document: keep.Document, *, by: str) -> str:
        if (before := self.document(self.key(document))) == document:
            return "same"
        items = {i.code: i for i in Item.objects.all()}
        offices = {o.code: o for o in Office.objects.all()}
        with transaction.atomic():
            facts = {name: document[name] for name in NAMES} | spell(document["name"])
            bundle, _new = Bundle.objects.update_or_create(code=document["code"], defaults=facts)
            bundle.steps.all().delete()
            BundleStep.objects.bulk_create(
                BundleStep(
                    bundle=bundle,
                    no=no,
                    **(row | {"item": items.get(row["item"]), "office": offices.get(row["office"])}),
                )
                for no, row in enumerate(document["steps"], 1)
            )
        return "changed" if before else "created"


def _plain(step: BundleStep) -> dict[str, Any]:
    row = {name: getattr(step, name) for name in STEP}
    return row | {
        "item": step.item.code if step.item else "",
        "office": step.office.code if step.office else "",
    }


def _lint(document: keep.Document) -> Iterator[Finding]:
    """国发〔2024〕3号: one guide, one form, one set of papers – so a bundle has at least two items that can be applied for."""
    rows = document["steps"]
    items = {i.code: i for i in Item.objects.select_related("current").all()}
    here = [row["item"] for row in rows if row["item"]]
    if len(rows) < 2:
        yield Finding("too_few", "error", _("A bundle has at least two steps."), "steps")
    if len(set(here)) != len(here):
        yield Finding("item_twice", "error", _("The same item stands in it twice."), "steps")
    if not here:
        text = _("None of its steps can be applied for at our windows.")
        yield Finding("nothing_here", "warning", text, "steps")
    stages = [row["stage"] for row in rows]
    if stages != sorted(stages):
        yield Finding("stage_order", "warning", _("The steps stand in the order of their stages."), "steps")
    objects = set(document["service_object"].split("/"))
    for n, row in enumerate(rows):
        item = items.get(row["item"])
        if item is None:
            continue
        if item.current is None or item.is_closed:
            text = _("This item can't be applied for today.")
            yield Finding("closed", "warning", text, f"steps-{n}-item")
        elif not objects & set(item.current.service_object.split("/")):
            text = _("None of those who may apply for the bundle may apply for this item.")
            yield Finding("object", "error", text, f"steps-{n}-item")
    if len([o for o in rows if o["external"] and not o["office"]]):
        text = _("Say where it is done what is not done here.")
        yield Finding("where", "warning", text, "steps")


ROWS["steps"] = BundleStepForm
FACTS.append(BundleForm)
keep.register(Bundles())
