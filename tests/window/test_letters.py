"""The papers say what was frozen when they were issued, and nothing on them could be taken for a seal."""

import io
import re

import pypdf
import pytest
import time_machine
from django.conf import settings
from django.test import override_settings

from onewindow.cases import typeset, worker
from onewindow.cases.models import Event
from onewindow.catalog.models import MaterialSpec
from onewindow.window import actions, letters
from onewindow.window.models import Paper, PaperKind
from onewindow.window.papers import issue
from onewindow.window.wordings import WORDINGS, newest_file
from tests.town import at

ALLAUTH = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def day():
    with time_machine.travel(at("2026-11-23 09:46"), tick=False):
        yield


def text_of(pdf):
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages))


def paper_of(a, kind):
    return Paper.objects.get(application=a, kind=kind)


def one_of_each(town):
    """A paper of every kind that the steps issue."""
    corrected = actions.ask_correction(town.take_in(), by=town.li, note="缺页", materials={1: "补第二页"})
    refused_in = actions.refuse_acceptance(
        town.take_in(n=2), by=town.li, reason_code="not_ours", reason="在邻县"
    )
    granted = town.accepted(n=3)
    actions.suspend(granted, by=town.wang, reason="expert_review", notice="专家评审需十个工作日", days=5)
    actions.resume(granted, by=town.wang)
    actions.extend(granted, by=town.head, reason="等待检测报告")
    actions.decide(granted, by=town.wang, result="grant")
    refused = actions.decide(
        town.accepted(n=4), by=town.wang, result="refuse", reason_code="conditions_not_met", reason="距离不足"
    )
    return {
        "correction": corrected,
        "non_acceptance": refused_in,
        "acceptance": granted,
        "suspension": granted,
        "extension": granted,
        "grant": granted,
        "refusal": refused,
    }


SAYS = {
    "receipt": ["申请材料接收凭证", "五个工作日内告知是否受理"],
    "acceptance": [
        "行政许可申请受理通知书",
        "第三十二条第一款第（五）项",
        "5个工作日",
        "2026年11月30日",
        "查询码",
    ],
    "correction": ["申请材料补正一次性告知书", "第三十二条第一款第（四）项", "补第二页", "2026年12月23日"],
    "non_acceptance": [
        "不予受理决定书",
        "不属于本机关职权范围",
        "在邻县",
        "六十日内",
        "六个月内",
        "肇东市人民政府",
    ],
    "suspension": ["特别程序告知书", "第四十五条", "专家评审", "专家评审需十个工作日"],
    "extension": ["延期办理告知书", "第四十二条", "5个工作日", "由2026年11月30日延至2026年12月7日"],
    "grant": ["准予行政许可决定书", "第三十八条第一款", "许可证"],
    "refusal": [
        "不予行政许可决定书",
        "第三十八条第二款",
        "不符合法定条件",
        "距离不足",
        "行政复议",
        "行政诉讼",
    ],
}

