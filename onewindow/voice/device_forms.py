"""What people type about devices."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.org.models import Counter, Hall, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice.enrol import Spot
from onewindow.voice.models import LETTERS, Device, DeviceKind


def windows_of(person: Person) -> Any:
    """The windows whose devices this person runs."""
    halls = person.halls_as(Role.HALL_MANAGER)
    return Counter.objects.filter(hall_id__in=halls).order_by("hall__code", "code")


def halls_of(person: Person) -> Any:
    """The halls whose devices this person runs."""
    return Hall.objects.filter(pk__in=person.halls_as(Role.HALL_MANAGER)).order_by("code")


class WindowForm(forms.Form):
    """A window of one's own halls; also to move an evaluator to another one."""

    counter = forms.ModelChoiceField(
        label=_("Window"), queryset=Counter.objects.none(), empty_label=_("Please choose")
    )

    def __init__(self, data: Any = None, *, by: Person, **more: Any):
        super().__init__(data, **more)
        windows = self.fields["counter"]
        windows.queryset = windows_of(by)  # type: ignore[attr-defined]
        windows.label_from_instance = local  # type: ignore[attr-defined]


class PlaceForm(forms.Form):
    """A hall of one's own and where in it; for a display, a ticket machine or a stand."""

    hall = forms.ModelChoiceField(
        label=_("Hall"), queryset=Hall.objects.none(), empty_label=_("Please choose")
    )
    place = forms.CharField(label=_("Where in the hall"), max_length=60, required=False)

    def __init__(self, data: Any = None, *, by: Person, **more: Any):
        super().__init__(data, **more)
        halls = self.fields["hall"]
        halls.queryset = halls_of(by)  # type: ignore[attr-defined]
        halls.label_from_instance = local  # type: ignore[attr-defined]
        if halls.queryset.count() == 1:  # type: ignore[attr-defined]
            halls.initial = halls.queryset.get()  # type: ignore[attr-defined]


class PairForm(WindowForm):
    """The code on the device's screen, and the window where the device stands; a device without a window gets its place on
    the next page, when the code has said what it is."""

    code = forms.CharField(
        label=_("Code on the device"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "placeholder": "BCDF-GHJK",
                "spellcheck": "false",
            }
        ),
    )
    field_order = ("code", "counter")

    def __init__(self, data: Any = None, *, by: Person, **more: Any):
        super().__init__(data, by=by, **more)
        window = self.fields["counter"]
        window.required = False
        window.label = _("Window, for an evaluator")
        window.empty_label = _("None: a device of the hall")  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        code = "".join(c for c in self.cleaned_data["code"].upper() if c.isalnum())
        if len(code) != 8 or set(code) - set(LETTERS):
            raise forms.ValidationError(
                _("The code has eight letters, such as BCDF-GHJK. Please compare it with the screen.")
            )
        return code


class SlipsForm(forms.Form):
    """For which devices slips are printed: the evaluators of one hall or of all that one runs, those without a device or all;
    or for displays, ticket machines and stands, one for each line."""

    kind = forms.ChoiceField(label=_("Kind of device"), choices=DeviceKind.choices, required=False)

    hall = forms.ChoiceField(label=_("Hall"), required=False)
    all = forms.BooleanField(
        label=_("Also for windows whose device is in use (to replace it)"), required=False
    )
    places = forms.CharField(
        label=_("Places in the hall, one a line"),
        help_text=_("For displays, ticket machines and stands; a slip for each line."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=1000,
    )

    def __init__(self, data: Any = None, *, by: Person, **more: Any):
        super().__init__(data, prefix="slips", **more)
        self.by = by
        halls = halls_of(by)
        self.fields["hall"].choices = [("", _("All my halls")), *((h.code, local(h)) for h in halls)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("kind", "") in ("", DeviceKind.EVALUATOR):
            return given
        lines = [" ".join(line.split()) for line in given.get("places", "").splitlines()]
        given["lines"] = list(dict.fromkeys(line for line in lines if line))
        if not given.get("hall"):
            self.add_error("hall", _("Choose the hall in which these devices will stand."))
        if not given["lines"] or any(len(line) > 60 for line in given["lines"]):
            self.add_error("places", _("Write where each will stand, one a line of at most 60 characters."))
        return given

    def spots(self) -> list[Spot]:
        """What was meant."""
        kind = self.cleaned_data["kind"] or DeviceKind.EVALUATOR
        if kind == DeviceKind.EVALUATOR:
            return [Spot(kind, c.hall, c) for c in self.windows()]
        hall = halls_of(self.by).get(code=self.cleaned_data["hall"])
        return [Spot(kind, hall, None, place) for place in self.cleaned_data["lines"]]

    def windows(self) -> list[Counter]:
        """The windows that were meant."""
        found = windows_of(self.by).filter(has_device=True).select_related("hall")
        if hall := self.cleaned_data["hall"]:
            found = found.filter(hall__code=hall)
        if not self.cleaned_data["all"]:
            taken = Device.objects.filter(counter__in=found).standing().values("counter_id")
            found = found.exclude(pk__in=taken)
        return list(found)


class DeviceFilters(forms.Form):
    """What stands in the address of the tiles. A value that is none is ignored: an old link still opens."""

    STATES: ClassVar[list[tuple[str, Any]]] = [
        ("offline", pgettext_lazy("device", "Offline")),
        ("late", _("Silent for over 3 minutes")),
        ("online", pgettext_lazy("device", "Online")),
        ("closed", _("Hall closed")),
        ("suspended", pgettext_lazy("device", "Suspended")),
        ("pending", pgettext_lazy("device", "Numbers not yet compared")),
        ("authorised", pgettext_lazy("device", "Confirmed, not yet heard of")),
        ("unpaired", _("Not yet paired")),
        ("alarm", _("With an alarm")),
    ]

    hall = forms.ChoiceField(label=_("Hall"), required=False)
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *STATES], required=False)
    kind = forms.ChoiceField(
        label=_("Kind of device"), choices=[("", _("All")), *DeviceKind.choices], required=False
    )
    q = forms.CharField(label=_("Window or device"), required=False, max_length=40)

    def __init__(self, given: Any, *, by: Person):
        super().__init__(given)
        halls = Hall.objects.order_by("code")
        if not by.has_role(Role.BUREAU, Role.ADMIN):
            halls = halls.filter(pk__in=by.halls_as(Role.HALL_MANAGER))
        self.fields["hall"].choices = [("", _("All")), *((h.code, local(h)) for h in halls)]  # type: ignore[attr-defined]

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_used(self) -> bool:
        return bool(self.asked)
