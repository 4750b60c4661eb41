"""The browser fixtures catch what they promise to catch."""

import pytest
from django.http import HttpResponse
from django.urls import path
from playwright.sync_api import Error

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

GOOD = """<!doctype html><html lang="zh-CN"><head><title>办件</title></head>
<body><main><h1>办件</h1><p id="who">%s</p></main></body></html>"""
BAD = """<!doctype html><html><head><title>x</title><link rel="icon" href="data:,"></head>
<body><script>document.title = "ran"</script><img src="/static/none.png"></body></html>"""


def good(request):
    return HttpResponse(GOOD.replace("<title>", '<link rel="icon" href="data:,"><title>') % request.user)


def bad(request):
    return HttpResponse(BAD)


urlpatterns = [path("good/", good), path("bad/", bad)]
here = pytest.mark.urls(__name__)


@here
def test_a_good_page_passes(page, axe):
    page.goto("/good/")
    assert page.title() == "办件"
    axe(page)


@here
def test_a_person_is_signed_in_without_the_form(town, new_page):
    page = new_page(by=town.li)
    page.goto("/good/")
    assert page.text_content("#who") == str(town.li)


@here
def test_inline_script_is_stopped_and_reported(page, browser_problems, axe):
    page.goto("/bad/")
    assert page.title() == "x"
    assert any("Content Security Policy" in line for line in browser_problems)
    assert any("404" in line for line in browser_problems)
    with pytest.raises(AssertionError, match="image-alt"):
        axe(page)
    browser_problems.clear()


@here
def test_another_server_is_out_of_reach(page, browser_problems):
    with pytest.raises(Error, match="ERR_"):
        page.goto("http://192.0.2.1:9/", timeout=3000)
    assert browser_problems == ["request to http://192.0.2.1:9/"]
    browser_problems.clear()
