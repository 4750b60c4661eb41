"""Nobody is judge of the own work: no page, list, search, export, API call or step opens an issue to the person it is about or
to whoever leads or led that person."""

import datetime as dt
from pathlib import Path

import pytest
from django.test import Client

from onewindow.cases import desk
from onewindow.cases.flow import FLOWS, StepRefused, take
from onewindow.cases.models import Card, Notice
from onewindow.cases.rules import CLOCK, Actor
from onewindow.cases.worker import follow, wake
from onewindow.issues import actions, links, opening
from onewindow.issues.models import Issue, Status
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from tests.issues.conftest import BACKEND
from tests.town import at

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).parent.parent / "rules/permission_matrix_issues.txt"
CAST = ["li", "ma", "wang", "head", "qian", "zhou", "bai", "lu", "dai", "leader", "firm", "it", "nobody"]


def enter(person):
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def letter(reason):
    return "+" if reason is None else {"not_possible": ".", "not_allowed": "-"}[reason.kind]


def table_of(town, issue, title):
    people = {name: getattr(town, name) for name in CAST}
    people |= {
        "reporter": links.reporter_of(issue),
        "another": Actor("reporter", "Q000000000000X"),
        "clock": CLOCK,
    }
    lines = [f"# {title}: {' '.join(people)}  (+ may, . not possible now, - not this person)"]
    for verb in FLOWS["Q"].steps:
        for status in Status:
            issue.status = status
            row = "".join(letter(FLOWS["Q"].why_not(verb, issue, who)) for who in people.values())
            if set(row) != {"."}:
                lines.append(f"{verb:17} {status.value:10} {row}")
    return lines


def test_who_may_take_which_step_is_as_published(town, life, monday):
    """Of a bad review of li (whom zhou leads): both stay out whatever they hold; of a matter of no person; of one for the
    leading group."""
    lines = table_of(town, life.review(), "bad review of li at MSA")
    lines += table_of(town, life.stuck(), "could not be done, at window 29 of hall 1")
    third = life.stuck()
    third.reopened = 3
    lines += table_of(town, third, "reopened for the third time")
    table = "\n".join(lines) + "\n"
    assert GOLDEN.exists(), table
    assert table == GOLDEN.read_text(encoding="utf-8"), table


def reviewed(town, life):
    """Everybody who must stay out of the issue of li's bad review, each with every post that could open it."""
    for person in (town.li, town.zhou):
        for role, office in (
            (Role.BUREAU, town.bureau), (Role.LEADER, town.msa), (Role.HEAD, town.msa), (Role.APPROVER, town.msa),
        ):  # fmt: skip
            Post.objects.create(person=person, role=role, office=office, starts_on=dt.date(2026, 11, 1))
    return [Person.objects.get(pk=p.pk) for p in (town.li, town.zhou)]


def test_no_post_opens_an_issue_to_the_person_it_is_about_or_to_the_chief(town, life):
    i = life.review()
    for person in reviewed(town, life):
        assert person.has_role(Role.BUREAU) and person.has_role(Role.LEADER)
        assert list(Issue.objects.seen_by(person)) == [] and desk.find(i.number, person) is None
        client = enter(person)
        for path in ("", "contact/", "reply/", "close/", "dispatch/"):
            assert client.get(f"/desk/{i.number}/{path}").status_code == 404
            assert client.post(f"/desk/{i.number}/{path}", {"version": "1"}).status_code in (404, 405)
        for page in (
            "/desk/issues/?show=all",
            "/desk/issues/?show=board",
            "/desk/?show=all",
            "/desk/reviews/",
            "/desk/cards/",
        ):
            answer = client.get(page)
            assert answer.status_code != 200 or i.number not in answer.content.decode(), page
        assert client.post(f"/desk/{i.number}/assign/", {"to": "me"}).status_code == 404
        for status in Status:
            i.status = status
            for verb, step in FLOWS["Q"].steps.items():
                assert i.flow.why_not(verb, i, person) is not None, (person, verb, status)
                with pytest.raises(StepRefused):
                    take(step, i, by=person)


