"""What of the halls and of the shared data leaves and enters with the catalogue. It has pages of its own elsewhere."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from onewindow.catalog.keep import Table, register
from onewindow.exchange.models import Dataset
from onewindow.org.models import Counter, Hall

register(
    Table(
        "halls",
        _("Halls"),
        Hall,
        ["code"],
        ["name", "name_en", "region", "address", "address_en", "phone", "opens_at", "closes_at"],
    )
)
register(
    Table(
        "counters",
        _("Counters"),
        Counter,
        ["hall", "code"],
        ["name", "name_en", "kind", "office", "has_device"],
        ["hall__code", "code"],
    )
)
register(
    Table(
        "datasets",
        _("Shared data"),
        Dataset,
        ["code"],
        [
            "name",
            "name_en",
            "owner",
            "kind",
            "fields",
            "legal_basis",
            "sharing",
            "sensitivity",
            "method",
            "valid_days",
            "is_active",
        ],
    )
)
