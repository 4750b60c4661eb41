"""What people type about licences: the filters of the register, and the measures of a head of department."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.licences.models import CANCEL_REASONS, Licence, State
from onewindow.org.models import Office, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local

WITHIN = [
    ("", _("All")),
    ("15", _("within 15 days")),
    ("30", _("within 30 days")),
    ("45", _("within 45 days")),
]


class Filters(forms.Form):
    """What stands in the address of the register. A value that is none is ignored."""

    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *State.choices], required=False)
    within = forms.ChoiceField(label=_("Ends"), choices=WITHIN, required=False)
    office = forms.ChoiceField(label=_("Department"), required=False)

    def __init__(self, data: Any, *, by: Person):
        super().__init__(data)
        if by.has_role(Role.BUREAU, Role.LEADER, Role.CLERK, Role.HALL_MANAGER):
            offices = Office.objects.filter(items__isnull=False).distinct().order_by("code")
            self.fields["office"].choices = [("", _("All")), *[(o.code, local(o)) for o in offices]]  # type: ignore[attr-defined]
        else:
            del self.fields["office"]
        self.full_clean()

    @property
    def is_used(self) -> bool:
        return any(self.cleaned_data.values())


def _text(label: Any, *, required: bool = True, rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=400,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows, "maxlength": 400, "data-phrases": ""}),
    )


class MeasureForm(forms.Form):
    """A measure with its reason."""

    phrases: ClassVar[tuple[str, ...]] = ()
    reason = _text(_("Reason"))

    def __init__(self, data: Any = None, *, licence: Licence):
        super().__init__(data)
        self.licence = licence


class ChangeForm(MeasureForm):
    """New conditions, or the new name of the same holder."""

    conditions = _text(_("Conditions"), required=False)
    holder_name = forms.CharField(
        label=_("New name of the holder"),
        max_length=120,
        required=False,
        help_text=_("Only if the same holder has a new name; another holder needs a licence of its own."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("conditions", "holder_name", "reason")

    def __init__(self, data: Any = None, *, licence: Licence):
        super().__init__(data, licence=licence)
        self.fields["conditions"].initial = licence.conditions


class CancelForm(MeasureForm):
    """On which ground of the law it is struck off."""

    reason_code = forms.ChoiceField(label=_("Ground"), choices=list(CANCEL_REASONS.items()))
    reason = _text(_("Reason"), required=False)
    field_order = ("reason_code", "reason")


#: verb → (label, form); grave ones can't be undone
MEASURES: dict[str, tuple[Any, type[MeasureForm]]] = {
    "change": (pgettext_lazy("licence", "Change"), ChangeForm),
    "suspend": (_("Put on hold"), MeasureForm),
    "restore": (_("Put in force again"), MeasureForm),
    "cancel": (_("Strike off"), CancelForm),
}
GRAVE = frozenset({"cancel"})
#: states in which a measure makes sense
FROM = {
    "change": (State.VALID, State.SUSPENDED),
    "suspend": (State.VALID,),
    "restore": (State.SUSPENDED,),
    "cancel": (State.VALID, State.SUSPENDED, State.EXPIRED, State.REVOKED),
}
