"""The hall: who waits for what, who is called where, which window is open; and the record from which all times follow.

A ticket says nothing about its holder. What joins ticket, applications and verdicts is the visit, by a random key.
"""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases.rules import Actor, By
from onewindow.catalog.models import Item
from onewindow.org.models import Counter, Hall, Person
from onewindow.org.privacy import personal
from onewindow.org.roles import Role


def visit_key() -> str:
    """An unguessable key of 128 bits for the link on somebody's phone."""
    return secrets.token_urlsafe(16)


class GroupQuerySet(models.QuerySet["MatterGroup"]):
    def seen_by(self, person: By) -> GroupQuerySet:
        """What there is to queue for is public; a group that is not offered is seen by those who run the hall."""
        if isinstance(person, Actor) or not person.is_authenticated:
            return self.filter(is_open=True)
        if person.has_role(Role.BUREAU):
            return self
        return self.filter(Q(is_open=True) | Q(hall_id__in=person.halls_as(Role.HALL_MANAGER)))

    def of(self, hall: Hall) -> GroupQuerySet:
        return self.filter(hall=hall)


class MatterGroup(models.Model):
    """排队业务 — a queue of one hall: the items that it is for, the windows that serve it, and its limits."""

    hall = models.ForeignKey(Hall, models.PROTECT, related_name="matter_groups")
    letter = models.CharField(_("letter"), max_length=1)
    name = models.CharField(_("name"), max_length=40)
    name_en = models.CharField(_("English name"), max_length=80)
    items = models.ManyToManyField(Item, related_name="+", blank=True)
    counters = models.ManyToManyField(Counter, related_name="matter_groups", blank=True)
    average_minutes = models.PositiveSmallIntegerField(_("minutes a matter, until measured"), default=8)
    daily_limit = models.PositiveSmallIntegerField(_("tickets a day (0 = no limit)"), default=0)
    holder_limit = models.PositiveSmallIntegerField(
        _("tickets a phone number a day (0 = nobody is asked)"), default=0
    )
    cut_off_minutes = models.PositiveSmallIntegerField(
        _("no more tickets so many minutes before closing"), default=0
    )
    slot_minutes = models.PositiveSmallIntegerField(_("length of an appointment slot"), default=30)
    slot_capacity = models.PositiveSmallIntegerField(_("appointments a slot (0 = none)"), default=0)
    is_open = models.BooleanField(_("tickets are given out"), default=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ["hall_id", "letter"]
        constraints = [
            models.UniqueConstraint(fields=["hall", "letter"], name="group_letter"),
            models.CheckConstraint(condition=Q(average_minutes__gte=1), name="group_takes_time"),
            models.CheckConstraint(condition=Q(slot_minutes__gte=5), name="group_slot_length"),
        ]

    def __str__(self) -> str:
        return f"{self.letter} {self.name}"


class Serial(models.Model):
    """流水号 — how many tickets a queue has given out on a day; raised by one conditional update, so none is given twice."""

    group = models.ForeignKey(MatterGroup, models.CASCADE, related_name="+")
    day = models.DateField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["group_id", "day"]
        constraints = [models.UniqueConstraint(fields=["group", "day"], name="serial_once")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.day} {self.last}"


class AppointmentState(models.TextChoices):
    BOOKED = "booked", _("Booked")
    ARRIVED = "arrived", _("Arrived")
    CANCELLED = "cancelled", _("Cancelled")
    MISSED = "missed", _("Not come")


class Slot(models.Model):
    """预约时段 — how many have booked a slot; raised by one conditional update up to the capacity."""

    group = models.ForeignKey(MatterGroup, models.CASCADE, related_name="slots")
    starts_at = models.DateTimeField()
    taken = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["group_id", "starts_at"]
        constraints = [models.UniqueConstraint(fields=["group", "starts_at"], name="slot_once")]

    def __str__(self) -> str:
        return f"{self.group_id} {self.starts_at}"


class Appointment(models.Model):
    """预约 — a place in a slot. Whoever comes within it joins the same queue and does not wait again (indicator 212)."""

    key = models.CharField(max_length=32, default=visit_key)
    code = models.CharField(max_length=6)
    group = models.ForeignKey(MatterGroup, models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=AppointmentState, default=AppointmentState.BOOKED)
    booked_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="appointment_key"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(state="booked"), name="appointment_code_of_open"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointment_in_order"),
        ]
        indexes = [
            models.Index(fields=["ends_at"], condition=Q(state="booked"), name="appointment_open"),
        ]

    def __str__(self) -> str:
        return self.code


