"""One verdict a touchpoint, kept for good."""

import threading

import pytest
from django.db import DatabaseError, connection, connections, transaction

from onewindow.voice import actions
from onewindow.voice.models import Indicator, Review
from onewindow.window import actions as window
from tests.town import at

pytestmark = pytest.mark.django_db


def test_the_national_list_has_eight_reasons_a_level_three_of_them_core(town, settings):
    rows = Indicator.objects.published()
    assert [
        (lv, rows.filter(level=lv).count(), rows.filter(level=lv, is_core=True).count())
        for lv in (5, 4, 3, 2, 1)
    ] == [(lv, 8, 3) for lv in (5, 4, 3, 2, 1)]
    assert actions.load_indicators(settings.BASE_DIR / "data/indicators.csv") == 0


def test_a_review_remembers_where_and_by_whom_the_person_was_served(town):
    a = town.accepted()
    r = actions.review(a, "accepted", level=4, codes=["408", "406", "406"], text=" 很好\r\n谢谢 ")
    assert (r.codes, r.text, r.channel, r.is_default) == (["406", "408"], "很好\n谢谢", 2, False)
    assert (r.counter, r.hall, r.office, r.item_code, r.clerk) == (
        town.counter,
        town.hall,
        town.msa,
        "ZD-MSA-001",
        "li",
    )


def test_a_touchpoint_is_reviewed_once(town):
    a = town.accepted()
    actions.review(a, "accepted", level=1, codes=["110"])
    with pytest.raises(actions.AlreadyReviewed):
        actions.review(a, "accepted", level=5)
    assert Review.objects.get().level == 1


@pytest.mark.parametrize(
    "change", [lambda r: Review.objects.filter(pk=r.pk).update(level=5), lambda r: r.delete()]
)
def test_the_database_refuses_to_change_or_delete_a_review(town, change):
    r = actions.review(town.accepted(), "accepted", level=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(r)
    assert Review.objects.get().level == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_counts(town):
    a = town.accepted()
    start, outcomes = threading.Barrier(4), []

    def answer(level):
        try:
            start.wait(timeout=60)
            actions.review(a, "accepted", level=level)
            outcomes.append("taken")
        except actions.AlreadyReviewed:
            outcomes.append("already")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=answer, args=(n,)) for n in (5, 4, 2, 1)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(outcomes) == ["already", "already", "already", "taken"]
    assert Review.objects.count() == 1
    connection.close()


def test_reasons_of_another_level_are_refused_and_named(town):
    with pytest.raises(actions.BadCodes) as bad:
        actions.review(town.accepted(), "accepted", level=5, codes=["510", "108", "xyz"])
    assert bad.value.which == ["108", "xyz"]
    assert not Review.objects.exists()


def test_what_has_not_been_reached_or_is_long_past_is_not_open(town, monday):
    a = town.take_in()
    assert actions.rateable(a) == []
    with pytest.raises(actions.NotOpenForReview):
        actions.review(a, "accepted", level=5)
    window.accept(a, by=town.li)
    monday.move_to(at("2026-12-08 09:59"))
    assert actions.rateable(a) == ["accepted"]
    monday.move_to(at("2026-12-08 10:01"))
    assert actions.rateable(a) == []
    with pytest.raises(actions.NotOpenForReview):
        actions.review(a, "accepted", level=5)


def test_an_item_decided_on_the_spot_is_one_service_with_one_review(town):
    a = town.accepted(town.proof)
    window.decide(a, by=town.li, result="grant")
    assert actions.rateable(a) == []
    window.deliver(a, by=town.li)
    assert actions.rateable(a) == ["delivered"]


@pytest.mark.parametrize(
    ("level", "text", "code"), [(6, "", "bad_level"), (0, "", "bad_level"), (5, "字" * 501, "too_long")]
)
def test_nonsense_is_refused(town, level, text, code):
    with pytest.raises(actions.NotPossible) as bad:
        actions.review(town.accepted(), "accepted", level=level, text=text)
    assert bad.value.code == code


def test_a_hostile_text_is_stored_without_what_a_database_or_reader_trips_over(town):
    r = actions.review(town.accepted(), "accepted", level=2, text="慢\x00\ud800太\u202e慢\t了")
    r.refresh_from_db()
    assert r.text == "慢太慢 了"
