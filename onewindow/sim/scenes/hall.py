"""排队叫号: some days of tickets at the main hall and two others, today's queue as it stands, appointments, a sign."""

from __future__ import annotations

from random import Random

from django.db import transaction

from onewindow.cases import instant
from onewindow.hall import windows
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, current_calendar
from onewindow.sim import queues
from onewindow.sim.life import working_days_back

ORDER = 45
#: hall → windows staffed, visitors a day
BUSY = {0: (1, 40), 3: (1, 6)}
DAYS = 2


def plant(random: Random) -> None:
    """Lives two days in two halls; today's queue stays as it is now."""
    queues.set_up()
    now = instant.now().astimezone(ZONE)
    halls = list(Hall.objects.order_by("code"))
    days = list(working_days_back(now.date(), DAYS))
    if current_calendar().is_working(now.date()):
        days.append(now.date())
    for n, (staffed, visitors) in BUSY.items():
        if n >= len(halls):
            continue
        clerks = [c for c in queues.clerks_at(halls[n]) if c.username != "clerk"][:staffed]
        for day in days:
            with transaction.atomic():
                queues.Day(halls[n], day, random, clerks=clerks, visitors=visitors).live(now)
    queues.book_some(random)
    queues.fill(halls[0], random)
    main = queues.clerks_at(halls[0])
    if len(main) > BUSY[0][0] + 1:
        clerk = main[-1]
        windows.open_(clerk.counter, by=clerk)
        windows.suspend(clerk.counter, by=clerk, reason="meeting", minutes=60)
