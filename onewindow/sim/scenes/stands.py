"""大厅终端评价: what people said at the stands of the big halls on the last days."""

from __future__ import annotations

import datetime as dt
from random import Random

from django.db import transaction

from onewindow.cases import instant
from onewindow.org.calendar import ZONE
from onewindow.sim.hall_devices import Voices, speak
from onewindow.sim.life import working_days_back
from onewindow.voice.models import Device, DeviceKind

ORDER = 46
DAYS, MOST = 5, 5


def plant(random: Random) -> None:
    """A handful a day at each stand, in opening hours, oldest first."""
    now = instant.now().astimezone(ZONE)
    voices = Voices(random)
    at_exits = list(Device.objects.in_use().filter(kind=DeviceKind.FEEDBACK).select_related("hall"))
    with transaction.atomic():
        for day in working_days_back(now.date(), DAYS):
            for stand in at_exits:
                opens = dt.datetime.combine(day, dt.time(9), ZONE)
                for minute in sorted(random.sample(range(440), random.randint(2, MOST))):
                    speak(stand, opens + dt.timedelta(minutes=minute), voices)
