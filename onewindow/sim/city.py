"""The demo city: offices, halls, items, staff. Built from the files in ``onewindow/data`` through the ordinary imports."""

from __future__ import annotations

import csv
import datetime as dt
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from onewindow.cases import instant
from onewindow.catalog.bundles import import_bundles
from onewindow.catalog.importing import import_items
from onewindow.catalog.models import MaterialSpec, Source
from onewindow.data.people import firms, staff
from onewindow.exchange import actions as exchange
from onewindow.exchange.kinds import code_of
from onewindow.exchange.models import Grant, GrantState
from onewindow.org.importing import import_table
from onewindow.org.models import Counter, Hall, Office, Person, Post
from onewindow.org.roles import Role
from onewindow.sim import hall_devices, queues
from onewindow.voice.models import Device, DeviceAssignment, DeviceState, DeviceStep, secret_digest

DATA = Path(settings.BASE_DIR) / "data"
PASSWORD = "one-window-demo"  # a demonstration has no secrets; production refuses to build the city
SINCE = dt.date(2024, 1, 1)
#: The one sign-in a role that the demo prints: user name → role, office code, hall code
DOORS: dict[str, tuple[Role, str, str]] = {
    "clerk": (Role.CLERK, "CENTRE", "H01"),
    "approver": (Role.APPROVER, "MSA", ""),
    "head": (Role.HEAD, "MSA", ""),
    "manager": (Role.HALL_MANAGER, "CENTRE", "H01"),
    "bureau": (Role.BUREAU, "YSJ", ""),
    "leader": (Role.LEADER, "GOV", ""),
    "enterprise": (Role.ENTERPRISE, "GOV", ""),
    "admin": (Role.ADMIN, "GOVO", ""),
}


def is_built() -> bool:
    """Whether this database already holds the demo city."""
    return Person.objects.filter(username="clerk").exists()


def build(seed: int = 1) -> None:
    """Loads the city in one transaction. Safe only on an instance that has no city yet; refused in production."""
    if not (settings.DEMO or settings.TESTING):
        raise RuntimeError("The demo city is built only with ONEWINDOW_DEMO=1.")
    with transaction.atomic():
        for kind in ("regions", "offices", "halls", "counters"):
            _clean(import_table(kind, DATA / f"{kind}.csv").errors)
        report = import_items(
            DATA / "items.csv",
            materials=DATA / "materials.csv",
            forms=DATA / "forms.json",
            plans=DATA / "plans.csv",
            by="demo",
        )
        _clean(report.errors)
        _clean(import_bundles(DATA / "bundles.csv").errors)
        _shared_data()
        _people(seed)
        _those_who_take_part()
        _evaluators()
        queues.set_up()


def _clean(errors: list[Any]) -> None:
    if errors:
        raise RuntimeError(f"The shipped data files are broken: {errors[:5]}")


#: A department that has not asked for the register of enterprises yet: a scene lets its head ask.
WITHOUT_GRANT = ("AGRI", "ENTERPRISE")


def _shared_data() -> None:
    """The data sets, and grants for every department whose items ask for what a data set stands in for."""
    offices = {o.code: o for o in Office.objects.all()}
    with open(DATA / "datasets.csv", encoding="utf-8", newline="") as file:
        datasets = [
            exchange.add_dataset(offices[owner], facts) for owner, facts in exchange.read_datasets(file)
        ]
    asked: dict[str, set[str]] = {}
    for spec in MaterialSpec.objects.filter(source=Source.GOVERNMENT).select_related("version__item__office"):
        for holder in ("person", "enterprise"):
            asked.setdefault(spec.version.item.office.code, set()).add(code_of(spec.name, holder))
    now = instant.now()
    Grant.objects.bulk_create(
        Grant(
            dataset=d, office=offices[code], purpose="办理本部门政务服务事项时核验申请人情况，申请人不再提交相应材料",
            legal_basis="《政务数据共享条例》；《优化营商环境条例》第三十七条",
            fields=[f["code"] for f in d.fields][:7], starts_on=SINCE, state=GrantState.APPROVED,
            asked_at=now, asked_by="demo", answered_at=now, answered_by="demo", answer="同意",
        )
        for d in datasets if d.sharing != "closed"
        for code, kinds in sorted(asked.items())
        if d.kind in kinds and (code, d.code) != WITHOUT_GRANT
    )  # fmt: skip


