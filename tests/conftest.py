"""What every test stands on: the town, a closed network, strict templates, a real browser where there is one."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from django.utils import timezone, translation

from onewindow.config.settings import BASE_DIR, PROJECT_DIR
from onewindow.org.kept import forget_everything
from tests import tables
from tools.shot import chromium_path, launch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.town import Town

pytest_plugins = ["tests.steady"]

AXE = PROJECT_DIR / "node_modules/axe-core/axe.min.js"
REQUIRED = set(filter(None, os.environ.get("ONEWINDOW_TEST_REQUIRE", "").split(",")))
NO_BROWSER = "no Chromium here (Debian: apt-get install chromium)"


# --- what runs where ---------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Uploads, papers and message files of tests go to a folder of their own. Compiled modules are kept, whatever the
    machine says: without them each worker compiles every test anew, and each process of a test the whole program."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    data = Path(tempfile.mkdtemp(prefix="onewindow-test-"))
    config.add_cleanup(lambda: __import__("shutil").rmtree(data, ignore_errors=True))
    settings.DATA_DIR = data
    settings.STORAGES["default"]["OPTIONS"]["location"] = str(data / "files")
    settings.STATIC_ROOT = data / "static"
    settings.STATIC_ROOT.mkdir()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests about PostgreSQL run in that half of `make test` only, tests with an SQLite instance of their own in the
    other; browser tests only where there is a browser."""
    on_postgres = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    other_half = "own_instance" if on_postgres else "postgres"
    elsewhere = [i for i in items if i.get_closest_marker(other_half)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [i for i in items if i not in elsewhere]
    for item in items:  # pytest-django makes no database that no test of the run has asked for
        if "migrated" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db)
    browser = [i for i in items if i.get_closest_marker("browser")]
    if browser and chromium_path() is None:
        if "browser" in REQUIRED:
            raise pytest.UsageError(f"browser tests are required: {NO_BROWSER}")
        for item in browser:
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One clear line for each reason why tests were skipped."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"SKIPPED {count} tests: {reason.removeprefix('Skipped: ')}")