@personal(holder="secret")
class Visit(models.Model):
    """到访 — one coming of somebody to a hall: its tickets, the applications made in it, and by their numbers the verdicts.

    Who it is stands nowhere here. The key is the link on the phone; ``holder`` is a keyed digest, only where a queue limits
    tickets a phone number, and emptied when the day is over.
    """

    key = models.CharField(max_length=32, default=visit_key)
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+")
    day = models.DateField()
    opened_at = models.DateTimeField()
    holder = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["key"], name="visit_key")]
        indexes = [models.Index(fields=["day", "holder"], condition=~Q(holder=""), name="visit_holder")]

    def __str__(self) -> str:
        return f"{self.hall_id} {self.opened_at}"


class TicketState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    CALLED = "called", _("Called")
    SERVING = "serving", _("Being served")
    HELD = "held", _("Put on hold")
    PASSED = "passed", _("Did not come")
    FINISHED = "finished", pgettext_lazy("ticket", "Finished")
    LEFT = "left", _("Gave up")
    EXPIRED = "expired", _("Not served by closing")


T = TicketState
#: A window has one of these at a time, and so has a visit: nobody is called to two windows.
AT_WINDOW = (T.CALLED, T.SERVING)
OPEN = (T.WAITING, T.CALLED, T.SERVING, T.HELD, T.PASSED)


class Priority(models.TextChoices):
    """优先类别 — who is called earlier, each with the ground that the event records."""

    NONE = "", pgettext_lazy("priority", "None")
    ELDERLY = "elderly", _("Aged 60 and over")
    DISABLED = "disabled", _("Persons with a disability")
    PREGNANT = "pregnant", _("Pregnant, or with an infant")
    MILITARY = "military", _("Soldiers, veterans, firefighters and their families")
    GREEN_CARD = "green_card", _("Enterprises with the green card")


#: On what ground; shown beside the choice and kept in the event.
GROUNDS = {
    Priority.ELDERLY: "老年人权益保障法；无障碍环境建设法",
    Priority.DISABLED: "残疾人保障法；无障碍环境建设法",
    Priority.PREGNANT: "妇女权益保障法；本大厅服务规范",
    Priority.MILITARY: "军人地位和权益保障法；退役军人保障法",
    Priority.GREEN_CARD: "本市企业绿卡制度；本大厅服务规范",
}


class Channel(models.TextChoices):
    KIOSK = "kiosk", _("Ticket machine")
    PHONE = "phone", _("Phone")
    COUNTER = "counter", _("At the counter")
    PROGRAM = "program", _("Another system")


class Outcome(models.TextChoices):
    """办理结果 — how a ticket that was opened at a window ended. Without one it can't be closed (promise A6)."""

    ACCEPTED = "accepted", _("Received or accepted")
    DEFECTS = "defects", _("Told what is missing")
    DELIVERED = "delivered", _("Result handed over")
    CONSULTED = "consulted", _("Question answered")
    COULD_NOT = "could_not", _("Could not be done")


