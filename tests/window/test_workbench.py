"""A clerk's day: what waits, what is ready, the hand-out by scan, the shift's hand-over, and a reprint with its reason."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.cases import assign
from onewindow.cases.flow import StepRefused
from onewindow.cases.models import Handover
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from onewindow.window import actions, links, sitting
from onewindow.window.models import Draft, Reprint
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def sign_in(client):
    def by(person):
        client.force_login(person, backend=BACKEND)
        return client

    return by


@pytest.fixture
def hao(town):
    """A second clerk of hall 1."""
    who = Person.objects.create_user("hao", name="郝窗口")
    Post.objects.create(
        person=who, role=Role.CLERK, office=town.bureau, hall=town.hall, starts_on=dt.date(2020, 1, 1)
    )
    return who


def decided(town, n=1, **more):
    a = town.accepted(n=n, **more)
    return actions.decide(a, by=town.wang, result="grant")


def test_the_workbench_counts_what_waits_and_shows_the_most_urgent(town, sign_in):
    town.take_in(n=1)
    told = town.take_in(n=2)
    actions.ask_correction(told, by=town.li, note="缺平面图")
    back = town.take_in(n=3)
    actions.ask_correction(back, by=town.li, note="缺平面图")
    actions.correct(back, by=town.li)
    decided(town, n=4)
    sitting.save_draft(town.li, "k1", "食品经营许可 张**", {"item": "ZD-MSA-001"})
    page = sign_in(town.li).get("/desk/counter/today/")
    assert page.context["counts"] == {"online": 0, "returned": 1, "to_accept": 1, "waiting": 1, "ready": 1}
    assert (page.context["taken"], page.context["given"]) == (4, 0)
    text = page.content.decode()
    assert "食品经营许可 张**" in text and "张三4" not in text and "评价器" in text
    empty = sign_in(town.ma).get("/desk/counter/today/")
    assert set(empty.context["counts"].values()) == {0} and empty.context["drafts"] == []
    for who in ("wang", "zhou", "bai", "firm"):
        assert sign_in(getattr(town, who)).get("/desk/counter/today/").status_code == 403


@pytest.mark.parametrize("n", [1, 5])
def test_the_workbench_takes_the_same_number_of_queries_for_five_as_for_one(town, sign_in, n):
    for i in range(n):
        decided(town, n=i + 1)
        town.take_in(n=i + 50)
    client = sign_in(town.li)
    client.get("/desk/counter/today/")
    with CaptureQueriesContext(connection) as taken:
        client.get("/desk/counter/today/")
    # session, person, posts, counts, taken, given, first, ready, drafts, counter, device, red dot, cards, bell
    assert len(taken) <= 17, "\n".join(q["sql"][:140] for q in taken)


def test_what_has_to_be_handed_over_first_stands_first_in_the_list(town, sign_in, monday):
    """行政许可法 44: handed over within ten working days of the decision."""
    later = town.accepted(n=1)
    first = decided(town, n=2)
    monday.move_to(at("2026-11-25 10:00"))
    actions.decide(later, by=town.wang, result="grant")
    page = sign_in(town.li).get("/desk/counter/handouts/")
    assert [row["case"].pk for row in page.context["rows"]] == [first.pk, later.pk]
    assert page.context["page"].paginator.count == 2
    assert sign_in(town.li).get("/desk/counter/handouts/?page=99&form=post").context["rows"] == []


@pytest.mark.parametrize("n", [1, 3])
def test_the_hand_outs_take_the_same_number_of_queries_for_three_as_for_one(town, sign_in, n):
    for i in range(n):
        decided(town, n=i + 1)
    client = sign_in(town.li)
    client.get("/desk/counter/handouts/")
    with CaptureQueriesContext(connection) as taken:
        client.get("/desk/counter/handouts/")
    # session, person, posts, how many, the page, counter, red dots, cards, bell
    assert len(taken) == 11, "\n".join(q["sql"][:140] for q in taken)


@pytest.mark.parametrize("by", ["number", "shown", "status link", "short link", "paper", "verify link"])
def test_a_scan_or_number_finds_the_result_to_hand_out(town, sign_in, by):
    a = decided(town)
    paper = a.papers.get(kind="grant")
    typed = {
        "number": a.number,
        "shown": f"{a.number[:7]}-{a.number[7:13]}-{a.number[13:]}".lower(),
        "status link": a.track_url,
        "short link": links.short_url(a),
        "paper": f"{paper.verify_code[:5]}-{paper.verify_code[5:]}",
        "verify link": f"https://example.org/verify/?code={paper.verify_code}",
    }[by]
    answer = sign_in(town.li).post("/desk/counter/handouts/", {"scan": typed})
    assert answer.url == f"/desk/counter/handouts/?n={a.number}"  # the link's token stays out of the address
    page = sign_in(town.li).get(answer.url)
    assert (
        page.context["found"] == a
        and page.context["may"]
        and f"/desk/{a.number}/deliver/" in page.content.decode()
    )


@pytest.mark.parametrize(
    "typed", ["", "x" * 500, "A261123000001X", "https://example.org/t/nonsense-nonsense-nonsense", "\x00"]
)
def test_a_scan_of_nothing_of_ours_says_so(town, sign_in, typed):
    decided(town)
    client = sign_in(town.li)
    assert client.post("/desk/counter/handouts/", {"scan": typed}).url == "/desk/counter/handouts/"
    assert "没有找到本大厅的办件" in client.get("/desk/counter/handouts/").content.decode()


def test_another_hall_s_result_is_not_found(town, sign_in):
    a = decided(town)
    assert (
        sign_in(town.ma).post("/desk/counter/handouts/", {"scan": a.number}).url == "/desk/counter/handouts/"
    )
    assert sign_in(town.ma).get("/desk/counter/handouts/").context["rows"] == []


def test_a_shift_passes_on_drafts_and_papers_when_both_have_signed(town, hao, sign_in):
    a = decided(town)
    sitting.save_draft(town.li, "k1", "食品经营许可 张**", {"item": "ZD-MSA-001"})
    page = sign_in(town.li).get("/desk/handovers/")
    assert page.context["kind"] == "shift" and [x["what"] for x in page.context["lines"]] == [
        "draft",
        "paper",
        "cash",
    ]
    h = assign.hand_over("shift", town.li, hao, by=town.li)
    assign.sign(h, by=town.li)
    assert Draft.objects.get().person == town.li
    actions.deliver(a, by=town.li)
    done = assign.sign(h, by=hao)
    assert Draft.objects.get().person == hao and done.done_at
    assert [bool(line.get("why")) for line in done.lines] == [False, True, False]
    with pytest.raises(StepRefused):
        assign.hand_over("shift", town.li, town.ma, by=town.li)  # another hall
    assert Handover.objects.count() == 1


def test_a_letter_is_printed_again_with_a_reason_and_marked(town, sign_in):
    a = decided(town)
    paper = a.papers.get(kind="grant")
    client = sign_in(town.li)
    path = f"/desk/{a.number}/papers/{paper.pk}/again/"
    assert client.post(path, {"reason": "other"}).status_code == 422 and not Reprint.objects.exists()
    answer = client.post(path, {"reason": "lost", "detail": "搬家遗失"})
    assert answer.url == f"/desk/{a.number}/papers/{paper.pk}?again=1"
    assert "补打（第 1 次）" in client.get(answer.url).content.decode()
    assert "补打" not in client.get(f"/desk/{a.number}/papers/{paper.pk}").content.decode()
    client.post(path, {"reason": "jam"})
    assert [(r.nth, r.by.username, r.reason) for r in Reprint.objects.all()] == [
        (1, "li", "lost: 搬家遗失"),
        (2, "li", "jam"),
    ]
    assert "搬家遗失" in client.get(path).content.decode()
    assert sign_in(town.ma).post(path, {"reason": "lost"}).status_code == 404
    assert sign_in(town.wang).get(path).status_code == 403
