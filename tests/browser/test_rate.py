"""Rating on a phone and the staff's side of it, as browsers see them."""

import pytest

from onewindow.config.settings import BASE_DIR
from onewindow.voice import actions, placing
from onewindow.voice.models import Review

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def case(town):
    actions.load_indicators(BASE_DIR / "data/indicators.csv")
    return town.accepted()


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["script", "no script"])
def test_a_person_rates_on_a_phone(case, new_page, options):
    page = new_page(width=390, height=844, **options)
    page.goto(f"/rate/{case.track_token}")
    page.locator(".ow-face--4").click()
    page.get_by_text("服务态度较好").click()
    page.locator("textarea").fill("谢谢")
    page.locator("main form button:not([name])").last.click()
    page.wait_for_url("**thanks=1")
    review = Review.objects.get()
    assert (review.level, review.codes, review.text, review.channel) == (4, ["413"], "谢谢", 2)


@pytest.mark.parametrize("query", ["", "?score=1", "?lang=en", "?score=2&lang=en", "?score=5&elder=1"])
def test_the_phone_pages_are_open_to_everybody(case, new_page, axe, query):
    page = new_page(width=390, height=844)
    page.goto(f"/rate/{case.track_token}{query}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    axe(page)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_staff_pages_are_open_to_everybody(case, town, new_page, axe, lang):
    actions.review(case, "accepted", level=1, codes=["110"], text="等了很久")
    pairing, _token = placing.offer_pairing(model="tablet")
    placing.pair(pairing, town.counter, by=town.zhou)
    page = new_page(by=town.zhou)
    for path in ("/desk/devices/", "/desk/reviews/", "/desk/reviews/?show=all"):
        page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1366
        axe(page)
