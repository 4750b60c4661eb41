"""One visit on one page: its tickets and what happened to them, its applications, and what was said."""

import datetime as dt

import pytest
from django.test import Client

from onewindow.cases.worker import follow
from onewindow.hall import actions
from onewindow.hall.models import Outcome, TicketEvent
from onewindow.hall.times import BEGINS
from onewindow.hall.visits import KINDS
from onewindow.voice import actions as voice
from onewindow.voice.models import Review
from onewindow.window import actions as window
from tests.issues.conftest import BACKEND

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(hall, clock):
    """Two queues in one visit: food is accepted at window 03 and found wanting by the visitor; the other ticket waits."""
    food, proof = actions.take([hall.a, hall.b], channel="kiosk")
    ticket = actions.arrive(actions.call_next(hall.c03, by=hall.li), by=hall.li)
    clock.shift(dt.timedelta(minutes=3))
    case = window.accept(hall.town.take_in(by=hall.li, counter=hall.c03), by=hall.li)
    follow()
    clock.shift(dt.timedelta(minutes=4))
    actions.finish(ticket, by=hall.li, outcome=Outcome.ACCEPTED)
    voice.review(case, "accepted", level=2, text="等了很久")
    return case, food, proof


def page(person, ticket):
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client.get(f"/desk/hall/tickets/{ticket.pk}/")


def test_a_manager_sees_the_tickets_the_application_and_the_verdict(hall, visit):
    case, food, proof = visit
    html = page(hall.zhou, food).content.decode()
    assert html.count("ow-tl__t") == TicketEvent.objects.filter(ticket__visit=food.visit).count() == 5
    for text in (food.number, proof.number, "李窗口", f"/desk/{case.number}/", "不满意"):
        assert text in html, text
    assert f"/desk/reviews/one/{Review.objects.get().event_id}/" in html


def test_either_ticket_opens_the_same_visit(hall, visit):
    _case, food, proof = visit
    assert page(hall.zhou, food).context["visit"] == page(hall.zhou, proof).context["visit"]


def test_no_page_of_a_visit_names_who_came(hall, visit):
    html = page(hall.zhou, visit[1]).content.decode()
    assert "张三" not in html and "19900000001" not in html


def test_who_serves_or_sits_elsewhere_does_not_read_it(hall, visit):
    town = hall.town
    assert page(hall.li, visit[1]).status_code == 403
    assert page(town.wang, visit[1]).status_code == 403
    assert page(hall.zhou, visit[1]).status_code == 200
    town.zhou.posts.update(hall=town.hall2)
    assert page(type(town.zhou).objects.get(pk=town.zhou.pk), visit[1]).status_code == 404


def test_everything_that_can_happen_to_a_ticket_has_its_words():
    assert set(KINDS) == {*BEGINS, "recalled", "passed_over"}
