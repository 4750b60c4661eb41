"""What the worker looks after: the end of the day."""

from __future__ import annotations

from onewindow.cases.rounds import every_turn
from onewindow.hall import actions, booking


@every_turn
def close_days(limit: int = 200) -> int:
    """Ends tickets after closing and appointments to which nobody came; costs two empty look-ups while nothing is due."""
    return actions.close_day(limit) + booking.close_slots(limit)
