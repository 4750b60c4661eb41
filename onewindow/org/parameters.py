"""The numbers that a county may set, each with its legal bounds (domain rules, section 15).

A parameter marked HARD is bound by statute: it may be made stricter, never laxer; no role and no setting goes past it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from onewindow.org.calendar import Limit


@dataclass(frozen=True)
class Spec:
    """One parameter: its default, the most (and least) that it may be, and why.

    Values of kind ``limit`` are texts such as ``5wd``; of kind ``number`` whole numbers in ``unit``.
    """

    code: str
    kind: str
    default: str
    least: str
    most: str
    hard: bool
    basis: str
    label: object
    unit: str = ""


SPECS = {
    s.code: s
    for s in [
        Spec("notice_limit", "limit", "5wd", "1wd", "5wd", True, "行政许可法 32(4)", _("One-time notice of corrections or acceptance, from receipt")),
        Spec("decision_limit", "limit", "20wd", "1wd", "20wd", True, "行政许可法 42", _("Decision where no other limit is printed")),
        Spec("extension_limit", "limit", "10wd", "1wd", "10wd", True, "行政许可法 42", _("The one extension of a decision")),
        Spec("delivery_limit", "limit", "10wd", "1wd", "10wd", True, "行政许可法 44", _("Delivery of the decision")),
        Spec("confirm_limit", "limit", "1wd", "1wd", "3wd", False, "", _("Back office confirms or returns what the window has accepted")),
        Spec("joint_limit", "limit", "45wd", "1wd", "45wd", True, "行政许可法 42(2)", _("Decision where several departments handle it together")),
        Spec("joint_extension", "limit", "15wd", "1wd", "15wd", True, "行政许可法 42(2)", _("The one extension of joint handling, approved by the head of the government")),
        Spec("forward_limit", "limit", "20wd", "1wd", "20wd", True, "行政许可法 42, 43", _("Decision of the higher authority, from the day on which the matter was forwarded to it")),
        Spec("hearing_ask_days", "number", "5", "5", "30", True, "行政许可法 47", _("Working days in which a hearing may be asked for, from being told of the right to it"), "wd"),
        Spec("hearing_notice_days", "number", "7", "7", "15", True, "行政许可法 48", _("Working days before a hearing at which its day and place are told at the latest"), "wd"),
        Spec("renewal_days", "number", "30", "0", "30", True, "行政许可法 50", _("Days before expiry until which a renewal is asked for in time"), "d"),
        Spec("correction_days", "number", "30", "5", "90", False, "", _("Days that an applicant has to supply corrections"), "d"),
        Spec("deferral_limit", "limit", "5wd", "1wd", "20wd", False, "", _("A material put off: time to bring it, never longer than the item's promised limit")),
        Spec("final_result_limit", "limit", "2wd", "1wd", "5wd", False, "", _("Final result, from the day on which everything put off is there")),
        Spec("commitment_check_limit", "limit", "2mo", "1mo", "6mo", False, "国办发〔2020〕42号", _("Check of what was granted on a written commitment")),
        Spec("statement_limit", "limit", "5wd", "3wd", "20wd", False, "行政许可法 7", _("Time for the party to state its case before a decision is revoked")),
        Spec("breach_record_days", "number", "365", "90", "1826", False, "国办发〔2020〕42号", _("Days in which a broken pledge shuts out new ones"), "d"),
        Spec("amber_days", "number", "1", "0", "5", False, "", _("Light turns amber with so many working days left"), "wd"),
        Spec("amber_share", "number", "20", "0", "50", False, "", _("or with so many percent of the limit left"), "%"),
        Spec("review_window_days", "number", "15", "3", "60", False, "国办发〔2019〕51号", _("Days after the touchpoint in which it may be reviewed"), "d"),
        Spec("review_change_hours", "number", "24", "1", "72", False, "", _("Hours in which the person may change a review"), "h"),
        Spec("review_publish_days", "number", "5", "1", "30", False, "国办发〔2019〕51号", _("Days after which what was said may be shown to the public"), "d"),
        Spec("review_invite_hours", "number", "2", "1", "24", False, "", _("Hours after which somebody who said nothing at the window is asked by message"), "h"),
        Spec("review_invite_again_days", "number", "3", "2", "10", False, "", _("Working days after which such a message is sent once more"), "wd"),
        Spec("review_invites_week", "number", "3", "1", "7", False, "", _("Such messages that one person gets in seven days, one a day at most")),
        Spec("prompt_seconds", "number", "120", "30", "600", False, "", _("Seconds that a device shows the question"), "s"),
        Spec("faces_order", "number", "2", "0", "2", False, "", _("Order of the faces on a device: 0 best first, 1 worst first, 2 drawn anew for each question")),
        Spec("bad_review_contact", "limit", "1wd", "1wd", "1wd", False, "国办发〔2019〕51号", _("First contact after a bad review")),
        Spec("bad_review_simple", "limit", "5wd", "1wd", "5wd", False, "国办发〔2019〕51号", _("Putting a bad review right, where it is plain")),
        Spec("bad_review_complex", "limit", "15wd", "5wd", "15wd", False, "国办发〔2019〕51号", _("Putting a bad review right, by a plan")),
        Spec("issue_assign_limit", "limit", "4wh", "1wh", "16wh", False, "", _("An issue finds its unit, from the report")),
        Spec("issue_stuck_contact", "limit", "0wd", "0wd", "2wd", False, "", _("First contact after “could not be done”: the same day")),
        Spec("issue_spot_limit", "limit", "0wd", "0wd", "1wd", False, "", _("An issue settled on the spot: the same day")),
        Spec("issue_quick_limit", "limit", "3wd", "1wd", "3wd", False, "", _("An issue that should have been done")),
        Spec("issue_simple_limit", "limit", "5wd", "1wd", "5wd", False, "", _("An ordinary issue")),
        Spec("issue_complex_limit", "limit", "10wd", "5wd", "10wd", False, "", _("An issue of several departments, or by a plan")),
        Spec("issue_no_limit", "limit", "2wd", "1wd", "5wd", False, "", _("Second signature under a lawful no")),
        Spec("issue_appeal_days", "number", "3", "1", "5", False, "", _("Working days in which a unit may appeal against a bad review"), "wd"),
        Spec("issue_appeal_limit", "limit", "3wd", "1wd", "5wd", False, "", _("The panel decides an appeal")),
        Spec("issue_callback_limit", "limit", "3wd", "1wd", "5wd", False, "", _("The centre calls the reporter back")),
        Spec("order_contact", "limit", "1wd", "0wd", "1wd", False, "", _("First contact after an order of 12345 or a letter to the leaders")),
        Spec("order_limit", "limit", "5wd", "1wd", "5wd", False, "", _("An order of 12345, or a letter to the leaders")),
        Spec("order_complex", "limit", "10wd", "5wd", "10wd", False, "", _("The same, very complex or by a plan of the head")),
        Spec("order_return", "limit", "24h", "4h", "48h", False, "", _("A unit whose matter an order of 12345 is not sends it back within")),
        Spec("issue_asked_days", "number", "5", "1", "10", False, "", _("Working days that an issue may wait for its reporter, all told"), "wd"),
        Spec("issue_reopen_days", "number", "15", "5", "60", False, "", _("Days after the end in which the reporter may reopen"), "d"),
        Spec("issue_recheck_days", "number", "28", "14", "90", False, "", _("Days after which is asked whether it is really fixed"), "d"),
        Spec("issue_recheck_share", "number", "30", "10", "100", False, "", _("Share of the solved issues that is asked about again"), "%"),
        Spec("question_limit", "limit", "2wd", "1wd", "5wd", False, "", _("Answer to a question about a case")),
        Spec("draft_days", "number", "60", "7", "180", False, "个人信息保护法 19", _("Days that a half-filled online application is kept"), "d"),
        Spec("track_days", "number", "365", "90", "3650", False, "", _("Days that an applicant's link works after the end"), "d"),
        Spec("publicity_limit", "limit", "7wd", "1wd", "7wd", True, "行政许可法 40；双公示", _("A licence granted is public, from its decision")),
        Spec("publicity_wait", "limit", "3wd", "0wd", "6wd", False, "政府信息公开条例 17", _("It publishes itself, so that the head can withhold it before")),
        Spec("publicity_shown_days", "number", "365", "90", "1826", False, "", _("Days that a decision stands on the public page"), "d"),
        Spec("four_eyes", "number", "0", "0", "1", False, "", _("A second person must publish a change of the catalogue (1 = yes)")),
        Spec("queue_advice_minutes", "number", "15", "5", "60", False, "大厅规范：预计等候超过 15 至 20 分钟增开窗口", _("Predicted wait beyond which another window is advised"), "min"),
        Spec("queue_calls", "number", "3", "1", "5", False, "", _("Calls before a ticket may be passed")),
        Spec("queue_return_after", "number", "3", "0", "10", False, "", _("Others called before somebody who comes back after being passed")),
        Spec("queue_head_start", "number", "30", "0", "240", False, "", _("Head start of the priority classes in the queue"), "min"),
        Spec("queue_opens_before", "number", "30", "0", "120", False, "", _("Tickets are given out so long before the hall opens"), "min"),
        Spec("appointment_early", "number", "15", "0", "60", False, "", _("So long before its slot an appointment may be checked in"), "min"),
        Spec("appointment_grace", "number", "10", "0", "60", False, "", _("So long after its slot an appointment still goes ahead"), "min"),
        Spec("booking_days", "number", "7", "1", "30", False, "", _("Working days for which appointments can be made"), "wd"),
        Spec("attendance_grace", "number", "5", "0", "30", False, "", _("A window opened so long after the start of the shift is still on time"), "min"),
        Spec("ticket_days", "number", "1096", "366", "3650", False, "", _("Days that tickets and their record are kept"), "d"),
        Spec("access_log_days", "number", "1096", "1096", "3650", True, "网络数据安全管理条例 12", _("Days that the access log is kept"), "d"),
        Spec("sharing_log_days", "number", "1096", "1096", "3650", True, "个人信息保护法 55、56", _("Days that the log of calls to shared data is kept"), "d"),
        Spec("grant_answer", "limit", "10wd", "1wd", "10wd", False, "政务数据共享条例", _("Answer to a request for shared data")),
        Spec("sign_in_log_days", "number", "200", "183", "1096", True, "网络安全法 23", _("Days that the sign-in history is kept"), "d"),
    ]
}  # fmt: skip


class OutOfBounds(ValueError):
    """The value is not one that the law or the product allows; the message says what is."""


def check(code: str, value: str) -> str:
    """The value in its normal form, or :class:`OutOfBounds`."""
    spec = SPECS[code]
    try:
        if spec.kind == "limit":
            given, least, most = (Limit.parse(x) for x in (value, spec.least, spec.most))
            if given.unit != most.unit:
                raise OutOfBounds(
                    _("%(code)s must be counted in %(unit)s.") % {"code": code, "unit": most.unit}
                )
            inside, normal = least.amount <= given.amount <= most.amount, str(given)
        else:
            number = int(value)
            inside, normal = int(spec.least) <= number <= int(spec.most), str(number)
    except OutOfBounds:
        raise
    except ValueError as wrong:
        raise OutOfBounds(str(wrong)) from wrong
    if not inside:
        message = _("%(code)s must lie between %(least)s and %(most)s. %(basis)s")
        raise OutOfBounds(
            message % {"code": code, "least": spec.least, "most": spec.most, "basis": spec.basis}
        )
    return normal
