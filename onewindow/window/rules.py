"""Who may do what with an Application, and when."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases import clock, instant, rows
from onewindow.cases.models import Event
from onewindow.cases.rules import Actor, By, possible, rule, the_applicant
from onewindow.org.roles import Role


def _halls(by: By, *roles: str) -> set[int]:
    return set() if isinstance(by, Actor) else by.halls_as(*roles)


def _offices(by: By, *roles: str) -> set[int]:
    return set() if isinstance(by, Actor) else by.offices_as(*roles)


@rule("only_clerk_of_hall", _("Only a window clerk of the hall that took it in can do that."))
def clerk_here(a: Any, by: By) -> bool:
    return a.hall_id in _halls(by, Role.CLERK)


@rule("only_manager_of_hall", _("Only the manager of the hall can do that."))
def manager_here(a: Any, by: By) -> bool:
    return a.hall_id in _halls(by, Role.HALL_MANAGER)


@rule("only_department", _("Only an approver of the responsible department can do that."))
def approver_here(a: Any, by: By) -> bool:
    return a.office_id in _offices(by, Role.APPROVER, Role.HEAD)


@rule("only_head", _("Only the head of the responsible department can do that."))
def head_here(a: Any, by: By) -> bool:
    return a.office_id in _offices(by, Role.HEAD)


@rule("only_head", _("Only the head of the responsible department can do that (行政许可法 42)."))
def head_unless_joint(a: Any, by: By) -> bool:
    """行政许可法 42(1). Says nothing of joint handling: never without :data:`leader_if_joint`."""
    return a.is_joint or head_here.test(a, by)


@rule(
    "only_leader", _("Several departments handle this together: only the head of the government extends it.")
)
def leader_if_joint(a: Any, by: By) -> bool:
    """行政许可法 42(2): the head of the people's government approves, not one of the departments."""
    return not a.is_joint or (not isinstance(by, Actor) and by.has_role(Role.LEADER))


@rule("only_department", _("Only an approver of the responsible department can do that."))
def clerk_on_the_spot(a: Any, by: By) -> bool:
    """An item decided on the spot is entrusted to the window (行政许可法 34)."""
    return a.item_version.is_immediate and clerk_here.test(a, by)


@possible("already_told", _("All corrections must be told at once: this has been done (行政许可法 32(4))."))
def not_yet_told(a: Any, by: By) -> bool:
    return a.corrections_told == 0


@possible("already_extended", _("A limit is extended once only: this has been done (行政许可法 42)."))
def not_yet_extended(a: Any, by: By) -> bool:
    return not a.clock_extension


@possible(
    "limit_passed", _("The lawful limit has passed: only one that still runs is extended (行政许可法 42).")
)
def before_the_limit(a: Any, by: By) -> bool:
    return a.legal_due_at is None or instant.now() <= a.legal_due_at


@possible("no_extension", _("The law knows no extension for this item."))
def extendable(a: Any, by: By) -> bool:
    return a.is_joint or bool(a.item_version.legal_extension)


@possible(
    "hearing_open", _("The applicant may still ask for a hearing: nothing is decided before (行政许可法 47).")
)
def hearing_over(a: Any, by: By) -> bool:
    return a.hearing_until is None or instant.now() > a.hearing_until


@possible(
    "no_hearing_offered",
    _("A hearing can be asked for within five working days of being told of the right to it."),
)
def hearing_offered(a: Any, by: By) -> bool:
    return a.hearing_until is not None and instant.now() <= a.hearing_until


@possible("already_offered", _("The applicant has been told of the right to a hearing."))
def hearing_not_offered(a: Any, by: By) -> bool:
    return a.hearing_until is None


def _asked_for(a: Any) -> bool:
    """Whether the applicant's wish for a hearing is what holds the clock."""
    stop = clock.open_stop(a)
    if stop is None or stop.reason != "hearing":
        return False
    return Event.objects.of(a.number).filter(kind="application.ask_hearing", at__gte=stop.began_at).exists()


@possible(
    "hearing_owed",
    _(
        "The applicant has asked for a hearing: it is held and recorded, or the applicant gives it up (行政许可法 46)."
    ),
)
def no_hearing_owed(a: Any, by: By) -> bool:
    return not _asked_for(a)


@possible("no_hearing_asked", _("No hearing that the applicant has asked for is still to be held."))
def hearing_owed(a: Any, by: By) -> bool:
    return _asked_for(a)


@possible("no_hearing", _("It is not for a hearing that the clock stands still."))
def in_hearing(a: Any, by: By) -> bool:
    stop = clock.open_stop(a)
    return stop is not None and stop.reason == "hearing"


@possible("not_called", _("The hearing has not been called yet."))
def hearing_called(a: Any, by: By) -> bool:
    stop = clock.open_stop(a)
    calls = Event.objects.of(a.number).filter(kind="application.call_hearing")
    return stop is not None and calls.filter(at__gte=stop.began_at).exists()


@possible("no_renewal", _("Silence grants nothing here: only a renewal asked for in time (行政许可法 50)."))
def deemed_renewal(a: Any, by: By) -> bool:
    return a.renewal_deemed_at is not None


@possible(
    "materials_missing", _("Required materials are still missing: ask for them, or mark them as handed in.")
)
def complete(a: Any, by: By) -> bool:
    """All required materials are here, held already, or lawfully to follow."""
    return a.pk is None or not _required_and_missing(a.pk)


@rows.prepared
def _required_and_missing(application: int) -> Any:
    from onewindow.window.models import Document, DocumentForm

    wanted = Document.objects.filter(application=application, form=DocumentForm.MISSING, spec__necessity=1)
    return wanted.values_list("pk")[:1]


@possible("preliminary", _("The result is preliminary: something that was put off is still owed."))
def final(a: Any, by: By) -> bool:
    return not a.is_preliminary


@possible("not_preliminary", _("The result is final already."))
def preliminary(a: Any, by: By) -> bool:
    return bool(a.is_preliminary)


@possible("still_owed", _("Not everything that was put off is there yet."))
def nothing_owed(a: Any, by: By) -> bool:
    from onewindow.window import pledging

    return a.pk is None or not pledging.owes(a)


@possible("not_granted", _("Only what was granted can be revoked."))
def granted(a: Any, by: By) -> bool:
    return a.result == "grant"


applicant_here = the_applicant
