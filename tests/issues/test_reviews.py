"""差评: no bad review without its issue, whatever breaks off; appeals leave the review counted; the facts are attached."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from django.db import DatabaseError, connection, transaction

from onewindow.cases.flow import StepRefused, why_not
from onewindow.cases.worker import follow
from onewindow.issues import actions, links, similar
from onewindow.issues.forms import DismissForm, PanelForm
from onewindow.issues.models import Issue, PanelVote
from onewindow.voice import actions as voice
from onewindow.voice.models import Review
from onewindow.window import actions as window
from tests.town import at


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("level", "text", "opens"),
    [
        (1, "", True),
        (2, "", True),
        (3, "", False),
        (5, "很好", False),
        (3, "互相推诿，没办成", True),
        (4, "没有推诿", False),
    ],
)
def test_one_or_two_stars_or_words_of_complaint_open_an_issue(town, level, text, opens):
    a = town.accepted()
    voice.review(a, "accepted", level=level, text=text)
    assert Issue.objects.filter(origin="review", application=a.number).exists() is opens


@pytest.mark.django_db
def test_contact_is_due_in_one_working_day_and_putting_right_in_five_or_fifteen(town, life):
    i = life.review()
    assert (i.due_at, i.subject, i.office) == (at("2026-11-24 17:00"), town.li, town.msa)
    actions.contact(i, by=town.wang, how="page", text="请您说明情况", note="")
    assert i.due_at == at("2026-11-30 17:00")
    actions.verify(i, by=town.head, founded="yes", finding="…", grade="complex")
    assert i.due_at == at("2026-12-14 17:00")


@pytest.mark.django_db
def test_what_the_system_knows_is_attached_as_it_was(town, monday):
    a = town.accepted(n=1)
    monday.move_to(at("2026-12-02 10:00"))
    window.decide(a, by=town.wang, result="grant")
    window.deliver(a, by=town.li)
    voice.review(a, "delivered", level=1, codes=["110"], text="超时没人解释")
    facts = Issue.objects.get().facts
    assert {k: facts[k] for k in ("late_promise", "late_law", "visits", "visits_promised", "level", "codes")} == {
        "late_promise": True, "late_law": False, "visits": 2, "visits_promised": 1, "level": 1, "codes": ["110"],
    }  # fmt: skip
    assert facts["complaint"] == ["超时", "没人解释"]


@pytest.mark.django_db
def test_a_review_sent_twice_has_one_issue(town):
    a = town.accepted()
    for _ in range(2):
        voice.review(a, "accepted", level=1, event_id="e-1")
    assert Issue.objects.count() == Review.objects.count() == 1


@pytest.fixture
def no_issues_can_be_written(db):
    """The database refuses each new issue: the review that would bring it must be refused with it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk'; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON issues_issue FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        else:
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON issues_issue BEGIN SELECT RAISE(FAIL, 'disk'); END"
            )


@pytest.mark.django_db
def test_a_bad_review_whose_issue_cannot_be_written_is_not_written_either(town, no_issues_can_be_written):
    a = town.accepted()
    with pytest.raises((DatabaseError, voice.AlreadyReviewed)), transaction.atomic():
        voice.review(a, "accepted", level=1)
    assert Review.objects.count() == Issue.objects.count() == 0
    voice.review(a, "accepted", level=5)
    assert Review.objects.count() == 1


SETUP = """
from onewindow.config.start import load; load()
from tests import town as t
from onewindow.voice.actions import load_indicators
from django.conf import settings
town = t.build(); load_indicators(settings.BASE_DIR / "data/indicators.csv")
for n in range(60): town.accepted(n=n + 1)
"""
LOOP = """
from onewindow.voice.actions import review
from onewindow.window.models import Application
for a in Application.objects.with_facts().order_by("id"):
    review(a, "accepted", level=1, text="killed?")
    print("written", flush=True)
"""
CHECK = """
from onewindow.config.start import load; load()
from onewindow.cases.models import Event
from onewindow.issues.models import Issue, Term
from onewindow.voice.models import Review
said = {f"{r.number} {r.touchpoint}" for r in Review.objects.all()}
put = {i.source for i in Issue.objects.all()}
whole = Event.objects.filter(kind="issue.open").count() == len(put)
print(len(said), said == put, whole)
"""


