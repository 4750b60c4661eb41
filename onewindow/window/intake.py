"""The intake form of the counter: who asks for what, with which papers. Every check is here; scripts spare keys."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core import signing
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from onewindow.cases import files
from onewindow.cases.models import Attachment
from onewindow.catalog.models import ItemVersion, MaterialSpec, Necessity
from onewindow.exchange.models import Dataset, Given, Material
from onewindow.org import identifiers
from onewindow.org.models import Person
from onewindow.pledges.actions import may_follow
from onewindow.window import pledging, renewing, reuse, sitting
from onewindow.window.models import ApplicantKind, DeliveryForm, DocumentForm, IdType

#: Buttons after which the form has to be complete; after all others it is only shown again.
FINAL = {sitting.ACCEPT, sitting.DECIDE, sitting.TELL, sitting.RECEIVE}
TO_ACCEPT = {sitting.ACCEPT, sitting.DECIDE}
#: Salt of the links to what is held: given out only for the holder whose number was typed.
HELD = "counter.held"
KEY = re.compile(r"[A-Za-z0-9_-]{16,20}")
DELIVERY = [
    (DeliveryForm.COUNTER, pgettext_lazy("delivery", "At the window")),
    (DeliveryForm.ELECTRONIC, pgettext_lazy("delivery", "Electronic")),
    (DeliveryForm.POST, pgettext_lazy("delivery", "By post")),
]
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
PERSON_IDS = [c for c in IdType.choices if c[0] != IdType.USCC]


def new_key() -> str:
    """What makes one form one application."""
    return secrets.token_urlsafe(12)


def _line(*, most: int, label: Any, required: bool = True, **attrs: str) -> forms.CharField:
    attrs = {"autocomplete": "off", "spellcheck": "false", **attrs}
    return forms.CharField(
        label=label, max_length=most, required=required, widget=forms.TextInput(attrs=attrs)
    )


@dataclass
class Row:
    """One material as the page shows it."""

    spec: MaterialSpec
    choices: list[tuple[str, Any]]
    form: str
    attachment: Attachment | None
    to_correct: str
    errors: list[str]
    held: Material | None = None
    dataset: Dataset | None = None
    said: Any = ""
    is_next: bool = False
    link: str = ""

    @property
    def is_here(self) -> bool:
        return self.form != DocumentForm.MISSING

    @property
    def is_due(self) -> bool:
        """Without it the application can't be accepted."""
        return not self.is_here and self.spec.necessity == Necessity.REQUIRED


SHORT = {
    DocumentForm.PAPER: _("Paper"),
    DocumentForm.ELECTRONIC: _("Scan"),
    DocumentForm.REUSED: _("On file"),
    DocumentForm.OWED: _("We fetch it"),
    DocumentForm.DEFERRED: _("Later"),
    DocumentForm.MISSING: _("Not here"),
}


def forms_of(spec: MaterialSpec, *, held: bool = True, owed: bool = False) -> list[str]:
    """How a material may come: what is held need not be brought, but a tick alone holds nothing; what a register could not
    give now is fetched later (``owed``); only what the item says may follow."""
    return [
        DocumentForm.PAPER,
        DocumentForm.ELECTRONIC,
        *([DocumentForm.REUSED] if held else []),
        *([DocumentForm.OWED] if owed else []),
        *(
            [DocumentForm.DEFERRED]
            if spec.necessity == Necessity.DEFERRABLE and may_follow(spec.version)
            else []
        ),
        DocumentForm.MISSING,
    ]


def start_form(spec: MaterialSpec, held: Material | None = None) -> str:
    """What is chosen to begin with: what the government itself issued or registered must not be asked for again
    (政务数据共享条例); what was handed in for another matter is only offered."""
    return DocumentForm.REUSED if held is not None and not held.needs_consent else DocumentForm.MISSING


