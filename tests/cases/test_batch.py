"""A batch looks at each case by itself, does what is possible, reports the rest with its reason, and leaves nothing half done."""

import re

import pytest
import time_machine

from onewindow.cases import batch, phrases
from onewindow.cases.chain import breaks
from onewindow.cases.models import Batch, Event, Phrase
from onewindow.window import actions
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def sign_in(client):
    def by(person):
        client.force_login(person, backend=BACKEND)
        return client

    return by


def ticks(*cases):
    return [f"{a.number}:{a.version}" for a in cases]


def outcomes(report):
    return [line["outcome"] for line in report.lines]


def test_many_are_decided_with_one_form_and_the_report_names_each_that_was_not(town, sign_in):
    good = [town.accepted(n=n) for n in (1, 2, 3)]
    decided = town.accepted(n=4)
    actions.decide(decided, by=town.wang, result="grant")
    foreign = town.accepted(town.health, n=5)
    client = sign_in(town.wang)
    page = client.post("/desk/batch/", {"verb": "decide", "case": ticks(*good, decided, foreign)})
    assert len(page.context["able"]) == 3 and [c.case.pk for c in page.context["unable"]] == [decided.pk]
    text = page.content.decode()  # whose they are, masked; the key of the press is no key of the keyboard
    assert "张**" in text and text.count(page.context["key"]) == 1
    given = {
        "verb": "decide",
        "case": ticks(*good, decided, foreign),
        "do": "run",
        "key": "k1",
        "result": "grant",
    }
    answer = client.post("/desk/batch/", given)
    report = Batch.objects.get()
    assert answer.url == f"/desk/batch/{report.pk}/"
    assert outcomes(report) == ["done", "done", "done", "refused", "gone"]
    assert report.lines[3]["why"] and foreign.title not in str(report.lines)
    assert set(Application.objects.filter(pk__in=[a.pk for a in good]).values_list("status", flat=True)) == {
        "decided"
    }
    assert Application.objects.get(pk=foreign.pk).status == "examining"
    text = client.get(answer.url).content.decode()
    assert re.findall(r"已办 \d 件，未办 \d 件", text) == ["已办 3 件，未办 2 件"], text[-3000:]
    assert sign_in(town.head).get(answer.url).status_code == 404


def test_the_same_button_twice_decides_once(town, sign_in):
    a = town.accepted()
    client = sign_in(town.wang)
    given = {"verb": "decide", "case": ticks(a), "do": "run", "key": "k1", "result": "grant"}
    assert client.post("/desk/batch/", given).url == f"/desk/batch/{Batch.objects.get().pk}/"
    a.refresh_from_db()
    again = client.post("/desk/batch/", given)
    assert again.status_code == 200 and a.version == Event.objects.of(a.number).count() == 3
    assert (
        batch.run("decide", {a.number: 2}, {"result": "grant"}, key="k1", by=town.wang) == Batch.objects.get()
    )
    assert Batch.objects.count() == 1


def test_who_was_faster_is_reported_and_a_light_that_turned_is_nobody_s_doing(town):
    from onewindow.cases.flow import note
    from onewindow.cases.rules import CLOCK

    lit, touched = town.accepted(n=1), town.accepted(n=2)
    seen = {lit.number: lit.version, touched.number: touched.version}
    note(lit, "light", by=CLOCK, data={"light": "amber"})
    actions.suspend(touched, by=town.head, reason="hearing", notice="听证", days=5)
    actions.resume(touched, by=town.head)
    report = batch.run("decide", seen, {"result": "grant"}, key="k", by=town.wang)
    assert outcomes(report) == ["done", "overtaken"]


def test_a_form_that_is_wrong_for_one_case_leaves_that_case_alone(town):
    from onewindow.catalog.models import Code

    Code.objects.filter(list="stop_reason", code="hearing").update(max_days=None)
    a = town.accepted()
    report = batch.run("decide", {a.number: a.version}, {"result": "refuse"}, key="k", by=town.wang)
    assert outcomes(report) == ["invalid"] and Application.objects.get().status == "examining"
    assert list(breaks(Event.objects.of(a.number))) == []


