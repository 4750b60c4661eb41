"""A case is taken on, given and put back; open work passes from one person to another when both have signed."""

import datetime as dt

import pytest
import time_machine

from onewindow.cases import assign, desk
from onewindow.cases.desk import Asked
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Event, Handover, Notice
from onewindow.cases.worker import follow
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def feng(town):
    """A second approver of MSA."""
    who = Person.objects.create_user("feng", name="冯审批")
    Post.objects.create(person=who, role=Role.APPROVER, office=town.msa, starts_on=dt.date(2020, 1, 1))
    return who


@pytest.fixture
def sign_in(client):
    def by(person):
        client.force_login(person, backend=BACKEND)
        return client

    return by


def handler(a):
    return Application.objects.values_list("handler__username", flat=True).get(pk=a.pk)


def test_an_approver_takes_a_case_on_and_puts_it_back_and_a_colleague_can_not_take_it_away(
    town, feng, sign_in
):
    a = town.accepted()
    sign_in(town.wang).post(f"/desk/{a.number}/handler/", {"to": "me"})
    assert handler(a) == "wang"
    sign_in(feng).post(f"/desk/{a.number}/handler/", {"to": "me"})
    assert handler(a) == "wang"
    sign_in(town.wang).post(f"/desk/{a.number}/handler/", {"to": ""})
    assert handler(a) is None
    assert [e.verb for e in Event.objects.of(a.number)][2:] == ["assign", "assign"]


def test_the_head_gives_a_case_and_whoever_gets_it_is_told(town, feng, sign_in):
    a = town.accepted()
    client = sign_in(town.head)
    assert client.post(f"/desk/{a.number}/handler/", {"to": feng.pk}).status_code == 302
    follow()
    follow()
    assert handler(a) == "feng" and Notice.objects.get(person=feng).kind == "assigned"
    assert client.post(f"/desk/{a.number}/handler/", {"to": town.qian.pk}).status_code == 404
    assert sign_in(town.qian).post(f"/desk/{a.number}/handler/", {"to": "me"}).status_code == 404
    assert sign_in(town.li).post(f"/desk/{a.number}/handler/", {"to": "me"}).status_code == 302
    assert handler(a) == "feng"  # a clerk examines nothing


def test_the_list_shows_mine_or_what_nobody_has_taken_on(town, feng, sign_in):
    mine, free, other = (town.accepted(n=n) for n in (1, 2, 3))
    assign.assign(mine, town.wang, by=town.wang)
    assign.assign(other, feng, by=feng)

    def listed(**asked):
        return [a.number for a in desk.page(town.wang, Asked(**asked)).rows]

    assert listed(handler="mine") == [mine.number] and listed(handler="none") == [free.number]
    assert len(listed()) == 3
    assert len(sign_in(town.wang).get("/desk/?handler=mine").context["rows"]) == 1


def test_open_work_passes_on_when_both_have_signed_each_case_by_itself(town, feng, sign_in):
    kept, ended = town.accepted(n=1), town.accepted(n=2)
    for a in (kept, ended):
        assign.assign(a, town.wang, by=town.wang)
    client = sign_in(town.wang)
    page = client.post("/desk/handovers/?kind=work", {"taker": feng.pk, "note": "休假"})
    h = Handover.objects.get()
    assert page.url == f"/desk/handovers/{h.pk}/" and len(h.lines) == 2
    client.post(f"/desk/handovers/{h.pk}/", {"sign": "1"})
    assert handler(kept) == "wang"  # one signature moves nothing
    from onewindow.window import actions

    actions.decide(Application.objects.get(pk=ended.pk), by=town.wang, result="grant")
    Application.objects.filter(pk=ended.pk).update(handler=None)
    sign_in(feng).post(f"/desk/handovers/{h.pk}/", {"sign": "1"})
    h.refresh_from_db()
    assert h.done_at and (handler(kept), handler(ended)) == ("feng", None)
    assert [bool(line.get("why")) for line in h.lines] == [False, True]
    with pytest.raises(StepRefused):
        assign.sign(h, by=feng)


def test_the_head_signs_for_a_giver_who_is_away_and_strangers_see_nothing(town, feng, sign_in):
    a = town.accepted()
    assign.assign(a, town.wang, by=town.wang)
    h = assign.hand_over("work", town.wang, feng, by=town.head)
    assert assign.can_sign(h, town.qian) == assign.can_sign(h, town.bai) == ""
    assert sign_in(town.qian).get(f"/desk/handovers/{h.pk}/").status_code == 404
    page = sign_in(town.head).get(f"/desk/handovers/{h.pk}/")
    assert page.context["for_other"] and "代为签字" in page.content.decode()
    assign.sign(h, by=town.head)
    done = assign.sign(h, by=feng)
    assert done.given_by == town.head and handler(a) == "feng"


def test_a_list_that_is_taken_back_moves_nothing(town, feng):
    a = town.accepted()
    assign.assign(a, town.wang, by=town.wang)
    h = assign.hand_over("work", town.wang, feng, by=town.wang)
    assign.refuse(h, by=feng)
    h.refresh_from_db()
    assert assign.can_sign(h, town.wang) == "" and handler(a) == "wang"


def test_work_goes_to_colleagues_of_the_unit_only(town, feng):
    assign.assign(town.accepted(), town.wang, by=town.wang)
    for giver, taker, by in (
        (town.wang, town.qian, town.wang),
        (town.wang, feng, town.qian),
        (town.qian, town.wang, town.head),
    ):
        with pytest.raises(StepRefused):
            assign.hand_over("work", giver, taker, by=by)
