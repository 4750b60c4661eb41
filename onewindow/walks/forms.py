"""What is said when a walk is planned, on the way, and at its end."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases import instant, numbers
from onewindow.issues.entries import ALL, ItemField, choices_of_items, tidy
from onewindow.issues.forms import CHOOSE, line, prose
from onewindow.org.fields import DayField
from onewindow.org.models import Hall, Office, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.walks.models import Mode, Stage, State, Trouble, Walk
from onewindow.walks.rules import WALKERS
from onewindow.window import staff


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PlanForm(forms.Form):
    """Who walks which item, how, where and when."""

    item = ItemField(label=_("Item"))
    walker = forms.ChoiceField(label=_("Who walks"))
    mode = forms.ChoiceField(
        label=pgettext_lazy("walk", "How"), choices=Mode.choices, widget=forms.RadioSelect, initial=Mode.SELF
    )
    hall = forms.ChoiceField(label=_("Hall"), required=False, help_text=_("Not needed for a walk online."))
    on = DayField(label=_("Day"), widget=_day())

    def __init__(self, data: Any = None, *, by: Person, follows: Walk | None = None):
        super().__init__(data)
        every = by.has_role(Role.BUREAU, Role.LEADER) or follows is not None
        self.people = {p.username: p for p in (staff.anywhere(*WALKERS) if every else [by])}
        self.halls = {h.code: h for h in Hall.objects.order_by("code")}
        names = [(u, local(p)) for u, p in self.people.items()]
        self.fields["walker"].choices = [CHOOSE, *names] if len(names) != 1 else names  # type: ignore[attr-defined]
        self.fields["hall"].choices = [CHOOSE, *((c, local(h)) for c, h in self.halls.items())]  # type: ignore[attr-defined]
        self.items = choices_of_items()
        today = timezone.localdate(instant.now())
        self.initial = {"on": today, "walker": by.username if by.username in self.people else ""}
        if follows is not None:
            self.initial |= {
                "mode": follows.mode, "hall": follows.hall.code if follows.hall else "",
                "walker": follows.walker.username if follows.walker.username in self.people else "",
            }  # fmt: skip
            del self.fields["item"]

    def clean_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["on"]
        if day < timezone.localdate(instant.now()):
            raise forms.ValidationError(_("Today or later."), code="past")
        return day

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("mode") in (Mode.SELF, Mode.ACCOMPANY, Mode.WINDOW) and not given.get("hall"):
            self.add_error("hall", _("Choose the hall, or walk online."))
        given["walker"] = self.people.get(given.get("walker", ""))
        given["hall"] = self.halls.get(given.get("hall", ""))
        return given


class PapersForm(forms.Form):
    """Which papers of the guide were really asked for, and which beyond it."""

    asked = forms.MultipleChoiceField(
        label=_("Really asked for"), required=False, widget=forms.CheckboxSelectMultiple
    )
    beyond = forms.CharField(
        label=_("Asked for beyond the guide, one a line"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    trips = forms.IntegerField(label=_("Trips so far"), min_value=0, max_value=50)

    def __init__(self, data: Any = None, *, walk: Walk):
        asked = list(walk.asked.all())
        start = {
            "asked": [str(a.no) for a in asked if a.no],
            "beyond": "\n".join(a.label for a in asked if not a.no),
            "trips": walk.trip_count,
        }
        super().__init__(data, initial=start)
        papers = walk.version.materials.all() if walk.version else []
        self.fields["asked"].choices = [(str(m.no), local(m)) for m in papers]  # type: ignore[attr-defined]
        self.fields["trips"].widget.attrs["inputmode"] = "numeric"

    def clean_beyond(self) -> list[str]:
        return [text for one in self.cleaned_data["beyond"].splitlines() if (text := tidy(one))]


class ObstacleForm(forms.Form):
    """What stood in the way; the department gets it as an issue at once."""

    stage = forms.ChoiceField(label=pgettext_lazy("walk", "Stage"), choices=Stage.choices)
    kind = forms.ChoiceField(label=_("What kind"), choices=[CHOOSE, *Trouble.choices])
    text = prose(
        _("What stood in the way"), _("What you met, what you were told. No names of applicants."), most=500
    )
    suggestion = line(_("What would help"), most=300, required=False)

    def clean_text(self) -> str:
        if not (text := tidy(self.cleaned_data["text"])):
            raise forms.ValidationError(_("Say in a few words what stood in the way."), code="required")
        return text

    def clean_suggestion(self) -> str:
        return tidy(self.cleaned_data["suggestion"])


class FinishForm(forms.Form):
    """The end: what the leader thinks, and the matter that came of it."""

    remarks = prose(_("In your words"), most=1000, required=False)
    application = line(_("Number of the case, if one was handed in"), most=20, required=False)

    def clean_application(self) -> str:
        said = self.cleaned_data["application"]
        if said and not numbers.clean(said):
            raise forms.ValidationError(
                _("This is not a case number; it stands on the receipt."), code="number"
            )
        return numbers.clean(said)


class CancelForm(forms.Form):
    reason = line(_("Why it is called off"), most=200)


class WalkFilters(forms.Form):
    """What stands in the address of the list."""

    q = forms.CharField(label=_("Item"), required=False, max_length=60)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[ALL, *State.choices])
    mode = forms.ChoiceField(label=pgettext_lazy("walk", "How"), required=False, choices=[ALL, *Mode.choices])
    office = forms.ChoiceField(label=_("Department"), required=False)
    since = DayField(label=_("From"), required=False, widget=_day())
    until = DayField(label=_("Until"), required=False, widget=_day())

    def __init__(self, data: Any, *, by: Person):
        super().__init__(data)
        if by.has_role(Role.BUREAU, Role.LEADER):
            rows = Office.objects.filter(kind="department").order_by("code")
            self.fields["office"].choices = [ALL, *((o.code, local(o)) for o in rows)]  # type: ignore[attr-defined]
        else:
            del self.fields["office"]
        self.full_clean()

    @property
    def asked(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_used(self) -> bool:
        return bool(self.asked)