#: kinds that the steps of other parts issue: what they are given
FACTS = {
    "deemed_acceptance": {},
    "commitment": {
        "pledges": [["符合全部条件", "2027-01-23", "撤销许可"]],
        "commitment": True,
        "deferral": True,
        "final": "2wd",
    },
    "preliminary": {"pledges": [["健康证明", "2026-11-30", "视为撤回申请"]]},
    "site_check": {"staff": ["王审批", "孙局长"], "on": "2026-11-24", "findings": [["面积", "一致"]]},
    "hearing": {"on": "2026-12-04", "time": "09:00", "place": "二楼会议室", "chair": "周主任"},
    "hearing_right": {"reason": "拟不予许可。", "reply_by": "2026-11-30"},
    "breach": {"what": "补交健康证明", "reason": "逾期未补交", "reply_by": "2026-11-30"},
    "revocation": {"reason": "承诺不实", "heard": "无异议。", "licence": "ZD-1"},
    "withdrawal": {"reason": "不再办理"},
    "renewal": {"licence": "ZD-1", "until": "2031-11-23"},
    "licence_change": {
        "licence": "L-1",
        "reason": "企业更名",
        "holder": "满口香饮食",
        "conditions": "不含冷食",
        "edition": 2,
    },
    "cancellation": {
        "licence": "L-1",
        "ground": "该行政许可有效期届满未延续",
        "clause": "一",
        "reason": "到期六个月",
    },
    "delivery": {"papers": [["准予行政许可决定书", "〔2026〕1号"]], "received_by": "张三"},
}
SAYS |= {
    "deemed_acceptance": ["第三十二条第一款第（四）项", "即为受理"],
    "commitment": [
        "告知承诺书",
        "第六十九条",
        "2个工作日内出具正式结果",
        "符合全部条件",
        "2027年1月23日",
        "承诺人签字",
    ],
    "preliminary": ["不得据以从事", "健康证明", "2026年11月30日", "二个工作日"],
    "site_check": ["第三十四条第三款", "王审批、孙局长", "不少于两人", "面积"],
    "hearing": ["第四十六条至第四十八条", "2026年12月4日09:00", "二楼会议室", "申请回避"],
    "hearing_right": ["第四十七条", "2026年11月30日", "二十个工作日", "拟不予许可"],
    "breach": ["补交健康证明", "逾期未补交", "2026年11月30日", "陈述、申辩"],
    "revocation": ["第六十九条", "承诺不实", "无异议", "行政复议", "行政诉讼"],
    "licence_change": [
        "第四十九条",
        "企业更名",
        "持证人名称变更为“满口香饮食”",
        "许可条件变更为：不含冷食。",
        "第2版",
        "行政复议",
    ],
    "cancellation": ["第七十条第（一）项", "有效期届满未延续", "到期六个月", "L-1", "行政复议", "行政诉讼"],
    "withdrawal": ["终止办理", "不再办理"],
    "renewal": ["第五十条第二款", "视为准予延续", "ZD-1"],
    "delivery": ["送达回证", "第四十四条", "准予行政许可决定书", "由张三签收"],
}


def test_every_kind_says_its_law_its_facts_and_its_remedies(town, day):
    cases = one_of_each(town)
    papers = {kind: paper_of(a, kind) for kind, a in cases.items()}
    a = town.take_in(n=9)
    receipt = Paper.objects.filter(application=a, kind="receipt").first()
    papers["receipt"] = receipt or Paper(
        application=a, kind="receipt", year=2026, serial=9, event_seq=1, issued_at=at("2026-11-23 09:46"),
        verify_code="2345678923",
    )  # fmt: skip
    for kind, facts in FACTS.items():
        papers[kind] = issue(cases["grant"], PaperKind(kind), at("2026-11-23 09:46"), facts, seq=1)
    assert set(papers) == set(PaperKind)
    for kind, paper in papers.items():
        said = text_of(letters.render(letters.compose(paper), paper.issued_at))
        for words in [*SAYS[kind], "食品经营许可（新办）", "张三", re.sub(r"\s", "", paper.serial_text)]:
            assert words in said, (kind, words)
        assert letters.shown_code(paper.verify_code) in said
        assert Event.objects.of(paper.application.number).get(seq=paper.event_seq).hash in said
        assert "未盖章无效" in said or "不具印章效力" in said


def test_a_paper_says_the_same_for_ever(town, day):
    a = town.accepted()
    paper = paper_of(a, "acceptance")
    before = letters.compose(paper)
    actions.suspend(a, by=town.wang, reason="expert_review", notice="专家评审", days=5)
    actions.resume(a, by=town.wang)
    actions.extend(a, by=town.head, reason="等待检测报告")
    with time_machine.travel(at("2027-03-01 10:00"), tick=False):
        paper = Paper.objects.get(pk=paper.pk)
        assert letters.compose(paper) == before
        assert letters.render(before, paper.issued_at) == letters.render(before, paper.issued_at)


