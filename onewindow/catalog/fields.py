"""Fields that the pages of the catalogue share: limits, several ticks in one text, fields under headings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from onewindow.org.calendar import Limit


class LimitField(forms.CharField):
    """A limit as printed in the law: 20wd, 30d, 3mo."""

    def __init__(self, **more: Any):
        super().__init__(**{"max_length": 10, **more})

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return str(Limit.parse(text)) if text else ""
        except ValueError as wrong:
            raise ValidationError(
                _("Write a number and a unit: 5wd (working days), 30d (days) or 3mo (months).")
            ) from wrong


class Several(forms.MultipleChoiceField):
    """Codes with / between, ticked one by one."""

    def clean(self, value: Any) -> Any:
        known = [c for c, _l in self.choices]  # type: ignore[misc]
        return "/".join(sorted(super().clean(value), key=known.index))


class CheckboxSelectMultiple(forms.CheckboxSelectMultiple):
    """Ticks what stands in a text with / between as well."""

    def format_value(self, value: Any) -> Any:
        return super().format_value(value.split("/") if isinstance(value, str) else value)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        found = super().value_from_datadict(data, files, name)
        return found.split("/") if isinstance(found, str) else found


class Grouped:
    """A form whose fields stand under headings: ``GROUPS`` (heading → fields), ``WIDE`` are those that take a whole line."""

    GROUPS: ClassVar[Sequence[tuple[Any, Sequence[str]]]] = ()
    WIDE: ClassVar[set[str]] = set()

    def groups(self) -> list[tuple[Any, list[tuple[Any, str]]]]:
        """The fields under their headings, each with the class of its width."""
        return [
            (head, [(self[n], "ow-c6" if n in self.WIDE else "ow-c2") for n in names])  # type: ignore[index]
            for head, names in self.GROUPS
        ]