def _people(seed: int) -> None:
    """One account a door, and enough colleagues that every hall and department can work."""
    password = make_password(PASSWORD)
    offices = {o.code: o for o in Office.objects.all()}
    halls = list(Hall.objects.order_by("code"))
    departments = sorted(set(_departments()))
    counters = {
        h.code: list(Counter.objects.filter(hall=h, kind="comprehensive").order_by("code")) for h in halls
    }
    seats = {h.code: iter(counters[h.code] * 30) for h in halls}
    firm = next(firms(seed, 1))
    where: dict[Role, int] = {}
    doors = {role: name for name, (role, _, _) in DOORS.items()}
    used: set[Role] = set()

    def place(role: Role) -> tuple[str, Hall | None]:
        n = where[role] = where.get(role, -1) + 1
        if role == Role.CLERK:  # the main hall has most of the work
            return "CENTRE", halls[0] if n % 3 == 0 else halls[n % len(halls)]
        if role in (Role.APPROVER, Role.HEAD):
            return departments[n % len(departments)], None
        if role == Role.HALL_MANAGER:
            return "CENTRE", halls[n % len(halls)]
        return {"bureau": "YSJ", "leader": "GOV", "admin": "GOVO"}[role.value], None

    people: list[tuple[Person, Role, Office, Hall | None]] = []
    for one in staff(seed):
        if one.role in used or one.role not in doors:
            office_code, hall = place(one.role)
            username = f"{one.role.value.replace('_', '')}{one.badge}"
        else:
            used.add(one.role)
            username = doors[one.role]
            _, office_code, hall_code = DOORS[username]
            hall = next((h for h in halls if h.code == hall_code), None)
        counter = next(seats[hall.code], None) if hall and one.role == Role.CLERK else None
        person = Person(
            username=username, password=password, name=one.name, name_en=one.name_en, badge=one.badge,
            mobile=one.mobile, counter=counter, is_staff=one.role == Role.ADMIN,
        )  # fmt: skip
        people.append((person, one.role, offices[office_code], hall))
    enterprise = Person(
        username="enterprise", password=password, name=firm.name, uscc=firm.uscc, mobile=firm.mobile
    )
    people.append((enterprise, Role.ENTERPRISE, offices["GOV"], None))
    Person.objects.bulk_create(p for p, *_ in people)
    Post.objects.bulk_create(
        Post(person=p, role=r, office=o, hall=h, starts_on=SINCE) for p, r, o, h in people
    )


def _those_who_take_part() -> None:
    """An approver for each department that only takes part in others' items; the account is named after the department."""
    password = make_password(PASSWORD)
    with open(DATA / "plans.csv", encoding="utf-8", newline="") as file:
        codes = {row["office"] for row in csv.DictReader(file)} - set(_departments())
    for office in Office.objects.filter(code__in=codes).order_by("code"):
        person = Person.objects.create(
            username=office.code.lower(),
            password=password,
            name=f"{office.short}审批",
            name_en=f"{office.code} approver",
        )
        Post.objects.create(person=person, role=Role.APPROVER, office=office, starts_on=SINCE)


def _evaluators() -> None:
    """The 84 evaluators, paired, and what stands in the big halls. Their secrets were thrown away: the page of one is paired
    anew by the hall manager."""
    now = instant.now()
    devices = [
        Device(
            code=f"D{n:07d}", hall_id=counter.hall_id, counter=counter, state=DeviceState.AUTHORISED,
            secret_digest=secret_digest(secrets.token_urlsafe(32)), model="demo", paired_at=now, paired_by="demo",
        )
        for n, counter in enumerate(Counter.objects.filter(has_device=True).order_by("hall__code", "code"), 1)
    ]  # fmt: skip
    Device.objects.bulk_create(devices)
    DeviceAssignment.objects.bulk_create(
        DeviceAssignment(device=d, hall_id=d.hall_id, counter=d.counter, from_at=now) for d in devices
    )
    DeviceStep.objects.bulk_create(
        DeviceStep(device=d, after=DeviceState.AUTHORISED, by="demo", at=now) for d in devices
    )
    hall_devices.build(len(devices) + 1, now)


def _departments() -> list[str]:
    with open(DATA / "items.csv", encoding="utf-8", newline="") as file:
        return [row["department"] for row in csv.DictReader(file)]
