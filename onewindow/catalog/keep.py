"""What a county keeps: items, code lists, parameters … each as documents of plain values.

One form of document serves everything: the exported catalogue, a draft, the difference between two versions, publication,
undoing, import. A higher app adds its own section (``register``) at start-up; order is import order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant, worker
from onewindow.catalog.actions import publish_version, spell
from onewindow.catalog.lint import Finding, lint
from onewindow.catalog.models import Code, Item, ItemVersion, MaterialSpec
from onewindow.org import parameters
from onewindow.org.models import Office, Parameter, Person, Region, forget_parameters, parameter
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local

Document = dict[str, Any]


class Section:
    """One part of the catalogue. ``editable``: it has pages; the others are only exported and imported."""

    name: ClassVar[str]
    label: ClassVar[Any]
    editable: ClassVar[bool] = True
    #: lists of rows in a document, each with its form in ``forms.ROWS``
    lists: ClassVar[tuple[str, ...]] = ()
    #: what the button says that begins a new thing; empty: there are no new ones
    new_label: ClassVar[Any] = ""

    def documents(self) -> Iterator[Document]:
        """All that is in force, in a stable order."""
        raise NotImplementedError

    def key(self, document: Mapping[str, Any]) -> str:
        """What names the document in addresses and history."""
        return str(document.get("code", ""))

    def document(self, key: str) -> Document | None:
        """The one in force, or None."""
        return next((d for d in self.documents() if self.key(d) == key), None)

    def title(self, document: Mapping[str, Any]) -> str:
        return local(dict(document)) or self.key(document)

    def summary(self, document: Mapping[str, Any]) -> str:
        """One line about it for the list of its section."""
        return ""

    def office(self, document: Mapping[str, Any]) -> Office | None:
        """Whose head may edit it; None: nobody's."""
        return None

    def form(self, document: Mapping[str, Any], data: Any = None) -> Any:
        """The form of its single facts, bound to the document or to what was typed; None: it has none."""
        return None

    def blank(self, code: str, office: str) -> Document:
        """A new thing to begin a draft with (only where ``new_label`` says that there are new ones)."""
        raise NotImplementedError

    def aids(self, document: Document) -> Mapping[str, Any]:
        """What helps whoever edits it, for the template ``catalog/keep_aids.html``."""
        return {}

    def check(self, document: Document) -> list[Finding]:
        """What is wrong (``error``) or doubtful (``warning``) about it."""
        raise NotImplementedError

    def normal(self, document: Document) -> Document:
        """The document with every value in its plain form (a number typed as text becomes one)."""
        return document

    def publish(self, document: Document, *, by: str) -> str:
        """Puts it in force: ``created``, ``changed`` or ``same``. It has been checked."""
        raise NotImplementedError

    def may_edit(self, person: Person, document: Mapping[str, Any] | None = None) -> bool:
        """The administrator and the bureau; a head what is his office's."""
        if person.has_role(Role.ADMIN, Role.BUREAU):
            return True
        office = self.office(document) if document else None
        return office is not None and office.pk in person.offices_as(Role.HEAD)


SECTIONS: dict[str, Section] = {}


def register(section: Section) -> None:
    """Makes a section known (once, at start-up)."""
    SECTIONS[section.name] = section


def errors(findings: Sequence[Finding]) -> list[Finding]:
    return [f for f in findings if f.severity == "error"]


class Table(Section):
    """Rows of a model as they are: ``keys`` name a row, ``fields`` are what is kept. A foreign key is told by the code of
    its target; the row that it points to stands above it or in an earlier section."""

    def __init__(
        self,
        name: str,
        label: Any,
        model: type[models.Model],
        keys: Sequence[str],
        fields: Sequence[str],
        order: Sequence[str] = (),
    ):
        self.name, self.label, self.model = name, label, model  # type: ignore[misc]
        self.keys, self.fields, self.order = keys, fields, order or keys
        self.editable = False  # type: ignore[misc]

    def _plain(self, row: models.Model, name: str) -> Any:
        value = getattr(row, name)
        if isinstance(value, models.Model):
            return getattr(value, "code", str(value.pk))
        return value.isoformat() if hasattr(value, "isoformat") else value

    def documents(self) -> Iterator[Document]:
        names = [*self.keys, *self.fields]
        foreign = [f.name for f in self.model._meta.concrete_fields if f.is_relation and f.name in names]
        rows = self.model._default_manager.order_by(*self.order)
        for row in self._parents_first(list(rows.select_related(*foreign) if foreign else rows)):
            yield {name: self._plain(row, name) for name in names}

    def _parents_first(self, rows: list[models.Model]) -> Iterator[models.Model]:
        """A row that points to another of its table stands below it."""
        own = [f.attname for f in self.model._meta.concrete_fields if f.related_model is self.model]
        told: set[Any] = set()
        while rows:
            ready = [r for r in rows if all(getattr(r, f) is None or getattr(r, f) in told for f in own)]
            yield from ready or rows  # a ring is told as it is; the import then names the line
            told |= {r.pk for r in ready or rows}
            rows = [r for r in rows if r.pk not in told]

    def key(self, document: Mapping[str, Any]) -> str:
        return "~".join(str(document.get(k, "")) for k in self.keys)

    def _values(self, document: Document) -> Document:
        values = {}
        for name in [*self.keys, *self.fields]:
            field, value = self.model._meta.get_field(name), document.get(name)
            if isinstance(field, models.ForeignKey) and value is not None:
                target = field.related_model
                found = target._default_manager.filter(code=value).first()  # type: ignore[union-attr]
                if found is None:
                    raise ValidationError({name: _("There is no %(code)s.") % {"code": value}})
                value = found
            elif isinstance(field, models.Field) and not field.is_relation:
                value = field.to_python(value)
            values[name] = value
        return values

    def check(self, document: Document) -> list[Finding]:
        if unknown := sorted(set(document) - {*self.keys, *self.fields}):
            return [
                Finding("unknown_field", "error", _("There is no such field."), field) for field in unknown
            ]
        try:
            row = self.model(**self._values(document))
            row.full_clean(validate_unique=False, validate_constraints=False, exclude=["id"])
        except ValidationError as wrong:
            said = wrong.message_dict if hasattr(wrong, "error_dict") else {"": wrong.messages}
            return [Finding("field", "error", text, field) for field, texts in said.items() for text in texts]
        return []

    def publish(self, document: Document, *, by: str) -> str:
        values = self._values(document)
        named = {k: values[k] for k in self.keys}
        row = self.model._default_manager.filter(**named).first()
        if row is None:
            self.model._default_manager.create(**values)
            return "created"
        if all(getattr(row, k) == v for k, v in values.items()):
            return "same"
        self.model._default_manager.filter(pk=row.pk).update(**{k: values[k] for k in self.fields})
        return "changed"


