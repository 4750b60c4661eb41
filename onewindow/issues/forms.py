"""What a person says when taking a step of an issue: one form a step, for the page and for the API alike."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases import files, instant, numbers
from onewindow.cases.filefields import Files, FilesField, kept
from onewindow.cases.flow import FLOWS
from onewindow.catalog.models import Code, Item
from onewindow.issues import actions, evidence, rules
from onewindow.issues.models import Grade, How, Issue, Prevention, Proposal, Status
from onewindow.org.fields import DayField
from onewindow.org.models import Office, Person, Post, number
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local

CHOOSE = ("", _("Please choose"))


def prose(
    label: Any, help_text: Any = "", *, most: int = 400, rows: int = 3, required: bool = True
) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "maxlength": most, "data-phrases": ""})
    return forms.CharField(
        label=label, help_text=help_text, max_length=most, required=required, widget=widget
    )


def line(label: Any, help_text: Any = "", *, most: int = 80, required: bool = True) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(
        label=label, help_text=help_text, max_length=most, required=required, widget=widget
    )


def codes(name: str) -> list[tuple[str, Any]]:
    """A list of codes of the county as choices."""
    rows = Code.objects.filter(list=name, is_active=True).order_by("id")
    return [CHOOSE, *((c.code, local(c)) for c in rows)]


class IssueForm(forms.Form):
    """A step that needs nothing said. ``phrases`` are Chinese, because the answers are."""

    phrases: ClassVar[tuple[str, ...]] = ()

    def __init__(self, data: Any = None, uploads: Any = None, *, case: Any, by: Any):
        super().__init__(data, uploads)
        self.case, self.by = case, by


def only_if(form: forms.Form, name: str, fields: dict[str, tuple[str, ...]]) -> None:
    """Fields that belong to some values of another one; js/step.js hides them while another value is chosen."""
    for values, names in fields.items():
        for field in names:
            form.fields[field].widget.attrs["data-only-if"] = f"{name}={values}"


class ReasonForm(IssueForm):
    reason = prose(_("Reason"))


class NotReadyForm(ReasonForm):
    phrases = ("该问题不属本单位职责，建议改派。",)


class DispatchForm(IssueForm):
    """To which unit, and how hard it is."""

    office = forms.ChoiceField(label=_("Unit that answers for it"))
    grade = forms.ChoiceField(label=_("Grade"), choices=Grade.choices)
    helper = forms.ChoiceField(label=_("Unit that helps"), required=False)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.offices = {o.code: o for o in Office.objects.exclude(kind="government").order_by("code")}
        every = [CHOOSE, *((code, local(o)) for code, o in self.offices.items())]
        self.fields["office"].choices = self.fields["helper"].choices = every  # type: ignore[attr-defined]
        assigned = self.case.status != Status.REGISTERED  # else the bureau's own would be chosen by oversight
        self.initial = {"office": self.case.office.code if assigned else "", "grade": self.case.grade}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        office = self.offices.get(given.get("office", ""))
        helper = self.offices.get(given.get("helper", ""))
        if office and (why := actions.why_not_there(self.case, office)):
            self.add_error("office", why.text)
        if helper and (why := actions.why_not_there(self.case, helper)):
            self.add_error("helper", why.text)
        return {"office": office, "grade": given.get("grade"), "helper": helper if helper != office else None}


class DeclineForm(IssueForm):
    """Why it is outside, in writing, and everything that is missing, at once."""

    phrases = (
        "该问题正在信访程序中，依照《信访工作条例》由受理单位答复，请凭信访编号查询。",
        "该问题已进入诉讼程序，请依法向人民法院主张权利。",
        "您目前尚不具备法定条件，所缺条件和材料见清单，齐备后即可办理。",
    )
    kind_code = forms.ChoiceField(label=_("Why it is outside"))
    answer = prose(_("Written explanation"), _("The reporter reads and may print it."), most=1000, rows=5)
    missing_list = prose(_("All that is missing, one a line"), most=600, required=False)
    transferred_to = line(_("Handed to"), required=False)
    receipt = line(_("Number of the receipt"), required=False)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.fields["kind_code"].choices = codes("issue_outside")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("transferred_to")) != bool(given.get("receipt")):
            missing = "receipt" if given.get("transferred_to") else "transferred_to"
            self.add_error(missing, _("To whom it goes and the number of the receipt belong together."))
        if given.get("kind_code") == "conditions" and not given.get("missing_list"):
            self.add_error("missing_list", _("Say everything that is missing, at once."))
        return given


class MissedForm(IssueForm):
    how = forms.ChoiceField(label=_("How"), choices=[c for c in How.choices if c[0] != How.PAGE],
                            widget=forms.RadioSelect, initial=How.PHONE)  # fmt: skip
    note = prose(_("Note"), required=False, rows=2)

    def clean_how(self) -> str:
        """Nobody has tried to call a number that was never left, or that is hidden from this unit."""
        if why := unreachable_for(self.case, self.by):
            raise forms.ValidationError(why, code="no_number")
        return self.cleaned_data["how"]


def unreachable_for(i: Issue, by: Any) -> Any:
    """Why this person can't speak with the reporter, only write on the page; nothing if that is possible."""
    if i.is_anonymous:
        return _("The reporter left no number: write on the reporter's page.")
    if not i.agrees and not rules.is_bureau(i, by):
        return _("The reporter has not agreed to be known here: write on the page, or let the bureau call.")
    return None


