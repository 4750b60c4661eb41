"""What stands in an address may be anything: an answer is a page or an error that says what is wrong, never a breakdown."""

import re

import pytest
from django import forms

from onewindow.config.settings import BASE_DIR
from tests.rules.test_urls import doors, enter, facts  # noqa: F401 – a fixture

#: The first and the last day that Python knows can't be put in a time zone; a cursor is an instant and a key.
ROUNDS = [
    {"*": "0001-01-01", "month": "0001-01", "cursor": "0001-01-01T00:00:00+00:00~1"},
    {"*": "9999-12-31", "month": "9999-12", "cursor": "9999-12-31T23:59:59-12:00~1"},
    {"*": "\0'𠮷\u202e%00", "page": "9" * 30, "cursor": "~~", "days": "-1"},
]
PAPER = re.compile(r"\.pdf|/papers/|metrics|openapi")  # what takes no parameters and takes long


def subclasses(kind):
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def names():
    """Every parameter that some page reads."""
    found = set()
    for path in BASE_DIR.rglob("*.py"):
        found |= set(re.findall(r"""GET\.get(?:list)?\(["'](\w+)""", path.read_text()))
    for form in subclasses(forms.Form):
        if form.__module__.startswith("onewindow.") and "Filter" in form.__name__:
            found |= set(form.base_fields)
    return sorted((found | {"decided_from", "decided_to", "handler", "month"}) - {"lang", "elder"})


def test_the_parameters_are_found():
    assert {"opened_from", "issued_to", "since", "month", "cursor", "q", "sort"} <= set(names())


@pytest.mark.django_db
@pytest.mark.parametrize("visitor", ["stranger", "bai"])
def test_no_address_breaks_an_answer(town, facts, visitor):  # noqa: F811
    client, broken, asked = enter(town, visitor), [], names()
    client.raise_request_exception = False
    for route, _name, address in doors(facts):
        if PAPER.search(route) or ("<" in route and visitor != "stranger"):
            continue
        if client.get(address).status_code >= 400:
            continue  # not this visitor's, or no page
        for values in ROUNDS:
            query = {name: values.get(name, values["*"]) for name in asked}
            if (status := client.get(address, query).status_code) >= 500:
                broken.append(f"{address} {values['*']!r} {status}")
    assert broken == []


def test_every_form_takes_a_day_that_fits_a_calendar():
    """``DayField`` of onewindow/org/fields.py, which refuses what no calendar here knows."""
    plain = [
        str(path.relative_to(BASE_DIR))
        for path in BASE_DIR.rglob("*.py")
        if path.name != "fields.py" and re.search(r"forms\.Date(Time)?Field\(", path.read_text())
    ]
    assert plain == []
