"""Reviews for programs: to read those that you may see, and to pass one on that reached you by another channel."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Query, Router, Schema, Status
from pydantic import Field

from onewindow.cases import numbers
from onewindow.org import http
from onewindow.org.http import At, Bearer, Cursor, Day, Limit, Problem, Strict, errors, fault, line
from onewindow.org.roles import Role
from onewindow.voice import actions, again, inviting, rules
from onewindow.voice.models import Review, ReviewChannel
from onewindow.window.models import Application

router = Router(tags=["reviews"])
CHANNELS = {"pc": 1, "mobile": 2, "qr": 3, "tablet": 4, "terminal": 5, "hotline": 6, "sms": 7}
NAMES = {code: name for name, code in CHANNELS.items()}


class ReviewIn(Strict):
    number: line(20, 1)  # type: ignore[valid-type]
    touchpoint: Literal["accepted", "delivered"]
    level: Annotated[int, Field(ge=1, le=5, description="5 very satisfied … 1 very dissatisfied")]
    codes: Annotated[list[line(3, 1)], Field(max_length=20, description="coded reasons of that level")] = []  # type: ignore[valid-type]
    text: line(500) = ""  # type: ignore[valid-type]
    channel: Literal["pc", "mobile", "qr", "terminal", "hotline", "sms"] = "hotline"
    assisted_reason: Annotated[
        str,
        Field(
            max_length=200,
            description="why the person did not rate alone; a call is always entered by somebody",
        ),
    ] = ""


class TextIn(Strict):
    mobile: line(20, 1)  # type: ignore[valid-type]
    text: line(600, 1)  # type: ignore[valid-type]
    message_id: Annotated[
        str,
        Field(
            min_length=1, max_length=80, description="of the message; the same one again is the same review"
        ),
    ]


class StoppedOut(Schema):
    stopped: bool = Field(description="the person is not asked by message any more")


class ReviewOut(Schema):
    number: str | None = Field(description="told to the bureau alone: nobody shall regret the truth")
    touchpoint: str
    level: int
    codes: list[str]
    text: str
    channel: str
    item: str
    office: str
    hall: str | None
    at: At
    said_at: At
    nth: int = Field(description="1 first review, 2 second one (追评)")
    changes: bool = Field(description="it takes the place of an earlier one of the same person")
    replaced: bool = Field(description="a later change of the same person counts instead")
    assisted: bool = Field(description="entered by staff for the person; in no score of staff")
    excluded: bool = Field(description="left out of the figures after an appeal")


class ReviewPage(Schema):
    items: list[ReviewOut]
    next: str | None


def told(review: Review, knows: bool) -> dict[str, Any]:
    names = ("touchpoint", "level", "codes", "text", "at", "said_at")
    places = {
        "office": review.office.code,
        "hall": review.hall.code if review.hall else None,
        "item": review.item_code,
    }
    who = {"number": review.number if knows else None, "channel": NAMES[ReviewChannel(review.channel)]}
    beside = {
        "nth": review.nth,
        "changes": review.replaces_id is not None,
        "replaced": hasattr(review, "replaced_by"),
        "assisted": review.is_assisted,
        "excluded": hasattr(review, "exclusion"),
    }
    return {n: getattr(review, n) for n in names} | places | who | beside


@router.get(
    "/reviews",
    response={200: ReviewPage, **errors()},
    auth=Bearer("reviews:read"),
    operation_id="list_reviews",
    summary="List reviews",
)
def list_reviews(
    request: HttpRequest,
    number: Annotated[str, Query(max_length=20, description="of one case")] = "",
    office: Annotated[str, Query(max_length=20, description="code of a department")] = "",
    level: Annotated[int | None, Query(ge=1, le=5)] = None,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to", description="this day included")] = None,
    cursor: Cursor = "",
    limit: Limit = http.LIMIT,
) -> Any:
    """Those that you may see, newest first, every version of each. The clerk who was reviewed sees none."""
    person = request.auth  # type: ignore[attr-defined]
    knows = rules.knows_reviewers(person)
    rows = (
        Review.objects.seen_by(person).active().select_related("office", "hall", "replaced_by", "exclusion")
    )
    if number:
        rows = rows.filter(number=numbers.clean(number)) if knows else rows.none()
    if office:
        rows = rows.filter(office__code=office)
    if level:
        rows = rows.filter(level=level)
    if first:
        rows = rows.filter(at__gte=http.midnight(first))
    if last:
        rows = rows.filter(at__lt=http.midnight(last, 1))
    if cursor:
        rows = rows.filter(pk__lt=min(http.key_of(cursor, int)[0], 2**62))
    found = list(rows.order_by("-pk")[: limit + 1])
    after = http.cursor_of(found[limit - 1].pk) if len(found) > limit else None
    return {"items": [told(r, knows) for r in found[:limit]], "next": after}


@router.post(
    "/reviews",
    response={201: ReviewOut, **errors(400, 404, 409, 413)},
    auth=Bearer("reviews:write"),
    operation_id="create_review",
    summary="Pass a review on",
    openapi_extra=http.headers(http.KEY_PARAMETER),
)
def create_review(request: HttpRequest, given: Annotated[ReviewIn, Body()]) -> Any:
    """A verdict that came by hotline, text message or another channel, about a case that you may see: one a touchpoint."""
    person = request.auth  # type: ignore[attr-defined]
    case = Application.objects.seen_by(person).with_facts().filter(number=numbers.clean(given.number)).first()
    if case is None:
        raise http.not_found()
    if not (person.has_role(Role.BUREAU, Role.HALL_MANAGER) or person.has_role(Role.ENTERPRISE)):
        text = _("Verdicts are passed on by the bureau or the hall's manager, never by those who are judged.")
        raise Problem(403, "not_allowed", text, reason={"code": "only_bureau", "text": text})
    said = given.model_dump(exclude={"number", "touchpoint", "channel", "assisted_reason"})
    why = given.assisted_reason or (_("Told by telephone.") if given.channel == "hotline" else "")
    try:
        with transaction.atomic():
            review = actions.review(
                case, given.touchpoint, channel=CHANNELS[given.channel], by=person, assisted_why=why, **said
            )
    except actions.NotPossible as no:
        raise _problem(no) from no
    return Status(201, told(review, True))  # who sent it knows it


@router.post(
    "/reviews/text",
    response={200: StoppedOut, 201: ReviewOut, **errors(400, 409, 413)},
    auth=Bearer("reviews:write"),
    operation_id="create_review_by_text",
    summary="Pass a text message on",
)
def create_review_by_text(request: HttpRequest, given: Annotated[TextIn, Body()]) -> Any:
    """A person's answer to our invitation, as the gateway received it: one digit from 5 to 1, then words. It belongs to the
    newest matter of this telephone that can still be rated. 退订 or TD: this telephone is not asked any more."""
    person = request.auth  # type: ignore[attr-defined]
    if not person.has_role(Role.BUREAU):
        text = _("Text messages are passed on by the bureau's gateway.")
        raise Problem(403, "not_allowed", text, reason={"code": "only_bureau", "text": text})
    if inviting.stop_by_text(given.mobile, given.text):
        return Status(200, {"stopped": True})
    try:
        with transaction.atomic():
            review = again.by_text(given.mobile, given.text, event_id=given.message_id, by=person)
    except actions.NotPossible as no:
        raise _problem(no) from no
    return Status(201, told(review, True))


FIELDS = {"not_read": "#/text", "bad_level": "#/level", "bad_codes": "#/codes", "too_long": "#/text"}


def _problem(no: Any) -> Problem:
    """A fault of the input is a 422 at its field; what is over, or done already, a 409 with the reason."""
    if no.code in FIELDS:
        return http.bad_input([fault(FIELDS[no.code], no.code, no.text)])
    return Problem(409, "not_possible", no.text, reason={"code": no.code, "text": str(no.text)})