class TicketQuerySet(models.QuerySet["Ticket"]):
    def seen_by(self, person: By) -> TicketQuerySet:
        """Clerks and managers see those of their halls, bureau and leaders all."""
        if isinstance(person, Actor) or not person.is_authenticated or not person.is_active:
            return self.none()
        if person.has_role(Role.BUREAU, Role.LEADER):
            return self
        return self.filter(hall_id__in=person.halls_as(Role.CLERK, Role.HALL_MANAGER))

    def waiting(self, hall_id: int, day: dt.date) -> TicketQuerySet:
        return self.filter(hall_id=hall_id, day=day, state=T.WAITING)

    def in_order(self, now: dt.datetime) -> TicketQuerySet:
        """As they are called: appointments whose slot has begun, by slot; then all others by the instant from which they
        count. One rule for the page, the phone, the window and the test (``hall/order.py``)."""
        in_slot = Q(slot_at__lte=now)
        return self.annotate(
            lane=Case(When(in_slot, then=Value(0)), default=Value(1)),
            rank_at=Case(When(in_slot, then=F("slot_at")), default=F("queue_at")),
        ).order_by("lane", "rank_at", "id")

    def with_busy(self) -> TicketQuerySet:
        """Marks those whose holder stands at a window with another ticket of the same visit."""
        others = Ticket.objects.filter(visit=OuterRef("visit"), state__in=AT_WINDOW)
        return self.annotate(is_busy=Exists(others))

    def with_places(self) -> TicketQuerySet:
        return self.select_related("group", "counter", "hall")


class Ticket(models.Model):
    """号票 — a place in one queue. ``version`` is the ``seq`` of its last event; the times are worked out from its events."""

    key = models.CharField(max_length=32, default=visit_key)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="tickets")
    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(MatterGroup, models.PROTECT, related_name="tickets", db_index=False)
    day = models.DateField()
    number = models.CharField(max_length=8)
    priority = models.CharField(max_length=10, choices=Priority, blank=True)
    channel = models.CharField(max_length=10, choices=Channel)
    appointment = models.OneToOneField(
        Appointment, models.PROTECT, null=True, blank=True, related_name="ticket"
    )
    slot_at = models.DateTimeField(null=True, blank=True)
    queue_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=TicketState, default=T.WAITING)
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    clerk = models.CharField(max_length=150, blank=True)
    call_count = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    version = models.PositiveIntegerField(default=1)
    taken_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    told_seconds = models.PositiveIntegerField(null=True, blank=True)
    wait_seconds = models.PositiveIntegerField(null=True, blank=True)
    walk_seconds = models.PositiveIntegerField(null=True, blank=True)
    serve_seconds = models.PositiveIntegerField(null=True, blank=True)
    hold_seconds = models.PositiveIntegerField(null=True, blank=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="ticket_key"),
            models.UniqueConstraint(fields=["hall", "day", "number"], name="ticket_number"),
            models.UniqueConstraint(
                fields=["counter"], condition=Q(state__in=["called", "serving"]), name="ticket_one_a_window"
            ),
            models.UniqueConstraint(
                fields=["visit"], condition=Q(state__in=["called", "serving"]), name="ticket_one_a_visitor"
            ),
            models.CheckConstraint(
                condition=Q(state="finished", outcome__gt="") | (~Q(state="finished") & Q(outcome="")),
                name="ticket_finished_with_outcome",
            ),
        ]
        indexes = [
            models.Index(
                fields=["hall", "day", "group"], condition=Q(state="waiting"), name="ticket_waiting"
            ),
            models.Index(fields=["day"], condition=Q(closed_at__isnull=True), name="ticket_open"),
            models.Index(fields=["hall", "called_at"], name="ticket_called"),
            models.Index(fields=["group", "day"], name="ticket_group_day"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def ground(self) -> str:
        """On what ground it is called earlier."""
        return GROUNDS.get(Priority(self.priority), "") if self.priority else ""


class TicketEvent(models.Model):
    """号票记录 — one thing that happened to a ticket. Never changed (the database refuses it); all times follow from it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["ticket_id", "seq"]
        constraints = [models.UniqueConstraint(fields=["ticket", "seq"], name="ticket_event_seq")]
        indexes = [models.Index(fields=["at"], condition=Q(kind="passed_over"), name="ticket_event_over")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.seq} {self.kind}"


class VisitCase(models.Model):
    """到访办件 — an application that was made, corrected or handed out during a visit, by its number."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="cases")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="cases")
    number = models.CharField(max_length=14, db_index=True)
    verb = models.CharField(max_length=30)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["ticket", "number", "verb"], name="visit_case_once")]

    def __str__(self) -> str:
        return self.number


