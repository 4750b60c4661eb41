"""Reviews: what the public pages and the signals cost after a million of them against ten thousand.

python -m bench --only reviews   (on both databases; python -m bench.reviews: on that of the environment)

The reviews are written by the database itself in one statement; sums and signals are made by the product's own code.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import time
from collections.abc import Callable
from typing import Any

import django

django.setup()

import datetime as dt  # noqa: E402

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench import raw  # noqa: E402
from onewindow.catalog.models import Item  # noqa: E402
from onewindow.org.models import Counter, Person  # noqa: E402
from onewindow.sim import city  # noqa: E402
from onewindow.voice import examining, publishing, tallies  # noqa: E402
from onewindow.voice.models import Review  # noqa: E402
from onewindow.voice.records import Moderation, TallyRun  # noqa: E402

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
DAYS = 360
PAGES = {
    "public page of the city": "/reviews/",
    "public list of 78 items": "/reviews/items/",
    "public page of an item": "/reviews/items/ZD-MSA-001/",
    "open data (CSV)": "/reviews/figures.csv",
    "windows and funnel plot": "/desk/reviews/windows/",
    "report of signals": "/desk/reviews/signals/",
}


def fill(size: int) -> None:
    """So many reviews over 360 days, all windows and items, every tenth with words, by one statement."""
    have = Review.objects.count()
    pg = connection.vendor == "postgresql"
    n = "s" if pg else "s.n"
    series = (
        f"generate_series({have + 1}::bigint, {size}::bigint) s"
        if pg
        else f"(WITH RECURSIVE s(n) AS (SELECT {have + 1} UNION ALL SELECT n + 1 FROM s WHERE n < {size}) SELECT n FROM s) AS s"
    )
    first = dt.datetime.combine(timezone.localdate() - dt.timedelta(days=DAYS), dt.time(1), dt.UTC)
    seconds = f"(({n} * 7919) % {DAYS}) * 86400 + ({n} * 104729) % 28800"
    at = (
        f"timestamptz '{first.isoformat()}' + ({seconds}) * interval '1 second'"
        if pg
        else f"datetime('{first:%Y-%m-%d %H:%M:%S}', '+' || ({seconds}) || ' seconds')"
    )
    windows = list(Counter.objects.filter(has_device=True).order_by("pk").values_list("pk", "hall_id"))
    pick = f"({n} * 31) % {len(windows)}"
    # the windows' keys follow one another hall by hall, so that a look-up table does
    table = " ".join(f"WHEN {i} THEN {pk}" for i, (pk, _hall) in enumerate(windows))
    halls = " ".join(f"WHEN {i} THEN {hall}" for i, (_pk, hall) in enumerate(windows))
    numbered = "SELECT row_number() OVER (ORDER BY id) - 1 AS r, code, office_id FROM catalog_item"
    join = f" JOIN ({numbered}) i ON i.r = ({n} * 17) % 78"
    level = f"CASE WHEN {n} % 97 = 0 THEN 2 WHEN {n} % 211 = 0 THEN 1 WHEN {n} % 9 = 0 THEN 4 WHEN {n} % 31 = 0 THEN 3 ELSE 5 END"
    mark, no, yes = secrets.token_hex(2), "false" if pg else "0", "true" if pg else "1"
    columns = {
        "number": f"'A{mark}' || {n}", "touchpoint": "'delivered'", "level": level, "codes": "'[]'",
        "text": f"CASE WHEN {n} % 10 = 0 THEN '办得不错' || {n} ELSE '' END", "channel": "4", "is_default": no,
        "event_id": f"'{mark}' || {n}", "body_digest": "''", "counter_id": f"CASE {pick} {table} END",
        "hall_id": f"CASE {pick} {halls} END", "office_id": "i.office_id", "item_code": "i.code", "clerk": "''",
        "at": at, "said_at": at, "nth": "1", "assisted_by": "''", "assisted_why": "''", "origin": "''", "was_touched": yes,
        "shown_order": "''",
    }  # fmt: skip
    names = ", ".join(f'"{c}"' for c in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO voice_review ({names}) SELECT {', '.join(columns.values())} FROM {series}{join}"
        )
        cursor.execute(
            'INSERT INTO voice_moderation (review_id, ruling, text, ground, reason, "by", at, show_at, item_code, hall_id,'
            " office_id) SELECT r.id, 'published', r.text, '', '', 'bureau', r.at, r.at, r.item_code, r.hall_id, r.office_id"
            " FROM voice_review r WHERE r.text <> '' AND NOT EXISTS (SELECT 1 FROM voice_moderation m WHERE m.review_id = r.id)"
        )
        cursor.execute("ANALYZE")


def timed(deed: Callable[[], Any]) -> float:
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def page(client: Client, url: str, rounds: int) -> float:
    """Milliseconds of a page through the whole stack, a median."""

    def ask() -> None:
        answer = client.get(url, headers={"host": "localhost"})
        assert answer.status_code == 200, (url, answer.status_code)

    ask()
    return statistics.median(timed(ask) for _ in range(rounds)) * 1000


def measure(size: int, rounds: int) -> dict[str, float]:
    filled = timed(lambda: fill(size))
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    first = yesterday - dt.timedelta(days=DAYS)
    made = timed(lambda: tallies.rebuild(first, yesterday))
    TallyRun.objects.create(until=yesterday, at=timezone.now())
    day = timed(lambda: tallies.rebuild(yesterday - dt.timedelta(days=3), yesterday))
    looked = timed(lambda: examining.examine(yesterday - examining.QUARTER, yesterday))
    faults = tallies.check(yesterday - dt.timedelta(days=20), yesterday)
    assert not faults, faults[:3]
    print(
        f"  {size:>9} reviews: filled in {filled:.1f} s, all sums made anew {made:.1f} s, the daily four days {day:.2f} s,"
        f" a quarter examined {looked:.1f} s, {Moderation.objects.count()} texts; sums checked against the reviews: equal",
        flush=True,
    )
    client = Client()
    client.force_login(Person.objects.get(username="bureau"), backend=BACKEND)
    item = Item.objects.get(code="ZD-MSA-001")
    texts = {
        "twenty texts of the city": publishing.published(),
        "twenty texts of an item": publishing.published("item", item),
    }
    return {name: page(client, url, rounds) for name, url in PAGES.items()} | {
        name: statistics.median(
            timed(lambda rows=rows: publishing.page(rows.all(), "")) for _ in range(rounds)
        )
        * 1000
        for name, rows in texts.items()
    }


def figures(sizes: list[int], rounds: int = 9) -> None:
    """Each page after the first and after the last number of reviews."""
    found = [measure(size, rounds) for size in sizes]
    for name in found[0]:
        first, last = found[0][name], found[-1][name]
        print(f"  {name:28} {first:>8.1f} ms → {last:>8.1f} ms   ratio {last / first:>5.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10000,1000000")
    options = parser.parse_args()
    call_command("init", verbosity=0)
    city.build(1)
    print(f"{connection.vendor} {raw.version()}, reviews", flush=True)
    figures([int(size) for size in options.sizes.split(",")])


if __name__ == "__main__":
    main()
