"""Who may do what with an issue, and when. Nobody is judge of the own work: see separation.py."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.models import Event
from onewindow.cases.rules import Actor, By, possible, rule
from onewindow.issues import origins
from onewindow.issues.models import ATTEMPTS, Issue
from onewindow.issues.separation import LEADERS_TURN, handles, kept_out
from onewindow.org.calendar import Limit, deadline
from onewindow.org.models import current_calendar, limit, number
from onewindow.org.roles import Role


def is_bureau(issue: Issue, by: By) -> bool:
    return not isinstance(by, Actor) and by.has_role(Role.BUREAU, Role.LEADER) and not kept_out(issue, by)


@rule(
    "only_unit",
    _("Only the unit that answers for it can do that, and nobody whom it is about or who leads that person."),
)
def unit(issue: Any, by: By) -> bool:
    return handles(issue, by)


@rule("only_bureau", _("Only the bureau can do that, and nobody whom it is about or who leads that person."))
def bureau(issue: Any, by: By) -> bool:
    return is_bureau(issue, by)


@rule(
    "only_unit_or_window",
    _("Only the unit that answers for it, or the window where it was registered, can do that."),
)
def unit_or_window(issue: Any, by: By) -> bool:
    if handles(issue, by):
        return True
    if isinstance(by, Actor) or kept_out(issue, by) or not issue.is_at_window:
        return False
    return issue.hall_id in by.halls_as(Role.CLERK, Role.HALL_MANAGER)


@rule(
    "only_caller",
    _(
        "Only the unit that answers for it or the bureau can do that, nobody whom it is about or who leads that person."
    ),
)
def contacter(issue: Any, by: By) -> bool:
    return handles(issue, by) or is_bureau(issue, by)


@rule(
    "only_second",
    _("A second person verifies: not the one who spoke with the reporter, nor anybody whom it is about."),
)
def second(issue: Any, by: By) -> bool:
    """Leaders always may: so nobody's absence or conflict leaves an issue without anybody to verify it."""
    if isinstance(by, Actor) or kept_out(issue, by) or by.pk == issue.contacted_by_id:
        return False
    if is_bureau(issue, by):
        return True
    return handles(issue, by) and bool(by.roles & origins.of(issue).verifiers)


@rule(
    "only_other_signature",
    _("The head of the unit or the bureau signs a lawful no, never the one who wrote it."),
)
def signer(issue: Any, by: By) -> bool:
    if isinstance(by, Actor) or kept_out(issue, by) or by.pk == issue.answered_by_id:
        return False
    return is_bureau(issue, by) or issue.office_id in by.offices_as(Role.HEAD)


@rule("only_centre", _("The centre calls back, never anybody who worked on it."))
def centre(issue: Any, by: By) -> bool:
    if not is_bureau(issue, by):
        return False
    worked = (issue.contacted_by_id, issue.answered_by_id, issue.handler_id)
    return by.pk not in worked  # type: ignore[union-attr]


@rule(
    "only_panel_caller",
    _("The bureau calls the panel together: nobody who worked on it or whom it is about."),
)
def panel(issue: Any, by: By) -> bool:
    return is_bureau(issue, by) and by.pk not in (issue.contacted_by_id, issue.answered_by_id)  # type: ignore[union-attr]


@rule("only_unit_head", _("Only the head of the unit can do that."))
def unit_head(issue: Any, by: By) -> bool:
    if isinstance(by, Actor) or not handles(issue, by):
        return False
    return by.has_role(Role.LEADER, Role.BUREAU) or issue.office_id in by.offices_as(Role.HEAD)


@rule("only_reporter", _("Only whoever reported it can do that."))
def reporter(issue: Any, by: By) -> bool:
    return isinstance(by, Actor) and by.kind == "reporter" and by.number == issue.number


@possible(
    "own_unit",
    _(
        "Whoever works in the unit that answers for it can't confirm alone that it is right: the bureau calls back."
    ),
)
def not_own_unit(issue: Any, by: By) -> bool:
    """A head who walks a matter of the own department has found the obstacle and answers for it."""
    return issue.office.code not in issue.facts.get("reporter_works_at", ())


