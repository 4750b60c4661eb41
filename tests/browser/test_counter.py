"""A clerk at the counter: by keyboard alone, on one screen, without scripts too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from onewindow.window.models import Application
from tests.town import citizen_id
from tests.window.test_files import picture

pytestmark = pytest.mark.browser
FITS = "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"


class Keyboard:
    """Counts the presses that are not typed data."""

    def __init__(self, page):
        self.page, self.presses = page, 0

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1

    def type(self, text):
        self.page.keyboard.type(text)

    def at(self, selector):
        self.page.wait_for_function(
            "s => document.activeElement && document.activeElement.matches(s)", arg=selector
        )


@pytest.fixture
def counter(transactional_db, town, new_page):
    page = new_page(by=town.li)
    page.goto("/desk/counter/")
    return page


def test_a_known_applicant_is_accepted_by_keyboard_alone_with_few_presses(counter, town):
    town.take_in(town.health, n=7)
    keys = Keyboard(counter)
    keys.press("/")
    keys.type("spjyxk")
    keys.press("Enter")
    keys.at("#id_id_number")
    keys.type(citizen_id(7))
    keys.press("Enter")
    keys.at("#id_name")
    counter.wait_for_selector("#use-last")
    keys.press("Enter")  # takes over name and mobile
    expect(counter.locator("#id_mobile")).to_have_value("19900000007")
    keys.at("#id_delivery_form_0")
    keys.press("Enter", "Enter")
    keys.at("#all-paper")
    keys.press("Enter")
    assert counter.locator("#c-count").inner_text() == "2 / 3"
    counter.wait_for_function(FITS)
    keys.press("F9")
    counter.wait_for_url(re.compile("/desk/counter/done/"))
    a = Application.objects.get(item=town.food.item)
    assert (a.status, a.applicant_name, a.mobile) == ("examining", "张三7", "19900000007")
    keys.press("Enter")  # the next applicant
    counter.wait_for_url(re.compile("/desk/counter/$"))
    keys.at("#item-q")
    assert keys.presses <= 12


def test_a_new_applicant_is_accepted_by_keyboard_alone(counter, town):
    keys = Keyboard(counter)
    keys.type("食品")
    counter.wait_for_selector("#item-list li")
    keys.press("ArrowDown", "Enter")
    keys.at("#id_id_number")
    for field, text in (
        ("id_number", citizen_id(8)),
        ("name", "钱二"),
        ("mobile", "19900000008"),
        ("address", "正阳街"),
    ):
        keys.at(f"#id_{field}")
        keys.type(text)
        keys.press("Enter")
    keys.press("ArrowRight", "Enter", "Enter")  # electronic; language as it is
    keys.at("#all-paper")
    keys.press("Tab", "Tab")  # past the scan of F8, into the first material
    counter.focus("#id_m1_0")
    keys.press("1", "1", "3")  # paper, paper, to follow
    assert counter.locator("#c-count").inner_text() == "3 / 3"
    keys.press("F9")
    counter.wait_for_url(re.compile("/desk/counter/done/"))
    a = Application.objects.get()
    assert [d.form for d in a.documents.order_by("spec__no")] == ["paper", "paper", "deferred"]
    assert (a.applicant_name, a.address, a.delivery_form) == ("钱二", "正阳街", "electronic")


def test_f9_pressed_twice_is_one_application(counter, town):
    fill(counter, town)
    counter.keyboard.press("F9")
    counter.keyboard.press("F9")
    counter.wait_for_url(re.compile("/desk/counter/done/"))
    assert Application.objects.count() == 1


def test_what_is_wrong_is_said_at_the_field_while_typing_goes_on(counter, town):
    counter.goto(f"/desk/counter/?item={town.food.item.code}")
    keys = Keyboard(counter)
    keys.type(citizen_id(7)[:-1])
    keys.press("Enter")
    keys.type("赵立新")
    counter.wait_for_selector("#e-id_number .ow-err")
    assert "少 1 位" in counter.locator("#e-id_number").inner_text()
    assert counter.locator("#id_id_number").get_attribute("aria-invalid") == "true"
    assert counter.locator("#id_name").input_value() == "赵立新"
    counter.fill("#id_id_number", citizen_id(7))
    keys.press("Enter")
    counter.wait_for_selector("#e-id_number .ow-err", state="detached")
    expect(counter.locator("#id_id_number")).not_to_have_attribute("aria-invalid", "true")
    counter.fill("#id_mobile", "1990000000")
    keys.press("F9")
    expect(counter.locator("#c-due .cn-trouble")).to_be_visible()
    counter.fill("#id_mobile", "19900000007")
    keys.press("Enter")
    expect(counter.locator("#c-due .cn-trouble")).to_have_count(
        0
    )  # once it is put right, the day is told again
    assert "办结" in counter.locator("#c-due").inner_text()


def test_a_scan_goes_to_its_material_and_a_bad_one_says_why(counter, town, tmp_path):
    good, bad = tmp_path / "平面图.png", tmp_path / "图.svg"
    good.write_bytes(picture())
    bad.write_text("<svg/>")
    counter.goto(f"/desk/counter/?item={town.food.item.code}")
    counter.fill("#id_name", "赵立新")
    counter.keyboard.press("F4")
    counter.keyboard.press("F8")
    Keyboard(counter).at("#id_f1")
    counter.set_input_files("#id_f1", good)
    counter.wait_for_selector("#m1 a:text('平面图.png')")
    assert counter.locator("#m1 input:checked").get_attribute("value") == "electronic"
    counter.set_input_files("#id_f2", bad)
    counter.wait_for_selector("#m2 .ow-err")
    assert counter.locator("#id_name").input_value() == "赵立新"
    counter.click("#m1 button[name=drop]")
    counter.wait_for_selector("#m1 a", state="detached")


def test_a_reader_that_types_fills_the_form(counter, town):
    counter.goto(f"/desk/counter/?item={town.food.item.code}")
    keys = Keyboard(counter)
    keys.press("F4")
    keys.type(f"赵立新|男|汉|19800101|肇东市正阳街道12号|{citizen_id(7)}")
    keys.press("Enter")
    keys.at("#id_mobile")
    assert counter.locator("#id_name").input_value() == "赵立新"
    assert counter.locator("#id_address").input_value() == "肇东市正阳街道12号"


def test_a_missing_paper_leads_to_the_one_time_notice(counter, town):
    fill(counter, town)
    counter.check("#id_m2_3" if counter.locator("#id_m2_3").count() else "#id_m2_2", force=True)
    counter.keyboard.press("F9")
    counter.wait_for_selector("#id_c2")
    assert counter.locator("#id_c2").input_value() == "请补交：平面图"
    counter.wait_for_function(FITS)
    counter.keyboard.press("F9")
    counter.wait_for_url(re.compile("/desk/counter/done/"))
    assert Application.objects.get().status == "correcting"


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_filled_screen_fits_without_scrolling_and_is_accessible(counter, town, axe, lang):
    town.take_in(town.food, n=7)
    counter.goto(f"/desk/counter/?lang={lang}")
    axe(counter)
    fill(counter, town)
    counter.wait_for_selector("#id_allow_duplicate")
    counter.wait_for_function(FITS)
    axe(counter)
    counter.check("#id_allow_duplicate")
    counter.keyboard.press("F9")
    counter.wait_for_url(re.compile("/desk/counter/done/"))
    counter.wait_for_function(FITS)
    axe(counter)


def test_it_works_without_scripts(transactional_db, town, new_page, tmp_path):
    page = new_page(by=town.li, java_script_enabled=False)
    page.goto("/desk/counter/")
    page.fill("#item-q", "spjyxk")
    page.click("button[value=find]")
    page.fill("#id_id_number", citizen_id(7))
    page.fill("#id_name", "赵立新")
    page.fill("#id_mobile", "19900000007")
    page.keyboard.press("Enter")  # never accepts by accident
    assert not Application.objects.exists()
    page.click("#all-paper")
    page.click("#accept")
    assert "/desk/counter/done/" in page.url
    assert Application.objects.get().status == "examining"


@pytest.mark.parametrize("width", [390, 768, 1024])
def test_it_does_not_overflow_on_smaller_screens(transactional_db, town, new_page, width):
    page = new_page(by=town.li, width=width, height=800)
    page.goto(f"/desk/counter/?item={town.food.item.code}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def fill(page, town):
    """A complete form for applicant 7."""
    page.goto(f"/desk/counter/?item={town.food.item.code}")
    page.fill("#id_id_number", citizen_id(7))
    page.fill("#id_name", "赵立新")
    page.fill("#id_mobile", "19900000007")
    page.fill("#id_address", "正阳街")
    page.click("#all-paper")
