"""Questions to the database that are compiled once and asked often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from functools import wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.query import ModelIterable, get_related_populators


class _Shape:
    """What all questions with the same SQL have in common: how a row of the answer is read."""

    def __init__(self, sql: str, compiler: Any, is_model: bool):
        self.sql, self.compiler, self.is_model = sql, compiler, is_model
        self.converters = compiler.get_converters([select[0] for select in compiler.select])
        if not is_model:
            return  # a ``values_list``: the row is the answer
        info = compiler.klass_info
        own = info["select_fields"]
        self.model, self.own = info["model"], slice(own[0], own[-1] + 1)
        # a set: Django looks each field up in these names, row by row
        self.names = frozenset(select[0].target.attname for select in compiler.select[self.own])
        self.further = list((compiler.annotation_col_map or {}).items())
        self.related = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def answer(self, params: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            found = cursor.fetchall()
        if self.converters:
            found = self.compiler.apply_converters(found, self.converters)
        return self._objects(found) if self.is_model else [tuple(row) for row in found]

    def _objects(self, rows: Iterable[Any]) -> list[Any]:
        """The rows as objects of the model. The same office, item or hall is one object for all of them."""
        found, shared = [], dict[tuple[Any, Any], Any]()
        for row in rows:
            one = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[self.own])
            self._relate(one, row, self.related, shared)
            for name, place in self.further:
                setattr(one, name, row[place])
            found.append(one)
        return found

    def _relate(self, one: Any, row: Any, related: Any, shared: dict[tuple[Any, Any], Any]) -> None:
        for other in related:
            key = (other, row[other.cols_start + other.pk_idx])
            if key[1] is None:
                other.local_setter(one, None)
                continue
            if key not in shared:
                values = row[other.cols_start : other.cols_end]
                shared[key] = other.model_cls.from_db(DEFAULT_DB_ALIAS, other.init_list, values)
                self._relate(shared[key], row, other.related_populators, shared)
            other.local_setter(one, shared[key])
            other.remote_setter(shared[key], one)


#: Stand for the n-th value while a query is compiled: a number, the same as text, an instant, a day that nobody would ever
#: ask for. The number fits into 32 bits: Django answers a comparison beyond a column's range without asking the database.
MARK = 2_147_190_000
UNKNOWN: Any = object()
FAR = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


def _mark(n: int, value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return FAR + dt.timedelta(days=n)
    return FAR.date() + dt.timedelta(days=n) if isinstance(value, dt.date) else MARK + n


def _sent(value: Any) -> Any:
    """A value as the database is given it."""
    if isinstance(value, dt.datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, dt.date) else value


class Memory:
    """The questions that are asked all day, as they were compiled the first time.

    To put such a question together and to compile it takes Django longer than the database takes to answer it. ``key``
    holds everything that the question follows from: whoever asks (``Person.standing``), what for, and the day; what
    the database is asked while it is put together belongs there too. ``values`` may differ each time: numbers, texts (what
    the database keeps as it is), days and instants, none of them None. What it finds is always asked for anew.
    """

    def __init__(self, most: int = 2000):
        self.most = most
        self._asked: dict[Hashable, tuple[_Shape, Any] | None] = {}
        self._shapes: dict[tuple[str, bool], _Shape] = {}

    def rows(self, key: Hashable, build: Callable[..., models.QuerySet[Any]], *values: Any) -> list[Any]:
        """The rows of the query that ``build`` gives for the values (called if the key is new): objects of its model, or the
        tuples of its ``values_list``."""
        known = self._asked.get(key, UNKNOWN)  # once: another thread may begin anew at any moment
        if known is UNKNOWN:
            known = self._learn(key, build, values)
        if known is None:
            return []  # a question that can't find anything isn't asked
        shape, places = known
        return shape.answer([own if n is None else _sent(values[n]) for n, own in places])

    def _learn(
        self, key: Hashable, build: Callable[..., models.QuerySet[Any]], values: Any
    ) -> tuple[_Shape, Any] | None:
        marks = [_mark(n, value) for n, value in enumerate(values)]
        query = build(*marks)
        compiler = query.query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            known = None
        else:
            is_model = issubclass(query._iterable_class, ModelIterable)
            if query._prefetch_related_lookups:  # type: ignore[attr-defined]
                raise TypeError("what is prefetched is not read from memory")
            shape = self._shapes.get((sql, is_model)) or _Shape(sql, compiler, is_model)
            places = {form: n for n, mark in enumerate(marks) for form in (_sent(mark), str(mark))}
            known = (
                shape,
                [(places.get(p) if isinstance(p, (int, str, dt.date)) else None, p) for p in params],
            )
        if len(self._asked) >= self.most:
            self._asked, self._shapes = {}, {}
        if known is not None:
            self._shapes[known[0].sql, known[0].is_model] = known[0]
        self._asked[key] = known
        return known


def prepared(build: Callable[..., models.QuerySet[Any, Any]]) -> Callable[..., list[Any]]:
    """Makes a question whose SQL is compiled once of a function that gives a query for its values (see :class:`Memory`). The
    query must be the same for all values."""
    memory = Memory()

    @wraps(build)
    def ask(*values: Any) -> list[Any]:
        return memory.rows((len(values), connection.vendor), build, *values)

    return ask
