"""The figures on one database: each of our operations against raw SQL for the same rows, in the same run, interleaved."""

from __future__ import annotations

import argparse
import json
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402

from bench import hall, http, issues, many, pages, raw, reviews  # noqa: E402
from onewindow.catalog.models import Item  # noqa: E402
from onewindow.data.people import citizens  # noqa: E402
from onewindow.org.models import Hall, Person  # noqa: E402
from onewindow.sim import city  # noqa: E402
from onewindow.window import actions  # noqa: E402
from onewindow.window.models import Application  # noqa: E402

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def timed(deed: Callable[[], Any]) -> float:
    """Microseconds of one call."""
    began = time.perf_counter_ns()
    deed()
    return (time.perf_counter_ns() - began) / 1000


def compare(ours: Callable[[], Any], limit: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Medians in µs of both, taken in turns so that the machine's moods hit both."""
    for _ in range(3):
        ours(), limit()
    pairs = [(timed(ours), timed(limit)) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)


def line(what: str, size: int, us: float, limit: float) -> None:
    print(
        f"  {what:34} {size:>7}  {us:>9.0f} µs   raw {limit:>8.0f} µs   ratio {us / limit:>6.2f}", flush=True
    )


class Town:
    """What the figures need: a clerk, an approver, an item, and ever new applicants."""

    def __init__(self) -> None:
        self.clerk = Person.objects.get(username="clerk")
        self.approver = Person.objects.get(username="approver")
        self.version = Item.objects.published().get(code="ZD-MSA-001").current
        self.version.item = Item.objects.select_related("office").get(pk=self.version.item_id)
        self.hall = Hall.objects.get(code="H01")
        self.people = self._people()

    def _people(self) -> Iterator[dict[str, str]]:
        one = next(iter(citizens(1, 1)))
        while True:
            yield {
                "kind": "person", "name": one.name, "id_type": "citizen_id", "id_number": uuid.uuid4().hex[:18],
                "mobile": one.mobile,
            }  # fmt: skip

    def accept(self) -> Application:
        """One counter visit: received with five materials and accepted, in one transaction."""
        with transaction.atomic():
            a = actions.take_in(
                self.version,
                by=self.clerk,
                applicant=next(self.people),
                materials=dict.fromkeys(range(1, 6), ("paper", None)),
                hall=self.hall,
                counter=self.clerk.counter,
            )
            return actions.accept(a, by=self.clerk)


#: parts that can be asked for one by one (``--only``)
PARTS = ("life", "http", "pages", "bundle", "batch", "register", "hall", "reviews", "issues")


def figures(size: int, rounds: int, only: frozenset[str], licences: int) -> None:
    town = Town()
    sample = town.accept()
    raw.fill(sample, size)
    rows = raw.Rows(sample)
    if "life" in only:
        life(town, sample, rows, size, rounds)
    if "http" in only:
        http.figures(town, rows, size)
    if "pages" in only:
        pages.figures(town, sample, size)
    if "bundle" in only:
        many.bundle(town, size, max(rounds // 4, 3))
    if "batch" in only:
        many.batches(town, rows, size)
    if "register" in only:
        many.register(town, rows, licences)


def life(town: Town, sample: Application, rows: raw.Rows, size: int, rounds: int) -> None:
    line("accept, in process", size, *compare(town.accept, rows.accept, rounds))

    waiting = [town.accept() for _ in range(rounds + 3)]
    fresh = [rows.accept() for _ in range(rounds + 3)]
    decide = lambda: actions.decide(waiting.pop(), by=town.approver, result="grant")  # noqa: E731
    line("take a step (decide), in process", size, *compare(decide, lambda: rows.decide(fresh.pop()), rounds))

    desk = Client()
    desk.force_login(town.approver, backend=BACKEND)
    page(desk, "/desk/", "desk page, 50 rows", size, rows.desk, rounds)
    found = desk.get("/desk/search/", {"q": sample.applicant_name}, headers={"host": "localhost"})
    page(desk, found.url, "search by name", size, rows.search, rounds)  # the name is sealed in the address
    page(Client(), sample.track_path, "track page", size, rows.track, rounds)


def page(client: Client, url: str, what: str, size: int, limit: Callable[[], Any], rounds: int) -> None:
    """A page through the whole stack without the socket, against its rows by raw SQL as JSON."""

    def ours() -> None:
        answer = client.get(url, headers={"host": "localhost"})
        assert answer.status_code == 200, (url, answer.status_code)

    line(what, size, *compare(ours, lambda: json.dumps(limit(), default=str), rounds))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--licences", type=int, default=1_000_000)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--issues", type=int, default=10_000)
    options = parser.parse_args()
    only = frozenset(options.only.split(","))
    if unknown := only - set(PARTS):
        parser.error(f"--only knows {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    call_command("init", verbosity=0)
    city.build(1)
    print(f"{connection.vendor} {raw.version()}, {raw.durability()}", flush=True)
    for n, size in enumerate(int(s) for s in options.sizes.split(",")):
        # The register does not depend on the history of applications: once is enough.
        figures(size, options.rounds, only - {"register"} if n else only, options.licences)
    if "hall" in only:
        hall.figures(options.rounds)
    if "reviews" in only:
        reviews.figures([10_000, options.reviews])
    if "issues" in only:
        issues.figures(options.issues)


if __name__ == "__main__":
    main()
