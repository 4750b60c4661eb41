"""The administrator changes an item's promise in the browser; the guide shows it, an open application does not move."""

import pytest
from playwright.sync_api import expect

from onewindow.catalog.models import Item, Wording
from onewindow.org.models import forget_calendar
from onewindow.window import wordings
from onewindow.window.models import Application

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_calendar():
    forget_calendar()
    yield
    forget_calendar()
    wordings.forget()


def test_draft_check_publish_and_the_guide_shows_it(town, new_page, axe):
    a = town.accepted()
    due = a.due_at
    page = new_page(by=town.it)
    page.goto("/desk/catalogue/")
    axe(page)
    page.get_by_role("link", name="食品经营许可（新办）", exact=True).click()
    axe(page)
    page.get_by_role("button", name="修改").click()
    page.get_by_label("承诺时限").first.fill("12wd")
    page.get_by_role("button", name="增加材料").click()  # one row by htmx, what was typed is kept
    expect(page.locator("#list-materials .kp-rows > li")).to_have_count(4)
    expect(page.get_by_label("承诺时限").first).to_have_value("12wd")
    last = page.locator("#list-materials .kp-rows > li").last
    last.get_by_label("名称", exact=True).fill("场所照片")
    last.get_by_label("英文名称").fill("Photo of the premises")
    last.get_by_role("button", name="上移").click()
    expect(
        page.locator("#list-materials .kp-rows > li").nth(2).get_by_label("名称", exact=True)
    ).to_have_value("场所照片")
    page.get_by_role("button", name="保存并检查").click()
    expect(page.get_by_text("承诺时限长于法定时限")).to_be_visible()
    expect(page.get_by_role("button", name="发布", exact=True)).to_have_count(0)
    axe(page)
    page.get_by_role("link", name="修改草稿").click()
    axe(page)
    page.get_by_label("承诺时限").first.fill("3wd")
    page.get_by_role("button", name="保存并检查").click()
    expect(page.get_by_text("1 件在办办件沿用原版本")).to_be_visible()
    page.get_by_label("改动原因").fill("提速")
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("已发布，即刻生效")).to_be_visible()
    axe(page)

    phone = new_page(width=390, height=844)
    phone.goto("/items/ZD-MSA-001")
    expect(phone.locator(".ow-guide-big")).to_have_text("3 个工作日")
    expect(phone.get_by_text("场所照片")).to_be_visible()
    a = Application.objects.get(pk=a.pk)
    assert (a.due_at, a.item_version.promised_limit) == (due, "5wd")
    assert Item.objects.get(code="ZD-MSA-001").current.version == 2


def test_the_head_edits_on_a_phone_without_scripts(town, new_page):
    page = new_page(by=town.head, width=390, height=844, java_script_enabled=False)
    page.goto("/desk/catalogue/items/ZD-MSA-001/")
    page.get_by_role("button", name="修改").click()
    page.get_by_role("button", name="增加常见问题").click()
    assert page.locator("#list-faq .kp-rows > li").count() == 1
    assert page.locator(".ow-main").bounding_box()["width"] <= 390


def test_a_letter_and_a_ladder_are_changed_and_read_before_they_count(town, new_page, axe):
    page = new_page(by=town.bai)
    page.goto("/desk/catalogue/letters/refusal/")
    page.get_by_role("button", name="修改").click()
    text = page.get_by_label("文书正文")
    whole = text.input_value()
    text.fill(whole.replace('{% include "window/letters/remedies.txt" %}', "特此决定。"))
    page.get_by_role("button", name="保存并检查").click()
    expect(page.get_by_text("依法应当载明：行政复议的权利（行政许可法 38）。")).to_be_visible()
    expect(page.locator(".kp-preview").first).to_contain_text("不予行政许可决定书")
    axe(page)
    page.get_by_role("link", name="修改草稿").click()
    page.get_by_label("文书正文").fill(whole.replace("经审查，", "经依法审查，"))
    page.get_by_role("button", name="暂存").click()
    expect(page.locator(".kp-preview").first).to_contain_text("经依法审查")
    axe(page)
    page.get_by_role("button", name="保存并检查").click()
    page.get_by_label("改动原因").fill("法制审核")
    page.get_by_role("button", name="发布", exact=True).click()
    expect(page.get_by_text("已发布，即刻生效")).to_be_visible()
    assert Wording.objects.get().published_by == "bai"

    phone = new_page(by=town.bai, width=390, height=844)
    phone.goto("/desk/catalogue/ladders/all/")
    phone.get_by_role("button", name="修改").click()
    phone.locator("#list-rungs .kp-rows > li").nth(1).get_by_label("届满后多久").fill("2wd")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    axe(phone)
    phone.get_by_role("button", name="保存并检查").click()
    expect(phone.get_by_text("2 个工作日")).to_be_visible()
    axe(phone)