def test_a_missing_answer_is_an_error_at_its_field_before_anything_is_done(town, sign_in):
    a = town.accepted()
    answer = sign_in(town.wang).post(
        "/desk/batch/", {"verb": "decide", "case": ticks(a), "do": "run", "key": "k"}
    )
    assert (
        answer.status_code == 422 and "result" in answer.context["form"].errors and not Batch.objects.exists()
    )


@pytest.mark.parametrize("verb", ["deliver", "void", "withdraw", "fly", "__class__", ""])
def test_what_must_be_done_one_by_one_is_not_done_together(town, sign_in, verb):
    a = town.accepted()
    answer = sign_in(town.wang).post(
        "/desk/batch/", {"verb": verb, "case": ticks(a), "do": "run", "key": "k"}
    )
    assert answer.status_code == 404 and Application.objects.get().version == 2


@pytest.mark.parametrize("case", [[], ["rubbish"], ["A261123000001X:1"], ["::"]])
def test_nothing_ticked_leads_back_to_the_list(town, sign_in, case):
    town.accepted()
    assert sign_in(town.wang).post("/desk/batch/", {"verb": "decide", "case": case}).url == "/desk/"


def test_at_most_five_hundred_are_taken_at_once():
    from onewindow.org.identifiers import with_check

    numbers = [f"A261123{n:06d}" for n in range(600)]
    chosen = batch.parse([f"{with_check(n)}:1" for n in numbers])
    assert len(chosen) == 500


def test_the_list_offers_what_this_person_can_do_together(town, sign_in):
    town.accepted(n=1)
    town.take_in(n=2)
    verbs = {
        who: [s.verb for s in sign_in(getattr(town, who)).get("/desk/").context["together"]]
        for who in ("wang", "head", "li", "bai")
    }
    assert verbs["wang"] == ["decide", "suspend"] and verbs["head"] == ["decide", "suspend", "extend"]
    assert verbs["li"] == ["accept"] and verbs["bai"] == []
    page = sign_in(town.wang).get("/desk/").content.decode()
    assert len(re.findall(r'form="batch" name="case"', page)) == 1


# --- stock phrases -----------------------------------------------------------------------------------------


def test_own_phrases_come_first_then_the_office_s_then_the_step_s(town, sign_in):
    a = town.accepted()
    head = sign_in(town.head)
    assert (
        head.post(
            "/desk/phrases/", {"text": "经审查，符合条件。", "verb": "suspend", "shared": "on"}
        ).status_code
        == 302
    )
    wang = sign_in(town.wang)
    wang.post("/desk/phrases/", {"text": "请于三日内补交。", "verb": ""})
    wang.post("/desk/phrases/", {"text": "不该出现", "verb": "extend"})
    wang.post("/desk/phrases/", {"text": "越权的", "verb": "", "shared": "on"})
    shown = wang.get(f"/desk/{a.number}/suspend/").context["phrases"]
    assert shown[:3] == ["请于三日内补交。", "越权的", "经审查，符合条件。"]
    assert len(shown) > 3 and "不该出现" not in shown
    assert Phrase.objects.get(text="越权的").office is None  # only the head writes for the office
    assert "请于三日内补交。" not in phrases.offered(town.qian, "suspend", ())


def test_a_phrase_is_deleted_by_whom_it_belongs_to(town, sign_in):
    sign_in(town.head).post("/desk/phrases/", {"text": "共用", "verb": "", "shared": "on"})
    pk = Phrase.objects.get().pk
    assert sign_in(town.wang).post("/desk/phrases/", {"drop": pk}).status_code == 404
    assert sign_in(town.head).post("/desk/phrases/", {"drop": pk}).status_code == 302
    assert not Phrase.objects.exists()
    assert sign_in(town.wang).post("/desk/phrases/", {"text": " "}).status_code == 422
