"""Is this instance well? Checks for /readyz and `onewindow doctor`, figures for /metrics."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Q

from onewindow.cases.flow import FLOWS
from onewindow.cases.models import Followup, Message

BEAT, BEAT_LIMIT = (
    "worker-beat",
    60,
)  # cache key and seconds (cases/management/commands/worker.py writes every 10 s)
SHARED = "PROMETHEUS_MULTIPROC_DIR"

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest  # noqa: E402
from prometheus_client.core import GaugeMetricFamily, Metric  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

REQUESTS = Counter("onewindow_requests", "Answers by view, method and status", ["view", "method", "status"])
SECONDS = Histogram(
    "onewindow_request_seconds",
    "Time to answer by view",
    ["view"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


@dataclass(frozen=True)
class Check:
    """One thing that must hold before this instance may serve people."""

    ok: bool
    says: str


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return Check(cursor.fetchone() == (1,), "answers")


_migrated = False


def missing_migrations() -> int:
    """How many migrations the database lacks."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _migrations() -> Check:
    """Asked once a process until the answer is yes: it can't turn to no while the same code runs."""
    global _migrated
    if not _migrated:
        if missing := missing_migrations():
            return Check(False, f"{missing} missing")
        _migrated = True
    return Check(True, "applied")


def beat_age() -> float | None:
    """Seconds since the worker last said that it lives; None if it never did (or long ago)."""
    beat = cache.get(BEAT)
    return None if beat is None else max(0.0, time.time() - beat)


def _worker() -> Check:
    age = beat_age()
    return Check(
        age is not None and age < BEAT_LIMIT, "no sign of life" if age is None else f"seen {age:.0f} s ago"
    )


def _storage() -> Check:
    place = Path(settings.STORAGES["default"]["OPTIONS"]["location"])  # type: ignore[index]
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=place) as file:
        file.write(b"ready")
        file.flush()
        os.fsync(file.fileno())
    return Check(True, "can be written")


CHECKS: dict[str, Callable[[], Check]] = {
    "database": _database,
    "migrations": _migrations,
    "worker": _worker,
    "storage": _storage,
}


def readiness() -> dict[str, Check]:
    """Each check with its answer; one that fails says only what kind of error it was, never an address or a path."""
    found: dict[str, Check] = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except Exception as error:
            found[name] = Check(False, type(error).__name__)
    return found


# --- figures -----------------------------------------------------------------------------------------------


class Figures:
    """Figures read from the database when they are asked for: three small counts over partial indexes."""

    def collect(self) -> Iterator[Metric]:
        open_cases = GaugeMetricFamily(
            "onewindow_open_cases", "Open cases by kind and light", labels=["kind", "light"]
        )
        for kind in FLOWS.values():
            if kind.model is None:
                continue
            rows = kind.model._base_manager.filter(closed_at__isnull=True).values_list("light")
            for light, n in rows.annotate(n=Count("pk")).order_by("light"):
                open_cases.add_metric([kind.model.KIND, light or "none"], n)
        yield open_cases
        queue = GaugeMetricFamily(
            "onewindow_queue", "Rows that wait for the worker", labels=["queue", "state"]
        )
        for name, waiting in (
            ("followups", Followup.objects.filter(done_at__isnull=True)),
            ("messages", Message.objects.filter(sent_at__isnull=True, gave_up_at__isnull=True)),
        ):
            counts = waiting.aggregate(waiting=Count("pk"), failing=Count("pk", filter=Q(attempts__gt=1)))
            for state, n in counts.items():
                queue.add_metric([name, state], n)
        yield queue
        age = beat_age()
        beat = GaugeMetricFamily("onewindow_worker_beat_age_seconds", "Since the worker's last sign of life")
        beat.add_metric([], float("inf") if age is None else age)
        yield beat


def exposition() -> bytes:
    """The text of /metrics: requests of all server processes, and the figures."""
    figures = CollectorRegistry()
    figures.register(Figures())  # type: ignore[arg-type]
    if os.environ.get(SHARED):
        requests = CollectorRegistry()
        MultiProcessCollector(requests)
    else:
        requests = REGISTRY
    return generate_latest(requests) + generate_latest(figures)


def share_counters() -> None:
    """Call before the server starts its processes: they count into files of one folder, so that each can tell for all."""
    folder = settings.DATA_DIR / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink(missing_ok=True)
    os.environ[SHARED] = str(folder)
