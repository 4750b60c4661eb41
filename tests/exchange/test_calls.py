"""Shared data: no call without a grant and an open case that needs it; every question on record, nobody can change it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from onewindow.cases import instant, numbers
from onewindow.cases.flow import StepRefused
from onewindow.config.retention import purge
from onewindow.exchange import actions, connectors, needs
from onewindow.exchange.models import Call, Grant, Material, Reuse
from onewindow.org.models import Parameter, parameter
from onewindow.window import actions as window
from onewindow.window import reuse
from onewindow.window.models import Document
from tests.exchange.conftest import granted
from tests.town import at, citizen_id


@pytest.fixture
def case(shared):
    """An open application of the health bureau that asks for the identity card."""
    return shared.take_in(shared.health)


def ask(town, case, *, by=None, **more):
    by = by or town.li
    return actions.query(town.identity, needs.of(case.number, by), by=by, number=case.number, **more)


def refusal(town, case, *, by=None):
    with pytest.raises(actions.NotPossible) as refused:
        ask(town, case, by=by)
    return refused.value.reason.code


def test_an_extract_is_kept_with_its_signed_provenance_and_the_call_with_who_what_and_why(shared, case):
    """个人信息保护法 55, 56: purpose, basis, whose, which fields, outcome."""
    call, m = ask(shared, case)
    said = (
        call.by,
        call.number,
        call.office,
        call.item,
        call.outcome,
        call.fields,
        call.purpose,
        call.legal_basis,
    )
    assert said == (
        "li", case.number, "HEALTH", "ZD-HEALTH-009", "found", ["match", "status"],
        "办理卫生许可核验申请人身份", "政务数据共享条例",
    )  # fmt: skip
    assert call.subject_digest == case.id_digest
    assert m.facts == {"match": "姓名与号码一致", "status": "有效"}
    assert (m.source, m.issuer, m.valid_until, m.is_intact) == (
        case.number,
        "市场监督管理局",
        dt.date(2026, 12, 23),
        True,
    )
    assert m.sha256 == call.sha256
    m.body = m.body.replace("一致", "不一致")
    assert not m.is_intact


def test_fields_are_minimised_to_the_grant_whatever_the_register_sends(shared, case, monkeypatch):
    """个人信息保护法 6: the least that the purpose needs."""
    asked = []

    class Talkative:
        def ask(self, method, subject, *, name, fields, timeout):
            asked.append(tuple(fields))
            return {"match": "一致", "number": subject, "criminal": "no"}

    monkeypatch.setattr(connectors, "register", lambda: Talkative())
    assert ask(shared, case, fields=["match", "number"])[1].facts == {"match": "一致"}
    assert asked == [("match",)]


def test_the_second_question_in_the_same_matter_makes_no_second_call(shared, case):
    first = ask(shared, case)
    assert ask(shared, case) == first
    assert Call.objects.count() == 1


def test_an_extract_serves_only_the_matter_for_which_it_was_fetched(shared, case):
    """Purpose limitation (国令716 art. 7): the next application asks anew, under its own grant."""
    _call, m = ask(shared, case)
    other = shared.take_in(shared.health, allow_duplicate=True)
    assert reuse.offers(shared.health, "person", citizen_id(1), other.number) == {}
    assert reuse.offers(shared.health, "person", citizen_id(1), case.number) == {3: m}
    assert ask(shared, other)[1] != m


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t, c: Grant.objects.all().delete(), "no_grant"),
        (lambda t, c: Grant.objects.update(until=dt.date(2026, 11, 22)), "no_grant"),
        (lambda t, c: Grant.objects.update(starts_on=dt.date(2026, 11, 24)), "no_grant"),
        (lambda t, c: Grant.objects.update(item="ZD-HEALTH-010"), "no_grant"),
        (lambda t, c: Grant.objects.update(office=t.msa), "no_grant"),
        (lambda t, c: actions.revoke_grant(t.grant, by=t.head, reason="用途不符"), "no_grant"),
        (lambda t, c: setattr(t.identity, "kind", "marriage"), "not_needed"),
        (lambda t, c: setattr(t.identity, "is_active", False), "not_shared"),
        (lambda t, c: setattr(t.identity, "sharing", "closed"), "not_shared"),
        (lambda t, c: window.withdraw(c, by=t.li), "case_closed"),
    ],
)
def test_no_call_without_a_grant_in_force_and_an_open_case_that_needs_it(
    shared, case, monkeypatch, change, code
):
    """政务数据共享条例; 个人信息保护法 6: purpose, need and authority, all three, at the moment of the question."""
    change(shared, case)
    monkeypatch.setattr(connectors, "ask", lambda *a, **k: pytest.fail("the register was asked"))
    assert refusal(shared, case) == code
    call = Call.objects.get()
    assert (call.outcome, call.reason, call.by, call.number, call.fields) == (
        "refused",
        code,
        "li",
        case.number,
        [],
    )
    assert not Material.objects.exists()


@pytest.mark.parametrize(
    ("who", "code"),
    [("ma", "no_case"), ("wang", "no_case"), ("firm", "no_case"), ("nobody", "no_case"), ("it", "no_case"),
     ("zhou", "not_your_case"), ("bai", "not_your_case"), ("leader", "not_your_case")],
)  # fmt: skip
def test_only_the_window_and_the_department_of_the_matter_ask(shared, case, who, code):
    """A10: nobody browses a neighbour's data; the try is on record."""
    assert refusal(shared, case, by=getattr(shared, who)) == code
    assert Call.objects.get().reason == code
    assert ask(shared, case, by=shared.qian)[1] is not None


