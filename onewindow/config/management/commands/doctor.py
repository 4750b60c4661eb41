"""onewindow doctor: what is set and from where, what is missing, what is wrong."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.utils import timezone

from onewindow.cases import instant
from onewindow.config import health
from onewindow.config.settings import KNOWN, env
from onewindow.exchange.connectors import Unavailable, register
from onewindow.exchange.models import Dataset
from onewindow.org.models import CalendarDay, Person, Post
from onewindow.org.roles import PRIVILEGED, Role
from onewindow.voice import sealing
from onewindow.voice.device_models import DayRoot

OK, WARN, WRONG = "ok", "warning", "problem"
SECRET = ("KEY", "TOKEN", "PASSWORD")
FREE = 1 << 30  # bytes below which the disk is called nearly full
SKEW = 5  # seconds by which this machine's clock may differ from the database's


@dataclass(frozen=True)
class Line:
    topic: str
    state: str
    says: str


class Command(BaseCommand):
    help = "show settings and state; exit 1 and a line for each problem"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="the same as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(lines())
        wrong = sum(line.state == WRONG for line in found)
        if options["json"]:
            rows = [asdict(line) for line in found]
            self.stdout.write(
                json.dumps(
                    {"problems": wrong, "settings": settings_table(), "lines": rows}, ensure_ascii=False
                )
            )
        else:
            for row in settings_table():
                self.stdout.write(f"{row['name']:<28} {row['from']:<12} {row['value']}")
            self.stdout.write("")
            for line in found:
                self.stdout.write(f"{line.state:<8} {line.topic:<12} {line.says}")
            self.stdout.write(f"\n{wrong} problems, {sum(line.state == WARN for line in found)} warnings")
        if wrong:
            sys.exit(1)


def settings_table() -> list[dict[str, str]]:
    """Each setting, whether it comes from the environment, and the value in force (of secrets only that there is one)."""
    rows = []
    for name in sorted([*KNOWN, "DATABASE_URL", "EMAIL_URL"]):
        given = name in os.environ
        value = os.environ[name] if given else _default(name)
        rows.append(
            {"name": name, "from": "environment" if given else "default", "value": _shown(name, value)}
        )
    return rows


def _default(name: str) -> str:
    """What holds where the environment is silent."""
    if name == "DATABASE_URL":
        return f"sqlite:///{settings.DATABASES['default']['NAME']}"
    if name == "EMAIL_URL":
        return (
            "console://" if settings.EMAIL_BACKEND.endswith("console.EmailBackend") else "smtp://localhost:25"
        )
    value = env.dump().get(name, "")
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(value) if isinstance(value, list) else str(value)


def _shown(name: str, value: str) -> str:
    if name.endswith(SECRET):
        return "set" if value else "kept in the data folder" if name.endswith("KEY") else "not set"
    if name.endswith("_URL") and "@" in value:  # user and password stay where they are
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    return value


def lines() -> Iterator[Line]:
    """Every check; one that breaks is itself a problem and stops no other."""
    for check in CHECKS:
        topic = check.__name__.replace("_", " ").strip()
        try:
            yield from (Line(topic, state, says) for state, says in check())
        except Exception as error:
            yield Line(
                topic,
                WRONG,
                f"could not be checked: {type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:120]}",
            )


Said = Iterator[tuple[str, str]]


def ready() -> Said:
    for name, check in health.readiness().items():
        if name == "worker" and not check.ok:
            yield WRONG, "the worker is not running: onewindow worker"
        else:
            yield (OK if check.ok else WRONG), f"{name}: {check.says}"


def database() -> Said:
    with connection.cursor() as cursor:

        def ask(sql: str) -> str:
            cursor.execute(sql)
            return str(cursor.fetchone()[0])

        if connection.vendor == "sqlite":
            journal, sync = ask("PRAGMA journal_mode"), ask("PRAGMA synchronous")
            sound = journal == "wal" and sync == "2"
            says = f"SQLite {ask('SELECT sqlite_version()')}, journal {journal}, synchronous {'FULL' if sync == '2' else sync}"
            yield (OK if sound else WRONG), says
        else:
            fsync, commit = ask("SHOW fsync"), ask("SHOW synchronous_commit")
            safe = fsync == "on" and commit != "off"
            says = f"PostgreSQL {ask('SHOW server_version')}, fsync {fsync}, synchronous_commit {commit}"
            yield (OK if safe else WRONG), says


def clock() -> Said:
    with connection.cursor() as cursor:
        before = time.time()
        if connection.vendor == "postgresql":
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            skew = abs(float(cursor.fetchone()[0]) - (before + time.time()) / 2)
        else:
            skew = 0.0  # the same machine
    yield (
        (OK if skew < SKEW else WRONG),
        f"{timezone.localtime():%Y-%m-%d %H:%M %z}, {skew:.1f} s from the database's",
    )


def calendar() -> Said:
    year = timezone.localdate().year
    for y in (year, year + 1):
        days = CalendarDay.objects.filter(day__year=y).count()
        if days:
            yield OK, f"{y}: {days} exceptions"
        else:
            says = f"{y}: not published or not imported; deadlines in it are provisional (import-calendar)"
            yield (WRONG if y == year else WARN), says


def secrets() -> Said:
    for name in ("ONEWINDOW_SECRET_KEY", "ONEWINDOW_FIELD_KEY"):
        value = os.environ.get(name, "")
        if not value:
            yield (
                (OK if settings.DEMO else WARN),
                f"{name} is kept in the data folder; set it in the environment",
            )
        elif len(value) < 50:
            yield WRONG, f"{name} is shorter than 50 characters"


def security() -> Said:
    relaxed = settings.DEMO or settings.TESTING
    yield (WRONG if settings.DEBUG and not relaxed else OK), f"debug {'on' if settings.DEBUG else 'off'}"
    yield (OK if settings.SECURE or relaxed else WRONG), f"HTTPS only: {'yes' if settings.SECURE else 'no'}"
    says = "required of privileged roles" if settings.MFA_REQUIRED else "optional"
    yield (OK if settings.MFA_REQUIRED or relaxed else WRONG), f"second factor {says}"
    if "*" in settings.ALLOWED_HOSTS and not relaxed:
        yield WRONG, "ONEWINDOW_ALLOWED_HOSTS is * : links could be made to name any host"


def address() -> Said:
    parts = urlsplit(settings.BASE_URL)
    local = parts.hostname in ("localhost", "127.0.0.1")
    if settings.SECURE and parts.scheme != "https":
        yield WRONG, f"{settings.BASE_URL} is printed in QR codes, but is not https"
    elif local and not settings.DEMO:
        yield WARN, f"{settings.BASE_URL} is printed in QR codes: a phone can't open it (ONEWINDOW_BASE_URL)"
    else:
        yield OK, settings.BASE_URL


def accounts() -> Said:
    today = timezone.localdate()
    admins = (
        Post.objects.on(today)
        .filter(role=Role.ADMIN, person__is_active=True)
        .values("person")
        .distinct()
        .count()
    )
    yield (OK if admins else WRONG), f"{admins} IT administrators hold their post today"
    if flagged := Person.objects.filter(is_superuser=True, is_active=True).count():
        yield WARN, f"{flagged} superusers: the flag opens nothing here, a post does; take it away"
    held = Person.objects.filter(is_active=True, posts__in=Post.objects.on(today).filter(role__in=PRIVILEGED))
    bare = held.exclude(authenticator__type="totp").distinct().count()
    if bare:
        yield (
            (OK if settings.DEMO else WARN),
            f"{bare} people with privileged roles have not set up the second factor",
        )


def fonts() -> Said:
    found = (
        sorted(p.name for p in Path(settings.FONT_DIR).glob("*.[ot]t[fc]"))
        if Path(settings.FONT_DIR).exists()
        else []
    )
    chinese = [name for name in found if any(mark in name for mark in ("SC", "CJK", "Han", "Song", "Hei"))]
    says = ", ".join(found) or f"none in {settings.FONT_DIR}"
    yield (OK if chinese else WARN), says if chinese else f"{says}: letters need a Chinese font"


def disk() -> Said:
    free = shutil.disk_usage(settings.DATA_DIR).free
    yield (OK if free > FREE else WRONG), f"{free / (1 << 30):.1f} GiB free at {settings.DATA_DIR}"
    mode = Path(settings.DATA_DIR).stat().st_mode & 0o007
    if mode and not settings.DEMO:
        yield WARN, f"{settings.DATA_DIR} is open to everybody on this machine: chmod o-rwx"


def registers() -> Said:
    shared = Dataset.objects.filter(is_active=True).count()
    try:
        says = register().check()
    except Unavailable as none:
        if none.code == "not_connected":
            yield (WARN if shared else OK), f"none is connected, {shared} data sets (ONEWINDOW_REGISTERS)"
        else:
            yield WRONG, f"{settings.REGISTERS} does not answer: {none.code}"
        return
    invented = settings.REGISTERS == "local" and not (settings.DEMO or settings.TESTING)
    yield (WRONG if invented else OK), f"{says}, {shared} data sets"


def sealed() -> Said:
    """The day before is sealed from one in the morning on; a worker that has just been started makes up for what is due."""
    last = DayRoot.objects.order_by("-day").first()
    due = len(sealing.due(instant.now()))
    if due > 1:
        yield WRONG, f"{due} days are over and not sealed: the worker has not run since (onewindow worker)"
    else:
        yield OK, f"the last sealed day is {last.day}" if last else "no day is to be sealed yet"


CHECKS: list[Callable[[], Said]] = [
    ready, database, clock, calendar, secrets, security, address, accounts, fonts, registers, disk, sealed,
]  # fmt: skip
