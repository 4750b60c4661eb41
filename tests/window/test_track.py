"""The applicant's page: the one case of the link, what to do and until when; nothing of anybody else."""

import datetime as dt
import re
import secrets
from io import BytesIO

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from onewindow.cases import worker
from onewindow.cases.models import Attachment, Event
from onewindow.window import actions, rate
from onewindow.window.models import Application, Document, Paper
from tests.town import at

pytestmark = pytest.mark.django_db


def page(client, a, **query):
    return client.get(a.track_path, query)


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def photo(name="平面图.jpg", size=(60, 40), colour="white"):
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def asked(town, **more):
    a = town.take_in(**more)
    told = {1: "第 2 页请签字", 2: "请标注后厨通道"}
    return actions.ask_correction(a, by=town.li, note="还缺两处。", materials=told)


def test_the_page_says_where_it_is_until_when_and_why_that_day(client, town):
    with time_machine.travel(at("2026-11-23 09:46"), tick=False):
        a = town.accepted()
        said = text(page(client, a))
    for words in (
        "审查中",
        "最迟",
        "11 月 30 日（周一）",
        "办完",
        "当天不算",
        "周末，不算",
        "第 5 天",
        "法律规定 10 个工作日",
    ):
        assert words in said, words
    assert "法律规定最迟 12 月 7 日（周一）" in said


def test_no_staff_name_and_no_full_personal_data_is_on_the_page(client, town):
    a = town.accepted()
    actions.decide(a, by=town.wang, result="grant")
    said = page(client, a).content.decode()
    for secret in (town.li.name, town.wang.name, a.id_number, a.mobile, a.applicant_name, a.query_code):
        assert secret not in said, secret


def test_the_page_is_not_kept_indexed_or_told_to_others(client, town):
    response = page(client, town.accepted())
    assert response["Cache-Control"] == "private, no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert (
        response["Referrer-Policy"] == "same-origin"
    )  # other sites get none; our own forms need their origin


def test_every_status_has_its_page_in_both_languages_and_large_print(client, town):
    a = asked(town)
    other = [town.take_in(n=2), town.accepted(n=3), town.accepted(n=4), town.accepted(n=5), town.take_in(n=6)]
    actions.suspend(other[1], by=town.wang, reason="hearing", notice="听证需要十个工作日", days=5)
    actions.decide(
        other[2], by=town.wang, result="refuse", reason_code="conditions_not_met", reason="距离不足"
    )
    actions.withdraw(other[3], by=town.li, reason="本人申请")
    actions.refuse_acceptance(other[4], by=town.li, reason_code="not_ours", reason="")
    done = actions.deliver(actions.decide(town.accepted(n=7), by=town.wang, result="grant"), by=town.li)
    void = actions.void(town.take_in(n=8), by=town.zhou, reason="重复登记")
    for case in (a, *other, done, void):
        for lang in ("zh-hans", "en"):
            response = page(client, case, lang=lang, elder="1")
            assert response.status_code == 200, case.status
            assert "data-elder" in response.content.decode()


def test_a_late_case_says_so(client, town):
    with time_machine.travel(at("2026-11-23 09:46"), tick=False):
        a = town.accepted()
    with time_machine.travel(at("2026-12-01 09:00"), tick=False):
        worker.wake()
        said = text(page(client, Application.objects.get(pk=a.pk)))
    assert "已超期" in said and "没有按承诺的 11 月 30 日（周一）办完" in said and "超过承诺日期" in said


def test_a_link_shows_its_own_case_and_papers_only(client, town):
    a, b = town.accepted(), town.accepted(n=2)
    theirs = Paper.objects.get(application=b)
    assert client.get(reverse("track_paper", args=[a.track_token, theirs.pk])).status_code == 404
    assert client.get(reverse("track_paper_print", args=[a.track_token, theirs.pk])).status_code == 404
    assert b.number not in page(client, a).content.decode()


