"""Each night a root over the day's reviews and device events; whoever has a review's number can prove that it was there."""

import datetime as dt
import hashlib
import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from onewindow.cases.append_only import release
from onewindow.config.management.commands import doctor
from onewindow.voice import actions, enrol, merkle, sealing, visits
from onewindow.voice.device_models import DayRoot, DeviceEvent, HallVerdict
from onewindow.voice.models import Review
from onewindow.voice.visit_models import VisitVerdict
from tests.hall.conftest import build_hall
from tests.town import at
from tests.voice.conftest import Evaluator

db = pytest.mark.django_db


# -- the tree, against the published text and its published values --


def oracle(data):
    """MTH of RFC 6962, 2.1, as it is written there."""
    n = len(data)
    if n == 0:
        return hashlib.sha256(b"").digest()
    if n == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < n:
        k *= 2
    return hashlib.sha256(b"\x01" + oracle(data[:k]) + oracle(data[k:])).digest()


def oracle_path(m, data):
    """PATH(m, D[n]) of RFC 6962, 2.1.1, as it is written there."""
    n = len(data)
    if n == 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return [*oracle_path(m, data[:k]), oracle(data[k:]).hex()]
    return [*oracle_path(m - k, data[k:]), oracle(data[:k]).hex()]


#: The test data of the Certificate Transparency reference implementation, and its roots for the first n of them.
LEAVES = [
    bytes.fromhex(x)
    for x in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("n", range(9))
def test_the_root_is_that_of_the_published_test_data(n):
    assert merkle.root([merkle.leaf(d) for d in LEAVES[:n]]) == ROOTS[n] == oracle(LEAVES[:n]).hex()


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_every_leaf_leads_to_the_root_and_no_other_leaf_does(data, pick):
    m = pick.draw(st.integers(0, len(data) - 1))
    leaves = [merkle.leaf(d) for d in data]
    way, root = merkle.path(leaves, m), merkle.root(leaves)
    assert root == oracle(data).hex() and way == oracle_path(m, data)
    assert merkle.root_of(leaves[m].hex(), m, len(data), way) == root
    assert merkle.root_of(merkle.leaf(b"another leaf").hex(), m, len(data), way) != root
    assert merkle.root_of(leaves[m].hex(), m, len(data), [*way, root]) == ""
    if way:
        assert merkle.root_of(leaves[m].hex(), m, len(data), way[:-1]) == ""


# -- the log --


@pytest.fixture
def day(town, evaluator):
    """Monday: two reviews, one of them on the device."""
    a = town.accepted(n=1)
    evaluator.answer(evaluator.prompt(), 2, ("207",), text="等了三天")
    evaluator.odp.flush()
    b = town.accepted(n=2)
    actions.review(b, "accepted", level=5)
    return [Review.objects.get(number=x.number).event_id for x in (a, b)]


@pytest.fixture
def sealed(day, monday):
    monday.move_to(at("2026-11-24 01:00"))
    assert sealing.due(at("2026-11-24 01:00")) == [dt.date(2026, 11, 23)]
    sealing.seal(dt.date(2026, 11, 23))
    return day


def linked(before, said):
    """The link as the log's reader works it out: from the link before and the line."""
    return hashlib.sha256((before + said).encode()).hexdigest()


@pytest.fixture
def everywhere(town, evaluator, client):
    """Monday: a review, a verdict on a ticket, one at a stand of the hall with words, and the change of the second."""
    actions.review(town.accepted(n=1), "accepted", level=5)
    hall = build_hall(town)
    ticket = hall.take()
    hall.served(hall.call(), outcome="consulted")
    ticket.refresh_from_db()
    first = visits.give(ticket, level=4, text="讲得清楚")
    visits.give(ticket, level=5, replaces=first)
    slip = enrol.print_for([enrol.Spot("feedback", town.hall, None, "入口左侧")], by=town.zhou)[0]
    stand = Evaluator(client, *enrol.enrol(slip.token, kind="feedback"))
    stand.odp.note("answered", None, score=2, tags=[], text="等了很久")
    stand.odp.flush()
    return [x.event_id for m in (Review, VisitVerdict, HallVerdict) for x in m.objects.order_by("pk")]


class Administrator:
    """Somebody who may do anything in the database; what he does ends with the test."""

    connection = connection

    def execute(self, sql):
        connection.cursor().execute(sql)


def behind(table, change):
    """A change behind the triggers."""
    release(Administrator(), table)
    connection.cursor().execute(change)


@db
def test_a_day_is_sealed_once_from_one_in_the_morning_on_and_no_day_is_left_out(day, monday):
    assert sealing.due(at("2026-11-24 00:59")) == []
    assert sealing.due(at("2026-11-25 09:00")) == [dt.date(2026, 11, 23), dt.date(2026, 11, 24)]
    monday.move_to(at("2026-11-25 09:00"))
    sealing._done.forget()
    assert sealing.seal_what_is_over(200) == 2 and sealing.seal_what_is_over(200) == 0
    rows = list(DayRoot.objects.values_list("day", "reviews", "events"))
    assert rows == [(dt.date(2026, 11, 23), 2, DeviceEvent.objects.count()), (dt.date(2026, 11, 24), 0, 0)]
    assert sealing.seal(dt.date(2026, 11, 23)) is None
    first, second = DayRoot.objects.all()
    assert second.root == merkle.EMPTY
    assert second.link == linked(
        first.link,
        f'{{"day":"2026-11-24","events":0,"reviews":0,"root":"{second.root}","scheme":2,"stands":0,"visits":0}}',
    )


@db
def test_what_was_sealed_is_proved_and_nothing_personal_is_in_it(sealed):
    proof = sealing.prove()
    assert (proof.days, proof.rows, proof.broken) == (1, 2 + DeviceEvent.objects.count(), [])
    rows = Review.objects.values_list(*sealing.REVIEW)
    assert "等了三天" not in "".join(sealing.form("review", sealing.REVIEW, row) for row in rows)


@pytest.mark.parametrize(
    ("table", "change", "fault"),
    [
        ("voice_review", "UPDATE voice_review SET body_digest = 'x' WHERE level = 2", "do not have its root"),
        ("voice_review", "UPDATE voice_review SET at = '2026-11-20 03:00:00' WHERE level = 5", "2 reviews when it was sealed, 1 now"),
        ("voice_deviceevent", "UPDATE voice_deviceevent SET result = 'rejected' WHERE kind = 'answered'", "do not have its root"),
        ("voice_dayroot", "UPDATE voice_dayroot SET reviews = 1", "does not have its hash"),
    ],
)  # fmt: skip
@db
def test_what_is_changed_behind_the_triggers_is_found(sealed, table, change, fault):
    behind(table, change)
    assert any(fault in f.fault for f in sealing.prove().broken)
    with pytest.raises(SystemExit):
        call_command("verify_devices")


@db
def test_a_text_that_is_erased_leaves_the_proof_whole(sealed):
    behind("voice_review", "UPDATE voice_review SET text = ''")
    assert sealing.prove().broken == []


@pytest.mark.parametrize("change", ["UPDATE voice_dayroot SET root = ''", "DELETE FROM voice_dayroot"])
@db
def test_the_database_refuses_to_change_the_log(sealed, change):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(change)


@db
def test_whoever_has_the_number_of_a_review_proves_that_it_was_there(sealed, client):
    for key in sealed:
        page = client.get("/reviews/proof/", {"id": key.upper(), "lang": "en"}).content.decode()
        assert "This review is in the sealed day of" in page and "unchanged" in page
        told = client.get("/reviews/proof/", {"id": key, "format": "json"}).json()
        assert merkle.root_of(told["leaf"], told["index"], told["size"], told["path"]) == told["root"]
        log = client.get("/reviews/roots.json").json()["days"]
        assert [(d["day"], d["root"]) for d in log] == [("2026-11-23", told["root"])]
    assert client.get("/reviews/proof/", {"id": "0" * 32}).status_code == 404


@db
def test_the_proof_does_not_tell_whose_case_it_was(sealed, client):
    numbers = list(Review.objects.values_list("number", flat=True))
    for address in ("/reviews/proof/", "/reviews/proof/?format=json"):
        for key in sealed:
            said = client.get(address, {"id": key}).content.decode()
            assert not [n for n in numbers if n in said]


@db
def test_a_review_of_today_is_proved_tomorrow(day, client):
    page = client.get("/reviews/proof/", {"id": day[0]})
    assert page.status_code == 200 and "次日" in page.content.decode()


@db
def test_the_log_is_a_page_and_stands_below_the_figures_of_its_month(sealed, client):
    root = DayRoot.objects.get().root
    assert root in client.get("/reviews/roots/").content.decode()
    assert root in client.get("/reviews/").content.decode()
    told = json.loads(client.get("/reviews/figures.json").content)
    assert (told["sealed"]["day"], told["sealed"]["root"]) == ("2026-11-23", root)


@db
def test_the_command_reads_the_sealed_days_too(sealed, capsys):
    call_command("verify_devices")
    said = capsys.readouterr().out
    assert (
        f"1 sealed days with {2 + DeviceEvent.objects.count()} reviews, verdicts and events read, 0 faults"
        in said
    )


@db
def test_the_number_of_a_review_stands_where_its_author_sees_it(town, client):
    a = town.accepted()
    actions.review(a, "accepted", level=5)
    key = Review.objects.get().event_id
    assert key in client.get(f"/rate/{a.track_token}?thanks=1").content.decode()


@db
def test_the_doctor_says_when_days_are_not_sealed(day, monday):
    said = lambda: [(line.state, line.says) for line in doctor.lines() if line.topic == "sealed"]  # noqa: E731
    assert said() == [("ok", "no day is to be sealed yet")]
    monday.move_to(at("2026-11-25 09:00"))
    assert [state for state, _says in said()] == ["problem"]
    sealing._done.forget()
    sealing.seal_what_is_over(200)
    assert said() == [("ok", "the last sealed day is 2026-11-24")]


# -- verdicts on tickets and at stands; days sealed before they were sealed with them --


def leaf_of(kind, **names):
    """What the documentation says is hashed, by hand: sorted keys, no blanks, instants in UTC."""
    told = {"kind": kind}
    for name, value in names.items():
        told[name] = (
            value.astimezone(dt.UTC).isoformat(timespec="microseconds")
            if isinstance(value, dt.datetime)
            else value
        )
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def by_hand():
    """The leaves of verdicts on tickets and at stands, without the code that seals."""
    for v in VisitVerdict.objects.order_by("pk"):
        yield leaf_of(
            "visit", event_id=v.event_id, ticket=v.ticket, hall_id=v.hall_id, counter_id=v.counter_id, outcome=v.outcome,
            body_digest=v.body_digest, channel=v.channel, at=v.at, said_at=v.said_at,
            replaces__event_id=v.replaces.event_id if v.replaces else None, device__code=v.device.code if v.device else None,
        )  # fmt: skip
    for v in HallVerdict.objects.order_by("pk"):
        yield leaf_of(
            "stand", event_id=v.event_id, device__code=v.device.code, hall_id=v.hall_id, place=v.place, level=v.level,
            codes=v.codes, is_surplus=v.is_surplus, shown_order=v.shown_order, at=v.at, said_at=v.said_at,
        )  # fmt: skip


def first_scheme():
    """The leaves of reviews and events as days were sealed before, and the root over them."""
    every = [
        sealing.form(kind, names, row).encode()
        for kind, names, rows in (
            ("review", sealing.REVIEW, Review.objects.order_by("pk")),
            ("event", sealing.EVENT, DeviceEvent.objects.order_by("pk")),
        )
        for row in rows.values_list(*names)
    ]
    return every, oracle(every).hex()


@db
def test_the_root_holds_verdicts_on_tickets_and_at_stands_as_the_oracle_works_it_out(everywhere, monday):
    monday.move_to(at("2026-11-24 01:00"))
    row = sealing.seal(dt.date(2026, 11, 23))
    old, old_root = first_scheme()
    assert (row.scheme, row.reviews, row.events, row.visits, row.stands) == (2, 1, len(old) - 1, 2, 1)
    assert row.root == oracle(old + list(by_hand())).hex() != old_root
    said = f'{{"day":"2026-11-23","events":{row.events},"reviews":1,"root":"{row.root}","scheme":2,"stands":1,"visits":2}}'
    assert row.link == linked("0" * 64, said)
    assert (sealing.prove().rows, sealing.prove().broken) == (len(old) + 3, [])
    assert not [word for word in ("讲得清楚", "等了很久") if word in b"".join(by_hand()).decode()]


@db
def test_each_of_them_is_proved_by_its_number(everywhere, monday, client):
    assert {sealing.find(key) for key in everywhere} == {sealing.Unsealed.YET}
    monday.move_to(at("2026-11-24 01:00"))
    row = sealing.seal(dt.date(2026, 11, 23))
    for key in everywhere:
        told = client.get("/reviews/proof/", {"id": key, "format": "json"}).json()
        assert (
            merkle.root_of(told["leaf"], told["index"], told["size"], told["path"])
            == told["root"]
            == row.root
        )
    assert [x["stands"] for x in client.get("/reviews/roots.json").json()["days"]] == [1]


@pytest.mark.parametrize(
    "change",
    [
        ("voice_visitverdict", "UPDATE voice_visitverdict SET body_digest = 'x'"),
        ("voice_visitverdict", "DELETE FROM voice_visitverdict WHERE replaces_id IS NOT NULL"),
        ("voice_hallverdict", "UPDATE voice_hallverdict SET level = 5"),
        ("voice_dayroot", "UPDATE voice_dayroot SET scheme = 1"),
        ("voice_dayroot", "UPDATE voice_dayroot SET scheme = 9"),
    ],
)
@db
def test_what_is_changed_behind_the_triggers_in_them_is_found(everywhere, monday, change):
    monday.move_to(at("2026-11-24 01:00"))
    sealing.seal(dt.date(2026, 11, 23))
    behind(*change)
    assert sealing.prove().broken != []


@db
def test_a_day_sealed_before_stays_provable_and_says_that_the_others_are_not_in_it(
    everywhere, monday, client
):
    """The line as the version before this one wrote it, hash by hash."""
    monday.move_to(at("2026-11-24 01:00"))
    old, root = first_scheme()
    said = f'{{"day":"2026-11-23","events":{len(old) - 1},"reviews":1,"root":"{root}"}}'
    before = DayRoot.objects.create(
        day=dt.date(2026, 11, 23), reviews=1, events=len(old) - 1, root=root, link=linked("0" * 64, said), made_at=at("2026-11-24 01:00")
    )  # fmt: skip
    before.refresh_from_db()
    assert (before.scheme, sealing.prove().broken) == (1, [])
    found = [sealing.find(key) for key in everywhere]
    assert found[0].holds and found[1:] == [sealing.Unsealed.BEFORE] * 3
    assert (
        "not yet sealed with it"
        in client.get("/reviews/proof/", {"id": everywhere[1], "lang": "en"}).content.decode()
    )
    monday.move_to(at("2026-11-25 01:00"))
    assert sealing.seal(dt.date(2026, 11, 24)).scheme == 2 and sealing.prove().broken == []


@db
def test_after_a_day_of_the_second_scheme_none_of_the_first_can_follow(everywhere, monday):
    monday.move_to(at("2026-11-25 01:00"))
    first = sealing.seal(dt.date(2026, 11, 23))
    said = f'{{"day":"2026-11-24","events":0,"reviews":0,"root":"{merkle.EMPTY}"}}'
    DayRoot.objects.create(
        day=dt.date(2026, 11, 24), reviews=0, events=0, root=merkle.EMPTY, link=linked(first.link, said), made_at=at("2026-11-25 01:00")
    )  # fmt: skip
    assert [f.fault for f in sealing.prove().broken] == [
        "says that it was sealed by scheme 1, which cannot be"
    ]


@db
def test_the_log_stays_append_only_after_its_table_was_made_anew(everywhere, monday):
    monday.move_to(at("2026-11-24 01:00"))
    sealing.seal(dt.date(2026, 11, 23))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute("UPDATE voice_dayroot SET scheme = 1")
