"""Rating pages on the smallest phone, and a manager who pairs and revokes by keyboard, in a real browser."""

from __future__ import annotations

import pytest
from django.conf import settings

from onewindow.voice import actions, inviting, legacy, placing
from onewindow.voice.invitation_models import Invitation
from onewindow.voice.visit_models import VisitVerdict
from tests.hall.conftest import build_hall

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


#: What a thumb would miss: buttons and labels lower than 44 px (MIIT 适老化, 2021).
SMALL = """[...document.querySelectorAll("main button, main .ow-rate__code, main .ow-btn")]
    .filter(x => x.offsetParent && x.offsetHeight < 44).map(x => x.outerHTML.slice(0, 90))"""


@pytest.fixture
def town(town):
    actions.load_indicators(settings.BASE_DIR / "data/indicators.csv")
    return town


@pytest.mark.parametrize("query", ["?lang=zh-hans", "?lang=en", "?elder=1"])
def test_the_rating_pages_are_accessible_and_fit_the_phone(town, new_page, axe, query):
    a = town.accepted()
    page = new_page(width=320, height=700)
    for more in ("", "&score=1", "&thanks=1"):
        page.goto(f"/rate/{a.track_token}{query}{more}")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("query", ["?lang=zh-hans", "?lang=en", "?elder=1"])
def test_the_pages_that_ask_by_link_by_ticket_and_by_address_are_accessible_and_fit_the_phone(
    town, new_page, axe, query, monkeypatch
):
    a = town.accepted()
    asked = inviting.expect(a, "accepted", a.accepted_at)
    Invitation.objects.update(asked=1, state="sent")
    hall = build_hall(town)
    legacy.switch(town.hall, True, by=town.zhou)
    address = legacy.give(town.counter, by=town.zhou).code
    with monkeypatch.context() as patch:
        patch.setattr(settings, "DEMO", True)  # a hall that never closes, whenever this runs
        ticket = hall.take()
    hall.served(hall.call(), outcome="consulted")
    page = new_page(width=320, height=700)
    visit = f"/hall/t/{ticket.visit.key}/rate/{ticket.number}/"
    for path in (inviting.url(asked).partition("/r/")[2], ""):
        for more in ("", "&score=1"):
            page.goto(f"/r/{path}{query}{more}" if path else f"{visit}{query}{more}")
            axe(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            assert page.evaluate(SMALL) == []
    page.goto(f"/e/{address}{query}")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320 and page.evaluate(SMALL) == []
    page.locator(".ow-face").last.click()
    page.locator("[name=text]").fill("没说清楚")
    page.get_by_role("button", name="提交评价" if "en" not in query.split("=") else "Send my verdict").click()
    page.wait_for_url("**thanks=1**")
    assert [(v.level, v.channel) for v in VisitVerdict.objects.all()] == [(1, 5)]


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_manager_pairs_moves_and_revokes_by_keyboard_and_screen_reader(town, new_page, axe, lang):
    pairing, token = placing.offer_pairing(model="tablet", app_version="1")
    page = new_page(by=town.zhou)
    page.goto(f"/desk/devices/?lang={lang}")
    axe(page)
    page.locator("[name=code]").fill(str(pairing))
    page.locator("[name=counter]").select_option(index=1)
    page.locator("[name=code]").press("Enter")
    page.get_by_text(pairing.check_number).wait_for()
    axe(page)
    page.locator("[name=confirm]").press("Enter")
    page.wait_for_url("**/desk/devices/")
    device, _secret = placing.collect_secret(token)
    page.locator(f"a[href='/desk/devices/{device.code}/']").press("Enter")
    page.wait_for_url(f"**/{device.code}/")
    axe(page)
    page.locator("details.ow-confirm > summary").press("Enter")
    page.locator("[name=revoke]").press("Enter")
    page.wait_for_url("**/desk/devices/")
    device.refresh_from_db()
    assert device.state == "revoked"
