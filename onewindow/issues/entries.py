"""What is filled in to begin: at the could-not-be-done window, on a phone, on a slip, at a "no"; and the filters of lists."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from onewindow.cases import desk, files, numbers
from onewindow.cases.filefields import Files, FilesField
from onewindow.cases.models import Attachment, Light
from onewindow.catalog import guide
from onewindow.catalog.models import Code, Item
from onewindow.issues import evidence, opening, origins, tickets
from onewindow.issues.forms import CHOOSE, codes, line, prose
from onewindow.issues.models import FAMILIES, Issue, Outcome, Prevention, Refusal, Status
from onewindow.org.fields import DayField
from onewindow.org.identifiers import BadIdentifier, check_mobile
from onewindow.org.models import Counter, CounterKind, Hall, Office, Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local

ALL = ("", _("All"))
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def tidy(text: str) -> str:
    """A text as it is stored: without control characters, which no text needs and a database may refuse."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\t", " ")).strip()


class ItemField(forms.CharField):
    """An item by its code or name, typed or picked from the list beside the field: works with a keyboard and without script."""

    def __init__(self, **more: Any):
        attrs = {"list": "items", "autocomplete": "off"}
        super().__init__(max_length=120, widget=forms.TextInput(attrs=attrs), **more)

    def clean(self, value: Any) -> Item | None:
        said = super().clean(value).strip()
        if not said:
            return None
        code = said.split(" ")[0]
        found = Item.objects.published().filter(code=code).select_related("office", "current").first()
        found = (
            found or Item.objects.published().filter(name=said).select_related("office", "current").first()
        )
        alike: list[Item] = []
        if found is None:  # initials, a part of the name: where only one is meant
            alike = list(guide.published(said).select_related("office", "current")[:2])
            found = alike[0] if len(alike) == 1 else None
        if found is None and alike:
            raise forms.ValidationError(
                _("Several services are called so: choose one of the list."), code="several"
            )
        if found is None:
            text = _("Choose an item from the list.")
            if not self.required:
                text = _("Choose an item from the list, or leave this empty.")
            raise forms.ValidationError(text, code="unknown")
        return found


def choices_of_items() -> list[tuple[str, str]]:
    """What the list beside the field offers: the common items first."""
    rows = Item.objects.published().order_by("-is_hot", "code")
    return [(f"{item.code} {item.name}", local(item)) for item in rows]


class PhotosForm(forms.Form):
    """Photos or a PDF from the reporter. What was good is kept at once (``held``) and comes back under a hidden key when some
    other part has to be mended: a browser does not send files twice."""

    photos = FilesField(
        label=_("Photos or a PDF"),
        help_text=_("Up to three. Where a photo was taken is removed from it."),
        required=False,
        widget=Files(attrs={"accept": "image/*,application/pdf"}),
    )
    held: list[Attachment]

    def __init__(self, data: Any = None, uploads: Any = None, **more: Any):
        super().__init__(data, uploads, **more)
        self.held = []

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        keys = self.data.getlist("held") if hasattr(self.data, "getlist") else []
        known = files.loose([key.replace("\0", "") for key in keys[: evidence.MOST]], evidence.SENDER)
        self.held = list(known.values())
        uploads = given.get("photos") or []
        if len(uploads) + len(self.held) > evidence.MOST:
            self.add_error("photos", _("At most %(n)d files, please.") % {"n": evidence.MOST})
            uploads = []
        for upload in uploads:
            try:
                self.held.append(files.store(upload, by=evidence.SENDER, purpose=evidence.REPORTER))
            except files.BadFile as bad:
                self.add_error("photos", bad.message)
        return given


