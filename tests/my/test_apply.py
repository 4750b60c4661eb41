"""Applying online: one question a page, saved at each, handed in once, and read by those who work on it."""

import io

import pytest
from PIL import Image

from onewindow.cases import worker
from onewindow.cases.models import Attachment, Event, Message
from onewindow.catalog.models import ItemPace
from onewindow.my import applying
from onewindow.my.models import Draft
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.my.conftest import account, boss, enter

pytestmark = pytest.mark.django_db
START = "/my/apply/ZD-MSA-001/"


def photo():
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "white").save(out, "JPEG")
    out.seek(0)
    out.name = "申请书.jpg"
    return out


def fill(client, *, holder="self", business="cook", until="check", start=None, m2=None, **who):
    """Goes through all pages with good answers; gives the address of the page that shows everything."""
    page = client.post(START, start or {}).url
    answers = {
        "who": {"holder": holder, "mobile": "19900000001", "contact": "张三1", **who},
        "q-business": {"answer": business},
        "q-seats": {"answer": "40"},
        "q-opens_on": {"answer": "2027-01-15"},
        "m-1": lambda: {"form": "upload", "file": photo()},
        "m-2": m2 or {"form": "bring"},
        "m-3": {"form": "later"},
        "delivery": {"form": "electronic", "hall": "H1"},
        "notice": {"agree": "on"},
    }
    while (step := page.rstrip("/").rpartition("/")[2]) != until:
        given = answers[step]
        answer = client.post(page, given() if callable(given) else given)
        assert answer.status_code == 302, (step, answer.content.decode()[-3000:])
        page = answer.url
    return page


def test_from_the_guide_to_the_number(town):
    assert "/my/apply/ZD-MSA-001/" in enter(account(1)).get("/items/ZD-MSA-001").content.decode()
    client = enter(account(1))
    check = fill(client)
    text = client.get(check).content.decode()
    for words in ("餐饮", "40", "2027", "申请书.jpg", "我到窗口提交", "容缺后补", "239999********", "电子"):
        assert words in text, words
    done = client.post(check)
    a = Application.objects.get()
    assert (a.status, a.channel, a.applicant_name, a.account.account.mobile) == (
        "submitted", "online", "张三1", "19900000001",
    )  # fmt: skip
    assert [d.form for d in a.documents.all()] == ["electronic", "missing", "deferred"]
    # 行政许可法 32(4): the notice clock runs from handing in
    assert a.clock_from == a.opened_at and a.received_at is None
    text = client.get(done.url).content.decode()
    assert a.query_code in text
    event = Event.objects.get(number=a.number)
    assert event.kind == "application.submit" and event.by == f"applicant:{a.account.username}"


def test_two_taps_hand_in_once(town):
    client = enter(account(1))
    check = fill(client)
    sheet = applying.sheet(
        Draft.objects.select_related("version__item__office").get(), Draft.objects.get().person
    )
    again = applying.sheet(
        Draft.objects.select_related("version__item__office").get(), Draft.objects.get().person
    )
    applying.hand_in(sheet, lang="zh-hans")
    with pytest.raises(applying.Done):
        applying.hand_in(again, lang="zh-hans")
    assert client.post(check).url.endswith("/done/")
    assert Application.objects.count() == 1


def test_before_the_start_it_says_what_the_last_90_days_really_took(town):
    pace = {"until": "2026-11-22", "decided_count": 10, "within_count": 9, "median_days": 3, "p90_days": 6}
    assert "近 90 天" in (none := enter(account(1)).get(START).content.decode()) and "暂无实际用时" in none
    ItemPace.objects.create(item=town.food.item, **pace)
    assert (
        "半数在 3 个工作日内办结，九成在 6 个工作日内办结，90% 在承诺时限内"
        in enter(account(1)).get(START).content.decode()
    )


def test_every_page_is_kept_and_the_form_goes_on_where_it_stopped(town):
    client = enter(account(1))
    here = fill(client, until="q-opens_on")
    assert here.endswith("/q-opens_on/")
    fresh = enter(account(1))
    assert "1 / 9" not in fresh.get("/my/").content.decode()
    assert fresh.post(START).url == here
    assert "40" not in str(Draft.objects.values_list("body", flat=True).query)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM my_draft")
        assert cursor.fetchone()[0].startswith("aesgcm1:")


def test_an_answer_that_changes_takes_its_follow_up_questions_away(town):
    client = enter(account(1))
    check = fill(client)
    change = check.replace("/check/", "/q-business/")
    assert client.post(change, {"answer": "sale"}).url == check
    assert "座位数" not in client.get(check).content.decode()
    client.post(check)
    assert "seats" not in Application.objects.get().answers
    # a page that no longer exists leads on, not into a wall
    assert client.get(check.replace("/check/", "/q-seats/")).status_code == 302


