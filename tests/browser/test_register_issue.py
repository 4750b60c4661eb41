"""办不成事登记: in under a minute. What a pair of hands has to do is counted, never timed: a character is a fifth of a second,
every other key or tap one whole second, more than people need."""

import pytest

from onewindow.issues import opening
from onewindow.issues.models import Issue
from tests.issues.conftest import town  # noqa: F401 – the codes of the county, and window 29

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = "窗口说营业执照地址和许可证不一致，不给受理，前后来了三次。"


class Hands:
    """Two hands at a keyboard, or a thumb on a phone."""

    def __init__(self, page):
        self.page, self.typed, self.choices = page, 0, 0

    def type(self, text):
        self.page.keyboard.insert_text(text)
        self.typed += len(text)

    def press(self, key, times=1):
        for _ in range(times):
            self.page.keyboard.press(key)
        self.choices += times

    def tap(self, label, role=""):
        found = self.page.get_by_role(role, name=label) if role else self.page.get_by_label(label)
        found.click()
        self.choices += 1

    @property
    def seconds(self):
        return self.typed / 5 + self.choices

    def said(self, where):
        print(f"{where}: {self.typed} characters, {self.choices} choices, {self.seconds:.0f} s")
        return self.typed, self.choices


def test_at_the_window_by_keyboard_alone(town, new_page):  # noqa: F811
    page = new_page(by=town.li)
    page.goto("/desk/issues/register/")
    hands = Hands(page)
    hands.type("spjyxk")  # the first field has the focus
    hands.press("Tab", 2)
    hands.type(WORDS)
    hands.press("Tab", 2)
    hands.type("19900000001")
    hands.press("Enter")  # in a field of one line Enter registers
    page.get_by_role("heading", name="已登记").wait_for()
    i = Issue.objects.get()
    assert (i.item, i.text, i.reporter_mobile, i.counter) == (
        town.food.item,
        WORDS,
        "19900000001",
        town.window29,
    )
    assert hands.said("window, nothing known") == (len(WORDS) + 17, 5) and hands.seconds < 20


def test_from_a_case_only_the_words_are_typed(town, new_page):  # noqa: F811
    a = town.accepted()
    page = new_page(by=town.li)
    page.goto(f"/desk/issues/register/?number={a.number}")
    hands = Hands(page)
    hands.press("Tab")  # over the kind
    hands.type(WORDS)
    hands.press("Tab", 3)  # photos, window, the button
    hands.press("Enter")
    page.get_by_role("heading", name="已登记").wait_for()
    i = Issue.objects.get()
    assert (i.application, i.item, i.reporter_mobile, i.text) == (
        a.number,
        town.food.item,
        "19900000001",
        WORDS,
    )
    assert hands.said("window, case known") == (len(WORDS), 5) and hands.seconds < 15


def test_on_a_phone_by_the_code_at_the_window_and_by_a_slip(town, new_page):  # noqa: F811
    page = new_page(width=390, height=800, java_script_enabled=False)
    page.goto("/stuck/H1/29/")
    hands = Hands(page)
    hands.tap("发生了什么？")
    hands.type(WORDS)
    hands.tap("手机号")
    hands.type("19900000001")
    hands.tap("提交", "button")
    page.locator(".ow-now__big").wait_for()
    assert hands.said("phone, code at the window") == (len(WORDS) + 11, 3) and hands.seconds < 20
    r = opening.say_no(
        by=town.li, hall=town.hall, counter=town.counter, item=town.food.item, reason="papers", basis="…"
    )
    page.goto(f"/no/{r.code}/")
    hands = Hands(page)
    hands.tap("发生了什么？")
    hands.type("材料齐了")
    hands.tap("请求复核", "button")
    page.locator(".ow-now__big").wait_for()
    assert hands.said("phone, slip of a no") == (4, 2) and hands.seconds < 5
    assert Issue.objects.count() == 2
    form = page.goto("/stuck/") and page.locator("form :is(input, textarea, select)[required]")
    assert form.count() == 1  # only the words are needed
