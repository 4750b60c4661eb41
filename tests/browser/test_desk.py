"""The department's day in a real browser: by keyboard, on a phone, without JavaScript, in both languages."""

import pytest
from playwright.sync_api import expect

from onewindow.cases.models import Stop
from onewindow.org.models import forget_calendar
from onewindow.window import actions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_calendar():
    forget_calendar()
    yield
    forget_calendar()


def test_an_approver_suspends_resumes_and_decides_by_keyboard_and_the_head_extends(
    town, new_page, axe, browser_problems
):
    a = town.accepted(n=1)
    page = new_page(by=town.wang)
    page.goto("/desk/")
    axe(page)
    page.keyboard.press("/")
    page.keyboard.type(a.number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/{a.number}/")
    axe(page)
    page.get_by_role("link", name="启动特别程序").focus()
    page.keyboard.press("Enter")
    page.get_by_label("特别程序", exact=False).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.get_by_label("预计工作日").fill("10")
    page.get_by_role("button", name="需组织专家评审，所需时间不计入办理期限。").press("Enter")
    expect(page.get_by_label("告知内容")).to_have_value("需组织专家评审，所需时间不计入办理期限。")
    axe(page)
    page.keyboard.press("F9")
    expect(page.get_by_role("status").first).to_contain_text("已办理")
    expect(page.locator(".ow-head")).to_contain_text("特别程序中")

    page.get_by_role("link", name="恢复计时").press("Enter")
    page.wait_for_url("**/resume/")
    page.keyboard.press("F9")
    expect(page.locator(".ow-head")).to_contain_text("审查中")

    head = new_page(by=town.head, width=390, height=844)
    head.goto(f"/desk/{a.number}/")
    head.get_by_role("link", name="延期").click()
    head.get_by_label("原因").fill("情况复杂")
    axe(head)
    head.get_by_role("button", name="延期").click()
    expect(head.get_by_role("status").first).to_contain_text("已办理")

    page.reload()
    expect(page.get_by_text("延长 5 个工作日")).to_be_visible()
    page.get_by_role("link", name="作出决定").press("Enter")
    page.get_by_role("radio", name="不予许可").check()
    page.keyboard.press("F9")
    expect(page.get_by_role("alert")).to_contain_text("不予决定应当说明依据")
    axe(page)
    page.get_by_role("radio", name="准予").check()
    page.keyboard.press("F9")
    expect(page.locator(".ow-head")).to_contain_text("已决定")
    a.refresh_from_db()
    browser_problems[:] = [p for p in browser_problems if "422" not in p]  # the browser notes the error page
    assert (a.status, a.result, Stop.objects.filter(number=a.number).count()) == ("decided", "grant", 1)


def test_who_was_slower_reads_it_and_keeps_the_words(town, new_page, axe, browser_problems):
    a = town.accepted()
    page = new_page(by=town.wang)
    page.goto(f"/desk/{a.number}/decide/")
    page.get_by_role("radio", name="不予许可").check()
    page.get_by_label("决定理由").fill("现场核查不合格，门窗不符")
    page.get_by_label("不予的依据").select_option(index=1)
    actions.decide(a, by=town.head, result="grant")
    with page.expect_response(lambda r: r.request.method == "POST") as answer:
        page.get_by_role("button", name="作出决定").click()
    assert answer.value.status == 409
    expect(page.get_by_role("heading", level=1)).to_have_text("有人先一步办理了")
    expect(page.get_by_text("作出决定：准予")).to_be_visible()
    expect(page.get_by_label("决定理由")).to_have_value("现场核查不合格，门窗不符")
    axe(page)
    browser_problems[:] = [p for p in browser_problems if "409" not in p]


def test_the_whole_is_shown_for_a_purpose(town, new_page, axe):
    a = town.accepted()
    page = new_page(by=town.wang)
    page.goto(f"/desk/{a.number}/")
    page.get_by_text("查看完整信息").click()
    page.get_by_label("用途").select_option("contact")
    axe(page)
    page.get_by_role("button", name="显示一次").click()
    expect(page.get_by_text("19900000001")).to_be_visible()
    axe(page)


@pytest.mark.parametrize(("width", "lang"), [(1366, "en"), (390, "zh-hans"), (390, "en"), (320, "zh-hans")])
def test_no_page_is_wider_than_the_screen(town, new_page, axe, width, lang):
    a = town.accepted()
    page = new_page(by=town.wang, width=width, height=844)
    for path in (
        "/desk/",
        "/desk/?show=all",
        "/desk/search/",
        f"/desk/{a.number}/",
        f"/desk/{a.number}/suspend/",
    ):
        page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        axe(page)


def test_everything_works_without_javascript(town, new_page):
    a = town.accepted()
    page = new_page(by=town.wang, java_script_enabled=False)
    page.goto("/desk/")
    page.get_by_label("状态", exact=True).select_option("examining")
    page.get_by_role("button", name="查询").click()
    page.get_by_role("link", name="食品经营许可（新办）").click()
    page.get_by_role("link", name="作出决定").click()
    page.get_by_role("radio", name="准予").check()
    page.get_by_role("button", name="作出决定").click()
    a.refresh_from_db()
    assert a.status == "decided"


def test_the_pages_of_people_without_a_desk(town, new_page, axe):
    own = {
        "kind": "enterprise",
        "name": "满口香餐饮",
        "id_type": "uscc",
        "id_number": town.firm.uscc,
        "mobile": "19900000001",
    }
    town.take_in(applicant=own)
    firm = new_page(by=town.firm, width=390)
    firm.goto("/start/")
    expect(firm.get_by_role("heading", level=1)).to_have_text("我的办件")
    axe(firm)
    nobody = new_page(by=town.nobody)
    nobody.goto("/start/")
    expect(nobody.get_by_role("heading", level=1)).to_contain_text("无岗人")
    axe(nobody)