class IntakeForm(forms.Form):
    """``do`` is the button; only those in :data:`FINAL` make empty fields an error. Materials are the fields ``m<no>``
    (form), ``f<no>`` (upload), ``k<no>`` (key of what was uploaded before), ``l<no>`` (key of what is held) and ``c<no>`` (what
    to correct)."""

    kind = forms.ChoiceField(label=_("Applicant"), choices=ApplicantKind.choices, widget=forms.RadioSelect)
    id_type = forms.ChoiceField(label=_("Document"), choices=PERSON_IDS, required=False)
    id_number = _line(most=40, label=_("Identity number"))
    name = _line(most=120, label=_("Name"))
    contact = _line(most=60, label=_("Contact person"))
    mobile = _line(most=20, label=_("Mobile"), inputmode="tel")
    address = _line(most=200, label=_("Address"), required=False, list="towns")
    agent_name = _line(most=60, label=_("Agent's name"), required=False)
    agent_id_number = _line(most=40, label=_("Agent's identity card"), required=False)
    agent_mobile = _line(most=20, label=_("Agent's mobile"), required=False, inputmode="tel")
    delivery_form = forms.ChoiceField(
        label=_("How to get the result"), choices=DELIVERY, widget=forms.RadioSelect
    )
    lang = forms.ChoiceField(label=_("Messages in"), choices=LANGUAGES)
    allow_duplicate = forms.BooleanField(label=_("Take it in all the same"), required=False)
    on_commitment = forms.BooleanField(label=_("On a written commitment (告知承诺)"), required=False)
    renews = _line(most=20, label=_("Renews the licence"), required=False)
    consent = forms.BooleanField(
        label=_("The applicant agrees, here and now, that papers handed in before are used again"),
        required=False,
    )
    note = forms.CharField(
        label=_("Note for the applicant"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, data: Any = None, uploads: Any = None, *, by: Person, version: ItemVersion | None, do: str = ""
    ):
        start = {
            "kind": "person",
            "id_type": "citizen_id",
            "delivery_form": "counter",
            "lang": get_language(),
        }
        super().__init__(_plain(start | dict(data or {})), uploads or MultiValueDict())
        self.by, self.version, self.do = by, version, do
        self.specs = list(version.materials.all()) if version else []
        self.said: dict[int, Any] = {}
        self._look_up()
        self.kept: dict[int, Attachment] = {}
        self.spoilt: dict[int, str] = {}
        for spec in self.specs:
            held = self.held.get(spec.no)
            is_new = held is not None and not self.data.get(f"l{spec.no}") and do not in FINAL
            if f"m{spec.no}" not in self.data or is_new:
                self.data[f"m{spec.no}"] = _unless_chosen(
                    str(self.data.get(f"m{spec.no}", "missing")), start_form(spec, held)
                )
            if do in ("fetch", "all_held") and held and self.data[f"m{spec.no}"] in ("missing", "owed"):
                self.data[f"m{spec.no}"] = DocumentForm.REUSED
            if (
                do == "all_paper"
                and spec.necessity == Necessity.REQUIRED
                and self.data[f"m{spec.no}"] == "missing"
            ):
                self.data[f"m{spec.no}"] = DocumentForm.PAPER
            ways = forms_of(spec, held=held is not None, owed=spec.no in self.owed)
            if do not in FINAL and self.data[f"m{spec.no}"] not in ways:
                self.data[f"m{spec.no}"] = DocumentForm.MISSING
            choices = [(f, SHORT[DocumentForm(f)]) for f in ways]
            self.fields[f"m{spec.no}"] = forms.ChoiceField(label=spec.name, choices=choices)
            self.fields[f"k{spec.no}"] = forms.CharField(required=False, max_length=32)
            self.fields[f"c{spec.no}"] = forms.CharField(label=spec.name, required=False, max_length=200)
        if self.is_enterprise:
            self.fields["id_number"].label = _("Unified social credit code")
            self.fields["name"].label = _("Name of the enterprise")
        else:
            del self.fields["contact"]
        self._keep_uploads()

    @property
    def is_enterprise(self) -> bool:
        return self.data.get("kind") == ApplicantKind.ENTERPRISE

    @property
    def id_type_given(self) -> str:
        return IdType.USCC if self.is_enterprise else str(self.data.get("id_type") or IdType.CITIZEN)

    @property
    def subject(self) -> str:
        """The holder's identity number, if it is complete and right; else nothing."""
        try:
            return identifiers.clean(self.id_type_given, str(self.data.get("id_number", "")))
        except identifiers.BadIdentifier:
            return ""

    def _look_up(self) -> None:
        """What is held of this holder, and which registers can answer for the rest."""
        self.held: dict[int, Material] = {}
        self.registers: dict[int, Dataset] = {}
        self.owed: set[int] = set()
        version, kind = self.version, str(self.data.get("kind", ""))
        if version is None:
            return
        self.registers = reuse.fetchable(version, kind)
        if subject := self.subject:
            number = sitting.reserved(self.by, str(self.data.get("key", ""))) if self.registers else ""
            self.held = reuse.offers(version, kind, subject, number)
            if number:
                self.owed = reuse.unanswered(self.registers, number) - set(self.held)

    def _keep_uploads(self) -> None:
        """Stores what was sent, whatever else is wrong with the form: it need not be sent again."""
        keys = [str(self.data.get(f"k{s.no}", "")) for s in self.specs]
        known = files.loose([k for k in keys if k], self.by.username)
        for spec in self.specs:
            name = f"{spec.no}"
            if upload := self.files.get(f"f{name}"):
                try:
                    self.kept[spec.no] = files.store(
                        upload, by=self.by.username, purpose=f"material {spec.no}"
                    )
                except files.BadFile as bad:
                    self.spoilt[spec.no] = str(bad)
                    continue
                self.data[f"k{name}"] = self.kept[spec.no].key
                self.data[f"m{name}"] = DocumentForm.ELECTRONIC
            elif (attachment := known.get(str(self.data.get(f"k{name}", "")))) is not None:
                self.kept[spec.no] = attachment
            else:
                self.data[f"k{name}"] = ""

    # --- checks ----------------------------------------------------------------------------------------------

    def clean_id_number(self) -> str:
        if not (text := self.cleaned_data["id_number"]):
            return ""
        return _checked(lambda: identifiers.clean(self.id_type_given, text))

    def clean_mobile(self) -> str:
        return _checked(lambda: identifiers.check_mobile(self.cleaned_data["mobile"]))

    def clean_name(self) -> str:
        if not (name := tidy(self.cleaned_data["name"])):
            raise forms.ValidationError(self.fields["name"].error_messages["required"], code="required")
        return name

    def clean_contact(self) -> str:
        return tidy(self.cleaned_data["contact"])

    def clean_agent_name(self) -> str:
        return tidy(self.cleaned_data["agent_name"])

    def clean_agent_id_number(self) -> str:
        text = self.cleaned_data["agent_id_number"]
        return _checked(lambda: identifiers.check_citizen_id(text)) if text else ""

    def clean_agent_mobile(self) -> str:
        text = self.cleaned_data["agent_mobile"]
        return _checked(lambda: identifiers.check_mobile(text)) if text else ""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        self._clean_agent(given)
        if given.get("delivery_form") == DeliveryForm.POST and not given.get("address"):
            self.add_error("address", _("The result goes by post: please enter the address."))
        if self.version is None:
            self.add_error(None, _("Please choose the item first."))
        elif self.is_enterprise and not self.version.for_enterprises:
            self.add_error("kind", _("This item is for persons only."))
        elif not self.is_enterprise and not self.version.for_persons:
            self.add_error("kind", _("This item is for enterprises only."))
        for spec in self.specs:
            if gone := self._gone(spec.no):
                self.errors.pop(f"m{spec.no}", None)
                self.add_error(f"m{spec.no}", gone)
            if spec.no in self.spoilt:
                self.add_error(f"m{spec.no}", self.spoilt[spec.no])
            elif given.get(f"m{spec.no}") == DocumentForm.ELECTRONIC and spec.no not in self.kept:
                self.add_error(f"m{spec.no}", _("There is no file yet: upload it, or choose “Paper”."))
        self._clean_pledges(given)
        if self.needs_consent and not given.get("consent") and self.do in FINAL:
            self.add_error(
                "consent", _("Ask the applicant and tick it, or take the paper (个人信息保护法 13).")
            )
        if self.do == sitting.TELL and not self.to_correct and not given.get("note"):
            self.add_error("note", _("Please say what has to be corrected."))
        if self.do not in FINAL:
            self._forgive()
        return given

    def _clean_pledges(self, given: dict[str, Any]) -> None:
        """What may follow later and what may be promised: as the law, the item and the holder's record allow."""
        if self.version is None:
            return
        materials = {s.no: (str(given.get(f"m{s.no}", "")), None) for s in self.specs}
        number = str(given.get("id_number") or "")
        if given.get("renews") and number:
            try:
                renewing.check(self.version, given["renews"], number)
            except pledging.NotOffered as shut:
                self.add_error("renews", shut.reason.text)
        try:
            pledging.check(self.version, number, materials, bool(given.get("on_commitment")))
        except pledging.NotOffered as shut:
            deferred = [no for no, (form, _file) in materials.items() if form == DocumentForm.DEFERRED]
            self.add_error(f"m{deferred[0]}" if deferred else "on_commitment", shut.reason.text)

    def _gone(self, no: int) -> Any:
        """Why what the page offered is no longer there: it expired, was revoked, or is somebody else's."""
        key = str(self.data.get(f"l{no}", ""))
        if self.data.get(f"m{no}") != DocumentForm.REUSED or no in self.held:
            return ""
        return reuse.why_gone(key, self.subject) or _("It is not held: fetch it, or take it on paper.")

    def _clean_agent(self, given: dict[str, Any]) -> None:
        if not any(given.get(f) for f in ("agent_name", "agent_id_number", "agent_mobile")):
            return
        for field in ("agent_name", "agent_id_number"):
            if not given.get(field) and field not in self.errors:
                self.add_error(field, _("An agent needs a name and an identity card number."))
        if given.get("agent_id_number") and given.get("agent_id_number") == given.get("id_number"):
            self.add_error(
                "agent_id_number", _("This is the applicant, not an agent. Please leave the agent empty.")
            )

    def _forgive(self) -> None:
        """Nobody is blamed for what is not yet typed."""
        self.errors.pop("__all__", None)
        for field in list(self.errors):
            spoilt = field[1:].isdigit() and int(field[1:]) in self.spoilt
            if (field[1:].isdigit() and not spoilt) or not str(self.data.get(field, "")).strip():
                del self.errors[field]

    # --- what the page and the sitting need ------------------------------------------------------------------

    def rows(self) -> list[Row]:
        return [
            Row(
                spec,
                self.fields[f"m{spec.no}"].choices,  # type: ignore[attr-defined]
                str(self.data[f"m{spec.no}"]),
                self.kept.get(spec.no),
                str(self.data.get(f"c{spec.no}", "")),
                list(self.errors.get(f"m{spec.no}", [])) if self.is_bound else [],
                self.held.get(spec.no),
                self.registers.get(spec.no),
                self.said.get(spec.no, ""),
                spec.no == self.next_no,
                self._link(spec.no),
            )
            for spec in self.specs
        ]

    def _link(self, no: int) -> str:
        """Where the clerk may look at what is held, for the time of this sitting."""
        m = self.held.get(no)
        if m is None or not (m.attachment_id or m.body):
            return ""
        return reverse("counter_held", args=[signing.dumps([m.key, self.by.pk], salt=HELD)])

    @property
    def next_no(self) -> int:
        """After fetching: the first material that still needs a hand."""
        if self.do != "fetch" or self.needs_consent:
            return 0
        return next((s.no for s in self.specs if self.data[f"m{s.no}"] == DocumentForm.MISSING), 0)

    @property
    def needs_consent(self) -> bool:
        """Something that the holder handed in for another matter is to be used again."""
        return any(
            m.needs_consent and self.data.get(f"m{no}") == DocumentForm.REUSED for no, m in self.held.items()
        )

    @property
    def may_need_consent(self) -> bool:
        return any(m.needs_consent for m in self.held.values())

    @property
    def to_fetch(self) -> bool:
        """Whether F7 would do anything."""
        here = (DocumentForm.MISSING, DocumentForm.OWED)
        return any(
            self.data.get(f"m{s.no}") in here and (s.no in self.held or s.no in self.registers)
            for s in self.specs
        )

    def missing(self) -> list[MaterialSpec]:
        """Required materials that are not there."""
        return [row.spec for row in self.rows() if row.is_due]

    @property
    def to_correct(self) -> dict[int, str]:
        return {s.no: t for s in self.specs if (t := str(self.cleaned_data.get(f"c{s.no}", "")).strip())}

    def intake(self) -> dict[str, Any]:
        """What :func:`sitting.finish` takes, of a valid form."""
        given = self.cleaned_data
        applicant = {
            f: given.get(f, "") for f in ("kind", "name", "id_number", "mobile", "contact", "address")
        }
        agent = {f: given[f"agent_{f}"] for f in ("name", "id_number", "mobile")}
        return {
            "applicant": applicant | {"id_type": self.id_type_given},
            "agent": agent if agent["name"] else None,
            "materials": {s.no: self._material(s.no) for s in self.specs},
            "delivery_form": given["delivery_form"],
            "lang": given["lang"],
            "allow_duplicate": given["allow_duplicate"],
            "on_commitment": given["on_commitment"],
            "renews": given["renews"],
            "consent": Given.COUNTER if given["consent"] else "",
        }

    def _material(self, no: int) -> tuple[str, reuse.What]:
        form = self.cleaned_data[f"m{no}"]
        if form == DocumentForm.REUSED:
            return form, self.held.get(no)
        return form, self.kept.get(no) if form == DocumentForm.ELECTRONIC else None

    def typed(self) -> dict[str, str]:
        """Everything worth keeping in a draft."""
        names = {"item", *self.fields} - {"allow_duplicate"}
        return {n: str(v) for n, v in self.data.items() if n in names and v}

    @property
    def is_empty(self) -> bool:
        return not self.version and not any(self.data.get(f) for f in ("id_number", "name", "mobile"))

    def trouble(self) -> str:
        """One line for the bar: how many fields need a look."""
        n = sum(1 for f in self.errors if f != "__all__")
        return (
            ngettext("%(n)d field needs your attention", "%(n)d fields need your attention", n) % {"n": n}
            if n
            else ""
        )


def _unless_chosen(form: str, start: str) -> str:
    """What the clerk has chosen stays; what was not yet there takes what is held."""
    return start if form in ("", "missing", "reused", "owed") else form


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Single values, changeable."""
    return {
        k: v[-1] if isinstance(v, list) and v else "" if isinstance(v, list) else v for k, v in data.items()
    }


def _checked(check: Any) -> str:
    try:
        return check()
    except identifiers.BadIdentifier as bad:
        raise forms.ValidationError(bad.message, code=bad.code) from None


def tidy(text: str) -> str:
    """Names as they are searched for later: one spelling of each sign, single spaces, nothing invisible."""
    seen = "".join(
        c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return re.sub(r"\s+", " ", seen).strip()