class ContactForm(IssueForm):
    """How, and what the reporter said."""

    phrases = ("已与反映人电话联系，反映人对情况作了说明。",)
    how = forms.ChoiceField(label=_("How"), choices=How.choices, widget=forms.RadioSelect, initial=How.PHONE)
    text = prose(_("What is written to the reporter"), _("Stands on the reporter's page; only for that way."),
                most=1000, required=False)  # fmt: skip
    note = prose(_("What the reporter said"), required=False)
    agrees = forms.BooleanField(
        label=_("The reporter agrees that the unit may know who it was"), required=False
    )

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        only_if(self, "how", {How.PAGE: ("text",), f"{How.PHONE} {How.VISIT}": ("note", "agrees")})
        if why := unreachable_for(self.case, self.by):
            self.initial["how"], self.fields["how"].help_text = How.PAGE, why

    def clean(self) -> dict[str, Any]:
        given, i = super().clean() or {}, self.case
        how = given.get("how")
        if how == How.PAGE and not given.get("text"):
            self.add_error("text", _("Write what the reporter is to read."))
        elif how and how != How.PAGE:
            why = unreachable_for(i, self.by)
            if why and (how == How.PHONE or not i.is_anonymous):
                self.add_error("how", why)
            elif not given.get("note"):
                self.add_error("note", _("Write down what the reporter said."))
        return given


class FindingForm(IssueForm):
    finding = prose(_("What is known"), most=600)


class VerifyForm(IssueForm):
    """What the facts say."""

    founded = forms.ChoiceField(
        label=_("Does it hold?"),
        choices=[("yes", _("It holds")), ("partly", _("It holds in part")), ("no", _("It does not hold"))],
        widget=forms.RadioSelect,
    )
    finding = prose(_("Facts and evidence"), _("Times, papers, recordings: what shows it."), most=600, rows=4)
    grade = forms.ChoiceField(label=_("Grade"), choices=Grade.choices)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.initial = {"grade": self.case.grade}


class AskForm(IssueForm):
    notice = prose(
        _("What the reporter is asked"), _("Stands on the reporter's page and goes out as a text message.")
    )
    days = forms.IntegerField(label=_("Working days for the answer"), min_value=1, max_value=10, initial=3)

    def clean_days(self) -> int:
        left = number("issue_asked_days") - self.case.asked_days
        if self.cleaned_data["days"] > left:
            raise forms.ValidationError(_("%(n)d working days are left for waiting.") % {"n": left})
        return self.cleaned_data["days"]


