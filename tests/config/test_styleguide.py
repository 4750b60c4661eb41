"""The style guide shows every part, and the parts hold what they promise."""

import re

import pytest
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory

from onewindow.config.settings import BASE_DIR
from onewindow.config.styleguide import SampleForm


@pytest.fixture
def guide(client, db):
    def open_guide(query=""):
        answer = client.get(f"/styleguide/{query}")
        assert answer.status_code == 200
        return answer.content.decode()

    return open_guide


@pytest.mark.parametrize("query", ["", "?lang=en", "?elder=1", "?base=public"])
def test_the_guide_opens_in_each_language_and_density(guide, query):
    html = guide(query)
    assert ('<html lang="en">' if "en" in query else '<html lang="zh-Hans">') in html
    assert (" data-elder" in html) is (query == "?elder=1")
    assert f'data-density="{"public" if "public" in query else "desk"}"' in html


def test_nothing_on_the_page_needs_an_exception_from_the_content_security_policy(guide):
    html = guide()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)", html)


def test_an_error_is_at_its_field_and_in_the_summary(guide):
    html = guide("?lang=en")
    assert 'aria-describedby="id_mobile_error"' in html
    assert re.search(r'id="id_mobile_error">.*?One digit is missing', html, re.S)
    assert re.search(r'<a href="#id_mobile"><b>Mobile</b> One digit is missing', html)


def test_the_link_to_a_radio_leads_to_the_first_one():
    html = render_to_string("parts/errors.html", {"form": SampleForm({"name": "x"})})
    assert 'href="#id_result_by_0"' in html


@pytest.mark.parametrize("name", ["name", "role", "day", "result_by", "reasons", "note", "scan", "agreed"])
def test_every_control_has_a_label(name):
    field = SampleForm()[name]
    html = render_to_string("parts/field.html", {"field": field})
    ids = set(re.findall(r'<(?:input|select|textarea)[^>]*\sid="([^"]+)"', html))
    assert ids
    assert set(re.findall(r'<label[^>]*\sfor="([^"]+)"', html)) == ids


def test_what_an_applicant_typed_cannot_become_markup():
    bound = SampleForm({"name": '"><script>x</script>', "mobile": "1"})
    assert "<script>" not in render_to_string("parts/field.html", {"field": bound["name"]})


@pytest.mark.parametrize("code", ["400", "403", "404", "429"])
def test_an_error_page_says_what_next(code):
    request = RequestFactory().get("/")
    html = render_to_string(f"{code}.html", {}, request)
    assert f">{code}<" in html or f">{code}" in html
    assert 'href="/"' in html


def test_the_page_for_our_own_faults_needs_no_context():
    assert "12345" in render_to_string("500.html")


def test_every_class_is_in_a_style_sheet():
    css = "".join(path.read_text() for path in (BASE_DIR / "static/css").glob("*.css"))
    known = set(re.findall(r"\.(ow-[a-z0-9_-]+)", css, re.I))
    used = set()
    for path in (BASE_DIR / "templates").rglob("*.html"):
        for names in re.findall(r'class="([^"]*)"', re.sub(r"\{[%{].*?[%}]\}", " ", path.read_text())):
            used |= {n for n in names.split() if n.startswith("ow-")}
    assert {n for n in used - known if not n.endswith("-")} == set()


@pytest.mark.browser
@pytest.mark.parametrize("query", ["?lang=zh-hans", "?lang=en", "?elder=1", "?base=public"])
@pytest.mark.parametrize("width", [390, 1366])
def test_the_guide_is_accessible_and_fits_the_screen(db, new_page, axe, query, width):
    page = new_page(width=width)
    page.goto(f"/styleguide/{query}")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.browser
def test_keys_work_and_can_be_switched_off(db, new_page):
    page = new_page()
    page.goto("/styleguide/?lang=en")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "s-q"
    page.keyboard.type("/?")
    assert page.input_value("#s-q") == "/?"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert "F9" in page.text_content(".ow-keys")
    page.keyboard.press("Escape")
    assert page.locator(".ow-keys").count() == 0
    page.evaluate("localStorage.setItem('ow-single-keys', 'off')")
    page.keyboard.press("?")
    assert page.locator(".ow-keys").count() == 0


@pytest.mark.browser
def test_enter_goes_to_the_next_field_at_the_counter(db, new_page):
    page = new_page()
    page.goto("/styleguide/?lang=en")
    page.focus("#id_name")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_mobile"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_role"


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_sign_in_page_wears_our_look_and_says_what_is_missing(client, db, lang):
    html = client.get(f"/accounts/login/?lang={lang}").content.decode()
    assert "ow-login" in html
    assert "/accounts/signup/" not in html
    answer = client.post("/accounts/login/", {"login": "wang", "password": ""}).content.decode()
    assert 'href="#id_password"' in answer
    assert 'value="wang"' in answer


def test_the_pages_of_the_second_factor_wear_our_look(client, db, django_user_model):
    client.force_login(django_user_model.objects.create(username="wang", name="王晓敏"))
    html = client.get("/accounts/2fa/").content.decode()
    assert 'class="ow-card"' in html
    assert "王晓敏" in html
    assert 'class="ow-btn' in client.get("/accounts/logout/").content.decode()


def _styles(name: str) -> set[str]:
    """The classes that one stylesheet dresses."""
    text = re.sub(r"/\*.*?\*/", "", (BASE_DIR / "static/css" / name).read_text(), flags=re.S)
    return set(re.findall(r"\.(-?[a-z][\w-]*)", text))


def _with_parts(name: str, seen: set[str]) -> str:
    """The source of a template, with what it is built on and what it includes."""
    if name in seen:
        return ""
    seen.add(name)
    source = engines["django"].engine.find_template(name)[0].source
    parts = re.findall(r'{% (?:extends|include) "([^"]+)"', source)
    return source + "".join(_with_parts(part, seen) for part in parts)


def test_a_page_loads_the_stylesheets_of_the_classes_that_it_uses():
    """A class that only another page's stylesheet knows does nothing, and nobody sees why."""
    sheets = {path.name: _styles(path.name) for path in (BASE_DIR / "static/css").glob("*.css")}
    anywhere = set().union(*sheets.values())
    undressed = {}
    for path in (BASE_DIR / "templates").rglob("*.html"):
        if "{% extends" not in path.read_text():
            continue
        page = _with_parts(str(path.relative_to(BASE_DIR / "templates")), set())
        dressed = set().union(*(sheets[name] for name in re.findall(r"css/([\w-]+\.css)", page)))
        used = {name for names in re.findall(r'class="([^"{]*)', page) for name in names.split()}
        if missing := sorted((used & anywhere) - dressed):
            undressed[path.name] = missing
    assert undressed == {}


def test_a_dense_table_names_each_number_on_a_phone():
    """There the heads of its columns are gone: a number without a name says nothing."""
    for path in (BASE_DIR / "templates").rglob("*.html"):
        for table in re.findall(r'<table class="[^"]*ow-dense.*?</table>', path.read_text(), re.S):
            cells = re.findall(r"<td[^>]*>", table.replace("%}", "").replace("{%", ""))
            assert [c for c in cells if "data-label" not in c] == [], path.name
