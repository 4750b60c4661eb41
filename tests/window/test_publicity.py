"""Licences granted become public within seven working days, masked, unless the head withholds one for a lawful ground."""

import csv
import io
import json

import openpyxl
import pytest

from onewindow.cases import flow, rounds
from onewindow.cases.figures import FIGURES
from onewindow.cases.instant import simulated
from onewindow.cases.models import Event
from onewindow.cases.worker import follow
from onewindow.org.models import AccessLog, Parameter, forget_parameters
from onewindow.window import actions, afterwards, publicity
from onewindow.window.models import Publication
from tests.town import at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_parameters():
    forget_parameters()
    yield
    forget_parameters()


def decided(town, when="2026-11-24 10:00", *, result="grant", n=1, **more):
    """A food licence decided at that time, and followed up by the worker."""
    with simulated(at(when)):
        a = actions.decide(town.accepted(n=n, **more), by=town.wang, result=result, reason="经审查")
        follow()
    return a


def firm():
    return {
        "kind": "enterprise",
        "name": "满口香餐饮有限公司",
        "id_type": "uscc",
        "id_number": "91239999MA1A000016",
        "mobile": "19900000009",
    }


def publish(when="2026-11-27 17:30"):
    with simulated(at(when)):
        return rounds.go()


def test_a_licence_is_public_within_seven_working_days_of_its_decision(client, town):
    """行政许可法 40 and the seven working days of double publicity: the limit, and a few days before it by itself."""
    a = decided(town, applicant=firm())
    row = Publication.objects.get()
    assert (row.state, row.planned_at, row.due_at) == (
        "waiting",
        at("2026-11-27 17:00"),
        at("2026-12-03 17:00"),
    )
    with simulated(at("2026-11-27 16:59")):
        rounds.go()
        assert "满口香餐饮有限公司" not in client.get("/decisions/").content.decode()
    publish()
    publish()  # a second worker finds nothing left to do
    row.refresh_from_db()
    assert row.state == "published" and row.published_at <= row.due_at
    assert Event.objects.filter(number=a.number, kind="application.publicise").count() == 1
    with simulated(at("2026-11-28 09:00")):
        said = client.get("/decisions/").content.decode()
        assert "满口香餐饮有限公司" in said and "91239999MA1A000016" in said and row.serial in said
        assert a.number not in said and a.mobile not in said
        assert row.serial in client.get(f"/decisions/{row.key}/").content.decode()


def test_persons_are_masked_and_refusals_and_other_matters_are_not_published(client, town):
    decided(town, n=1)
    decided(town, n=2, result="refuse")
    proof = town.proof
    type(proof).objects.filter(pk=proof.pk).update(kind_code="20")
    with simulated(at("2026-11-24 11:00")):
        a = actions.accept(town.take_in(proof, n=3), by=town.li)
        actions.decide(a, by=town.li, result="grant")
        follow()
    publish()
    row = Publication.objects.get()
    assert (row.holder, row.uscc) == ("张**", "")
    with simulated(at("2026-11-28 09:00")):
        said = client.get("/decisions/?lang=en").content.decode()
        assert "张**" in said and "张三" not in said and "239999198001010" not in said
        assert client.get("/decisions/?q=张三1").content.decode().count('scope="row"') == 0


def test_the_head_withholds_for_a_ground_of_the_law_and_gives_the_reason(client, town):
    """政府信息公开条例 14, 15: only the grounds of the law, only by the organ that made it, kept with reason and name."""
    a = decided(town)
    key = Publication.objects.get().key
    url = f"/desk/publicity/{key}/"
    for person, status in ((town.wang, 302), (town.bai, 302), (town.qian, 404), (town.li, 403)):
        client.force_login(person)
        answer = client.post(url, {"do": "withhold", "withhold-ground": "privacy", "withhold-reason": "x"})
        assert answer.status_code == status, person
    assert Publication.objects.get().state == "waiting"
    client.force_login(town.head)
    assert client.post(url, {"do": "withhold", "withhold-ground": "privacy"}).status_code == 422
    answer = client.post(
        url, {"do": "withhold", "withhold-ground": "trade_secret", "withhold-reason": "配方，企业不同意公开"}
    )
    assert answer.status_code == 302
    publish("2026-12-10 09:00")
    row = Publication.objects.get()
    assert (row.state, row.ground, row.settled_by) == ("withheld", "trade_secret", "head")
    assert client.get(f"/decisions/{key}/").status_code == 404
    event = Event.objects.get(number=a.number, kind="application.withhold")
    assert event.data == {"ground": "trade_secret"} and event.by == "head"


def test_a_wrong_publication_is_corrected_or_taken_back_and_its_words_are_kept(client, town):
    a = decided(town)
    publish()
    row = Publication.objects.get()
    client.force_login(town.head)
    with simulated(at("2026-11-30 09:00")):
        data = {
            "do": "correct", "correct-content": "食品经营许可证（热食类）", "correct-content_en": "",
            "correct-decided_on": "2026-11-24", "correct-valid_until": "", "correct-reason": "经营项目写漏",
        }  # fmt: skip
        assert client.post(f"/desk/publicity/{row.key}/", data).status_code == 302
        assert "热食类" in client.get("/decisions/").content.decode()
        event = Event.objects.get(number=a.number, kind="application.correct_publication")
        assert event.data["before"] == {"content": "许可证"} and event.data["reason"] == "经营项目写漏"
        client.post(f"/desk/publicity/{row.key}/", {"do": "withdraw", "withdraw-reason": "公示了他人的决定"})
        assert "热食类" not in client.get("/decisions/").content.decode()
        assert client.get(f"/decisions/{row.key}/").status_code == 404
    row.refresh_from_db()
    assert (row.state, row.reason) == ("withdrawn", "公示了他人的决定") and row.published_at


