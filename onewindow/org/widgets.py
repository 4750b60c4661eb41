"""Inputs and select fields as HTML.

A page with filters has ten of them and the counter's has thirty; each costs Django a template with two more inside. What is
built here is letter by letter what its templates give (held against them in tests/org/test_widgets.py), but for the line
breaks among the options; every other widget is left to its template.
"""

from __future__ import annotations

from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

INPUTS = frozenset(
    f"django/forms/widgets/{name}.html"
    for name in (
        *("input", "text", "number", "email", "url", "password", "hidden", "search", "tel"),
        *("date", "datetime", "time", "checkbox", "file"),
    )
)
SELECTS = frozenset({"django/forms/widgets/select.html"})


class Renderer(TemplatesSetting):
    """Django's renderer by templates, with a short cut for the widgets that pages are full of."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        if template_name in INPUTS:
            return _input(context["widget"])
        if template_name in SELECTS:
            return _select(context["widget"])
        return super().render(template_name, context, request)


def _attributes(attrs: dict[str, Any]) -> SafeString:
    found = [
        f" {conditional_escape(name)}" + ("" if value is True else f'="{_text(value)}"')
        for name, value in attrs.items()
        if value is not False
    ]
    return mark_safe("".join(found))  # each part was escaped


def _text(value: Any) -> SafeString:
    return conditional_escape(value if isinstance(value, str) else str(value))


def _input(widget: dict[str, Any]) -> SafeString:
    value = widget["value"]
    said = "" if value is None else format_html(' value="{}"', _text(value))
    attrs = _attributes(widget["attrs"])
    return format_html('<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], said, attrs)


def _select(widget: dict[str, Any]) -> SafeString:
    groups = format_html_join(
        "", "{}", ((_group(name, options),) for name, options, _n in widget["optgroups"])
    )
    return format_html(
        '<select name="{}"{}>{}</select>', widget["name"], _attributes(widget["attrs"]), groups
    )


def _group(name: Any, options: list[dict[str, Any]]) -> SafeString:
    lines = format_html_join(
        "",
        '<option value="{}"{}>{}</option>\n',
        ((_text(o["value"]), _attributes(o["attrs"]), o["label"]) for o in options),
    )
    return format_html('<optgroup label="{}">{}</optgroup>', name, lines) if name else lines
