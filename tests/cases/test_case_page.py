"""The page of a case says what it is, until when and why, what one can do and why not; and a step is taken on its page."""

import io

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from onewindow.cases import files
from onewindow.cases.models import Attachment, Event, Stop
from onewindow.org.models import AccessLog
from onewindow.window import actions
from onewindow.window.models import Application, Document
from tests.town import at, citizen_id

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def sign_in(client):
    def by(person):
        client.force_login(person, backend=BACKEND)
        return client

    return by


def picture():
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(out, "PNG")
    return SimpleUploadedFile("平面图.png", out.getvalue(), "image/png")


def post(client, a, verb, **given):
    return client.post(f"/desk/{a.number}/{verb}/", {"version": a.version, **given})


# --- the page ----------------------------------------------------------------------------------------------


def test_the_page_shows_the_applicant_masked_and_the_deadline_with_its_reason(town, sign_in):
    a = town.accepted()
    page = sign_in(town.wang).get(f"/desk/{a.number}/").content.decode()
    assert "张**" in page and "239999********" in page and "199****0001" in page
    assert "张三1" not in page and citizen_id(1) not in page and "19900000001" not in page
    assert "11 月 30 日（周一）17:00" in page and "12 月 7 日（周一）17:00" in page
    assert "当天不算" in page and "周末" in page and "剩 5 个工作日" in page
    assert "政务服务中心 李窗口" in page and "受理通知书" in page


def test_the_page_is_written_in_english_too(town, sign_in):
    a = town.accepted()
    page = sign_in(town.wang).get(f"/desk/{a.number}/?lang=en").content.decode()
    assert (
        "Food business licence (new)" in page
        and "Mon 30 Nov, 17:00" in page
        and "Government service hall" in page
    )


@pytest.mark.parametrize("who", ["qian", "ma"])
def test_a_foreign_case_and_an_absent_one_look_the_same(town, sign_in, who):
    a = town.accepted()
    client = sign_in(getattr(town, who))
    for path in ("", "decide/", "files/x", "in-full/"):
        method = client.post if path == "in-full/" else client.get
        assert method(f"/desk/{a.number}/{path}").status_code == 404
        assert method(f"/desk/A260101000001X/{path}").status_code == 404


def test_a_number_as_people_write_it_leads_to_the_page(town, sign_in):
    a = town.accepted()
    shown = f"{a.number[:7]}-{a.number[7:13]}-{a.number[13:]}"
    assert sign_in(town.wang).get(f"/desk/{shown}/").url == f"/desk/{a.number}/"


def test_open_steps_are_buttons_and_the_others_say_why_not(town, sign_in):
    a = town.accepted()
    answer = sign_in(town.wang).get(f"/desk/{a.number}/")
    able = [s.verb for s in answer.context["able"]]
    assert able[0] == "decide" and {"suspend", "forward", "offer_hearing", "site_check"} < set(able)
    assert [s.verb for s in answer.context["usual"]] == able[:3], "three buttons, the rest in a menu"
    assert [s.verb for s in answer.context["rare"]] == able[3:]
    page = answer.content.decode()
    assert all(f'href="/desk/{a.number}/{verb}/"' in page for verb in able)
    unable = {s.verb: r.code for s, r in answer.context["unable"]}
    assert (
        unable.items()
        >= {
            "extend": "only_head",
            "withdraw": "only_the_applicant",
            "void": "only_manager_of_hall",
            "ask_hearing": "only_the_applicant",
            "waive_hearing": "only_the_applicant",
        }.items()
    )
    assert 'aria-describedby="why-extend"' in answer.content.decode()


def test_a_case_that_stands_still_says_since_when_and_why(town, sign_in):
    a = town.accepted()
    actions.suspend(a, by=town.wang, reason="expert_review", notice="需组织专家评审", days=5)
    page = sign_in(town.wang).get(f"/desk/{a.number}/").content.decode()
    assert "2026-11-23 10:00 起暂停计时" in page and "需组织专家评审" in page and "专家评审，暂停计时" in page


def test_a_deadline_in_a_year_without_calendar_is_marked_provisional(town, sign_in, monday):
    monday.move_to(at("2027-11-22 10:00"))
    a = town.accepted()
    assert "暂定日期" in sign_in(town.wang).get(f"/desk/{a.number}/").content.decode()


@pytest.mark.parametrize("n", [0, 12])
def test_the_page_takes_the_same_number_of_queries_however_much_has_happened(town, sign_in, n, monday):
    from onewindow.cases.flow import note

    a = town.accepted()
    for _ in range(n):
        note(a, "light", by=town.li, data={"light": "amber"})
    client = sign_in(town.wang)
    client.get(f"/desk/{a.number}/")
    with CaptureQueriesContext(connection) as taken:
        assert client.get(f"/desk/{a.number}/").status_code == 200
    # session, person, posts, case, neighbours (2), events, people, posts + offices + halls behind them, missing
    # materials, documents, papers, records, cards, two red dots, bell
    assert len(taken) <= 24, "\n".join(q["sql"][:140] for q in taken)


