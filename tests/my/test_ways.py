"""What the applicant does in the account is done by the account: no page of it hands the case's link out."""

import pytest
import time_machine
from django.test import Client

from onewindow.cases.models import Event
from onewindow.my import actions, rules
from onewindow.my.models import Scope
from onewindow.pledges.models import Pledge
from onewindow.voice.models import Review
from onewindow.window import actions as window
from onewindow.window import procedures
from tests.my.conftest import account, boss, enter
from tests.my.test_agents import give
from tests.my.test_apply import photo
from tests.town import at

pytestmark = pytest.mark.django_db
LATER = {1: ("paper", None), 2: ("paper", None), 3: ("deferred", None)}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


def by(number, verb):
    return Event.objects.of(number).get(kind=f"application.{verb}").by


def test_the_wish_for_a_hearing_is_said_in_the_account(town):
    me = account(1)
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    client, page = enter(me), f"/my/cases/{a.number}/"
    assert f'href="{page}hearing"' in client.get(page).content.decode()
    assert f"{page}hearing" in client.get("/my/").content.decode()  # among what waits
    assert client.get(f"{page}hearing").status_code == 200
    assert client.post(f"{page}hearing", {"do": "ask"}).url == page
    assert by(a.number, "ask_hearing") == f"applicant:{me.person.username}"
    assert "give_up" in client.get(f"{page}hearing").content.decode()
    assert client.post(f"{page}hearing", {"do": "give_up"}).url == page
    assert by(a.number, "give_up_hearing") == f"applicant:{me.person.username}"
    assert client.get(f"{page}hearing").url == page  # said once and for all


def test_what_was_put_off_is_supplied_in_the_account(town):
    me = account(1)
    a = window.accept(town.take_in(materials=LATER), by=town.li)
    client, page = enter(me), f"/my/cases/{a.number}/"
    home = client.get("/my/").content.decode()
    assert f'href="{page}supply"' in home and "健康证明" in home
    assert f'href="{page}supply"' in client.get(page).content.decode()
    assert client.post(f"{page}supply", {"m3": photo()}).url == page
    pledge = Pledge.objects.get(application=a.number)
    assert pledge.status == "kept"
    assert Event.objects.of(pledge.number).last().by == f"applicant:{me.person.username}"
    assert client.get(f"{page}supply").url == page


def test_the_verdict_is_given_in_the_account(town):
    me = account(1)
    a = town.accepted()
    client, page = enter(me), f"/my/cases/{a.number}/"
    assert f'action="{page}rate"' in client.get(page).content.decode()
    assert client.post(f"{page}rate", {"touchpoint": "accepted", "score": "5"}).url == f"{page}rate?thanks=1"
    assert (Review.objects.get().number, Review.objects.get().level) == (a.number, 5)
    assert f'href="{page}"' in client.get(f"{page}rate?thanks=1").content.decode()


def test_no_page_of_the_account_hands_the_link_of_the_case_out(town):
    me = account(1)
    a = window.accept(town.take_in(materials=LATER), by=town.li)
    procedures.offer_hearing(a, by=town.wang, why="拟不予许可")
    client, page = enter(me), f"/my/cases/{a.number}/"
    for path in ("", "hearing", "supply", "rate", "withdraw", "ask"):
        assert a.track_token not in client.get(page + path).content.decode(), path


def test_who_only_follows_has_neither_link_nor_code_nor_verdict(town):
    chief, company = boss()
    actions.bind_enterprise(chief, company.uscc)
    holder = next(h for h in rules._holders(chief.person) if h.kind == "enterprise")
    me = account(1)
    give(chief, holder, me, scope=Scope.FOLLOW)
    applicant = {"kind": "enterprise", "name": company.name, "id_type": "uscc", "id_number": company.uscc,
                 "mobile": company.mobile}  # fmt: skip
    a = window.decide(town.accepted(applicant=applicant), by=town.wang, result="grant")
    client, page = enter(me), f"/my/cases/{a.number}/"
    shown = client.get(page).content.decode()
    accepted, granted = a.papers.get(kind="acceptance"), a.papers.get(kind="grant")
    assert f"{page}papers/{granted.pk}.pdf" in shown and f"papers/{accepted.pk}" not in shown
    assert a.track_token not in shown and a.query_code not in shown
    assert client.get(f"{page}papers/{accepted.pk}").status_code == 404
    assert client.get(f"{page}papers/{accepted.pk}.pdf").status_code == 404
    assert client.get(f"{page}papers/{granted.pk}").status_code == 200
    assert f"{page}rate" not in shown and client.get(f"{page}rate").status_code == 403
    assert enter(chief).get(f"{page}papers/{accepted.pk}").status_code == 200


def test_the_way_back_to_all_applications_stands_on_each(town):
    me, a = account(1), town.accepted()
    assert 'class="ow-hero__back"><a href="/my/"' in enter(me).get(f"/my/cases/{a.number}/").content.decode()
    assert "ow-hero__back" not in Client().get(f"/t/{a.track_token}").content.decode()
