"""A list whose SQL is remembered shows what one that is put together anew shows, whatever has changed in between."""

import datetime as dt
from random import Random

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.approvals.models import Check, CheckState
from onewindow.cases import cards, desk
from onewindow.cases.desk import Asked
from onewindow.cases.models import KEPT_FROM_SOME
from onewindow.issues import opening
from onewindow.issues.models import Issue
from onewindow.org.memory import Memory
from onewindow.org.models import Hall, Office, Person, Post
from onewindow.org.roles import Role
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
SHOWN = [
    Asked(),
    Asked(show="open"),
    Asked(show="open", more={"hall": "H01"}),
    Asked(show="all", light="green"),
]
NAMES = ("li", "head", "zhou", "bai")


class Forgetful:
    def rows(self, key, build, *values):
        return list(build(*values))


def anew(username):
    return Person.objects.get(username=username)


def shown(person):
    """What this person's lists show, which cases he may open, and what stands beside them, by the memory."""
    numbers = [
        n
        for model in (Application, Issue)
        for n in model.objects.order_by("pk").values_list("number", flat=True)
    ]
    found = [case for number in numbers if (case := desk.find(number, person))]
    beside = [(case.number, desk.neighbours(case, person)) for case in found[::3]]
    rows = [(asked.show, [c.number for c in desk.page(person, asked).rows]) for asked in SHOWN]
    return (
        rows,
        [desk.tally(person, asked) for asked in SHOWN],
        cards.to_answer(person),
        beside,
        [str(case) for case in found],
    )


def put_together(person):
    """The same, each question put together by itself."""
    known = desk.MEMORY
    desk.MEMORY = Forgetful()
    try:
        return shown(person)
    finally:
        desk.MEMORY = known


def deeds(town):
    """What changes the lists: days, posts, who leads whom, disputes, cases, people who leave."""
    day = at("2026-11-23 10:00").date()
    people = [getattr(town, name) for name in NAMES]

    def post(random):
        role = random.choice([Role.CLERK, Role.HALL_MANAGER, Role.APPROVER, Role.HEAD, Role.BUREAU])
        hall = town.hall if role in (Role.CLERK, Role.HALL_MANAGER) else None
        office = random.choice([town.msa, town.health_office])
        Post.objects.create(person=random.choice(people), role=role, office=office, hall=hall, starts_on=day)

    def end(random):
        held = random.choice(
            list(Post.objects.filter(starts_on__lt=day, ends_on__isnull=True).order_by("pk"))
        )
        Post.objects.filter(pk=held.pk).update(ends_on=day - dt.timedelta(days=1))

    def dispute(random):
        free = (
            Application.objects.exclude(number__in=Check.objects.values("application")).order_by("pk").first()
        )
        if free is not None:
            Check.objects.create(
                application=free.number, office=free.office, hall=free.hall, state=CheckState.DISPUTED
            )

    def about(random):
        Issue.objects.filter(
            pk__in=random.sample(list(Issue.objects.values_list("pk", flat=True)), 2)
        ).update(subject=random.choice(people))

    def leave(random):
        Person.objects.filter(pk=random.choice(people).pk).update(is_active=random.random() < 0.7)

    return [post, post, post, end, dispute, about, leave]


@pytest.mark.parametrize("seed", [3, 8])
def test_lists_by_memory_are_those_put_together_anew_whatever_changes(town, seed):
    random = Random(seed)
    for n in range(3):
        town.accepted(random.choice([town.food, town.health]), n=n + 1)
        opening.open_issue(
            "stuck", by=town.bai, text="没有办成", item=random.choice([town.food, town.health]).item
        )
    town.take_in(n=9)
    found = []
    for _turn in range(6):
        for name in NAMES:
            found.append(str(shown(anew(name))))
            assert found[-1] == str(put_together(anew(name))), name
        random.choice(deeds(town))(random)
    assert len(set(found)) > len(NAMES)  # the deeds did change what is shown


@pytest.mark.parametrize("days", [0, 1, 40])
def test_the_day_is_part_of_the_memory(town, days):
    """A correction that does not come waits for the window from a day on, a post ends with its last day."""
    a = town.take_in(n=1)
    Application.objects.filter(pk=a.pk).update(status="correcting", correct_until=dt.date(2026, 11, 23))
    Post.objects.filter(person=town.li).update(ends_on=dt.date(2026, 12, 1))
    assert [c.number for c in desk.page(anew("li"), Asked()).rows] == []
    with time_machine.travel(at("2026-11-23 10:00") + dt.timedelta(days=days), tick=False):
        numbers = [c.number for c in desk.page(anew("li"), Asked()).rows]
    assert numbers == {0: [], 1: [a.number], 40: []}[days]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_list_asks_while_it_is_put_together_is_part_of_its_key(town, name):
    for kind in desk.KINDS.values():
        asking = []
        for ask in (kind.besides, lambda person, kind=kind: desk.select(kind, person, Asked())):
            person = anew(name)
            assert person.standing
            with CaptureQueriesContext(connection) as taken:
                ask(person)
            asking.append({query["sql"] for query in taken})
        assert asking[1] <= asking[0], kind.prefix


def test_cards_are_kept_from_people_by_kinds_that_the_memory_knows():
    assert set(KEPT_FROM_SOME) <= set(desk.KINDS)


def test_a_memory_that_is_full_begins_anew(town):
    memory, built = Memory(most=2), []

    def names(model):
        def build():
            built.append(model)
            return model.objects.order_by("pk").values_list("name")

        return memory.rows(model, build)

    for model in (Hall, Office, Hall, Office, Person, Hall):
        assert names(model) == list(model.objects.order_by("pk").values_list("name"))
    assert built == [Hall, Office, Person, Hall]


def test_rows_by_memory_are_the_objects_of_the_orm(town):
    town.accepted(n=1), town.accepted(town.health, n=2), town.accepted(n=3)
    query = Application.objects.select_related("office__parent", "item", "counter", "handler").defer(
        "office__phone"
    )
    rows = Memory().rows("x", lambda: query.order_by("pk"))
    for ours, theirs in zip(rows, query.order_by("pk"), strict=True):
        assert ours.__dict__ | {"_state": 0} == theirs.__dict__ | {"_state": 0}
        assert (ours.office.parent, ours.item, ours.counter, ours.handler) == (
            theirs.office.parent, theirs.item, theirs.counter, theirs.handler,
        )  # fmt: skip
        assert ours.office.get_deferred_fields() == {"phone"} and not ours._state.adding
    assert rows[0].office is rows[2].office and rows[0].office is not rows[1].office


def test_another_thread_may_begin_the_memory_anew_at_any_moment(town):
    memory = Memory()

    class Sly(dict):
        """Holds what is asked for, until somebody looks whether it does."""

        def __contains__(self, key):
            memory._asked = {}
            return super().__contains__(key)

    def build():
        return Hall.objects.order_by("pk").values_list("name")

    assert memory.rows("halls", build) == list(build())
    memory._asked = Sly(memory._asked)
    assert memory.rows("halls", build) == list(build())
