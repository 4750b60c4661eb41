"""Append-only tables, kept so by the database itself: a trigger refuses UPDATE and DELETE (SQLite and PostgreSQL)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.migrations import RunPython

REFUSED = "append-only"


def protect(editor: Any, table: str, *, kept_days: int = 0) -> None:
    """Installs the triggers on a table. Call it from a migration's RunPython with ``schema_editor``; again at the end of
    each later migration that adds or changes a column (SQLite makes the table anew for that, without its triggers).
    ``kept_days``: rows whose ``at`` is longer ago may be deleted (by the purge), never changed."""
    release(editor, table)
    if editor.connection.vendor == "postgresql":
        old = (
            f"IF TG_OP = 'DELETE' AND OLD.at < now() - interval '{kept_days} days' THEN RETURN OLD; END IF; "
            if kept_days
            else ""
        )
        editor.execute(
            f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {old}RAISE EXCEPTION '{table} is {REFUSED}'; END $$"
        )
        editor.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
        )
        truncated = f"{table}_no_truncate"
        editor.execute(
            f"CREATE OR REPLACE FUNCTION {truncated}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is {REFUSED}'; END $$"
        )
        editor.execute(
            f"CREATE TRIGGER {truncated} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {truncated}()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        young = f"WHEN julianday(OLD.at) >= julianday('now') - {kept_days} " if kept_days else ""
        editor.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"{young if act == 'DELETE' else ''}BEGIN SELECT RAISE(ABORT, '{table} is {REFUSED}'); END"
        )


def release(editor: Any, table: str) -> None:
    """Takes the triggers away again (undoing the migration; emptying a test database)."""
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
        editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}")
        editor.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
        editor.execute(f"DROP FUNCTION IF EXISTS {table}_no_truncate()")
        return
    for act in ("update", "delete"):
        editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{act}")


def closed_list(editor: Any, table: str, columns: Sequence[str], most: int) -> None:
    """A list of the law that nobody adds to: of the same ``columns`` there are ``most`` rows, and they stay as they are."""
    protect(editor, table)
    name = f"{table}_closed"
    same = " AND ".join(f"{c} = NEW.{c}" for c in columns)
    full = f"(SELECT count(*) FROM {table} WHERE {same}) >= {most}"  # noqa: S608 – names of our own
    open_list(editor, table)
    if editor.connection.vendor == "postgresql":
        editor.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {full} THEN RAISE EXCEPTION '{table} is a closed list'; END IF; RETURN NEW; END $$"
        )
        editor.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
        return
    editor.execute(
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {full} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is a closed list'); END"
    )


def open_list(editor: Any, table: str) -> None:
    """Takes :func:`closed_list`'s own trigger back (undoing the migration)."""
    on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
    editor.execute(f"DROP TRIGGER IF EXISTS {table}_closed{on}")
    if on:
        editor.execute(f"DROP FUNCTION IF EXISTS {table}_closed()")


def frozen_column(editor: Any, table: str, column: str) -> None:
    """Once a column holds a value it can't be changed (promise A5: nobody back-dates an acceptance)."""
    name = f"{table}_{column}_frozen"
    unfreeze_column(editor, table, column)
    if editor.connection.vendor == "postgresql":
        editor.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF OLD.{column} IS NOT NULL AND NEW.{column} IS DISTINCT FROM OLD.{column} THEN "
            f"RAISE EXCEPTION '{table}.{column} is {REFUSED}'; END IF; RETURN NEW; END $$"
        )
        editor.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
        return
    editor.execute(
        f"CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} "
        f"WHEN OLD.{column} IS NOT NULL AND NEW.{column} IS NOT OLD.{column} "
        f"BEGIN SELECT RAISE(ABORT, '{table}.{column} is {REFUSED}'); END"
    )


def frozen(table: str, columns: Sequence[str]) -> RunPython:
    """The operation with which every migration that adds or changes a column of the table must end: SQLite makes the
    table anew for that, and the triggers go with the old one."""

    def forwards(apps: Any, editor: Any) -> None:
        for column in columns:
            frozen_column(editor, table, column)

    return RunPython(forwards, RunPython.noop)


def unfreeze_column(editor: Any, table: str, column: str) -> None:
    """Takes :func:`frozen_column` back (undoing the migration)."""
    name = f"{table}_{column}_frozen"
    on = f" ON {table}" if editor.connection.vendor == "postgresql" else ""
    editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
    if on:
        editor.execute(f"DROP FUNCTION IF EXISTS {name}()")