def test_a_number_that_does_not_exist_is_refused_and_on_record(shared):
    with pytest.raises(actions.NotPossible):
        actions.query(
            shared.identity, needs.of("A261123999999X", shared.li), by=shared.li, number="A261123999999X"
        )
    assert (Call.objects.get().number, Call.objects.get().reason) == ("A261123999999X", "no_case")


def test_a_register_that_is_down_is_asked_twice_and_says_so(shared, case, settings):
    settings.REGISTERS_FAULTS = 100
    call, m = ask(shared, case)
    assert (m, call.outcome, call.reason, call.attempts) == (None, "unavailable", "down", 2)
    settings.REGISTERS_FAULTS = 0
    assert ask(shared, case)[1] is not None


def test_a_slow_register_times_out(shared, case, settings):
    settings.REGISTERS_TIMEOUT, settings.REGISTERS_DELAY = 0.001, 2
    assert ask(shared, case)[0].reason == "timeout"


@pytest.mark.parametrize(("name", "reason", "attempts"), [("none", "not_connected", 1)])
def test_without_a_connector_there_is_paper(shared, case, settings, name, reason, attempts):
    settings.REGISTERS = name
    call, m = ask(shared, case)
    assert (m, call.outcome, call.reason, call.attempts) == (None, "unavailable", reason, attempts)


def test_somebody_whom_the_register_does_not_know(shared):
    case = shared.take_in(shared.health, applicant=shared.applicant() | {"id_number": "110101198001010010"})
    call, m = ask(shared, case)
    assert (m, call.outcome) == (None, "not_found")


def test_what_a_register_owes_is_fetched_later_and_the_person_does_not_come_twice(shared, case, settings):
    settings.REGISTERS_FAULTS = 100
    number = numbers.new("A")
    need = reuse.need_for(number, shared.health, "person", citizen_id(2), "张三2", hall="", is_open=True)
    papers = {1: ("paper", None), 2: ("paper", None), 3: ("owed", None)}
    with pytest.raises(StepRefused) as refused:  # nobody has asked: it can't be owed
        shared.take_in(shared.health, n=2, materials=papers, number=number)
    assert refused.value.reason.code == "not_asked"
    actions.query(shared.identity, need, by=shared.li)
    a = window.accept(shared.take_in(shared.health, n=2, materials=papers, number=number), by=shared.li)
    assert [d.spec.no for d in reuse.owed(a)] == [3]
    with pytest.raises(StepRefused) as refused:
        window.decide(a, by=shared.qian, result="grant")
    assert refused.value.reason.code == "owed"
    assert reuse.fetch_owed(a, by=shared.qian) == ([], reuse.owed(a))
    settings.REGISTERS_FAULTS = 0
    came, left = reuse.fetch_owed(a, by=shared.qian)
    assert ([d.spec.no for d in came], left) == ([3], [])
    document = Document.objects.get(application=a, spec__no=3)
    assert (document.form, document.material.source) == ("reused", a.number)
    assert Reuse.objects.get().basis == "duty"
    assert [e.verb for e in window.timeline(a)][-1] == "fetch"
    window.decide(a, by=shared.qian, result="grant")


# --- grants ------------------------------------------------------------------------------------------------


def request(town, **more):
    facts = {
        "purpose": "核验身份",
        "legal_basis": "政务数据共享条例",
        "fields": ["match", "number", "nonsense"],
    }
    return actions.ask_grant(town.identity, town.health_office, by=town.qhead, **(facts | more))


