"""One file that holds a whole instance: database, uploads, messages; checked after writing and before reading.

The database part is the engine's own: SQLite's online backup, PostgreSQL's custom dump of one snapshot. Files are read
after the database, so that every file named there is in; rows never change the file that they name.
Keys stay outside unless asked for: who steals a backup then has sealed identity numbers and no key (promise A33).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from onewindow import __version__
from onewindow.org.sealed import digest

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
KEYS = {"keys/secret-key": "SECRET_KEY", "keys/field-key": "FIELD_KEY"}
PG_ENVIRONMENT = {
    "PGHOST": "HOST",
    "PGPORT": "PORT",
    "PGUSER": "USER",
    "PGPASSWORD": "PASSWORD",
    "PGDATABASE": "NAME",
}
PASSING = {"onewindow_cache", "django_session"}  # written by every visit; emptied by a restore


class BadBackup(Exception):
    """The file can't be used (or not here); nothing has been changed. The message says why."""


class _Counting(io.RawIOBase):
    """Reads a file and keeps its SHA-256 and size."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.hash, self.size = source, hashlib.sha256(), 0

    def read(self, n: int = -1) -> bytes:  # type: ignore[override]
        block = self.source.read(n)
        self.hash.update(block)
        self.size += len(block)
        return block

    @property
    def facts(self) -> dict[str, Any]:
        return {"size": self.size, "sha256": self.hash.hexdigest()}


def file_root() -> Path:
    """Where uploads and papers lie."""
    return Path(settings.STORAGES["default"]["OPTIONS"]["location"])  # type: ignore[index]


def _files() -> Iterator[tuple[str, Path]]:
    root = file_root()
    for path in sorted(root.rglob("*")) if root.exists() else ():
        if path.is_file() and not path.is_symlink():
            yield f"files/{path.relative_to(root).as_posix()}", path
    if (texts := Path(settings.DATA_DIR) / "messages.jsonl").exists():
        yield "messages.jsonl", texts


# --- the database ------------------------------------------------------------------------------------------


def _pg(program: str, *arguments: str) -> None:
    """Runs a PostgreSQL program; the password goes by the environment, never by the command line."""
    if (path := shutil.which(program)) is None:
        raise BadBackup(f"{program} is not installed (Debian: apt-get install postgresql-client)")
    db = connection.settings_dict
    given = {name: db[key] for name, key in PG_ENVIRONMENT.items() if db[key]}
    env = dict(os.environ) | {name: str(value) for name, value in given.items()}
    done = subprocess.run([path, *arguments], env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BadBackup(f"{program}: {done.stderr.strip()[:500]}")


def _tables(names: list[str]) -> list[str]:
    return sorted(n for n in names if n not in PASSING and not n.startswith("sqlite_"))


def dump(to: Path) -> dict[str, int]:
    """Writes the database as it is at one instant to a file; gives the number of rows of each table in it."""
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as source,
            closing(sqlite3.connect(to)) as copy,
        ):
            source.backup(copy, pages=4096)
            copy.execute("PRAGMA journal_mode=DELETE")
            return check_sqlite(copy)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        _pg(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={to}",
        )
        return count_rows()


def check_sqlite(db: sqlite3.Connection) -> dict[str, int]:
    """Rows of each table of a SQLite file that SQLite itself finds sound, else BadBackup."""
    if (said := db.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
        raise BadBackup(f"the copy of the database is damaged: {said}")
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {t: db.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in _tables(names)}  # noqa: S608


def count_rows() -> dict[str, int]:
    """Rows of each table of the instance's database."""
    with connection.cursor() as cursor:
        counts = {}
        for table in _tables(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            counts[table] = cursor.fetchone()[0]
        return counts


def load(from_: Path) -> None:
    """Puts a dump in the place of the instance's database, all or nothing."""
    name = connection.settings_dict["NAME"]
    connection.close()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(from_)) as source, closing(sqlite3.connect(name, timeout=60)) as target:
            source.backup(target)
        return
    _pg("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
        "--exit-on-error", f"--dbname={name}", str(from_))  # fmt: skip


# --- writing -----------------------------------------------------------------------------------------------


