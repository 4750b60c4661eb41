"""Who works where today: for notices, and for choosing people by name."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from onewindow.cases import instant
from onewindow.org.models import Person, Post


def _holding(**where: Any) -> list[Person]:
    day = timezone.localdate(instant.now())
    held = Post.objects.on(day).filter(**where).values("person_id")
    return list(Person.objects.filter(is_active=True, pk__in=held).order_by("username"))


def of_office(office_id: int, *roles: str) -> list[Person]:
    """The people of a department who hold one of the roles today."""
    return _holding(office_id=office_id, role__in=roles)


def everywhere(*roles: str) -> list[Person]:
    """The people who hold one of the roles today, in whatever unit."""
    return _holding(role__in=roles)


def of_hall(hall_id: int | None, *roles: str) -> list[Person]:
    """The people of a hall who hold one of the roles today."""
    return _holding(hall_id=hall_id, role__in=roles) if hall_id else []


def anywhere(*roles: str) -> list[Person]:
    """Everybody who holds one of the roles today, at whichever unit."""
    return _holding(role__in=roles)