class ReportForm(PhotosForm):
    """On the phone, without an account: what happened is enough; who it was is up to the reporter."""

    item = ItemField(label=_("Which service?"), required=False)
    kind_code = forms.ChoiceField(label=_("What was it?"), required=False)
    text = prose(_("What happened?"), _("When, where, what you were told."), most=1000, rows=5)
    name = line(_("Your name"), most=60, required=False)
    mobile = line(
        _("Mobile"),
        _(
            "We tell you each change by text message. Leave it empty to stay anonymous: then keep the link that you are given."
        ),
        most=20,
        required=False,
    )

    field_order: tuple[str, ...] = ("item", "kind_code", "text", "photos", "name", "mobile")

    def __init__(self, data: Any = None, uploads: Any = None, **more: Any):
        super().__init__(data, uploads, **more)
        self.fields["kind_code"].choices = codes("issue_kind")  # type: ignore[attr-defined]
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["mobile"].widget.attrs |= {"autocomplete": "tel", "inputmode": "tel"}
        self.items = choices_of_items()

    def clean_text(self) -> str:
        if not (text := tidy(self.cleaned_data["text"])):
            raise forms.ValidationError(_("Say in a few words what happened."), code="required")
        return text

    def clean_mobile(self) -> str:
        try:
            return check_mobile(said) if (said := self.cleaned_data["mobile"]) else ""
        except BadIdentifier as bad:
            raise forms.ValidationError(bad.message, code="mobile") from bad

    @property
    def reporter(self) -> tuple[str, str] | None:
        """Name and mobile; None for somebody who left no number: a name alone would only be a trace."""
        mobile = self.cleaned_data["mobile"]
        return (tidy(self.cleaned_data["name"]), mobile) if mobile else None


class SlipForm(ReportForm):
    """From the slip of a "no": the item is known."""

    field_order = ("text", "photos", "name", "mobile")

    def __init__(self, data: Any = None, uploads: Any = None, **more: Any):
        super().__init__(data, uploads, **more)
        del self.fields["item"], self.fields["kind_code"]


