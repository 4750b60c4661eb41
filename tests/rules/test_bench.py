"""Each benchmark is run once, tiny: they write rows by raw SQL and call the product by name, and a new column or a changed
function would break them where nobody sees it. What they print is read; nothing here says how fast anything is."""

import asyncio
import contextlib
import json
import re
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from pytest_django.live_server_helper import LiveServer

from bench import bare, devices, hall, http, issues, many, pages, raw, reviews, run
from onewindow.cases.append_only import REFUSED
from onewindow.cases.models import Card, Event, Followup, Notice
from onewindow.config.front import Front
from onewindow.config.management.commands.init import load_reference
from onewindow.config.wsgi import application
from onewindow.hall.models import Announcement, TicketEvent
from onewindow.issues.models import Issue
from onewindow.licences.models import Licence
from onewindow.org.models import Counter
from onewindow.sim import city
from onewindow.sim.fleet import Fleet
from onewindow.voice.models import Review
from onewindow.window.models import Application, Document, Package, Paper, Result

RATIO = re.compile(r"^ +(\S.*?) {2,}.*\bratio +([\d.]+)", re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def _city(django_db_setup, django_db_blocker):
    """The demonstration city, committed: the raw side of a benchmark begins and ends its own transactions."""
    with django_db_blocker.unblock():
        load_reference()
        city.build(1)
        yield
        # The keys go on: a row of the town (tests/town.py) has a key of its own, which a series begun anew would give again.
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)


@pytest.fixture(scope="module")
def town(_city):
    return run.Town()


@pytest.fixture(scope="module")
def sample(town):
    return town.accept()


@pytest.fixture(scope="module")
def rows(sample):
    return raw.Rows(sample)


@pytest.fixture
def ratios(capsys):
    """What a benchmark has printed: line → ratio, each a number above nothing."""

    def read():
        found = {name: float(ratio) for name, ratio in RATIO.findall(capsys.readouterr().out)}
        assert all(ratio > 0 for ratio in found.values()), found
        return found

    return read


def counted(*models):
    return {model.__name__: model.objects.count() for model in models}


def added(before, *models):
    return {name: n - before[name] for name, n in counted(*models).items()}


LIFE = (Application, Event, Followup, Document, Paper)


def test_raw_sql_writes_and_reads_what_an_acceptance_and_a_decision_write(town, rows):
    before = counted(*LIFE)
    town.accept()
    ours = added(before, *LIFE)
    before = counted(*LIFE)
    of = rows.accept()
    assert (
        added(before, *LIFE)
        == ours
        == {"Application": 1, "Event": 2, "Followup": 2, "Document": 5, "Paper": 1}
    )
    written = Application.objects.get(pk=of[0])
    assert (written.number, written.status, written.documents.count()) == (of[1], "examining", 5)
    before = counted(*LIFE)
    rows.decide(of)
    assert added(before, *LIFE) == {"Application": 0, "Event": 1, "Followup": 1, "Document": 0, "Paper": 1}
    assert len(rows.track()[1]) == 2
    assert of[1] in str(rows.desk())


def test_history_is_filled_up_to_its_size(sample):
    raw.fill(sample, 120)
    assert Application.objects.count() >= 120
    assert Application.objects.filter(number__startswith="H", closed_at__isnull=False).count() > 50
    raw.fill(sample, 50)  # there are more already


def test_acceptance_decision_and_pages(town, sample, rows, ratios):
    before = counted(Application)
    run.life(town, sample, rows, 120, 2)
    assert list(ratios()) == [
        "accept, in process", "take a step (decide), in process", "desk page, 50 rows", "search by name", "track page"
    ]  # fmt: skip
    assert added(before, Application) == {
        "Application": (5 + 5) * 2
    }  # three to get warm and two rounds, of each side, twice


def test_acceptance_over_http(town, rows, ratios):
    @contextlib.contextmanager
    def serve():
        server = LiveServer("localhost")
        yield server.thread.port
        server.stop()

    before = Application.objects.filter(status="received").count()
    http.figures(town, rows, 120, serve, 0.3)
    assert list(ratios()) == ["POST /applications, 16 callers"]
    assert Application.objects.filter(status="received").count() > before


def test_a_bundle(town, ratios):
    before = counted(Package)
    many.bundle(town, 120, 1)
    assert list(ratios()) == ["bundle: 5 children, 12 approvals"]
    assert added(before, Package) == {"Package": 2 + 2}


def test_a_batch(town, rows, ratios):
    before = Application.objects.filter(result=Result.GRANT).count()
    many.batches(town, rows, 120, 3)
    assert list(ratios()) == ["batch of 3 decisions"]
    assert Application.objects.filter(result=Result.GRANT).count() == before + 3


def test_a_register(town, rows, ratios):
    many.register(town, rows, 3600)
    assert list(ratios()) == ["renewal scan, nothing due", "renewal scan, one day of five years"]
    assert Licence.objects.count() >= 3600
    assert Event.objects.filter(kind="licence.expiring", number__startswith="L").count() == 2
    assert Event.objects.filter(kind="licence.expiring", number__startswith="R").count() == 2  # by raw SQL


