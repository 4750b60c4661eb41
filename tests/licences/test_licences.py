"""The register of licences (行政许可法 39, 49, 50, 69, 70; GB/T 36904)."""

import datetime as dt
import hashlib
import io
import json
import re

import pypdf
import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from onewindow.cases import numbers, seals, worker
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Event, Message
from onewindow.licences import actions as licences
from onewindow.licences import identifier, paper
from onewindow.licences.models import CANCEL_REASONS, Licence
from onewindow.org.http import token_digest
from onewindow.org.models import ApiToken
from onewindow.window import actions, afterwards, letters, pledging
from onewindow.window.models import Application, Paper
from tests.api.conftest import Program
from tests.town import at, citizen_id

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


def follow():
    while worker.follow():
        pass


def granted(town, n=1, validity="60mo", **more):
    town.food.result_validity = validity
    town.food.save()
    a = actions.decide(town.accepted(n=n, **more), by=town.wang, result="grant")
    actions.deliver(a, by=town.li)
    follow()
    return Licence.objects.with_facts().get(application=a.number)


def program(person):
    token = f"ow_test_{person.username}"
    ApiToken.objects.get_or_create(
        person=person, digest=token_digest(token), defaults={"hint": "", "scopes": []}
    )
    return Program(token)


def again(x):
    return Licence.objects.with_facts().get(pk=x.pk)


def verbs(x):
    return [e.verb for e in Event.objects.of(x.number)]


# --- entering and changing ----------------------------------------------------------------------------------


def test_what_is_granted_is_entered_once(town):
    x = granted(town)
    assert (x.title, x.state, x.office, x.masked_name) == ("许可证", "valid", town.msa, "张**")
    assert (x.valid_from, x.valid_to) == (dt.date(2026, 11, 23), dt.date(2031, 11, 22))
    worker.turn()
    assert Licence.objects.count() == 1 and verbs(x) == ["grant"]


def test_neither_a_refusal_nor_a_service_nor_a_preliminary_result_makes_a_licence(town):
    actions.decide(town.accepted(n=1), by=town.wang, result="refuse", reason_code="x", reason="y")
    town.food.kind_code = "20"
    town.food.save()
    actions.decide(town.accepted(n=2), by=town.wang, result="grant")
    follow()
    town.food.kind_code = "01"
    town.food.save()
    later = {1: ("paper", None), 2: ("paper", None), 3: ("deferred", None)}
    a = actions.accept(town.take_in(n=3, materials=later), by=town.li)
    actions.decide(a, by=town.wang, result="grant")
    follow()
    assert not Licence.objects.exists()


@pytest.mark.parametrize(
    ("first", "validity", "last"),
    [
        ("2026-11-23", "5y", "2031-11-22"), ("2028-02-29", "1y", "2029-02-27"), ("2026-01-31", "1mo", "2026-02-27"),
        ("2026-08-31", "18mo", "2028-02-28"), ("2026-12-01", "90d", "2027-02-28"), ("2026-11-23", "", None),
    ],
)  # fmt: skip
def test_the_last_valid_day(first, validity, last):
    found = licences.last_day(dt.date.fromisoformat(first), validity)
    assert (found.isoformat() if found else None) == last


def test_the_identifier_has_the_form_and_check_character_of_gb_t_36904(town):
    x = granted(town)
    assert identifier.is_valid(x.identifier) and identifier.is_test(x.identifier)
    assert re.fullmatch(
        r"2\.999\.3005\.2\.[0-9A-Z]{21}\.[0-9A-Z]{18}\.L\d{12}[0-9A-Z]\.001\.[0-9A-Z]", x.identifier
    )
    for i, c in enumerate(x.identifier):
        if i > 13 and c.isalnum() and i < len(x.identifier) - 2:
            wrong = x.identifier[:i] + ("1" if c != "1" else "2") + x.identifier[i + 1 :]
            assert not identifier.is_valid(wrong), wrong


def test_a_revoked_decision_takes_its_licence_with_it(town):
    """行政许可法 69."""
    x = granted(town)
    a = Application.objects.with_facts().get(number=x.application)
    afterwards.revoke(a, by=town.head, reason_code="false", reason="材料虚假", heard="无异议")
    follow()
    x = again(x)
    assert x.state == "revoked" and x.next_alert_on is None and x.ended_at


