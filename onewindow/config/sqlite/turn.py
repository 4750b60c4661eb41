"""One writer at a time, in the order in which they came, across the threads and processes that share one SQLite file.

SQLite lets one write at a time, and whoever finds it busy sleeps, up to a tenth of a second, and tries again: who came
last often goes first, and under sixteen writers the slowest hundredth waits ten times as long as the middle. Here they
queue: the threads of a process behind one another, and of each process the first one at a lock file.

The lock is courtesy, not safety: SQLite's own locks stay as they are, so that whoever does not queue (a shell, a
backup, a writer that lost patience) breaks nothing. The system drops the lock of a process that dies (``kill -9``).
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from functools import cache

#: Seconds between two looks at a lock that another process holds. Only one thread of a process looks.
LOOK = 0.0005
#: Bytes of the lock file. Who holds the door is next: so a process with many writers can't overtake another one.
DOOR, ROOM = 0, 1


class Turn:
    """The queue of one process for the one file; see :func:`turn`."""

    def __init__(self, path: str):
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def take(self, patience: float) -> bool:
        """Waits for the turn, ``patience`` seconds at most. False: it did not come; SQLite's own handler decides then."""
        until = time.monotonic() + patience
        if not self._line_up(patience):
            return False
        if self._lock(DOOR, until):
            came = self._lock(ROOM, until)
            self._unlock(DOOR)
            if came:
                return True
        self._next()
        return False

    def give_back(self) -> None:
        """Lets the next one in."""
        self._unlock(ROOM)
        self._next()

    def _line_up(self, patience: float) -> bool:
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=patience):
            return True
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it came in this very moment

    def _next(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    def _lock(self, byte: int, until: float) -> bool:
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
                return True
            except OSError:
                if time.monotonic() > until:
                    return False
                time.sleep(LOOK)

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)


@cache
def _turn(path: str, process: int) -> Turn:
    return Turn(path)


_making = threading.Lock()


def turn(database: str) -> Turn:
    """The queue for a database file; one for all threads of a process, and a new one after a fork."""
    with _making:
        return _turn(f"{os.path.realpath(database)}-turn", os.getpid())
