"""The lines of a list of cases as HTML.

The to-do list is opened more often than any other page, and a template engine takes ten times as long for fifty such
lines as it takes to find them: so these, and only these, are built in Python. What looks like another tag of the desk
is the same tag (``status_tag``, ``light_tag``). See docs/explanation/performance.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onewindow.cases import desk, instant, numbers
from onewindow.cases.flow import FLOWS
from onewindow.org.templatetags.ow import light_tag, local, moment, status_tag

#: First the words of the column heads are put in, once a page, then the facts of each case.
ROW = """<tr{{}}>{{}}<th scope="row"><a class="ow-todo__a" href="{at}{{}}/">{{}}</a><div class="ow-t__sub">{{}}</div></th>
<td data-label="{number}"><span class="ow-num ow-nowrap">{{}}</span></td>
<td data-label="{status}">{{}}</td>
<td data-label="{deadline}">{{}}{{}}</td>
<td data-label="{where}">{{}}</td>
<td data-label="{opened}" class="ow-num ow-nowrap">{{}}</td></tr>
"""
TICK = """<td class="ow-pickcol"><input type="checkbox" form="batch" name="case" value="{}:{}" aria-label="{}"></td>"""
DUE = '<div class="ow-t__sub ow-num">{}{}</div>'
PROVISIONAL = ' <span title="{}">{}</span>'


@dataclass(frozen=True)
class Line:
    """One case in a list: its table row."""

    case: Any
    html: SafeString


def _put(form: str, *facts: object) -> SafeString:
    """``format_html`` without its detour by way of texts that are not translated yet."""
    safe = [fact if isinstance(fact, SafeString) else escape(str(fact)) for fact in facts]
    return mark_safe(form.format(*safe))  # every part is escaped or was safe


def lines(cases: Iterable[Any], *, by_office: bool, ticked: bool = False) -> Iterator[Line]:
    """A line for each case; the fifth cell names the department (``by_office``), else the hall. ``ticked``: with a box to
    choose it for a step that many take together."""
    row = format_html(
        ROW,
        at=reverse("case", args=["-"]).removesuffix("-/"),
        number=_("Number"),
        status=_("Status"),
        deadline=_("Deadline"),
        where=_("Department") if by_office else _("Hall"),
        opened=pgettext("case", "Opened"),
    )
    status = cache(lambda flow, code: status_tag(code, FLOWS[flow].statuses(code).label))
    how = cache(light_tag)
    tick, late = _("Tick %(number)s"), mark_safe(' class="is-late"')
    now = instant.now()
    for case in cases:
        kind, light, left = desk.of(case), desk.light(case), desk.left(case, now)
        html = _put(
            row,
            late if light in ("RED", "YELLOW") else "",
            _put(TICK, case.number, case.version, tick % {"number": case.number}) if ticked else "",
            case.number,
            kind.title(case),
            kind.line(case),
            numbers.shown(case.number),
            status(case.PREFIX, case.status),
            how(light, left),
            "" if left is None else _due(case.due_at, case.is_provisional),
            local(case.office if by_office else getattr(case, "hall", None)),
            moment(case.opened_at),
        )
        yield Line(case, html)


def _due(at: dt.datetime, is_provisional: bool) -> SafeString:
    if not is_provisional:
        return _put(DUE, moment(at), "")
    doubt = _put(PROVISIONAL, _("The calendar of that year is not published yet"), _("(provisional)"))
    return _put(DUE, moment(at), doubt)
