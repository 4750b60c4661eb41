"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from onewindow.cases.notices import unread
from onewindow.org.rail import rail_for

STAFF_PAGES = ("/desk/", "/board/", "/accounts/", "/start/")


def page(request: HttpRequest) -> dict[str, Any]:
    """City, demonstration mark, language, elder view, and the staff menu of the signed-in person."""
    person = getattr(request, "user", None)
    staff = person if person is not None and person.is_authenticated else None
    return {
        "city": settings.CITY,
        "demo": settings.DEMO,
        "elder": getattr(request, "elder", False),
        "lang": get_language() or settings.LANGUAGE_CODE,
        "person": staff,
        "unread": unread(staff) if staff and staff.works_here and request.path.startswith(STAFF_PAGES) else 0,
        "rail": rail_for(staff, request.path) if staff and request.path.startswith(STAFF_PAGES) else [],
    }
