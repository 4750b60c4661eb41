"""The net under the tests holds."""

import socket
import urllib.request

import pytest
from django.template import Context, Origin, Template, engines

from onewindow.config.settings import BASE_DIR


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
