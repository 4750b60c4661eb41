"""The real migrations, once, in a database of their own: they make exactly what all other tests stand on."""

import contextlib
import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from django.db import connection, connections

from tests import tables

#: Differs on PostgreSQL in Django itself: its migration of the table takes DEFAULT_AUTO_FIELD, its model does not.
DJANGOS_OWN = {("column", "auth_group_permissions.id"), ("sequence", "auth_group_permissions_id_seq")}


@contextlib.contextmanager
def another_database(folder):
    """A URL of an empty database beside the tests' own, and a connection to it."""
    facts = connection.settings_dict
    name = str(folder / "migrated.sqlite3") if connection.vendor == "sqlite" else f"{facts['NAME']}_migrated"
    if connection.vendor == "sqlite":
        url = f"sqlite:///{name}"
    else:
        where = facts["HOST"] + (f":{facts['PORT']}" if facts["PORT"] else "")
        who = facts["USER"] + (f":{quote(facts['PASSWORD'], safe='')}" if facts["PASSWORD"] else "")
        url = f"postgres://{who}@{quote(where, safe=':')}/{name}"
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    other = connections.create_connection(connection.alias)
    other.settings_dict = facts | {"NAME": name}
    try:
        yield url, other
    finally:
        other.close()
        if connection.vendor == "postgresql":
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{name}"')


@pytest.mark.django_db
def test_the_migrations_make_what_the_tests_stand_on(tmp_path, django_db_setup):
    """Bug: SQLite makes a table anew when a migration adds a column, and its triggers are gone without a word: end such
    a migration with protect() or frozen()."""
    with another_database(tmp_path) as (url, other):
        environment = os.environ | {"DATABASE_URL": url, "ONEWINDOW_DATA_DIR": str(tmp_path)}
        command = [sys.executable, "-m", "onewindow.config.cli", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=environment, check=True)
        by_migrations = tables.describe(other)
    assert by_migrations.keys() == django_db_setup.keys()
    ours = django_db_setup.keys() - DJANGOS_OWN
    assert {fact: by_migrations[fact] for fact in ours} == {fact: django_db_setup[fact] for fact in ours}
    kinds = {kind for kind, _ in by_migrations}
    assert {"table", "index", "trigger", "rows"} <= kinds and len(by_migrations) > 500


def test_definitions_are_cut_at_the_outer_commas():
    sql = (
        """CREATE TABLE "a" ("x" integer NOT NULL, "y" decimal(5, 2) DEFAULT 'a,(b', CHECK ("x" IN (1, 2)))"""
    )
    assert tables.definitions(sql) == [
        '"x" integer NOT NULL', """"y" decimal(5, 2) DEFAULT 'a,(b'""", 'CHECK ("x" IN (1, 2))',
    ]  # fmt: skip
