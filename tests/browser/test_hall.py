"""The queue in a real browser: the clerk's F2, the visitor's phone, the machine and the display."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from onewindow.hall.models import Ticket
from tests.hall.conftest import build_hall

pytestmark = pytest.mark.browser


@pytest.fixture
def hall(transactional_db, town, settings):
    settings.DEMO = True  # a demonstration never closes: the browser lives in real time
    return build_hall(town)


def test_a_clerk_calls_serves_and_finishes_by_f2_and_the_form_stays(hall, new_page, axe):
    hall.take(), hall.take()
    page = new_page(by=hall.li)
    page.goto("/desk/counter/")
    page.locator("#id_name").fill("张三")
    page.keyboard.press("F2")
    expect(page.locator("#hall-strip b")).to_have_text("A001")
    axe(page)
    page.keyboard.press("F2")
    expect(page.locator("#hall-strip summary")).to_contain_text("办结")
    page.keyboard.press("F2")
    page.wait_for_function("() => document.activeElement && document.activeElement.matches('[data-first]')")
    axe(page)
    page.keyboard.press("4")
    expect(page.locator("#hall-strip b")).to_have_text("A002")
    expect(page.locator("#id_name")).to_have_value("张三")
    assert list(Ticket.objects.order_by("id").values_list("state", "outcome")) == [
        ("finished", "consulted"),
        ("called", ""),
    ]
    for address in ("/desk/hall/queue/", "/desk/counter/today/"):
        page.goto(address)
        axe(page)


def test_one_ticket_after_the_other_is_worked_by_keyboard_on_the_queues_own_page(
    hall, new_page, browser_problems
):
    for _ in range(3):
        hall.take()
    page = new_page(by=hall.li)
    page.goto("/desk/hall/queue/")
    said = page.locator("[aria-labelledby=h-now]")

    def press(key, sees):
        page.keyboard.press(key)
        expect(said).to_contain_text(sees)

    press("F2", "A001")
    press("F2", "办结")
    page.keyboard.press("4")
    press("F2", "A002")
    press("F4", "已叫 2 次")
    press("F4", "已叫 3 次")
    press("F6", "窗口暂无人")
    expect(page.locator("#hq-held b")).to_have_text("A002")
    press("F2", "A003")
    press("F2", "办结")
    page.keyboard.press("5")
    press("F2", "请写明未能办成的原因")  # it could not be done, and nothing says why
    expect(page.locator("#id_reason")).to_be_focused()
    page.keyboard.type("系统停机")
    press("F2", "窗口暂无人")
    browser_problems[:] = [
        p for p in browser_problems if "422" not in p
    ]  # the browser notes the missing reason
    ended = Ticket.objects.order_by("id").values_list("number", "state", "outcome")
    assert list(ended) == [
        ("A001", "finished", "consulted"), ("A002", "passed", ""), ("A003", "finished", "could_not"),
    ]  # fmt: skip


def test_who_comes_appears_by_itself_unless_somebody_is_writing_there(hall, new_page):
    hall.take()
    page = new_page(by=hall.li)
    page.clock.install()
    page.goto("/desk/hall/queue/")
    lines = page.locator("#hq-wait li")
    expect(lines).to_have_count(1)
    hall.take()
    page.clock.run_for(16000)
    expect(lines).to_have_count(2)
    page.locator("#hq-wait summary").first.click()
    page.keyboard.type("老人不便")
    hall.take()
    page.clock.run_for(16000)
    expect(page.locator("#hq-wait input[name=reason]").first).to_have_value("老人不便")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.clock.run_for(16000)
    expect(lines).to_have_count(3)


def test_a_machine_left_half_way_begins_anew_and_a_display_shows_the_servers_time(hall, new_page):
    machine = new_page(width=1280, height=1024)
    machine.clock.install(time="2026-01-01T00:00:00Z")
    machine.goto("/hall/H1/kiosk/?lang=en")
    machine.get_by_text("A Licences").click()
    machine.clock.run_for(30000)
    expect(machine.locator("input[name=group]:checked")).to_have_count(1)
    machine.clock.run_for(31000)
    expect(machine.locator("h1")).to_have_text("请选择您要办的业务")
    expect(machine.locator("input[name=group]:checked")).to_have_count(0)
    machine.goto("/hall/H1/board/")
    today = timezone.localtime()
    expect(machine.locator("[data-day]")).to_have_text(f"{today:%Y-%m-%d}")
    expect(machine.locator("[data-clock]")).to_have_text(re.compile(f"{today:%H}:"))


def test_from_the_machine_to_the_phone_and_the_display(hall, new_page, axe):
    hall.a.slot_capacity = 2
    hall.a.save()
    machine = new_page(width=1280, height=1024)
    machine.goto("/hall/H1/kiosk/")
    axe(machine)
    machine.get_by_text("A 企业开办与许可").click()
    machine.get_by_role("button", name="取号").click()
    expect(machine.locator(".sl__no")).to_have_text("A001")
    axe(machine)
    visit = Ticket.objects.get().visit
    phone = new_page(width=390, height=844)
    phone.goto(f"/hall/t/{visit.key}/?lang=en")
    expect(phone.locator(".ow-now__big")).to_have_text("You are next")
    axe(phone)
    for address in ("/hall/", "/hall/H1/", "/hall/H1/book/?group=A"):
        phone.goto(address)
        axe(phone)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    hall.call()
    phone.goto(f"/hall/t/{visit.key}/")
    expect(phone.locator(".ow-now__big")).to_have_text("Please go to Comprehensive window 03")
    screen = new_page(width=1080, height=1920, java_script_enabled=False)
    screen.goto("/hall/H1/board/")
    expect(screen.locator(".hb-calls li").first).to_have_text(re.compile("A001.*综合受理窗口 03", re.S))
    wall = new_page(width=1920, height=1080)
    wall.goto("/hall/H1/board/")
    axe(wall)
    wall.goto("/hall/H1/window/03/")
    axe(wall)


def test_the_managers_pages_read_well(hall, new_page, axe):
    ticket, _second = hall.take(), hall.take()
    hall.call()
    page = new_page(by=hall.zhou)
    for address in (
        f"/desk/hall/tickets/{ticket.pk}/",
        "/desk/hall/", "/desk/hall/waits/", "/desk/hall/tickets/", "/desk/hall/shifts/", "/desk/hall/groups/new/",
    ):  # fmt: skip
        page.goto(address)
        axe(page)
