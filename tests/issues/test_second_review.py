"""追评 that is bad again: the issue is worked on further, reopened, or followed by a linked one, with the review itself."""

import pytest
from django.db import transaction

from onewindow.cases import worker
from onewindow.cases.flow import Stale
from onewindow.issues import actions, opening
from onewindow.issues.models import Issue, Kin, Said
from onewindow.voice import again, low_marks
from onewindow.voice.models import Review
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db


def case_of(i):
    return Application.objects.with_facts().get(number=i.application)


def say_again(i, level=1, text="还是没解决"):
    return again.add(case_of(i), "accepted", level=level, text=text)


def test_while_the_issue_is_open_the_words_are_added_to_it(life, town, monday):
    i = life.contacted(life.review())
    monday.move_to(at("2026-11-25 10:00"))
    say_again(i)
    i.refresh_from_db()
    assert (Issue.objects.count(), i.status, i.reopened) == (1, "contacted", 0)
    assert Said.objects.last().text == "还是没解决"


def test_one_that_was_answered_or_has_ended_is_reopened_and_goes_round_once_more(life, town, monday):
    i = life.closed(life.review())
    monday.move_to(at("2026-11-30 10:00"))
    say_again(i)
    i.refresh_from_db()
    assert (Issue.objects.count(), i.status, i.reopened, i.outcome, i.closed_at) == (
        1,
        "assigned",
        1,
        "",
        None,
    )
    assert Review.objects.get(nth=2).level == 1
    line = low_marks.lines(Review.objects.filter(nth=2), town.bai)[0]
    assert line.issue == i.number


def test_past_its_days_a_new_one_is_opened_and_both_are_linked(life, town, monday):
    i = life.closed(life.review())
    Issue.objects.filter(pk=i.pk).update(closed_at=at("2026-11-10 10:00"))
    monday.move_to(at("2026-12-01 10:00"))
    say_again(i)
    new = Issue.objects.exclude(pk=i.pk).get()
    i.refresh_from_db()
    assert (i.status, new.status, new.source) == ("closed", "assigned", f"{i.application} accepted 2")
    assert [(k.a_id, k.b_id) for k in Kin.objects.all()] == [(i.pk, new.pk)]
    assert low_marks.lines(Review.objects.filter(nth=2), town.bai)[0].issue == new.number


@pytest.mark.parametrize("outcome", ["withdrawn", "merged", "unfounded"])
def test_what_its_reporter_took_back_or_a_panel_ruled_on_is_followed_by_a_new_one(life, monday, outcome):
    i = life.review()
    more = (
        {"merged_into": life.stuck()}
        if outcome == "merged"
        else {
            "panel_size": 3,
            "panel_outside": 1,
            "cause": "unfounded",
            "prevention": "none",
            "prevention_note": "无",
        }
    )
    ended = {"status": "closed", "closed_at": at("2026-11-24 10:00"), "outcome": outcome}
    Issue.objects.filter(pk=i.pk).update(**ended | (more if outcome != "withdrawn" else {}))
    monday.move_to(at("2026-11-25 10:00"))
    say_again(i)
    new = Issue.objects.filter(origin="review").exclude(pk=i.pk).get()
    assert new.source == f"{i.application} accepted 2"


def test_a_changed_verdict_that_is_bad_again_reopens_what_was_settled_meanwhile(life, town, monday):
    i = life.closed(life.review(level=2))
    again.change(case_of(i), "accepted", level=1, text="其实更糟")
    i.refresh_from_db()
    assert (i.status, i.reopened, Issue.objects.count()) == ("assigned", 1, 1)


def test_a_good_second_review_moves_nothing(life, monday):
    i = life.closed(life.review())
    monday.move_to(at("2026-11-25 10:00"))
    say_again(i, level=5, text="办好了")
    i.refresh_from_db()
    assert (i.status, Issue.objects.count()) == ("closed", 1)


def test_a_crash_while_reopening_takes_neither_the_review_nor_the_reopening(life, monday, monkeypatch):
    i = life.closed(life.review())
    monday.move_to(at("2026-11-25 10:00"))

    def dies(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(opening, "reopen", dies)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            say_again(i)
    i.refresh_from_db()
    assert (Review.objects.count(), i.status) == (1, "closed")
    say_again(i)
    i.refresh_from_db()
    assert (Review.objects.count(), i.status) == (2, "assigned")


def test_somebody_who_works_on_it_in_the_same_moment_does_not_make_the_review_fail(life, monday, monkeypatch):
    i = life.closed(life.review())
    monday.move_to(at("2026-11-25 10:00"))
    real, met = actions.reopen, []

    def stale_once(case, **given):
        if not met:
            met.append(case.version)
            raise Stale
        return real(case, **given)

    monkeypatch.setattr(opening, "reopen", stale_once)
    say_again(i)
    i.refresh_from_db()
    assert (i.status, Review.objects.filter(nth=2).count()) == ("assigned", 1)


def test_an_upheld_appeal_against_the_second_issue_sets_the_second_review_aside(life, town, monday):
    i = life.review()
    Issue.objects.filter(pk=i.pk).update(
        status="closed", closed_at=at("2026-11-24 10:00"), outcome="withdrawn"
    )
    monday.move_to(at("2026-11-25 10:00"))
    say_again(i)
    new = Issue.objects.exclude(pk=i.pk).get()
    Issue.objects.filter(pk=new.pk).update(status="appealed")
    new.refresh_from_db()
    votes = [
        {"person": p, "name": n, "is_outside": p is None, "upholds": p is not None, "reason": "与本窗口无关"}
        for p, n in ((town.leader, "郑市长"), (town.bai, "白科长"), (None, "体验官"))
    ]
    actions.uphold(new, by=town.bai, votes=votes, answer="与事实不符")
    worker.follow()
    assert [hasattr(r, "exclusion") for r in Review.objects.order_by("nth")] == [False, True]