class RegisterForm(ReportForm):
    """At the window or on the telephone, in under a minute: only the words are needed. What a case or the slip of a "no" knows –
    service, person, mobile – is not asked again: it comes with its ``number``, typed or in the address (``known``). The ticket at
    the window (``ticket``) brings its applications along."""

    counter = forms.ChoiceField(label=_("Window"))
    number = line(_("Number of the case or of the slip, if there is one"), most=20, required=False)
    field_order = ("item", "kind_code", "text", "name", "mobile", "number", "photos", "counter")

    def __init__(
        self,
        data: Any = None,
        uploads: Any = None,
        *,
        by: Person,
        known: str = "",
        ticket: str = "",
        **more: Any,
    ):
        super().__init__(data, uploads, **more)
        self.ticket = tickets.find(ticket, by) if ticket else None
        if self.ticket and not known and len(self.ticket.applications) == 1:
            known = self.ticket.applications[0]
        halls = by.halls_as(Role.CLERK, Role.HALL_MANAGER)
        found = Counter.objects.select_related("hall")
        if not by.has_role(Role.BUREAU):  # the bureau takes down what comes by telephone, for any window
            found = found.filter(hall_id__in=halls)
        stuck = found.filter(kind=CounterKind.STUCK).order_by("hall__code", "code")
        self.counters = {str(c.pk): c for c in stuck or found.order_by("hall__code", "code")}
        self.fields["counter"].choices = [
            (key, f"{local(c.hall)} {local(c)}") for key, c in self.counters.items()
        ]  # type: ignore[attr-defined]
        own = str(by.counter_id or "")
        self.initial["counter"] = own if own in self.counters else next(iter(self.counters), "")
        self.fields["name"].label = _("Reporter's name")
        self.fields["mobile"].label = _("Reporter's mobile")
        self.fields["mobile"].help_text = _("Without one, the reporter gets a slip with a link: print it.")
        self.fields["name"].widget.attrs["autocomplete"] = self.fields["mobile"].widget.attrs[
            "autocomplete"
        ] = "off"
        self.fields["text"].widget.attrs["rows"] = 3
        self.by, self.case, self.refusal = by, None, None
        if known and self._meant(known):
            self.initial["number"] = known
            self.fields["number"].widget = forms.HiddenInput()
            for name in ("item", "name", "mobile") if self.case else ("item",):
                del self.fields[name]
        elif not known:
            self._choose_application()
        first = "kind_code" if "item" not in self.fields else "item"
        self.fields[first].widget.attrs["autofocus"] = True

    def _meant(self, said: str) -> bool:
        """Finds the case, or the "no" of a slip, that a number means among those that this person may see."""
        found = numbers.clean(said)
        self.case = desk.find(found, self.by) if found and found.startswith("A") else None
        slip = None if self.case else opening.refusal_of_slip(said)
        if slip and Refusal.objects.seen_by(self.by).filter(pk=slip.pk).exists():
            self.refusal = slip
        return bool(self.case or self.refusal)

    def _choose_application(self) -> None:
        """Several applications were acted on with the ticket: which of them, or none, is one choice instead of a number."""
        mine = [n for n in self.ticket.applications if desk.find(n, self.by)] if self.ticket else []
        if len(mine) > 1:
            none = ("", _("None of them"))
            label = _("Which application of this ticket?")
            choices = [none, *((n, numbers.shown(n)) for n in mine)]
            self.fields["number"] = forms.ChoiceField(label=label, choices=choices, required=False)
            self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if self.ticket and not self.refusal and (begun := opening.of_ticket(self.ticket.source)):
            text = _("This is being looked at already: %(number)s") % {"number": numbers.shown(begun.number)}
            raise forms.ValidationError(text, code="begun")
        return given

    def clean_counter(self) -> Counter:
        return self.counters[self.cleaned_data["counter"]]

    def clean_number(self) -> str:
        """Only what this clerk may see; anything else is no case."""
        said = self.cleaned_data["number"]
        if not said:
            return ""
        if not self._meant(said):
            raise forms.ValidationError(_("There is no case or slip with this number."), code="unknown")
        if self.refusal and opening.of_refusal(self.refusal):
            raise self._begun(self.refusal)
        return self.case.number if self.case else self.refusal.code  # type: ignore[union-attr]

    @staticmethod
    def _begun(refusal: Refusal) -> forms.ValidationError:
        begun = opening.of_refusal(refusal)
        text = _("This is being looked at already: %(number)s")
        return forms.ValidationError(
            text % {"number": numbers.shown(begun.number) if begun else ""}, code="begun"
        )

    @property
    def reporter(self) -> tuple[str, str] | None:
        """As typed; else whoever applied."""
        if self.cleaned_data.get("mobile"):
            return super().reporter
        return (self.case.contact or self.case.applicant_name, self.case.mobile) if self.case else None

    def open(self) -> Issue | None:
        """Opens the issue; that of a "no" is about the word of the clerk who said it. None, with the error at the number, if
        somebody has had the same "no" looked at in the same moment."""
        given, lang = self.cleaned_data, get_language() or "zh-hans"
        if self.refusal:
            try:
                with transaction.atomic():
                    return opening.from_refusal(
                        self.refusal,
                        text=given["text"],
                        reporter=self.reporter,
                        lang=lang,
                        files=self.held,
                        by=self.by,
                    )
            except IntegrityError:
                self.add_error("number" if "number" in self.fields else None, self._begun(self.refusal))
                return None
        source, facts = (self.ticket.source, self.ticket.facts) if self.ticket else ("", None)
        try:
            with transaction.atomic():
                return opening.open_issue(
                    "stuck", by=self.by, text=given["text"], item=given.get("item") or (self.case.item if self.case else None),
                    kind_code=given["kind_code"], hall=given["counter"].hall, counter=given["counter"], is_at_window=True,
                    application=self.case.number if self.case else "", reporter=self.reporter, files=self.held, lang=lang,
                    source=source, facts=facts,
                )  # fmt: skip
        except IntegrityError:  # the button was pressed twice in one moment
            if source and (begun := opening.of_ticket(source)):
                return begun
            raise


