"""Questions of the hot path are compiled once and find what the ORM finds."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.cases import rows
from onewindow.cases.models import Event


def test_a_prepared_question_finds_what_the_orm_finds(town):
    cases = [town.accepted(n=n) for n in (1, 2)]
    build = lambda number, seq: (  # noqa: E731
        Event.objects.filter(number=number, seq__gte=seq, kind__startswith="application.").order_by("-seq").values_list("seq", "kind")
    )  # fmt: skip
    ask = rows.prepared(build)
    for a in cases:
        for seq in (1, 2, 3):
            assert ask(a.number, seq) == list(build(a.number, seq))
    assert ask("x' OR 1=1 --", 0) == []


def test_a_prepared_question_is_compiled_once(town):
    built = []

    @rows.prepared
    def ask(number):
        built.append(number)
        return Event.objects.filter(number=number).values_list("seq")

    with CaptureQueriesContext(connection) as taken:
        assert [ask("a"), ask("b"), ask(town.accepted().number)][:2] == [[], []]
    assert len(built) == 1
    assert sum("cases_event" in q["sql"] and q["sql"].startswith("SELECT") for q in taken) == 3


@pytest.mark.parametrize("missing", [True, False])
def test_an_application_is_complete_when_nothing_required_is_missing(town, missing):
    from onewindow.window import rules

    a = town.take_in(**({"materials": {}} if missing else {}))
    assert (rules.complete(a, town.li) is None) is not missing


def test_a_prepared_question_gives_columns_of_every_type_as_the_orm_does(town):
    town.accepted()

    def build(number):
        return Event.objects.filter(number=number).order_by("seq").values_list("at", "kind", "data")

    number = Event.objects.first().number
    assert rows.prepared(build)(number) == list(build(number))
