"""What a person says when taking a step: one form a step, for the page and for the API alike.

``cleaned_data`` holds exactly what the step is given. A program sends a material's part as a mapping
(``{"materials": {"2": "…"}}``); the page sends one field a material.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.approvals.forms import StopFields
from onewindow.cases import files, instant
from onewindow.catalog.models import Code
from onewindow.org.templatetags.ow import day_long, local
from onewindow.window import joint, pledging
from onewindow.window.models import DeliveryForm, Document, DocumentForm, Result
from onewindow.window.records import Conclusion

MOST = 400


def _text(
    label: Any, help_text: Any = "", *, required: bool = True, most: int = MOST, rows: int = 3
) -> forms.CharField:
    """A reason or note, up to ``most`` characters; the page counts them and offers the step's stock phrases."""
    widget = forms.Textarea(attrs={"rows": rows, "maxlength": most, "data-phrases": ""})
    return forms.CharField(
        label=label, help_text=help_text, max_length=most, required=required, widget=widget
    )


def codes(which: str) -> list[tuple[str, str]]:
    """The reasons of a code list that are in use, in the reader's language."""
    return [(c.code, local(c)) for c in Code.objects.filter(list=which, is_active=True).order_by("id")]


class StepForm(forms.Form):
    """A step that needs nothing said: the button alone. ``phrases`` are Chinese, because the letters are."""

    phrases: ClassVar[tuple[str, ...]] = ()
    #: field → code list that it chooses from
    lists: ClassVar[Mapping[str, str]] = {}
    #: first letter of the fields that belong to a material
    letter: ClassVar[str] = "m"

    def __init__(self, data: Any = None, uploads: Any = None, *, case: Any, by: Any):
        if isinstance(data, Mapping) and isinstance(data.get("materials"), Mapping):
            data = {**data, **{f"{self.letter}{no}": value for no, value in data["materials"].items()}}
        super().__init__(data, uploads)
        self.case, self.by = case, by
        for name, which in self.lists.items():
            choices = [("", _("Please choose")), *codes(which)]
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def documents(self) -> list[Document]:
        """The materials of the case, in the order of the item's list."""
        rows = Document.objects.filter(application=self.case).select_related("spec", "attachment")
        return list(rows.order_by("spec__no"))


class ReasonForm(StepForm):
    """A step with a reason in words."""

    reason = _text(_("Reason"), _("The applicant reads this."))


class AskCorrectionForm(StepForm):
    """What is missing, material by material, and what else the applicant should know: told once, completely."""

    letter = "c"
    phrases = (
        "请加盖公章后重新提交。",
        "复印件不清晰，请提供清晰的复印件。",
        "证件已过有效期，请提供有效证件。",
        "缺少签名，请本人签名后提交。",
    )

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        for document in self.documents():
            missing = document.form == DocumentForm.MISSING and document.spec.necessity == 1
            self.fields[f"c{document.spec.no}"] = forms.CharField(
                label=local(document.spec),
                help_text=document.get_form_display(),
                max_length=200,
                required=False,
                initial="请提交本材料。" if missing else "",
                widget=forms.TextInput(attrs={"list": "phrases", "autocomplete": "off"}),
            )
        self.fields["note"] = _text(_("Note to the applicant"), required=False, rows=2)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        materials = {
            int(name[1:]): text
            for name, text in given.items()
            if name[0] == "c" and name[1:].isdigit() and text
        }
        if not materials and not given.get("note"):
            raise forms.ValidationError(_("Say what is missing: at one material at least, or in the note."))
        return {"note": given.get("note") or "请按所列材料逐项补正。", "materials": materials}