class RefusalForm(forms.Form):
    """A "no" in three lines: to what, why, and on which legal basis."""

    item = ItemField(label=_("Which service?"))
    reason = forms.ChoiceField(label=_("Reason"), choices=())
    basis = line(
        _("Legal basis"),
        _("Filled in from the reason; change it where another article applies."),
        most=200,
        required=False,
    )
    note = prose(
        pgettext_lazy("no", "What was said"), _("No names: this is about the matter."), rows=2, required=False
    )
    counter = forms.ChoiceField(label=_("Window"))

    def __init__(self, data: Any = None, *, by: Person):
        super().__init__(data)
        self.codes = {c.code: c for c in Code.objects.filter(list="no_reason", is_active=True).order_by("id")}
        self.fields["reason"].choices = [CHOOSE, *((k, local(c)) for k, c in self.codes.items())]  # type: ignore[attr-defined]
        halls = by.halls_as(Role.CLERK, Role.HALL_MANAGER)
        found = (
            Counter.objects.filter(hall_id__in=halls).select_related("hall").order_by("hall__code", "code")
        )
        self.counters = {str(c.pk): c for c in found}
        self.fields["counter"].choices = [
            (key, f"{local(c.hall)} {local(c)}") for key, c in self.counters.items()
        ]  # type: ignore[attr-defined]
        self.initial["counter"] = str(by.counter_id or next(iter(self.counters), ""))
        self.items = choices_of_items()

    def clean_counter(self) -> Counter:
        return self.counters[self.cleaned_data["counter"]]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        code = self.codes.get(given.get("reason", ""))
        if code and not given.get("basis"):
            given["basis"] = code.legal_basis
            if not given["basis"]:
                self.add_error("basis", _("A no needs its legal basis; without one it is no lawful no."))
        return given


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class Asked(forms.Form):
    """What stands in the address of a list. A value that is none is ignored: an old link still opens."""

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_used(self) -> bool:
        return bool(set(self.asked) - {"days"})