def test_the_head_strikes_off_on_a_ground_of_the_law_only(town):
    """行政许可法 70."""
    x = granted(town)
    for who in (town.wang, town.qian, town.li):
        with pytest.raises(StepRefused):
            licences.cancel(x, by=who, reason_code="own_wish")
    with pytest.raises(StepRefused):
        licences.cancel(x, by=town.head, reason_code="no_reason")
    licences.cancel(x, by=town.head, reason_code="own_wish", reason="不再经营")
    assert again(x).state == "cancelled"
    with pytest.raises(StepRefused):
        licences.cancel(again(x), by=town.head, reason_code="own_wish")


def test_a_change_is_a_new_edition_with_a_new_identifier(town):
    """行政许可法 49."""
    x = granted(town)
    before = x.identifier
    licences.change(x, by=town.head, reason="缩小范围", conditions="不含冷食类")
    x = again(x)
    assert (x.edition, x.conditions) == (2, "不含冷食类") and x.identifier != before
    assert identifier.is_valid(x.identifier) and ".002." in x.identifier
    licences.suspend(x, by=town.head, reason="整改")
    licences.restore(x, by=town.head, reason="整改完成")
    assert verbs(x) == ["grant", "change", "suspend", "restore"]


def said_by(kind):
    letter = letters.compose(Paper.objects.get(kind=kind))
    return letter, "".join(words for block in letter.paragraphs for words, _bold in block)


def test_a_change_reaches_the_holder_as_a_decision_in_writing(town, client):
    """行政许可法 49: what changes, from when, by which decision; nothing of it can be rewritten later."""
    x = granted(town)
    licences.change(x, by=town.head, reason="企业更名", conditions="不含冷食类。", holder_name="新名食品店")
    licences.change(again(x), by=town.head, reason="恢复冷食", conditions="")
    licences.change(
        again(x), by=town.head, reason="重打", conditions=""
    )  # nothing of the content: no decision
    follow()
    first, second = Paper.objects.filter(kind="licence_change").order_by("id")
    assert (first.application.number, first.nth, second.nth) == (x.application, 1, 2)
    letter = letters.compose(first)
    text = "".join(words for block in letter.paragraphs for words, _bold in block)
    assert letter.heading == "准予变更行政许可决定书" and letter.serial.startswith("肇政务变〔2026〕")
    assert (
        "第四十九条" in text
        and "持证人名称变更为“新名食品店”" in text
        and "许可条件变更为：不含冷食类。其他" in text
    )
    assert "第 2 版" in text and "行政复议" in "".join(
        words for block in letter.after for words, _bold in block
    )
    assert "原许可条件取消" in "".join(w for b in letters.compose(second).paragraphs for w, _bold in b)
    assert letter.event_hash == Event.objects.get(number=x.number, seq=first.event_seq).hash
    public = client.get(f"/verify/?code={first.verify_code}").content.decode()
    assert "不含冷食类" in public and "新名食品店" not in public  # a person's name is masked


GROUNDS = {
    "not_renewed": "一", "death": "二", "dissolved": "三", "taken_back": "四", "force_majeure": "五", "own_wish": "六",
}  # fmt: skip


@pytest.mark.parametrize("ground", CANCEL_REASONS)
def test_striking_off_reaches_the_holder_as_a_decision_that_names_the_ground_of_the_law(town, ground):
    """行政许可法 70."""
    x = granted(town)
    licences.cancel(x, by=town.head, reason_code=ground, reason="详见调查记录。")
    follow()
    letter, text = said_by("cancellation")
    assert letter.heading == "注销行政许可决定书" and "注销该行政许可" in text and "详见调查记录。" in text
    assert f"第七十条第（{GROUNDS[ground]}）项" in text and numbers.shown(x.number) in text
    assert (
        letter.event_hash
        == Event.objects.filter(number=x.number, kind="licence.cancel").values_list("hash", flat=True).get()
    )


def test_the_chain_proves_the_register_too(town, capsys):
    x = granted(town)
    call_command("verify", "--json")
    assert json.loads(capsys.readouterr().out)["broken"] == []
    Licence.objects.filter(pk=x.pk).update(head="0" * 64)
    with pytest.raises(SystemExit):
        call_command("verify", "--json")
    assert json.loads(capsys.readouterr().out)["broken"][0]["number"] == x.number


# --- the end of validity, and renewal -----------------------------------------------------------------------


