"""How an office and the city are named in full, as on the government's papers."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings


def place() -> str:
    """The city's plain name, as it stands in an office's full name."""
    return re.sub(r"（.*?）", "", settings.CITY["name"])


def full_name(office: Any) -> str:
    """肇东市市场监督管理局; an office that already carries the city's name keeps it."""
    here = place()
    return office.name if office.name.startswith(here) else f"{here}{office.name}"