class Parameters(Section):
    """参数 — one document a parameter, with the value in force (the default if the county has set none)."""

    name, label = "parameters", _("Parameters")

    def documents(self) -> Iterator[Document]:
        for code in parameters.SPECS:
            yield {"code": code, "value": parameter(code)}

    def title(self, document: Mapping[str, Any]) -> str:
        spec = parameters.SPECS.get(self.key(document))
        return str(spec.label) if spec else self.key(document)

    def check(self, document: Document) -> list[Finding]:
        code, value = self.key(document), document.get("value")
        if code not in parameters.SPECS:
            return [Finding("unknown", "error", _("There is no such parameter."), "code")]
        try:
            parameters.check(code, str(value))
        except parameters.OutOfBounds as wrong:
            return [Finding("bounds", "error", str(wrong), "value")]
        return []

    def publish(self, document: Document, *, by: str) -> str:
        code = self.key(document)
        value = parameters.check(code, str(document["value"]))
        if parameter(code) == value:
            return "same"
        Parameter.objects.update_or_create(
            code=code, defaults={"value": value, "set_at": instant.now(), "set_by": by}
        )
        forget_parameters()
        transaction.on_commit(forget_parameters)  # who read in between has kept the old ones
        if code in RULE_LIGHTS:
            worker.rouse()
        return "changed"


#: parameters by which the lights of running clocks turn
RULE_LIGHTS = ("amber_days", "amber_share")


CODE_FIELDS = ("code", "name", "name_en", "legal_basis", "max_days", "needs_basis", "is_active")


class Codes(Section):
    """代码表 — one document a list. A code that was used is never deleted, only no longer offered."""

    name, label = "codes", _("Code lists")
    lists = ("codes",)

    def documents(self) -> Iterator[Document]:
        rows = Code.objects.order_by("list", "id").values("list", *CODE_FIELDS)
        lists: dict[str, list[Document]] = {}
        for row in rows:
            lists.setdefault(row.pop("list"), []).append(row)
        for name in sorted(lists):
            yield {"code": name, "codes": lists[name]}

    def title(self, document: Mapping[str, Any]) -> str:
        from onewindow.catalog.words import LISTS

        return str(LISTS.get(self.key(document), self.key(document)))

    def summary(self, document: Mapping[str, Any]) -> str:
        return str(_(", ")).join(local(row) for row in document["codes"])

    def check(self, document: Document) -> list[Finding]:
        from onewindow.catalog.forms import code_rows, faults

        if not isinstance(document.get("codes"), list):
            return [Finding("missing_field", "error", _("The field is missing."), "codes")]
        found = faults(code_rows(document), "codes")
        names = [row.get("code") for row in document["codes"]]
        if len(set(names)) != len(names):
            found.append(Finding("code_twice", "error", _("A code stands in the list twice."), "codes"))
        return found

    def normal(self, document: Document) -> Document:
        from onewindow.catalog.forms import code_rows, read

        return {**document, "codes": [read(form) for form in code_rows(document)]}

    def publish(self, document: Document, *, by: str) -> str:
        before = self.document(self.key(document))
        if before == document:
            return "same"
        kept = set()
        for row in document["codes"]:
            facts = {name: row.get(name) for name in CODE_FIELDS if name in row}
            kept.add(row["code"])
            Code.objects.update_or_create(list=document["code"], code=row["code"], defaults=facts)
        Code.objects.filter(list=document["code"]).exclude(code__in=kept).update(is_active=False)
        return "changed" if before else "created"


