"""The filters of the desk's lists, and the purpose for which personal data are seen in full."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.cases import desk
from onewindow.cases.flow import FLOWS
from onewindow.cases.models import Light
from onewindow.org.models import Person


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class Filters(forms.Form):
    """What stands in the address of a list. A value that is none is ignored: an old link still opens."""

    status = forms.ChoiceField(label=_("Status"), required=False)
    light = forms.ChoiceField(label=_("Light"), required=False)
    opened_from = forms.DateField(label=_("Opened from"), required=False, widget=_day())
    opened_to = forms.DateField(label=_("Opened to"), required=False, widget=_day())

    def __init__(self, data: Any, *, by: Person, show: str):
        super().__init__(data)
        kinds = desk.KINDS.values()
        more = {name: field for kind in kinds for name, field in kind.fields(by).items()}
        self.fields |= more
        flows = [FLOWS[kind.prefix] for kind in kinds]
        ended = set() if show == desk.ALL else {s for flow in flows for s in flow.closed}
        statuses = {s.value: s.label for flow in flows for s in flow.statuses if s not in ended}
        self.fields["status"].choices = [("", _("All")), *statuses.items()]  # type: ignore[attr-defined]
        late = ("late", _("Late (promise or statute)"))
        lights = [("", _("All")), late, *Light.choices, ("stopped", _("Clock stopped"))]
        self.fields["light"].choices = lights  # type: ignore[attr-defined]
        self.order_fields(["status", "light", *more, "opened_from", "opened_to"])

    def asked(self, show: str, text: str, sort: str) -> desk.Asked:
        """The list that was asked for."""
        self.full_clean()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        mine = {n: given.pop(n) for n in ("status", "light", "opened_from", "opened_to") if n in given}
        return desk.Asked(show=show, text=text, sort=sort, more=given, **mine)

    @property
    def is_used(self) -> bool:
        return any(self.cleaned_data.values())


#: Why somebody sees personal data in full; the words go to the access log in the reader's language.
PURPOSES = [
    ("identity", _("Check the applicant's identity")),
    ("contact", _("Contact the applicant")),
    ("decision", _("Prepare the decision or a letter")),
    ("objection", _("A complaint, review or lawsuit")),
    ("other", _("Another purpose (say which)")),
]


class PurposeForm(forms.Form):
    """No look without a purpose (PIPL 6)."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=[("", _("Please choose")), *PURPOSES])
    detail = forms.CharField(label=_("In detail"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("purpose") == "other" and not given.get("detail"):
            self.add_error("detail", _("Please say what you need the data for."))
        return given

    @property
    def words(self) -> str:
        """As it stands in the access log: stable code, then the person's own words."""
        purpose, detail = self.cleaned_data["purpose"], self.cleaned_data["detail"]
        return f"{purpose}: {detail}" if detail else purpose
