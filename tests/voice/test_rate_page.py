"""Rating by the applicant's link: without a script, once a touchpoint, with nothing chosen beforehand."""

import pytest

from onewindow.voice import actions
from onewindow.voice.models import Review
from onewindow.window import actions as window
from tests.town import at

pytestmark = pytest.mark.django_db


def post(client, a, **given):
    return client.post(f"/rate/{a.track_token}", {"touchpoint": "accepted"} | given)


def test_from_the_faces_to_the_thanks(town, client):
    a = town.accepted()
    faces = client.get(f"/rate/{a.track_token}").content.decode()
    assert faces.count('class="ow-face ') == 5 and "checked" not in faces and 'type="checkbox"' not in faces
    reasons = client.get(f"/rate/{a.track_token}?score=2").content.decode()
    assert "窗口人员业务不熟练" in reasons and "一窗受理一次办结" not in reasons and "checked" not in reasons
    done = client.post(
        f"/rate/{a.track_token}",
        {"touchpoint": "accepted", "score": "2", "codes": ["213", "209"], "text": "不清楚"},
        follow=True,
    )
    assert "谢谢您的评价" in done.content.decode()
    r = Review.objects.get()
    assert (r.number, r.touchpoint, r.level, r.codes, r.text, r.channel, r.device) == (
        a.number, "accepted", 2, ["209", "213"], "不清楚", 2, None,
    )  # fmt: skip


def test_a_second_try_finds_a_kind_word(town, client):
    a = town.accepted()
    post(client, a, score="5")
    again = post(client, a, score="1")
    assert again.status_code == 200 and "没有可评价的环节了" in again.content.decode()
    assert Review.objects.get().level == 5


def test_the_newest_touchpoint_comes_first_and_the_other_is_offered_after_it(town, client):
    a = town.accepted()
    window.decide(a, by=town.wang, result="grant")
    window.deliver(a, by=town.li)
    assert "这件事办完了" in client.get(f"/rate/{a.track_token}").content.decode()
    done = client.post(
        f"/rate/{a.track_token}", {"touchpoint": "delivered", "score": "5"}, follow=True
    ).content.decode()
    assert "?touchpoint=accepted" in done
    assert "受理您的申请时" in client.get(f"/rate/{a.track_token}?touchpoint=accepted").content.decode()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"score": "5", "codes": ["108"]}, "108"),
        ({"score": "5", "text": "字" * 501}, "500"),
        ({}, "请在五个等级中选择一个"),
        ({"score": "9"}, "请在五个等级中选择一个"),
        ({"score": "5' OR 1=1"}, "请在五个等级中选择一个"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(town, client, given, message):
    a = town.accepted()
    page = post(client, a, **given)
    assert page.status_code == 422 and message in page.content.decode()
    assert given.get("text", "") in page.content.decode()
    assert not Review.objects.exists()


def test_before_acceptance_and_after_the_window_there_is_nothing_to_rate(town, client, monday):
    a = town.take_in()
    assert "还没到评价的时候" in client.get(f"/rate/{a.track_token}").content.decode()
    window.accept(a, by=town.li)
    monday.move_to(at("2026-12-09 10:00"))
    assert "没有可评价的环节了" in client.get(f"/rate/{a.track_token}?score=5").content.decode()
    assert post(client, a, score="5").status_code == 200
    assert not Review.objects.exists()


def test_a_wrong_link_opens_nothing_and_guessing_ends(town, client):
    assert {client.get(f"/rate/{'x' * 22}").status_code for _ in range(20)} == {404}
    a = town.accepted()
    assert client.get(f"/rate/{a.track_token}").status_code == 429


def test_the_page_is_kept_by_nobody(town, client):
    page = client.get(f"/rate/{town.accepted().track_token}")
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("private, no-store", "noindex, nofollow")


@pytest.mark.parametrize(("via", "channel"), [("qr", 3), ("sms", 7), ("other", 2)])
def test_the_channel_is_kept(town, client, via, channel):
    a = town.accepted()
    client.post(f"/rate/{a.track_token}?via={via}", {"touchpoint": "accepted", "score": "4"})
    assert Review.objects.get().channel == channel


def test_answered_on_the_device_meanwhile_is_no_error(town, client):
    a = town.accepted()
    client.get(f"/rate/{a.track_token}?score=4")
    actions.review(a, "accepted", level=3)
    assert post(client, a, score="4").status_code == 200
    assert Review.objects.get().level == 3
