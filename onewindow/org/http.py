"""What every call of the API shares: who calls, how errors look, how a call is made safe to repeat, how lists are paged.

Errors are problems (RFC 9457) with a stable ``code``. ``Idempotency-Key`` makes a POST safe to send again: the answer is
kept in the same transaction as the effect, so that a crash leaves both or neither.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Annotated, Any, Literal

from django.core import signals
from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.log import log_response
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Query, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer
from pydantic import ConfigDict, Field, PlainSerializer, StringConstraints, WithJsonSchema

from onewindow.org.memory import prepared
from onewindow.org.models import ApiToken, FirstAnswer, Person
from onewindow.org.sealed import seal, unseal

PROBLEM = "application/problem+json"
#: What a token may be narrowed to; a token without scopes may do all that its person may.
SCOPES = (
    "catalog:read",
    "cases:read",
    "cases:write",
    "reviews:read",
    "reviews:write",
    "stats:read",
    "data:query",
    "messages:write",
    "hall:read",
    "hall:write",
    "issues:read",
    "issues:write",
)
LIMIT, MOST = 50, 200

# --- how things are written --------------------------------------------------------------------------------


def iso(at: dt.datetime | None) -> str | None:
    """ISO 8601 with the offset of the town's zone."""
    return timezone.localtime(at).isoformat(timespec="seconds") if at else None


def midnight(day: dt.date, days: int = 0) -> dt.datetime:
    """The instant at which a day (or one so many days later) begins in the town."""
    return dt.datetime.combine(day + dt.timedelta(days=days), dt.time(), timezone.get_default_timezone())


At = Annotated[
    dt.datetime,
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-30T17:00:00+08:00"]}),
]
Day = Annotated[dt.date, Field(ge=dt.date(2000, 1, 1), le=dt.date(2099, 12, 31))]


def line(most: int, least: int = 0) -> Any:
    """The type of a text of so many characters."""
    return Annotated[str, StringConstraints(min_length=least, max_length=most)]


class Strict(Schema):
    """What a program sends: a field that nobody knows is refused, because a misspelt one would silently be lost."""

    model_config = ConfigDict(extra="forbid")


class Fault(Schema):
    """One thing that is wrong with the input: where, a stable code, and a sentence."""

    pointer: str = Field(
        description="JSON pointer into the body, or the name of the parameter",
        examples=["#/applicant/mobile"],
    )
    code: str
    detail: str


class Why(Schema):
    """Why a step can't be taken: a stable code and a sentence."""

    code: str
    text: str


class ProblemOut(Schema):
    """An error (RFC 9457). ``code`` is stable and meant for programs, ``detail`` is a sentence for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[Fault] | None = None
    reason: Why | None = None
    number: str | None = Field(None, description="of the case that is meant, with `duplicate`")


TITLES: dict[str, str] = {
    "bad_json": "Not JSON",
    "too_large": "Too large",
    "unauthorized": "No valid token",
    "out_of_scope": "Outside the token's scopes",
    "not_found": "Not found",
    "unknown_step": "No such step",
    "unknown_figure": "No such figure",
    "bad_input": "Bad input",
    "not_allowed": "Not allowed",
    "not_possible": "Not possible",
    "duplicate": "Already open",
    "stale": "Changed in the meantime",
    "idempotency_conflict": "Same key, other body",
    "internal": "Our mistake",
}


class Problem(Exception):
    """An answer that is an error. ``more``: further members (``errors``, ``reason``, ``number``)."""

    def __init__(self, status: int, code: str, detail: Any = "", **more: Any):
        super().__init__(code)
        self.status, self.code, self.detail, self.more = status, code, detail, more


def not_found() -> Problem:
    """Absent and not this person's to see are the same."""
    return Problem(404, "not_found", _("There is nothing here, or it is not yours to see."))


def fault(pointer: str, code: str, detail: Any) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "detail": str(detail)}


def bad_input(errors: Iterable[dict[str, str]]) -> Problem:
    return Problem(422, "bad_input", _("Some of the input is wrong: see errors."), errors=list(errors))


def answer(problem: Problem) -> HttpResponse:
    """The problem as it is sent."""
    said = {"type": "about:blank", "title": TITLES.get(problem.code, problem.code), "status": problem.status}
    said |= {"code": problem.code, "detail": str(problem.detail), **problem.more}
    response = HttpResponse(json.dumps(said, ensure_ascii=False), status=problem.status, content_type=PROBLEM)
    if problem.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="OneWindow"'
    return response


def errors(*statuses: int) -> dict[int, Any]:
    """The error answers of an operation for its ``response=``; those that any call may get are always in."""
    return dict.fromkeys(sorted({401, 403, 422, *statuses}), ProblemOut)


# --- who calls ---------------------------------------------------------------------------------------------