@pytest.mark.slow
@pytest.mark.own_instance
def test_killed_at_any_instant_no_bad_review_is_without_its_issue(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "onewindow.sqlite3")
    environment = os.environ | {"ONEWINDOW_DATA_DIR": str(tmp_path), "ONEWINDOW_DEMO": "1",
                                "ONEWINDOW_LOG_LEVEL": "CRITICAL", "DJANGO_SETTINGS_MODULE": "onewindow.config.settings"}  # fmt: skip
    environment.pop("DATABASE_URL", None)

    with subprocess.Popen(
        [sys.executable, "-c", SETUP + LOOP], env=environment, stdout=subprocess.PIPE
    ) as loop:
        loop.stdout.readline()  # the first is written: from now on it is in the middle of it
        time.sleep(random.uniform(0.01, 0.2))
        loop.send_signal(signal.SIGKILL)
    check = [sys.executable, "-c", CHECK]
    done = subprocess.run(check, env=environment, capture_output=True, text=True, check=True)
    written, together, whole = done.stdout.split()
    assert int(written) >= 1 and (together, whole) == ("True", "True")


# --- appeal ------------------------------------------------------------------------------------------------


def votes(form, town, *, up, **more):
    given = {"first": "leader", "other": "ma", "outsider": "赵体验（企业家协会）", "answer": "评审意见"}
    for n, name in enumerate(("first", "other", "outsider")):
        given |= {f"{name}_vote": "uphold" if n < up else "dismiss", f"{name}_reason": "理由"}
    return given | more


@pytest.mark.django_db
def test_three_judge_an_appeal_one_of_them_from_outside_and_the_review_stays_counted(town, life):
    i = life.review()
    actions.contact(i, by=town.wang, how="page", text="…", note="")
    assert why_not("appeal", i, town.wang).code == "only_unit_head"
    actions.appeal(i, by=town.head, reason="评价对象错误")
    assert i.due_at == at("2026-11-26 17:00")
    members = set(PanelForm(case=i, by=town.bai).people)
    assert members == {"bai", "lu", "dai", "leader"}  # never li, zhou (her chief), head (the unit)
    bad = [
        votes(PanelForm, town, up=2, first="leader", other="leader"),
        votes(PanelForm, town, up=1, first="leader", other="lu"),
        votes(PanelForm, town, up=2, first="leader", other="lu", outsider="王审批"),
        votes(PanelForm, town, up=2, first="zhou", other="lu"),
        votes(PanelForm, town, up=2, first="leader", other="lu", outsider=""),
    ]
    assert [PanelForm(given, case=i, by=town.bai).is_valid() for given in bad] == [False] * 5
    form = PanelForm(votes(PanelForm, town, up=2, first="leader", other="lu"), case=i, by=town.bai)
    assert form.is_valid(), form.errors
    actions.uphold(i, by=town.bai, **form.cleaned_data)
    assert (i.outcome, i.panel_size, i.panel_outside) == ("unfounded", 3, 1)
    assert (
        Review.objects.bad().count() == 1 and PanelVote.objects.filter(issue=i, is_outside=True).count() == 1
    )


@pytest.mark.django_db
def test_an_appeal_that_fails_leaves_the_limit_where_it_was(town, life, monday):
    i = life.review()
    actions.contact(i, by=town.wang, how="page", text="…", note="")
    due = i.due_at
    actions.appeal(i, by=town.head, reason="…")
    form = DismissForm(votes(DismissForm, town, up=1, first="leader", other="lu"), case=i, by=town.bai)
    assert form.is_valid(), form.errors
    actions.dismiss(i, by=town.bai, **form.cleaned_data)
    assert (i.status, i.due_at) == ("working", due)
    assert why_not("appeal", i, town.head).code == "no_appeal"


@pytest.mark.django_db
def test_an_appeal_comes_within_three_working_days_and_only_against_a_review(town, life, monday):
    stuck = life.contacted()
    assert why_not("appeal", stuck, town.head).code == "no_appeal"
    i = life.review()
    actions.contact(i, by=town.wang, how="page", text="…", note="")
    monday.move_to(at("2026-11-26 17:01"))
    with pytest.raises(StepRefused):
        actions.appeal(i, by=town.head, reason="…")


@pytest.mark.django_db
def test_the_bad_review_leads_to_how_it_is_put_right(town, life, signed_in):
    i = life.review()
    assert f"/desk/{i.number}/" in signed_in(town.bai).get("/desk/reviews/").content.decode()
    assert (
        i.number not in signed_in(town.zhou).get("/desk/reviews/").content.decode()
    )  # it is about her clerk
    follow()
    assert links.by_token(links.token(i)) == i


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("态度差，来回跑", ["态度差", "来回跑"]),
        ("没有推诿，不拖延", []),
        ("", []),
        ("很快就办好了", []),
        ("一点也不满意", ["不满意"]),
    ],
)
def test_what_sounds_bad_is_told_by_its_words(text, words):
    assert sorted(similar.complaint(text)) == sorted(words)
