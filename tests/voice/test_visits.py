"""A ticket that ends without an application is asked about too: once, apart from applications, and put right if it was bad."""

import re

import pytest
from django.db import DatabaseError, transaction

from onewindow.cases import worker
from onewindow.cases.models import Event
from onewindow.hall.actions import finish
from onewindow.issues import actions as issues
from onewindow.issues.models import Issue
from onewindow.voice import actions, evaluators, reactions, tallies, visits
from onewindow.voice.again import TooLate
from onewindow.voice.device_models import WindowVerdict
from onewindow.voice.models import Prompt, Review
from onewindow.voice.visit_models import VisitVerdict
from tests.hall.conftest import build_hall
from tests.town import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall(town):
    return build_hall(town)


@pytest.fixture
def advised(hall):
    """A ticket at window 03 that ended with a question answered."""
    ticket = hall.take()
    hall.served(hall.call(), outcome="consulted")
    ticket.refresh_from_db()
    return ticket


def test_the_end_of_a_ticket_without_an_application_puts_a_question_with_the_ticket_as_its_subject(
    town, evaluator, advised
):
    prompt = evaluator.prompt()
    row = Prompt.objects.get()
    assert (row.ticket, row.number, row.counter, row.clerk) == (advised.key, "", town.counter, "li")
    assert (prompt["title"], prompt["touchpoint"]) == (advised.group.name, "delivered")
    evaluator.answer(prompt, score=4, tags=["413"], text="讲得清楚")
    assert evaluator.send().json()["results"][-1]["result"] == "accepted"
    v = VisitVerdict.objects.get()
    assert (v.ticket, v.ticket_number, v.level, v.codes, v.text, v.channel, v.clerk, v.outcome, v.counter) == (
        advised.key, "A001", 4, ["413"], "讲得清楚", 4, "li", "consulted", town.counter,
    )  # fmt: skip
    assert not Review.objects.exists() and Prompt.objects.get().state == "answered"


def test_a_ticket_with_an_application_is_asked_about_by_its_application_alone(town, evaluator, hall, client):
    ticket = hall.take()
    hall.call()
    town.accepted()
    worker.follow()
    ticket.refresh_from_db()
    finish(ticket, by=hall.li, outcome="accepted")
    worker.follow()
    assert [bool(p.ticket) for p in Prompt.objects.all()] == [False]
    assert not visits.is_open(ticket)
    assert "本次办理已形成办件" in client.get(f"/hall/t/{ticket.visit.key}/").content.decode()


def test_a_skipped_question_is_not_asked_again_and_an_unanswered_one_once(town, evaluator, advised, monday):
    first = evaluator.prompt()
    monday.move_to(at("2026-11-23 10:03"))
    evaluator.next()
    assert evaluators.ask_again(by=town.li).ticket == advised.key
    second = evaluator.prompt()
    assert second["attempt"] == 2 and second["id"] != first["id"]
    evaluators.move_prompt(Prompt.objects.get(key=second["id"]), "declined", at("2026-11-23 10:04"))
    assert evaluators.to_ask_again(town.counter.pk) is None


def test_a_ticket_is_rated_once_by_device_or_phone(town, evaluator, advised):
    prompt = evaluator.prompt()
    visits.give(advised, level=3)
    evaluator.answer(prompt, score=5)
    assert evaluator.send().json()["results"][-1] | {"id": "", "seq": 0} == {
        "id": "", "seq": 0, "result": "rejected", "reason": "already_reviewed",
    }  # fmt: skip
    with pytest.raises(actions.AlreadyReviewed):
        visits.give(advised, level=5)
    assert [v.level for v in VisitVerdict.objects.all()] == [3]


def test_what_was_said_without_a_line_is_the_one_verdict_of_its_ticket(town, evaluator, hall):
    ticket = hall.take()
    hall.call()
    evaluator.odp.note("answered", None, score=4, tags=[])
    evaluator.send()
    ticket.refresh_from_db()
    hall.served(ticket, outcome="consulted")
    ticket.refresh_from_db()
    assert WindowVerdict.objects.get().visit_ticket == ticket.key
    assert not Prompt.objects.exists() and not visits.is_open(ticket)


def test_a_bad_one_opens_an_issue_that_the_reviewed_clerk_never_sees(town, advised):
    v = visits.give(advised, level=1, codes=["115"], text="爱答不理")
    i = Issue.objects.get()
    assert (i.origin, i.source, i.subject, i.counter, i.is_anonymous, i.status) == (
        "review", f"ticket {advised.key}", town.li, town.counter, True, "registered",
    )  # fmt: skip
    assert (i.facts["ticket"], i.facts["level"], visits.issue_of(v.ticket)) == ("A001", 1, i)
    assert not Issue.objects.seen_by(town.li).exists()


