"""What the public reads: masked, after some days, with the reply; and what it is told of what it does not read."""

import csv
import io

import pytest
from django.core.exceptions import PermissionDenied

from onewindow.cases import worker
from onewindow.issues import actions as issues
from onewindow.issues.models import Issue
from onewindow.voice import actions, again, figures, low_marks, publishing, tallies
from onewindow.voice.models import Review
from onewindow.voice.records import Exclusion, Moderation, Reply
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
TEXT = "我叫张三1，电话19900000001，李窗口态度很好，一次就办完了"


@pytest.fixture
def said(town):
    return actions.review(town.accepted(n=1), "accepted", level=5, codes=["510"], text=TEXT)


def page(client, url="/reviews/items/ZD-MSA-001/"):
    return client.get(url).content.decode()


def test_the_proposal_blacks_out_numbers_and_the_names_of_the_case_and_of_the_clerk(town, said):
    a = Application.objects.get(number=said.number)
    assert publishing.proposal(said, a) == "我叫■■■，电话■■■■，■■■态度很好，一次就办完了"


def test_words_appear_after_the_ruling_and_the_days_and_tell_nothing_of_the_person(
    town, said, client, monday
):
    a = Application.objects.get(number=said.number)
    publishing.rule(said, by=town.bai, publish=True, text=publishing.proposal(said, a))
    publishing.reply(said, by=town.head, text="谢谢鼓励，我们继续努力。")
    assert "态度很好" not in page(client)
    monday.move_to(at("2026-11-28 09:59"))
    assert "态度很好" not in page(client)
    monday.move_to(at("2026-11-28 10:00"))
    for url in ("/reviews/", "/reviews/items/ZD-MSA-001/", "/reviews/halls/H1/", "/reviews/offices/MSA/"):
        shown = page(client, url)
        assert "态度很好" in shown and "谢谢鼓励" in shown and "一窗受理一次办结" in shown
        assert not any(x in shown for x in ("张三", "19900000001", "李窗口", a.number, "2026-11-23"))
    assert "态度很好" not in page(client, "/reviews/halls/H2/")
    open_data = client.get("/reviews/words.json").json()
    assert [(w["month"], w["level"], w["replies"]) for w in open_data["items"]] == [
        ("2026-11", 5, ["谢谢鼓励，我们继续努力。"])
    ]


@pytest.mark.parametrize(
    ("public", "fine"),
    [
        ("一次就办完了", False), ("■一次就办完了", True), (TEXT, True), ("我叫■办完了", True), ("我叫■办不完", False),
        ("■", False), ("■态度很好■", True), ("■很好■态度■", False), ("", False), (TEXT + "谢谢", False),
    ],
)  # fmt: skip
def test_nobody_writes_another_text_than_the_person_did(town, said, public, fine):
    if fine:
        assert publishing.rule(said, by=town.bai, publish=True, text=public).text == public
    else:
        with pytest.raises(actions.NotPossible) as no:
            publishing.rule(said, by=town.bai, publish=True, text=public)
        assert no.value.code == "rewritten" and not Moderation.objects.exists()


def test_withholding_needs_a_ground_and_the_public_is_told_how_many(town, said, client, monday):
    with pytest.raises(actions.NotPossible):
        publishing.rule(said, by=town.bai, publish=False, reason="不好听")
    publishing.rule(said, by=town.bai, publish=False, ground="unlawful", reason="第二句辱骂")
    monday.move_to(at("2026-12-01 10:00"))
    shown = page(client)
    assert "态度很好" not in shown and "含辱骂、威胁或广告内容 (1)" in shown and "第二句辱骂" not in shown


def test_a_later_ruling_stands_and_the_first_stays(town, said, client, monday):
    publishing.rule(said, by=town.bai, publish=False, ground="elsewhere", reason="看错了")
    publishing.rule(said, by=town.bai, publish=True, text="■一次就办完了")
    monday.move_to(at("2026-12-01 10:00"))
    assert "一次就办完了" in page(client) and "与本次服务无关" not in page(client)
    assert [m.ruling for m in said.rulings.order_by("id")] == ["withheld", "published"]


def test_what_the_person_changed_meanwhile_is_not_published(town, said, client, monday):
    publishing.rule(said, by=town.bai, publish=True, text=TEXT)
    again.change(
        Application.objects.with_facts().get(number=said.number), "accepted", level=2, text="想了想还是慢"
    )
    monday.move_to(at("2026-12-01 10:00"))
    assert "态度很好" not in page(client)


def test_only_the_bureau_rules_and_only_the_judged_department_replies(town, said):
    for who in (town.head, town.zhou, town.li, town.leader):
        with pytest.raises(PermissionDenied):
            publishing.rule(said, by=who, publish=True, text=TEXT)
    for who in (town.qian, town.li, town.zhou, town.leader):
        with pytest.raises(PermissionDenied):
            publishing.reply(said, by=who, text="谢谢")
    with pytest.raises(actions.NotPossible) as no:
        publishing.reply(said, by=town.head, text="请拨打 0455-7700000")
    assert no.value.code == "numbers" and not Reply.objects.exists()


def test_the_desk_rules_and_replies(town, said, signed_in):
    client = signed_in(town.bai)
    assert "■■■态度很好" in client.get("/desk/reviews/texts/").content.decode()
    url = f"/desk/reviews/one/{said.event_id}/"
    assert client.post(url, {"ruling": "1", "publish": "1", "text": "太好了"}).status_code == 422
    assert client.post(url, {"ruling": "1", "publish": "1", "text": "■一次就办完了"}).status_code == 302
    assert "态度很好" not in client.get("/desk/reviews/texts/").content.decode()
    head = signed_in(town.head)
    assert head.post(url, {"ruling": "1", "publish": "1", "text": TEXT}).status_code == 403
    assert head.post(url, {"reply": "谢谢您"}).status_code == 302
    shown = head.get(url).content.decode()
    assert (
        "不计入统计" not in shown
        and "谢谢您" in shown
        and said.number not in shown
        and "19900000001" not in shown
    )
    assert signed_in(town.qian).get(url).status_code == 404


