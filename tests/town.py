"""The cast of every test: one small town with three departments, two halls and a dozen people.

``build()`` makes it; fixtures in conftest hand it out as ``town``. Use the names: a test reads as a sentence.
"""

from __future__ import annotations

import datetime as dt
import pickle
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from onewindow.catalog.models import Code, Item, ItemVersion, MaterialSpec
from onewindow.org.calendar import ZONE
from onewindow.org.calendar_file import SHIPPED, read
from onewindow.org.models import CalendarDay, Counter, Hall, Office, Person, Post, Region, forget_calendar
from onewindow.org.roles import Role
from onewindow.window import actions
from onewindow.window.models import Application

PASSWORD = "a-lantern-by-the-river"


def at(text: str) -> dt.datetime:
    """``2026-11-24 10:00`` in the town's zone."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


@dataclass
class Town:
    """``li``/``ma`` clerks of hall 1 and 2, ``wang`` approver and ``head`` of MSA, ``qian`` approver of HEALTH, ``zhou``
    manager of hall 1, ``bai`` bureau, ``leader``, ``firm`` (an enterprise's account), ``it`` administrator,
    ``nobody`` without a post. Items: ``food`` 5wd/10wd(+5wd), ``health`` 5wd/20wd(+10wd), ``proof`` on the spot.
    """

    hall: Hall
    hall2: Hall
    counter: Counter
    counter2: Counter
    msa: Office
    health_office: Office
    bureau: Office
    food: ItemVersion
    health: ItemVersion
    proof: ItemVersion
    li: Person
    ma: Person
    wang: Person
    head: Person
    qian: Person
    zhou: Person
    bai: Person
    leader: Person
    firm: Person
    it: Person
    nobody: Person

    def applicant(self, n: int = 1, **more: str) -> dict[str, str]:
        """A person with a valid, impossible identity number (region 239999)."""
        return {
            "kind": "person",
            "name": f"张三{n}",
            "id_type": "citizen_id",
            "id_number": citizen_id(n),
            "mobile": f"1990000{n:04d}",
        } | more

    def take_in(
        self, version: ItemVersion | None = None, *, n: int = 1, by: Person | None = None, **more: Any
    ) -> Application:
        """An application received at hall 1 with all its materials on paper."""
        version = version or self.food
        given = {
            "applicant": self.applicant(n),
            "materials": {m.no: ("paper", None) for m in version.materials.all()},
            "hall": self.hall,
            "counter": self.counter,
        }
        return actions.take_in(version, by=by or self.li, **(given | more))

    def accepted(self, version: ItemVersion | None = None, **more: Any) -> Application:
        """The same, accepted."""
        return actions.accept(self.take_in(version, **more), by=self.li)


def citizen_id(n: int = 1) -> str:
    """A number valid in form: region 239999, born 1980-01-01, serial n."""
    body = f"23999919800101{n:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


_KEPT: list[
    Any
] = []  # the pickled town, its rows table by table, and a question for their keys; once a process


def build() -> Town:
    """Puts the town into the database, once a test (or once a module, read-only). It is made once a process, and written
    down again as it was for each test after that: that is five times as fast."""
    if not _KEPT:
        before = {m: set(m._default_manager.values_list("pk", flat=True)) for m in PEOPLED}
        town = _make()
        rows = {m: _rows(m, before[m]) for m in PEOPLED}
        _KEPT.extend((pickle.dumps(town), [(_insert(m), rows[m]) for m in PEOPLED], _taken(rows)))
        return town
    town, rows, taken = _KEPT
    with connection.cursor() as cursor:
        cursor.execute(taken)
        if cursor.fetchone()[0]:
            return _make()  # something was there before, which took a number of ours
    forget_calendar()
    # In one transaction: an item and its version in force point to each other, and that is looked at when it ends.
    with transaction.atomic(), connection.cursor() as cursor:
        for sql, values in rows:
            cursor.executemany(sql, values)
    return pickle.loads(town)  # noqa: S301 – our own


#: The tables that the town has rows in, each after those that it points to.
PEOPLED = (CalendarDay, Region, Office, Hall, Counter, Item, ItemVersion, MaterialSpec, Code, Person, Post)


def _rows(model: Any, before: set[Any]) -> list[list[Any]]:
    """The rows of a table that were not there before, as the database takes them."""
    fields = model._meta.concrete_fields
    return [
        [f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields]
        for row in model._default_manager.exclude(pk__in=before)
    ]


def _insert(model: Any) -> str:
    names = ", ".join(f'"{f.column}"' for f in model._meta.concrete_fields)
    marks = ", ".join(["%s"] * len(model._meta.concrete_fields))
    return f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks})'


def _taken(rows: dict[Any, list[list[Any]]]) -> str:
    """Asks whether any of these keys, all of them numbers, is in its table already."""
    parts = []
    for model, its in rows.items():
        keys = ", ".join(str(int(row[0])) for row in its)
        parts.append(
            f'EXISTS (SELECT 1 FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" IN ({keys}))'
        )
    return f"SELECT {' OR '.join(parts)}"


def _make() -> Town:
    CalendarDay.objects.bulk_create(
        CalendarDay(day=r.day, kind=r.kind, close_at=r.close_at, name=r.name) for r in read(SHIPPED)[0]
    )
    forget_calendar()
    region = Region.objects.create(code="231282", name="肇东市", name_en="Zhaodong", level="county")
    gov = Office.objects.create(
        code="GOV", name="市政府", name_en="City government", kind="government", region=region
    )

    def office(code: str, name: str, name_en: str) -> Office:
        return Office.objects.create(
            code=code,
            name=name,
            name_en=name_en,
            kind="department",
            parent=gov,
            region=region,
            is_member=True,
        )

    msa = office("MSA", "市场监督管理局", "Market regulation bureau")
    health_office = office("HEALTH", "卫生健康局", "Health bureau")
    hrss = office("HRSS", "人力资源和社会保障局", "Human resources bureau")
    bureau = office("YSJ", "营商环境局", "Business-environment bureau")
    hall = Hall.objects.create(
        code="H1", name="政务服务中心", name_en="Government service hall", region=region
    )
    hall2 = Hall.objects.create(
        code="H2", name="昌五镇便民服务中心", name_en="Changwu town hall", region=region
    )
    counter = Counter.objects.create(
        hall=hall,
        code="03",
        name="综合受理窗口 03",
        name_en="Comprehensive window 03",
        kind="comprehensive",
        has_device=True,
    )
    counter2 = Counter.objects.create(
        hall=hall2,
        code="01",
        name="综合受理窗口 01",
        name_en="Comprehensive window 01",
        kind="comprehensive",
        has_device=True,
    )

    def item(
        code: str, owner: Office, name: str, name_en: str, materials: list[tuple[str, str, int]], **facts: Any
    ) -> ItemVersion:
        from onewindow.catalog.actions import spell

        it = Item.objects.create(code=code, office=owner, name=name, name_en=name_en, **spell(name))
        version = ItemVersion.objects.create(
            item=it,
            version=1,
            state="published",
            kind_code="01",
            legal_basis="行政许可法 42",
            result="许可证",
            **facts,
        )
        for no, (label, label_en, necessity) in enumerate(materials, 1):
            MaterialSpec.objects.create(
                version=version, no=no, name=label, name_en=label_en, necessity=necessity
            )
        it.current = version
        it.save()
        return version

    form, plan = ("申请书", "Application form", 1), ("平面图", "Floor plan", 1)
    health_proof = ("健康证明", "Health certificate", 3)
    food = item(
        "ZD-MSA-001", msa, "食品经营许可（新办）", "Food business licence (new)", [form, plan, health_proof],
        service_object="P/E", legal_limit="10wd", legal_extension="5wd", promised_limit="5wd", case_kind="PROMISED",
    )  # fmt: skip
    health = item(
        "ZD-HEALTH-009", health_office, "公共场所卫生许可（新办）", "Public-place hygiene licence (new)", [form, plan],
        service_object="P/E", legal_limit="20wd", legal_extension="10wd", promised_limit="5wd", case_kind="PROMISED",
    )  # fmt: skip
    proof = item(
        "ZD-HRSS-073", hrss, "社会保险参保证明查询打印", "Social insurance record", [("身份证", "Identity card", 1)],
        service_object="P/E", legal_limit="0wd", promised_limit="0wd", case_kind="IMMEDIATE",
    )  # fmt: skip
    for code, name, name_en, most in (
        ("hearing", "听证", "Hearing", 20),
        ("expert_review", "专家评审", "Expert review", None),
        ("publicity", "公示", "Public notice", None),
    ):
        Code.objects.create(
            list="stop_reason", code=code, name=name, name_en=name_en, max_days=most,
            legal_basis="行政许可法 45", needs_basis=code == "publicity",
        )  # fmt: skip
    for list_, code, name, name_en in (
        ("refuse_acceptance", "not_ours", "不属于本机关职权范围", "Not within this office's powers"),
        ("refuse", "conditions_not_met", "不符合法定条件", "Lawful conditions not met"),
    ):
        Code.objects.create(list=list_, code=code, name=name, name_en=name_en, legal_basis="行政许可法 38")

    def person(
        username: str,
        name: str,
        role: str = "",
        at_office: Office = gov,
        at_hall: Hall | None = None,
        **more: Any,
    ) -> Person:
        who = Person.objects.create_user(username, password=PASSWORD, name=name, **more)
        if role:
            Post.objects.create(
                person=who, role=role, office=at_office, hall=at_hall, starts_on=dt.date(2020, 1, 1)
            )
        return who

    return Town(
        hall=hall, hall2=hall2, counter=counter, counter2=counter2,
        msa=msa, health_office=health_office, bureau=bureau, food=food, health=health, proof=proof,
        li=person("li", "李窗口", Role.CLERK, bureau, hall, counter=counter, badge="0317"),
        ma=person("ma", "马窗口", Role.CLERK, bureau, hall2, counter=counter2, badge="0401"),
        wang=person("wang", "王审批", Role.APPROVER, msa),
        head=person("head", "孙局长", Role.HEAD, msa),
        qian=person("qian", "钱审批", Role.APPROVER, health_office),
        zhou=person("zhou", "周主任", Role.HALL_MANAGER, bureau, hall),
        bai=person("bai", "白科长", Role.BUREAU, bureau),
        leader=person("leader", "郑市长", Role.LEADER),
        firm=person("firm", "满口香餐饮", Role.ENTERPRISE, uscc="91239999MA1A000016"),
        it=person("it", "吴工", Role.ADMIN),
        nobody=person("nobody", "无岗人"),
    )  # fmt: skip
