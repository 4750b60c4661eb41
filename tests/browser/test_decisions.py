"""The public page of decisions and the department's own: readable for everybody, in both languages, on a phone."""

import pytest
from playwright.sync_api import expect

from onewindow.cases import rounds
from onewindow.cases.worker import follow
from onewindow.org.models import forget_calendar
from onewindow.window import actions
from onewindow.window.models import Publication
from tests.town import at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def fresh_calendar():
    forget_calendar()
    yield
    forget_calendar()


def test_the_public_finds_a_licence_and_the_head_takes_a_wrong_one_back(
    town, new_page, axe, browser_problems
):
    actions.decide(town.accepted(), by=town.wang, result="grant")
    follow()
    Publication.objects.update(planned_at=at("2020-01-01 10:00"))
    rounds.go()
    page = new_page()
    for query in ("", "?lang=en", "?lang=zh-hans&elder=1"):
        page.goto(f"/decisions/{query}")
        axe(page)
    page.goto("/decisions/?elder=0")
    page.get_by_label("部门").select_option("MSA")
    page.wait_for_url("**department=MSA**")
    page.get_by_role("link", name="张**").click()
    expect(page.get_by_text("决定书文号")).to_be_visible()
    axe(page)
    phone = new_page(width=390, height=844)
    phone.goto("/decisions/")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390

    head = new_page(by=town.head, width=390, height=844)
    head.goto("/desk/publicity/?show=published")
    axe(head)
    head.get_by_role("link", name="食品经营许可（新办）").click()
    head.get_by_text("从公示页面撤下").click()
    axe(head)
    head.get_by_role("button", name="撤下", exact=True).click()
    expect(head.get_by_role("alert")).to_contain_text("原因")
    head.get_by_label("原因", exact=False).last.fill("公示了他人的决定")
    head.get_by_role("button", name="撤下", exact=True).click()
    expect(head.get_by_role("status").first).to_contain_text("原因已留存")
    assert page.goto(page.url).status == 404
    assert [p[-22:] for p in browser_problems] == [
        "(Unprocessable Entity)",
        "status of 404 (Not Found)"[-22:],
    ]
    browser_problems.clear()