def test_wrong_expired_and_foreign_links_get_the_same_answer(client, town):
    a = town.accepted()
    actions.deliver(actions.decide(a, by=town.wang, result="grant"), by=town.li)
    with time_machine.travel(a.closed_at + dt.timedelta(days=366), tick=False):
        expired = page(client, a)
    wrong = client.get(f"/t/{secrets.token_urlsafe(16)}")
    odd = client.get("/t/%E4%BD%A0%E5%A5%BD")
    assert {r.status_code for r in (expired, wrong, odd)} == {404}
    bodies = {re.sub(r'href="\?[^"]*"|[0-9a-f]{32}', "", r.content.decode()) for r in (expired, wrong, odd)}
    assert len(bodies) == 1
    assert "这个链接打不开办件" in text(wrong)


def test_a_link_works_until_its_day(client, town):
    a = town.accepted()
    actions.deliver(actions.decide(a, by=town.wang, result="grant"), by=town.li)
    with time_machine.travel(a.closed_at + dt.timedelta(days=364), tick=False):
        assert page(client, a).status_code == 200


def test_guessing_links_is_stopped(client, town):
    a = town.accepted()
    codes = [client.get(f"/t/{secrets.token_urlsafe(16)}").status_code for _ in range(25)]
    assert codes == [404] * 20 + [429] * 5
    assert page(client, a).status_code == 429
    assert page(client, a)["Retry-After"]
    assert client.get(a.track_path, REMOTE_ADDR="192.0.2.7").status_code == 200


def test_number_and_query_code_lead_to_the_page_however_they_are_typed(client, town):
    a = town.accepted()
    shown = f"{a.number[:7].lower()}-{a.number[7:13]} {a.number[13:]}"
    response = client.post(
        "/track/", {"number": shown, "code": f" {a.query_code[:3].lower()} {a.query_code[3:]}"}
    )
    assert response.status_code == 302 and response["Location"] == a.track_path


def test_a_wrong_number_and_a_wrong_code_are_answered_alike_and_nothing_typed_is_lost(client, town):
    a, b = town.accepted(), town.accepted(n=2)
    answers = [
        client.post("/track/", {"number": number, "code": code})
        for number, code in (
            (a.number, "ZZZZZZ"),
            ("A999999999999Z", "ZZZZZZ"),
            (a.number, b.query_code),
            ("", ""),
            ("x", "234567"),
        )
    ]
    assert {r.status_code for r in answers} == {422}
    assert len({re.search(r'role="alert".*?</div>', r.content.decode(), re.S)[0] for r in answers}) == 1
    assert a.number in answers[0].content.decode()


def test_guessing_the_code_of_one_number_is_stopped_from_any_address(client, town):
    a = town.accepted()
    codes = [
        client.post("/track/", {"number": a.number, "code": "ZZZZZZ"}, REMOTE_ADDR=f"192.0.2.{n}").status_code
        for n in range(12)
    ]
    assert codes == [422] * 10 + [429] * 2


def test_the_cache_holds_no_address_and_no_number(client, town):
    from django.core.cache import cache

    a = town.accepted()
    client.post("/track/", {"number": a.number, "code": "ZZZZZZ"})
    kept = " ".join(cache._cache)
    assert "rate:" in kept and a.number not in kept and "127.0.0.1" not in kept
    assert not rate.spent("track", "127.0.0.1", most=2, seconds=600)


def test_the_short_link_leads_to_the_page_in_the_language_of_the_text(client, town):
    from onewindow.window import links

    a, b = town.accepted(), town.accepted(n=2, lang="en")
    assert client.get(links.short_url(a).partition("8000")[2])["Location"] == a.track_path
    assert client.get(links.short_url(b).partition("8000")[2])["Location"] == f"{b.track_path}?lang=en"
    assert client.get("/q/AAAAAAAAAAA1").status_code == 404
    assert client.get("/q/1").status_code == 404


def test_no_link_gets_into_the_logs(client, town):
    import logging

    from onewindow.config.logs import PrivateJsonFormatter
    from onewindow.window import links

    a = town.accepted()
    line = f"GET {a.track_path}/papers/1.pdf then {links.short_url(a)} then /rate/{a.track_token}"
    written = PrivateJsonFormatter().format(logging.LogRecord("x", 20, "x", 1, line, None, None))
    assert a.track_token not in written and links.short_url(a).rpartition("/")[2] not in written


