"""What the applicant was told, whether it arrived, and who calls if it did not."""

import datetime as dt

import pytest
import time_machine
from django.test import Client

from onewindow.cases import channels, worker
from onewindow.cases.models import Message, Notice
from onewindow.org.http import new_token
from tests.api.conftest import Program
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TRIES = []


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def broken(settings):
    """A gateway that takes nothing."""
    settings.SMS_CHANNEL, settings.SMS_GATEWAY = "sms", "tests.window.test_told:refuse"
    TRIES.clear()


def refuse(message):
    TRIES.append(message.pk)
    raise ConnectionError("gateway down")


def told(town):
    a = town.accepted()
    while worker.follow():
        pass
    return a


def page_of(person, a):
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client.get(f"/desk/{a.number}/").content.decode()


def test_a_message_is_tried_six_times_within_a_day_then_the_hall_is_asked_to_call(
    town, broken, monday, caplog
):
    a = told(town)
    message = Message.objects.get(number=a.number, template="accept")
    for minutes in range(0, 3 * 24 * 60, 10):
        monday.move_to(at("2026-11-23 10:00") + dt.timedelta(minutes=minutes))
        worker.send()
    assert TRIES.count(message.pk) == 6
    message.refresh_from_db()
    assert message.sent_at is None and message.gave_up_at - message.created_at < dt.timedelta(days=1)
    notices = Notice.objects.filter(kind="application.unreached")
    assert [n.person.username for n in notices.filter(key__endswith=f" {message.pk}")] == ["zhou"]
    assert "未送达，请电话联系" in page_of(town.wang, a)
    assert len(caplog.records) == len(TRIES)
    caplog.clear()


def test_a_code_that_cannot_go_is_not_tried_after_it_has_ended(town, broken, monday, caplog):
    now = at("2026-11-23 10:00")
    Message.objects.create(number="", template="code", event_seq=1, channel="sms", address="19900000001", lang="zh-hans",
                           body="验证码 123456", created_at=now, next_at=now)  # fmt: skip
    for minutes in range(0, 60, 2):
        monday.move_to(now + dt.timedelta(minutes=minutes))
        worker.send()
    assert len(TRIES) == 2 and Message.objects.get().gave_up_at < now + dt.timedelta(minutes=5)
    assert not Notice.objects.filter(kind="application.unreached").exists()
    caplog.clear()


def test_the_gateway_reports_and_its_first_word_counts(town):
    a = told(town)
    worker.send()
    accept, receive = (Message.objects.get(number=a.number, template=t) for t in ("accept", "receive"))
    gateway = Program(new_token(town.it, ["messages:write"])[1])

    def report(m, **said):
        return gateway.post("/messages/receipts", {"receipt": m.receipt, **said}).status_code

    assert [report(receive, arrived=True), report(receive, arrived=False, error="x")] == [200, 200]
    receive.refresh_from_db()
    assert receive.delivered_at and receive.gave_up_at is None
    assert report(accept, arrived=False, error="UNDELIV") == 200
    accept.refresh_from_db()
    assert (accept.delivered_at, accept.error) == (None, "undelivered UNDELIV") and accept.gave_up_at
    assert Notice.objects.get(kind="application.unreached").person == town.zhou
    accept.receipt = "never given"
    assert report(accept, arrived=True) == 404
    clerk = Program(new_token(town.li, ["messages:write"])[1])
    assert clerk.post("/messages/receipts", {"receipt": receive.receipt, "arrived": True}).status_code == 403
    assert channels.delivered("", ok=True) is False


def test_staff_of_the_case_see_what_was_said_but_never_the_link(town):
    a = told(town)
    worker.send()
    page = page_of(town.wang, a)
    assert "已告知申请人的内容" in page and "已受理，最迟" in page
    assert "/q/" not in page and a.track_token not in page
    assert "已告知申请人的内容" not in page_of(town.leader, a)