def test_two_people_leave_a_review_out_and_it_stays_in_what_was_received(town, said, signed_in, monday):
    with pytest.raises(actions.NotPossible):
        publishing.exclude(said, by=town.bai, second=town.bai, reason="评错窗口")
    with pytest.raises(actions.NotPossible):
        publishing.exclude(said, by=town.bai, second=town.li, reason="评错窗口")
    monday.move_to(at("2026-11-24 10:00"))
    tallies.bring_up_to_date()
    publishing.exclude(said, by=town.bai, second=town.leader, reason="评错窗口")
    with pytest.raises(actions.NotPossible):
        publishing.exclude(said, by=town.bai, second=town.leader, reason="再来")
    assert Review.objects.count() == Exclusion.objects.count() == 1
    v = tallies.verdicts("city", tallies.period())[""]
    assert (v.n, v.excluded, v.received) == (0, 1, 1)
    span = at("2026-11-23 00:00"), at("2026-11-25 00:00")
    assert figures.verdict(Review.objects.all(), Application.objects.all(), *span).n == 0
    assert [r.pk for r in low_marks.find(town.bai, {}, show="excluded")] == [said.pk]
    assert "评错窗口" in signed_in(town.bai).get(f"/desk/reviews/one/{said.event_id}/").content.decode()


@pytest.fixture
def counted(town, monday):
    """Six reviews of the food item in hall 1, one of the hygiene item; the sums of the day."""
    for n, level in enumerate((5, 5, 4, 3, 2, 5), 1):
        actions.review(town.accepted(n=n), "accepted", level=level)
    actions.review(town.accepted(town.health, n=7), "accepted", level=1)
    town.accepted(n=8)
    monday.move_to(at("2026-11-24 06:00"))
    tallies.bring_up_to_date()
    return town


def test_every_public_share_stands_with_its_numbers_and_interval(counted, client):
    shown = page(client)
    # five of six are good: 83.3 %, Wilson 43.6 % to 97.0 %; six of seven occasions
    assert (
        "83.3%" in shown and "5 / 6" in shown and "43.6%" in shown and "97.0%" in shown and "6 / 7" in shown
    )
    few = page(client, "/reviews/items/ZD-HEALTH-009/")
    assert "不足 5 条" in few and "%" not in few.split("ow-card")[1].split("</section>")[0]


def test_open_data_has_formulas_numerators_and_denominators(counted, client):
    body = client.get("/reviews/figures.json").json()
    rows = {(r["kind"], r["code"]): r for r in body["rows"]}
    food, hygiene = rows["item", "ZD-MSA-001"], rows["item", "ZD-HEALTH-009"]
    assert (food["reviews"], food["good_numerator"], food["good_denominator"], food["silent_numerator"]) == (
        6,
        5,
        6,
        1,
    )
    assert (food["good_low"], food["good_high"]) == tuple(round(x, 6) for x in figures.wilson(5, 6))
    assert (hygiene["reviews"], hygiene["good_share"], hygiene["n1"]) == ("<5", None, None)
    assert (
        set(body["formulas"]) == {"good", "bad", "coverage", "silent"}
        and body["counted_until"] == "2026-11-23"
    )
    lines = list(csv.DictReader(io.StringIO(client.get("/reviews/figures.csv").content.decode("utf-8-sig"))))
    assert [(r["kind"], r["code"], r["reviews"]) for r in lines if r["kind"] == "hall"] == [
        ("hall", "H1", "7")
    ]


@pytest.mark.parametrize(
    "url", ["/reviews/", "/reviews/items/", "/reviews/halls/", "/reviews/offices/?period=2026-11"]
)
def test_public_pages_ask_the_same_few_questions(counted, client, url, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        assert client.get(url).status_code == 200


@pytest.mark.parametrize(
    "url",
    ["/reviews/x/", "/reviews/items/nothing/", "/reviews/halls/%00/"],
)
def test_what_there_is_not_is_404(counted, client, url):
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "query", ["?period=x", "?period=1999-01", "?cursor=garbage", "?cursor=2026-11-01T00:00:00Z~5"]
)
def test_a_wrong_address_still_opens(counted, client, query):
    assert client.get(f"/reviews/halls/H1/{query}").status_code == 200


def test_a_panel_that_upholds_an_appeal_takes_the_review_out_of_the_figures(town):
    case = town.accepted(n=1)
    r = actions.review(case, "accepted", level=1, text="评错了窗口")
    i = Issue.objects.get(origin="review")
    issues.contact(i, by=town.wang, how="page", text="…", note="")
    issues.appeal(i, by=town.head, reason="评价对象错误")
    votes = [
        {
            "person": p,
            "name": p.name if p else "赵体验",
            "is_outside": p is None,
            "upholds": up,
            "reason": "与事实不符",
        }
        for p, up in ((town.leader, True), (town.bai, False), (None, True))
    ]
    issues.uphold(i, by=town.bai, votes=votes, answer="经复核属误评")
    assert Review.objects.counted().count() == 1
    worker.follow()
    worker.follow()
    r.refresh_from_db()
    assert (r.exclusion.by, r.exclusion.second_by, r.exclusion.reason) == (
        "leader",
        "赵体验（外部）",
        "与事实不符",
    )
    assert not Review.objects.bad().exists() and Review.objects.count() == 1
