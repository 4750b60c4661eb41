"""What the applicant learns of the departments, and answers them: nothing between offices is hidden behind a closed door."""

from io import BytesIO

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from onewindow.approvals import actions
from onewindow.approvals.models import Approval, Comment
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Attachment, Event, Message, Notice, Stop
from onewindow.cases.worker import wake
from onewindow.window import actions as window
from onewindow.window import letters, procedures
from onewindow.window.models import Application
from tests.approvals.conftest import settle
from tests.rules.test_urls import BACKEND
from tests.town import at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


def share(a, office="HEALTH"):
    settle()
    return Approval.objects.with_facts().get(application=a.number, office__code=office)


def texts(a):
    settle()
    return [m.template for m in Message.objects.filter(number=a.number).order_by("id")]


def photo(name="a.jpg"):
    picture = BytesIO()
    Image.new("RGB", (80, 60), "white").save(picture, "JPEG")
    return SimpleUploadedFile(name, picture.getvalue(), "image/jpeg")


def test_the_status_page_says_which_department_does_what_but_not_yet_what_it_says(joint, client):
    a = joint.accepted()
    actions.oppose(share(a), by=joint.qian, opinion="不符合卫生条件", basis="食品安全法 33")
    page = client.get(a.track_path).content.decode()
    assert "各部门办理情况" in page and "已出具意见" in page and "审查中" in page
    assert "不符合卫生条件" not in page
    alone = joint.accepted(joint.health, n=2)
    assert "各部门办理情况" not in client.get(alone.track_path).content.decode()


def test_comments_reach_the_applicant_who_answers_them_in_words_and_with_photos(joint):
    a = joint.accepted()
    b = actions.comment(share(a), by=joint.qian, comments=["补充平面图", "说明排水去向"])
    assert texts(a)[-1] == "share_commented"
    assert "卫生健康局" in Message.objects.filter(template="share_commented").get().body
    path = f"{a.track_path}/answer/{b.number}"
    client = Client()
    assert path in client.get(a.track_path).content.decode()
    assert "说明排水去向" in client.get(path).content.decode()
    short = client.post(path, {"a1": "已标注", "a2": " "})
    assert short.status_code == 422 and share(a).status == "returned"
    assert (
        client.post(path, {"a1": "", "a2": "接市政管网", "f1": [photo(), photo("b.jpg")]}).status_code == 302
    )
    b = share(a)
    assert (b.status, b.round) == ("examining", 2)
    assert list(Comment.objects.of(b).values_list("answer", "answered_by")) == [
        ("见所附材料。", "applicant"),
        ("接市政管网", "applicant"),
    ]
    files = Attachment.objects.filter(number=a.number, purpose=b.purpose(1))
    assert files.count() == 2
    client.force_login(joint.qian, backend=BACKEND)
    page = client.get(f"/desk/{b.number}/").content.decode()
    assert f"/desk/{a.number}/files/{files[0].key}" in page
    assert client.get(f"/desk/{a.number}/files/{files[0].key}").status_code == 200
    assert client.get(path).status_code == 302  # nothing is asked any more


def test_nobody_answers_for_another_application(joint):
    a, other = joint.accepted(), joint.accepted(n=2)
    b = actions.comment(share(a), by=joint.qian, comments=["补充平面图"])
    client = Client()
    assert client.post(f"{other.track_path}/answer/{b.number}", {"a1": "x"}).status_code == 404
    assert client.get(f"{a.track_path}/answer/B000000000000X").status_code == 404
    assert share(a).status == "returned"


