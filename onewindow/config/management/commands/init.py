"""onewindow init: makes an empty instance ready. Safe to repeat."""

from __future__ import annotations

import csv
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from onewindow.catalog.models import Code
from onewindow.org.calendar_file import SHIPPED, read
from onewindow.org.models import CalendarDay, Office, Person, Post, Region, forget_calendar
from onewindow.org.roles import Role
from onewindow.voice.actions import load_indicators

DATA = Path(settings.BASE_DIR) / "data"


class Command(BaseCommand):
    help = (
        "migrate, create the administrator, load calendar, code lists and review indicators; safe to repeat"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--admin", default="it", help="user name of the administrator (it)")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        load_reference()
        self.stdout.write("database, calendar, code lists and indicators are ready")
        if settings.DEMO:
            return
        if password := make_administrator(options["admin"]):
            self.stdout.write(f"administrator {options['admin']!r}, password (shown once): {password}")


def load_reference() -> None:
    """Calendar, code lists and indicators that are not there yet; what a county has changed stays as it is."""
    with transaction.atomic():
        if not CalendarDay.objects.exists():
            rows, errors = read(SHIPPED)
            assert not errors, errors
            CalendarDay.objects.bulk_create(
                CalendarDay(
                    day=r.day, kind=r.kind, close_at=r.close_at, name=r.name, source="国务院办公厅通知"
                )
                for r in rows
            )
            forget_calendar()
        for list_name, code, row in _codes():
            basis, days = row.get("legal_basis", ""), row.get("max_days") or None
            facts = {
                "name": row["name"],
                "name_en": row["name_en"],
                "legal_basis": basis,
                "max_days": days,
                "needs_basis": row.get("needs_basis") == "1",
            }
            Code.objects.get_or_create(list=list_name, code=code, defaults=facts)
        load_indicators(DATA / "indicators.csv")


def _codes() -> list[tuple[str, str, dict[str, str]]]:
    found = []
    for name in ("stop_reasons", "reasons"):
        with open(DATA / f"{name}.csv", encoding="utf-8", newline="") as file:
            found += [(r.get("kind") or "stop_reason", r["code"], r) for r in csv.DictReader(file)]
    return found


def make_administrator(username: str) -> str:
    """The first administrator with a random password, returned once; empty if there is one already."""
    if Post.objects.filter(role=Role.ADMIN).exists():
        return ""
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        region, _ = Region.objects.get_or_create(
            code=settings.REGION,
            defaults={"name": settings.CITY["name"], "name_en": settings.CITY["name_en"]},
        )
        office, _ = Office.objects.get_or_create(
            code="GOV",
            defaults={
                "name": "人民政府",
                "name_en": "People's Government",
                "kind": "government",
                "region": region,
            },
        )
        person = Person.objects.create_user(username, password=password, name="系统管理员", is_staff=True)
        Post.objects.create(
            person=person, role=Role.ADMIN, office=office, starts_on=person.date_joined.date()
        )
    return password
