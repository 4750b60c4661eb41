"""A matter that could not be done, on a phone without script: reported, followed, answered, content."""

import pytest

from onewindow.issues import actions, opening
from onewindow.issues.models import Issue
from tests.issues.conftest import CAUSE, town  # noqa: F401 – the codes of the county, and window 29

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_report_from_the_window_to_the_own_word_works_on_a_phone_without_script(town, new_page):  # noqa: F811
    page = new_page(width=390, height=800, java_script_enabled=False)
    page.goto("/stuck/H1/29/")
    page.get_by_label("什么事项？").fill("ZD-MSA-001")
    page.get_by_label("属于哪种情况？").select_option("more_materials")
    page.get_by_label("发生了什么？").fill("窗口要房产证原件，指南里没有")
    page.get_by_role("button", name="提交").click()
    assert page.locator(".ow-now__big").inner_text() == "将有人与您联系"
    i = Issue.objects.get()
    assert (i.is_anonymous, i.counter, i.office) == (True, town.window29, town.msa)
    actions.contact(i, by=town.wang, how="page", text="正在核实", note="")
    actions.verify(i, by=town.head, founded="yes", finding="属实", grade="simple")
    actions.reply(i, by=town.wang, proposal="explained", answer="不需要房产证原件，请直接来办", **CAUSE)
    page.reload()
    assert "不需要房产证原件" in page.content() and "正在核实" in page.content()
    page.get_by_role("button", name="认可这个答复").click()
    assert page.locator(".ow-now__big").inner_text() == "已解释说明"
    assert Issue.objects.get().confirmed_by == "reporter"


def test_the_board_and_the_figures_of_the_bureau_are_clean(town, new_page, axe):  # noqa: F811
    page = new_page(by=town.bai)
    for path in (
        "/desk/issues/?show=board",
        "/desk/issues/figures/",
        "/desk/issues/no/",
        "/desk/issues/no/week/",
        "/desk/issues/?show=again",
    ):
        page.goto(path)
        axe(page)


def test_an_answer_asks_only_for_what_its_result_needs_and_shows_what_it_answers(town, new_page, axe):  # noqa: F811
    i = opening.open_issue("stuck", by=town.li, text="两个窗口互相推", item=town.food.item, hall=town.hall,
                           counter=town.window29, is_at_window=True, reporter=("张三", "19900000001"))  # fmt: skip
    actions.contact(i, by=town.wang, how="phone", note="已联系")
    actions.verify(i, by=town.head, founded="yes", finding="叫号三次", grade="simple")
    page = new_page(by=town.wang)
    page.goto(f"/desk/{i.number}/reply/")
    assert page.get_by_text("两个窗口互相推").is_visible() and page.get_by_text("叫号三次").is_visible()
    paper, handed = page.get_by_label("办成的办件编号"), page.get_by_label("转交单位")
    assert paper.is_visible() and handed.is_visible()  # nothing is chosen yet
    page.get_by_label("办理结果").select_option("transferred")
    assert (paper.is_visible(), handed.is_visible()) == (False, True)
    page.get_by_label("办理结果").select_option("solved")
    assert (paper.is_visible(), handed.is_visible()) == (True, False)
    axe(page)
