"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from onewindow.cases.notices import unread
from onewindow.org.rail import rail_for
from onewindow.org.roles import Role
from onewindow.sim import city
from onewindow.sim.scenes.my import CITIZEN

STAFF_PAGES = ("/desk/", "/board/", "/accounts/", "/start/")


def demo_doors() -> dict[str, Any]:
    """One sign-in a role for whoever looks at the demonstration, as ``onewindow demo`` prints them."""
    roles = [(name, role.label) for name, (role, _, _) in city.DOORS.items() if role != Role.ENTERPRISE]
    return {"roles": roles, "password": city.PASSWORD, "mobile": CITIZEN}


def page(request: HttpRequest) -> dict[str, Any]:
    """City, demonstration mark, language, elder view, and the staff menu of the signed-in person; worked out once a request,
    also where a page is put together of several templates."""
    known = request.__dict__.get("_page")
    if known is None or known["person"] != getattr(request, "user", None):
        known = request.__dict__["_page"] = _page(request)
    return known


def _page(request: HttpRequest) -> dict[str, Any]:
    person = getattr(request, "user", None)
    staff = person if person is not None and person.is_authenticated else None
    rail = rail_for(staff, request.path) if staff and request.path.startswith(STAFF_PAGES) else []
    return {
        "city": settings.CITY,
        "demo": settings.DEMO,
        "elder": getattr(request, "elder", False),
        "lang": get_language() or settings.LANGUAGE_CODE,
        "doors": demo_doors() if settings.DEMO and request.path == "/accounts/login/" else None,
        "person": staff,
        "unread": unread(staff) if staff and staff.works_here and request.path.startswith(STAFF_PAGES) else 0,
        "rail": rail,
        "rail_more": sum(entry["count"] for entry in rail if entry["rare"])
        if any(e["rare"] for e in rail)
        else None,
    }
