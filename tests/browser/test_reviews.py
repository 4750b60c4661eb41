"""Rating pages on the smallest phone, and a manager who pairs and revokes by keyboard, in a real browser."""

from __future__ import annotations

import pytest
from django.conf import settings

from onewindow.voice import actions, placing

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
