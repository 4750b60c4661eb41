"""The net under the tests holds."""

import socket
import tomllib
import urllib.request

import pytest
from django.template import Context, Origin, Template, engines

from onewindow.config.settings import BASE_DIR, PROJECT_DIR


def render(text, origin, **context):
    template = Template(text, Origin(str(origin)), engine=engines["django"].engine)
    return template.render(Context(context))


def test_nothing_reaches_another_machine():
    with pytest.raises(RuntimeError, match="wanted to reach"):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)
    with socket.socket() as s, pytest.raises(RuntimeError, match="wanted to reach"):
        s.connect_ex(("192.0.2.1", 80))


def test_a_variable_that_nobody_gave_is_an_error_in_our_templates_only():
    ours = BASE_DIR / "templates/desk.html"
    with pytest.raises(AssertionError, match="nobody gave the template applicant"):
        render("{{ applicant.name }}", ours, other=1)
    assert render("{{ applicant|default:'-' }}{% if applicant %}x{% endif %}", ours) == "-"
    assert render("{{ name }}", ours, name="张三") == "张三"
    assert render("[{{ applicant|upper }}]", "/elsewhere/admin/base.html") == "[]"


def test_the_package_asks_for_what_the_pinned_requirements_are_made_from():
    wanted = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())["project"]["dependencies"]
    lines = (PROJECT_DIR / "requirements.in").read_text().splitlines()
    assert wanted == [line for line in lines if line and not line.startswith("#")]


def test_the_front_end_lock_names_no_download_address():
    lock = (PROJECT_DIR / "package-lock.json").read_text()
    assert '"resolved"' not in lock and "://" not in lock
