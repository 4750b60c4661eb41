"""What people type about tickets, windows, queues and shifts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.catalog.models import Item
from onewindow.hall.models import (
    Channel,
    HalfDay,
    MatterGroup,
    Outcome,
    Priority,
    TicketState,
    WhySuspended,
)
from onewindow.org.fields import DayField
from onewindow.org.models import Counter, Hall, Person, Post
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local

CHOOSE = _("Please choose")


def _labels(field: forms.Field) -> None:
    field.label_from_instance = lambda thing: local(thing)  # type: ignore[attr-defined]


class GroupField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.letter} {local(obj)}"


class TakeForm(forms.Form):
    """What somebody has come for: one matter or several."""

    group = forms.MultipleChoiceField(
        label=_("What have you come for?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose what you have come for.")},
    )
    priority = forms.ChoiceField(
        label=_("Do you belong to one of these? You are called earlier."),
        choices=Priority.choices,
        required=False,
        widget=forms.RadioSelect,
    )
    mobile = forms.CharField(
        label=_("Mobile number"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        help_text=_(
            "Only for queues that limit tickets a number. It is not kept: only a code of it, until tonight."
        ),
    )

    def __init__(self, data: Any = None, *, groups: list[MatterGroup], **more: Any):
        super().__init__(data, **more)
        self.groups = {g.letter: g for g in groups}
        self.fields["group"].choices = [(g.letter, f"{g.letter} {local(g)}") for g in groups]  # type: ignore[attr-defined]
        if not any(g.holder_limit for g in groups):
            del self.fields["mobile"]

    @property
    def wanted(self) -> list[MatterGroup]:
        return [self.groups[letter] for letter in self.cleaned_data["group"]]


class FinishForm(forms.Form):
    """How a ticket ended."""

    outcome = forms.ChoiceField(label=_("How did it end?"), choices=Outcome.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("outcome") == Outcome.COULD_NOT and not given.get("reason", "").strip():
            self.add_error("reason", _("Please say why it could not be done."))
        return given


class TransferForm(forms.Form):
    """To which queue, and why."""

    group = GroupField(label=_("To the queue"), queryset=MatterGroup.objects.none(), empty_label=CHOOSE)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, data: Any = None, *, groups: Any, **more: Any):
        super().__init__(data, **more)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]


class CounterTakeForm(forms.Form):
    """A ticket given out at the counter or by a guide."""

    group = GroupField(label=_("Queue"), queryset=MatterGroup.objects.none(), empty_label=CHOOSE)
    priority = forms.ChoiceField(label=_("Priority class"), choices=Priority.choices, required=False)

    def __init__(self, data: Any = None, *, groups: Any, **more: Any):
        super().__init__(data, **more)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]


class CodeForm(forms.Form):
    """The six digits of an appointment."""

    code = forms.CharField(
        label=_("Appointment code"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": "123456"}
        ),
    )

    def clean_code(self) -> str:
        digits = "".join(c for c in self.cleaned_data["code"] if c.isdigit())
        if len(digits) != 6:
            raise forms.ValidationError(
                _("The code has six digits. It stands on the page of your appointment.")
            )
        return digits


class SuspendForm(forms.Form):
    """What stands on the sign of a window without service."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", CHOOSE), *WhySuspended.choices])
    minutes = forms.TypedChoiceField(
        label=_("Back in"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[
            ("", _("not known")),
            *[(n, _("%(n)d minutes") % {"n": n}) for n in (5, 10, 15, 30, 60, 90)],
        ],
    )


class GroupForm(forms.ModelForm):
    """排队业务 — a queue with its items, windows and limits; of one hall only."""

    class Meta:
        model = MatterGroup
        fields = (
            "letter", "name", "name_en", "is_open", "counters", "items", "average_minutes", "daily_limit",
            "holder_limit", "cut_off_minutes", "slot_capacity", "slot_minutes",
        )  # fmt: skip
        labels = {"counters": _("Windows that serve it"), "items": _("Items")}
        widgets = {
            "counters": forms.CheckboxSelectMultiple,
            "items": forms.SelectMultiple(attrs={"size": 8}),
            "letter": forms.TextInput(attrs={"maxlength": 1, "autocapitalize": "characters"}),
        }

    def __init__(self, data: Any = None, *, hall: Hall, **more: Any):
        super().__init__(data, **more)
        self.hall = hall
        self.instance.hall = hall
        windows, items = self.fields["counters"], self.fields["items"]
        windows.queryset = Counter.objects.filter(hall=hall).order_by("code")  # type: ignore[attr-defined]
        items.queryset = Item.objects.published().order_by("office__code", "code")  # type: ignore[attr-defined]
        windows.required = items.required = False
        _labels(windows)
        _labels(items)

    def clean_letter(self) -> str:
        letter = self.cleaned_data["letter"].upper()
        if not ("A" <= letter <= "Z"):
            raise forms.ValidationError(_("One letter from A to Z: it stands before the numbers."))
        others = MatterGroup.objects.filter(hall=self.hall, letter=letter).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("Another queue of this hall has this letter."))
        return letter

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name, least, most in (
            ("average_minutes", 1, 240),
            ("slot_minutes", 5, 240),
            ("cut_off_minutes", 0, 480),
        ):
            if (value := given.get(name)) is not None and not least <= value <= most:
                self.add_error(
                    name, _("Between %(least)d and %(most)d, please.") % {"least": least, "most": most}
                )
        return given


