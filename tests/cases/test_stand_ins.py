"""AB 角: while A is away B holds A's posts, every rule works unchanged, the record says for whom, and no gap stays unseen."""

import datetime as dt

import pytest
import time_machine

from onewindow.cases import flow, standins
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Event, Notice
from onewindow.org.models import Absence, Person, Post
from onewindow.org.roles import Role
from onewindow.window import actions
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TODAY = dt.date(2026, 11, 23)


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


def fresh(person):
    return Person.objects.get(pk=person.pk)


def away(town, person, first=TODAY, last=TODAY + dt.timedelta(days=4), by=None):
    return standins.leave(person, first, last, reason="leave", by=by or town.head)


def told(person):
    return sorted(Notice.objects.filter(person=person).values_list("kind", flat=True))


def test_while_the_head_is_away_the_approver_extends_and_the_record_says_for_whom(town, monday):
    a = town.accepted()
    with pytest.raises(StepRefused):
        actions.extend(a, by=fresh(town.wang), reason="复杂")
    standins.pair(town.head, town.wang, by=town.head)
    away(town, town.head)
    actions.extend(a, by=fresh(town.wang), reason="复杂")
    event = Event.objects.of(a.number).last()
    assert (event.by, event.data["for"]) == ("wang", "head")
    assert told(town.wang) == ["stand_in"]
    monday.move_to(at("2026-11-28 09:00"))
    assert flow.why_not("extend", town.accepted(n=2), fresh(town.wang)).code == "only_head"


def test_what_b_may_do_anyway_is_b_s_own_unless_a_had_taken_the_case_on(town):
    own, taken = town.accepted(n=1), town.accepted(n=2)
    Application.objects.filter(pk=taken.pk).update(handler=town.head)
    standins.pair(town.head, town.wang, by=town.head)
    away(town, town.head)
    for a in (own, taken):
        actions.decide(Application.objects.get(pk=a.pk), by=fresh(town.wang), result="grant")
    said = [Event.objects.of(a.number).last().data.get("for") for a in (own, taken)]
    assert said == [None, "head"]


def test_the_permission_matrix_of_a_stand_in_is_that_of_both_posts_together(town):
    """Each step × status: allowed to B exactly where it is allowed to B in his own right or to A."""
    from onewindow.window.models import Status

    case = town.take_in()
    before = {}
    for verb in actions.flow.steps:
        for status in Status:
            case.status = status
            before[verb, status] = [flow.why_not(verb, case, town.wang), flow.why_not(verb, case, town.head)]
    standins.pair(town.head, town.wang, by=town.head)
    away(town, town.head)
    b = fresh(town.wang)
    for (verb, status), reasons in before.items():
        case.status = status
        assert (flow.why_not(verb, case, b) is None) == any(r is None for r in reasons), (verb, status)


def test_an_absence_without_a_stand_in_is_an_alarm(town, sign_in):
    away(town, town.wang)
    assert told(town.head) == told(town.bai) == told(town.it) == ["uncovered"]
    page = sign_in(town.head).get("/desk/stand-ins/").content.decode()
    assert "2026-11-23 至 2026-11-27 无人代岗" in page


def test_when_b_is_away_too_the_next_one_stands_in_and_the_gap_is_told(town):
    second = Person.objects.create_user("second", name="冯审批")
    Post.objects.create(person=second, role=Role.APPROVER, office=town.msa, starts_on=dt.date(2020, 1, 1))
    standins.pair(town.head, town.wang, by=town.head)
    standins.pair(town.head, second, by=town.head)
    away(town, town.head)
    away(town, town.wang, TODAY + dt.timedelta(days=1), TODAY + dt.timedelta(days=2))
    posts = Post.objects.filter(stands_in_for__person=town.head).order_by("starts_on")
    days = [(p.person.username, p.starts_on.day, p.ends_on.day) for p in posts]
    assert days == [("wang", 23, 23), ("second", 24, 25), ("wang", 26, 27)]
    away(town, second, TODAY + dt.timedelta(days=2), TODAY + dt.timedelta(days=2))
    assert Post.objects.on(dt.date(2026, 11, 25)).filter(stands_in_for__person=town.head).count() == 0
    assert Notice.objects.filter(kind="uncovered", person=town.bai, data__absent__name="孙局长").exists()