class TextForm(IssueForm):
    text = prose(_("Your answer"), most=1000)


class PlanForm(IssueForm):
    """Measures with a day, within the limit of a complex issue: a plan is no way out of the clock."""

    plan = prose(_("Measures"))
    plan_owner = line(_("Who answers for it"), most=60)
    plan_due = DayField(label=_("Until"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    reason = prose(_("Why it takes longer"), rows=2)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.latest = actions.longest_plan(self.case)
        self.fields["plan_due"].help_text = _("Not after %(day)s, the limit of a complex issue.") % {
            "day": self.latest.isoformat()
        }
        self.fields["plan_due"].widget.attrs["max"] = self.latest.isoformat()

    def clean_plan_due(self) -> Any:
        day = self.cleaned_data["plan_due"]
        if day <= timezone.localdate(instant.now()):
            raise forms.ValidationError(_("The day must lie ahead."))
        if day > self.latest:
            text = _("At the latest %(day)s: until then a complex issue has to be put right.")
            raise forms.ValidationError(text % {"day": self.latest.isoformat()}, code="too_late")
        return day


class CauseForm(IssueForm):
    """Why it happened, and what was changed so that it does not happen again."""

    cause = forms.ChoiceField(label=_("Cause"))
    prevention = forms.ChoiceField(label=_("What was changed"), choices=[CHOOSE, *Prevention.choices])
    prevention_note = prose(_("What exactly; for “nothing”, why"), rows=2)
    prevention_item = line(_("Code of the item whose guide was changed"), most=64, required=False)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.fields["cause"].choices = codes("issue_cause")  # type: ignore[attr-defined]
        i = self.case
        self.initial["prevention_item"] = i.item.code if i.item else ""
        only_if(self, "prevention", {Prevention.GUIDE: ("prevention_item",)})
        last = [n for n in self.fields if n.startswith(("cause", "prevention"))]
        self.order_fields([n for n in self.fields if n not in last] + last)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        code, version = given.pop("prevention_item", ""), None
        if given.get("prevention") == Prevention.GUIDE:
            item = Item.objects.filter(code=code).select_related("current").first()
            version = item.current if item else None
            if version is None:
                self.add_error("prevention_item", _("There is no such item."))
            elif version.published_at is None or version.published_at < self.case.opened_at:
                self.add_error(
                    "prevention_item",
                    _("This guide has not been changed since the report. Publish the change first."),
                )
        return given | {"prevention_version": version}


class DoneForm(CauseForm):
    """With the case or the paper that shows what was done."""

    done_case = line(_("Number of the case that came of it"), most=20, required=False)
    file = FilesField(
        label=_("or the papers that show it"),
        help_text=_("Photos, a record, the licence: up to three files."),
        required=False,
        widget=Files(attrs={"accept": files.ACCEPT}),
    )
    is_shown = forms.BooleanField(label=_("The reporter may see these papers"), required=False)

    def clean_done_case(self) -> str:
        said = self.cleaned_data["done_case"]
        found = numbers.clean(said)
        if said and (not found or found == self.case.number or not _exists(found)):
            raise forms.ValidationError(_("There is no case with this number."))
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        purpose = evidence.SHOWN if given.pop("is_shown", False) else evidence.DONE
        if len(given.pop("file", None) or []) > evidence.MOST:
            self.add_error("file", _("At most %(n)d files, please.") % {"n": evidence.MOST})
        first, *more = kept(self, "file", purpose) or [None]
        return given | {"done_paper": first, "papers": more}

    def must_show(self, given: dict[str, Any]) -> None:
        if not given.get("done_case") and not given.get("done_paper") and "file" not in self.errors:
            self.add_error(
                "done_case",
                _("What was done must be shown: name the case that came of it, or add the paper."),
            )


def _exists(found: str) -> bool:
    kind = FLOWS.get(found[:1])
    return bool(kind and kind.model and kind.model._base_manager.filter(number=found).exists())


class SettleForm(DoneForm):
    phrases = ("已当场为您办理完毕。",)
    answer = prose(_("What was done"), most=1000)

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        self.must_show(given)
        return given


class ReplyForm(DoneForm):
    """The answer, and what belongs to it."""

    phrases = ("您反映的问题已办理完毕，对给您带来的不便深表歉意。", "经核实，情况说明如下：")
    proposal = forms.ChoiceField(
        label=pgettext_lazy("issue", "Result"),
        choices=[CHOOSE, *((o.value, o.label) for o in Proposal if o != Proposal.IMPOSSIBLE)],
    )
    answer = prose(_("Answer to the reporter"), most=1000, rows=5)
    policy_note = prose(_("What would have to change (needs a change of policy)"), rows=2, required=False)
    transferred_to = line(_("Handed to"), required=False)
    receipt = line(_("Number of the receipt"), required=False)
    NEEDS: ClassVar[dict[str, tuple[str, ...]]] = {
        Proposal.POLICY: ("policy_note",),
        Proposal.TRANSFERRED: ("transferred_to", "receipt"),
    }
    SHOWN: ClassVar[tuple[str, ...]] = ("done_case", "file", "is_shown")

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        first = ["proposal", "answer", *self.SHOWN, "policy_note", "transferred_to", "receipt"]
        self.order_fields([*first, *(n for n in self.fields if n not in first)])
        only_if(self, "proposal", self.NEEDS | {f"{Proposal.SOLVED} {Proposal.PARTLY}": self.SHOWN})
        self.initial["answer"] = self.case.answer  # what was not signed may be of use

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        proposal = given.get("proposal", "")
        for name in self.NEEDS.get(proposal, ()):
            if not given.get(name):
                self.add_error(name, _("This result needs it."))
        for other, names in self.NEEDS.items():
            if proposal != other:
                given |= {n: "" for n in names if n not in self.NEEDS.get(proposal, ())}
        if proposal in (Proposal.SOLVED, Proposal.PARTLY):
            self.must_show(given)
        return given


class RefuseForm(CauseForm):
    phrases = ("依照现行法律规定，该事项不能办理，理由如下：",)
    article = line(_("Article of the law"), _("For example 行政许可法 第三十八条"), most=200)
    answer = prose(_("Explanation to the reporter"), most=1000, rows=4)
    alternatives = prose(_("What can be done instead"), _("A lawful no still shows a way."))

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        for name in ("article", "answer", "alternatives"):  # what was not signed is a draft
            self.initial[name] = getattr(self.case, name)


class PanelForm(IssueForm):
    """Two who work here and one who does not, each with a vote and its reason."""

    VOTES: ClassVar = [("uphold", _("Unfounded")), ("dismiss", _("The review stands"))]
    wants = 2
    first = forms.ChoiceField(label=_("First member"))
    first_vote = forms.ChoiceField(label=_("Vote of the first"), choices=VOTES, widget=forms.RadioSelect)
    first_reason = line(_("Reason of the first"), most=200)
    other = forms.ChoiceField(label=_("Second member"))
    other_vote = forms.ChoiceField(label=_("Vote of the second"), choices=VOTES, widget=forms.RadioSelect)
    other_reason = line(_("Reason of the second"), most=200)
    outsider = line(
        _("Member from outside"),
        _("Name and where from: an experience officer or supervisor, nobody who works here"),
        most=60,
    )
    outsider_vote = forms.ChoiceField(label=_("Vote from outside"), choices=VOTES, widget=forms.RadioSelect)
    outsider_reason = line(_("Reason from outside"), most=200)
    answer = prose(_("What the panel says"), most=1000)

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.people = {p.username: p for p in panel_members(self.case)}
        choices = [CHOOSE, *((name, local(p)) for name, p in self.people.items())]
        self.fields["first"].choices = self.fields["other"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        if given["first"] == given["other"]:
            self.add_error("other", _("Three different people judge."))
            return given
        name = re.split(r"[\s（(，,、]", given["outsider"])[0]
        if Person.objects.filter(name=name, is_active=True, uscc="").exists():
            self.add_error(
                "outsider", _("Somebody of this name works here: the third member comes from outside.")
            )
            return given
        votes = []
        for which in ("first", "other", "outsider"):
            person = self.people.get(given[which])
            votes.append(
                {"person": person, "name": person.name if person else given[which], "is_outside": person is None,
                 "upholds": given[f"{which}_vote"] == "uphold", "reason": given[f"{which}_reason"]}
            )  # fmt: skip
        if not self.carried(sum(v["upholds"] for v in votes)):
            self.add_error(None, _("The votes do not carry this: two of three decide."))
        return {"votes": votes, "answer": given["answer"]}

    def carried(self, upholding: int) -> bool:
        return upholding >= 2


class DismissForm(PanelForm):
    def carried(self, upholding: int) -> bool:
        return upholding < 2


def panel_members(i: Issue) -> list[Person]:
    """Who may judge: bureau, leaders and heads of other units; nobody who worked on it, whom it is about, or who leads that
    person."""
    day = timezone.localdate(instant.now())
    posts = Post.objects.on(day).filter(
        role__in=[Role.BUREAU, Role.LEADER, Role.HEAD, Role.HALL_MANAGER], person__is_active=True
    )
    posts = (
        posts.exclude(office=i.office, role=Role.HEAD).select_related("person").order_by("person__username")
    )
    worked = {i.contacted_by_id, i.verified_by_id, i.answered_by_id, i.handler_id}
    found = {p.person_id: p.person for p in posts}
    return [p for p in found.values() if p.pk not in worked and not rules.kept_out(i, p)]


class WordsForm(IssueForm):
    phrases = ("反映人表示满意，问题已解决。", "反映人表示理解。")
    words = prose(_("In the reporter's own words"))


class OwnWordsForm(IssueForm):
    words = prose(_("In your own words"), required=False)


class OwnReasonForm(IssueForm):
    reason = prose(_("Reason"), required=False)


class MergeForm(IssueForm):
    """``prefilled``: what the address may fill in, for the link beside a similar issue."""

    prefilled: ClassVar[tuple[str, ...]] = ("main",)
    main = line(
        _("Number of the issue that goes on"),
        _("Its reporter and this one's both follow it from now on."),
        most=20,
    )

    def clean_main(self) -> Issue:
        found = numbers.clean(self.cleaned_data["main"])
        main = Issue.objects.seen_by(self.by).filter(number=found).first() if found else None
        if main is None or main.pk == self.case.pk:
            raise forms.ValidationError(_("There is no other issue with this number."))
        if not main.is_open:
            raise forms.ValidationError(_("That issue has ended; reopen it, or let this one go on."))
        return main


class RecheckForm(IssueForm):
    still_right = forms.ChoiceField(
        label=_("Is it really fixed?"), choices=[("yes", _("Yes")), ("no", _("No"))], widget=forms.RadioSelect
    )
    note = prose(_("In the reporter's own words"))

    def clean_still_right(self) -> bool:
        return self.cleaned_data["still_right"] == "yes"


FORMS: dict[str, type[IssueForm]] = {
    "dispatch": DispatchForm, "send_back": NotReadyForm, "decline": DeclineForm, "contact": ContactForm,
    "missed": MissedForm, "callback_missed": MissedForm, "go_on": FindingForm, "verify": VerifyForm,
    "ask_reporter": AskForm, "reporter_answers": TextForm, "resume": IssueForm, "plan": PlanForm,
    "settle": SettleForm, "reply": ReplyForm, "refuse_lawfully": RefuseForm, "countersign": IssueForm,
    "reject_no": ReasonForm, "appeal": ReasonForm, "uphold": PanelForm, "dismiss": DismissForm,
    "confirm": OwnWordsForm, "close": WordsForm, "give_up": IssueForm, "let_go": IssueForm,
    "take_back": OwnReasonForm, "merge": MergeForm, "part": ReasonForm, "reopen": ReasonForm, "correct_cause": CauseForm,
    "recheck": RecheckForm,
}  # fmt: skip
