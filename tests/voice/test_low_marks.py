"""The list of low marks: who sees what, and beside it what the system itself knows."""

from io import BytesIO
from zipfile import ZipFile

import pytest

from onewindow.cases.models import Event
from onewindow.voice import actions
from onewindow.voice.models import Review
from onewindow.window import actions as window
from tests.town import at

pytestmark = pytest.mark.django_db
TEXT = "太慢了，打我电话 19900000001 或查 239999198001010018"


@pytest.fixture
def late(town, monday):
    """Accepted, decided past the promise, handed over, rated with one star for lateness."""
    a = town.accepted(n=1)
    monday.move_to(at("2026-12-02 10:00"))
    window.decide(a, by=town.wang, result="grant")
    window.deliver(a, by=town.li)
    actions.review(a, "delivered", level=2, codes=["209", "213"], text=TEXT)
    return a


def page(client, query=""):
    return client.get(f"/desk/reviews/{query}").content.decode()


def test_the_bureau_sees_which_case_it_is_and_no_name(town, late, signed_in):
    found = page(signed_in(town.bai))
    assert late.number[:7] in found and "张" not in found and "199****0001" not in found
    assert late.id_number not in found.replace(TEXT, "")
    assert "与系统记录一致" in found and "超过承诺时限" in found


@pytest.mark.parametrize("who", ["zhou", "head", "leader"])
def test_those_who_were_rated_read_what_was_said_and_not_who_said_it(town, late, signed_in, who):
    found = page(signed_in(getattr(town, who)))
    assert "太慢了" in found and "窗口人员业务不熟练" in found
    for trace in (
        late.number,
        late.number[:7] + "-",
        "张",
        "199****0001",
        "19900000001",
        late.id_number,
        late.track_token,
    ):
        assert trace not in found


@pytest.mark.parametrize("who", ["li", "ma", "wang", "qian", "it", "nobody", "firm"])
def test_clerks_and_approvers_have_no_list(town, late, signed_in, who):
    client = signed_in(getattr(town, who))
    assert client.get("/desk/reviews/").status_code == 403
    assert client.get("/desk/reviews/export.xlsx").status_code == 403
    assert not Review.objects.seen_by(getattr(town, who)).exists()


def test_no_page_of_the_case_tells_the_clerk_or_the_department_that_it_was_rated(town, late, signed_in):
    for who in (town.li, town.wang, town.head, town.zhou):
        client = signed_in(who)
        assert "太慢了" not in client.get(f"/desk/{late.number}/").content.decode()
    assert not Event.objects.of(late.number).filter(kind__contains="review").exists()


def test_another_hall_and_another_department_see_nothing(town, late, signed_in):
    import datetime as dt

    from onewindow.org.models import Post

    Post.objects.create(
        person=town.ma,
        role="hall_manager",
        office=town.bureau,
        hall=town.hall2,
        starts_on=dt.date(2020, 1, 1),
    )
    Post.objects.create(
        person=town.qian, role="head", office=town.health_office, starts_on=dt.date(2020, 1, 1)
    )
    for who in (town.ma, town.qian):
        assert "太慢了" not in page(signed_in(who)) and not Review.objects.seen_by(who).exists()


def test_three_stars_is_no_low_mark_but_stands_among_all(town, signed_in):
    actions.review(town.accepted(), "accepted", level=3, text="马马虎虎")
    client = signed_in(town.bai)
    assert "马马虎虎" not in page(client) and "马马虎虎" in page(client, "?show=all")
    assert "马马虎虎" not in page(client, "?show=all&level=2")


def test_above_the_list_stands_all_that_was_said_with_its_n_and_interval(town, late, signed_in):
    actions.review(town.accepted(n=2), "accepted", level=5)
    found = page(signed_in(town.bai))
    # two reviews, one of them good; three occasions: two acceptances and a handing-over
    assert "50.0%" in found and "9.5%" in found and "90.5%" in found and "66.7%" in found
    assert "100.0%" in page(signed_in(town.bai), "?touchpoint=delivered"), "one handing-over, one review"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?level=2", True), ("?level=1", False), ("?hall=H1", True), ("?hall=H2", False), ("?office=MSA", True),
        ("?office=HEALTH", False), ("?item=ZD-MSA-001", True), ("?item=ZD-HEALTH-009", False), ("?days=7", True),
        ("?touchpoint=delivered", True), ("?touchpoint=accepted", False), ("?since=2026-12-02&until=2026-12-02", True),
        ("?until=2026-12-01", False), ("?since=2026-12-03", False), ("?since=2026-13-01", True), ("?show=all", True),
        ("?days=x&level=9&hall=%00", True), ("?cursor=garbage", True), ("?cursor=2026-12-01T00:00:00Z~5", False),
        ("?cursor=2026-12-01~5", True), ("?cursor=" + "9" * 50, True),
    ],
)  # fmt: skip
def test_filters_stand_in_the_address(town, late, signed_in, query, shown):
    assert ("太慢了" in page(signed_in(town.bai), query)) is shown


def test_old_ones_leave_the_list_but_not_the_year(town, late, signed_in, monday):
    monday.move_to(at("2027-01-20 10:00"))
    client = signed_in(town.bai)
    assert "太慢了" not in page(client) and "太慢了" in page(client, "?days=90")


def test_paging_shows_every_one_once(town, signed_in):
    for n in range(1, 24):
        actions.review(town.accepted(n=n), "accepted", level=1, text=f"第{n}条。")
    client = signed_in(town.bai)
    first = page(client)
    cursor = first.split("?cursor=")[1].split('"')[0]
    both = first + page(client, f"?cursor={cursor}")
    assert [both.count(f"第{n}条。") for n in range(1, 24)] == [1] * 23
    assert first.count("条。") == 20


@pytest.mark.parametrize("many", [1, 30])
def test_the_list_asks_the_same_few_questions_however_long_it_is(
    town, signed_in, django_assert_num_queries, many
):
    for n in range(1, many + 1):
        actions.review(town.accepted(n=n), "accepted", level=1, codes=["110"])
    client = signed_in(town.bai)
    with django_assert_num_queries(19):
        page(client)


@pytest.mark.parametrize(("who", "named"), [("bai", True), ("zhou", False)])
def test_the_export_holds_what_the_list_shows(town, late, signed_in, who, named):
    answer = signed_in(getattr(town, who)).get("/desk/reviews/export.xlsx?level=2")
    with ZipFile(BytesIO(b"".join(answer))) as book:
        words = "".join(
            book.read(n).decode()
            for n in book.namelist()
            if n.startswith("xl/worksheets") or "sharedStrings" in n
        )
    assert "太慢了" in words and late.applicant_name not in words
    assert (late.number[7:13] in words) is named and ("19900000001" in words) is named
