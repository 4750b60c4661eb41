"""The approver's and the clerk's day in a real browser: a batch by keyboard, a phone, the workbench, a hand-out by scan."""

import pytest
from playwright.sync_api import expect

from onewindow.cases.models import Batch
from onewindow.org.models import forget_calendar
from onewindow.window import actions
from onewindow.window.models import Application

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_calendar():
    forget_calendar()
    yield
    forget_calendar()


def test_an_approver_decides_two_of_three_together_by_keyboard(town, new_page, axe):
    first, second, third = (town.accepted(n=n) for n in (1, 2, 3))
    page = new_page(by=town.wang)
    page.goto("/desk/")
    axe(page)
    for key in ("j", "x", "j", "x", "k", "j"):
        page.keyboard.press(key)
    expect(page.locator("[data-picked]")).to_have_text("✓ 2")
    page.get_by_role("button", name="作出决定").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("作出决定：2 件")
    axe(page)
    actions.decide(Application.objects.get(pk=second.pk), by=town.head, result="grant")
    page.get_by_role("radio", name="准予").check()
    page.keyboard.press("F9")
    expect(page.get_by_role("status").first).to_contain_text("已办 1 件，未办 1 件")
    axe(page)
    states = dict(Application.objects.values_list("number", "status"))
    assert states == {first.number: "decided", second.number: "decided", third.number: "examining"}
    assert sorted(line["outcome"] for line in Batch.objects.get().lines) == ["done", "refused"]


def test_a_phrase_of_one_s_own_goes_into_the_field_by_key(town, new_page, axe):
    a = town.accepted()
    page = new_page(by=town.wang)
    page.goto("/desk/phrases/")
    axe(page)
    page.get_by_role("textbox", name="常用语").fill("需现场核验，请配合。")
    page.get_by_role("button", name="保存").click()
    page.goto(f"/desk/{a.number}/suspend/")
    page.get_by_label("告知内容").focus()
    page.keyboard.press("Alt+1")
    expect(page.get_by_label("告知内容")).to_have_value("需现场核验，请配合。")


@pytest.mark.parametrize("width", [1366, 390])
def test_the_pages_of_the_day_fit_the_screen_and_are_clean(town, new_page, axe, width):
    a = town.accepted(n=1)
    town.take_in(n=2)
    done = town.accepted(n=3)
    actions.decide(done, by=town.wang, result="grant")
    pages = {
        "wang": [
            "/desk/",
            "/desk/cards/",
            "/desk/me/",
            "/desk/notices/",
            "/desk/handovers/",
            f"/desk/{a.number}/",
        ],
        "head": ["/desk/stand-ins/?lang=en", "/desk/phrases/"],
        "li": ["/desk/counter/today/", f"/desk/counter/handouts/?n={done.number}", "/desk/me/?lang=en"],
    }
    for who, paths in pages.items():
        page = new_page(by=getattr(town, who), width=width, height=844 if width < 800 else 650)
        for path in paths:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            axe(page)


def test_a_clerk_hands_a_result_out_from_the_workbench_by_scan(town, new_page, axe):
    a = town.accepted()
    actions.decide(a, by=town.wang, result="grant")
    page = new_page(by=town.li)
    page.goto("/desk/counter/today/")
    page.get_by_role("link", name="待出件 1").click()
    page.get_by_label("扫描二维码").fill(a.track_url)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_contain_text("食品经营许可")
    page.keyboard.press("F9")
    page.wait_for_url(f"**/desk/{a.number}/deliver/")
    page.get_by_label("签收人").fill("张三")
    page.keyboard.press("F9")
    expect(page.locator(".ow-head")).to_contain_text("已送达")
    axe(page)
