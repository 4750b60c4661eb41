"""What is past its day goes, what is not stays."""

import datetime as dt

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from onewindow.config.retention import purge
from onewindow.org.models import AccessLog, FirstAnswer, Parameter, SignIn, forget_parameters
from onewindow.voice.models import Pairing

pytestmark = pytest.mark.django_db


def days(n, **more):
    return timezone.now() - dt.timedelta(days=n, **more)


def test_purge_deletes_what_is_past_its_day_and_nothing_else():
    with time_machine.travel("2026-11-24 03:00+08:00", tick=False):
        for age in (1095, 1097):
            AccessLog.objects.create(
                at=days(age), person="li", number="A1", field="mobile", purpose="call back"
            )
        for age in (199, 201):
            SignIn.objects.create(at=days(age), username="li", outcome="ok")
        for age in (6, 8):
            FirstAnswer.objects.create(at=days(age), caller="x", key=f"k{age}", body_digest="0")
        for age in (0, 2):
            Pairing.objects.create(
                created_at=days(age), user_code=f"AB{age}", poll_digest=f"p{age}", check_number="1"
            )
        for age in (-1, 1):
            Session.objects.create(session_key=f"s{age}", session_data="", expire_date=days(age))
        deleted = {name: n for name, n in purge().items() if n}
        assert deleted == {"access_log": 1, "sign_ins": 1, "first_answers": 1, "pairings": 1, "sessions": 1}
        assert set(purge().values()) == {0}
        assert [m.objects.count() for m in (AccessLog, SignIn, FirstAnswer, Pairing, Session)] == [1] * 5


def test_a_county_may_keep_sign_ins_longer_but_not_shorter_than_the_law_says():
    forget_parameters()
    Parameter.objects.create(code="sign_in_log_days", value="10")  # written past the form
    SignIn.objects.create(at=days(100), username="li", outcome="ok")
    assert purge()["sign_ins"] == 0
    forget_parameters()


def test_the_command_says_what_went(capsys):
    call_command("purge")
    assert "sign_ins 0" in capsys.readouterr().out
