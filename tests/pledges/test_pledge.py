"""What is put off or promised is a debt: named, dated, with a consequence (rules 7.2 容缺后补, 告知承诺; 行政许可法 7, 38, 69)."""

import pytest
import time_machine
from django.test import Client

from onewindow.cases import worker
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Attachment, Event, Message
from onewindow.cases.rules import applicant_of
from onewindow.catalog import lint
from onewindow.catalog.models import Code
from onewindow.pledges import actions as pledges
from onewindow.pledges.models import Pledge
from onewindow.window import actions, afterwards, letters, pledging
from onewindow.window.forms import RevokeForm
from onewindow.window.models import Application, Document, Paper
from tests.town import at, citizen_id

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LATER = {1: ("paper", None), 2: ("paper", None), 3: ("deferred", None)}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def put_off(town):
    """An application whose third material, the health certificate, follows later."""
    return actions.accept(town.take_in(materials=LATER), by=town.li)


@pytest.fixture
def committed(town):
    """An application granted on a written commitment."""
    town.food.allows_commitment = True
    town.food.save()
    a = actions.accept(town.take_in(on_commitment=True), by=town.li)
    return again(actions.decide(a, by=town.wang, result="grant"))


def follow():
    while worker.follow():
        pass


def again(a):
    follow()
    return Application.objects.with_facts().get(pk=a.pk)


def pledge_of(a):
    return Pledge.objects.with_facts().get(application=a.number)


def sent(a):
    return [m.template for m in Message.objects.filter(number=a.number)]


def supply(a, by):
    pledges.make_good(pledge_of(a), by=by, form="paper")
    return again(a)


# --- 容缺后补 -----------------------------------------------------------------------------------------------


def test_a_material_to_follow_opens_a_debt_at_acceptance(town, put_off):
    p = pledge_of(put_off)
    assert (p.kind, p.status, p.what, p.spec_no) == ("deferral", "promised", "健康证明", 3)
    assert p.due_at == at("2026-11-30 17:00")  # 5 working days, and not longer than the item's own promise
    assert p.office == town.msa and p.hall == town.hall
    said = letters.compose(Paper.objects.get(application=put_off, kind="commitment"))
    assert said.table.rows == [
        ["1", "健康证明", "2026 年 11 月 30 日", "未决定的视为撤回申请；已决定的予以撤销"]
    ]
    acceptance = letters.compose(Paper.objects.get(application=put_off, kind="acceptance"))
    assert "健康证明（2026 年 11 月 30 日前）" in "".join(
        words for part in acceptance.after for words, _ in part
    )


def test_the_time_to_follow_never_exceeds_the_items_promise(town):
    town.food.promised_limit = "3wd"
    assert pledges.time_to_follow(town.food) == "3wd"
    town.food.promised_limit = "20wd"
    assert pledges.time_to_follow(town.food) == "5wd"


def test_only_what_the_item_lets_follow_may_follow(town):
    plan_later = LATER | {2: ("deferred", None), 3: ("paper", None)}
    with pytest.raises(pledging.NotOffered) as refused:
        town.take_in(materials=plan_later)
    assert refused.value.reason.code == "not_deferrable"
    assert not Application.objects.exists()


def test_the_result_is_preliminary_until_it_is_there_and_then_final_within_two_days(town, put_off, monday):
    a = again(actions.decide(put_off, by=town.wang, result="grant"))
    assert a.is_preliminary and a.due_at and a.clock_ended_at
    assert [p.kind for p in a.papers.all()] == ["commitment", "acceptance", "preliminary"]
    with pytest.raises(StepRefused) as not_yet:
        actions.deliver(a, by=town.li)
    assert not_yet.value.reason.code == "preliminary"
    with pytest.raises(StepRefused) as owed:
        afterwards.finalise(a, by=town.wang)
    assert owed.value.reason.code == "still_owed"
    monday.move_to(at("2026-11-25 10:00"))
    a = supply(a, town.li)
    assert a.due_at == at("2026-11-27 17:00") and a.clock_ended_at is None
    assert Document.objects.get(application=a, spec__no=3).form == "paper"
    a = again(afterwards.finalise(a, by=town.wang))
    assert not a.is_preliminary and a.final_at == at("2026-11-25 10:00")
    assert a.due_at == at("2026-12-09 17:00")  # 行政许可法 44: ten working days to hand it over
    assert a.papers.filter(kind="grant").count() == 1
    assert actions.deliver(a, by=town.li).status == "delivered"
    assert sent(a)[-2:] == ["finalise", "deliver"] or "finalise" in sent(a)


def test_the_light_of_the_final_result_turns_when_the_department_forgets_it(town, put_off, monday):
    a = supply(again(actions.decide(put_off, by=town.wang, result="grant")), town.li)
    monday.move_to(at("2026-11-25 17:01"))
    worker.turn()
    a = again(a)
    assert a.light in ("yellow", "red")
    client = Client()
    client.force_login(town.wang, backend=BACKEND)
    assert a.number[:7] in client.get("/desk/").content.decode()


