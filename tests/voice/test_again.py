"""A change within the day, a second review, verdicts told by telephone or text message: each a row beside the first."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from onewindow.voice import actions, again, figures, low_marks
from onewindow.voice.models import Indicator, Review
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
DAY = at("2026-11-23 00:00"), at("2026-11-25 00:00")


@pytest.fixture
def rated(town):
    a = town.accepted()
    actions.review(a, "accepted", level=1, codes=["110"], text="太慢")
    return a


def test_a_change_within_the_day_is_a_further_row_and_the_last_word_counts(town, rated, monday):
    monday.move_to(at("2026-11-24 10:00"))
    new = again.change(rated, "accepted", level=4, text="后来办得不错")
    first = Review.objects.get(level=1)
    assert (new.replaces, new.nth, first.replaced_by, first.text) == (first, 1, new, "太慢")
    assert list(Review.objects.counted()) == [new]
    v = figures.verdict(Review.objects.all(), Application.objects.all(), *DAY)
    assert (v.n, v.good, v.bad) == (1, 1, 0)


def test_after_the_day_nothing_can_be_changed(town, rated, monday):
    monday.move_to(at("2026-11-24 10:01"))
    with pytest.raises(again.TooLate):
        again.change(rated, "accepted", level=5)
    assert Review.objects.get().level == 1


def test_the_same_again_is_no_change(town, rated):
    again.change(rated, "accepted", level=1, codes=["110"], text="太慢 ")
    assert Review.objects.count() == 1


def test_each_version_can_be_followed_by_one_only(town, rated):
    first = Review.objects.get()
    again.change(rated, "accepted", level=2)
    with pytest.raises(actions.AlreadyReviewed):
        actions.review(rated, "accepted", level=5, replaces=first)
    assert [r.level for r in Review.objects.order_by("id")] == [1, 2]


def test_a_second_review_follows_when_the_first_stands_for_good_and_is_told_apart(town, rated, monday):
    with pytest.raises(again.TooLate):
        again.add(rated, "accepted", level=5)
    monday.move_to(at("2026-11-26 10:00"))
    second = again.add(rated, "accepted", level=5, text="已经改好了")
    assert (second.nth, second.replaces) == (2, None)
    assert [r.level for r in Review.objects.counted()] == [1]
    with pytest.raises(again.TooLate):
        again.add(rated, "accepted", level=5)
    assert [r.level for r in low_marks.find(town.bai, {}, show="second")] == [5]


def test_a_second_review_has_its_time_too(town, rated, monday):
    monday.move_to(at("2026-12-08 10:01"))
    with pytest.raises(again.TooLate):
        again.add(rated, "accepted", level=5)


def test_the_page_offers_the_change_and_then_the_second_review(town, rated, client, monday):
    url = f"/rate/{rated.track_token}"
    assert "again=change" in client.get(url).content.decode()
    page = client.get(f"{url}?again=change&touchpoint=accepted").content.decode()
    assert "您已评价：非常不满意" in page and page.count('class="ow-face ') == 5
    client.post(url, {"again": "change", "touchpoint": "accepted", "score": "3", "text": "还行"})
    assert [r.level for r in Review.objects.order_by("id")] == [1, 3]
    assert Review.objects.get(level=3).origin != ""
    monday.move_to(at("2026-11-26 10:00"))
    page = client.get(url).content.decode()
    assert "again=change" not in page and "again=add" in page
    client.post(url, {"again": "add", "touchpoint": "accepted", "score": "5"})
    assert [(r.level, r.nth) for r in Review.objects.order_by("id")] == [(1, 1), (3, 1), (5, 2)]
    assert "again=" not in client.get(url).content.decode()


def test_the_same_browser_is_known_for_a_day_only(rf, monday):
    from onewindow.voice.public import origin_of

    one = rf.get("/", headers={"User-Agent": "x"})
    first, other = origin_of(one), origin_of(rf.get("/", headers={"User-Agent": "y"}))
    assert origin_of(one) == first != other and len(first) == 32
    monday.move_to(at("2026-11-24 10:00"))
    assert origin_of(one) != first


def test_a_verdict_told_by_telephone_is_marked_and_needs_a_reason(town, client, signed_in):
    a = town.accepted()
    page = signed_in(town.bai)
    assert "满意程度" in page.post("/desk/reviews/enter/", {"number": a.number.lower()}).content.decode()
    given = {
        "number": a.number,
        "touchpoint": "accepted",
        "channel": "6",
        "level": "2",
        "codes": ["213"],
        "text": "不熟练",
    }
    wrong = page.post("/desk/reviews/enter/", given | {"why": ""})
    assert wrong.status_code == 422
    kept = re.search(r'data-level="2".*?value="213" checked><span>([^<]+)<', wrong.content.decode(), re.S)
    assert kept and kept[1] == "窗口人员业务不熟练"  # in words, among those of its level, and still ticked
    assert not Review.objects.exists()
    assert page.post("/desk/reviews/enter/", given | {"why": "老人，不识字"}).status_code == 302
    r = Review.objects.get()
    assert (r.level, r.channel, r.assisted_by, r.assisted_why, r.is_assisted) == (
        2,
        6,
        "bai",
        "老人，不识字",
        True,
    )
    assert "代录" in page.get("/desk/reviews/").content.decode()


def test_nobody_enters_a_verdict_on_the_own_hall(town, signed_in):
    a = town.accepted()
    for who in (town.zhou, town.li, town.wang, town.head):
        with pytest.raises(PermissionDenied):
            again.enter(a, "accepted", by=who, level=5, why="x")
    answer = signed_in(town.zhou).post("/desk/reviews/enter/", {"number": a.number})
    assert answer.status_code == 422 and "满意程度" not in answer.content.decode()
    assert signed_in(town.li).get("/desk/reviews/enter/").status_code == 403


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", (5, "")), ("１", (1, "")), (" 4，很好", (4, "很好")), ("5分 谢谢", (5, "谢谢")), ("非常不满意 太慢", (1, "太慢")),
        ("不满意", (2, "")), ("满意", (4, "")), ("基本满意。等了很久", (3, "等了很久")), ("Very satisfied, thanks", (5, "thanks")),
        ("51", None), ("6", None), ("你好", None), ("", None), ("12345", None),
    ],
)  # fmt: skip
def test_a_text_message_is_read(text, expected):
    assert again.read(text) == expected


def test_a_text_message_belongs_to_the_newest_open_touchpoint_and_counts_once(town):
    a, b = town.accepted(n=1), town.accepted(n=2)
    window.decide(a, by=town.wang, result="grant")
    window.deliver(a, by=town.li)
    first = again.by_text(a.mobile, "2 太慢", event_id="m1", by=town.bai)
    assert (first.number, first.touchpoint, first.level, first.text, first.channel) == (
        a.number,
        "delivered",
        2,
        "太慢",
        7,
    )
    assert again.by_text(a.mobile, "2 太慢", event_id="m1", by=town.bai) == first
    assert again.by_text(a.mobile, "5", event_id="m2", by=town.bai).touchpoint == "accepted"
    with pytest.raises(actions.NotPossible) as none:
        again.by_text(a.mobile, "5", event_id="m3", by=town.bai)
    assert none.value.code == "nothing_open"
    assert not Review.objects.filter(number=b.number).exists()


@pytest.mark.parametrize(
    "deed",
    [
        lambda: Indicator.objects.create(level=5, code="518", name="很好很好", name_en="Very, very good"),
        lambda: Indicator.objects.filter(code="510").update(name="好"),
        lambda: Indicator.objects.filter(code="510").delete(),
    ],
)
def test_nobody_adds_to_the_national_list_or_changes_it(town, deed):
    with pytest.raises(DatabaseError, match=r"closed list|append-only"), transaction.atomic():
        deed()
    assert (
        Indicator.objects.filter(version=2).count() == 40 and Indicator.objects.get(code="510").name != "好"
    )


def test_a_later_list_is_another_version(town):
    Indicator.objects.create(version=3, level=5, code="601", name="新", name_en="New")
    assert not Indicator.objects.published().filter(code="601").exists()