class IssueFilters(Asked):
    q = forms.CharField(
        label=_("Number, item or words"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    origin = forms.ChoiceField(label=_("Origin"), required=False)
    status = forms.ChoiceField(label=_("Status"), choices=[ALL, *Status.choices], required=False)
    light = forms.ChoiceField(
        label=_("Light"),
        choices=[ALL, ("late", _("Late (promise or statute)")), *Light.choices[:2]],
        required=False,
    )
    office = forms.ChoiceField(label=_("Department"), required=False)
    cause = forms.ChoiceField(label=_("Cause"), required=False)
    family = forms.ChoiceField(
        label=pgettext_lazy("issue", "How it ended"),
        choices=[ALL, ("solved", _("Really solved")), ("lawful_no", _("Lawful no")),
                 *((o.value, o.label) for o in Outcome if o in FAMILIES["other"] or o == Outcome.MERGED)],
        required=False,
    )  # fmt: skip
    opened_from = DayField(label=_("Reported from"), required=False, widget=_day())
    opened_to = DayField(label=_("Reported to"), required=False, widget=_day())

    def __init__(self, data: Any, *, by: Person):
        super().__init__(data)
        self.fields["origin"].choices = [ALL, *((o.code, o.label) for o in origins.ORIGINS.values())]  # type: ignore[attr-defined]
        self.fields["cause"].choices = [ALL, *codes("issue_cause")[1:]]  # type: ignore[attr-defined]
        if by.has_role(Role.BUREAU, Role.LEADER):
            offices = Office.objects.exclude(kind="government").order_by("code")
            self.fields["office"].choices = [ALL, *((o.code, local(o)) for o in offices)]  # type: ignore[attr-defined]
        else:
            del self.fields["office"]


class RefusalFilters(Asked):
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    hall = forms.ChoiceField(label=_("Hall"), required=False)
    since = DayField(label=_("From"), required=False, widget=_day())
    until = DayField(label=_("Until"), required=False, widget=_day())

    def __init__(self, data: Any, *, by: Person):
        super().__init__(data)
        self.fields["reason"].choices = [ALL, *reason_names().items()]  # type: ignore[attr-defined]
        halls = Hall.objects.order_by("code")
        if not by.has_role(Role.BUREAU, Role.LEADER):
            halls = halls.filter(pk__in=by.halls_as(Role.CLERK, Role.HALL_MANAGER))
        self.fields["hall"].choices = [ALL, *((h.code, local(h)) for h in halls)]  # type: ignore[attr-defined]


def reason_names() -> dict[str, str]:
    """The words of a "no"'s reasons: those said at a window, and those of refusals in writing."""
    lists = ("no_reason", "refuse_acceptance", "refuse")
    return {c.code: local(c) for c in Code.objects.filter(list__in=lists).order_by("id")}


class WeekFilters(Asked):
    """Which week, and where."""

    week = DayField(label=_("Week of"), required=False, widget=_day())
    hall = forms.ChoiceField(label=_("Hall"), required=False)
    office = forms.ChoiceField(label=_("Department"), required=False)

    def __init__(self, data: Any, *, by: Person):
        super().__init__(data)
        wide = by.has_role(Role.BUREAU, Role.LEADER)
        halls = Hall.objects.order_by("code")
        if not wide:
            halls = halls.filter(pk__in=by.halls_as(Role.CLERK, Role.HALL_MANAGER))
        self.fields["hall"].choices = [ALL, *((h.code, local(h)) for h in halls)]  # type: ignore[attr-defined]
        if wide:
            offices = Office.objects.exclude(kind="government").order_by("code")
            self.fields["office"].choices = [ALL, *((o.code, local(o)) for o in offices)]  # type: ignore[attr-defined]
        else:
            del self.fields["office"]


class WeekForm(forms.Form):
    """What was seen and what is decided: words, and up to three changes."""

    LINES = (1, 2, 3)
    words = prose(_("What the week shows"), most=1000, rows=4)

    def __init__(self, data: Any = None):
        super().__init__(data)
        kinds = [CHOOSE, *((p.value, p.label) for p in Prevention if p != Prevention.NONE)]
        for n in self.LINES:
            self.fields[f"kind{n}"] = forms.ChoiceField(
                label=_("What is changed"), choices=kinds, required=False
            )
            self.fields[f"item{n}"] = ItemField(label=_("Which service?"), required=False)
            self.fields[f"text{n}"] = line(_("How, by whom, until when"), most=200, required=False)
        self.items = choices_of_items()

    def rows(self) -> list[list[Any]]:
        return [[self[f"{name}{n}"] for name in ("kind", "item", "text")] for n in self.LINES]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        decisions = []
        for n in self.LINES:
            kind, item, text = (given.get(f"{name}{n}") for name in ("kind", "item", "text"))
            if not (kind or item or text):
                continue
            if not kind:
                self.add_error(f"kind{n}", _("Say what is changed."))
            if not text:
                self.add_error(f"text{n}", _("Say how, by whom and until when."))
            if kind == Prevention.GUIDE and not item:
                self.add_error(f"item{n}", _("Say whose guide is changed."))
            decisions.append({"kind": kind, "item": item.code if item else "", "text": tidy(text or "")})
        return {"words": tidy(given.get("words", "")), "decisions": decisions}


PERIODS = [("28", _("4 weeks")), ("91", _("3 months")), ("365", _("A year"))]


class PeriodForm(Asked):
    days = forms.ChoiceField(label=_("Period"), choices=PERIODS, required=False)
    origin = forms.ChoiceField(label=_("Origin"), required=False)

    def __init__(self, data: Any):
        super().__init__({"days": "91"} | {k: v for k, v in data.items() if v})
        self.fields["origin"].choices = [ALL, *((o.code, o.label) for o in origins.ORIGINS.values())]  # type: ignore[attr-defined]

    def span(self, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        return now - dt.timedelta(days=int(self.asked.get("days", 91))), now


def reason_of(r: Refusal, names: dict[str, str]) -> str:
    return names.get(r.reason, r.reason)
