"""The forms of the applicant's pages. Every check is here; scripts only spare taps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from onewindow.cases import files, instant
from onewindow.cases.models import Attachment
from onewindow.catalog import questions
from onewindow.catalog.guide import published
from onewindow.my import applying
from onewindow.my.applying import HELD, UPLOAD, Sheet
from onewindow.my.models import Account, AuthorityKind, Scope
from onewindow.my.rules import Holder
from onewindow.org import identifiers
from onewindow.org.fields import DayField
from onewindow.org.models import Hall
from onewindow.org.templatetags.ow import local
from onewindow.window.correcting import MOST, Photos, PhotosField
from onewindow.window.intake import DELIVERY, tidy
from onewindow.window.models import DeliveryForm


def _checked(check: Any, text: str) -> str:
    try:
        return check(text)
    except identifiers.BadIdentifier as bad:
        raise forms.ValidationError(bad.message, code=bad.code) from None


class MobileField(forms.CharField):
    """A Chinese mobile number."""

    def __init__(self, **more: Any):
        more.setdefault("label", _("Mobile"))
        widget = forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel-national", "type": "tel"})
        super().__init__(max_length=20, widget=widget, **more)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        return _checked(identifiers.check_mobile, text) if text else ""


class NameField(forms.CharField):
    """A person's name, in one spelling."""

    def __init__(self, **more: Any):
        more.setdefault("label", _("Name"))
        widget = forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"})
        super().__init__(max_length=60, widget=widget, **more)

    def clean(self, value: Any) -> str:
        return tidy(super().clean(value))


class SignInForm(forms.Form):
    """Where the code goes."""

    mobile = MobileField(label=_("Mobile number"))


class CodeForm(forms.Form):
    """The six digits."""

    code = forms.CharField(
        label=pgettext_lazy("sign-in", "Code"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def clean_code(self) -> str:
        digits = "".join(self.cleaned_data["code"].split())
        if len(digits) != 6 or not digits.isdecimal():
            raise forms.ValidationError(_("The code has six digits."))
        return digits


class NameForm(forms.Form):
    """Real name. The consent stands for itself: an identity number is sensitive (PIPL 28, 29)."""

    name = NameField(label=_("Name as on the identity card"))
    id_number = forms.CharField(
        label=_("Identity card number"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        ),
    )
    consent = forms.BooleanField(
        label=_("I agree that my name and identity number are checked and kept for my applications."),
        error_messages={
            "required": _(
                "Without your consent the name can't be checked; the window serves you all the same."
            )
        },
    )

    def clean_id_number(self) -> str:
        return _checked(identifiers.check_citizen_id, self.cleaned_data["id_number"])


class EnterpriseForm(forms.Form):
    """The credit code of the enterprise that the person legally represents."""

    uscc = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        ),
    )

    def clean_uscc(self) -> str:
        return _checked(identifiers.check_uscc, self.cleaned_data["uscc"])


class NoticesForm(forms.Form):
    """Which ways notices take besides the page."""

    by_sms = forms.BooleanField(label=_("By text message to my mobile"), required=False)
    by_email = forms.BooleanField(label=_("By e-mail"), required=False)

    def __init__(self, *args: Any, account: Account, **more: Any):
        super().__init__(*args, initial={"by_sms": account.by_sms, "by_email": account.by_email}, **more)
        if not account.email:
            del self.fields["by_email"]


class EmailForm(forms.Form):
    """An address that gets a code first."""

    email = forms.EmailField(label=_("E-mail address"), max_length=120)


class CloseForm(forms.Form):
    """Closing asks twice."""

    sure = forms.BooleanField(label=_("Yes, close my account for good."))


class QuestionForm(forms.Form):
    """A question about a case, or its answer."""

    text = forms.CharField(
        label=_("Your question"), max_length=500, widget=forms.Textarea(attrs={"rows": 4, "maxlength": 500})
    )