def clerks_of(hall: Hall, day: dt.date) -> Any:
    """Who holds a clerk's post of the hall on that day."""
    held = Post.objects.on(day).filter(role=Role.CLERK, hall=hall).values("person_id")
    return Person.objects.filter(pk__in=held, is_active=True).order_by("badge", "username")


class ShiftForm(forms.Form):
    """Who sits at a window in a half-day; nobody takes the shift away."""

    counter = forms.ModelChoiceField(label=_("Window"), queryset=Counter.objects.none(), empty_label=CHOOSE)
    half = forms.MultipleChoiceField(
        label=_("Half-day"), choices=HalfDay.choices, widget=forms.CheckboxSelectMultiple
    )
    person = forms.ModelChoiceField(
        label=_("Clerk"), queryset=Person.objects.none(), required=False, empty_label=_("nobody")
    )

    def __init__(self, data: Any = None, *, hall: Hall, day: dt.date, **more: Any):
        super().__init__(data, **more)
        self.fields["counter"].queryset = Counter.objects.filter(hall=hall).order_by("code")  # type: ignore[attr-defined]
        self.fields["person"].queryset = clerks_of(hall, day)  # type: ignore[attr-defined]
        self.fields["person"].label_from_instance = lambda p: f"{p.badge} {p.name}".strip()  # type: ignore[attr-defined]
        _labels(self.fields["counter"])


class TicketFilters(forms.Form):
    """What stands in the address of the list of tickets; a value that is none is ignored."""

    since = DayField(
        label=_("From"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    until = DayField(
        label=_("Until"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    hall = forms.ChoiceField(label=_("Hall"), required=False)
    group = forms.ChoiceField(label=_("Queue"), required=False)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *TicketState.choices]
    )
    outcome = forms.ChoiceField(
        label=_("How it ended"), required=False, choices=[("", _("All")), *Outcome.choices]
    )
    channel = forms.ChoiceField(label=_("Taken"), required=False, choices=[("", _("All")), *Channel.choices])
    odd = forms.ChoiceField(
        label=_("Striking"),
        required=False,
        choices=[
            ("", _("All")),
            ("over", _("passed over")),
            ("order", _("called out of order")),
            ("unlinked", _("accepted, but no application")),
            ("stuck", _("opened and without outcome")),
        ],
    )
    q = forms.CharField(
        label=_("Number"), required=False, max_length=8, widget=forms.TextInput(attrs={"type": "search"})
    )

    def __init__(self, given: Any, *, halls: list[Hall], today: dt.date):
        super().__init__({"since": today.isoformat()} | {k: v for k, v in given.items() if v})
        self.today = today
        self.fields["hall"].choices = [("", _("All")), *[(h.code, local(h)) for h in halls]]  # type: ignore[attr-defined]
        groups = MatterGroup.objects.filter(hall__in=halls).order_by("hall__code", "letter")
        names = {g.letter: f"{g.letter} {local(g)}" if len(halls) == 1 else g.letter for g in groups}
        self.fields["group"].choices = [("", _("All")), *sorted(names.items())]  # type: ignore[attr-defined]

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_used(self) -> bool:
        return set(self.asked) != {"since"} or self.asked.get("since") != self.today
