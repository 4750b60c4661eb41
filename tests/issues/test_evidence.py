"""What the reporter sends along and what the unit shows: who opens it, what is taken off, and when it goes."""

import datetime as dt
import io

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from onewindow.cases import files
from onewindow.cases.models import Attachment, Event
from onewindow.config.retention import purge
from onewindow.issues import actions, evidence, links
from onewindow.issues.models import Issue
from tests.issues.conftest import BACKEND, CAUSE

pytestmark = pytest.mark.django_db


def photo(name="现场.jpg", color="red"):
    """A photo that says where it was taken."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x8825] = {1: "N", 2: (46.0, 4.0, 0.0)}
    Image.new("RGB", (40, 30), color).save(out, "JPEG", exif=exif)
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def enter(person):
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def reported(town, **more):
    """By phone at window 29, with a photo."""
    body = {"item": "ZD-MSA-001", "kind_code": "", "text": "窗口不给办", "photos": photo(), **more}
    answer = Client().post("/stuck/H1/29/", body)
    assert answer.status_code == 302, answer.content.decode()
    return Issue.objects.with_facts().latest("pk"), answer["Location"]


def test_a_reporter_without_an_account_sends_photos_and_where_they_were_taken_is_gone(town, life):
    i, link = reported(town)
    (a,) = evidence.of(i)
    assert (a.purpose, a.added_by) == (evidence.REPORTER, "reporter")
    kept = Image.open(io.BytesIO(files.read(a)))
    assert dict(kept.getexif()) == {} and b"GPS" not in files.read(a)
    anybody = Client()
    assert anybody.get(f"{link}/file/{a.key}").content == files.read(a)
    assert "现场.jpg" in anybody.get(link).content.decode()
    other = life.stuck()
    assert anybody.get(f"/i/{links.token(other)}/file/{a.key}").status_code == 404
    assert Event.objects.of(i.number).first().data["files"] == 1


def test_what_was_good_comes_back_and_what_is_no_photo_is_refused_with_the_remedy(town):
    page = Client().post("/stuck/", {"text": "", "photos": photo()})
    text = page.content.decode()
    assert page.status_code == 422 and "现场.jpg" in text
    held = Attachment.objects.get()
    i, _ = reported(town, photos="", held=held.key)
    assert [a.pk for a in evidence.of(i)] == [held.pk]
    bad = Client().post("/stuck/", {"text": "x", "photos": SimpleUploadedFile("a.jpg", b"MZ\x90 a program")})
    assert bad.status_code == 422 and "PDF" in bad.content.decode()
    many = Client().post("/stuck/", {"text": "x", "photos": [photo() for _ in range(4)]})
    assert many.status_code == 422 and Issue.objects.count() == 1
    stolen, _ = reported(
        town, photos="", held=held.key
    )  # it belongs to an issue now: nobody takes it to another
    assert evidence.of(stolen) == []


def test_photos_are_added_later_with_or_without_words(town, life):
    i, link = reported(town, photos="")
    anybody = Client()
    anybody.post(link, {"do": "add", "text": "", "photos": photo()})
    assert [e.verb for e in Event.objects.of(i.number)][1:] == ["filed"]
    anybody.post(link, {"do": "add", "text": "还有一张", "photos": photo("二.jpg")})
    assert [e.verb for e in Event.objects.of(i.number)][2:] == ["added", "filed"] and len(evidence.of(i)) == 2
    assert anybody.post(link, {"do": "add", "text": ""}).status_code == 422
    i = life.working(Issue.objects.with_facts().get(pk=i.pk))
    actions.ask_reporter(i, by=town.wang, notice="哪一天？", days=2)
    anybody.post(link, {"do": "answer", "text": "二十日", "photos": photo("三.jpg")})
    assert Issue.objects.get(pk=i.pk).status == "working" and len(evidence.of(i)) == 3


def test_whoever_has_a_link_cannot_fill_the_disk(town):
    i, link = reported(town)
    anybody = Client()
    answers = [
        anybody.post(link, {"do": "add", "text": "", "photos": [photo() for _ in "abc"]}).status_code
        for _ in range(5)
    ]
    assert answers == [302, 302, 302, 422, 422]
    assert len(evidence.of(i)) == Attachment.objects.count() == 10


def test_who_opens_the_reporter_s_photos(town, life):
    """The bureau; the unit once it may know the reporter; never the person it is about, nor whoever leads that person."""
    i = life.review()
    a = files.store(photo(), by=evidence.SENDER, purpose=evidence.REPORTER)
    i = actions.send_files(i, [a])

    def opens(person):
        return enter(person).get(f"/desk/{i.number}/files/{a.key}").status_code

    assert {p.username: opens(p) for p in (town.bai, town.wang, town.head, town.li, town.zhou, town.qian)} == {
        "bai": 200, "wang": 403, "head": 403, "li": 404, "zhou": 404, "qian": 404,
    }  # fmt: skip
    assert "现场.jpg" not in enter(town.wang).get(f"/desk/{i.number}/").content.decode()
    assert "现场.jpg" in enter(town.bai).get(f"/desk/{i.number}/").content.decode()
    i = actions.agree(i)
    assert opens(town.wang) == 200 and opens(town.li) == 404


@pytest.mark.parametrize("shown", [True, False])
def test_the_reporter_sees_the_papers_that_are_meant_for_the_reporter(town, life, shown):
    i = life.working()
    given = {
        "proposal": "solved",
        "answer": "已变更",
        "version": i.version,
        **CAUSE,
        "file": [photo("执照.jpg"), photo("记录.jpg", "blue")],
    }
    done = enter(town.wang).post(f"/desk/{i.number}/reply/", given | ({"is_shown": "on"} if shown else {}))
    assert done.status_code == 302, done.content.decode()
    i = Issue.objects.with_facts().get(pk=i.pk)
    assert i.done_paper is not None and len(evidence.of(i)) == 2
    page = Client().get(f"/i/{links.token(i)}").content.decode()
    assert ("执照.jpg" in page, "记录.jpg" in page) == (shown, shown)
    answers = {Client().get(f"/i/{links.token(i)}/file/{a.key}").status_code for a in evidence.of(i)}
    assert answers == {200 if shown else 404}


def test_done_without_a_case_or_paper_is_refused(town, life):
    i = life.working()
    given = {"proposal": "solved", "answer": "已变更", "version": i.version, **CAUSE}
    page = enter(town.wang).post(f"/desk/{i.number}/reply/", given)
    assert page.status_code == 422 and Issue.objects.get(pk=i.pk).status == "working"


def test_the_reporter_s_files_go_with_the_name_and_what_was_never_handed_in_after_a_day(
    town, life, monday, django_capture_on_commit_callbacks
):
    i, _ = reported(town)
    loose = files.store(photo(), by=evidence.SENDER, purpose=evidence.REPORTER)
    mine = evidence.of(i)[0]
    i = life.replied(
        Issue.objects.with_facts().get(pk=i.pk),
        done_paper=files.store(photo("办结.jpg"), by="wang", purpose=evidence.DONE),
    )
    actions.confirm(i, by=links.reporter_of(i))
    with django_capture_on_commit_callbacks(execute=True):
        assert purge()["reporters_files"] == 0
    monday.shift(dt.timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert purge()["reporters_files"] == 1
    assert not default_storage.exists(loose.path) and default_storage.exists(mine.path)
    monday.shift(dt.timedelta(days=400))
    with django_capture_on_commit_callbacks(execute=True):
        assert purge()["reporters_files"] == 1
    assert not default_storage.exists(mine.path)
    assert [a.name for a in evidence.of(i)] == ["办结.jpg"]


def test_files_are_counted_like_reports_whatever_becomes_of_the_message(town, life):
    i = life.closed()
    anybody = Client()
    answers = [
        anybody.post(f"/i/{links.token(i)}", {"do": "add", "text": "", "photos": photo()}).status_code
        for _ in range(22)
    ]
    assert answers == [422] * 20 + [429] * 2
