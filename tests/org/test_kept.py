"""What a process keeps for a while: read once, seen anew after a change or half a minute, and never by a test from another."""

import pytest

from onewindow.org import kept as module
from onewindow.org.kept import Kept, Note, forget_everything


class Source:
    def __init__(self):
        self.reads = 0
        self.meanwhile = lambda: None

    def __call__(self):
        self.reads += 1
        found = self.reads
        self.meanwhile()
        return found


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Moves the clock by which it is kept."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_it_is_read_once_until_it_is_changed_or_half_a_minute_has_passed(clock):
    known = Kept(source := Source())
    assert [known(), known()] == [1, 1]
    clock.now += 30
    assert known() == 1
    clock.now += 0.1
    assert [known(), known()] == [2, 2]
    known.forget()
    assert [known(), known(), source.reads] == [3, 3, 3]


def test_what_was_read_before_a_change_is_not_kept_after_it():
    """A reader has its answer already, another thread changes the rows, and only then the reader would keep it."""
    known = Kept(source := Source())
    source.meanwhile = known.forget
    assert known() == 1
    source.meanwhile = lambda: None
    assert [known(), known()] == [2, 2]


def test_everything_is_forgotten_at_once():
    known, note = Kept(Source()), Note()
    note.value = known()
    forget_everything()
    assert (note.value, known()) == (None, 2)
