"""Signing in and out: what is written down, what is refused, how long it lasts."""

import datetime as dt
import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone

from onewindow.org.models import Person, Post, SignIn
from onewindow.org.roles import Role
from onewindow.sim import city
from tests.town import PASSWORD

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_old_tries():
    cache.clear()
    yield
    cache.clear()


def try_in(client, name, password=PASSWORD, **more):
    return client.post("/accounts/login/?lang=en", {"login": name, "password": password}, **more)


def outcomes():
    return list(SignIn.objects.order_by("pk").values_list("username", "outcome"))


def code_of(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_signing_in_and_out_is_written_down_with_the_network_address(town, client):
    answer = try_in(client, "li", REMOTE_ADDR="10.3.4.5", headers={"user-agent": "Counter PC"})
    assert answer.status_code == 302 and answer["Location"] == "/start/"
    client.post("/accounts/logout/")
    assert outcomes() == [("li", "ok"), ("li", "out")]
    first = SignIn.objects.order_by("pk").first()
    assert (first.ip, first.agent) == ("10.3.4.5", "Counter PC")


def test_the_address_behind_a_trusted_proxy_is_the_one_that_the_proxy_names(town, client):
    forged = {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 10.9.9.9", "REMOTE_ADDR": "10.0.0.1"}
    try_in(client, "li", "wrong", **forged)
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        try_in(client, "li", "wrong", **forged)
    assert list(SignIn.objects.order_by("pk").values_list("ip", flat=True)) == ["10.0.0.1", "10.9.9.9"]


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(town, client):
    texts = []
    for name in ("li", "no-such-person"):
        page = try_in(client, name, "not-the-password").content.decode()
        texts.append(re.sub(r'value="[^"]*"|[0-9a-f]{32}|nonce', "", page))
    assert texts[0] == texts[1] and "do not fit together" in texts[0]
    assert outcomes() == [("li", "failed"), ("", "failed")]  # what was typed as a name may be a password


def test_five_wrong_tries_lock_the_account_for_five_minutes_and_the_page_says_what_to_do(town, client):
    with time_machine.travel("2026-11-24 10:00+08:00", tick=False) as clock:
        for _ in range(5):
            try_in(client, "li", "wrong")
        right = try_in(client, "li", HTTP_HOST="127.0.0.1")
        assert right.status_code == 200 and "Wait five minutes" in right.content.decode()
        assert outcomes()[-1] == ("li", "locked")
        assert try_in(Client(), "ma").status_code == 302  # nobody else is locked out with him
        clock.shift(dt.timedelta(minutes=5, seconds=1))
        assert try_in(client, "li").status_code == 302


def test_an_account_that_is_switched_off_gets_in_nowhere(town, client):
    client.force_login(town.li, backend=BACKEND)
    Person.objects.filter(pk=town.li.pk).update(is_active=False)
    assert client.get("/desk/").status_code == 302
    assert try_in(Client(), "li").headers.get("Location", "") != "/start/"
    assert "ok" not in [outcome for _, outcome in outcomes()]


def test_nobody_signs_up_or_resets_by_e_mail(town, client):
    for path in (
        "signup/",
        "password/reset/",
        "email/",
        "confirm-email/",
        "login/code/confirm/",
        "password/set/",
    ):
        assert client.get(f"/accounts/{path}").status_code == 404, path
    page = client.get("/accounts/login/?lang=en").content.decode()
    assert "password/reset" not in page and "ask the IT administrator" in page


def test_a_session_ends_an_hour_after_the_last_click_not_after_the_sign_in(town, client):
    with time_machine.travel("2026-11-24 09:00+08:00", tick=False) as clock:
        client.force_login(town.li, backend=BACKEND)
        for _ in range(4):
            clock.shift(dt.timedelta(minutes=40))
            assert client.get("/accounts/history/").status_code == 200
        clock.shift(dt.timedelta(minutes=61))
        assert client.get("/accounts/history/").status_code == 302


def test_what_a_page_asks_for_by_itself_does_not_keep_a_session_alive(town, client):
    with time_machine.travel("2026-11-24 09:00+08:00", tick=False) as clock:
        client.force_login(town.li, backend=BACKEND)
        for _ in range(4):
            clock.shift(dt.timedelta(minutes=20))
            last = client.get("/accounts/history/", headers={"x-background": "1"})
        assert last.status_code == 302


def test_the_session_is_written_at_most_once_a_minute(town, client, django_assert_num_queries):
    client.force_login(town.nobody, backend=BACKEND)
    client.get("/accounts/history/")
    with django_assert_num_queries(4):  # session, person, posts, history: nothing is written
        client.get("/accounts/history/")


def test_a_password_has_twelve_characters_and_is_not_a_common_one(town, client):
    client.force_login(town.li, backend=BACKEND)
    for bad in ("short-one", "qwerty123456"):
        page = client.post(
            "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": bad, "password2": bad}
        )
        town.li.refresh_from_db()
        assert page.status_code == 200 and town.li.check_password(PASSWORD), bad
    new = "three cranes over the lake"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    town.li.refresh_from_db()
    assert town.li.check_password(new)


def test_one_sees_ones_own_history_and_the_administrator_all(town, client):
    for name in ("li", "ma"):
        SignIn.objects.create(username=name, outcome="ok", ip="10.1.1.1" if name == "li" else "10.2.2.2")
    client.force_login(town.li, backend=BACKEND)
    page = client.get("/accounts/history/?who=ma").content.decode()
    assert "10.1.1.1" in page and "10.2.2.2" not in page
    client.force_login(town.it, backend=BACKEND)
    assert "10.2.2.2" in client.get("/accounts/history/").content.decode()
    assert "10.1.1.1" not in client.get("/accounts/history/?who=ma").content.decode()


def test_the_history_pages_through_any_number_of_lines(town, client):
    SignIn.objects.bulk_create(SignIn(username="li", outcome="ok", ip=f"10.0.0.{n}") for n in range(120))
    client.force_login(town.li, backend=BACKEND)
    seen, page = set(), client.get("/accounts/history/")
    while True:
        seen |= set(re.findall(r"10\.0\.0\.\d+", page.content.decode()))
        if page.context["next"] is None:
            break
        page = client.get(f"/accounts/history/?cursor={page.context['next']}")
    assert len(seen) == 120
    assert client.get("/accounts/history/?cursor=%00x").status_code == 200


def test_an_account_of_the_cast_ends_with_its_post(town, client):
    """The last day counts; the day after nothing is left."""
    today = timezone.localdate()
    Post.objects.filter(person=town.it).update(ends_on=today)
    client.force_login(town.it, backend=BACKEND)
    assert client.get("/admin/").status_code == 200
    Post.objects.filter(person=town.it).update(ends_on=today - dt.timedelta(days=1))
    assert client.get("/admin/").status_code in (302, 403)
    assert client.get("/admin/org/person/").status_code in (302, 403)


# --- the second factor -------------------------------------------------------------------------------------

PRIVILEGED = ["head", "zhou", "bai", "leader", "it"]
CLOSED = ["/desk/", "/board/", "/admin/", "/start/", "/", "/track/"]


@pytest.mark.parametrize("who", PRIVILEGED)
def test_a_privileged_role_opens_nothing_before_the_second_factor_is_set_up(town, client, settings, who):
    settings.MFA_REQUIRED = True
    client.force_login(getattr(town, who), backend=BACKEND)
    for path in CLOSED:
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/totp/activate/"), path
    api = client.get("/api/v1/anything")
    assert api.status_code == 403 and api["Content-Type"] == "application/problem+json"
    for path in ("/accounts/2fa/", "/accounts/history/", "/accounts/2fa/totp/activate/?lang=en"):
        assert client.get(path).status_code in (200, 302), path
    assert client.post("/accounts/logout/").status_code == 302


def test_an_unprivileged_role_is_not_asked(town, client, settings):
    settings.MFA_REQUIRED = True
    client.force_login(town.li, backend=BACKEND)
    assert client.get("/accounts/history/").status_code == 200
    assert client.get("/").status_code == 200


def test_the_administrator_sets_the_factor_up_and_is_asked_for_it_from_then_on(town, client, settings):
    settings.MFA_REQUIRED = True
    assert try_in(client, "it").status_code == 302
    activate = "/accounts/2fa/totp/activate/"
    again = client.get(
        activate
    )  # the password once more: a screen left alone must not get a stranger's factor
    client.post(again["Location"], {"password": PASSWORD, "next": activate})
    page = client.get(activate)
    assert page.status_code == 200
    secret = page.context["form"].secret
    assert client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    assert client.get("/admin/").status_code == 200
    client.post("/accounts/logout/")
    cache.clear()  # a code counts once; the next one would come only in half a minute
    asked = try_in(client, "it")
    assert asked["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/admin/").status_code == 302
    wrong = client.post("/accounts/2fa/authenticate/?lang=en", {"code": "000000"})
    assert wrong.status_code == 200 and "This code is not right" in wrong.content.decode()
    assert outcomes()[-1] == ("it", "failed")
    assert client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    assert client.get("/admin/").status_code == 200 and outcomes()[-1] == ("it", "ok")


def test_recovery_codes_alone_are_no_second_factor(town):
    Authenticator.objects.create(user=town.it, type="recovery_codes", data={"seed": "x"})
    assert not Person.objects.get(pk=town.it.pk).has_second_factor
    TOTP.activate(town.it, generate_totp_secret())
    assert Person.objects.get(pk=town.it.pk).has_second_factor


def test_the_secret_of_the_app_is_sealed_in_the_database(town):
    secret = generate_totp_secret()
    TOTP.activate(town.it, secret)
    stored = Authenticator.objects.get(user=town.it).data["secret"]
    assert stored.startswith("aesgcm1:") and secret not in stored


def test_every_role_is_either_privileged_or_known_not_to_be():
    from onewindow.org.roles import PRIVILEGED as roles

    assert set(Role) - roles == {Role.CLERK, Role.APPROVER, Role.ENTERPRISE}


def test_a_demonstration_signs_in_by_one_click_a_role_and_no_other_instance_offers_that(
    town, client, settings
):
    plain = client.get("/accounts/login/")
    assert plain.context["doors"] is None and city.PASSWORD not in plain.content.decode()
    settings.DEMO = True
    page = client.get("/accounts/login/").content.decode()
    buttons = re.findall(r'<button class="ow-btn" name="login" value="(\w+)">', page)
    assert buttons == [name for name in city.DOORS if name != "enterprise"]
    town.li.username = "clerk"
    town.li.set_password(city.PASSWORD)
    town.li.save()
    hidden = dict(re.findall(r'<input type="hidden" name="(password)" value="([^"]+)">', page))
    assert client.post("/accounts/login/", hidden | {"login": "clerk"}).url == "/start/"


def test_no_word_stands_in_the_fields_of_the_sign_in(client):
    assert "placeholder" not in client.get("/accounts/login/").content.decode()
