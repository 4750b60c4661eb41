"""Django's SQLite backend, whose writers queue (``turn.py``). Django finds it by the name ``onewindow.config.sqlite``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.sqlite3 import base

from onewindow.config.sqlite.turn import Turn, turn

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction that will write (``BEGIN IMMEDIATE``), or one written statement alone, first waits for its turn."""

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self._turn: Turn | None = None
        self._queue: Turn | None = None
        self.execute_wrappers.append(self._alone)

    def init_connection_state(self) -> None:
        super().init_connection_state()
        name = self.settings_dict["NAME"]
        self._queue = None if self.is_in_memory_db() or not name else turn(str(name))

    def _take_turn(self) -> None:
        if self._queue and self._turn is None and self._queue.take(self.settings_dict["OPTIONS"]["timeout"]):
            self._turn = self._queue

    def _give_back(self) -> None:
        if self._turn:
            held, self._turn = self._turn, None
            held.give_back()

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._give_back()
            raise

    def _commit(self) -> None:
        super()._commit()
        self._give_back()  # after a commit that failed the transaction goes on, up to its rollback

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._give_back()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._give_back()

    def _alone(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        if self.in_atomic_block or self._turn or not self._queue or not sql.startswith(WRITES):
            return execute(sql, params, many, context)
        self._take_turn()
        try:
            return execute(sql, params, many, context)
        finally:
            self._give_back()
