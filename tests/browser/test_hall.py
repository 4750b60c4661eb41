"""The queue in a real browser: the clerk's F2, the visitor's phone, the machine and the display."""

from __future__ import annotations

import re

import pytest
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
