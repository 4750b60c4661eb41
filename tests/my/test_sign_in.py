"""A mobile and a code open the account; nothing tells whether a number is known."""

import datetime as dt

import pytest
from django.test import Client

from onewindow.cases import instant
from onewindow.data.people import citizens
from onewindow.my import actions
from onewindow.my.identity import FAKE_CITIZENS
from onewindow.my.models import Account, OneTimeCode
from onewindow.org.models import SignIn
from tests.my.conftest import account, code_of, enter
from tests.town import at, citizen_id

MOBILE = "19900000001"
pytestmark = pytest.mark.django_db


def ask(client, mobile=MOBILE):
    return client.post("/my/sign-in/", {"mobile": mobile})


def test_the_first_code_opens_an_account_and_the_next_finds_it_again(town):
    for _ in range(2):
        OneTimeCode.objects.all().delete()
        client = Client()
        assert client.get("/my/").url == "/my/sign-in/?next=%2Fmy%2F"
        client.get("/my/sign-in/?next=/my/messages/")
        assert ask(client, "199 0000 0001").url == "/my/sign-in/code/"
        answer = client.post("/my/sign-in/code/", {"code": code_of(MOBILE)})
        assert answer.url == "/my/messages/"
        assert client.get("/my/").status_code == 200
    one = Account.objects.get()
    assert one.mobile == MOBILE and not one.person.roles and not one.person.has_usable_password()
    assert [s.outcome for s in SignIn.objects.filter(username=one.person.username)] == ["ok", "ok"]
    assert client.session.get_expiry_age() <= 30 * 60


def test_known_and_unknown_numbers_get_the_same_answers(town):
    account(1)
    pages = []
    for mobile in (MOBILE, "19900000002"):
        client = Client()
        first = ask(client, mobile)
        wrong = client.post("/my/sign-in/code/", {"code": "000000"})
        text = wrong.content.decode().replace("199****0001", "M").replace("199****0002", "M")
        pages.append((first.status_code, first.url, wrong.status_code, len(text)))
    assert pages[0] == pages[1]


def test_a_code_lives_five_minutes_five_tries_and_once(town):
    code = actions.send_code(MOBILE, use="sign_in", lang="zh-hans")
    right = code_of(MOBILE)
    wrong = "000000" if right != "000000" else "111111"
    assert [actions.use_code(code.key, wrong, use="sign_in") for _ in range(5)] == [None] * 5
    assert actions.use_code(code.key, right, use="sign_in") is None
    OneTimeCode.objects.update(tries=0)
    assert actions.use_code(code.key, right, use="email") is None
    assert actions.use_code(code.key, right, use="sign_in") == MOBILE
    assert actions.use_code(code.key, right, use="sign_in") is None
    OneTimeCode.objects.update(used_at=None, ends_at=instant.now() - dt.timedelta(seconds=1))
    assert actions.use_code(OneTimeCode.objects.get().key, right, use="sign_in") is None


def test_neither_the_code_nor_the_number_lies_open_in_the_database(town):
    from django.db import connection

    actions.send_code(MOBILE, use="sign_in", lang="zh-hans")
    right = code_of(MOBILE)
    with connection.cursor() as cursor:
        for table in ("my_onetimecode", "cases_message"):
            cursor.execute(f"SELECT * FROM {table}")
            said = str(cursor.fetchall())
            assert right not in said and MOBILE not in said


def test_codes_to_one_number_are_rationed(town):
    with instant.simulated(at("2026-11-24 10:00")):
        actions.send_code(MOBILE, use="sign_in", lang="zh-hans")
        with pytest.raises(actions.Refused, match="too_many"):
            actions.send_code(MOBILE, use="sign_in", lang="zh-hans")
    for minute in range(1, 5):
        with instant.simulated(at(f"2026-11-24 10:{minute * 2:02d}")):
            actions.send_code(MOBILE, use="sign_in", lang="zh-hans")
    with instant.simulated(at("2026-11-24 10:20")), pytest.raises(actions.Refused):
        actions.send_code(MOBILE, use="sign_in", lang="zh-hans")


def test_name_and_number_must_belong_together_and_stand_once(town):
    one = next(citizens(1, FAKE_CITIZENS))
    first = account(1, bound=False)
    with pytest.raises(actions.Refused, match="not_confirmed"):
        actions.bind(first, name="别人", id_number=one.id_number)
    actions.bind(first, name=one.name, id_number=one.id_number)
    with pytest.raises(actions.Refused, match="taken"):
        actions.bind(account(2, bound=False), name=one.name, id_number=one.id_number)
    page = enter(first).get("/my/account/").content.decode()
    assert one.id_number not in page and one.name not in page and MOBILE not in page


def test_nobody_is_bound_without_consent(town):
    client = enter(account(1, bound=False))
    answer = client.post("/my/account/name/", {"name": "张三1", "id_number": citizen_id(1)})
    assert answer.status_code == 422 and not Account.objects.get().is_bound
    answer = client.post("/my/account/name/", {"name": "张三1", "id_number": citizen_id(1), "consent": "on"})
    assert answer.status_code == 302 and Account.objects.get().is_bound


def test_staff_have_no_applicants_pages_and_applicants_no_desk(town):
    assert enter(account(1)).get("/desk/").status_code == 403
    assert enter(account(1)).get("/start/").url == "/my/"
    client = Client()
    client.force_login(town.li, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/my/").status_code == 403


def test_an_address_elsewhere_is_no_place_to_go_on_to(town):
    client = Client()
    client.get("/my/sign-in/?next=https://evil.example/")
    ask(client)
    assert client.post("/my/sign-in/code/", {"code": code_of(MOBILE)}).url == "/my/"