def test_a_verdict_whose_issue_cannot_be_opened_is_not_taken(town, advised, monkeypatch):
    def dies(*args, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(visits.opening, "open_for_ticket", dies)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        visits.give(advised, level=1)
    assert not VisitVerdict.objects.exists() and not Issue.objects.exists()


def test_words_of_complaint_open_one_too_and_a_change_stays_with_it(town, advised, monday):
    visits.give(advised, level=4, text="态度恶劣，投诉")
    visits.change(advised, level=1, text="态度恶劣")
    assert Issue.objects.count() == 1
    assert [(v.level, v.replaces_id is not None) for v in VisitVerdict.objects.order_by("id")] == [
        (4, False),
        (1, True),
    ]
    monday.move_to(at("2026-11-24 10:10"))
    with pytest.raises(TooLate):
        visits.change(advised, level=5)
    assert [v.level for v in VisitVerdict.objects.counted()] == [1]


@pytest.mark.parametrize("change", [{"level": 5}, None])
def test_the_database_refuses_to_change_or_delete_it(town, advised, change):
    v = visits.give(advised, level=2)
    rows = VisitVerdict.objects.filter(pk=v.pk)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.update(**change) if change else rows.delete()
    assert VisitVerdict.objects.get().level == 2


def test_after_fifteen_days_the_page_takes_nothing_but_a_device_that_was_cut_off_is_never_late(
    town, evaluator, advised, monday
):
    prompt = evaluator.prompt()
    monday.move_to(at("2026-12-09 10:00"))
    with pytest.raises(actions.NotOpenForReview):
        visits.give(advised, level=5)
    evaluator.answer(prompt, score=5)
    assert evaluator.send().json()["results"][-1]["result"] == "accepted"


def test_the_page_of_the_visit_asks_takes_changes_and_leads_to_the_issue(town, advised, client):
    home = f"/hall/t/{advised.visit.key}/"
    assert f"{home}rate/A001/" in client.get(home).content.decode()
    url = f"{home}rate/A001/"
    assert client.get(url).content.decode().count('class="ow-face ') == 5
    assert client.post(url, {"score": "2", "text": "没说清楚"}).url == f"{url}?thanks=1"
    page = client.get(url).content.decode()
    assert "不满意" in page and "/i/" in page and "again=change" in page
    client.post(f"{url}?again=change", {"again": "change", "score": "3", "text": "后来说清楚了"})
    assert [v.level for v in VisitVerdict.objects.order_by("id")] == [2, 3]
    assert client.get(f"{home}rate/A009/").status_code == 404


def test_an_upheld_appeal_takes_it_out_of_the_figures_and_leaves_it_readable(town, advised, monday):
    visits.give(advised, level=1)
    i = Issue.objects.get()
    issues.dispatch(i, by=town.bai, office=town.bureau, grade="simple")
    Issue.objects.filter(pk=i.pk).update(status="appealed")
    i.refresh_from_db()
    votes = [
        {"person": town.leader, "name": "郑市长", "is_outside": False, "upholds": True, "reason": "认错人了"},
        {"person": town.bai, "name": "白科长", "is_outside": False, "upholds": True, "reason": "认错人了"},
        {"person": None, "name": "体验官", "is_outside": True, "upholds": False, "reason": ""},
    ]
    issues.uphold(i, by=town.bai, votes=votes, answer="评价与事实不符")
    worker.follow()
    assert VisitVerdict.objects.count() == 1 and not VisitVerdict.objects.counted().exists()
    reactions.set_aside_after_appeal(
        Event.objects.of(i.number).get(kind="issue.uphold")
    )  # followed up once more
    assert VisitVerdict.objects.get().exclusion.reason == "认错人了"


def test_figures_over_tickets_stand_apart_with_their_own_n(town, hall, signed_in, monday):
    for n, level in enumerate((5, 2, None)):
        ticket = hall.take()
        hall.served(hall.call(), outcome="consulted")
        ticket.refresh_from_db()
        if level:
            visits.give(ticket, level=level, text=f"字{n}")
    by = visits.verdicts(town.bai, at("2026-11-23 00:00"), at("2026-11-24 00:00"))
    assert [(pk, v.n, v.good, v.bad, v.touchpoints, v.silent) for pk, v in by.items()] == [
        (town.counter.pk, 2, 1, 1, 3, 1)
    ]
    monday.move_to(at("2026-11-24 08:00"))
    tallies.bring_up_to_date()
    bureau = signed_in(town.bai)
    page = bureau.get("/desk/reviews/windows/").content.decode()
    assert "2／3" in page, [page[m.start() : m.start() + 300] for m in re.finditer("未形成办件的到访", page)]
    assert tallies.verdicts("city", tallies.period()) == {}  # nothing of it among the applications


def test_the_list_gives_the_reasons_in_words_beside_what_was_written(town, advised, signed_in):
    visits.give(advised, channel=2, level=2, codes=["214", "213"], text="等了很久")
    page = signed_in(town.bai).get("/desk/reviews/visits/").content.decode()
    for words in ("服务态度生硬", "窗口人员业务不熟练", "等了很久"):
        assert page.count(words) == 1, words


def test_the_list_costs_the_same_for_one_verdict_and_for_three(
    town, hall, signed_in, django_assert_num_queries
):
    def rated(level):
        ticket = hall.take()
        hall.served(hall.call(), outcome="consulted")
        ticket.refresh_from_db()
        visits.give(ticket, level=level)

    bureau = signed_in(town.bai)
    rated(1)
    bureau.get("/desk/reviews/visits/")
    with django_assert_num_queries(10):
        bureau.get("/desk/reviews/visits/")
    rated(1)
    rated(5)
    with django_assert_num_queries(10):
        page = bureau.get("/desk/reviews/visits/").content.decode()
    assert page.count("<tr>") == 4
    assert bureau.get("/desk/reviews/visits/?show=low").content.decode().count("<tr>") == 3
    assert bureau.get("/desk/reviews/visits/export.xlsx").status_code == 200
    assert signed_in(town.li).get("/desk/reviews/visits/").status_code == 403