# --- corrections -------------------------------------------------------------------------------------------


def test_corrections_with_photos_move_the_case_on(client, town):
    a = asked(town)
    form = client.get(f"{a.track_path}/correct")
    assert "第 2 页请签字" in text(form) and "健康证明" not in text(form)
    response = client.post(f"{a.track_path}/correct", {"m1": photo("申请书.jpg"), "m2": photo()}, follow=True)
    assert response.redirect_chain[-1][0] == a.track_path
    assert "补正材料已收到" in text(response)
    a.refresh_from_db()
    assert a.status == "received"
    papers = {d.spec.no: d for d in Document.objects.filter(application=a)}
    assert papers[2].form == "electronic" and papers[2].attachment.number == a.number
    assert Event.objects.of(a.number).last().by == "applicant"


def test_several_photos_of_one_paper_become_one_pdf(client, town):
    a = asked(town)
    client.post(
        f"{a.track_path}/correct", {"m1": [photo("1.jpg"), photo("2.jpg", colour="red")], "m2": photo()}
    )
    held = Document.objects.get(application=a, spec__no=1).attachment
    assert held.content_type == "application/pdf"
    from pypdf import PdfReader

    from onewindow.cases import files

    assert len(PdfReader(BytesIO(files.read(held))).pages) == 2


def test_a_bad_file_is_named_at_its_field_and_the_good_one_need_not_be_chosen_again(client, town):
    a = asked(town)
    bad = SimpleUploadedFile("程序.exe", b"MZ\x90\x00" * 50)
    response = client.post(f"{a.track_path}/correct", {"m1": photo("申请书.jpg"), "m2": bad})
    html = response.content.decode()
    assert response.status_code == 422
    assert 'id="id_m2_error"' in html and 'id="id_m1_error"' not in html
    key = re.search(r'name="m1-held" value="([^"]+)"', html)[1]
    assert "申请书.jpg" in html
    client.post(f"{a.track_path}/correct", {"m1-held": key, "m2": photo()})
    a.refresh_from_db()
    assert a.status == "received"
    assert Document.objects.get(application=a, spec__no=1).attachment.name == "申请书.jpg"


def test_a_file_of_somebody_else_cannot_be_claimed_by_its_key(client, town):
    a, b = asked(town), asked(town, n=2)
    client.post(f"{b.track_path}/correct", {"m1": photo()})
    stolen = Attachment.objects.get(added_by=f"applicant:{b.number}")
    response = client.post(f"{a.track_path}/correct", {"m1-held": stolen.key, "m2": photo()})
    assert response.status_code == 422
    stolen.refresh_from_db()
    assert stolen.number == ""


def test_all_that_was_asked_for_is_needed(client, town):
    a = asked(town)
    response = client.post(f"{a.track_path}/correct", {"m1": photo()})
    assert response.status_code == 422 and "请拍照或选择文件" in text(response)
    a.refresh_from_db()
    assert a.status == "correcting"


def test_nothing_can_be_corrected_where_nothing_was_asked_for(client, town):
    a = town.accepted()
    response = client.post(f"{a.track_path}/correct", {"m1": photo()})
    assert response.status_code == 302 and response["Location"] == a.track_path
    assert not Attachment.objects.exists()


# --- withdrawing -------------------------------------------------------------------------------------------


def test_the_applicant_takes_the_application_back_after_a_page_that_asks(client, town):
    a = town.accepted()
    assert "确定撤回申请吗" in text(client.get(f"{a.track_path}/withdraw"))
    a.refresh_from_db()
    assert a.status == "examining"
    assert "您已撤回申请" in text(client.post(f"{a.track_path}/withdraw", {"reason": "不办了"}, follow=True))
    a.refresh_from_db()
    assert a.status == "withdrawn" and a.reason == "不办了"
    assert client.post(f"{a.track_path}/withdraw").status_code == 302


def test_the_page_takes_few_queries_and_few_bytes(client, town, django_assert_num_queries):
    import gzip

    a = town.accepted()
    page(client, a)
    with django_assert_num_queries(4):
        response = page(client, a)
    assert len(gzip.compress(response.content)) < 12_000