class AuthorityForm(forms.Form):
    """授权委托: who may act, for whom, for which items, how far, from when to when."""

    holder = forms.ChoiceField(label=_("For whom"), widget=forms.RadioSelect)
    kind = forms.ChoiceField(
        label=_("As what"),
        choices=[c for c in AuthorityKind.choices if c[0] != AuthorityKind.LEGAL],
        widget=forms.RadioSelect,
        initial=AuthorityKind.AGENT,
    )
    to_name = NameField(label=_("Name of the person"))
    to_mobile = MobileField(label=_("Mobile of the person"))
    scope = forms.ChoiceField(
        label=_("May do"), choices=Scope.choices, widget=forms.RadioSelect, initial=Scope.ACT
    )
    items = forms.ModelMultipleChoiceField(
        label=_("Only for these services"), queryset=None, required=False, to_field_name="code",
        help_text=_("Choose none and it holds for all services."),
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )  # fmt: skip
    starts_on = DayField(
        label=_("From day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    ends_on = DayField(
        label=_("Until day"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, holders: list[Holder], **more: Any):
        super().__init__(*args, **more)
        names = [(h.key, gettext("Myself") if h.ground == "self" else h.name) for h in holders]
        self.fields["holder"].choices = names  # type: ignore[attr-defined]
        self.fields["items"].queryset = published()  # type: ignore[attr-defined]
        self.fields["items"].label_from_instance = local  # type: ignore[attr-defined]
        self.initial.setdefault("holder", names[0][0] if names else "")
        self.initial.setdefault("starts_on", timezone.localdate(instant.now()))
        if not any(h.kind == "enterprise" for h in holders):
            del self.fields["kind"]


# --- one question a page -----------------------------------------------------------------------------------


class StepForm(forms.Form):
    """One page of the application. ``keep`` writes its answer into the sheet."""

    template = "my/step_plain.html"
    heading: Any = ""

    def __init__(self, data: Any = None, uploads: Any = None, *, sheet: Sheet, step: str):
        super().__init__(data, uploads, initial=self.start(sheet, step))
        self.sheet, self.step = sheet, step
        self.build()

    def start(self, sheet: Sheet, step: str) -> dict[str, Any]:
        return dict(sheet.said.get(step, {}))

    def build(self) -> None:
        """Adds the fields that depend on the sheet."""

    def keep(self) -> None:
        self.sheet.said[self.step] = dict(self.cleaned_data)

    def title(self) -> str:
        return str(self.heading)


class WhoForm(StepForm):
    """Who applies, and how to reach him; all of it is filled in already."""

    heading = _("Who applies?")
    holder = forms.ChoiceField(label=_("Applicant"), widget=forms.RadioSelect)
    contact = NameField(label=_("Contact person"), required=False, help_text=_("For an enterprise"))
    mobile = MobileField(help_text=_("Messages about this application go there."))
    address = forms.CharField(
        label=_("Address"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )

    def build(self) -> None:
        able = self.sheet.able()
        self.able = {h.key: h for h in able}
        self.fields["holder"].choices = [(h.key, self._name(h)) for h in able]  # type: ignore[attr-defined]
        account = self.sheet.account
        if able:
            self.initial.setdefault("holder", able[0].key)
        self.initial.setdefault("mobile", account.mobile if account else self.sheet.person.mobile)
        if account and account.name:
            self.initial.setdefault("contact", account.name)
        if not any(h.kind == "enterprise" for h in able):
            del self.fields["contact"]

    def _name(self, h: Holder) -> str:
        if h.ground == "self":
            return gettext("Myself: %(name)s") % {"name": f"{h.masked} {h.masked_id}"}
        if h.is_agent:
            return gettext("As agent for %(name)s") % {"name": f"{h.masked} {h.masked_id}"}
        return f"{h.masked} {h.masked_id}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        chosen = self.able.get(given.get("holder", ""))
        if chosen is not None and chosen.kind == "enterprise" and not given.get("contact"):
            self.add_error("contact", _("Please name somebody whom we can reach."))
        return given


class AnswerForm(StepForm):
    """One question of the item."""

    def start(self, sheet: Sheet, step: str) -> dict[str, Any]:
        return {"answer": sheet.answers.get(step[2:], "")}

    def build(self) -> None:
        self.question = self.sheet.question(self.step)
        self.fields["answer"] = questions.field(self.question)

    def keep(self) -> None:
        self.sheet.answers[self.step[2:]] = questions.kept(self.cleaned_data["answer"])

    def title(self) -> str:
        return questions.words(self.question)


class MaterialForm(StepForm):
    """One material: photos or a file, or another way in."""

    template = "my/step_material.html"
    form = forms.ChoiceField(label=_("How do you hand it in?"), widget=forms.RadioSelect)

    def start(self, sheet: Sheet, step: str) -> dict[str, Any]:
        return {"form": sheet.materials.get(step[2:], {}).get("form", "")}

    def build(self) -> None:
        self.spec = self.sheet.spec(self.step)
        self.ways = self.sheet.ways(self.spec)
        self.library = self.sheet.offers().get(self.spec.no)
        self.fields["form"].choices = self.ways  # type: ignore[attr-defined]
        ways = [way for way, _label in self.ways]
        if self.initial["form"] not in ways:
            # consent is given by a tap, never by leaving a tick where it was (个人信息保护法 14)
            unasked = ways[0] == HELD and self.library is not None and self.library.needs_consent
            self.initial["form"] = ways[1] if unasked else ways[0]
        self.held: Attachment | None = self.sheet.attachment(self.spec.no)
        if UPLOAD in ways:
            self.fields["file"] = PhotosField(
                label=_("Photos or file"),
                required=False,
                widget=Photos(attrs={"accept": "image/*,application/pdf", "data-photos": ""}),
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        uploads = [f for f in self.files.getlist("file") if f] if self.files else []
        if uploads:
            given["form"] = UPLOAD
            self.errors.pop("form", None)
            if len(uploads) > MOST:
                self.add_error("file", _("At most %(n)d photos, please.") % {"n": MOST})
                return given
            try:
                whole = uploads[0] if len(uploads) == 1 else files.together(uploads)
                self.held = files.store(whole, by=self.sheet.owner, purpose=f"material {self.spec.no}")
                self._remember()  # a browser does not send files twice: what is good is kept whatever else is wrong
            except files.BadFile as bad:
                self.add_error("file", bad.message)
        elif given.get("form") == UPLOAD and self.held is None:
            self.add_error("file", _("Please take a photo or choose a file."))
        return given

    def _remember(self) -> None:
        assert self.held is not None
        self.sheet.materials[self.step[2:]] = {"form": UPLOAD, "key": self.held.key}

    def keep(self) -> None:
        form = self.cleaned_data["form"]
        self.sheet.materials[self.step[2:]] = {"form": form} | (
            {"key": self.held.key} if form == UPLOAD and self.held else {}
        )
        if form == HELD and self.library is not None:
            self.sheet.materials[self.step[2:]]["held"] = self.library.key

    @property
    def origin(self) -> str:
        """Where what is held comes from."""
        return applying.origin(self.library) if self.library is not None else ""

    def title(self) -> str:
        return local(self.spec)


class DeliveryForm_(StepForm):
    """How the result comes, and which hall looks after the application."""

    heading = _("How do you want to get the result?")
    form = forms.ChoiceField(
        label=pgettext_lazy("delivery", "Result"),
        choices=DELIVERY,
        widget=forms.RadioSelect,
        initial="electronic",
    )
    hall = forms.ChoiceField(label=_("Hall"), help_text=_("It checks your materials, and gives out papers."))
    address = forms.CharField(
        label=_("Postal address"), max_length=200, required=False, help_text=_("Only if it goes by post"),
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )  # fmt: skip

    def build(self) -> None:
        halls = Hall.objects.order_by("code")
        self.fields["hall"].choices = [(h.code, local(h)) for h in halls]  # type: ignore[attr-defined]
        self.initial.setdefault("form", DeliveryForm.ELECTRONIC)
        self.initial.setdefault("address", self.sheet.said.get("who", {}).get("address", ""))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("form") == DeliveryForm.POST and not given.get("address"):
            self.add_error("address", _("The result goes by post: please enter the address."))
        if given.get("form") != DeliveryForm.POST:
            given["address"] = ""
        return given


class NoticeForm(StepForm):
    """What the applicant declares, and what happens to the data (行政许可法 31; PIPL 17)."""

    template = "my/step_notice.html"
    heading = _("Before you hand in")
    agree = forms.BooleanField(
        label=_("What I say is true, and I know what happens to my data."),
        error_messages={"required": _("Please confirm, or leave the application as a draft.")},
    )


def form_of(step: str) -> type[StepForm]:
    """The form of a page."""
    if step.startswith("q-"):
        return AnswerForm
    if step.startswith("m-"):
        return MaterialForm
    pages: Mapping[str, type[StepForm]] = {"who": WhoForm, "delivery": DeliveryForm_, "notice": NoticeForm}
    return pages[step]