def test_calling_whoever_is_next(ratios):
    before = counted(Announcement)
    hall.figures(2, waiting=6)
    assert list(ratios()) == ["call next, 4 counters"]
    assert added(before, Announcement) == {"Announcement": (3 + 2) * 2}
    with pytest.raises(DatabaseError, match=REFUSED):
        TicketEvent.objects.all().delete()  # the table is protected again


def test_a_storm_of_issues_and_telling_of_it(ratios):
    issues.figures(30)
    assert list(ratios()) == ["escalation, one issue", "follow-up, one event"]
    assert Issue.objects.filter(number__startswith="Q", light="yellow").count() == 30
    # by raw SQL as many: the light and the card of each, and a notice for each who is named on it
    mine = {model: model.objects.filter(number__startswith="Q").count() for model in (Event, Card, Notice)}
    assert mine[Notice] >= 30
    copied = {model: model.objects.filter(number__startswith="X").count() for model in mine}
    assert copied == {Event: 60, Card: 30, Notice: mine[Notice]}


def test_reviews(ratios):
    reviews.figures([40, 120], rounds=1)
    assert set(ratios()) == {*reviews.PAGES, "twenty texts of the city", "twenty texts of an item"}
    assert 100 <= Review.objects.count() <= 120


@pytest.mark.django_db  # also so that there is a database: it is made for the tests that bear the mark
def test_the_reviews_of_the_benchmark_fit_the_table_beyond_what_a_32_bit_product_holds():
    reviews.fill(25_000)
    assert 24_000 < Review.objects.count() <= 25_000


@pytest.mark.django_db
def test_a_poll_that_begins(capsys):
    rows = devices.paired(SimpleNamespace(windows=Counter.objects.filter(has_device=True)[:2]))
    devices.one_poll(rows[0][1], times=1)
    assert re.search(
        r"a poll that begins\s+[\d.]+ ms CPU, [\d.]+ × an empty request", capsys.readouterr().out
    )


@pytest.fixture
def door():
    """The door of the web server (config/front.py) on a port of its own, in a loop and a thread of its own."""
    its, begun = Front(application, 1), Future()

    async def answer(reader, writer):
        with (
            contextlib.closing(writer),
            contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError),
        ):
            while True:
                first, *heads = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
                path, _mark, query = first.split(b" ")[1].partition(b"?")
                scope = {
                    "type": "http", "method": "GET", "path": path.decode(), "query_string": query, "scheme": "http",
                    "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("localhost", 80),
                    "headers": [tuple(head.lower().split(b": ", 1)) if b"uthor" not in head else (b"authorization", head[15:]) for head in heads],
                }  # fmt: skip
                asked = [{"type": "http.request", "body": b""}]

                async def receive(asked=asked):
                    return asked.pop() if asked else await asyncio.Event().wait()

                async def send(message):
                    if message["type"] == "http.response.start":
                        lines = [b"%s: %s" % head for head in message["headers"]]
                        writer.write(b"\r\n".join([b"HTTP/1.1 %d X" % message["status"], *lines, b"", b""]))
                    else:
                        writer.write(message["body"])

                await its(scope, receive, send)

    async def serve():
        listening, over = await asyncio.start_server(answer, "127.0.0.1", 0), asyncio.Event()
        begun.set_result((listening.sockets[0].getsockname()[1], asyncio.get_running_loop(), over))
        await over.wait()
        listening.close()

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(asyncio.run, serve())
        port, loop, over = begun.result()
        yield SimpleNamespace(port=port, cpu_seconds=time.process_time)
        loop.call_soon_threadsafe(over.set)
        done.result()
        for pool in (its.pool, its.waiters._eyes):
            pool.submit(connections.close_all).result()
            pool.shutdown()


def test_the_pages_that_people_open_most_over_http(town, sample, door, ratios):
    pages.compare(town, sample, 120, door, door, 1, 1)
    names = ("to-do list, 50 rows", "case page", "counter", "track page")
    assert list(ratios()) == [f"{name}, server CPU" for name in names]


def test_the_bare_function_gives_the_rows_of_the_list(sample):
    began = []
    body = b"".join(bare.application({}, lambda *start: began.append(start)))
    assert began[0][0] == "200 OK"
    assert sample.number in str(json.loads(body)) and len(json.loads(body)) <= 51


def test_devices_on_long_poll(door):
    fleet = Fleet(door, 2, say=lambda line: None)
    fleet.build()
    with ThreadPoolExecutor(1) as thread:  # here the browser of other tests may hold an event loop
        found = thread.submit(
            asyncio.run, devices.measure(door, fleet, devices.paired(fleet), 0.8, 0.2, settle=0.3)
        ).result()
    delivered, middle, tail, cpu, each, waiting = found
    assert 1 <= delivered <= 8 and waiting == 2
    assert tail >= middle > 0 < cpu and each > 0
