"""The tests' database without the minutes: tables straight from the models, then what the migrations add to them.

Django renders its whole picture of the models anew for nearly every operation of a migration, which took thirteen
seconds for each process of tests. ``build`` makes the tables as for an app without migrations and then runs the
functions of our migrations (triggers, the serial) in their order. ``tests/rules/test_migrations.py`` runs the real
migrations once and holds every table, constraint, index, trigger, function and row of theirs against these.
"""

from __future__ import annotations

import re
from typing import Any

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder


class NoModules(dict[str, None]):
    """``MIGRATION_MODULES`` under which no app has migrations: ``migrate`` then makes tables from the models."""

    def __contains__(self, app: object) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def add_what_migrations_add(db: BaseDatabaseWrapper) -> None:
    """Runs what our migrations run besides making tables, and records every migration as applied."""
    executor = MigrationExecutor(db)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    with db.schema_editor() as editor:
        for migration, _ in plan:
            if not migration.__module__.startswith("onewindow."):
                continue
            for operation in migration.operations:
                if isinstance(operation, RunPython):
                    operation.code(apps, editor)
                elif isinstance(operation, RunSQL):
                    operation.database_forwards(migration.app_label, editor, None, None)
    recorder = MigrationRecorder(db)
    recorder.ensure_schema()
    recorder.migration_qs.bulk_create(
        recorder.Migration(app=migration.app_label, name=migration.name) for migration, _ in plan
    )


Facts = dict[tuple[str, str], Any]


def describe(db: BaseDatabaseWrapper) -> Facts:
    """Everything that makes a schema, whatever the order in which it came to be; and the rows that are there."""
    facts = _of_postgresql(db) if db.vendor == "postgresql" else _of_sqlite(db)
    quiet = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}
    for table in sorted({table for kind, table in facts if kind == "table"} - quiet):
        if rows := _all(db, f'SELECT * FROM "{table}"'):
            facts["rows", table] = sorted(rows)
    facts["rows", "migrations"] = sorted(_all(db, "SELECT app, name FROM django_migrations"))
    named = "FROM auth_permission p JOIN django_content_type c ON c.id = p.content_type_id"
    facts["rows", "permissions"] = sorted(_all(db, f"SELECT app_label, model, codename, name {named}"))
    return facts


def _all(db: BaseDatabaseWrapper, sql: str) -> list[tuple[Any, ...]]:
    with db.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]


def _of_sqlite(db: BaseDatabaseWrapper) -> Facts:
    """By the text of each object; a table's definitions (columns with their references, constraints) in any order."""
    facts: Facts = {}
    for kind, name, table, sql in _all(db, "SELECT type, name, tbl_name, sql FROM sqlite_master"):
        if kind == "table":
            facts[kind, name] = sorted(definitions(sql))
        else:
            facts[kind, name] = (table, sql)
    return facts


def definitions(sql: str) -> list[str]:
    """What stands between the outer brackets of CREATE TABLE, cut at the commas of that level."""
    inner = sql[sql.index("(") + 1 : sql.rindex(")")]
    found, depth, quoted, begin = [], 0, False, 0
    for i, sign in enumerate(inner):
        if sign == "'":
            quoted = not quoted
        elif not quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == "," and depth == 0:
                found.append(inner[begin:i])
                begin = i + 1
    return [re.sub(r"\s+", " ", part).strip() for part in [*found, inner[begin:]]]


def _of_postgresql(db: BaseDatabaseWrapper) -> Facts:
    """By what the catalogue says of each object; a table's columns in any order."""
    ours = "n.nspname = 'public'"
    asked = {
        "table": "SELECT relname, relkind::text FROM pg_class r JOIN pg_namespace n ON n.oid = relnamespace"
        f" WHERE relkind = 'r' AND {ours}",
        "sequence": "SELECT sequencename, data_type::text, start_value, increment_by FROM pg_sequences"
        " WHERE schemaname = 'public'",
        "column": "SELECT relname || '.' || attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text,"
        " attcollation, pg_get_expr(adbin, adrelid) FROM pg_attribute a JOIN pg_class r ON r.oid = attrelid"
        " JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum"
        f" WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped AND {ours}",
        "constraint": "SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        f" JOIN pg_namespace n ON n.oid = connamespace WHERE {ours}",
        "index": f"SELECT indexname, indexdef FROM pg_indexes n WHERE {ours.replace('nspname', 'schemaname')}",
        "trigger": "SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE NOT tgisinternal",
        "function": "SELECT proname, pg_get_functiondef(p.oid) FROM pg_proc p"
        f" JOIN pg_namespace n ON n.oid = pronamespace WHERE {ours}",
    }
    return {(kind, name): tuple(rest) for kind, sql in asked.items() for name, *rest in _all(db, sql)}
