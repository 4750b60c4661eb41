"""What a person says when taking a step of an Approval: one form a step, for the page and for the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.approvals.models import Comment
from onewindow.catalog.models import Code
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
    """An answer to each open comment."""

    def __init__(self, data: Any = None, uploads: Any = None, *, case: Any, by: Any):
        if isinstance(data, Mapping) and isinstance(data.get("answers"), Mapping):
            data = {**data, **{f"a{no}": value for no, value in data["answers"].items()}}
        super().__init__(data, uploads, case=case, by=by)
        for one in Comment.objects.of(case).unanswered():
            late = _("Raised in round %(n)d, though it could have been asked before.") % {"n": one.round}
            self.fields[f"a{one.no}"] = _text(f"{one.no}. {one.text}", late if one.is_late else "")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        return {"answers": {int(n[1:]): text for n, text in given.items() if n[1:].isdigit()}}


class SuspendForm(StepForm):
    """Which special procedure of this department, and how long (行政许可法 45)."""

    phrases = ("需进行现场检查，请配合安排时间。", "需组织专家评审。")
    reason = forms.ChoiceField(label=_("Special procedure"))
    days = forms.IntegerField(
        label=_("Working days it will take"),
        min_value=1,
        max_value=250,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text=_("The law wants the time told in writing."),
    )
    notice = _text(_("Notice to the applicant"), _("Shown on the applicant's page."), most=360)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        rows = Code.objects.filter(list="stop_reason", is_active=True).order_by("id")
        choices = [("", _("Please choose")), *[(c.code, local(c)) for c in rows]]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        code = Code.objects.filter(list="stop_reason", code=given.get("reason", "")).first()
        days = given.get("days")
        if code and code.max_days and days and days > code.max_days:
            most = _("%(name)s may take at most %(days)d working days.")
            self.add_error("days", most % {"name": local(code), "days": code.max_days})
        return given


FORMS: dict[str, type[StepForm]] = {
    "approve": ApproveForm,
    "approve_with_conditions": ConditionsForm,
    "oppose": OpposeForm,
    "comment": CommentForm,
    "answer": AnswerForm,
    "suspend": SuspendForm,
    "resume": StepForm,
}