def test_supplied_before_the_decision_the_result_is_final_at_once(town, put_off):
    a = actions.decide(supply(put_off, town.li), by=town.wang, result="grant")
    assert not a.is_preliminary and a.papers.filter(kind="grant").exists()


def test_not_supplied_before_the_decision_it_counts_as_withdrawn(town, put_off, monday):
    p = pledge_of(put_off)
    with pytest.raises(StepRefused) as early:
        pledges.breach(p, by=town.wang, reason="未补")
    assert early.value.reason.code == "not_due"
    monday.move_to(at("2026-12-01 09:00"))
    worker.turn()
    pledges.breach(pledge_of(put_off), by=town.wang, reason="逾期未补交")
    a = again(put_off)
    assert a.status == "withdrawn" and a.papers.filter(kind="withdrawal").exists()
    assert pledge_of(a).status == "enforced"
    assert "deem_withdrawn" in sent(a)


def test_nothing_is_withdrawn_by_silence_alone(town, put_off, monday):
    monday.move_to(at("2027-03-01 09:00"))
    for _ in range(5):
        worker.turn()
    assert again(put_off).status == "examining" and pledge_of(put_off).status == "promised"


def test_reminded_before_its_day_and_once_after(town, put_off, monday):
    follow()
    for day in ("2026-11-27 17:30", "2026-11-30 10:00", "2026-11-30 17:30", "2026-12-03 10:00"):
        monday.move_to(at(day))
        worker.turn()
        worker.turn()
    assert [t for t in sent(put_off) if t.startswith("pledge")] == ["pledge_due", "pledge_late"]
    texts = Message.objects.filter(number=put_off.number, template__startswith="pledge")
    assert [m.body for m in texts if len(m.body) > 70] == []
    assert "11月30日前补交" in texts[0].body


def test_a_breach_after_the_decision_revokes_it_once_the_party_was_heard(town, put_off, monday):
    Code.objects.create(
        list="revoke", code="broken_commitment", name="未履行承诺", name_en="Broken commitment"
    )
    a = again(actions.decide(put_off, by=town.wang, result="grant"))
    monday.move_to(at("2026-12-01 09:00"))
    pledges.breach(pledge_of(a), by=town.wang, reason="逾期未补交")
    a = again(a)
    assert a.status == "decided" and a.papers.filter(kind="breach").exists()
    assert "pledge_broken" in sent(a)
    given = {"reason_code": "broken_commitment", "reason": "逾期未补交"}
    form = RevokeForm(given, case=a, by=town.head)
    assert list(form.errors) == ["heard"]  # 行政许可法 7: not before it was heard, or its time is over
    monday.move_to(at("2026-12-09 09:00"))
    form = RevokeForm(given, case=a, by=town.head)
    assert form.is_valid(), form.errors
    with pytest.raises(StepRefused):
        afterwards.revoke(a, by=town.wang, **form.cleaned_data)
    a = again(afterwards.revoke(a, by=town.head, **form.cleaned_data))
    assert a.status == "revoked" and pledge_of(a).status == "enforced"
    words = str(letters.compose(Paper.objects.get(application=a, kind="revocation")))
    assert "第六十九条" in words and "行政复议" in words and "未在期限内提出意见" in words


def test_who_broke_a_promise_gets_no_second_one_for_a_time(town, put_off, monday):
    monday.move_to(at("2026-12-01 09:00"))
    pledges.breach(pledge_of(put_off), by=town.wang, reason="逾期未补交")
    follow()
    with pytest.raises(pledging.NotOffered) as shut:
        town.take_in(materials=LATER)
    assert shut.value.reason.code == "broken_before"
    assert town.take_in(n=2, materials=LATER).number  # another holder
    monday.move_to(at("2027-12-06 09:00"))
    assert town.take_in(materials=LATER).number


def test_the_head_clears_what_was_not_broken_after_all(town, put_off, monday):
    a = again(actions.decide(put_off, by=town.wang, result="grant"))
    monday.move_to(at("2026-12-01 09:00"))
    pledges.breach(pledge_of(a), by=town.wang, reason="逾期未补交")
    follow()
    pledges.state(pledge_of(a), by=applicant_of(a), statement="11 月 27 日已交窗口")
    pledges.clear(pledge_of(a), by=town.head, reason="窗口登记遗漏")
    a = again(a)
    assert pledge_of(a).status == "kept" and pledges.broken_before(citizen_id(1)) is None
    assert a.is_preliminary and a.clock_ended_at is None  # the final result is due now


def test_a_refused_or_withdrawn_application_owes_nothing(town, put_off):
    actions.withdraw(put_off, by=town.li, reason="不办了")
    follow()
    assert pledge_of(put_off).status == "lapsed"


# --- 告知承诺 -----------------------------------------------------------------------------------------------


def test_a_commitment_only_where_the_item_allows_it(town):
    with pytest.raises(pledging.NotOffered) as refused:
        town.take_in(on_commitment=True)
    assert refused.value.reason.code == "no_commitment"


