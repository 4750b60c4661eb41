"""What a person says when taking a step of an Approval: one form a step, for the page and for the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.approvals.models import Comment
from onewindow.cases import files
from onewindow.cases.filefields import Files, FilesField, kept
from onewindow.catalog import stops
from onewindow.org.templatetags.ow import local

MOST = 400


def _text(label: Any, help_text: Any = "", *, required: bool = True, most: int = MOST) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "maxlength": most, "data-phrases": ""})
    return forms.CharField(
        label=label, help_text=help_text, max_length=most, required=required, widget=widget
    )


class StepForm(forms.Form):
    """A step that needs nothing said. ``phrases`` are Chinese, because the opinions are."""

    phrases: ClassVar[tuple[str, ...]] = ()

    def __init__(self, data: Any = None, uploads: Any = None, *, case: Any, by: Any):
        super().__init__(data, uploads)
        self.case, self.by = case, by


class ApproveForm(StepForm):
    """Nothing against it; a word if one is useful."""

    phrases = ("经审查，符合相关规定，同意。", "经现场核查，符合要求，同意。")
    opinion = _text(_("Opinion"), required=False)


class ConditionsForm(StepForm):
    """What has to be kept: it becomes part of the decision."""

    phrases = ("投入使用前须通过现场复核。", "须按核定范围经营。", "须在三个月内完善有关设施并报告。")
    conditions = _text(_("Conditions"), _("They stand in the decision, word for word."))
    opinion = _text(_("Opinion"), required=False)


class OpposeForm(StepForm):
    """Why not, and by which article."""

    phrases = ("经审查，不符合法定条件。", "现场核查结论不合格。")
    opinion = _text(_("Reasons"), _("The leading department can't grant over an objection."))
    basis = forms.CharField(
        label=_("Legal basis"),
        help_text=_("Law and article, for example 消防法 15."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CommentForm(StepForm):
    """New comments, one a line; in a later round each answered one is settled or stays open."""

    phrases = ("请补充平面布置图并标注疏散通道。", "请说明污水排放去向。")

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.old = list(Comment.objects.of(self.case).unsettled())
        for one in self.old:
            self.fields[f"c{one.no}"] = forms.ChoiceField(
                label=f"{one.no}. {one.text}",
                help_text=_("Answer: %(answer)s") % {"answer": one.answer},
                choices=[("settled", _("Settled")), ("open", _("Stays open"))],
                required=False,
                initial="settled",
                widget=forms.RadioSelect,
            )
        help_text = _("One comment a line. Tell all of them now: later ones are marked as late.")
        if self.case.round > 1:
            help_text = _(
                "Only what is really new. What could have been asked in the first round is marked as late and counted."
            )
        self.fields["comments"] = forms.CharField(
            label=_("Comments"),
            help_text=help_text,
            max_length=4000,
            required=False,
            widget=forms.Textarea(attrs={"rows": 5, "data-phrases": ""}),
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        lines = [line.strip() for line in given.get("comments", "").splitlines() if line.strip()]
        unsettled = [one.no for one in self.old if given.get(f"c{one.no}") == "open"]
        if any(len(line) > MOST for line in lines):
            self.add_error("comments", _("A comment has at most %(most)d characters.") % {"most": MOST})
        if not lines and not unsettled and not self.errors:
            raise forms.ValidationError(_("Say at least one thing that has to be answered."))
        return {"comments": lines, "unsettled": unsettled}


class AnswerForm(StepForm):
    """An answer to each open comment, with what proves it: photos, scans, a corrected plan."""

    def __init__(self, data: Any = None, uploads: Any = None, *, case: Any, by: Any):
        if isinstance(data, Mapping) and isinstance(data.get("answers"), Mapping):
            data = {**data, **{f"a{no}": value for no, value in data["answers"].items()}}
        super().__init__(data, uploads, case=case, by=by)
        self.open = list(Comment.objects.of(case).unanswered())
        for one in self.open:
            late = _("Raised in round %(n)d, though it could have been asked before.") % {"n": one.round}
            text = _text(f"{one.no}. {one.text}", late if one.is_late else "", required=False)
            self.fields[f"a{one.no}"] = text
            self.fields[f"f{one.no}"] = FilesField(
                label=_("Photos or files for %(no)d") % {"no": one.no},
                required=False,
                widget=Files(attrs={"accept": files.ACCEPT, "data-photos": ""}),
            )

    def rows(self) -> list[tuple[Comment, Any, Any]]:
        """(comment, field of the answer, field of the files) for the applicant's page."""
        return [(one, self[f"a{one.no}"], self[f"f{one.no}"]) for one in self.open]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for one in self.open:
            if not given.get(f"a{one.no}", "").strip() and not given.get(f"f{one.no}"):
                self.add_error(f"a{one.no}", _("Please answer this point, in words or with a file."))
        pages = {one.no: kept(self, f"f{one.no}", f"comment {one.no}") for one in self.open}
        answers = {one.no: given.get(f"a{one.no}", "").strip() or ATTACHED for one in self.open}
        return {"answers": answers, "pages": {no: rows for no, rows in pages.items() if rows}}


#: what stands as the answer where only files came
ATTACHED = "见所附材料。"
STOP_FIELDS = {"bad_reason": "reason", "bad_days": "days", "basis_missing": "basis"}


class StopFields(forms.Form):
    """Which special procedure, how long, and what the applicant is told (行政许可法 45); for a whole or for a share."""

    reason = forms.ChoiceField(label=_("Special procedure"))
    days = forms.IntegerField(
        label=_("Working days it will take"),
        min_value=1,
        max_value=stops.MOST_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_(
            "The law wants the time told in writing. When it is over, you are reminded; so is your head."
        ),
    )
    basis = forms.CharField(
        label=_("Article by which it does not count"),
        max_length=200,
        required=False,
        help_text=_(
            "Only where the item doesn't provide for it: the article that says this time does not count."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    notice = _text(
        _("Notice to the applicant"), _("Goes out as the notice of a special procedure."), most=360
    )

    def version(self) -> Any:
        """The version of the item whose list of reasons counts."""
        return self.case.item_version  # type: ignore[attr-defined]

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        listed, cited = [], []
        for code in stops.codes():
            known = stops.is_listed(self.version(), code)
            (listed if known else cited).append((code.code, local(code)))
        choices: list[Any] = [("", _("Please choose")), *listed]
        if cited:
            choices.append((_("Only with a legal basis"), cited))
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            code = stops.find(given["reason"])
            if reason := stops.why_not(self.version(), code, given["days"], given["basis"]):
                self.add_error(STOP_FIELDS[reason.code], str(reason.text))
        return given


class SuspendForm(StopFields, StepForm):
    """A special procedure of this department; only its share stands still."""

    phrases = ("需进行现场检查，请配合安排时间。", "需组织专家评审。")

    def version(self) -> Any:
        return self.case.item.current


FORMS: dict[str, type[StepForm]] = {
    "approve": ApproveForm,
    "approve_with_conditions": ConditionsForm,
    "oppose": OpposeForm,
    "comment": CommentForm,
    "answer": AnswerForm,
    "suspend": SuspendForm,
    "resume": StepForm,
}
