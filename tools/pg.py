"""Runs a command with a throw-away PostgreSQL: tools/pg.py [--durable] COMMAND... (DATABASE_URL points to it).

The cluster lives in a temporary folder, listens on a Unix socket only, does not wait for the disk, and is
gone afterwards. If DATABASE_URL already names a PostgreSQL, that one is used. Without a server on the machine
nothing is run and one line says so; exit code 0 then, unless ONEWINDOW_TEST_REQUIRE names "postgres".
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

QUICK = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=256MB"]
DURABLE = [
    "shared_buffers=512MB",
    "max_wal_size=4GB",
]  # --durable, for benchmarks: every commit waits for the disk
INIT = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
PATIENCE = 30  # seconds until the server must answer


def programs() -> Path | None:
    """The folder that has initdb, postgres and pg_isready: the newest Debian version, else by PATH."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True
    )
    on_path = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    return next(
        (p for p in [*debian, *on_path] if (p / "initdb").exists() and (p / "postgres").exists()), None
    )


def owner() -> str | None:
    """PostgreSQL refuses to run as root: there it runs as the user its package made, or as nobody."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def cluster(bin_dir: Path, settings: list[str] = QUICK) -> Iterator[str]:
    """Starts a cluster, yields the DATABASE_URL of its empty database, and removes it."""
    home = Path(tempfile.mkdtemp(prefix="onewindow-pg-"))
    user = owner()
    if user:
        shutil.chown(home, user)
    log = home / "log"
    server = None
    try:
        subprocess.run(
            [bin_dir / "initdb", "-D", home / "data", "-U", "onewindow", "-A", "trust", *INIT],
            user=user,
            cwd=home,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        options = [part for setting in settings for part in ("-c", setting)]
        with open(log, "wb") as out:
            server = subprocess.Popen(
                [bin_dir / "postgres", "-D", home / "data", "-k", home, "-h", "", *options],
                user=user,
                cwd=home,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C goes to the command; the server is stopped below
            )
        ask: list[str | Path] = [bin_dir / "psql", "-h", home, "-U", "onewindow", "-d", "postgres", "-qc"]
        until = time.monotonic() + PATIENCE
        while subprocess.run([*ask, "create database onewindow"], capture_output=True).returncode:
            if server.poll() is not None or time.monotonic() > until:
                sys.exit(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.1)
        yield f"postgres://onewindow@{quote(str(home), safe='')}/onewindow"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # fast shutdown
            server.wait(PATIENCE)
        shutil.rmtree(home, ignore_errors=True)


def main() -> int:
    command = sys.argv[1:]
    durable = command[:1] == ["--durable"]
    command = command[durable:]
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return subprocess.call(command)
    bin_dir = programs()
    if bin_dir is None:
        required = "postgres" in os.environ.get("ONEWINDOW_TEST_REQUIRE", "")
        word = "MISSING" if required else "SKIPPED"
        print(f"{word} the suite on PostgreSQL: no server here (Debian: apt-get install postgresql)")
        return 1 if required else 0
    with cluster(bin_dir, DURABLE if durable else QUICK) as url:
        return subprocess.call(command, env={**os.environ, "DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main())