def test_a_chief_of_that_day_stays_out_after_changing_posts(town, life):
    i = life.review()
    Post.objects.filter(person=town.zhou).update(ends_on=dt.date(2026, 11, 22))
    Post.objects.create(
        person=town.zhou, role=Role.BUREAU, office=town.bureau, starts_on=dt.date(2026, 11, 23)
    )
    zhou = Person.objects.get(pk=town.zhou.pk)
    assert zhou.roles == {Role.BUREAU} and not Issue.objects.seen_by(zhou).filter(pk=i.pk).exists()


def test_a_new_chief_and_who_stands_in_for_the_chief_stay_out_too(town, life):
    i = life.review()
    own = Post.objects.get(person=town.zhou)
    Post.objects.create(person=town.qian, role=Role.HALL_MANAGER, office=town.bureau, hall=town.hall,
                        starts_on=dt.date(2026, 11, 23), ends_on=dt.date(2026, 11, 30), stands_in_for=own)  # fmt: skip
    Post.objects.create(
        person=town.qian, role=Role.BUREAU, office=town.bureau, starts_on=dt.date(2026, 11, 1)
    )
    qian = Person.objects.get(pk=town.qian.pk)
    assert qian.has_role(Role.BUREAU) and not Issue.objects.seen_by(qian).filter(pk=i.pk).exists()


def test_neither_cards_nor_notices_reach_who_is_kept_out(town, life, monday):
    for person in (town.li, town.zhou):
        Post.objects.create(
            person=person, role=Role.BUREAU, office=town.bureau, starts_on=dt.date(2026, 11, 1)
        )
    i = life.review()
    for day in ("2026-11-25", "2026-11-27", "2026-12-01"):
        monday.move_to(at(f"{day} 18:00"))
        while wake():
            pass
    follow()
    cards = Card.objects.filter(number=i.number)
    assert cards.count() == 3
    assert [cards.seen_by(p).count() for p in (town.head, town.bai, town.li, town.zhou)] == [
        3,
        3,
        0,
        0,
    ]
    told = {name for card in cards for name in card.told}
    assert told == {"head", "bai", "lu", "leader"}
    assert set(Notice.objects.filter(number=i.number).values_list("person__username", flat=True)).isdisjoint(
        {"li", "zhou"}
    )


def test_an_office_never_judges_its_own_colleague(town, life):
    i = opening.open_issue("stuck", by=town.bai, text="…", item=town.food.item, subject=town.wang)
    assert i.office == town.bureau
    with pytest.raises(StepRefused) as refused:
        actions.dispatch(i, by=town.bai, office=town.msa, grade="simple")
    assert refused.value.reason.code == "own_colleague"
    assert Issue.objects.seen_by(town.head).filter(pk=i.pk).exists() is False


def test_the_unit_learns_who_said_it_only_once_the_reporter_agrees(town, life):
    i = life.review(text="态度差，打我电话 19900000001")
    secrets = ("张三", "199****0001", "19900000001", i.application)
    page = enter(town.head).get(f"/desk/{i.number}/").content.decode()
    assert all(s not in page for s in secrets) and "态度差" in page
    call = {"version": str(i.version), "how": "phone", "note": "…"}
    assert enter(town.wang).post(f"/desk/{i.number}/contact/", call).status_code == 422
    actions.agree(i)
    page = enter(town.head).get(f"/desk/{i.number}/").content.decode()
    assert "199****0001" in page and i.application not in page
    found = enter(town.bai).get(f"/desk/{i.number}/").content.decode()
    assert i.application in found


def test_a_search_for_the_application_does_not_lead_the_unit_to_its_review(town, life):
    i = life.review()
    for person, sees in ((town.head, False), (town.wang, False)):
        asked = desk.Asked(show=desk.ALL, text=i.application)
        kind = desk.KINDS["Q"]
        assert (i in list(desk.select(kind, person, asked))) is sees