NAMES = ("name", "name_en", "is_hot", "closing", "closed_from", "closed_note", "closed_note_en")
FACTS = (
    "kind_code", "service_object", "legal_basis", "legal_basis_en", "legal_limit", "legal_extension", "limit_source",
    "promised_limit", "case_kind", "has_fee", "fee_note", "pays_online", "visit_count", "visit_reason", "handling_forms",
    "is_fully_online", "special_procedure", "stop_reasons", "consult_phone", "complaint_phone", "result", "result_en",
    "result_kind", "result_sample", "result_validity", "allows_commitment", "is_joint",
)  # fmt: skip
LISTS = ("plan", "form", "faq")
MATERIAL = ("no", "name", "name_en", "source", "necessity", "form", "copies")


def document_of(version: ItemVersion) -> Document:
    """A version of an item, with the names that the item bears today."""
    item = version.item
    names = {n: getattr(item, n) for n in NAMES}
    names["closed_from"] = item.closed_from.isoformat() if item.closed_from else None
    return {
        "code": item.code,
        "office": item.office.code,
        **names,
        **{n: getattr(version, n) for n in (*FACTS, *LISTS)},
        "materials": [{n: getattr(m, n) for n in MATERIAL} for m in version.materials.all()],
    }


class Items(Section):
    """政务服务事项 — one document an item: its names, the version in force and its materials."""

    name, label = "items", _("Items")
    lists = ("materials", *LISTS)
    new_label = _("New item")

    def form(self, document: Mapping[str, Any], data: Any = None) -> Any:
        from onewindow.catalog.forms import item_forms

        return item_forms(document, data)

    def blank(self, code: str, office: str) -> Document:
        return {
            "code": code, "office": office, "name": "", "name_en": "", "is_hot": False, "closing": "", "closed_from": None,
            "closed_note": "", "closed_note_en": "", **dict.fromkeys(FACTS, ""), "kind_code": "01",
            "service_object": "P/E", "handling_forms": "1", "case_kind": "PROMISED", "legal_limit": "20wd",
            "promised_limit": "20wd", "has_fee": False, "pays_online": False, "visit_count": 1, "is_fully_online": False,
            "allows_commitment": False, "is_joint": False, "plan": [], "form": [], "faq": [], "materials": [],
        }  # fmt: skip

    def _versions(self) -> Any:
        return (
            ItemVersion.objects.filter(item__current=models.F("pk"))
            .select_related("item__office")
            .prefetch_related(models.Prefetch("materials", MaterialSpec.objects.order_by("no")))
            .order_by("item__code")
        )

    def documents(self) -> Iterator[Document]:
        for version in self._versions():
            yield document_of(version)

    def document(self, key: str) -> Document | None:
        version = self._versions().filter(item__code=key).first()
        return document_of(version) if version else None

    def office(self, document: Mapping[str, Any]) -> Office | None:
        return Office.objects.filter(code=document.get("office", "")).first()

    def check(self, document: Document) -> list[Finding]:
        from onewindow.catalog.forms import faults, item_forms, item_rows

        known = {"code", "office", *NAMES, *FACTS, *LISTS, "materials"}
        found = [
            Finding("unknown_field", "error", _("There is no such field."), field)
            for field in sorted(set(document) - known)
        ]
        found += [
            Finding("missing_field", "error", _("The field is missing."), f)
            for f in sorted(known - set(document))
        ]
        if found:
            return found
        found = faults([item_forms(document)], "")
        for name in ("materials", *LISTS):
            found += faults(item_rows(document, name), name)
        if not found:
            document = self.normal(document)
            found = list(lint(document, [m["name"] for m in document["materials"]]))
        return found

    def normal(self, document: Document) -> Document:
        from onewindow.catalog.forms import item_forms, item_rows, read

        said = {**document, **read(item_forms(document))}
        for name in ("materials", *LISTS):
            rows = zip(document[name], item_rows(document, name), strict=True)
            said[name] = [form.tidy({**row, **read(form)}) for row, form in rows]
        for n, material in enumerate(said["materials"], 1):
            material["no"] = n
        return said

    def publish(self, document: Document, *, by: str) -> str:
        office = Office.objects.get(code=document["office"])
        names = {n: document[n] for n in NAMES} | {"office": office} | spell(document["name"])
        before = self.document(document["code"])
        item, new = Item.objects.update_or_create(code=document["code"], defaults=names)
        facts = {n: document[n] for n in (*FACTS, *LISTS)}
        made = publish_version(item, facts, document["materials"], by=by)
        if new:
            return "created"
        return "changed" if made or before != document else "same"


register(Parameters())
register(
    Table(
        "regions", _("Regions"), Region, ["code"], ["name", "name_en", "level", "parent"], ["level", "code"]
    )
)
register(
    Table(
        "offices",
        _("Offices"),
        Office,
        ["code"],
        ["name", "name_en", "kind", "parent", "region", "is_member", "short", "phone"],
    )
)
register(Codes())
register(Items())
