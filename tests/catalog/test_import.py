"""The list of items comes in from a CSV file whole or not at all."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from onewindow.catalog.importing import import_items
from onewindow.catalog.models import Item, ItemVersion, MaterialSpec
from onewindow.org.importing import import_table
from onewindow.org.models import Counter, Hall, Office, Person, Region
from onewindow.window.actions import take_in
from tests.town import citizen_id

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent.parent / "onewindow" / "data"


@pytest.fixture
def city():
    for kind in ("regions", "offices", "halls", "counters"):
        assert import_table(kind, DATA / f"{kind}.csv").errors == []


def shipped(**more):
    return import_items(DATA / "items.csv", materials=DATA / "materials.csv", by="test", **more)


def test_the_shipped_city_is_whole(city):
    assert Office.objects.filter(is_member=True).count() == 36
    assert Region.objects.exclude(parent=None).filter(code__startswith="231282").count() == 27
    assert (Hall.objects.count(), Counter.objects.filter(has_device=True).count()) == (8, 84)
    assert Counter.objects.filter(kind="stuck").count() == 29


def test_the_shipped_items_come_in_and_a_second_time_change_nothing(city):
    report = shipped()
    assert (report.errors, len(report.created)) == ([], 78)
    assert Item.objects.published().values("office").distinct().count() == 11
    assert ItemVersion.objects.filter(case_kind="IMMEDIATE").count() > 5
    before = MaterialSpec.objects.count()
    again = shipped()
    assert (len(again.same), again.created, again.changed) == (78, [], [])
    assert MaterialSpec.objects.count() == before


def test_a_dry_run_writes_nothing(city):
    assert len(shipped(dry_run=True).created) == 78
    assert Item.objects.count() == 0


def rows():
    with open(DATA / "items.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path, lines):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("statutory_limit", "twenty days", "statutory_limit"),
        ("department", "NOWHERE", "department"),
        ("case_kind", "SOMETIMES", "case_kind"),
        ("promised_limit", "99wd", "promise_beyond_law"),
        ("legal_basis", "", "legal_basis"),
        ("service_object", "X", "service_object"),
    ],
)
def test_one_bad_line_is_named_and_nothing_is_written(city, tmp_path, column, value, said):
    lines = rows()[:5]
    lines[1][column] = value
    report = import_items(write(tmp_path / "items.csv", lines), by="test")
    assert [(line, col) for line, col, _ in report.errors] == [(3, said)]
    assert Item.objects.count() == 0


def an_application(version):
    hall = Hall.objects.get(code=Hall.objects.first().code)
    clerk = Person.objects.create_user("li", name="李窗口")
    applicant = {
        "kind": "person",
        "name": "张三",
        "id_type": "citizen_id",
        "id_number": citizen_id(),
        "mobile": "19900000001",
    }
    return take_in(version, by=clerk, applicant=applicant, materials={}, hall=hall)


def test_a_changed_limit_makes_a_new_version_and_open_applications_keep_the_old(city, tmp_path):
    shipped()
    item = Item.objects.get(code="ZD-MSA-002")
    old = item.current
    lines = [r for r in rows() if r["code"] == "ZD-MSA-002"]
    lines[0]["promised_limit"] = "2wd"
    a = an_application(old)
    report = import_items(write(tmp_path / "one.csv", lines), materials=None, by="bai")
    item.refresh_from_db()
    a.refresh_from_db()
    assert report.changed == ["ZD-MSA-002"]
    assert (item.current.version, item.current.promised_limit, a.item_version_id) == (2, "2wd", old.pk)
    old.refresh_from_db()
    assert old.state == "retired"


def test_the_older_one_file_form_is_read_too(city, tmp_path):
    line = {
        "no": "1", "local_code": "X-1", "department": "市场监督管理局", "name": "食品经营许可", "kind_code": "01", "kind": "行政许可",
        "service_object": "P/E", "legal_basis": "食品安全法35", "statutory_limit": "10wd(+5)", "statutory_source": "K", "promised_wd": "5",
        "case_kind": "PROMISED", "fee": "N", "visits": "1", "special_procedure": "现场核查", "materials": "申请书|营业执照(核验)|检测报告(如有)",
        "result": "许可证",
    }  # fmt: skip
    report = import_items(write(tmp_path / "old.csv", [line]), by="test")
    assert report.errors == []
    version = Item.objects.get(code="X-1").current
    assert (version.legal_limit, version.legal_extension, version.promised_limit) == ("10wd", "5wd", "5wd")
    assert list(version.materials.values_list("name", "source", "necessity")) == [
        ("申请书", 10, 1), ("营业执照", 20, 1), ("检测报告(如有)", 10, 2),
    ]  # fmt: skip


def test_the_command_says_what_it_did(city):
    out = StringIO()
    call_command(
        "import_items", str(DATA / "items.csv"), materials=DATA / "materials.csv", json=True, stdout=out
    )
    assert len(json.loads(out.getvalue())["created"]) == 78
