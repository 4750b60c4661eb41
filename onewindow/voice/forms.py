"""What people type about devices and reviews."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.catalog.models import Item
from onewindow.org.fields import DayField
from onewindow.org.models import Hall, Office, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice.actions import LONGEST, clean
from onewindow.voice.models import Indicator, Level, Touchpoint


@dataclass(frozen=True)
class Reasons:
    """One level with its coded indicators, in the reader's language."""

    level: Level
    indicators: list[tuple[str, str]]


def indicators() -> list[Reasons]:
    """The list in force, best level first."""
    rows = list(Indicator.objects.published())
    return [Reasons(level, [(r.code, local(r)) for r in rows if r.level == level]) for level in Level]


class RateForm(forms.Form):
    """One verdict by link: the level, its reasons, a text. Nothing is chosen beforehand."""

    score = forms.TypedChoiceField(
        label=_("How satisfied are you?"), choices=Level, coerce=int, widget=forms.HiddenInput
    )
    codes = forms.MultipleChoiceField(
        label=_("What was it? Choose as many as you like"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    text = forms.CharField(
        label=_("In your own words"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST}),
        help_text=_("Please leave out names, telephone and identity numbers."),
    )

    def __init__(self, data: Any = None, *, level: int, **more: Any):
        super().__init__(data, initial={"score": level}, **more)
        rows = next(r.indicators for r in indicators() if r.level == level)
        self.fields["codes"].choices = rows  # type: ignore[attr-defined]

    def clean_text(self) -> str:
        return clean(self.cleaned_data["text"])


PERIODS = [
    ("7", _("Last 7 days")),
    ("30", _("Last 30 days")),
    ("90", _("Last 90 days")),
    ("365", _("Last year")),
]
DEFAULT_DAYS = "30"


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class Filters(forms.Form):
    """What stands in the address of the list of reviews. A value that is none is ignored: an old link still opens."""

    days = forms.ChoiceField(label=_("Period"), choices=PERIODS, required=False)
    level = forms.ChoiceField(label=_("Level"), required=False)
    touchpoint = forms.ChoiceField(
        label=_("Moment"), choices=[("", _("All")), *Touchpoint.choices], required=False
    )
    hall = forms.ChoiceField(label=_("Hall"), required=False)
    office = forms.ChoiceField(label=_("Department"), required=False)
    item = forms.ChoiceField(label=_("Item"), required=False)
    show = forms.CharField(required=False, widget=forms.HiddenInput)
    since = DayField(label=_("From"), required=False, widget=_day())
    until = DayField(label=_("Until"), required=False, widget=_day())

    def __init__(self, given: Any, *, by: Person, everything: bool = False):
        super().__init__({"days": DEFAULT_DAYS} | {k: v for k, v in given.items() if v})
        halls = Hall.objects.order_by("code")
        offices = Office.objects.filter(items__isnull=False).distinct().order_by("code")
        items = Item.objects.order_by("office__code", "code")
        if not by.has_role(Role.BUREAU, Role.LEADER):
            if mine := by.halls_as(Role.HALL_MANAGER):
                halls = halls.filter(pk__in=mine)
            else:
                own = by.offices_as(Role.HEAD)
                offices, items = offices.filter(pk__in=own), items.filter(office_id__in=own)
        found: dict[str, list[tuple[str, Any]]] = {
            "level": [(str(level.value), level.label) for level in Level if everything or level <= Level.BAD],
            "hall": [(h.code, local(h)) for h in halls],
            "office": [(o.code, local(o)) for o in offices],
            "item": [(i.code, local(i)) for i in items],
        }
        for name, choices in found.items():
            self.fields[name].choices = [("", _("All")), *choices]  # type: ignore[attr-defined]

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked for and makes sense; the rest is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value and name != "show"}

    @property
    def is_used(self) -> bool:
        return bool(set(self.asked) - {"days"} or self.asked.get("days") != DEFAULT_DAYS)
