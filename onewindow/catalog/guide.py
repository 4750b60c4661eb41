"""办事指南 — what a citizen is told about an item (GB/T 36114): who, with what, how long, at what cost, on what basis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from onewindow.catalog.models import Item, ItemPace, ItemVersion, Necessity
from onewindow.data.laws import gloss
from onewindow.org.memory import Memory
from onewindow.org.models import Hall, Office, limit
from onewindow.org.templatetags.ow import limit as limit_words
from onewindow.org.templatetags.ow import local


def published(text: str = "", office: str = "") -> QuerySet[Item]:
    """Items that can be applied for, those that fit ``text`` best first; ``office``: code of a department."""
    items = Item.objects.published().select_related("pace").search(text)
    return items.filter(office__code=office) if office else items


def hot(most: int = 8) -> QuerySet[Item]:
    """The items in demand, for the home page."""
    return Item.objects.published().filter(is_hot=True).order_by("code")[:most]


def departments() -> QuerySet[Office]:
    """Departments with published items, with their number in ``n``."""
    offices = Office.objects.filter(items__current__isnull=False)
    return offices.annotate(n=Count("items")).order_by("-n", "code")


def halls() -> QuerySet[Hall]:
    """Where to go."""
    return Hall.objects.select_related("region").order_by("code")


ITEMS = Memory()


def item(code: str) -> Item | None:
    """One published item by its code, with the time that it really took."""

    def build(code: str) -> QuerySet[Item]:
        return Item.objects.published().select_related("pace").filter(code=code).order_by()[:1]

    found: list[Item] = ITEMS.rows(timezone.localdate(), build, code)
    return found[0] if found else None


def listed_item(code: str) -> Item | None:
    """The same for the guide, which also says why an item is closed for now."""
    return Item.objects.listed().select_related("pace").filter(code=code).first()


def pace(found: Item) -> ItemPace | None:
    """What the last 90 days took; None if nothing was decided in them. Costs nothing: the row came with the item."""
    try:
        return found.pace
    except ItemPace.DoesNotExist:
        return None


@dataclass(frozen=True)
class Stage:
    """One stage of the way of an application, in plain words."""

    title: str
    text: str
    limit: str


def stages(version: ItemVersion) -> list[Stage]:
    """From the window to the result, with the limit of each stage (行政许可法 32, 42, 44, 45)."""
    notice, delivery = limit_words(str(limit("notice_limit"))), limit_words(str(limit("delivery_limit")))
    if version.is_immediate:
        text = _("The window checks the materials, decides and hands over the result while you wait.")
        return [Stage(_("Done at the window"), text, _("on the spot"))]
    special = version.special_procedure
    examine = _("The department examines your application.")
    if special:
        examine = _("The department examines your application. Special procedure: %(name)s.") % {
            "name": special
        }
    return [
        Stage(
            _("Hand in"),
            _("At any window for all services. You get a receipt with a number and a link to follow it."),
            "",
        ),
        Stage(
            _("Acceptance"),
            _(
                "We accept, or tell you once and completely what is missing. If we say nothing, it counts as accepted."
            ),
            _("within %(limit)s") % {"limit": notice},
        ),
        Stage(
            _("Examination and decision"),
            examine,
            _("within %(limit)s") % {"limit": limit_words(version.promised_limit)},
        ),
        Stage(
            _("Handing over"),
            _("At the window, electronically or by post, as you wish."),
            _("within %(limit)s") % {"limit": delivery},
        ),
    ]


def basis_gloss(version: ItemVersion) -> str:
    """What the legal basis is about, for readers of English; the law's own name stays Chinese."""
    return version.legal_basis_en or gloss(version.legal_basis)


def for_whom(version: ItemVersion) -> list[str]:
    """Kinds of applicants in words (GB/T 39046 A.4)."""
    words = {
        "P": _("Natural persons"),
        "E": _("Enterprises"),
        "I": _("Public institutions"),
        "SO": _("Social organisations"),
    }
    return [words[code] for code in version.service_object.split("/") if code in words]


def materials(version: ItemVersion) -> list[dict[str, Any]]:
    """Materials for the page: what is asked for, whether it must be there, and who has it."""
    return [
        {
            "no": m.no,
            "name": local(m),
            "necessity": m.get_necessity_display(),
            "tone": {Necessity.REQUIRED: "b", Necessity.DEFERRABLE: "a"}.get(Necessity(m.necessity), ""),
            "from_government": m.source == 20,
            "source": m.get_source_display(),
            "form": {"paper": _("paper"), "electronic": _("electronic")}.get(
                m.form, _("paper or electronic")
            ),
            "copies": m.copies,
        }
        for m in version.materials.all()
    ]


def data_block(found: Item, version: ItemVersion) -> SafeString:
    """schema.org GovernmentService as a JSON-LD data block: not a script that runs, so the strict policy lets it be."""
    city = settings.CITY["name_en" if (get_language() or "").startswith("en") else "name"]
    said = {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "name": local(found),
        "alternateName": found.name_en,
        "identifier": found.code,
        "url": f"{settings.BASE_URL}/items/{found.code}",
        "serviceOperator": {"@type": "GovernmentOrganization", "name": local(found.office)},
        "areaServed": {"@type": "AdministrativeArea", "name": city},
        "audience": {"@type": "Audience", "audienceType": "、".join(for_whom(version))},
        "serviceOutput": {"@type": "Thing", "name": version.result},
        "isAccessibleForFree": not version.has_fee,
    }
    text = json.dumps(said, ensure_ascii=False).translate(
        {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
    )
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))
