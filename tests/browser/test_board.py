"""The leaders' pages in a browser: on a desk, on a phone, on the wall, without scripts."""

import pytest
from playwright.sync_api import expect

from onewindow.cases import instant
from tests.town import at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def town(transactional_db):
    from onewindow.cases.worker import wake
    from tests.town import build

    found = build()
    with instant.simulated(at("2026-10-12 10:00")):
        found.accepted(n=1), found.accepted(found.health, n=2)
    found.take_in(n=3)
    wake()
    return found


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize(("address", "width", "height"), [
    ("/board/", 1366, 650), ("/board/", 390, 844), ("/board/screen/", 1920, 1080), ("/board/screen/", 390, 844),
])  # fmt: skip
def test_the_figures_fit_every_screen_and_reader(town, new_page, axe, address, width, height, lang):
    page = new_page(by=town.leader, width=width, height=height)
    page.goto(f"{address}?lang={lang}")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_wall_shows_everything_without_scrolling(town, new_page):
    page = new_page(by=town.bai, width=1920, height=1080)
    page.goto("/board/screen/")
    cut = "p => p.scrollHeight > p.clientHeight + 1"
    assert page.evaluate(f"[...document.querySelectorAll('.ow-panel')].filter({cut}).length") == 0


def test_a_number_is_one_click_from_its_list(town, new_page):
    page = new_page(by=town.leader)
    page.goto("/board/")
    page.click(".ow-stat:has-text('当前超期') .ow-stat__v")
    page.wait_for_url("**/desk/?show=open&light=late")
    assert page.locator("tbody tr").count() == 2


def test_the_wall_renews_itself_and_says_when_it_cannot(town, new_page, browser_problems):
    page = new_page(by=town.leader, width=1920, height=1080)
    page.clock.install()
    page.goto("/board/screen/")
    received = page.locator(".ow-nums dd a").first
    expect(received).to_have_text("1")
    town.take_in(n=4)
    page.clock.run_for(31_000)
    expect(received).to_have_text("2")
    page.context.set_offline(True)
    page.clock.run_for(31_000)
    expect(page.locator("#board-as-of")).to_contain_text("连接中断")
    expect(received).to_have_text("2")
    browser_problems.clear()  # the browser reports the lost connection


def test_without_scripts_the_same_figures(town, new_page):
    page = new_page(by=town.leader, java_script_enabled=False)
    page.goto("/board/")
    assert page.locator(".ow-tally .ow-stat").count() == 8
    page.goto("/board/screen/")
    assert page.locator(".ow-square").count() == 2
