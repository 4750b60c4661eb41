"""What people say, in public and at the desk: open to everybody, on phones and counter PCs, in both languages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onewindow.config.settings import BASE_DIR
from onewindow.hall.models import Ticket
from onewindow.org.models import Person
from onewindow.voice import actions, again, examining, inviting, legacy, publishing, sealing, tallies, visits
from onewindow.voice.models import Review
from onewindow.window.models import Application
from tests.hall.conftest import build_hall
from tests.town import at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
#: A folder for pictures of the pages (for looking at them, and for the documentation).
PICTURES = os.environ.get("PICTURES_OF_PAGES", "")


@pytest.fixture
def said(town, monkeypatch):
    """Seven reviews of the day before yesterday; one is changed, one published with a reply; signals and sums are made."""
    import time_machine

    actions.load_indicators(BASE_DIR / "data/indicators.csv")
    with time_machine.travel(at("2026-11-16 10:00"), tick=False) as clock:
        Person.objects.filter(pk=town.li.pk).update(mobile="19900009999")
        for n, level in enumerate((5, 5, 5, 4, 5, 2, 3), 1):
            mobile = "19900009999" if n < 6 else f"1990000{n:04d}"
            a = town.accepted(applicant=town.applicant(n, mobile=mobile))
            r = actions.review(
                a,
                "accepted",
                level=level,
                codes=["209"] if level == 2 else [],
                text="等了很久，我叫张三6" if level == 2 else "",
            )
            if level == 2:
                publishing.rule(r, by=town.bai, publish=True, text="等了很久，我叫■■■")
                publishing.reply(r, by=town.head, text="已增开窗口，等候时间缩短。")
                town.low = r
        actions.review(town.accepted(n=8), "accepted", level=1, text="材料要了两次")
        clock.move_to(at("2026-11-16 12:00"))
        again.change(Application.objects.with_facts().get(number=a.number), "accepted", level=4)
        inviting.expect(a, "accepted", at("2026-11-16 10:00"))
        hall = build_hall(town)
        hall.take()
        hall.served(hall.call(), outcome="consulted")
        visits.give(Ticket.objects.get(), level=2, text="没说清楚")
        legacy.switch(town.hall, True, by=town.zhou)
        legacy.give(town.counter, by=town.zhou)
        clock.move_to(at("2026-11-23 08:00"))
        tallies.bring_up_to_date()
        examining.weekly(1)
    return town


def seen(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("lang", "width"), [("zh-hans", 390), ("en", 1366)])
def test_the_public_pages_are_open_to_everybody(said, new_page, axe, lang, width):
    page = new_page(width=width, height=844)
    for name, path in (
        ("city", ""),
        ("items", "items/"),
        ("item", "items/ZD-MSA-001/"),
        ("hall", "halls/H2/"),
    ):
        page.goto(f"/reviews/{path}?lang={lang}&period=2026-11")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        axe(page)
        seen(page, f"public-{name}-{lang}-{width}")


@pytest.mark.parametrize(("lang", "width"), [("zh-hans", 1366), ("en", 390)])
def test_the_desk_pages_are_open_to_everybody(said, new_page, axe, lang, width):
    page = new_page(by=said.bai, width=width)
    paths = {
        "list": "?since=2026-11-01", "one": f"one/{said.low.event_id}/", "texts": "texts/", "windows": "windows/?period=2026-11",
        "signals": "signals/", "enter": "enter/", "asking": "asking/", "visits": "visits/", "province": "province/",
        "old": "old-evaluators/",
    }  # fmt: skip
    for name, path in paths.items():
        page.goto(f"/desk/reviews/{path}{'&' if '?' in path else '?'}lang={lang}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        axe(page)
        seen(page, f"desk-{name}-{lang}-{width}")


def test_a_verdict_told_by_telephone_is_entered_by_keyboard(said, new_page, axe):
    a = Application.objects.order_by("-id").first()
    page = new_page(by=said.bai)
    with_open = said.accepted(n=40)
    page.goto("/desk/reviews/enter/")
    page.locator("[name=number]").fill(with_open.number)
    page.locator("[name=number]").press("Enter")
    page.locator("[name=level][value='2']").check()
    page.locator("[name=touchpoint]").first.check()
    page.locator("[name=why]").fill("老人，不识字")
    axe(page)
    seen(page, "desk-enter2")
    page.locator("[name=why]").press("Enter")
    page.get_by_text("评价已登记").wait_for()
    assert again.said(with_open)[0].review.is_assisted and a is not None


def test_the_sealed_days_and_the_proof_of_a_review_read_well_on_a_phone(said, new_page, axe):
    for day in sealing.due(at("2026-11-18 09:00")):
        sealing.seal(day)
    key = Review.objects.earliest("pk").event_id
    page = new_page(width=390, height=844)
    page.goto("/reviews/roots/")
    axe(page)
    page.get_by_label("评价编号").fill(key)
    page.get_by_role("button", name="验证").click()
    page.get_by_text("未被改动").wait_for()
    axe(page)
    for address in ("/reviews/roots/?lang=en", f"/reviews/proof/?id={key}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_the_page_of_the_order_of_the_faces_is_a_page_like_the_others(said, town, new_page, axe):
    page = new_page(by=town.bai)
    page.goto("/desk/reviews/signals/")
    page.get_by_role("link", name="表情顺序").click()
    page.get_by_role("heading", name="表情顺序").wait_for()
    axe(page)