# --- the database ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, as in service: the live server's threads each open their own connection to it. No app has
    migrations while it is made (tests/tables.py)."""
    settings.MIGRATION_MODULES = tables.NoModules()
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("db") / "test.sqlite3")
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> tables.Facts:
    """The tables with all that the migrations add to them; what they were before the first test."""
    settings.MIGRATION_MODULES = {}
    with django_db_blocker.unblock():
        tables.add_what_migrations_add(connection)
        return tables.describe(connection)


@pytest.fixture(scope="session")
def migrated(django_db_setup: tables.Facts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database as migrations leave it with its cache table, for tests that run an instance of their own: copy it."""
    file = tmp_path_factory.mktemp("migrated") / "db.sqlite3"
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"])) as ours:
        with contextlib.closing(sqlite3.connect(file)) as theirs:
            ours.backup(theirs)
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{file}", "ONEWINDOW_DATA_DIR": str(file.parent)}
    subprocess.run(
        [sys.executable, "-m", "onewindow.config.cli", "createcachetable"], env=environment, check=True
    )
    with contextlib.closing(sqlite3.connect(file)) as theirs:
        theirs.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def _flush(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
    """Empties the tables after a transactional test, past the triggers that keep events from being deleted."""
    db = self.connection
    with transaction.atomic(using=db.alias), db.cursor() as cursor:
        if db.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            before = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
            after = [sql for _, sql in triggers]
        else:
            cursor.execute(
                "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
                " JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal AND relkind = 'r'"
            )
            tables = [name for (name,) in cursor.fetchall()]
            before = [f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in tables]
            after = [f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in tables]
        for sql in [*before, *sql_list, *after]:
            cursor.execute(sql)


@pytest.fixture(scope="session", autouse=True)
def _flush_past_triggers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", _flush)
        yield


@pytest.fixture
def town(db: None) -> Town:
    """The cast (tests/town.py), new for each test."""
    from tests.town import build

    return build()


# --- hygiene -----------------------------------------------------------------------------------------------


class NetworkForbidden(RuntimeError):
    """A test tried to leave this machine."""


@pytest.fixture(scope="session", autouse=True)
def _closed_network() -> Iterator[None]:
    """Nothing but this machine can be reached: a product for government networks never phones out."""
    connect, connect_ex, lookup = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
    here = {"localhost", "127.0.0.1", "::1", "", None}

    def check(host: Any) -> None:
        if (host.decode() if isinstance(host, bytes) else host) not in here:
            raise NetworkForbidden(f"a test wanted to reach {host}")

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                check(address[0])
            return original(self, address)

        return call

    def guarded_lookup(host: Any, *args: Any, **more: Any) -> Any:
        check(host)
        return lookup(host, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        patch.setattr(socket, "getaddrinfo", guarded_lookup)
        yield


@pytest.fixture(autouse=True)
def _same_start() -> Iterator[None]:
    """Each test begins in Chinese, in Shanghai, with an empty cache and nothing kept, whatever the one before it did."""
    cache.clear()
    forget_everything()
    timezone.deactivate()
    with translation.override(settings.LANGUAGE_CODE):
        yield
    timezone.deactivate()


class UndefinedVariable(str):
    """Stands in for `string_if_invalid`: a variable that one of our templates prints but nobody gave is an error.

    Variables with a `default` filter, and templates of other packages, are resolved as in service.
    """

    def __contains__(self, text: object) -> bool:
        return text == "%s" or super().__contains__(text)  # type: ignore[operator]

    def __mod__(self, variable: object) -> str:
        frame = sys._getframe(1)  # FilterExpression.resolve
        expression, context = frame.f_locals["self"], frame.f_locals["context"]
        node = frame.f_back
        while node is not None and not hasattr(node.f_locals.get("self"), "origin"):
            node = node.f_back
        origin = str(getattr(node.f_locals["self"].origin, "name", "")) if node else ""
        lenient = any(
            function.__name__ in {"default", "default_if_none"} for function, _ in expression.filters
        )
        if origin.startswith(str(BASE_DIR)) and not lenient:
            raise AssertionError(f"{origin}: nobody gave the template {variable}")
        engine = context.template.engine
        engine.string_if_invalid = ""
        try:
            return expression.resolve(context)
        finally:
            engine.string_if_invalid = self


@pytest.fixture(autouse=True)
def _strict_templates() -> Iterator[None]:
    # Once a test, not once a session: a test that sets DEBUG gets new template engines.
    from django.template import engines

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines["django"].engine, "string_if_invalid", UndefinedVariable("undefined"))
        yield


# --- the browser -------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for all tests of this process."""
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread, and Django would take the test itself for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def browser_problems() -> Iterator[list[str]]:
    """What went wrong in the browser; empty at the end, or the test fails. A test that expects a problem clears it."""
    problems: list[str] = []
    yield problems
    assert problems == []


def _press_when_loaded(page: Page) -> None:
    """No test presses a key before the page that it sees listens: its scripts run after the text is there."""
    keyboard = page.keyboard
    press = keyboard.press

    def press_then(key: str, **more: Any) -> None:
        page.wait_for_load_state()
        press(key, **more)

    keyboard.press = press_then  # type: ignore[method-assign]


def _same_clock() -> str:
    """A script by which the browser's clock shows what the test's does."""
    ahead = round((time.time() - time_machine.escape_hatch.time.time()) * 1000)
    return f"""globalThis.Date = class extends Date {{
        constructor(...given) {{ given.length ? super(...given) : super(Date.now()); }}
        static real = Date;
        static now() {{ return this.real.now() + {ahead}; }}
    }};"""


@pytest.fixture
def new_page(
    chromium: Browser, live_server: Any, browser_problems: list[str]
) -> Iterator[Callable[..., Page]]:
    """Opens a page on the live server: `new_page(by=town.li, width=390)`; `by` signs the person in.

    Console errors (breaches of the content security policy among them), script errors and requests to any
    other server are problems. Further keywords go to the browser context (java_script_enabled=False, locale=...).
    """
    contexts = []

    def open_page(*, by: Any = None, width: int = 1366, height: int = 650, **options: Any) -> Page:
        context = chromium.new_context(
            **{
                "base_url": live_server.url,
                "viewport": {"width": width, "height": height},
                "locale": "zh-CN",
                "timezone_id": "Asia/Shanghai",
                **options,
            }
        )
        context.set_default_timeout(60_000)
        context.add_init_script(_same_clock())
        contexts.append(context)
        if by is not None:
            client = Client()
            client.force_login(by)
            session = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
            )
        page = context.new_page()
        _press_when_loaded(page)
        page.on("console", lambda m: m.type == "error" and browser_problems.append(f"console: {m.text}"))
        page.on("pageerror", lambda error: browser_problems.append(f"script: {error}"))
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((live_server.url, "data:", "blob:", "about:"))
                else browser_problems.append(f"request to {r.url}")
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of somebody who is not signed in, at a counter PC's size."""
    return new_page()


@pytest.fixture
def axe() -> Callable[..., None]:
    """`axe(page)` fails with a readable list if the page breaks WCAG 2.2 A or AA, or axe's best practices."""
    source = AXE.read_text(encoding="utf-8")

    def check(page: Page, *, without: tuple[str, ...] = ()) -> None:
        page.evaluate(source)
        found = page.evaluate(
            """async (off) => (await axe.run(document, {
                rules: Object.fromEntries(off.map(id => [id, {enabled: false}])),
            })).violations.map(v => `${v.id} (${v.impact}): ${v.help}\\n`
                + v.nodes.slice(0, 5).map(n => `    ${n.target.join(' ')}  ${n.html.slice(0, 120)}`).join('\\n'))""",
            list(without),
        )
        assert not found, f"{page.url}\n" + "\n".join(found)

    return check