def test_the_holder_is_told_45_30_and_15_days_before_and_at_the_end(town, monday):
    x = granted(town, validity="12mo")  # to 2027-11-22
    told = []
    for day in range(-50, 3):
        monday.move_to(at("2027-11-22 09:00") + dt.timedelta(days=day))
        for _ in range(3):
            worker.turn()
        if new := Message.objects.filter(template__startswith="licence").count() - len(told):
            told += [day] * new
    assert told == [-45, -30, -15, 1]
    assert again(x).state == "expired" and again(x).next_alert_on is None
    bodies = [m.body for m in Message.objects.filter(template__startswith="licence").order_by("id")]
    assert max(map(len, bodies)) <= 70 and "请在10月23日前申请延续" in bodies[0]
    assert all(body.endswith("/my/licences/") for body in bodies)


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_every_measure_is_told_to_the_holder_in_one_short_text_with_a_link(town, lang, settings):
    """行政许可法 69, 70: whoever loses something is told, and where the reason stands."""
    settings.BASE_URL = "https://zwfw.zhaodong-example.cn"
    town.food.result_en = "Food business licence"
    x = granted(town, lang=lang)
    licences.change(x, by=town.head, reason="地址变更", conditions="不含冷食")
    licences.suspend(again(x), by=town.head, reason="限期整改")
    licences.restore(again(x), by=town.head, reason="整改完成")
    licences.cancel(again(x), by=town.head, reason_code="own_wish")
    follow()
    told = Message.objects.filter(template__startswith="licence").order_by("id")
    assert [m.template for m in told] == [
        "licence_changed", "licence_suspended", "licence_restored", "licence_cancelled",
    ]  # fmt: skip
    assert [m.body for m in told if len(m.body) > 70] == []
    assert {m.body.rpartition(" ")[2] for m in told} == {"https://zwfw.zhaodong-example.cn/my/licences/"}
    assert all(m.body.isascii() == (lang == "en") for m in told)


def test_what_was_slept_through_is_told_once(town, monday):
    x = granted(town, validity="12mo")
    monday.move_to(at("2027-11-17 09:00"))
    for _ in range(3):
        worker.turn()
    assert verbs(x) == ["grant", "expiring"]
    monday.move_to(at("2027-12-30 09:00"))
    worker.turn()
    assert verbs(x) == ["grant", "expiring", "expire"]


def test_a_granted_renewal_follows_on_the_old_time(town, monday):
    """行政许可法 50."""
    x = granted(town, validity="12mo")
    monday.move_to(at("2027-10-11 09:00"))
    a = actions.accept(town.take_in(renews=x.number), by=town.li)
    assert a.renew_by == at("2027-11-23 00:00")
    actions.decide(a, by=town.wang, result="grant")
    follow()
    x = again(x)
    assert (x.valid_from, x.valid_to, x.edition, x.latest) == (
        dt.date(2026, 11, 23), dt.date(2028, 11, 22), 2, a.number,
    )  # fmt: skip
    assert Licence.objects.count() == 1 and x.next_alert_on == dt.date(2028, 10, 8)


def test_only_its_holder_renews_a_licence_and_only_at_its_department(town):
    x = granted(town)
    for more, code in (
        ({"n": 2, "renews": x.number}, "not_the_holder"),
        ({"version": town.health, "renews": x.number}, "other_department"),
        ({"renews": "L2611230000011"}, "no_licence"),
    ):
        with pytest.raises(pledging.NotOffered) as refused:
            town.take_in(**more)
        assert refused.value.reason.code == code
    licences.cancel(x, by=town.head, reason_code="own_wish")
    with pytest.raises(pledging.NotOffered):
        town.take_in(renews=x.number)


def test_the_renewal_is_taken_in_at_the_counter(town):
    x = granted(town)
    client = Client()
    client.force_login(town.li, backend=BACKEND)
    page = client.get(f"/desk/counter/?item=ZD-MSA-001&renews={x.number}").content.decode()
    assert f'value="{x.number}"' in page


# --- pages, PDF, API ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_register_and_its_entry_by_role(town, lang):
    x = granted(town)
    for name, status in (
        ("wang", 200), ("head", 200), ("bai", 200), ("li", 200), ("zhou", 200), ("qian", 404), ("firm", 403),
        ("it", 403), ("nobody", 403),
    ):  # fmt: skip
        client = Client()
        client.force_login(getattr(town, name), backend=BACKEND)
        answer = client.get(f"/desk/licences/{x.number}/?lang={lang}")
        assert answer.status_code == status, name
        if status == 200:
            page = answer.content.decode()
            assert "张**" in page and "张三1" not in page and citizen_id(1) not in page
    client.force_login(town.qian, backend=BACKEND)
    assert x.number not in client.get("/desk/licences/").content.decode()


