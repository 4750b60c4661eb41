"""What a person says when taking a step of a pledge: one form a step, for the page and for the API alike."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.cases import files

MOST = 400


def _text(label: Any, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "maxlength": MOST, "data-phrases": ""})
    return forms.CharField(
        label=label, help_text=help_text, max_length=MOST, required=required, widget=widget
    )


class PledgeForm(forms.Form):
    """A step that needs nothing said. ``phrases`` are Chinese, because the letters are."""

    phrases: ClassVar[tuple[str, ...]] = ()

    def __init__(self, data: Any = None, uploads: Any = None, *, case: Any, by: Any):
        super().__init__(data, uploads)
        self.case, self.by = case, by


class MakeGoodForm(PledgeForm):
    """On paper, or as a file."""

    form = forms.ChoiceField(
        label=_("How it comes"),
        choices=[("paper", _("Paper")), ("electronic", _("Scan or file"))],
        widget=forms.RadioSelect,
        initial="paper",
    )
    file = forms.FileField(
        label=_("File"), required=False, widget=forms.FileInput(attrs={"accept": files.ACCEPT})
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        upload, form = given.get("file"), given.get("form")
        attachment = None
        if form == "electronic" and not upload:
            self.add_error("file", _("Please choose the file."))
        elif upload and not self.errors:
            form = "electronic"
            try:
                attachment = files.store(upload, by=self.by.username, purpose=f"material {self.case.spec_no}")
            except files.BadFile as bad:
                self.add_error("file", bad.message)
        return {"form": form, "attachment": attachment}


class CheckForm(PledgeForm):
    """Who looked, and what was found."""

    phrases = ("经现场核查，与承诺内容一致。", "经核验数据，承诺内容属实。")
    staff = forms.CharField(
        label=_("Checked by"),
        max_length=60,
        help_text=_("Two names at least (行政许可法 34)"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = _text(_("What was found"))

    def clean_staff(self) -> str:
        names = [n for n in re.split(r"[、,，;；\s]+", self.cleaned_data["staff"]) if n]
        if len(set(names)) < 2:
            raise forms.ValidationError(_("A check on the spot needs two members of staff: name both."))
        return "、".join(names)


class BreachForm(PledgeForm):
    """What happened; the applicant reads it."""

    phrases = ("逾期未补交所承诺的材料。", "经现场核查，实际情况与承诺不符。")
    reason = _text(_("What was not kept"), _("The applicant reads this and may state the case."))


class StateForm(PledgeForm):
    """The party's own words."""

    statement = _text(_("What the party says"))


class ClearForm(PledgeForm):
    """Why it was not broken."""

    phrases = ("陈述申辩理由成立，承诺已履行。",)
    reason = _text(_("Reason"))


FORMS: dict[str, type[PledgeForm]] = {
    "make_good": MakeGoodForm,
    "check": CheckForm,
    "breach": BreachForm,
    "state": StateForm,
    "clear": ClearForm,
}