class WindowState(models.TextChoices):
    CLOSED = "closed", pgettext_lazy("window", "Closed")
    OPEN = "open", pgettext_lazy("window", "Open")
    SUSPENDED = "suspended", _("Suspended for now")


class WhySuspended(models.TextChoices):
    """暂停原因 — what stands on the sign of a window without service; a window without a clerk says so (hall rules)."""

    ABSENT = "absent", _("The clerk is away")
    MEAL = "meal", _("Meal break")
    MEETING = "meeting", _("Meeting or training")
    FAULT = "fault", _("Technical fault")
    CHECK = "check", _("Checking a matter with the department")
    MOVED = "moved", _("Service at another window")


class Window(models.Model):
    """窗口状态 — whether a window is open now, who sits there, or why it is suspended and until when."""

    counter = models.OneToOneField(Counter, models.CASCADE, primary_key=True, related_name="window")
    state = models.CharField(max_length=10, choices=WindowState, default=WindowState.CLOSED)
    reason = models.CharField(max_length=10, choices=WhySuspended, blank=True)
    back_at = models.DateTimeField(null=True, blank=True)
    person = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    since_at = models.DateTimeField()

    class Meta:
        ordering = ["counter_id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="suspended") & ~Q(reason="")) | (~Q(state="suspended") & Q(reason="")),
                name="window_suspended_with_reason",
            )
        ]

    def __str__(self) -> str:
        return f"{self.counter_id} {self.state}"


class WindowEvent(models.Model):
    """窗口记录 — a window was opened, suspended or closed, by whom and why. Attendance is worked out from it."""

    counter = models.ForeignKey(Counter, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=WindowState)
    at = models.DateTimeField()
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    by = models.CharField(max_length=150)
    reason = models.CharField(max_length=10, choices=WhySuspended, blank=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["counter", "at"], name="window_event_at")]

    def __str__(self) -> str:
        return f"{self.counter_id} {self.kind}"


class HalfDay(models.TextChoices):
    AM = "am", _("Morning")
    PM = "pm", _("Afternoon")


class Shift(models.Model):
    """排班 — who is to sit at which window on a half-day. Attendance needs nothing else: no biometric data (PIPL 28)."""

    hall = models.ForeignKey(Hall, models.PROTECT, related_name="+", db_index=False)
    counter = models.ForeignKey(Counter, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    day = models.DateField()
    half = models.CharField(max_length=2, choices=HalfDay)
    set_by = models.CharField(max_length=150)
    set_at = models.DateTimeField()

    class Meta:
        ordering = ["day", "half", "counter_id"]
        constraints = [
            models.UniqueConstraint(fields=["counter", "day", "half"], name="shift_one_a_window"),
            models.UniqueConstraint(fields=["person", "day", "half"], name="shift_one_a_person"),
        ]
        indexes = [models.Index(fields=["hall", "day"], name="shift_hall_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.half} {self.counter_id}"


class Announcement(models.Model):
    """叫号广播 — a call as it is to be spoken in the hall. The row is written with the call; an adapter speaks it later."""

    hall = models.ForeignKey(Hall, models.CASCADE, related_name="+", db_index=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    words = models.CharField(max_length=200)
    words_en = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    said_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(said_at__isnull=True), name="announcement_unsaid"),
            models.Index(fields=["hall", "made_at"], name="announcement_hall"),
        ]

    def __str__(self) -> str:
        return self.words