def test_the_county_may_be_quicker_and_never_slower(town):
    Parameter.objects.create(code="publicity_limit", value="9wd")
    Parameter.objects.create(code="publicity_wait", value="0wd")
    forget_parameters()
    decided(town)
    row = Publication.objects.get()
    assert (row.due_at, row.planned_at) == (at("2026-12-03 17:00"), at("2026-11-24 17:00"))


def test_open_data_and_feed_say_the_same_as_the_page(client, town):
    decided(town, applicant=firm())
    publish()
    with simulated(at("2026-11-28 09:00")):
        table = b"".join(client.get("/decisions/open-data.csv")).decode("utf-8-sig")
        [record] = list(csv.DictReader(io.StringIO(table)))
        assert record["行政相对人名称"] == "满口香餐饮有限公司" and record["公开日期"] == "2026-11-27"
        body = json.loads(b"".join(client.get("/decisions/open-data.json?department=MSA")))
        assert [d["uscc"] for d in body["decisions"]] == ["91239999MA1A000016"]
        assert json.loads(b"".join(client.get("/decisions/open-data.json?month=2026-10")))["decisions"] == []
        assert "满口香餐饮有限公司" in client.get("/decisions/feed.xml").content.decode()
        for q, n in (("MA1A", 0), ("91239999ma1a000016", 1), ("餐饮", 1), ("许可证", 1), ("没有", 0)):
            assert client.get("/decisions/", {"q": q}).content.decode().count('<th scope="row"') == n, q


def test_after_its_time_it_is_no_longer_on_the_page(client, town):
    decided(town)
    publish()
    key = Publication.objects.get().key
    with simulated(at("2027-11-26 09:00")):
        assert client.get(f"/decisions/{key}/").status_code == 200
    with simulated(at("2027-11-29 09:00")):
        assert client.get(f"/decisions/{key}/").status_code == 404


def test_the_figure_counts_what_was_published_in_time(town):
    for n in (1, 2, 3):
        decided(town, n=n)
    _first, second, third = Publication.objects.order_by("id")
    with simulated(at("2026-11-25 09:00")):
        publicity.withhold(third, by=town.head, ground="privacy", reason="x")
    Publication.objects.filter(pk=second.pk).update(planned_at=at("2026-12-07 09:00"))
    publish("2026-11-27 17:30")
    publish("2026-12-07 09:30")
    [row] = FIGURES["published_in_time"].count(
        town.bai, at("2026-12-01 00:00"), at("2026-12-31 00:00"), "office"
    )
    assert (row.code, row.numerator, row.denominator) == ("MSA", 1, 2)
    assert (
        FIGURES["published_in_time"]
        .count(town.qian, at("2026-12-01 00:00"), at("2026-12-31 00:00"), "")[0]
        .denominator
        == 0
    )


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_needs_few_queries(client, town, n, django_assert_num_queries):
    for k in range(1, n + 1):
        decided(town, n=k)
    publish()
    with simulated(at("2026-11-28 09:00")):
        client.get("/decisions/")
        with django_assert_num_queries(3):
            client.get("/decisions/")


def test_a_preliminary_result_is_published_when_it_is_final_and_a_revoked_one_leaves_the_page(client, town):
    """行政许可法 69; what was only preliminary is no decision yet."""
    with simulated(at("2026-11-24 10:00")):
        a = actions.decide(town.accepted(), by=town.wang, result="grant")
        flow.note(a, "test", by=town.wang, is_preliminary=True)
        follow()
    assert not Publication.objects.exists()
    with simulated(at("2026-12-01 10:00")):
        flow.note(a, "finalise", by=town.wang, is_preliminary=False, final_at=at("2026-12-01 10:00"))
        follow()
    assert Publication.objects.get().due_at == at("2026-12-10 17:00")
    publish("2026-12-04 18:00")
    with simulated(at("2026-12-08 10:00")):
        key = Publication.objects.get().key
        assert client.get(f"/decisions/{key}/").status_code == 200
        a.refresh_from_db()
        afterwards.revoke(a, by=town.head, reason_code="fraud", reason="以欺骗手段取得")
        follow()
        assert client.get(f"/decisions/{key}/").status_code == 404
    assert Publication.objects.get().state == "withdrawn"


def test_the_bureau_finds_among_all_departments_and_takes_the_list_along(client, town):
    decided(town, n=1)
    decided(town, n=2)
    client.force_login(town.bai)
    page = client.get("/desk/publicity/?q=食品")
    assert page.context["page"].paginator.count == 2 and "office" not in page.context["filters"].fields
    row = Publication.objects.order_by("id").first()
    page = client.get("/desk/publicity/", {"q": row.serial, "office": "NONE"})
    assert [found.pk for found, _left in page.context["rows"]] == [row.pk]
    assert (
        client.get("/desk/publicity/?q=张三1").context["rows"] == []
    )  # by the name of a person nobody is found
    answer = client.get("/desk/publicity/export.xlsx?show=waiting")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active
    assert [r[2].value for r in sheet.iter_rows(min_row=2)] == ["张**", "张**"]
    assert AccessLog.objects.get(field="export").purpose == "publicity"
    client.force_login(town.qian)
    answer = client.get("/desk/publicity/export.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active.max_row == 1