# --- personal data and files -------------------------------------------------------------------------------


def test_the_whole_is_shown_once_for_a_purpose_and_written_down(town, sign_in):
    a = town.accepted()
    client = sign_in(town.wang)
    page = client.post(f"/desk/{a.number}/in-full/", {"purpose": "contact", "detail": "约现场核查"})
    text = page.content.decode()
    assert citizen_id(1) in text and "19900000001" in text and "张三1" in text
    assert page["Cache-Control"] == "private, no-store"
    line = AccessLog.objects.get()
    assert (line.person, line.number, line.purpose) == ("wang", a.number, "contact: 约现场核查")
    assert citizen_id(1) not in client.get(f"/desk/{a.number}/").content.decode()


@pytest.mark.parametrize("given", [{}, {"purpose": "curiosity"}, {"purpose": "other"}])
def test_without_a_purpose_nothing_is_shown(town, sign_in, given):
    a = town.accepted()
    answer = sign_in(town.wang).post(f"/desk/{a.number}/in-full/", given)
    assert answer.status_code == 422 and citizen_id(1) not in answer.content.decode()
    assert not AccessLog.objects.exists()


@pytest.mark.parametrize("who", ["bai", "leader"])
def test_those_who_only_look_on_never_see_the_whole(town, sign_in, who):
    a = town.accepted()
    client = sign_in(getattr(town, who))
    assert client.get(f"/desk/{a.number}/").context["may_unmask"] is False
    assert client.post(f"/desk/{a.number}/in-full/", {"purpose": "contact"}).status_code == 403


def test_after_the_end_the_whole_stays_hidden(town, sign_in):
    a = town.accepted()
    actions.decide(a, by=town.wang, result="grant")
    actions.deliver(a, by=town.li, received_by="张三1")
    assert sign_in(town.li).post(f"/desk/{a.number}/in-full/", {"purpose": "contact"}).status_code == 403


