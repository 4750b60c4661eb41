"""What the templates of every app share: icons, days and limits in words, masks, links that keep the query."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from onewindow.org import masking
from onewindow.org.calendar import ZONE

register = template.Library()

ICONS = Path(__file__).resolve().parents[2] / "static/vendor/lucide"

#: How a status or light looks: tone (suffix of ow-tag--) and icon. Green, amber, red only say how it stands.
TONES = {
    "submitted": ("b", "inbox"),
    "received": ("b", "inbox"),
    "correcting": ("a", "file-pen"),
    "examining": ("b", "circle-dot"),
    "suspended": ("a", "circle-pause"),
    "forwarded": ("b", "send"),
    "decided": ("g", "circle-check"),
    "delivered": ("plain", "circle-check-big"),
    "not_accepted": ("r", "circle-x"),
    "withdrawn": ("", "undo-2"),
    "voided": ("", "ban"),
    "waiting": ("", "circle-dashed"),
    "returned": ("a", "file-pen"),
    "approved": ("g", "circle-check"),
    "conditional": ("a", "circle-check"),
    "objected": ("r", "circle-x"),
    "cancelled": ("", "circle-minus"),
    "revoked": ("r", "ban"),
    "valid": ("g", "circle-check"),
    "expired": ("", "hourglass"),
    "promised": ("a", "hourglass"),
    "kept": ("g", "circle-check"),
    "broken": ("r", "triangle-alert"),
    "enforced": ("r", "ban"),
    "lapsed": ("", "circle-x"),
    "green": ("g", "circle-check"),
    "amber": ("a", "clock"),
    "yellow": ("y", "hourglass"),
    "red": ("r", "triangle-alert"),
    "stopped": ("", "circle-pause"),
    "in_time": ("plain", "circle-check"),
    # tones by name, for pages with statuses of their own
    "wait": ("", "circle-dashed"),
    "doing": ("b", "circle-dot"),
    "due": ("a", "clock"),
    "done": ("g", "circle-check"),
    "bad": ("r", "triangle-alert"),
    "ahead": ("hatch", "construction"),
}


@lru_cache(maxsize=512)
def _svg(name: str) -> str:
    try:
        text = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    return re.sub(r"\s+", " ", text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]).strip()


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """The Lucide icon as inline SVG; hidden from screen readers unless it has a ``label`` of its own."""
    return _icon(name, classes, str(label))


@lru_cache(maxsize=1024)
def _icon(name: str, classes: str, label: str) -> SafeString:
    inner = _svg(name)
    if not inner and (settings.DEBUG or getattr(settings, "TESTING", False)):
        raise ImproperlyConfigured(
            f"No icon {name}.svg in {ICONS}. Run tools/collect.py; names are those of lucide.dev."
        )
    voice = format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"')
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round" focusable="false"{}>{}</svg>',
        f"ow-ico {classes}".strip(),
        voice,
        mark_safe(inner),  # a file of ours, chosen by a literal in a template
    )


@register.filter
def tone(code: object) -> str:
    """Suffix of ``ow-tag--`` for a status or light; empty (grey) for one that is not known."""
    return TONES.get(str(code).lower(), ("", ""))[0]


@register.filter
def tone_icon(code: object) -> str:
    """Name of the icon for a status or light."""
    return TONES.get(str(code).lower(), ("", "circle"))[1]


@register.simple_tag
def status_tag(code: object, label: object) -> SafeString:
    """A status as a coloured tag with its icon (``parts/status.html``)."""
    return _tag(tone(code), tone_icon(code), str(label))


@register.simple_tag
def light_tag(light: str, left: object = None) -> SafeString | str:
    """How a clock stands as a coloured tag (``parts/light.html``): the working days left, or the light's word."""
    code = str(light).lower()
    if not code:
        return ""
    late = {"yellow": gettext("Past the promise"), "red": gettext("Past the statute")}.get(code, "")
    if code == "stopped":
        said = gettext("Clock stopped")
    elif isinstance(left, int) and left == 0 and late:
        return _tag(
            tone(code), tone_icon(code), gettext("Just overdue"), late
        )  # no working day has ended since
    elif isinstance(left, int):
        return _tag(tone(code), tone_icon(code), days_left(left), late)
    else:
        said = late or {
            "green": gettext("On time"),
            "amber": gettext("Due soon"),
            "in_time": gettext("In time"),
        }.get(code, str(light))
    return _tag(tone(code), tone_icon(code), said)


