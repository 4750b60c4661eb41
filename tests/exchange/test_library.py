"""The library of materials by holder: offered again, looked at again when used, never without consent or duty."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import DatabaseError, transaction

from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Attachment
from onewindow.cases.worker import follow
from onewindow.exchange import actions as exchange
from onewindow.exchange.kinds import code_of, listed
from onewindow.exchange.models import Material, Reuse
from onewindow.window import actions, reuse
from onewindow.window.models import Application, Document
from tests.town import at, citizen_id

PLAN = "=平面图"


def a_file(**more):
    facts = {
        "purpose": "material 2", "name": "a.pdf", "content_type": "application/pdf", "size": 9, "sha256": "0" * 64,
        "path": "x", "added_at": at("2026-11-02 09:00"), "added_by": "li",
    }  # fmt: skip
    return Attachment.objects.create(**(facts | more))


def earlier(town, n=1):
    """An accepted application of applicant ``n`` whose floor plan came as a file."""
    papers = {1: ("paper", None), 2: ("electronic", a_file()), 3: ("deferred", None)}
    a = actions.accept(town.take_in(town.food, n=n, materials=papers), by=town.li)
    follow()
    return a


@pytest.fixture
def plan(town, monday):
    earlier(town)
    return Material.objects.get(origin="handed_in")


def again(town, plan, *, consent="counter", n=1, accept=True):
    """The same holder asks for the hygiene licence and leaves his floor plan at home."""
    papers = {1: ("paper", None), 2: ("reused", plan)}
    a = town.take_in(town.health, n=n, materials=papers, consent=consent)
    return actions.accept(a, by=town.li) if accept else a


@pytest.mark.parametrize(
    ("name", "holder", "code"),
    [
        ("营业执照", "", "business_licence"),
        ("使用单位营业执照", "", "business_licence"),
        ("申请人身份证明或营业执照", "person", "identity"),
        ("申请人身份证明或营业执照", "enterprise", "business_licence"),
        ("居民身份证或统一社会信用代码", "enterprise", "business_licence"),
        ("法定代表人身份证明", "", "legal_rep_identity"),
        ("公共场所卫生许可证（原证）", "", "hygiene_licence"),
        ("食品经营许可申请书", "", ""),
        ("监测仪器清单（复印件）", "", "=监测仪器清单"),
    ],
)
def test_the_same_paper_has_one_code_whatever_the_item_calls_it(name, holder, code):
    assert code_of(name, holder) == code


def test_every_line_of_the_code_list_finds_itself():
    assert {c: code_of(k.name) for c, k in listed().items()} == {c: c for c in listed()}


def test_a_file_handed_in_is_offered_to_its_holder_and_to_nobody_else(town, plan):
    # its kind may be kept for three years (data/material_kinds.csv)
    assert (plan.kind, plan.about, plan.valid_until) == (
        "premises_plan",
        "食品经营许可（新办）",
        dt.date(2029, 11, 23),
    )
    assert reuse.offers(town.health, "person", citizen_id(1)) == {2: plan}
    assert reuse.offers(town.health, "person", citizen_id(2)) == {}
    assert reuse.offers(town.health, "person", "") == {}


def test_registering_twice_keeps_one_row(town, plan):
    for _ in range(2):
        reuse.keep_what_was_handed_in(earlier_event(plan))
    assert Material.objects.count() == 1


def earlier_event(plan):
    from onewindow.cases.models import Event

    return Event.objects.get(number=plan.source, kind="application.accept")


def test_a_reuse_is_recorded_with_consent_its_article_and_what_was_seen(town, plan):
    a = again(town, plan)
    document = Document.objects.get(application=a, spec__no=2)
    assert (document.form, document.material, document.attachment) == ("reused", plan, None)
    use = Reuse.objects.get()
    said = (use.number, use.no, use.basis, use.given, use.by, use.item, use.office, use.hall, use.valid_until)
    assert said == (
        a.number,
        2,
        "consent",
        "counter",
        "li",
        "ZD-HEALTH-009",
        "HEALTH",
        "H1",
        plan.valid_until,
    )
    assert "个人信息保护法 第十三条" in use.article


def test_without_consent_nothing_is_used_and_nothing_half_done(town, plan):
    """个人信息保护法 13, 14: what was handed in for one matter serves another one only with consent."""
    before = Application.objects.count()
    with pytest.raises(StepRefused) as refused:
        again(town, plan, consent="")
    assert refused.value.reason.code == "no_consent"
    assert (Application.objects.count(), Reuse.objects.count()) == (before, 0)


def test_somebody_elses_paper_is_refused(town, plan):
    with pytest.raises(StepRefused) as refused:
        again(town, plan, n=2)
    assert refused.value.reason.code == "other_holder"
    assert not Reuse.objects.exists()


def test_it_expires_between_taking_in_and_acceptance(town, plan):
    """Validity is checked when it is used, and once more when the application is accepted."""
    Material.objects.filter(pk=plan.pk).update(valid_until=dt.date(2026, 11, 23))
    a = again(town, plan, accept=False)
    with time_machine.travel(at("2026-11-24 09:00"), tick=False), pytest.raises(StepRefused) as refused:
        actions.accept(a, by=town.li)
    assert refused.value.reason.code == "expired"
    a.refresh_from_db()
    assert (a.status, a.accepted_at, a.papers.count()) == ("received", None, 0)


def test_it_is_revoked_between_offer_and_use(town, plan):
    offered = reuse.offers(town.health, "person", citizen_id(1))[2]
    assert exchange.revoke(plan.source, "图纸与现场不符", no=2, origin="handed_in") == 1
    with pytest.raises(StepRefused) as refused:
        again(town, offered)
    assert refused.value.reason.code == "revoked"
    assert "图纸与现场不符" in str(refused.value.reason.text)
    assert reuse.offers(town.health, "person", citizen_id(1)) == {}


def test_a_tick_without_a_row_is_looked_up_or_refused(town, plan):
    """政务数据共享条例: held means held, in the library or verified by a named data set – not ticked."""
    papers = {1: ("paper", None), 2: ("reused", None)}
    a = town.take_in(town.health, n=1, materials=papers, consent="counter")
    assert Document.objects.get(application=a, spec__no=2).material == plan
    with pytest.raises(StepRefused) as refused:
        town.take_in(town.health, n=2, materials=papers, consent="counter")
    assert refused.value.reason.code == "not_held"


def test_what_was_issued_here_is_held_by_duty_and_the_newer_takes_its_place(town, monday):
    """国令716 art. 7, 国令809: no consent is needed where the government itself has it."""
    town.food.result, town.food.result_validity = "食品经营许可证", "60mo"
    town.food.save()
    first = actions.decide(town.accepted(), by=town.wang, result="grant")
    follow()
    m = Material.objects.get(origin="issued")
    assert (m.kind, m.issuer, m.valid_until) == ("food_licence", "市场监督管理局", dt.date(2031, 11, 22))
    assert m.reference == first.papers.get(kind="grant").serial_text
    actions.deliver(first, by=town.li, received_by="张三")
    actions.decide(town.accepted(allow_duplicate=True), by=town.wang, result="grant")
    follow()
    m.refresh_from_db()
    newer = Material.objects.get(origin="issued", replaced_by__isnull=True)
    assert m.replaced_by == newer
    assert exchange.offers(citizen_id(1), ["food_licence"]) == {"food_licence": newer}
    assert not newer.needs_consent
    exchange.revoke(newer.source, "吊销")
    assert exchange.offers(citizen_id(1), ["food_licence"]) == {}


def test_a_refused_application_leaves_nothing_in_the_library(town, monday):
    actions.decide(
        town.accepted(), by=town.wang, result="refuse", reason="不符合", reason_code="conditions_not_met"
    )
    follow()
    assert not Material.objects.exists()


@pytest.mark.parametrize(
    ("first", "validity", "last"),
    [
        (dt.date(2026, 11, 23), "60mo", dt.date(2031, 11, 22)),
        (dt.date(2026, 11, 23), "365d", dt.date(2027, 11, 22)),
        (dt.date(2024, 2, 29), "12mo", dt.date(2025, 2, 28)),
        (dt.date(2026, 8, 31), "18mo", dt.date(2028, 2, 29)),
        (dt.date(2026, 8, 31), "", None),
    ],
)
def test_the_last_day_of_what_is_valid_for_years(first, validity, last):
    assert reuse.last_day(first, validity) == last


def test_the_database_refuses_to_change_a_reuse(town, plan):
    again(town, plan)
    for change in (lambda: Reuse.objects.update(basis="duty"), lambda: Reuse.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_nobody_has_a_list_of_other_peoples_papers(town, plan):
    for person in (town.li, town.wang, town.bai, town.leader, town.it, town.nobody, town.firm):
        assert not Material.objects.seen_by(person).exists()


def test_online_the_government_fetches_what_it_holds(town, monday):
    """国令809: whoever applies from home is not asked for it and need not know where it lies."""
    town.health.materials.filter(no=2).update(source=20)
    a = town.take_in(
        town.health, materials={1: ("paper", None), 2: ("reused", None)}, channel="online", counter=None
    )
    assert [d.form for d in a.documents.order_by("spec__no")] == ["paper", "owed"]
