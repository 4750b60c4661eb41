"""The living style guide: every component with sample data, made by the same parts as the pages use."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from onewindow.org.fields import DayField


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Name"), help_text=_("As on the identity card"))
    mobile = forms.CharField(
        label=_("Mobile"), widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"})
    )
    role = forms.ChoiceField(
        label=_("Capacity"),
        choices=[("legal", _("Legal representative")), ("agent", _("Agent"))],
        required=False,
    )
    day = DayField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}), required=False)
    result_by = forms.ChoiceField(
        label=_("How to get the result"),
        choices=[("electronic", _("Electronic")), ("window", _("At the window")), ("post", _("By post"))],
        widget=forms.RadioSelect,
    )
    reasons = forms.MultipleChoiceField(
        label=_("Reasons"),
        choices=[
            ("copy", _("Copy is not legible")),
            ("seal", _("Seal is missing")),
            ("old", _("Document has expired")),
        ],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 2}), required=False)
    scan = forms.FileField(
        label=_("Scan or photo"), required=False, help_text=_("PDF, JPEG or PNG, up to 20 MB")
    )
    agreed = forms.BooleanField(label=_("I have read the notice"))

    def clean_mobile(self) -> str:
        if len(self.cleaned_data["mobile"]) < 11:
            raise forms.ValidationError(_("One digit is missing, please check"))
        return self.cleaned_data["mobile"]


class FilterForm(forms.Form):
    """The filters of a list, as a GET form."""

    q = forms.CharField(label=_("Number or name"), required=False)
    status = forms.ChoiceField(
        label=_("Status"), choices=[("", _("All")), ("examining", _("Under examination"))], required=False
    )
    opened_from = DayField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}), required=False)


class StyleGuide(TemplateView):
    """``/styleguide/``; ``?base=public`` shows the applicant's density."""

    template_name = "styleguide.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.localtime().replace(hour=9, minute=46)
        return super().get_context_data(
            form=SampleForm(
                {"name": "赵立新", "mobile": "1990000123", "role": "legal", "result_by": "electronic"}
            ),
            plain_form=SampleForm(),
            filters=FilterForm(),
            now=now,
            lights=["green", "amber", "yellow", "red", "stopped"],
            statuses=[
                ("submitted", _("Submitted")),
                ("examining", _("Under examination")),
                ("correcting", _("Waiting for corrections")),
                ("suspended", _("Suspended")),
                ("decided", _("Decided")),
                ("delivered", _("Delivered")),
                ("not_accepted", _("Not accepted")),
                ("withdrawn", _("Withdrawn")),
            ],
            rows=[
                ("A261124000037K", "食品经营许可（新办）", "examining", _("Under examination"), "green", 2),
                (
                    "A261120000012M",
                    "公共场所卫生许可",
                    "correcting",
                    _("Waiting for corrections"),
                    "stopped",
                    None,
                ),
                ("A261118000101T", "建筑工程施工许可证", "examining", _("Under examination"), "amber", 0),
                ("A261105000009A", "户外广告设置", "examining", _("Under examination"), "red", -3),
            ],
            events=[
                {
                    "title": _("Accepted at the window"),
                    "at": now - dt.timedelta(days=1),
                    "by": "综合受理窗口 03",
                    "state": "done",
                },
                {"title": _("Under examination"), "at": now, "by": "市场监督管理局", "state": "now"},
                {"title": _("Decision"), "note": _("The law gives 20 working days, we promise 3")},
                {"title": _("Handing out"), "note": _("Electronic licence; a text message tells you")},
            ],
            **kwargs,
        )