@lru_cache(maxsize=1024)
def _tag(tone: str, symbol: str, said: str, also: str = "") -> SafeString:
    more = format_html('<span class="ow-sr">{}</span>', also) if also else ""
    return format_html('<span class="ow-tag ow-tag--{}">{}{}{}</span>', tone, icon(symbol), said, more)


# Days and times: 2026-11-23 in tables, 11 月 26 日（周四） in sentences


def _day(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value if isinstance(value, dt.date) else None


def _english() -> bool:
    return (get_language() or "").startswith("en")


@register.filter
def day(value: Any) -> str:
    """2026-11-23; an instant counts by the day in Shanghai; empty for nothing."""
    return found.isoformat() if (found := _day(value)) else ""


@register.filter
def day_long(value: Any) -> str:
    """11 月 26 日（周四） or Thu 26 Nov; with the year when it is not this one."""
    if not (found := _day(value)):
        return ""
    other_year = found.year != timezone.localdate().year
    if _english():
        return date_format(found, "D j M Y" if other_year else "D j M")
    year = f"{found.year} 年 " if other_year else ""
    return f"{year}{found.month} 月 {found.day} 日（周{'一二三四五六日'[found.weekday()]}）"


@register.filter
def clock_time(value: Any) -> str:
    """17:00 in Shanghai."""
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{value:%H:%M}" if isinstance(value, (dt.datetime, dt.time)) else ""


@register.filter
def moment(value: Any) -> str:
    """2026-11-23 09:46, for tables."""
    if isinstance(value, dt.datetime):
        at = value.astimezone(ZONE) if value.tzinfo else value
        return f"{at:%Y-%m-%d %H:%M}"
    return f"{day(value)} {clock_time(value)}".strip()


@register.filter
def moment_long(value: Any) -> str:
    """11 月 23 日（周一）09:46 or Mon 23 Nov, 09:46, for sentences and timelines."""
    found, at = day_long(value), clock_time(value)
    return (f"{found}, {at}" if _english() else f"{found}{at}") if found and at else found


# Numbers and limits


@register.filter
def case_number(value: object) -> str:
    """A261124000037K as A261124-000037-K, which can be read out; anything else stays as it is."""
    text = str(value or "")
    parts = re.fullmatch(r"([A-Z]+\d{6})(\d{6})([0-9A-Z])", text)
    return "-".join(parts.groups()) if parts else text


def _amount(n: int, unit: str) -> str:
    words = {
        "wd": ngettext("%(n)d working day", "%(n)d working days", n),
        "d": ngettext("%(n)d day", "%(n)d days", n),
        "mo": ngettext("%(n)d month", "%(n)d months", n),
        "h": ngettext("%(n)d hour", "%(n)d hours", n),
        "wh": ngettext("%(n)d working hour", "%(n)d working hours", n),
    }
    return words[unit] % {"n": n}


@register.filter
def limit(value: object) -> str:
    """20wd as 20 个工作日 / 20 working days; 0 of any unit is on the spot; units wd, d, mo, h, wh; 20wd+10wd adds."""
    text = str(value or "").strip()
    parts = [re.fullmatch(r"(\d+)(wd|d|mo|h|wh)", part) for part in text.split("+")]
    if not all(parts):
        return text
    if [int(p[1]) for p in parts if p] == [0]:
        return gettext("On the spot")
    return " + ".join(_amount(int(p[1]), p[2]) for p in parts if p)


@register.filter
def days_left(value: Any) -> str:
    """A number of working days left as words: 剩 2 个工作日, 今天到期, 超期 1 个工作日; empty without a deadline."""
    if not isinstance(value, int):
        return ""
    if value == 0:
        return gettext("Due today")
    if value > 0:
        return ngettext("%(n)d working day left", "%(n)d working days left", value) % {"n": value}
    return ngettext("%(n)d working day late", "%(n)d working days late", -value) % {"n": -value}


@register.filter
def days_taken(value: Any) -> str:
    """A number of working days that something took: 3 个工作日; 0 is the same day."""
    days = round(float(value))
    return _amount(days, "wd") if days else gettext("the same day")


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("QQBrowser/", "QQ"), ("MicroMessenger/", "WeChat"),
            ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Version/", "Safari"))  # fmt: skip
SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux")


@register.filter
def browser(agent: object) -> str:
    """What a browser says of itself, for people: Chrome 120, Windows. What is not known stays as it is, cut short."""
    said = str(agent or "")
    mark, name = next(((m, n) for m, n in BROWSERS if m in said), ("", ""))
    if not name:
        return said[:60]
    version = said.partition(mark)[2].partition(".")[0][:4]
    system = next((s for s in SYSTEMS if s in said), "")
    return ", ".join(filter(None, (f"{name} {version}", system)))


@register.filter
def percent(value: Any, places: int = 1) -> str:
    """A share from 0 to 1 as 98.2%; an en dash where there is nothing to divide by."""
    return "–" if value is None else f"{float(value) * 100:.{int(places)}f}%"


# Masks


@register.filter
def mask_id(value: object) -> str:
    """239999********1234."""
    return masking.mask_id(str(value or ""))


@register.filter
def mask_mobile(value: object) -> str:
    """199****0001."""
    return masking.mask_mobile(str(value or ""))


@register.filter
def mask_name(value: object, kind: str = "person") -> str:
    """张*; with ``:"enterprise"`` the whole name, which is public."""
    return masking.mask_name(str(value or ""), kind)


# Language and links


@register.filter
def html_lang(code: object) -> str:
    """The language code as browsers want it: zh-Hans."""
    return "zh-Hans" if str(code) == "zh-hans" else str(code)


@register.filter
def local(thing: Any) -> str:
    """The English name on an English page if the thing has one, else its name."""
    if thing is None:
        return ""
    english = getattr(thing, "name_en", "") or (thing.get("name_en") if isinstance(thing, dict) else "")
    plain = thing.get("name", "") if isinstance(thing, dict) else getattr(thing, "name", thing)
    return str(english if _english() and english else plain)


register.filter("name_in", local)


@register.filter
def local_of(thing: Any, field: str) -> str:
    """What stands in ``field``; on an English page what stands in ``field_en``, if anything does."""
    english = getattr(thing, f"{field}_en") if _english() else ""
    return str(english or getattr(thing, field))


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The query of this page with some parameters changed (None takes one away); a change drops the cursor.

    ``<a href="{% query light='RED' %}">`` keeps the filters that are in the address.
    """
    request: HttpRequest | None = context.get("request")
    params = request.GET.copy() if request is not None else QueryDict(mutable=True)
    if "cursor" not in changes:
        params.pop("cursor", None)
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}"


@register.inclusion_tag("parts/sort.html", takes_context=True)
def sort(
    context: template.Context, name: str, label: str, classes: str = "", by: str = "sort"
) -> dict[str, Any]:
    """A table head that sorts by ``name``: first ascending, then descending (``-name``), kept in the address."""
    request: HttpRequest | None = context.get("request")
    now = request.GET.get(by, context.get("sorted_by") or "") if request is not None else ""
    order = {name: "ascending", f"-{name}": "descending"}.get(now, "")
    href = query(context, **{by: f"-{name}" if order == "ascending" else name})
    return {"href": href, "label": label, "order": order, "classes": classes}