class ReceiveForm(StepForm):
    """Of what the applicant was going to bring to the window: what has come in on paper."""

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        for document in self.documents():
            if document.form == DocumentForm.MISSING:
                label = _("Handed in on paper: %(name)s") % {"name": local(document.spec)}
                self.fields[f"m{document.spec.no}"] = forms.BooleanField(label=label, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        return {"materials": [int(name[1:]) for name, here in given.items() if here]}


class CorrectForm(StepForm):
    """The window takes in what the applicant brings: each material on paper or as a file."""

    nothing: ClassVar[Any] = _("Tick at least one material that was supplied.")

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        rows = self.documents()
        for document in [d for d in rows if d.to_correct] or rows:
            no = document.spec.no
            self.fields[f"m{no}"] = forms.ChoiceField(
                label=local(document.spec),
                help_text=self.hint(document),
                choices=self.ways(document),
                required=False,
                initial=DocumentForm.PAPER if document.to_correct else "",
                widget=forms.RadioSelect,
            )
            self.fields[f"f{no}"] = forms.FileField(
                label=_("File: %(name)s") % {"name": local(document.spec)},
                required=False,
                widget=forms.FileInput(attrs={"accept": files.ACCEPT}),
            )

    def ways(self, document: Document) -> list[tuple[str, Any]]:
        """How a material may have come."""
        here = [DocumentForm.PAPER, DocumentForm.ELECTRONIC]
        return [("", _("Not supplied")), *[(f.value, f.label) for f in here]]

    def hint(self, document: Document) -> Any:
        return document.to_correct

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        supplied: dict[int, tuple[str, Any]] = {}
        for name, form in list(given.items()):
            if name[0] != "m" or not name[1:].isdigit():
                continue
            no, upload = int(name[1:]), given.get(f"f{name[1:]}")
            if upload and not self.errors:
                try:
                    kept = files.store(upload, by=self.by.username, purpose=f"material {no}")
                    supplied[no] = (DocumentForm.ELECTRONIC, kept)
                except files.BadFile as bad:
                    self.add_error(f"f{no}", bad.message)
            elif form == DocumentForm.ELECTRONIC:
                self.add_error(f"f{no}", _("Please choose the file."))
            elif form:
                supplied[no] = (form, None)
        if not supplied and not self.errors and self.nothing:
            raise forms.ValidationError(self.nothing)
        return {"materials": supplied}


class CheckMaterialsForm(CorrectForm):
    """A material handed in after all, or a tick taken back: what stands there now, and what it should be."""

    nothing = _("Say at one material at least what has changed.")

    def ways(self, document: Document) -> list[tuple[str, Any]]:
        if document.form == DocumentForm.MISSING:
            return [("", _("Unchanged")), *super().ways(document)[1:]]
        return [("", _("Unchanged")), (DocumentForm.MISSING.value, DocumentForm.MISSING.label)]

    def hint(self, document: Document) -> Any:
        return document.get_form_display()


class RefuseAcceptanceForm(ReasonForm):
    """Which lawful ground, and why it applies here (行政许可法 32(1)(2))."""

    lists = {"reason_code": "refuse_acceptance"}
    phrases = (
        "该事项依法不需要取得行政许可。",
        "该事项不属于本机关职权范围，请向有关行政机关申请。",
        "逾期未补正申请材料。",
    )
    reason_code = forms.ChoiceField(label=_("Ground"))
    field_order = ("reason_code", "reason")


class SuspendForm(StopFields, StepForm):
    """Which special procedure, how long, and what the applicant is told (行政许可法 45)."""

    phrases = (
        "需组织专家评审，所需时间不计入办理期限。",
        "需进行现场检验，请配合安排时间。",
        "申请人要求听证，听证时间另行通知。",
    )


class ExtendForm(ReasonForm):
    """Why the limit can't be kept (行政许可法 42)."""

    phrases = ("案情复杂，需进一步核实有关情况。", "需向有关部门核实，暂不能在期限内作出决定。")


class DecideForm(StepForm):
    """Granted or refused; a refusal names its ground and its reasons (行政许可法 38)."""

    lists = {"reason_code": "refuse"}
    phrases = (
        "经审查，申请符合法定条件、标准。",
        "经审查，经营场所不符合法定条件。",
        "现场核查结论不合格。",
        "申请材料内容与实际情况不符。",
    )
    result = forms.ChoiceField(
        label=_("Decision"),
        choices=[(Result.GRANT.value, _("Grant")), (Result.REFUSE.value, _("Refuse"))],
        widget=forms.RadioSelect,
    )
    reason_code = forms.ChoiceField(
        label=_("Ground of refusal"),
        required=False,
        widget=forms.Select(attrs={"data-only-if": "result=refuse"}),
    )
    reason = _text(
        _("Reasons for the decision"),
        _("Required for a refusal: the applicant reads them in the decision."),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("result") == Result.REFUSE:
            if not given.get("reason_code") and "reason_code" not in self.errors:
                self.add_error("reason_code", _("A refusal names its lawful ground."))
            if not given.get("reason") and "reason" not in self.errors:
                self.add_error("reason", _("A refusal gives its reasons (行政许可法 38)."))
        elif given.get("result") == Result.GRANT and (why := joint.objection(self.case)):
            self.add_error("result", why)
        elif given.get("reason_code"):
            self.add_error(
                "reason_code",
                _("A ground of refusal does not go with “Grant”. Empty it, or choose “Refuse”."),
            )
        return given


class DeliverForm(StepForm):
    """Into whose hands the decision came: the applicant's, a proxy's, or the post's."""

    received_by = forms.CharField(
        label=_("Received by"),
        max_length=60,
        required=False,
        help_text=_("Name of the person who signs for it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    proxy = forms.BooleanField(
        label=_("Not the applicant: a proxy, whose identity card and authority I have seen"), required=False
    )
    post_number = forms.CharField(
        label=_("Number of the registered letter"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        if self.case.delivery_form != DeliveryForm.POST:
            del self.fields["post_number"]

    def clean_received_by(self) -> str:
        name = self.cleaned_data["received_by"].strip()
        if not name and self.case.delivery_form == DeliveryForm.COUNTER:
            raise forms.ValidationError(_("Who took the decision at the window? Please enter the name."))
        return name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.case.delivery_form == DeliveryForm.POST and not (
            given.get("post_number") or given.get("received_by")
        ):
            self.add_error("post_number", _("Sent by post: enter its number, or who took it instead."))
        if given.get("proxy") and not given.get("received_by") and "received_by" not in self.errors:
            self.add_error("received_by", _("Please enter the proxy's name."))
        return given


class WithdrawForm(ReasonForm):
    """The applicant's signed request, in a word."""

    phrases = ("申请人书面申请撤回。", "申请人情况变化，不再需要办理。")


class VoidForm(ReasonForm):
    """What went wrong at the window."""

    phrases = ("重复登记。", "事项登记错误。", "申请人信息登记错误。")
    reason = _text(_("Reason"), _("It stays on record with your name."))


class FinaliseForm(StepForm):
    """A word with the final result, if there is one to say."""

    phrases = ("所缺材料已全部补齐，经审查符合法定条件、标准。",)
    reason = _text(_("Reasons for the decision"), required=False)


class RevokeForm(ReasonForm):
    """Ground, reasons, and what the party said; who was not heard can't be revoked before its time is over."""

    lists = {"reason_code": "revoke"}
    phrases = ("经核查，实际情况与承诺内容不符。", "承诺补交的材料逾期未补齐。")
    reason_code = forms.ChoiceField(label=_("Ground"))
    heard = _text(
        _("What the party stated"),
        _("Its statement in a few words; empty only if it let its time pass."),
        required=False,
    )
    field_order = ("reason_code", "reason", "heard")

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.broken = [p for p in pledging.all_of(self.case) if p.status == "broken"]
        said = [p.statement for p in self.broken if p.statement]
        self.fields["heard"].initial = "".join(said)[:MOST]

    def clean_heard(self) -> str:
        heard = self.cleaned_data["heard"].strip()
        waits = [p.due_at for p in self.broken if p.due_at and p.due_at > instant.now()]
        if heard or (self.broken and not waits):
            return heard
        if not self.broken:
            raise forms.ValidationError(
                _("The party has to be heard before a decision is revoked: what did it say?")
            )
        text = _("The party may state its case until %(day)s: wait, or enter what it has said.")
        raise forms.ValidationError(text % {"day": day_long(max(waits))})


class ForwardForm(StepForm):
    """Which authority decides, and what the preliminary review found (行政许可法 43)."""

    phrases = ("经初审，申请材料齐全，符合法定条件，建议准予许可。", "经初审，不符合法定条件，建议不予许可。")
    to = forms.CharField(
        label=_("Higher authority"),
        max_length=80,
        help_text=_("Its full name: the applicant reads it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    conclusion = forms.ChoiceField(
        label=_("Finding of the preliminary review"), choices=Conclusion, widget=forms.RadioSelect
    )
    opinion = _text(_("Opinion"), _("Goes to the higher authority with all the materials."))


FORMS: dict[str, type[StepForm]] = {
    "receive": ReceiveForm,
    "check_materials": CheckMaterialsForm,
    "ask_correction": AskCorrectionForm,
    "correct": CorrectForm,
    "accept": StepForm,
    "refuse_acceptance": RefuseAcceptanceForm,
    "suspend": SuspendForm,
    "resume": StepForm,
    "extend": ExtendForm,
    "forward": ForwardForm,
    "decide": DecideForm,
    "deliver": DeliverForm,
    "finalise": FinaliseForm,
    "revoke": RevokeForm,
    "withdraw": WithdrawForm,
    "void": VoidForm,
}