def test_who_comes_back_early_takes_the_posts_back_and_the_past_stays_known(town, monday):
    standins.pair(town.head, town.wang, by=town.head)
    absence = away(town, town.head)
    monday.move_to(at("2026-11-25 09:00"))
    standins.come_back(absence, by=town.head)
    post = Post.objects.get(stands_in_for__person=town.head)
    assert (post.starts_on.day, post.ends_on.day, Absence.objects.get().ends_on.day) == (23, 24, 24)
    assert not fresh(town.wang).has_role(Role.HEAD)


def test_a_post_that_has_ended_is_stood_in_for_by_nobody(town):
    standins.pair(town.head, town.wang, by=town.head)
    away(town, town.head)
    Post.objects.filter(person=town.head).update(ends_on="2026-11-22")
    assert not fresh(town.wang).has_role(Role.HEAD)


@pytest.mark.parametrize(
    ("a", "b", "by"),
    [
        ("wang", "qian", "head"),  # another department
        ("qian", "wang", "head"),  # not the head's to arrange
        ("wang", "head", "wang"),  # an approver arranges nothing
        ("wang", "it", "head"),  # who gives rights uses none
        ("wang", "firm", "head"),
    ],
)
def test_only_colleagues_of_one_unit_are_paired_and_only_by_their_chief(town, a, b, by):
    with pytest.raises(standins.NotPossible):
        standins.pair(getattr(town, a), getattr(town, b), by=getattr(town, by))


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2026-11-22", "2026-11-24", "starts_on"),
        ("2026-11-25", "2026-11-24", "ends_on"),
        ("2026-11-24", "2028-11-24", "ends_on"),
    ],
)
def test_a_wrong_absence_is_an_error_at_its_field(town, sign_in, first, last, field):
    given = {
        "do": "leave",
        "leave-person": town.wang.pk,
        "leave-starts_on": first,
        "leave-ends_on": last,
        "leave-reason": "sick",
    }
    answer = sign_in(town.wang).post("/desk/stand-ins/", given)
    assert (
        answer.status_code == 422
        and field in answer.context["leaving"].errors
        and not Absence.objects.exists()
    )


def test_everybody_reports_the_own_absence_and_nobody_a_stranger_s(town, sign_in):
    given = {
        "do": "leave",
        "leave-starts_on": "2026-11-24",
        "leave-ends_on": "2026-11-24",
        "leave-reason": "trip",
    }
    client = sign_in(town.wang)
    assert client.post("/desk/stand-ins/", given | {"leave-person": town.qian.pk}).status_code == 422
    assert client.post("/desk/stand-ins/", given | {"leave-person": town.wang.pk}).status_code == 302
    assert client.post("/desk/stand-ins/", given | {"leave-person": town.wang.pk}).status_code == 422  # twice
    absence = Absence.objects.get()
    sign_in(town.qian).post("/desk/stand-ins/", {"do": "back", "pk": absence.pk})
    assert Absence.objects.count() == 1
    sign_in(town.wang).post("/desk/stand-ins/", {"do": "back", "pk": absence.pk})
    assert not Absence.objects.exists()


def test_the_menu_and_the_timeline_say_in_whose_place(town, sign_in):
    a = town.accepted()
    standins.pair(town.head, town.wang, by=town.head)
    away(town, town.head)
    actions.extend(a, by=fresh(town.wang), reason="复杂")
    page = sign_in(town.wang).get(f"/desk/{a.number}/").content.decode()
    assert "王审批（代 孙局长）" in page and "代 孙局长 履职" in page
