"""The web server."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from onewindow.config import health


class Command(BaseCommand):
    help = "run the web server"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
        parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
        parser.add_argument("--threads", type=int, default=4, help="threads a process (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if min(options["workers"], options["threads"]) < 1:
            raise CommandError("--workers and --threads: at least 1", returncode=2)
        require_migrated()
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        collect_static()
        health.share_counters()
        from granian.constants import Interfaces
        from granian.server import Server

        os.environ["ONEWINDOW_THREADS"] = str(options["threads"])  # for the server's processes
        Server(
            "onewindow.config.front:application",
            address=options["host"],
            port=options["port"],
            interface=Interfaces.ASGINL,
            workers=options["workers"],
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=5,  # less than whoever stops the server waits before killing it
            log_dictconfig=server_log(),
        ).serve()
        connections.close_all()


def require_migrated() -> None:
    """Raises CommandError if the database is not there or older than the code."""
    connection = connections[DEFAULT_DB_ALIAS]
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    if missing:
        raise CommandError(f"The database lacks {len(missing)} migrations. Run: onewindow init")


def collect_static() -> None:
    """Production serves hashed, compressed files, made at every start: the code may be a newer version."""
    storages: dict[str, Any] = settings.STORAGES  # type: ignore[assignment]
    if "Manifest" in storages["staticfiles"]["BACKEND"]:
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["lucide"])


def server_log() -> dict[str, Any]:
    """The server's own lines go the same way as the application's."""
    log: dict[str, Any] = settings.LOGGING  # type: ignore[assignment]
    return {**log, "loggers": {**log["loggers"], "_granian": {"handlers": [], "propagate": True}}}