def token_digest(token: str) -> str:
    """What is stored of a token (256 random bits, so no salt is needed)."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token(person: Person, scopes: Iterable[str] = (), days: int | None = None) -> tuple[ApiToken, str]:
    """A token that acts as this person, and its text: told once, kept nowhere. No ``scopes``: all that the person may."""
    token = f"ow_{secrets.token_urlsafe(32)}"
    row = ApiToken.objects.create(
        person=person,
        digest=token_digest(token),
        hint=token[:8],
        scopes=sorted(set(scopes)),
        expires_at=timezone.now() + dt.timedelta(days=days) if days else None,
    )
    return row, token


def revoke_tokens(ids: Iterable[int]) -> int:
    """Ends tokens at once; how many of them were still valid."""
    return ApiToken.objects.filter(pk__in=list(ids), revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )


@prepared
def _valid(digest: str) -> Any:
    rows = ApiToken.objects.filter(digest=digest, revoked_at__isnull=True, person__is_active=True)
    return rows.select_related("person__counter").order_by()[:1]


def token_of(request: HttpRequest) -> ApiToken | None:
    """The valid token of a request, read once; None if there is none, or it is revoked or expired."""
    if not hasattr(request, "_api_token"):
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        found = None
        if scheme.lower() == "bearer" and token.strip():
            digest = token_digest(token.strip())
            rows = _valid(digest)
            found = rows[0] if rows else None
            if found and found.expires_at and found.expires_at <= timezone.now():
                found = None
        request._api_token = found  # type: ignore[attr-defined]
    return request._api_token  # type: ignore[attr-defined]


class Bearer(HttpBearer):
    """A token that acts as one person, perhaps narrowed to scopes. The operation sees the person as ``request.auth``."""

    def __init__(self, scope: str):
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Person | None:
        token = token_of(request)
        if token is None:
            return None
        if token.scopes and self.scope not in token.scopes:
            raise Problem(
                403, "out_of_scope", _("This token has no scope “%(scope)s”.") % {"scope": self.scope}
            )
        return token.person

    def authenticate(
        self, request: HttpRequest, token: str
    ) -> Person | None:  # pragma: no cover - see __call__
        return self(request)


# --- around every operation --------------------------------------------------------------------------------


def _names(operation: Any) -> set[str]:
    """The query parameters that an operation knows."""
    queries = [m for m in operation.models if m.__ninja_param_source__ == "query"]
    return {name for m in queries for name in getattr(m, "__ninja_flatten_map__", m.model_fields)} | {"lang"}


def guarded(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuses unknown parameters and characters that no database keeps; makes a POST with a key safe to repeat."""
    operation = run.__self__  # type: ignore[attr-defined]
    known = _names(operation)

    @wraps(run)
    def call(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            if token_of(request) is not None:  # else run answers 401
                check_address(request, known)
                if request.method == "POST" and "Idempotency-Key" in request.headers:
                    return once(request, lambda: run(request, **kwargs))
        except Exception as exc:
            return operation.api.on_exception(request, exc)
        return run(request, **kwargs)

    return call


def check_address(request: HttpRequest, known: set[str]) -> None:
    """Refuses parameters that nobody knows and characters that no database keeps."""
    if "\x00" in request.path:
        raise not_found()
    wrong = [
        fault(n, "unknown_field", _("There is no such parameter.")) for n in request.GET if n not in known
    ]
    for name, values in request.GET.lists():
        if name in known and any("\x00" in v for v in values):
            wrong.append(fault(name, "bad_character", _("This character can't be kept.")))
        elif name in known and len(values) > 1:
            wrong.append(fault(name, "repeated", _("Give this parameter once.")))
    if wrong:
        raise bad_input(wrong)


def once(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Runs a call with an ``Idempotency-Key`` at most once: effect and answer are committed together.

    Two at the same time: both run, the second to write its answer is undone as a whole and given the first's.
    """
    key = request.headers["Idempotency-Key"]
    if not re.fullmatch(r"[\x21-\x7e]{1,128}", key):
        raise bad_input([fault("Idempotency-Key", "bad_form", _("1 to 128 visible ASCII characters."))])
    token = token_of(request)
    assert token is not None
    caller = f"token:{token.pk}"
    said = b"\n".join([str(request.method).encode(), request.path.encode(), request.body])
    digest = hashlib.sha256(said).hexdigest()
    try:
        with transaction.atomic():
            for first in _first(caller, key):
                return again(first, digest)
            response = run()
            if response.status_code >= 500:
                transaction.set_rollback(True)
                return response
            headers = {n: response[n] for n in ("Content-Type", "ETag", "Location") if n in response}
            FirstAnswer.objects.create(
                caller=caller,
                key=key,
                body_digest=digest,
                status=response.status_code,
                headers=headers,
                body=seal(response.content.decode()),  # it may hold the applicant's link
                at=timezone.now(),
            )
            return response
    except IntegrityError:
        for first in _first(caller, key):
            return again(first, digest)
        raise


@prepared
def _first(caller: str, key: str) -> Any:
    return FirstAnswer.objects.filter(caller=caller, key=key).order_by()[:1]


def again(first: FirstAnswer, digest: str) -> HttpResponse:
    """The first answer once more, if the same was asked."""
    if first.body_digest != digest:
        raise Problem(409, "idempotency_conflict", _("This Idempotency-Key was used for another request."))
    headers = {**first.headers, "Idempotent-Replay": "true"}
    return HttpResponse(unseal(first.body), status=first.status or 200, headers=headers)


# --- bodies and errors -------------------------------------------------------------------------------------


def too_large() -> Problem:
    return Problem(413, "too_large", _("The request is too large."))


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _storable(value: Any) -> bool:
    """Whether every text in it can be kept: no NUL, no half of a surrogate pair."""
    if isinstance(value, str):
        return "\x00" not in value and not re.search("[\ud800-\udfff]", value)
    if isinstance(value, Mapping):
        return all(_storable(k) and _storable(v) for k, v in value.items())
    return all(map(_storable, value)) if isinstance(value, list) else True


class StrictParser(Parser):
    """JSON as RFC 8259 has it: no NaN, no endless nesting, no text that can't be stored."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            data = json.loads(request.body, parse_constant=_no_constant)
            fine = _storable(data)
        except (ValueError, RecursionError) as wrong:
            raise Problem(400, "bad_json", _("The body is not valid JSON.")) from wrong
        if not fine:
            raise bad_input([fault("#", "bad_character", _("A text holds a character that can't be kept."))])
        return data


def _pointer(loc: Iterable[Any]) -> str:
    """Where pydantic says the fault is: ``("body", "body", "applicant", "mobile")`` → ``#/applicant/mobile``."""
    source, *rest = [str(part) for part in loc] or ["body"]
    if source != "body":
        return rest[-1] if rest else source
    return "#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in rest[1:])


def _problem(request: HttpRequest, exc: Any) -> HttpResponse:
    return answer(exc)


def _invalid(request: HttpRequest, exc: Any) -> HttpResponse:
    faults = []
    for error in exc.errors:
        code: str = "unknown_field" if error["type"] == "extra_forbidden" else error["type"]
        text = {"unknown_field": _("There is no such field."), "missing": _("This field is missing.")}.get(
            code
        )
        faults.append(fault(_pointer(error["loc"]), code, text or error["msg"]))
    return answer(bad_input(faults))


def _http_error(request: HttpRequest, exc: Any) -> HttpResponse:
    if isinstance(exc.__cause__, Problem):  # said by StrictParser
        return answer(exc.__cause__)
    code = {400: "bad_json", 401: "unauthorized"}.get(exc.status_code, "not_allowed")
    return answer(Problem(exc.status_code, code, str(exc)))


def _internal(request: HttpRequest, exc: Any) -> HttpResponse:
    response = answer(Problem(500, "internal", _("Something went wrong on our side; nothing was changed.")))
    signals.got_request_exception.send(sender=None, request=request)
    log_response(
        "%s: %s", "Internal Server Error", request.path, response=response, request=request, exception=exc
    )
    return response


def install(api: NinjaAPI) -> None:
    """Makes an API speak in problems and guards all its operations."""
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(Http404, lambda request, exc: answer(not_found()))
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http_error)
    unauthorized = Problem(401, "unauthorized", "Authorization: Bearer <token>")
    api.add_exception_handler(AuthenticationError, lambda request, exc: answer(unauthorized))
    api.add_exception_handler(RequestDataTooBig, lambda request, exc: answer(too_large()))
    api.add_exception_handler(Exception, _internal)
    api.add_decorator(guarded, mode="view")


# --- lists and versions ------------------------------------------------------------------------------------

Limit = Annotated[int, Query(ge=1, le=MOST, description="rows on one page")]
Cursor = Annotated[str, Query(max_length=200, description="`next` of the page before")]


def cursor_of(*key: Any) -> str:
    """An opaque cursor that says after which row the next page begins."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(cursor: str, *types: type) -> list[Any]:
    """The key in a cursor; 422 for what is no cursor of ours."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if [type(part) for part in key] == list(types):
            return key
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise bad_input([fault("cursor", "bad_cursor", _("This is not a cursor of this list."))])


def etag(version: int) -> str:
    return f'"{version}"'


def expected(request: HttpRequest) -> list[int] | None:
    """The versions that ``If-Match`` allows; None if any will do."""
    text = request.headers.get("If-Match", "").strip()
    if text in ("", "*"):
        return None
    return [int(n) for n in re.findall(r'(?:^|[\s,])"(\d{1,9})"', text)]


def check_version(request: HttpRequest, version: int) -> None:
    """412 ``stale`` unless ``If-Match`` allows the version."""
    allowed = expected(request)
    if allowed is not None and version not in allowed:
        raise stale()


def stale() -> Problem:
    return Problem(412, "stale", _("Somebody else was faster: the case has changed. Read it again."))


KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Same key and body: the first answer again (`Idempotent-Replay: true`). Other body: 409.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}
MATCH_PARAMETER = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "description": "The `ETag` that you read; if the case has changed since: 412 `stale`.",
    "schema": {"type": "string", "pattern": '^("[0-9]{1,9}"|[*])$'},
}


def headers(*parameters: Mapping[str, Any]) -> dict[str, Any]:
    """``openapi_extra`` of an operation that reads these headers."""
    return {"parameters": [dict(p) for p in parameters]}


Group = Literal["office", "hall", "item", "channel", "status"]
