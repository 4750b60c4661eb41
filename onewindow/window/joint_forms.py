"""What is said with the steps between departments."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.approvals.models import Finding
from onewindow.org.calendar import Limit
from onewindow.org.models import Office
from onewindow.org.templatetags.ow import local
from onewindow.window import joint
from onewindow.window.forms import CorrectForm, ReasonForm, StepForm, _text
from onewindow.window.models import Document

OUTCOMES = [
    ("mended", _("What was missing is here now")),
    ("complete", _("It was complete: let the bureau decide")),
]


class BounceForm(ReasonForm):
    """Which paper is missing or wrong; the window reads it, not the applicant."""

    phrases = ("缺少申请人签章。", "所附材料与申请事项不符。")
    reason = _text(_("What is not complete?"), _("Once only, and all at once. The lawful limit runs on."))


class AnswerBounceForm(CorrectForm):
    """Put right, with the material that was missing, or contested."""

    nothing = ""
    outcome = forms.ChoiceField(label=_("Answer"), choices=OUTCOMES, widget=forms.RadioSelect)
    answer = _text(_("In words"))

    def ways(self, document: Document) -> list[tuple[str, Any]]:
        return [("", _("Unchanged")), *super().ways(document)[1:]]

    def hint(self, document: Document) -> Any:
        return document.get_form_display()

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        said = {name: self.cleaned_data.get(name, "") for name in ("outcome", "answer")}
        if given["materials"] and said["outcome"] == "complete":
            self.add_error("outcome", _("If something was handed in after all, it was not complete before."))
        return said | given


class SettleForm(StepForm):
    """Who was right, and why."""

    finding = forms.ChoiceField(label=_("Who was right?"), choices=Finding.choices, widget=forms.RadioSelect)
    reason = _text(_("Reason"))


class AskOpinionForm(StepForm):
    """Whom, what, and until when."""

    office = forms.ChoiceField(label=_("Department"))
    question = _text(_("What do you want to know?"))
    limit = forms.CharField(
        label=_("Working days"),
        initial="3",
        max_length=5,
        widget=forms.NumberInput(attrs={"min": 1, "max": 15}),
    )

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        offices = Office.objects.filter(kind__in=["department", "bureau", "town"]).order_by("code")
        rows = [(o.code, local(o)) for o in offices if o.pk != self.case.office_id]
        self.fields["office"].choices = [("", _("Please choose")), *rows]  # type: ignore[attr-defined]

    def clean_limit(self) -> str:
        text = re.sub(r"wd$", "", self.cleaned_data["limit"].strip())
        if not text.isdecimal() or not 1 <= int(text) <= 15:
            raise forms.ValidationError(_("1 to 15 working days: the lawful limit runs on meanwhile."))
        return str(Limit(int(text), "wd"))


class TakeBackForm(ReasonForm):
    """Which opinion, and why it was wrong."""

    phrases = ("误操作，重新出具意见。", "经复核，原意见依据有误。")
    approval = forms.ChoiceField(label=_("Opinion"), widget=forms.RadioSelect)
    reason = _text(_("Reason"), _("It stays on record with your name."))
    field_order = ("approval", "reason")

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        mine = joint.taken_back_by(self.case, self.by)
        choices = [(b.number, f"{local(b.office)} {local(b)} {b.status_label}") for b in mine]
        self.fields["approval"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["approval"].initial = choices[0][0]


JOINT_FORMS: dict[str, type[StepForm]] = {
    "confirm": StepForm,
    "bounce": BounceForm,
    "answer_bounce": AnswerBounceForm,
    "settle": SettleForm,
    "take_back_opinion": TakeBackForm,
    "ask_opinion": AskOpinionForm,
}
