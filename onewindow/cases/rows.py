"""Writing and asking for rows of the hot path: the SQL is compiled once, not at every call.

Django's compiler takes two thirds of the time of an acceptance. These functions write exactly what ``save()`` and
``update()`` would write (field by field through ``pre_save`` and ``get_db_prep_save``), for models that have neither
parents nor generated columns; everything else uses the ORM. See docs/explanation/performance.md for what it wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

from onewindow.org.memory import prepared

__all__ = ["insert", "insert_all", "prepared", "update_all_if", "update_if"]


def _model(row: Any) -> Any:
    return type(row)


@cache
def _plan(model: Any, vendor: str) -> tuple[str, str, list[Any], bool]:
    """``INSERT`` without and with its ``RETURNING``, the fields in order, and whether the database makes the key."""
    own = model._meta.local_concrete_fields
    auto = isinstance(model._meta.pk, models.AutoField)
    fields = [f for f in own if not (auto and f.primary_key)]
    quote = connection.ops.quote_name
    names = ", ".join(quote(f.column) for f in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"
    return sql, f"{sql} RETURNING {quote(model._meta.pk.column)}", fields, auto


def _values(row: models.Model, fields: Sequence[Any]) -> list[Any]:
    here = connections[
        DEFAULT_DB_ALIAS
    ]  # itself: ``connection`` looks it up again for each thing that a field asks of it
    return [f.get_db_prep_save(f.pre_save(row, True), here) for f in fields]


def insert(row: Any) -> Any:
    """Writes a new row and sets its key, like ``save(force_insert=True)``. Returns the row."""
    plain, returning, fields, auto = _plan(_model(row), connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(returning if auto else plain, _values(row, fields))
        if auto:
            row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, connection.alias
    return row


def insert_all(rows: Sequence[Any], *, unless_there: bool = False) -> None:
    """Writes several new rows of one model in one statement, and sets their keys. ``unless_there``: those that a constraint
    finds there already are left as they are, and no keys are set."""
    if not rows:
        return
    plain, returning, fields, auto = _plan(_model(rows[0]), connection.vendor)
    head, marks = plain.split(" VALUES ")
    auto = auto and not unless_there
    back = " ON CONFLICT DO NOTHING" if unless_there else returning.removeprefix(plain) if auto else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{head} VALUES {', '.join([marks] * len(rows))}{back}",
            [value for row in rows for value in _values(row, fields)],
        )
        keys = sorted(key for (key,) in cursor.fetchall()) if auto else []
    for row, key in zip(rows, keys, strict=bool(keys)):  # given out in the order in which the rows were sent
        row.pk = key
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@cache
def _update(model: Any, names: tuple[str, ...], vendor: str) -> tuple[str, list[Any]]:
    quote = connection.ops.quote_name
    fields = [model._meta.get_field(n) for n in names]
    changes = ", ".join(f"{quote(f.column)} = %s" for f in fields)
    key = quote(model._meta.pk.column)
    return (
        f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {key} = %s AND {quote('version')} = %s",
        fields,
    )


def update_if(row: Any, version: int, names: Sequence[str]) -> bool:
    """Writes the named fields of a row if its ``version`` in the database still is the given one: compare-and-set."""
    sql, fields = _update(_model(row), tuple(names), connection.vendor)
    here = connections[DEFAULT_DB_ALIAS]
    values = [f.get_db_prep_save(getattr(row, f.attname), here) for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, row.pk, version])
        return cursor.rowcount == 1


def update_all_if(changes: Sequence[tuple[Any, int, Sequence[str]]]) -> bool:
    """:func:`update_if` for many rows of one model; False if any of them was no longer as it was read."""
    here = connections[DEFAULT_DB_ALIAS]
    alike: dict[tuple[str, ...], list[tuple[Any, int]]] = {}
    for row, version, names in changes:
        alike.setdefault(tuple(names), []).append((row, version))
    done = 0
    with connection.cursor() as cursor:
        for names, group in alike.items():
            sql, fields = _update(_model(group[0][0]), names, connection.vendor)
            cursor.executemany(
                sql,
                [
                    [*(f.get_db_prep_save(getattr(row, f.attname), here) for f in fields), row.pk, version]
                    for row, version in group
                ],
            )
            done += cursor.rowcount
    return done == len(changes)
