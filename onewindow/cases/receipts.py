"""回执: a gateway's word on what became of the text messages that it took, for programs."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Router, Schema, Status
from pydantic import Field

from onewindow.cases import channels
from onewindow.org import http
from onewindow.org.http import Bearer, Problem, Strict, errors, line, not_found
from onewindow.org.roles import Role

router = Router(tags=["messages"])


class ReceiptIn(Strict):
    receipt: Annotated[line(80, 1), Field(description="the gateway's number, as its connector returned it")]  # type: ignore[valid-type]
    arrived: Annotated[bool, Field(description="whether the message is on the telephone")]
    error: Annotated[line(100), Field(description="the gateway's code, if not")] = ""  # type: ignore[valid-type]


class ReceiptOut(Schema):
    receipt: str
    arrived: bool


@router.post(
    "/messages/receipts",
    response={200: ReceiptOut, **errors(400, 404, 409, 413)},
    auth=Bearer("messages:write"),
    operation_id="report_message",
    summary="Report what became of a message",
    openapi_extra=http.headers(http.KEY_PARAMETER),
)
def report_message(request: HttpRequest, given: Annotated[ReceiptIn, Body()]) -> Any:
    """For the account of the message gateway (role: IT administrator). The first report on a message counts. One that did not
    arrive is told to the hall, so that somebody calls."""
    if not request.auth.has_role(Role.ADMIN):  # type: ignore[attr-defined]
        raise Problem(403, "not_allowed", _("Only the account of the message gateway reports on messages."))
    if not channels.delivered(given.receipt, ok=given.arrived, error=given.error):
        raise not_found()
    return Status(200, {"receipt": given.receipt, "arrived": given.arrived})