def test_a_file_goes_to_those_who_work_on_the_case_and_every_look_is_written_down(town, sign_in):
    file = files.store(picture(), by="li", purpose="material 2")
    a = town.take_in(materials={1: ("paper", None), 2: ("electronic", file), 3: ("paper", None)})
    actions.accept(a, by=town.li)
    answer = sign_in(town.wang).get(f"/desk/{a.number}/files/{file.key}")
    assert answer.status_code == 200 and answer["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" in answer and answer["Cache-Control"] == "private, no-store"
    assert AccessLog.objects.get().field == "file"
    assert sign_in(town.qian).get(f"/desk/{a.number}/files/{file.key}").status_code == 404
    assert sign_in(town.bai).get(f"/desk/{a.number}/files/{file.key}").status_code == 403
    other = town.accepted(n=2)
    assert sign_in(town.wang).get(f"/desk/{other.number}/files/{file.key}").status_code == 404


# --- steps -------------------------------------------------------------------------------------------------


def test_an_application_goes_its_whole_way_over_its_pages(town, sign_in):
    a = town.take_in()

    def go(person, verb, **given):
        a.refresh_from_db()
        client = sign_in(person)
        assert client.get(f"/desk/{a.number}/{verb}/").status_code == 200
        answer = post(client, a, verb, **given)
        assert answer.status_code == 302, answer.context["form"].errors
        a.refresh_from_db()
        return a.status

    assert go(town.li, "ask_correction", c2="平面图不清晰", note="请补正") == "correcting"
    assert go(town.li, "correct", m2="paper") == "received"
    assert go(town.li, "accept") == "examining"
    assert go(town.wang, "suspend", reason="expert_review", days="10", notice="需组织专家评审") == "suspended"
    assert go(town.wang, "resume") == "examining"
    assert go(town.head, "extend", reason="情况复杂") == "examining"
    assert go(town.wang, "decide", result="grant") == "decided"
    assert go(town.li, "deliver", received_by="张三") == "delivered"
    stop = Stop.objects.get()
    assert (stop.notice, stop.expected_until) == ("需组织专家评审", at("2026-12-07 17:00"))
    page = sign_in(town.wang).get(f"/desk/{a.number}/").content.decode()
    for words in (
        "一次性告知补正",
        "专家评审",
        "恢复计时",
        "延长 5 个工作日",
        "作出决定：准予",
        "决定已送达",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("verb", "given", "field"),
    [
        ("decide", {}, "result"),
        ("decide", {"result": "refuse"}, "reason_code"),
        ("decide", {"result": "refuse", "reason_code": "conditions_not_met"}, "reason"),
        ("decide", {"result": "grant", "reason_code": "conditions_not_met"}, "reason_code"),
        ("decide", {"result": "refuse", "reason_code": "invented", "reason": "x"}, "reason_code"),
        ("decide", {"result": "perhaps"}, "result"),
        ("decide", {"result": "grant", "reason": "长" * 401}, "reason"),
        ("suspend", {"reason": "hearing"}, "notice"),
        ("suspend", {"reason": "holiday", "notice": "x"}, "reason"),
        ("suspend", {"reason": "hearing", "notice": "x", "days": "-3"}, "days"),
        ("suspend", {"reason": "hearing", "notice": "   "}, "notice"),
    ],
)
def test_bad_input_is_an_error_at_its_field_and_what_was_typed_stays(town, sign_in, verb, given, field):
    a = town.accepted()
    answer = post(sign_in(town.wang), a, verb, **given)
    assert answer.status_code == 422 and field in answer.context["form"].errors
    assert all(
        v.strip() in answer.content.decode()
        for k, v in given.items()
        if k in ("reason", "notice") and len(v) > 3
    )
    assert Application.objects.get().version == 2


def test_a_form_without_anything_to_correct_is_refused(town, sign_in):
    a = town.take_in()
    assert post(sign_in(town.li), a, "ask_correction").status_code == 422


def test_a_correction_may_bring_a_file(town, sign_in):
    a = town.take_in()
    actions.ask_correction(a, by=town.li, note="", materials={2: "不清晰"})
    client = sign_in(town.li)
    bad = post(client, a, "correct", m2="electronic", f2=SimpleUploadedFile("x.exe", b"MZ\x90", "image/png"))
    assert bad.status_code == 422 and "f2" in bad.context["form"].errors and not Attachment.objects.exists()
    assert post(client, a, "correct", m2="electronic").status_code == 422
    assert post(client, a, "correct", m2="electronic", f2=picture()).status_code == 302
    document = Document.objects.get(application=a, spec__no=2)
    assert document.attachment.number == a.number and document.to_correct == ""


def test_the_step_of_somebody_else_is_refused_with_the_reason(town, sign_in):
    a = town.accepted()
    answer = sign_in(town.wang).get(f"/desk/{a.number}/extend/")
    assert answer.status_code == 403 and "只有承办部门的负责人" in answer.content.decode()
    assert post(sign_in(town.wang), a, "extend", reason="复杂").status_code == 403
    assert sign_in(town.wang).get(f"/desk/{a.number}/resume/").status_code == 409
    assert Application.objects.get().version == 2


@pytest.mark.parametrize("verb", ["deem_accepted", "fly", "__class__"])
def test_a_step_that_people_do_not_take_is_no_page(town, sign_in, verb):
    a = town.accepted()
    assert sign_in(town.wang).get(f"/desk/{a.number}/{verb}/").status_code == 404


def test_two_at_once_one_wins_and_the_other_reads_what_happened(town, sign_in):
    a = town.accepted()
    seen = a.version
    actions.decide(a, by=town.head, result="grant")
    answer = sign_in(town.wang).post(
        f"/desk/{a.number}/decide/",
        {
            "version": seen,
            "result": "refuse",
            "reason_code": "conditions_not_met",
            "reason": "现场核查不合格，另附说明",
        },
    )
    page = answer.content.decode()
    assert answer.status_code == 409 and "有人先一步办理了" in page
    assert "作出决定：准予" in page and "市场监督管理局 孙局长" in page and "现场核查不合格，另附说明" in page
    assert Application.objects.get().result == "grant"


def test_a_light_that_turned_meanwhile_is_nobody_s_doing(town, sign_in):
    from onewindow.cases.flow import note
    from onewindow.cases.rules import CLOCK

    a = town.accepted()
    seen = a.version
    note(a, "light", by=CLOCK, data={"light": "amber"})
    assert (
        sign_in(town.wang).post(f"/desk/{a.number}/decide/", {"version": seen, "result": "grant"}).status_code
        == 302
    )


@pytest.mark.parametrize("version", ["", "x", "99", "-1", "9" * 30])
def test_a_form_with_a_strange_version_changes_nothing(town, sign_in, version):
    a = town.accepted()
    answer = sign_in(town.wang).post(f"/desk/{a.number}/decide/", {"version": version, "result": "grant"})
    assert answer.status_code == 409 and Event.objects.of(a.number).count() == 2


def test_the_head_sees_what_an_extension_would_do(town, sign_in):
    a = town.accepted()
    page = sign_in(town.head).get(f"/desk/{a.number}/extend/").content.decode()
    assert (
        "11 月 30 日（周一）17:00" in page
        and "12 月 7 日（周一）17:00" in page
        and "12 月 14 日（周一）17:00" in page
    )
    actions.extend(a, by=town.head, reason="复杂")
    assert (a.due_at, a.legal_due_at) == (at("2026-12-07 17:00"), at("2026-12-14 17:00"))


def test_angle_brackets_stay_text(town, sign_in):
    a = town.accepted(applicant=town.applicant(name="<b>张"))
    post(sign_in(town.head), a, "extend", reason="<script>alert(1)</script>")
    page = sign_in(town.head).get(f"/desk/{a.number}/").content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;" in page
