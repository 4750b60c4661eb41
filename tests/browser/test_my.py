"""Journeys of an applicant on a phone: sign in by code, apply with a photo, correct, rate; an agent for an enterprise."""

import re

import pytest

from onewindow.cases import worker
from onewindow.exchange import actions as exchange
from onewindow.licences.models import Licence
from onewindow.my import actions, rules
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.browser.test_phone import files, fits, small_targets
from tests.my.conftest import FORM, account, boss, code_of
from tests.my.test_agents import give
from tests.town import citizen_id

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def town(transactional_db):
    from tests.town import build

    town = build()
    town.food.form = FORM
    town.food.save()
    return town


@pytest.fixture(autouse=True)
def _expected(browser_problems):
    yield
    browser_problems[:] = [p for p in browser_problems if "422" not in p and "404" not in p]


def sign_in(page, mobile):
    page.goto("/my/")
    page.fill("[name=mobile]", mobile)
    page.click("main button.ow-btn--p")
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", code_of(mobile))
    page.click("main button.ow-btn--p")
    page.wait_for_url("**/my/")


def go_on(page):
    page.click(".ow-now form button.ow-btn--p")


def answer_all(page):
    """From the page after `who` to the one that shows everything."""
    page.wait_for_url("**/q-business/")
    page.get_by_text("餐饮").click()
    go_on(page)
    page.fill("[name=answer]", "40")
    go_on(page)
    page.fill("[name=answer]", "2027-01-15")
    go_on(page)
    page.wait_for_url("**/m-1/")
    page.set_input_files("[name=file]", files("一.jpg", "二.jpg"))
    go_on(page)
    page.wait_for_url("**/m-2/")
    page.get_by_text("我到窗口提交").click()
    go_on(page)
    page.wait_for_url("**/m-3/")
    page.get_by_text("容缺后补").last.click()
    go_on(page)
    page.wait_for_url("**/delivery/")
    go_on(page)
    page.wait_for_url("**/notice/")
    page.check("[name=agree]")
    go_on(page)
    page.wait_for_url("**/check/")


def test_sign_in_apply_correct_and_rate(new_page, axe, town):
    page = new_page(width=390, height=844)
    sign_in(page, "19900000001")
    axe(page)
    page.goto("/my/account/name/")
    page.fill("[name=name]", "张三1")
    page.fill("[name=id_number]", citizen_id(1))
    page.check("[name=consent]")
    page.click("main button.ow-btn--p")
    page.wait_for_url("**/my/account/")
    page.goto("/items/ZD-MSA-001")
    page.get_by_role("link", name="网上办理").click()
    axe(page)
    page.click("main form button")
    page.wait_for_url("**/who/")
    axe(page)
    go_on(page)
    go_on(page)  # nothing chosen: the error stands at the field and gets the focus
    page.wait_for_selector("#id_answer_error")
    axe(page)
    answer_all(page)
    axe(page)
    assert fits(page) and "一.pdf" in page.inner_text(".ow-my-check >> nth=2")
    page.go_back()
    page.go_forward()
    page.wait_for_url("**/check/")
    page.click("button:has-text('提交')")
    page.wait_for_url("**/done/")
    axe(page)
    a = Application.objects.get()
    window.receive(a, by=town.li)
    window.ask_correction(a, by=town.li, note="缺平面图", materials={2: "请补平面图"})
    page.goto("/my/")
    axe(page)
    page.get_by_role("link", name="去补正").click()
    page.set_input_files("[name=m2]", files("平面图.jpg"))
    page.click("button:has-text('提交')")
    page.wait_for_selector("text=补正材料已收到")
    a.refresh_from_db()
    window.accept(a, by=town.li)
    page.reload()
    axe(page)
    page.click(".ow-face--5")
    page.wait_for_url(re.compile("/rate"))
    page.click("main form button.ow-btn--p")
    page.wait_for_url("**thanks=1**")