def test_an_issued_letter_keeps_the_wording_of_its_day(town, day, tmp_path):
    from django.conf import settings

    paper = paper_of(town.accepted(), "acceptance")
    before = letters.compose(paper)
    newer = tmp_path / "window/letters/acceptance.2.txt"
    newer.parent.mkdir(parents=True)
    newer.write_text("新的格式文本：{{ item }}。", encoding="utf-8")
    templates = [settings.TEMPLATES[0] | {"DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    with override_settings(TEMPLATES=templates), pytest.MonkeyPatch.context() as patch:
        patch.setattr("onewindow.window.wordings.WORDINGS", newer.parent)
        newest_file.cache_clear()
        assert letters.compose(paper) == before
        newer_paper = paper_of(town.accepted(n=2), "acceptance")
        assert newer_paper.wording == 2
        assert letters.compose(newer_paper).paragraphs == [[("新的格式文本：食品经营许可（新办）。", False)]]
    newest_file.cache_clear()


def test_every_kind_has_its_wording_and_its_heading():
    assert set(letters.HEADINGS) == set(PaperKind)
    assert {k for k in PaperKind if not (WORDINGS / f"{k}.txt").is_file()} == set()


def test_the_first_rendering_is_kept(town, day):
    paper = paper_of(town.accepted(), "acceptance")
    first = letters.pdf(paper)
    with override_settings(FONT_DIR="/nowhere"):
        assert letters.pdf(paper) == first


def test_long_lists_of_materials_go_on_to_a_second_page(town, day):
    for no in range(4, 40):
        MaterialSpec.objects.create(
            version=town.food, no=no, name=f"第{no}项材料", name_en=f"Material {no}", necessity=2
        )
    pdf = letters.pdf(paper_of(town.accepted(), "acceptance"))
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 2
    assert "第39项材料" in text_of(pdf)


def test_signs_that_mean_something_to_the_typesetter_are_only_text(town, day):
    name = '#eval("1") *粗* _斜_ $x$ @来源 <标> \\ ]['
    a = town.accepted(applicant=town.applicant(kind="enterprise", name=name))
    assert re.sub(r"\s", "", name) in text_of(letters.pdf(paper_of(a, "acceptance")))


def test_the_papers_bring_their_own_fonts(town, day):
    fonts = set()
    for page in pypdf.PdfReader(io.BytesIO(letters.pdf(paper_of(town.accepted(), "acceptance")))).pages:
        for font in page["/Resources"]["/Font"].values():
            fonts.add(str(font.get_object()["/BaseFont"]).partition("+")[2])
    assert {f.partition("-")[0] for f in fonts} == {"NotoSerifSC", "DejaVuSansMono"}


def test_decisions_are_shown_to_others_so_their_code_never_opens_the_case(town, day):
    cases = one_of_each(town)
    for kind, a in cases.items():
        letter = letters.compose(paper_of(a, kind))
        if kind in ("grant", "refusal"):
            assert a.track_token not in letter.qr_url and "/verify/?code=" in letter.qr_url
            assert not any(a.query_code in words for words in letter.number_words)
        else:
            assert letter.qr_url == a.track_url


def test_a_matter_that_is_no_licence_does_not_call_itself_one(town, day):
    town.proof.kind_code = "20"
    town.proof.save()
    a = actions.decide(town.accepted(town.proof), by=town.li, result="grant")
    for kind in ("acceptance", "grant"):
        letter = letters.compose(paper_of(a, kind))
        assert "许可" not in letter.heading + letter.seal_name
    assert letters.compose(paper_of(a, "acceptance")).paragraphs[0][-1][0].count("参照") == 1


def test_without_the_fonts_the_page_says_so_and_leads_to_the_one_to_print(client, town, day, tmp_path):
    paper = paper_of(town.accepted(), "acceptance")
    path = f"{paper.application.track_path}/papers/{paper.pk}.pdf"
    with override_settings(FONT_DIR=tmp_path):
        assert letters.fonts_missing() == list(typeset.FONTS)
        response = client.get(path)
    assert response.status_code == 503
    assert f'href="{path.removesuffix(".pdf")}"' in response.content.decode()
    assert letters.fonts_missing() == []


def test_staff_open_the_papers_of_the_cases_they_may_see(client, town, day):
    paper = paper_of(town.accepted(), "acceptance")
    path = f"/desk/{paper.application.number}/papers/{paper.pk}"
    assert client.get(f"{path}.pdf").status_code == 302
    for person, status in (
        (town.li, 200),
        (town.wang, 200),
        (town.qian, 404),
        (town.ma, 404),
        (town.nobody, 404),
    ):
        client.force_login(person, backend=ALLAUTH)
        assert client.get(f"{path}.pdf").status_code == status, person
        assert client.get(path).status_code == status, person


def test_the_applicant_downloads_a_pdf_that_is_not_kept(client, town, day):
    paper = paper_of(town.accepted(), "acceptance")
    response = client.get(f"{paper.application.track_path}/papers/{paper.pk}.pdf")
    assert response["Content-Type"] == "application/pdf" and response.content.startswith(b"%PDF")
    assert response["Cache-Control"] == "private, no-store"


def test_the_page_to_print_says_what_the_pdf_says(town, day, rf):
    paper = paper_of(town.accepted(), "acceptance")
    letter = letters.compose(paper)
    html = letters.html(paper, rf.get("/"))
    plain = re.sub(r"<[^>]+>", "", html)
    for runs in [*letter.paragraphs, *letter.after]:
        assert "".join(words for words, _ in runs) in plain
    assert "<svg" in html and "style=" not in html


# --- the check of a paper ----------------------------------------------------------------------------------


def test_whoever_holds_a_paper_can_check_it_and_sees_its_holder_masked(client, town, day):
    a = actions.decide(town.accepted(), by=town.wang, result="grant")
    paper = paper_of(a, "grant")
    typed = letters.shown_code(paper.verify_code).lower()
    html = client.get("/verify/", {"code": typed}).content.decode()
    for words in (
        "真实，由我们出具",
        paper.serial_text,
        "2026-11-23",
        "张**",
        "食品经营许可（新办）",
        "准予：许可证",
    ):
        assert words in html, words
    for secret in (a.applicant_name, a.id_number, a.mobile, a.track_token, a.query_code):
        assert secret not in html


def test_codes_that_we_never_gave_out_are_refused_and_guessing_is_stopped(client, town, day):
    town.accepted()
    codes = [
        client.get("/verify/", {"code": f"BCDFGHJK{n:02d}".replace("0", "2").replace("1", "3")}).status_code
        for n in range(23)
    ]
    assert codes[0] == 404 and codes[-1] == 429
    assert client.get("/verify/").status_code == 200


def test_the_paper_of_a_voided_case_no_longer_counts(client, town, day):
    a = town.accepted()
    paper = paper_of(a, "acceptance")
    actions.void(a, by=town.zhou, reason="重复登记")
    assert "由我们出具，但已作废" in client.get("/verify/", {"code": paper.verify_code}).content.decode()


def test_the_town_has_the_prefix_of_the_settings(town, day):
    assert paper_of(town.accepted(), "acceptance").serial_text.startswith(
        f"{settings.LETTER_PREFIX}受〔2026〕第 "
    )


def test_the_check_says_the_paper_word_for_word_with_names_masked(client, town, day):
    a = actions.decide(town.accepted(), by=town.wang, result="refuse", reason_code="conditions_not_met",
                       reason="经现场查看，张三1的店距学校不足二百米")  # fmt: skip
    paper = paper_of(a, "refusal")
    said = letters.content(paper)
    assert said.heading == "不予行政许可决定书"
    assert "张**的店距学校不足二百米" in said.paragraphs[0] and "张三1" not in "".join(said.paragraphs)
    html = client.get("/verify/", {"code": paper.verify_code}).content.decode()
    assert all(text in html for text in [*said.paragraphs, *said.after]) and "张三1" not in html
    # the same words as on the paper itself
    printed = text_of(letters.pdf(paper))
    assert all(re.sub(r"\s", "", text).replace("张**", "张三1") in printed for text in said.paragraphs)


def test_what_is_accepted_by_silence_gets_a_letter_that_says_so(town):
    with time_machine.travel(at("2026-11-23 09:46"), tick=False) as clock:
        a = town.take_in()
        clock.move_to(at("2026-12-01 09:00"))
        worker.turn()
        paper = Paper.objects.get(application=a)
        letter = letters.compose(paper)
        assert (paper.kind, letter.heading) == ("deemed_acceptance", "行政许可申请视为受理告知书")
        said = "".join(words for block in letter.paragraphs for words, _bold in block)
        assert "自收到申请材料之日（2026 年 11 月 23 日）起即为受理" in said and "第三十二条" in said
        assert [row[1] for row in letter.table.rows] == ["申请书", "平面图", "健康证明"]