def test_a_grant_is_asked_for_answered_and_revoked_by_the_two_heads(shared):
    Grant.objects.all().delete()
    grant = request(shared)
    assert (grant.state, grant.fields) == ("asked", ["match", "number"])
    assert grant.answer_by == at("2026-12-07 17:00")  # ten working days
    assert request(shared) == grant  # once is enough
    for stranger in (shared.qhead, shared.wang, shared.bai, shared.li):
        with pytest.raises(actions.NotPossible) as refused:
            actions.answer_grant(grant, by=stranger, approve=True)
        assert refused.value.reason.kind == "not_allowed"
    with pytest.raises(actions.NotPossible):
        actions.answer_grant(grant, by=shared.head, approve=False)  # a refusal gives its reason
    actions.answer_grant(grant, by=shared.head, approve=True, fields=["match", "status"])
    assert (grant.state, grant.fields, grant.answered_by) == ("approved", ["match"], "head")
    with pytest.raises(actions.NotPossible) as late:
        actions.answer_grant(grant, by=shared.head, approve=False, answer="不同意")
    assert late.value.reason.code == "already_answered"
    actions.revoke_grant(grant, by=shared.head, reason="用途不符")
    assert (grant.state, grant.revoked_reason) == ("revoked", "用途不符")
    with pytest.raises(DatabaseError), transaction.atomic():
        Grant.objects.update(revoked_at=at("2026-11-24 10:00"))


def test_only_a_head_asks(shared):
    with pytest.raises(actions.NotPossible):
        actions.ask_grant(
            shared.identity, shared.health_office, by=shared.qian, purpose="x", legal_basis="y", fields=[]
        )


def test_a_grant_for_the_item_comes_before_that_for_the_office(shared, case):
    granted(shared, item="ZD-HEALTH-009", fields=["match"])
    assert ask(shared, case)[0].fields == ["match"]


# --- the record --------------------------------------------------------------------------------------------


def test_the_database_refuses_to_change_a_call_or_to_delete_it_before_three_years(shared, case):
    """个人信息保护法 56: at least three years; not even the purge can."""
    call, _m = ask(shared, case)
    for change in (lambda: Call.objects.update(purpose="x"), lambda: Call.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    old = {f.attname: getattr(call, f.attname) for f in Call._meta.concrete_fields if f.name != "id"}
    Call.objects.create(**old | {"at": instant.now() - dt.timedelta(days=1500)})
    assert purge()["calls"] == 1
    assert Call.objects.get() == call


def test_the_retention_cannot_be_set_below_three_years(db):
    with pytest.raises(ValidationError):
        Parameter(code="sharing_log_days", value="1000").full_clean()
    assert int(parameter("sharing_log_days")) >= 3 * 365


def test_data_without_a_grant_and_a_case_cannot_even_be_written(shared, case):
    call, _m = ask(shared, case)
    for lack in ({"grant_id": None}, {"number": ""}):
        row = {
            f.attname: getattr(call, f.attname) for f in Call._meta.concrete_fields if f.name != "id"
        } | lack
        with pytest.raises(IntegrityError), transaction.atomic():
            Call.objects.create(**row)


def test_an_extract_that_no_application_used_is_not_kept(shared, case):
    """个人信息保护法 19: no longer than the purpose asks."""
    _call, m = ask(shared, case)
    with time_machine.travel(at("2026-12-23 10:00"), tick=False):
        assert purge()["unused_extracts"] == 0
    with time_machine.travel(at("2026-12-25 10:00"), tick=False):
        assert purge()["unused_extracts"] == 1
    assert not Material.objects.filter(pk=m.pk).exists()


def test_who_sees_which_calls(shared, case):
    ask(shared, case, by=shared.qian)

    def seen(person):
        return Call.objects.seen_by(person).count()

    assert {n: seen(getattr(shared, n)) for n in ("bai", "head", "qhead", "qian")} == dict.fromkeys(
        ("bai", "head", "qhead", "qian"), 1
    )
    for n in ("li", "wang", "ma", "zhou", "leader", "firm", "it", "nobody"):
        assert seen(getattr(shared, n)) == 0, n


def test_no_row_of_the_exchange_holds_an_identity_number_in_the_clear(shared, case):
    ask(shared, case)
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("exchange_call", "exchange_material", "exchange_grant", "exchange_reuse"):
            cursor.execute(f"SELECT * FROM {table}")
            assert citizen_id(1) not in json.dumps(cursor.fetchall(), default=str, ensure_ascii=False)
