"""The exported list is the list, masked, and no cell of it can run."""

import io
import zipfile

import pytest
import time_machine

from onewindow.cases.export import safe, workbook
from onewindow.org.models import AccessLog
from tests.town import at, citizen_id

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


def sheet(answer):
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if answer.streaming:
        answer.file_to_stream.close()  # the server does that; answer.close() would end the test's database connection
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


def test_the_workbook_holds_the_filtered_list_masked(town, client):
    client.force_login(town.wang, backend=BACKEND)
    a = town.accepted(n=1)
    b = town.accepted(n=2)
    text = sheet(client.get("/desk/export.xlsx"))
    for whole in ("张三1", "19900000001", citizen_id(1)):
        assert whole not in text
    assert "张**" in text and all(f"{x.number[:7]}-{x.number[7:13]}-{x.number[13:]}" in text for x in (a, b))
    assert "审查中" in text and "食品经营许可（新办）" in text
    assert a.number[7:13] not in sheet(client.get("/desk/export.xlsx?hall=H2"))
    assert AccessLog.objects.filter(field="export").count() == 2


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(1)", "\t=1", "https://x.invalid/"]
)
def test_no_cell_is_a_formula_or_a_link(town, client, name):
    client.force_login(town.wang, backend=BACKEND)
    town.accepted(
        applicant=town.applicant(kind="enterprise", name=name, id_type="uscc", id_number="91239999MA1A000016")
    )
    text = sheet(client.get("/desk/export.xlsx"))
    assert "<f>" not in text and "<hyperlink" not in text
    assert not safe(name).startswith(("=", "+", "-", "@", "\t"))


def test_a_long_list_ends_with_a_word_about_it():
    text = sheet(workbook("x", [("A", 10)], ([n] for n in range(50)), most=10))
    assert text.count("<row ") == 12 and "10" in text.rpartition("<row ")[2]


def test_instants_are_shanghai_time():
    text = sheet(workbook("x", [("A", 10)], [[at("2026-11-23 10:00")]]))
    assert f"<v>{46349 + 10 / 24:.10f}"[:18] in text


def test_a_large_workbook_is_sent_from_its_file():
    rows = ([f"{n} 行 {n * 7919 % 100_003}"] * 8 for n in range(30_000))
    answer = workbook("x", [("A", 10)] * 8, rows)
    assert answer.streaming
    assert sheet(answer).count("<row ") == 30_001