@pytest.mark.parametrize(
    ("name", "barred"),
    [
        ("危险化学品经营许可", True), ("取水许可", True), ("药品经营许可", True), ("境外卫星节目接收许可", True),
        ("食品经营许可（新办）", False), ("公共场所卫生许可（新办）", False), ("道路货物运输经营许可", False),
    ],
)  # fmt: skip
def test_no_commitment_where_the_law_bars_it_whatever_the_item_says(town, name, barred):
    """国办发〔2020〕42号: national security, public safety, ecology, health and property."""
    town.food.allows_commitment = True
    town.food.item.name = name
    reason = pledging.commitment_refused(town.food)
    assert (reason.code if reason else "") == ("commitment_barred" if barred else "")
    facts = {"allows_commitment": True, "name": name, "result": "许可证"}
    assert [f.rule for f in lint._commitment(facts)] == (["commitment_barred"] if barred else [])


def test_what_was_granted_on_a_commitment_is_final_and_checked_later(town, committed):
    p = pledge_of(committed)
    assert not committed.is_preliminary and p.kind == "commitment"
    assert p.due_at == at("2027-01-25 17:00")  # two months; the 23rd is a Saturday
    with pytest.raises(StepRefused):
        pledges.make_good(p, by=town.li, form="paper")
    pledges.check(p, by=town.wang, staff="王审批、孙局长", note="与承诺一致")
    assert pledge_of(committed).status == "kept"


def test_a_false_commitment_revokes_the_decision_even_after_delivery(town, committed):
    a = actions.deliver(committed, by=town.li)
    pledges.breach(pledge_of(a), by=town.wang, reason="现场与承诺不符")
    a = again(a)
    a = again(
        afterwards.revoke(a, by=town.head, reason_code="broken_commitment", reason="不符", heard="无异议。")
    )
    assert a.status == "revoked" and pledge_of(a).status == "enforced"
    with pytest.raises(pledging.NotOffered):
        town.take_in(on_commitment=True, allow_duplicate=True)


# --- pages and the API --------------------------------------------------------------------------------------


def test_the_applicant_supplies_from_the_phone(town, put_off):
    from io import BytesIO

    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    picture = BytesIO()
    Image.new("RGB", (80, 60), "white").save(picture, "JPEG")
    path = f"/t/{put_off.track_token}"
    page = Client().get(path).content.decode()
    assert "健康证明" in page and f"{path}/supply" in page
    photo = SimpleUploadedFile("a.jpg", picture.getvalue(), "image/jpeg")
    answer = Client().post(f"{path}/supply", {"m3": photo})
    assert answer.status_code == 302
    follow()
    p = pledge_of(put_off)
    assert p.status == "kept" and p.attachment.number == put_off.number
    assert Document.objects.get(application=put_off, spec__no=3).attachment_id == p.attachment_id
    assert Attachment.objects.count() == 1
    assert Client().get(f"{path}/supply").status_code == 302  # nothing is owed any more


def test_the_applicant_states_the_case_on_the_phone(town, committed):
    p = pledges.breach(pledge_of(committed), by=town.wang, reason="现场与承诺不符")
    follow()
    path = f"/t/{committed.track_token}"
    assert "现场与承诺不符" in Client().get(path).content.decode()
    assert Client().post(f"{path}/state/{p.number}", {"statement": ""}).status_code == 422
    assert Client().post(f"{path}/state/{p.number}", {"statement": "已整改"}).status_code == 302
    assert pledge_of(committed).statement == "已整改"
    event = Event.objects.of(p.number).last()
    assert event.kind == "pledge.state" and "已整改" not in str(event.data)


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_desk_shows_it_to_those_who_may_see_the_application(town, put_off, lang):
    p = pledge_of(put_off)
    client = Client()
    for name in ("li", "wang", "head", "zhou", "bai"):
        client.force_login(getattr(town, name), backend=BACKEND)
        page = client.get(f"/desk/{p.number}/?lang={lang}").content.decode()
        assert ("健康证明" if lang == "zh-hans" else "Health certificate") in page
        assert p.number in client.get(f"/desk/{put_off.number}/").content.decode()
    for name in ("ma", "qian", "firm", "it"):
        client.force_login(getattr(town, name), backend=BACKEND)
        assert client.get(f"/desk/{p.number}/").status_code in (403, 404)
    client.force_login(town.li, backend=BACKEND)
    assert (
        client.post(f"/desk/{p.number}/make_good/", {"form": "paper", "version": p.version}).status_code
        == 302
    )
    assert pledge_of(put_off).status == "kept"


def test_a_check_on_the_spot_names_two_members_of_staff(town, committed):
    client = Client()
    client.force_login(town.wang, backend=BACKEND)
    p = pledge_of(committed)
    path, seen = f"/desk/{p.number}/check/", {"note": "属实", "version": p.version}
    assert client.post(path, seen | {"staff": "王审批"}).status_code == 422  # 行政许可法 34
    assert client.post(path, seen | {"staff": "王审批、孙局长"}).status_code == 302
