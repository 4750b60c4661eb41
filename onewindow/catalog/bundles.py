"""一件事: bundles from a CSV file, and the one set of materials of their items – the same paper is asked for once."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from onewindow.catalog.actions import spell
from onewindow.catalog.models import Bundle, BundleStep, Item, ItemVersion, MaterialSpec, Necessity, Source
from onewindow.org.models import Office

#: The forms of the single items: a bundle has one for all.
FORM = re.compile(r"(申请|登记|备案)(书|表|报告)$")
ONE_FORM, ONE_FORM_EN = "“一件事”联合申请表", "One form for all"


def published(text: str = "") -> QuerySet[Bundle]:
    """Bundles that are offered, those that fit ``text`` best first."""
    return Bundle.objects.published().search(text)


def bundle(code: str) -> Bundle | None:
    """One bundle by its code."""
    return Bundle.objects.published().filter(code=code).first()


def steps(of: Bundle) -> list[BundleStep]:
    """Its steps in order, with what a page shows of them."""
    return list(
        of.steps.select_related("item__office", "item__current", "item__pace", "office").order_by(
            "stage", "no"
        )
    )


# --- one set of materials ----------------------------------------------------------------------------------


@dataclass
class Paper:
    """One material of a bundle, with those of the items that it stands for. It looks like a MaterialSpec."""

    no: int
    name: str
    name_en: str
    source: int
    necessity: int
    form: str
    copies: int
    specs: list[MaterialSpec] = field(default_factory=list)

    @property
    def version(self) -> ItemVersion:
        """Of the first item that asks for it."""
        return self.specs[0].version

    def get_necessity_display(self) -> Any:
        return Necessity(self.necessity).label

    def get_source_display(self) -> Any:
        return Source(self.source).label


def _key(name: str) -> str:
    bare = re.sub(r"[（(].*?[)）]|\s", "", name)
    return "form" if FORM.search(bare) else bare


def merge(specs: Iterable[MaterialSpec]) -> list[Paper]:
    """The same paper once: required if one item requires it, held by the government if one item says so. The application
    forms of the items become one (国发〔2024〕3号: one form, one set of papers)."""
    found: dict[str, Paper] = {}
    for spec in specs:
        key = _key(spec.name)
        paper = found.get(key)
        if paper is None:
            form = key == "form"
            paper = found[key] = Paper(
                0, ONE_FORM if form else spec.name, ONE_FORM_EN if form else spec.name_en,
                spec.source, spec.necessity, spec.form, spec.copies,
            )  # fmt: skip
        elif Necessity.REQUIRED in (paper.necessity, spec.necessity):
            paper.necessity = Necessity.REQUIRED
        elif Necessity.OPTIONAL in (paper.necessity, spec.necessity):
            paper.necessity = Necessity.OPTIONAL
        paper.source, paper.copies = max(paper.source, spec.source), max(paper.copies, spec.copies)
        paper.form = paper.form if paper.form == spec.form else "either"
        paper.specs.append(spec)
    for no, paper in enumerate(found.values(), 1):
        paper.no = no
    return list(found.values())


class _All(list):  # what a queryset's manager would be asked for
    def all(self) -> _All:
        return self


class Whole:
    """Several items as one to be applied for: who may, and with which papers. It looks like an ItemVersion to a form."""

    is_immediate = allows_commitment = False
    pk = ""

    def __init__(self, chosen: Sequence[BundleStep]):
        self.versions: list[ItemVersion] = []
        for step in chosen:
            if step.item is not None and step.item.current is not None:
                step.item.current.item = step.item
                self.versions.append(step.item.current)
        self.for_persons = all(v.for_persons for v in self.versions)
        self.for_enterprises = all(v.for_enterprises for v in self.versions)

    @cached_property
    def materials(self) -> _All:
        return _All(merge(spec for version in self.versions for spec in version.specs))

    @property
    def specs(self) -> _All:
        """Each paper once, as it is asked for."""
        return self.materials

    @property
    def asked(self) -> int:
        """How many papers the items would ask for one by one."""
        return sum(len(version.specs) for version in self.versions)


def here(of: Sequence[BundleStep]) -> list[BundleStep]:
    """The steps that are applied for at our windows."""
    return [s for s in of if s.item_id and s.item is not None and s.item.current_id]


# --- import ------------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What an import found: (line, column, message); with any error nothing was written."""

    errors: list[tuple[int, str, str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


def import_bundles(path: Path) -> Report:
    """Reads bundles, one row a step; the first row of a bundle carries its name. All or nothing. Raises OSError for an
    unreadable file."""
    report, facts, rows = Report(), {}, []  # type: ignore[var-annotated]
    items = {i.code: i for i in Item.objects.all()}
    offices = {o.code: o for o in Office.objects.all()}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for line, raw in enumerate(csv.DictReader(file), 2):
            row = {k: (v or "").strip() for k, v in raw.items() if k}
            if row.get("name"):
                facts[row["bundle"]] = row
            for column, known in (("item", items), ("department", offices)):
                if row.get(column) and row[column] not in known:
                    report.errors.append(
                        (line, column, f"{row[column]!r} is not known here: import it first")
                    )
            if bool(row.get("item")) == bool(row.get("external")):
                report.errors.append((line, "item", "give an item, or the name of what is done elsewhere"))
            if row.get("bundle") not in facts:
                report.errors.append((line, "bundle", "the first row of a bundle carries its name"))
            if not (row.get("no", "").isdecimal() and row.get("stage", "").isdecimal()):
                report.errors.append((line, "no", "number and stage are whole numbers"))
            rows.append(row)
    if report.errors:
        return report
    with transaction.atomic():
        for code, row in facts.items():
            names = {"name": row["name"], "name_en": row["name_en"], "service_object": row["for"]}
            more = {"intro": row["intro"], "intro_en": row["intro_en"]} | spell(row["name"])
            found, _ = Bundle.objects.update_or_create(code=code, defaults=names | more)
            found.steps.all().delete()
            BundleStep.objects.bulk_create(
                BundleStep(
                    bundle=found, no=int(r["no"]), stage=int(r["stage"]), item=items.get(r["item"]),
                    external=r["external"], external_en=r["external_en"], office=offices.get(r["department"]),
                    condition=r["condition"], condition_en=r["condition_en"],
                )
                for r in rows if r["bundle"] == code
            )  # fmt: skip
            report.written.append(code)
    return report
