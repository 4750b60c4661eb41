"""Writers of one SQLite file go in the order in which they came, across threads and processes, and a dead one holds nobody."""

import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import OperationalError

from onewindow.config.sqlite.base import DatabaseWrapper
from onewindow.config.sqlite.turn import turn

HOLD = """
import sys
from onewindow.config.sqlite.turn import turn
assert turn(sys.argv[1]).take(60)
print("mine", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "one.sqlite3")


@pytest.fixture
def connect(path, django_db_blocker):
    """Opens connections to a file of its own as the product does, and closes them."""
    made = []

    def open_one():
        options = {"timeout": 60, "transaction_mode": "IMMEDIATE"}
        settings = {"NAME": path, "OPTIONS": options, "TIME_ZONE": None, "CONN_MAX_AGE": None, "AUTOCOMMIT": True,
                    "CONN_HEALTH_CHECKS": False, "USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "ATOMIC_REQUESTS": False,
                    "TEST": {"NAME": None, "MIRROR": None}}  # fmt: skip
        made.append(DatabaseWrapper(settings, "one"))
        made[-1].inc_thread_sharing()
        return made[-1]

    with django_db_blocker.unblock():
        yield open_one
        for connection in made:
            connection.close()


def other_process(path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "mine\n"
    return holder


def test_threads_go_in_the_order_in_which_they_came(path):
    queue, came, threads = turn(path), [], []
    assert queue.take(0)
    for n in range(8):
        threads.append(
            threading.Thread(target=lambda n=n: (queue.take(60), came.append(n), queue.give_back()))
        )
        threads[-1].start()
        while len(queue._waiting) <= n:
            time.sleep(0.001)
    assert came == []
    queue.give_back()
    for thread in threads:
        thread.join()
    assert came == list(range(8))
    assert queue.take(0)
    queue.give_back()


def test_whoever_loses_patience_leaves_the_queue(path):
    queue = turn(path)
    assert queue.take(0) and not queue.take(0.01)
    queue.give_back()
    assert queue.take(0)
    queue.give_back()


def test_a_process_waits_for_another_and_not_for_a_killed_one(path):
    holder, queue = other_process(path), turn(path)
    assert not queue.take(0.05)
    holder.send_signal(signal.SIGKILL)
    assert queue.take(60)
    queue.give_back()
    holder.communicate()


def test_a_transaction_holds_the_turn_from_its_beginning_to_its_end(path, connect):
    one, queue = connect(), turn(path)
    with one.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n)")
        for end in ("commit", "rollback"):
            one.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
            cursor.execute("INSERT INTO t VALUES (1)")
            assert not queue.take(0)
            getattr(one, end)()
            one.set_autocommit(True)
            assert queue.take(0)
            queue.give_back()
        cursor.execute("INSERT INTO t VALUES (2)")
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == (2,)
    assert queue.take(0)
    queue.give_back()


def test_a_transaction_that_can_not_begin_gives_the_turn_back(path, connect):
    one, other, queue = connect(), connect(), turn(path)
    one.ensure_connection()
    one.connection.execute("BEGIN IMMEDIATE")  # as a shell does: without a turn
    other.ensure_connection()
    other.connection.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(OperationalError, match="locked"):
        other.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert queue.take(0)
    queue.give_back()
    one.connection.execute("ROLLBACK")


def test_closing_in_the_middle_gives_the_turn_back(path, connect):
    one, queue = connect(), turn(path)
    one.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    one.close()
    assert queue.take(0)
    queue.give_back()