def test_errors_stand_at_the_field_and_good_files_are_kept(town):
    client = enter(account(1))
    page = fill(client, until="q-seats")
    answer = client.post(page, {"answer": "viele"})
    text = answer.content.decode()
    assert answer.status_code == 422 and 'id="id_answer_error"' in text and 'href="#id_answer"' in text
    page = fill(client, until="m-1")
    answer = client.post(page, {"form": "upload"})
    assert answer.status_code == 422
    bad = io.BytesIO(b"MZ not a picture")
    bad.name = "x.jpg"
    assert client.post(page, {"form": "upload", "file": bad}).status_code == 422
    assert client.post(page, {"form": "nonsense", "file": photo()}).status_code == 302
    assert Attachment.objects.get().number == ""


def test_what_was_said_is_sealed_and_read_by_those_who_work_on_it(town):
    from django.test import Client

    client = enter(account(1))
    client.post(fill(client))
    a = Application.objects.get()
    with __import__("django.db").db.connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM window_application")
        assert cursor.fetchone()[0].startswith("aesgcm1:")
    for who, sees in ((town.li, True), (town.wang, True), (town.bai, False)):
        staff = Client()
        staff.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert ("座位数" in staff.get(f"/desk/{a.number}/").content.decode()) is sees
    assert "座位数" in client.get(f"/my/cases/{a.number}/").content.decode()


def test_the_window_receives_and_the_applicant_hears_of_it_on_the_page(town):
    client = enter(account(1))
    client.post(fill(client))
    a = Application.objects.get()
    window.receive(a, by=town.li)
    while worker.follow():
        pass
    channels = sorted(Message.objects.filter(number=a.number).values_list("template", "channel"))
    assert channels == [("receive", "file"), ("receive", "page"), ("taken_in", "file"), ("taken_in", "page")]
    assert "ow-my-nav__n" in client.get("/my/").content.decode()
    assert "申请已收到" in client.get("/my/messages/").content.decode()
    assert "ow-my-nav__n" not in client.get("/my/").content.decode()


def test_an_open_application_is_not_made_twice(town):
    client = enter(account(1))
    client.post(fill(client))
    answer = client.post(fill(client))
    first = Application.objects.get()
    assert answer.status_code == 409 and f"/my/cases/{first.number}/" in answer.content.decode()


def test_who_may_apply_for_what(town):
    town.food.service_object = "E"
    town.food.save()
    client = enter(account(1))
    assert client.post(START).status_code == 200 and not Draft.objects.exists()
    assert client.get("/my/apply/ZD-HEALTH-009/").status_code == 200  # has no form: the page says so
    assert client.post("/my/apply/ZD-HEALTH-009/").status_code == 200 and not Draft.objects.exists()
    assert client.get("/my/apply/NONE/").status_code == 404
    assert enter(account(2, bound=False)).get(START).url.startswith("/my/account/name/")
    _, firm = boss()
    firms = enter(account(3))
    firms.force_login(town.firm, backend="allauth.account.auth_backends.AuthenticationBackend")
    check = fill(firms, holder="post")
    firms.post(check)
    assert Application.objects.get().applicant_kind == "enterprise"
    assert firm.uscc


def test_a_form_thrown_away_leaves_no_file(town):
    client = enter(account(1))
    page = fill(client, until="m-2")
    client.post(page.replace("/m-2/", "/drop/"))
    assert not Draft.objects.exists() and not Attachment.objects.exists()


def test_forms_and_files_of_others_are_not_there(town):
    mine = enter(account(1))
    check = fill(mine)
    key = check.split("/")[4]
    other = enter(account(2))
    for path in (check, f"/my/apply/ZD-MSA-001/{key}/files/1", f"/my/apply/ZD-MSA-001/{key}/done/"):
        assert other.get(path).status_code == 404, path
    assert other.post(check.replace("/check/", "/drop/")).status_code == 404
    assert mine.get(f"/my/apply/ZD-MSA-001/{key}/files/1").content[:2] == b"\xff\xd8"


def test_what_was_brought_to_the_window_is_ticked_off_when_the_clerk_receives(town):
    from django.test import Client

    client = enter(account(1))
    client.post(fill(client))
    a = Application.objects.get()
    staff = Client()
    staff.force_login(town.li, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "平面图" in staff.get(f"/desk/{a.number}/receive/").content.decode()
    staff.post(f"/desk/{a.number}/receive/", {"version": a.version, "m2": "on"})
    assert [d.form for d in a.documents.all()] == ["electronic", "paper", "deferred"]
    a.refresh_from_db()
    window.accept(a, by=town.li)
    assert a.status == "examining"
