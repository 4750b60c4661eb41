"""What staff type about reviews: one that reached us by telephone, a ruling on a text, a reply, what a check found."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.cases import numbers
from onewindow.voice.actions import LONGEST, clean
from onewindow.voice.forms import indicators
from onewindow.voice.models import Level, ReviewChannel, Touchpoint
from onewindow.voice.records import Ground, Outcome


class CaseForm(forms.Form):
    """Which case the person on the telephone speaks of."""

    number = forms.CharField(
        label=_("Case number"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("It is on the receipt and in every message. Ask for it; do not look people up."),
    )

    def clean_number(self) -> str:
        return numbers.clean(self.cleaned_data["number"])


class EnterForm(forms.Form):
    """One verdict as somebody told it."""

    touchpoint = forms.ChoiceField(label=_("Moment"), widget=forms.RadioSelect)
    channel = forms.TypedChoiceField(
        label=_("How it reached us"),
        coerce=int,
        choices=[(c.value, c.label) for c in (ReviewChannel.HOTLINE, ReviewChannel.TERMINAL)],
    )
    level = forms.TypedChoiceField(
        label=_("How satisfied is the person?"),
        coerce=int,
        choices=Level,
        widget=forms.RadioSelect,
        help_text=_("Read all five out; do not hint at any."),
    )
    codes = forms.MultipleChoiceField(
        label=_("Reasons that the person names"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    text = forms.CharField(
        label=_("In the person's own words"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST}),
    )
    why = forms.CharField(
        label=_("Why the person does not rate alone"),
        max_length=200,
        help_text=_("For example: cannot read, has no smartphone. Stands beside the review for ever."),
    )

    def __init__(self, data: Any = None, *, touchpoints: list[str], **more: Any):
        super().__init__(data, **more)
        self.fields["touchpoint"].choices = [(t, Touchpoint(t).label) for t in touchpoints]  # type: ignore[attr-defined]
        self.fields["codes"].choices = [  # type: ignore[attr-defined]
            (r.level.label, [(code, f"{code} {label}") for code, label in r.indicators]) for r in indicators()
        ]

    def clean_text(self) -> str:
        return clean(self.cleaned_data["text"])


class RulingForm(forms.Form):
    """A ruling on a text: what is published of it, or why nothing."""

    publish = forms.TypedChoiceField(
        label=_("Ruling"),
        coerce=lambda v: v == "1",
        choices=[("1", _("Publish")), ("0", _("Withhold"))],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("As the public reads it"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST}),
        help_text=_("Black out with ■ what tells who wrote it. Anything else must stay as it is."),
    )
    ground = forms.ChoiceField(
        label=_("Ground for withholding"), required=False, choices=[("", "–"), *Ground.choices]
    )
    reason = forms.CharField(label=_("Reason for withholding"), required=False, max_length=200)


class ReplyForm(forms.Form):
    """What the department says in public."""

    reply = forms.CharField(
        label=_("Public reply"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST}),
        help_text=_("What was done about it. No names, numbers or dates that tell whose matter it was."),
    )


class CheckForm(forms.Form):
    """What somebody found who looked into a signal."""

    outcome = forms.ChoiceField(label=_("What it was"), choices=[("", _("Please choose")), *Outcome.choices])
    note = forms.CharField(label=_("What was looked at, and what was found"), max_length=400)