def test_a_name_is_searched_for_without_standing_in_the_address(town):
    x, other = granted(town, n=1), granted(town, n=2)
    client = Client()
    client.force_login(town.wang, backend=BACKEND)
    answer = client.post("/desk/licences/", {"q": "张三1"})
    assert "张三" not in answer["Location"] and "%E5%BC%A0" not in answer["Location"]
    page = client.get(answer["Location"]).content.decode()
    assert x.number in page and other.number not in page
    for within, there in (("45", False), ("", True)):
        assert (x.number in client.get(f"/desk/licences/?within={within}").content.decode()) is there
    assert client.get("/desk/licences/export.xlsx").status_code == 200


def test_the_head_takes_a_measure_on_the_page(town):
    x = granted(town)
    client = Client()
    client.force_login(town.head, backend=BACKEND)
    path = f"/desk/licences/{x.number}/suspend/"
    assert client.post(path, {"reason": "", "version": x.version}).status_code == 422
    assert client.post(path, {"reason": "整改", "version": x.version}).status_code == 302
    assert again(x).state == "suspended"
    client.post(f"/desk/licences/{x.number}/restore/", {"reason": "好了", "version": "1"})  # an old page
    assert again(x).state == "suspended"
    client.force_login(town.wang, backend=BACKEND)
    assert client.get(f"/desk/licences/{x.number}/cancel/").status_code == 403


def test_the_licence_is_a_specimen_and_says_so(town):
    x = granted(town)
    body = paper.pdf(x)
    text = re.sub(r"\s", "", "".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(body)).pages))
    assert text.count("样例SPECIMEN") >= 6 and "不是有效证照" in text and "许可证" in text
    assert x.identifier in text and citizen_id(1) not in text
    licences.cancel(x, by=town.head, reason_code="own_wish")
    text = "".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(paper.pdf(again(x)))).pages)
    assert "已注销" in text


def test_anybody_checks_a_licence_by_its_code(town):
    x = granted(town)
    code = f"{x.verify_code[:5]}-{x.verify_code[5:].lower()}"
    page = Client().get(f"/verify/?code={code}").content.decode()
    assert "许可证" in page and "张**" in page and "张三1" not in page and x.identifier in page
    licences.suspend(x, by=town.head, reason="整改")
    assert "暂" in Client().get(f"/verify/?code={code}").content.decode()


def test_programs_read_the_register(town):
    x = granted(town)
    found = program(town.wang).get("/licences").data
    assert [i["number"] for i in found["items"]] == [x.number] and found["next"] is None
    one = program(town.wang).get(f"/licences/{x.number}")
    assert one.data["holder"]["name"] == "张**" and [e["kind"] for e in one.data["events"]] == [
        "licence.grant"
    ]
    assert program(town.qian).get("/licences").data["items"] == []
    assert program(town.qian).get(f"/licences/{x.number}").status_code == 404


# --- proof of papers and seals ------------------------------------------------------------------------------


def test_a_changed_pdf_is_found_out(town):
    a = town.accepted()
    kept = Paper.objects.get(application=a, kind="acceptance")
    body = letters.pdf(kept)
    page = Client().get(f"/verify/?code={kept.verify_code}").content.decode()
    assert f'data-hash="{hashlib.sha256(body).hexdigest()}"' in page
    assert Event.objects.of(a.number).get(seq=kept.event_seq).hash in page
    assert hashlib.sha256(body.replace(b"/Title", b"/Titel")).hexdigest() not in page


def test_a_file_exchanged_on_the_server_is_found_out(town, settings):
    kept = Paper.objects.get(application=town.accepted(), kind="acceptance")
    letters.pdf(kept)
    file = settings.DATA_DIR / "papers" / str(kept.year) / f"{kept.verify_code}.pdf"
    file.write_bytes(file.read_bytes() + b" ")
    found = letters.proof(Paper.objects.get(pk=kept.pk))
    assert not found.is_whole
    assert "12345" in Client().get(f"/verify/?code={kept.verify_code}").content.decode()


def test_the_test_seal_is_no_seal_and_notices_changes(town):
    body = letters.pdf(Paper.objects.get(application=town.accepted(), kind="acceptance"))
    seal = seals.adapter()
    assert b"%OneWindow-TEST-SEAL not-a-legal-seal office=MSA" in body
    assert (seal.check(body).state, seal.check(body).is_real) == ("intact", False)
    assert seal.check(body.replace(b"%PDF-1.7", b"%PDF-1.6", 1)).state == "broken"
    assert seal.check(body[: body.rindex(b"\n%OneWindow")]).state == "none"


def test_a_county_plugs_its_own_seal_in(town, settings):
    settings.SEAL = "tests.licences.county_seal.CountySeal"
    body = letters.pdf(Paper.objects.get(application=town.accepted(), kind="acceptance"))
    assert body.endswith(b"%sealed for MSA\n")
    assert seals.adapter().check(body).is_real
