"""The papers say what was frozen when they were issued, and nothing that could be taken for a seal."""

import io

import pypdf
import pytest
import time_machine

from onewindow.window import actions, letters
from onewindow.window.models import Paper
from tests.town import at


@pytest.fixture
def frozen():
    with time_machine.travel(at("2026-11-23 09:46"), tick=False):
        yield


def text_of(pdf):
    return (
        "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
        .replace("\n", "")
        .replace(" ", "")
    )


def paper_of(a, kind):
    return Paper.objects.get(application=a, kind=kind)


def test_the_notice_of_acceptance_says_item_holder_materials_and_the_promised_day(town, frozen):
    a = town.accepted()
    paper = paper_of(a, "acceptance")
    text = text_of(letters.pdf(paper))
    for words in (
        "行政许可申请受理通知书",
        "食品经营许可（新办）",
        "张三1",
        "申请书",
        "5个工作日",
        "2026年11月30日",
        "李窗口（0317）",
    ):
        assert words in text, words
    assert letters.shown_code(paper.verify_code) in text
    assert "不具印章效力" in text or "未盖章无效" in text
