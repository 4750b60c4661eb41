"""The faces from best to worst or the other way round: by the county's rule, recorded with the review, compared."""

import statistics

import pytest

from onewindow.org.models import Parameter, forget_parameters
from onewindow.voice import odp, orders
from onewindow.voice.models import Prompt, Review

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgotten():
    forget_parameters()
    yield
    forget_parameters()


def rule(value):
    Parameter.objects.update_or_create(code="faces_order", defaults={"value": str(value)})
    forget_parameters()


@pytest.mark.parametrize(("value", "order"), [(0, "high_first"), (1, "low_first")])
def test_a_county_may_always_show_them_alike(town, evaluator, value, order):
    rule(value)
    town.accepted()
    assert evaluator.prompt()["order"] == order == Prompt.objects.get().order
    assert evaluator.odp.heartbeat()["policy"]["order"] == order


def test_or_have_the_order_drawn_for_each_question_which_then_stays(town, evaluator):
    seen = set()
    for n in range(1, 20):
        town.accepted(n=n)
        prompt = evaluator.prompt()
        assert evaluator.prompt()["order"] == prompt["order"]
        seen.add(prompt["order"])
    assert seen == set(odp.ORDERS)
    assert evaluator.odp.heartbeat()["policy"]["order"] == "drawn"


def test_the_order_that_was_shown_is_kept_with_the_review_and_sealed_in_its_event(town, evaluator):
    town.accepted()
    event = evaluator.answer(evaluator.prompt(), 4, (), order="low_first")
    changed = event | {"order": "high_first"}
    assert evaluator.result(changed) == {
        "id": event["id"], "seq": event["seq"], "result": "rejected", "reason": "bad_hash",
    }  # fmt: skip


def test_a_device_that_does_not_know_the_field_may_leave_it_out(town, evaluator):
    town.accepted(n=1)
    evaluator.answer(evaluator.prompt(), 4, ())
    town.accepted(n=2)
    evaluator.odp.flush()
    evaluator.answer(evaluator.prompt(), 4, (), order="low_first")
    evaluator.odp.flush()
    assert list(Review.objects.order_by("pk").values_list("shown_order", flat=True)) == ["", "low_first"]


def test_an_order_that_is_none_is_malformed(town, evaluator):
    town.accepted()
    event = evaluator.answer(evaluator.prompt(), 4, (), order="sideways")
    assert evaluator.result(event)["reason"] == "malformed"


def test_the_difference_of_the_means_has_its_interval_and_is_hidden_where_it_says_nothing():
    a, b = orders.Order("high_first", (2, 3, 5, 20, 40)), orders.Order("low_first", (10, 9, 8, 20, 20))
    found = orders.compare((a, b))
    said = [[level for level, k in enumerate(o.levels, 1) for _ in range(k)] for o in (a, b)]
    means = [statistics.mean(x) for x in said]
    half = 1.959964 * sum(statistics.variance(x) / len(x) for x in said) ** 0.5
    assert (a.n, a.bad, a.mean) == (70, 5, pytest.approx(means[0]))
    assert found.difference == pytest.approx(means[0] - means[1])
    assert (found.low, found.high) == (
        pytest.approx(found.difference - half),
        pytest.approx(found.difference + half),
    )
    assert found.sways and not orders.compare((a, a)).sways
    few = orders.compare((a, orders.Order("low_first", (0, 0, 0, 0, 29))))
    assert (few.difference, few.sways) == (None, False)


def test_the_page_is_for_the_bureau_and_the_leaders(town, evaluator, signed_in):
    town.accepted()
    evaluator.answer(evaluator.prompt(), 2, (), order="low_first")
    evaluator.odp.flush()
    page = signed_in(town.bai).get("/desk/reviews/order/?lang=en").content.decode()
    row = page.split("Worst face first")[1].split("</tr>")[0]
    assert ">1<" in row and "2.000" in row and "Below 30 reviews in either order" in page
    assert signed_in(town.zhou).get("/desk/reviews/order/").status_code == 403