def test_an_agent_applies_for_an_enterprise_and_a_stranger_sees_nothing(new_page, axe, town):
    chief, firm = boss()
    actions.bind_enterprise(chief, firm.uscc)
    holder = next(h for h in rules._holders(chief.person) if h.kind == "enterprise")
    me, stranger = account(1), account(2)
    give(chief, holder, me, items=[town.food.item])
    page = new_page(by=me.person, width=390, height=844)
    page.goto("/my/apply/ZD-MSA-001/")
    page.click("main form button")
    page.wait_for_url("**/who/")
    page.get_by_text(f"代理 {firm.name}").click()
    go_on(page)
    answer_all(page)
    assert firm.name in page.inner_text(".ow-my-check >> nth=0")
    page.click("button:has-text('提交')")
    page.wait_for_url("**/done/")
    a = Application.objects.get()
    assert (a.applicant_name, a.agent_name) == (firm.name, "张三1")
    other = new_page(by=stranger.person, width=390, height=844)
    for path in (f"/my/cases/{a.number}/", f"/my/cases/{a.number}/correct"):
        assert other.goto(path).status == 404
    other.goto("/my/")
    assert a.number[-6:] not in other.inner_text("main")


@pytest.mark.parametrize("query", ["?elder=1", "?lang=en"])
def test_every_page_in_large_print_and_english(new_page, axe, town, query):
    chief, firm = boss()
    actions.bind_enterprise(chief, firm.uscc)
    me = account(1)
    give(chief, next(h for h in rules._holders(chief.person) if h.kind == "enterprise"), me)
    a = town.take_in()
    window.ask_correction(a, by=town.li, note="缺页", materials={1: "补第二页"})
    actions.ask(Application.objects.with_facts().get(pk=a.pk), "补哪一页？", by=me.person)
    town.food.result_validity = "1mo"
    town.food.save()
    b = window.decide(town.accepted(allow_duplicate=True), by=town.wang, result="grant")
    exchange.register(
        {"kind": "person", "id_number": me.id_number},
        "平面图",
        source=b.number,
        no=2,
        about="食品经营许可（新办）",
    )
    while worker.follow():
        pass
    licence = Licence.objects.get(application=b.number)
    page = new_page(by=me.person, width=390, height=844)
    page.goto("/my/apply/ZD-MSA-001/")
    page.click("main form button")
    step = page.url.removesuffix("who/")
    least = 60 if "elder" in query else 44
    paths = [
        "/my/", f"/my/cases/{a.number}/", f"/my/cases/{a.number}/ask", "/my/messages/", "/my/materials/", "/my/agents/",
        "/my/agents/new/", "/my/account/", "/my/account/email/", "/my/account/mobile/",
        "/my/account/close/", "/my/licences/", f"/my/licences/{licence.number}/",
        f"/my/apply/ZD-MSA-001/?renews={licence.number}", "/my/apply/ZD-MSA-001/", step + "who/",
    ]  # fmt: skip
    for path in paths:
        page.goto(path + query)
        assert fits(page), path
        axe(page)
        small = [
            t for t in small_targets(page, least) if 'type="checkbox"' not in t and 'type="radio"' not in t
        ]
        assert small == [], path


def test_applying_needs_no_script(new_page, town):
    me = account(1)
    page = new_page(by=me.person, width=390, height=844, java_script_enabled=False)
    page.goto("/my/apply/ZD-MSA-001/")
    page.click("main form button")
    go_on(page)
    answer_all(page)
    page.click("button:has-text('提交')")
    page.wait_for_url("**/done/")
    assert Application.objects.count() == 1


def test_the_desk_answers_questions_with_the_keyboard_alone(new_page, axe, town):
    a = town.accepted()
    actions.ask(Application.objects.with_facts().get(pk=a.pk), "何时办好？", by=account(1).person)
    page = new_page(by=town.wang)
    page.goto("/desk/questions/")
    axe(page)
    page.goto(f"/desk/{a.number}/")
    axe(page)
    page.focus("textarea[name=text]")
    page.keyboard.type("明天。")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=已答复，系统将通知申请人")
