"""文书 as something that a county keeps: headings and texts edited in pages, read with an invented case, published, exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onewindow.cases import instant
from onewindow.catalog import impact, keep
from onewindow.catalog.fields import Grouped
from onewindow.catalog.forms import FACTS, faults, read
from onewindow.catalog.lint import Finding
from onewindow.catalog.models import Change, Wording
from onewindow.window import wordings
from onewindow.window.letters import paragraphs
from onewindow.window.models import Paper, PaperKind


class LetterForm(Grouped, forms.Form):
    """Headings, seal and text of one kind of letter."""

    heading = forms.CharField(label=gettext_lazy("Heading for a licence"), max_length=40)
    heading_other = forms.CharField(label=gettext_lazy("Heading for any other matter"), max_length=40)
    seal = forms.CharField(label=gettext_lazy("Name of the seal"), max_length=20)
    text = forms.CharField(
        label=gettext_lazy("Text of the letter"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 18, "lang": "zh-Hans", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "An empty line parts paragraphs; **bold**; a line --- parts what stands before the table from what follows."
        ),
    )

    GROUPS = (
        (gettext_lazy("Headings and seal"), ("heading", "heading_other", "seal")),
        (gettext_lazy("Text of the letter"), ("text",)),
    )
    WIDE = {"text"}

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n").strip()
        return text.removesuffix("\n---").strip()  # nothing stands after the table


class Letters(keep.Section):
    """文书格式文本 — one document a kind of letter."""

    name, label = "letters", gettext_lazy("Letters")

    def documents(self) -> Iterator[keep.Document]:
        own = {
            row.kind: row for row in Wording.objects.order_by("kind", "version")
        }  # the last of a kind wins
        for kind in PaperKind.values:
            row = own.get(kind)
            yield _document(kind, row or wordings.of(kind, wordings.newest_file(kind)))

    def document(self, key: str) -> keep.Document | None:
        if key not in PaperKind.values:
            return None
        own = Wording.objects.filter(kind=key).aggregate(n=Max("version"))["n"]
        return _document(key, wordings.of(key, own or wordings.newest_file(key)))

    def title(self, document: Mapping[str, Any]) -> str:
        return str(dict(PaperKind.choices).get(self.key(document), self.key(document)))

    def summary(self, document: Mapping[str, Any]) -> str:
        headings = dict.fromkeys((str(document["heading"]), str(document["heading_other"])))
        return " / ".join(headings)

    def form(self, document: Mapping[str, Any], data: Any = None) -> Any:
        return LetterForm(data if data is not None else {n: document.get(n) for n in LetterForm.base_fields})

    def check(self, document: keep.Document) -> list[Finding]:
        kind = self.key(document)
        if kind not in PaperKind.values:
            return [Finding("unknown", "error", _("There is no such kind of letter."), "code")]
        if odd := sorted({"code", *LetterForm.base_fields} ^ set(document)):
            return [Finding("field", "error", _("A field is missing or unknown."), name) for name in odd]
        found = faults([self.form(document)], "")
        return found or [
            Finding(rule, "error", text, "text")
            for rule, text in wordings.faults(kind, self.normal(document)["text"])
        ]

    def normal(self, document: keep.Document) -> keep.Document:
        return {"code": self.key(document), **read(self.form(document))}

    def publish(self, document: keep.Document, *, by: str) -> str:
        kind = self.key(document)
        if self.document(kind) == document:
            return "same"
        last = Wording.objects.filter(kind=kind).aggregate(n=Max("version"))["n"] or Wording.OWN
        facts = {name: document[name] for name in LetterForm.base_fields}
        Wording.objects.create(
            kind=kind, version=last + 1, published_at=instant.now(), published_by=by, **facts
        )
        wordings.forget()
        transaction.on_commit(wordings.forget)  # who read in between has kept the old ones
        return "changed"

    def aids(self, document: keep.Document) -> Mapping[str, Any]:
        kind = self.key(document)
        if kind not in PaperKind.values:
            return {}
        known = wordings.known(kind)
        names = [*(n for n in wordings.FIELDS if n in known), *sorted(known - set(wordings.FIELDS))]
        return {
            "fields": [(name, wordings.FIELDS.get(name, "")) for name in names],
            "previews": [preview(kind, self.normal(document), licence=licence) for licence in (True, False)],
        }


def _document(kind: str, said: wordings.Said | Wording) -> keep.Document:
    return {
        "code": kind,
        "heading": said.heading,
        "heading_other": said.heading_other,
        "seal": said.seal,
        "text": said.text,
    }


def preview(kind: str, document: Mapping[str, Any], *, licence: bool) -> dict[str, Any]:
    """A letter as it would read in an invented case; without paragraphs if the text can't be read yet."""
    text = str(document.get("text") or "")
    broken = any(rule == "syntax" for rule, _text in wordings.faults(kind, text))
    said = "" if broken else wordings.fill(text, wordings.sample(kind, licence=licence))
    before, _mark, after = said.partition("\n---\n")
    return {
        "licence": licence,
        "heading": document.get("heading" if licence else "heading_other"),
        "parts": [paragraphs(before), paragraphs(after)],
    }


@impact.register
def letters_issued(change: Change) -> Iterator[str]:
    """Letters that went out keep what they said."""
    if change.section != Letters.name:
        return
    issued = Paper.objects.filter(kind=change.key).count()
    yield ngettext(
        "%(n)d letter of this kind has been issued: it keeps its wording, on paper and on the screen.",
        "%(n)d letters of this kind have been issued: they keep their wording, on paper and on the screen.",
        issued,
    ) % {"n": issued}
    yield _("Letters issued from the publication on say the new text, also in cases that are open.")


FACTS.append(LetterForm)
keep.register(Letters())
