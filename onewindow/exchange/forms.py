"""What people type about shared data: a request for a grant, its answer, and the filters of the log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.cases import numbers
from onewindow.exchange.actions import today
from onewindow.exchange.models import Dataset, Grant, Outcome
from onewindow.org.fields import DayField
from onewindow.org.models import Office, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def _text(label: Any, hint: Any = "", *, most: int = 200, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=most,
        required=required,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AskForm(forms.Form):
    """申请共享: what for, on which basis, which fields, how long."""

    office = forms.ModelChoiceField(label=_("Department"), queryset=Office.objects.none(), empty_label=None)
    item = forms.CharField(
        label=_("Item code"),
        required=False,
        max_length=64,
        help_text=_("Empty: all items of the department."),
    )
    purpose = _text(_("What the data are needed for"), _("One sentence that an auditor understands."))
    legal_basis = _text(_("Legal basis"), _("Law and article that let the department ask for them."))
    wanted = forms.MultipleChoiceField(
        label=_("Fields"), widget=forms.CheckboxSelectMultiple, help_text=_("Only those that are needed.")
    )
    starts_on = DayField(label=_("From"), widget=_day())
    until = DayField(label=_("Until"), widget=_day())

    def __init__(self, data: Any = None, *, by: Person, dataset: Dataset):
        day = today()
        initial = {"starts_on": day, "until": day.replace(year=day.year + 1, day=min(day.day, 28))}
        super().__init__(data, initial=initial)
        offices = self.fields["office"]
        offices.queryset = Office.objects.filter(pk__in=by.offices_as(Role.HEAD)).order_by("code")  # type: ignore[attr-defined]
        offices.label_from_instance = local  # type: ignore[attr-defined]
        self.fields["wanted"].choices = [(f["code"], local(f)) for f in dataset.fields]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("starts_on"), given.get("until")
        if first and last and last < first:
            self.add_error("until", _("It ends before it begins."))
        elif first and last and last > first + dt.timedelta(days=3 * 366):
            self.add_error("until", _("At most three years; it can be asked for again."))
        return given


class AnswerForm(forms.Form):
    """The owner's answer; a refusal gives its reason."""

    wanted = forms.MultipleChoiceField(
        label=_("Fields"), widget=forms.CheckboxSelectMultiple, help_text=_("Take away what is not needed.")
    )
    answer = _text(_("Answer"), _("Required for a refusal."), required=False)

    def __init__(self, data: Any = None, *, grant: Grant, approve: bool = True):
        super().__init__(data, initial={"wanted": grant.fields}, prefix=f"g{grant.pk}")
        self.approve = approve
        self.fields["wanted"].choices = [(f["code"], local(f)) for f in grant.named_fields]  # type: ignore[attr-defined]
        self.fields["wanted"].required = approve
        self.fields["answer"].required = not approve


class RevokeForm(forms.Form):
    reason = _text(_("Reason"), _("The other department reads it."))


class CallFilters(forms.Form):
    """What stands in the address of the log. A value that is none is ignored."""

    dataset = forms.ChoiceField(label=_("Data set"), required=False)
    outcome = forms.ChoiceField(
        label=_("Outcome"), required=False, choices=[("", _("All")), *Outcome.choices]
    )
    office = forms.ChoiceField(label=_("For department"), required=False)
    by = forms.CharField(label=_("Account"), required=False, max_length=150)
    number = forms.CharField(label=_("Case number"), required=False, max_length=20)
    since = DayField(label=_("From"), required=False, widget=_day())
    until = DayField(label=_("Until"), required=False, widget=_day())

    def __init__(self, data: Any = None, *, datasets: Any, offices: Any):
        super().__init__(data)
        anything = [("", _("All"))]
        self.fields["dataset"].choices = anything + [(d.code, local(d)) for d in datasets]  # type: ignore[attr-defined]
        self.fields["office"].choices = anything + [(o.code, local(o)) for o in offices]  # type: ignore[attr-defined]

    @property
    def asked(self) -> dict[str, Any]:
        """The filters as columns and values; those that are wrong are left out."""
        self.is_valid()
        given = self.cleaned_data
        columns = {"dataset": "dataset__code", "outcome": "outcome", "office": "office", "by": "by"}
        found = {column: given[name] for name, column in columns.items() if given.get(name)}
        if number := given.get("number"):
            found["number"] = numbers.clean(number) or number[:14]
        return found

    @property
    def days(self) -> tuple[dt.date | None, dt.date | None]:
        self.is_valid()
        return self.cleaned_data.get("since"), self.cleaned_data.get("until")