def test_art_45_a_share_that_stands_still_is_told_to_the_applicant_in_writing(joint, client):
    """行政许可法 45: the time needed is told in writing, whichever department needs it."""
    a = joint.accepted()
    due = a.due_at
    actions.suspend(share(a), by=joint.qian, reason="expert_review", notice="组织专家评审，请到场。", days=3)
    assert texts(a)[-1] == "share_suspended"
    paper = a.papers.get(kind="suspension")
    said = "".join(words for p in letters.compose(paper).paragraphs for words, _bold in p)
    assert (
        "卫生健康局" in said
        and "“卫生审查”" in said
        and "3 个工作日" in said
        and "2026 年 11 月 26 日" in said
    )
    assert "组织专家评审，请到场。" in said and "办结期限不变" in said
    page = client.get(a.track_path).content.decode()
    assert "专家评审" in page and Application.objects.get(pk=a.pk).due_at == due
    second = actions.suspend(share(a, "HRSS"), by=joint.hr, reason="hearing", notice="听证", days=2)
    assert texts(a).count("share_suspended") == 2 and a.papers.filter(kind="suspension").count() == 2
    assert Event.objects.of(a.number).last().data["approval"] == second.number


def test_art_45_a_share_is_stopped_for_listed_reasons_only_and_no_longer_than_they_may_take(joint):
    a = joint.accepted()
    for given, code in (
        ({"reason": "holiday", "days": 2}, "bad_reason"),
        ({"reason": "hearing", "days": 21}, "bad_days"),
        ({"reason": "publicity", "days": 5}, "basis_missing"),
    ):
        with pytest.raises(StepRefused) as refused:
            actions.suspend(share(a), by=joint.qian, notice="x", **given)
        assert refused.value.reason.code == code
    b = actions.suspend(
        share(a), by=joint.qian, notice="公示", reason="publicity", days=5, basis="《条例》第十八条"
    )
    assert Stop.objects.get(number=b.number).basis == "《条例》第十八条"


def test_a_share_that_stands_longer_than_was_told_is_an_alarm_of_its_department_once(joint, monday):
    a = joint.accepted()
    b = actions.suspend(share(a), by=joint.qian, reason="expert_review", notice="评审", days=1)
    for day in ("2026-11-24 17:00", "2026-11-25 09:00", "2026-12-25 09:00"):
        monday.move_to(at(day))
        while wake():
            pass
        settle()
        rung = [e.verb for e in Event.objects.of(b.number)].count("stop_overrun")
        assert rung == (day != "2026-11-24 17:00")
    told = Notice.objects.filter(kind="approval.stop_overrun")
    assert set(told.values_list("person__username", flat=True)) == {"qian"}


def test_arts_45_and_47_a_hearing_holds_every_share_until_it_is_held_or_given_up(joint):
    a = procedures.offer_hearing(joint.accepted(), by=joint.wang, why="拟不予许可")
    procedures.ask_hearing(a, by=joint.li)
    assert share(a).is_held and share(a).due_at is None
    procedures.give_up_hearing(a, by=joint.li)
    assert not share(a).is_held and share(a).due_at is not None


def test_art_50_what_the_law_itself_has_renewed_leaves_no_department_at_work(joint, monday):
    a = joint.accepted(renews="ZD-1", renew_by=at("2027-01-15 23:59"))
    window.suspend(a, by=joint.wang, reason="hearing", notice="听证", days=3)
    settle()
    monday.move_to(at("2027-01-16 00:10"))
    while wake():
        pass
    settle()
    assert Application.objects.get(pk=a.pk).status == "decided"
    assert set(Approval.objects.of(a.number).values_list("status", flat=True)) == {"cancelled"}
    assert not Stop.objects.filter(ended_at__isnull=True).exists()


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_every_text_about_a_share_fits_into_one_message(joint, lang):
    a = joint.accepted(lang=lang)
    actions.suspend(share(a), by=joint.qian, reason="expert_review", notice="评审", days=3)
    actions.comment(share(a, "HRSS"), by=joint.hr, comments=["x"])
    settle()
    bodies = list(Message.objects.filter(template__startswith="share_").values_list("template", flat=True))
    assert bodies == ["share_suspended", "share_commented"]
    assert all(len(m.body) <= 70 for m in Message.objects.all())
