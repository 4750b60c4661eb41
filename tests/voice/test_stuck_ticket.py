"""From the ticket at the window to the could-not-be-done window: the issue is tied to it, once, and asks nothing twice."""

import pytest

from onewindow.cases.worker import follow
from onewindow.hall import actions
from onewindow.issues.models import Issue
from onewindow.org.models import Counter, Hall
from onewindow.window import actions as window
from tests.hall.conftest import build_hall
from tests.issues.conftest import BACKEND

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall(town):
    return build_hall(town)


@pytest.fixture
def signed_in(client):
    def enter(person):
        client.force_login(person, backend=BACKEND)
        return client

    return enter


@pytest.fixture
def stuck29(hall):
    return Counter.objects.create(
        hall=hall.town.hall, code="29", name="办不成事窗口", name_en="Could-not-be-done window", kind="stuck"
    )


def served(hall):
    hall.take()
    return actions.arrive(hall.call(), by=hall.li)


def body(counter, **more):
    return {"text": "差一份证明，跑了三个窗口", "counter": str(counter.pk), **more}


def test_strip_and_queue_lead_from_the_ticket_and_the_issue_is_tied_to_it_once(hall, stuck29, signed_in):
    ticket = served(hall)
    client, url = signed_in(hall.li), f"/desk/issues/register/?ticket={ticket.pk}"
    for page in ("/desk/hall/queue/", "/desk/hall/queue/strip"):
        assert url in client.get(page).content.decode(), page
    shown = client.get(url).content.decode()
    assert ticket.number in shown and "企业开办与许可" in shown and ticket.key not in shown
    assert client.post(url, body(stuck29, mobile="19900000001")).status_code == 200
    i = Issue.objects.get()
    assert (i.origin, i.source, i.facts, i.application, i.counter) == (
        "stuck", f"ticket {ticket.key}", {"ticket": ticket.number, "matter": "企业开办与许可"}, "", stuck29,
    )  # fmt: skip
    again = client.post(url, body(stuck29))
    assert again.status_code == 422 and "该事项已在办理" in again.content.decode()
    assert Issue.objects.count() == 1
    page = client.get(f"/desk/{i.number}/").content.decode()
    assert ticket.number in page and ticket.key not in page
    visit = signed_in(hall.zhou).get(f"/desk/hall/tickets/{ticket.pk}/").content.decode()
    assert f"/desk/{i.number}/" in visit


def test_the_one_application_of_a_ticket_comes_along_and_of_two_one_is_chosen(hall, stuck29, signed_in):
    ticket = served(hall)
    first = window.accept(hall.town.take_in(by=hall.li, counter=hall.c03), by=hall.li)
    follow()
    client, url = signed_in(hall.li), f"/desk/issues/register/?ticket={ticket.pk}"
    form = client.get(url).context["form"]
    assert (form.case.number, "item" in form.fields, "mobile" in form.fields) == (first.number, False, False)
    second = window.accept(hall.town.take_in(by=hall.li, counter=hall.c03, allow_duplicate=True), by=hall.li)
    follow()
    form = client.get(url).context["form"]
    assert [value for value, _label in form.fields["number"].choices] == ["", first.number, second.number]
    assert client.post(url, body(stuck29, number=second.number)).status_code == 200
    i = Issue.objects.get()
    assert (i.application, i.item, i.source) == (second.number, hall.town.food.item, f"ticket {ticket.key}")


def test_the_ticket_of_another_hall_or_none_is_not_known(hall, stuck29, signed_in):
    ticket = served(hall)
    type(ticket).objects.filter(pk=ticket.pk).update(hall=Hall.objects.exclude(pk=hall.town.hall.pk).first())
    client = signed_in(hall.li)
    for said in (str(ticket.pk), "9" * 17, "²", "x"):
        page = client.get("/desk/issues/register/", {"ticket": said})
        assert (page.status_code, page.context["form"].ticket) == (200, None), said
