"""A leader walks a procedure with the telephone in hand; the bureau reads two walks side by side."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from onewindow.cases import instant
from onewindow.org.models import forget_calendar
from onewindow.walks import actions
from onewindow.walks.models import Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_calendar():
    forget_calendar()
    yield
    forget_calendar()


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_leader_walks_with_the_telephone_in_hand(town, new_page, axe):
    bureau = new_page(by=town.bai)
    bureau.goto("/desk/walks/new/")
    axe(bureau)
    bureau.get_by_label("事项").fill("ZD-MSA-001")
    bureau.get_by_label("走流程人").select_option("leader")
    bureau.get_by_label("大厅", exact=False).select_option("H1")
    bureau.get_by_role("button", name="安排").click()
    expect(bureau.get_by_role("status").first).to_contain_text("已计划")

    phone = new_page(by=town.leader, width=390, height=844)
    phone.goto("/desk/walks/")
    axe(phone)
    phone.get_by_role("link", name="食品经营许可（新办）").click()
    phone.get_by_role("button", name="取号等候").click()
    expect(phone.locator(".wk-now__big")).to_have_text("取号等候")
    axe(phone)
    assert fits(phone)
    phone.get_by_role("link", name="记录堵点").click()
    phone.get_by_label("堵点类型").select_option("limit")
    phone.get_by_label("堵点情况").fill("三个窗口只开了一个")
    axe(phone)
    phone.get_by_role("button", name="记录").click()
    expect(phone.get_by_role("status").first).to_contain_text("问题编号")
    phone.get_by_role("link", name="材料与跑动").click()
    phone.get_by_label("申请书").check()
    phone.get_by_role("button", name="保存").click()
    phone.get_by_role("link", name="结束走流程").click()
    phone.get_by_role("button", name="结束走流程").click()
    expect(phone.locator(".ow-head")).to_contain_text("已走完")

    first = Walk.objects.with_facts().get()
    day = timezone.localdate(instant.now())
    again = actions.plan(
        first.item, by=town.bai, walker=town.head, mode="self", on=day, hall=town.hall, follows=first
    )
    actions.begin(again, by=town.head, stage="queue")
    actions.finish(again, by=town.head)
    assert again.planned_on - day == dt.timedelta(0)
    for query in ("?lang=en", "?lang=zh-hans"):
        bureau.goto(f"/desk/walks/{again.number}/{query}")
        axe(bureau)
        assert fits(bureau)
    expect(bureau.get_by_text("整改前后对比").first).to_be_visible()
    bureau.goto("/desk/walks/coverage/")
    axe(bureau)