@possible("sent_back_before", _("It was sent back once already: now the bureau decides who answers for it."))
def not_bounced(issue: Any, by: By) -> bool:
    return issue.bounced == 0


@possible(
    "too_late_to_return",
    _("The time in which an order can be sent back is over: the bureau decides who answers for it."),
)
def returnable(issue: Any, by: By) -> bool:
    """Orders of 12345 come back at once or not at all; asked only where the origin sets a time for it."""
    if not (given := origins.of(issue).returns):
        return True
    sent = (
        Event.objects.of(issue.number)
        .filter(kind__in=["issue.open", "issue.dispatch", "issue.reopen"])
        .last()
    )
    until = deadline(sent.at, [limit(given)], [], current_calendar()).at if sent else None
    return until is None or instant.now() <= until


@possible("no_appeal", _("Only a bad review can be appealed against, within the days given for it."))
def appealable(issue: Any, by: By) -> bool:
    if not origins.of(issue).appeals or issue.panel_size:
        return False
    until = deadline(issue.opened_at, [Limit(number("issue_appeal_days"), "wd")], [], current_calendar()).at
    return until is None or instant.now() <= until


@possible(
    "not_tried",
    _("The reporter counts as unreachable after three tries at three different hours of the day."),
)
def tried(issue: Any, by: By) -> bool:
    return issue.missed_hours >= ATTEMPTS


@possible("not_anonymous", _("The reporter can be reached: call."))
def silent_and_anonymous(issue: Any, by: By) -> bool:
    """Nobody can call somebody who left no number: the answer waited on the page for as long as it can be reopened."""
    waited = dt.timedelta(days=number("issue_reopen_days"))
    return issue.is_anonymous and bool(issue.answered_at) and instant.now() >= issue.answered_at + waited


@possible("anonymous", _("The reporter left no number: only the own page can say whether it is right."))
def callable_(issue: Any, by: By) -> bool:
    """An anonymous report has nobody to be called back, so nobody's word can be written down for it."""
    return not issue.is_anonymous


@possible("planned", _("There is a plan already; its day is the reporter's to judge by."))
def unplanned(issue: Any, by: By) -> bool:
    return not issue.clock_extension


@possible("asked_enough", _("The reporter was waited for as long as is allowed; go on with what is known."))
def may_ask(issue: Any, by: By) -> bool:
    return issue.asked_days < number("issue_asked_days")


@possible(
    "reopened_enough",
    _("The leading group has answered. What remains: 12345, reconsideration, or the court."),
)
def reopenable(issue: Any, by: By) -> bool:
    """Before the end at any time; afterwards for some days, and not what its reporter took back or what is in another. Who said
    four weeks later that it is not right any more has the same days once more."""
    if issue.reopened >= LEADERS_TURN:
        return False
    if issue.closed_at is None:
        return True
    since = issue.closed_at
    if issue.is_still_right is False and issue.rechecked_at:
        since = max(since, issue.rechecked_at)
    until = since + dt.timedelta(days=number("issue_reopen_days"))
    return issue.outcome not in ("withdrawn", "merged") and instant.now() <= until


@possible("not_joined", _("It is not joined with another issue."))
def joined(issue: Any, by: By) -> bool:
    return issue.merged_into_id is not None


@rule("only_bureau_or_follower", _("The bureau can do that; the reporter, once the other issue has ended."))
def follower(issue: Any, by: By) -> bool:
    """The reporter of a joined issue is not bound by another reporter's word: whoever is not content has the own one handled."""
    main = issue.merged_into
    if not reporter.test(issue, by) or main is None or main.closed_at is None:
        return False
    if issue.reopened >= LEADERS_TURN:
        return False
    return instant.now() <= main.closed_at + dt.timedelta(days=number("issue_reopen_days"))


@possible("no_recheck_due", _("Nobody has to be asked again now."))
def recheck_due(issue: Any, by: By) -> bool:
    return issue.recheck_at is not None and issue.rechecked_at is None and instant.now() >= issue.recheck_at


@possible("has_cause", _("Cause and prevention are only corrected once the unit has named them."))
def has_cause(issue: Any, by: By) -> bool:
    return bool(issue.cause)


def local_hour(at: dt.datetime) -> int:
    return timezone.localtime(at).hour