def write(target: Path, with_keys: bool = False) -> dict[str, Any]:
    """Writes the backup, reads it again and compares; only then it gets its name. Returns the manifest."""
    if target.exists():
        raise BadBackup(f"{target} exists; a backup never overwrites another file")
    if "cases_event" not in connection.introspection.table_names():
        raise BadBackup("the database has no tables yet; there is nothing to keep (onewindow init)")
    part = target.with_name(f".{target.name}.part")
    parts: dict[str, dict[str, Any]] = {}
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".onewindow-") as folder:
            copy = Path(folder) / DATABASE[connection.vendor]
            counts = dump(copy)
            with open(part, "xb", opener=lambda p, flags: os.open(p, flags, 0o600)) as raw:
                with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=5) as tar:
                    for name, path in [(copy.name, copy), *_files()]:
                        with open(path, "rb") as file:
                            parts[name] = _add(tar, name, file, path.stat().st_size)
                    for name, setting in KEYS.items() if with_keys else ():
                        key = getattr(settings, setting).encode()
                        parts[name] = _add(tar, name, io.BytesIO(key), len(key))
                    manifest = {
                        "format": FORMAT,
                        "version": __version__,
                        "engine": connection.vendor,
                        "made_at": timezone.localtime().isoformat(timespec="seconds"),
                        "with_keys": with_keys,
                        "key_mark": key_mark(),
                        "migrations": sorted(
                            f"{a}.{n}" for a, n in MigrationLoader(connection).applied_migrations
                        ),
                        "counts": counts,
                        "parts": parts,
                    }
                    text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
                    _add(tar, MANIFEST, io.BytesIO(text), len(text))
                raw.flush()
                os.fsync(raw.fileno())
        if read(part) != manifest:
            raise BadBackup("what was read back differs from what was written")
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def key_mark() -> str:
    """Tells whether two instances seal with the same field key, without telling anything about the key."""
    return digest("onewindow backup")[:12]


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> dict[str, Any]:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(timezone.now().timestamp())
    counting = _Counting(file)
    tar.addfile(info, counting)  # type: ignore[arg-type]
    return counting.facts


# --- reading -----------------------------------------------------------------------------------------------


def read(source: Path, into: Path | None = None) -> dict[str, Any]:
    """Reads a whole backup, compares every part with the manifest and (with ``into``) unpacks it there.

    Raises BadBackup for anything that is not exactly what the manifest says.
    """
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(source, "r:gz") as tar:
            for member in tar:
                clean = not member.name.startswith("/") and ".." not in Path(member.name).parts
                if not member.isfile() or not clean:
                    raise BadBackup(f"holds {member.name!r}, which no backup of ours holds")
                body = _Counting(tar.extractfile(member))  # type: ignore[arg-type]
                if member.name == MANIFEST:
                    manifest = json.loads(body.read())
                    continue
                _copy(body, None if into is None else into / member.name)
                found[member.name] = body.facts
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise BadBackup(f"can't be read to its end ({type(error).__name__}: {error})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadBackup("has no manifest that this version can read")
    wrong = sorted(
        n for n in found.keys() | manifest["parts"].keys() if found.get(n) != manifest["parts"].get(n)
    )
    if wrong:
        raise BadBackup(f"{len(wrong)} parts are not as the manifest says, first: {wrong[0]}")
    return manifest


def _copy(body: _Counting, to: Path | None) -> None:
    if to is None:
        while body.read(1 << 20):
            pass
        return
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(to, "xb", opener=lambda p, flags: os.open(p, flags, 0o640)) as file:
        while block := body.read(1 << 20):
            file.write(block)


def fits(manifest: dict[str, Any], force: bool = False) -> None:
    """Raises BadBackup if this backup can't be restored into this instance."""
    if manifest["engine"] != connection.vendor:
        raise BadBackup(f"was made on {manifest['engine']}, this instance runs on {connection.vendor}")
    known = {
        f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    }
    if newer := sorted(set(manifest["migrations"]) - known):
        raise BadBackup(f"comes from a newer version ({manifest['version']}; {newer[0]}); upgrade first")
    if manifest["key_mark"] != key_mark() and not manifest["with_keys"] and not force:
        raise BadBackup(
            "was sealed with another ONEWINDOW_FIELD_KEY; set that key (or --force: sealed fields stay shut)"
        )


def is_empty() -> bool:
    """No case and no file: nothing could be lost by a restore."""
    with connection.cursor() as cursor:
        if "cases_event" in connection.introspection.table_names(cursor):
            cursor.execute("SELECT EXISTS (SELECT 1 FROM cases_event)")
            if cursor.fetchone()[0]:
                return False
    return next(_files(), None) is None


def restore(source: Path) -> dict[str, Any]:
    """Puts a backup that was found to fit in the place of this instance. Old files are put aside, not deleted."""
    data = Path(settings.DATA_DIR)
    with tempfile.TemporaryDirectory(dir=data, prefix=".restore-") as name:
        folder = Path(name)
        manifest = read(source, folder)
        copy = folder / DATABASE[manifest["engine"]]
        if manifest["engine"] == "sqlite":
            with closing(sqlite3.connect(copy)) as db:
                if check_sqlite(db) != manifest["counts"]:
                    raise BadBackup("holds other numbers of rows than its manifest says")
        aside = data / f"before-restore-{timezone.localtime():%Y%m%d-%H%M%S}"
        aside.mkdir(mode=0o700)
        if not is_empty():
            dump(aside / DATABASE[connection.vendor])
        load(copy)
        for kept, new in (
            (file_root(), folder / "files"),
            (data / "messages.jsonl", folder / "messages.jsonl"),
        ):
            if kept.exists():
                kept.rename(aside / kept.name)
            if new.exists():
                new.rename(kept)
        for part, setting in KEYS.items():
            if (key := folder / part).exists() and not os.environ.get(f"ONEWINDOW_{setting}"):
                key.chmod(0o600)
                key.replace(data / key.name)
        if not any(aside.iterdir()):
            aside.rmdir()
    return manifest
