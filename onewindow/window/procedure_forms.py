"""What is said at a hearing and at a site check, for the page and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import files, instant
from onewindow.cases.filefields import Files, FilesField, kept
from onewindow.org.fields import DayField
from onewindow.org.models import Person
from onewindow.org.templatetags.ow import day_long, local
from onewindow.window import procedures
from onewindow.window.forms import StepForm, _text
from onewindow.window.records import Conclusion


def _day(label: Any, help_text: Any = "") -> DayField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return DayField(label=label, help_text=help_text, widget=widget)


def _files(label: Any, help_text: Any = "") -> FilesField:
    widget = Files(attrs={"accept": files.ACCEPT})
    return FilesField(label=label, help_text=help_text, required=False, widget=widget)


def _names(people: Sequence[Person]) -> list[tuple[str, Any]]:
    return [("", _("Please choose")), *[(p.username, local(p)) for p in people]]


class OfferHearingForm(StepForm):
    """Why it touches great interests (行政许可法 47)."""

    phrases = (
        "拟作出不予许可的决定，可能对你（单位）的权益产生重大影响。",
        "该许可事项涉及他人重大利益关系。",
    )
    why = _text(_("What the decision is about"), _("The applicant reads it in the notice."))


class CallHearingForm(StepForm):
    """Day, hour, place and chair, with the days that the law leaves (行政许可法 48)."""

    on = _day(_("Day"))
    time = forms.RegexField(
        r"^([01]\d|2[0-3]):[0-5]\d$",
        label=_("Hour"),
        initial="09:00",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    place = forms.CharField(
        label=_("Place"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    chair = forms.ChoiceField(
        label=_("Chair"), help_text=_("Somebody who has not examined this application.")
    )

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        first, last = procedures.hearing_days(self.case, instant.now())
        days = {"first": day_long(first), "last": day_long(last)}
        self.fields["on"].help_text = _("From %(first)s to %(last)s.") % days
        chairs = procedures.may_chair(self.case, self.by)
        self.fields["chair"].choices = _names(chairs)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            wrong = procedures.why_not_hearing(self.case, given["on"], given["chair"], self.by, instant.now())
            if wrong:
                self.add_error({"bad_day": "on", "bad_chair": "chair"}[wrong.code], str(wrong.text))
        return given


class RecordHearingForm(StepForm):
    """Who was there, what was said, and what follows; the signed record as scans."""

    held_on = _day(_("Held on"))
    present = forms.CharField(
        label=_("Present"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    text = _text(_("What was brought forward"), rows=5, most=2000)
    conclusion = forms.ChoiceField(label=_("Finding"), choices=Conclusion, widget=forms.RadioSelect)
    pages = _files(_("Signed record"), _("Photos or scans of the pages signed by those who took part."))

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        if call := procedures.called(self.case):
            self.fields["held_on"].initial = call.data["on"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        call, day = procedures.called(self.case), given.get("held_on")
        if day and (day > timezone.localdate(instant.now()) or (call and day.isoformat() < call.data["on"])):
            self.add_error(
                "held_on", _("A hearing is recorded on the day for which it was called, or later.")
            )
        return given | {"pages": kept(self, "pages", "hearing")}


class SiteCheckForm(StepForm):
    """Two members of the department, what they looked at and what they found (行政许可法 34(3))."""

    phrases = ("现场与申报材料一致。", "消防通道畅通，设施齐全。", "现场布局与平面图不符，需整改。")
    staff = forms.ChoiceField(label=_("First member of staff"))
    second = forms.ChoiceField(
        label=_("Second member of staff"), help_text=_("Two at least, and two different ones.")
    )
    held_on = _day(_("Checked on"))
    place = forms.CharField(
        label=_("Place"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    points = forms.CharField(
        label=_("Points checked"),
        required=False,
        max_length=1500,
        help_text=_("One a line: what was looked at, a colon, what was found."),
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": 1500}),
    )
    conclusion = forms.ChoiceField(label=_("Finding"), choices=Conclusion, widget=forms.RadioSelect)
    text = _text(_("Remarks"), required=False, rows=2)
    photos = _files(_("Photos"))

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        people = _names(procedures.may_check(self.case))
        for name in ("staff", "second"):
            self.fields[name].choices = people  # type: ignore[attr-defined]
        if self.by.username in dict(people):
            self.fields["staff"].initial = self.by.username
        self.fields["held_on"].initial = timezone.localdate(instant.now())

    def clean_held_on(self) -> Any:
        day = self.cleaned_data["held_on"]
        accepted = timezone.localdate(self.case.accepted_at) if self.case.accepted_at else day
        if not accepted <= day <= timezone.localdate(instant.now()):
            raise forms.ValidationError(_("Between the day of acceptance and today."))
        return day

    def clean_points(self) -> list[tuple[str, str]]:
        lines = [line.strip() for line in self.cleaned_data["points"].splitlines() if line.strip()]
        pairs = [line.replace(":", "：", 1).partition("：") for line in lines]
        return [(what.strip(), found.strip() or "—") for what, _colon, found in pairs]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, second = given.get("staff"), given.get("second")
        if first and first == second:
            self.add_error(
                "second", _("Choose somebody else: two different people check a place (行政许可法 34(3)).")
            )
        return given | {"photos": kept(self, "photos", "site_check")}


PROCEDURE_FORMS: dict[str, type[StepForm]] = {
    "offer_hearing": OfferHearingForm,
    "ask_hearing": StepForm,
    "waive_hearing": StepForm,
    "give_up_hearing": StepForm,
    "call_hearing": CallHearingForm,
    "record_hearing": RecordHearingForm,
    "site_check": SiteCheckForm,
}
