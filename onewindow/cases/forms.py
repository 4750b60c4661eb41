"""The filters of the desk's lists, and the purpose for which personal data are seen in full."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases import desk
from onewindow.cases.flow import FLOWS
from onewindow.cases.models import CardCode, Light
from onewindow.org.fields import DayField
from onewindow.org.models import AbsenceReason, Hall, Office, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class Filters(forms.Form):
    """What stands in the address of a list. A value that is none is ignored: an old link still opens."""

    status = forms.ChoiceField(label=_("Status"), required=False)
    light = forms.ChoiceField(label=_("Light"), required=False)
    handler = forms.ChoiceField(label=_("Taken on by"), required=False)
    opened_from = DayField(label=_("Opened from"), required=False, widget=_day())
    opened_to = DayField(label=_("Opened to"), required=False, widget=_day())

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
        if by.has_role(Role.APPROVER, Role.HEAD):
            whose = [("", _("My office")), (desk.MINE, _("Me")), (desk.UNASSIGNED, _("Nobody yet"))]
            self.fields["handler"].choices = whose  # type: ignore[attr-defined]
        else:
            del self.fields["handler"]
        self.order_fields(["status", "light", "handler", *more, "opened_from", "opened_to"])

    def asked(self, show: str, text: str, sort: str) -> desk.Asked:
        """The list that was asked for."""
        self.full_clean()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        mine = {
            n: given.pop(n) for n in ("status", "light", "handler", "opened_from", "opened_to") if n in given
        }
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


class CardFilters(forms.Form):
    """What stands in the address of the list of cards."""

    code = forms.ChoiceField(label=_("Card or rung"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    office = forms.ChoiceField(label=_("Department"), required=False)
    hall = forms.ChoiceField(label=_("Hall"), required=False)
    issued_from = DayField(label=_("Issued from"), required=False, widget=_day())
    issued_to = DayField(label=_("Issued to"), required=False, widget=_day())

    STATES = (
        ("open", pgettext_lazy("card", "Not answered")),
        ("answered", pgettext_lazy("card", "Answered")),
        ("revoked", pgettext_lazy("card", "Revoked")),
        ("untold", _("Nobody to tell")),
    )

    def __init__(self, data: Any, *, by: Person):
        super().__init__(data)
        self.fields["code"].choices = [("", _("All")), *CardCode.choices]  # type: ignore[attr-defined]
        self.fields["state"].choices = [("", _("All")), *self.STATES]  # type: ignore[attr-defined]
        if by.has_role(Role.BUREAU, Role.LEADER):
            offices = Office.objects.filter(kind="department").order_by("code")
            for name, rows in (("office", offices), ("hall", Hall.objects.order_by("code"))):
                choices = [("", _("All")), *((x.code, local(x)) for x in rows)]
                self.fields[name].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["office"], self.fields["hall"]

    @property
    def asked(self) -> dict[str, Any]:
        """The filters that hold something."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_used(self) -> bool:
        return any(self.cleaned_data.values())


class CardReplyForm(forms.Form):
    """The reason of a lateness, or of a revocation."""

    text = forms.CharField(
        label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 400})
    )


class AbsenceForm(forms.Form):
    """Who is away, from when to when, and why (a kind, no details: they are nobody's business)."""

    person = forms.ModelChoiceField(label=pgettext_lazy("absence", "Who"), queryset=Person.objects.none())
    starts_on = DayField(label=_("First day"), widget=_day())
    ends_on = DayField(label=_("Last day"), widget=_day())
    reason = forms.ChoiceField(label=_("Why"), choices=AbsenceReason.choices)

    def __init__(self, data: Any, *, people: Any, **more: Any):
        super().__init__(data, **more)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]


class StandInForm(forms.Form):
    """Who (B) stands in for whom (A)."""

    a = forms.ModelChoiceField(label=_("A, who may be away"), queryset=Person.objects.none())
    b = forms.ModelChoiceField(label=_("B, who stands in"), queryset=Person.objects.none())

    def __init__(self, data: Any, *, people: Any, colleagues: Any, **more: Any):
        super().__init__(data, **more)
        self.fields["a"].queryset = people  # type: ignore[attr-defined]
        self.fields["b"].queryset = colleagues  # type: ignore[attr-defined]


class HandoverForm(forms.Form):
    """To whom, and what the colleague has to know."""

    taker = forms.ChoiceField(label=_("To whom"))
    note = forms.CharField(
        label=_("Note"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 400}),
    )

    def __init__(self, data: Any, *, people: Any, **more: Any):
        super().__init__(data, **more)
        choices = [("", _("Please choose")), *((str(p.pk), local(p)) for p in people)]
        self.fields["taker"].choices = choices  # type: ignore[attr-defined]


class PhraseForm(forms.Form):
    """A stock phrase: for which step, and for whom."""

    text = forms.CharField(label=_("Phrase"), max_length=200)
    verb = forms.ChoiceField(label=_("Offered at"), required=False)
    shared = forms.BooleanField(label=_("For the whole department"), required=False)

    def __init__(self, data: Any = None, *, verbs: Any, may_share: bool):
        super().__init__(data)
        self.fields["verb"].choices = [("", _("Every step")), *verbs]  # type: ignore[attr-defined]
        if not may_share:
            del self.fields["shared"]
