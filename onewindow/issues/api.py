"""Issues for programs: what the API tells of one as of any case, and the way by which another system reports and follows.

A system that reports (12345, a leaders' mailbox) has a right of its own, ``issues:write`` and ``issues:read``: it sees its own
issues, and of each no more than its reporter does.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Body, Path, Router, Schema, Status
from pydantic import Field

from onewindow.cases import api as cases
from onewindow.cases import desk, instant, numbers
from onewindow.cases.flow import Stale, StepRefused
from onewindow.catalog import guide
from onewindow.issues import entries, following, links, opening
from onewindow.issues.desk import DIGITS
from onewindow.issues.evidence import shows_reporter
from onewindow.issues.models import Issue, Relay
from onewindow.org import http
from onewindow.org.fields import moment_of
from onewindow.org.http import At, Bearer, Cursor, Limit, Problem, Strict, errors, fault, line
from onewindow.org.identifiers import BadIdentifier, check_mobile
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.window import places

router = Router(tags=["issues"])
#: news of the last moments is held back, so that what is still being written is not stepped over by a cursor
SETTLED = dt.timedelta(seconds=5)


def facts(i: Any, whole: bool) -> dict[str, Any]:
    """Origin, grade, what came of it. Nobody's name: neither the reporter's nor that of whom it is about."""
    said = {
        "origin": i.origin,
        "grade": i.grade,
        "item": i.item.code if i.item else None,
        "proposal": i.proposal,
        "outcome": i.outcome,
        "cause": i.cause,
        "prevention": i.prevention,
        "reopened": i.reopened,
        "confirmed_at": http.iso(i.confirmed_at),
    }
    more = {
        "text": i.text if shows_reporter(i) else DIGITS.sub("……", i.text),
        "finding": i.finding,
        "answer": i.answer,
        "article": i.article,
        "alternatives": i.alternatives,
        "receipt": i.receipt,
        "facts": i.facts,
    }
    return said | (more if whole else {})


cases.FACTS["Q"] = facts

# --- what another system sends and follows -----------------------------------------------------------------


class ReporterIn(Strict):
    name: line(60) = ""  # type: ignore[valid-type]
    mobile: line(20, 1)  # type: ignore[valid-type]


class IssueIn(Strict):
    origin: Literal["hotline", "mailbox"]
    own_number: Annotated[
        str, Field(min_length=1, max_length=40, description="your own number; the same one again is 409")
    ]
    text: line(1000, 1)  # type: ignore[valid-type]
    item: Annotated[str, Field(max_length=64, description="code of an item, if it is about one")] = ""
    office: Annotated[
        str,
        Field(
            max_length=20, description="code of the department; empty: the item's, else the bureau assigns it"
        ),
    ] = ""
    hall: Annotated[str, Field(max_length=20, description="code of a hall")] = ""
    application: Annotated[str, Field(max_length=20, description="number of an application")] = ""
    kind: Annotated[str, Field(max_length=30, description="code of the county's list `issue_kind`")] = ""
    grade: Annotated[
        Literal["quick", "simple", "complex"], Field(description="`complex` has the longer limit")
    ] = "simple"
    reporter: Annotated[
        ReporterIn | None, Field(description="left out: anonymous; then the answer holds the only `link`")
    ] = None
    confidential: Annotated[bool, Field(description="the unit is not to know who it was")] = False
    lang: Literal["zh-hans", "en"] = "zh-hans"


class WordsIn(Strict):
    text: line(1000, 1)  # type: ignore[valid-type]


class IssueLine(Schema):
    number: str
    own_number: str
    origin: str
    status: str
    now: str = Field(description="where it stands, as its reporter reads it")
    light: str
    opened_at: At
    due_at: At | None = Field(description="of what has to be done next; empty once it has ended")
    closed_at: At | None
    outcome: str = Field(description="empty while open; `solved` only by the reporter's own word")
    reopened: int
    changed_at: At


class IssuePage(Schema):
    items: list[IssueLine]
    next: str | None
    resume: str = Field(description="`cursor` of your next call, later: what changes from here on")


class SaidOut(Schema):
    at: At
    by: Literal["reporter", "office"]
    text: str


class CourseOut(Schema):
    at: At
    title: str


class IssueOut(IssueLine):
    answer: str
    proposal: str = Field(
        description="what the unit answers: solved, partly, impossible, policy, explained, transferred"
    )
    article: str
    alternatives: str
    missing_list: str
    transferred_to: str
    receipt: str
    joined_with: bool = Field(description="it goes on together with the same matter of others")
    said: list[SaidOut]
    course: list[CourseOut] = Field(description="newest first")
    link: str | None = Field(
        description="the reporter's own page; told once, and only where nobody left a mobile to send it to"
    )


def _line(r: Relay) -> dict[str, Any]:
    i = r.issue
    main = i.merged_into or i
    return {
        "number": i.number, "own_number": r.own_number, "origin": i.origin, "status": main.status,
        "now": str(following.stands(i)), "light": main.light, "opened_at": i.opened_at,
        "due_at": following.due(main), "closed_at": main.closed_at, "outcome": main.outcome,
        "reopened": main.reopened, "changed_at": r.changed_at,
    }  # fmt: skip


def _whole(r: Relay, link: str | None = None) -> dict[str, Any]:
    i = r.issue
    seen = following.page(i, "")
    main = seen["main"]
    names = ("answer", "proposal", "article", "alternatives", "missing_list", "transferred_to", "receipt")
    said = [{"at": s.at, "by": "office" if s.by else "reporter", "text": s.text} for s in seen["said"]]
    course = [{"at": row["at"], "title": str(row["title"])} for row in seen["rows"]]
    told = {n: getattr(main, n) if seen["answered"] else "" for n in names}
    return _line(r) | told | {"joined_with": main != i, "said": said, "course": course, "link": link}


def _mine(person: Person) -> Any:
    return Relay.objects.seen_by(person)


def _find(number: str, person: Person) -> Relay:
    found: Relay | None = _mine(person).filter(issue__number=numbers.clean(number)).first()
    if found is None:
        raise http.not_found()
    return found


Number = Annotated[str, Path(max_length=40, description="number of the issue, with or without dashes")]


@router.post(
    "/issues",
    response={201: IssueOut, **errors(400, 409, 413)},
    auth=Bearer("issues:write"),
    operation_id="create_issue",
    summary="Report what has to be put right",
    openapi_extra=http.headers(http.KEY_PARAMETER),
)
def create_issue(request: HttpRequest, response: HttpResponse, given: Annotated[IssueIn, Body()]) -> Any:
    """For 12345 and leaders' mailboxes, in the name of an account of the bureau: one life as for every issue, with the limits of
    these origins. Lawsuits, petitions and what belongs to supervision bodies are explained in writing by the bureau."""
    person: Person = request.auth  # type: ignore[attr-defined]
    if not person.has_role(Role.BUREAU):
        text = _("Orders of 12345 and letters are passed on in the name of the bureau.")
        raise Problem(403, "not_allowed", text, reason={"code": "only_bureau", "text": text})
    try:
        i = opening.relay(given.origin, given.own_number, by=person, **_checked(given, person))
    except opening.Known as known:
        mine = Relay.objects.seen_by(person).filter(issue=known.issue).exists()
        more = {"number": known.issue.number} if mine else {}
        raise Problem(409, "duplicate", _("This number was sent before."), **more) from known
    response["Location"] = f"/api/v1/issues/{i.number}"
    return Status(201, _whole(_find(i.number, person), links.url(i) if i.is_anonymous else None))


def _checked(given: IssueIn, person: Person) -> dict[str, Any]:
    """What :func:`opening.open_issue` takes; 422 with every fault at once."""
    wrong: list[dict[str, str]] = []

    def known(where: str, code: str, found: Any, text: Any) -> Any:
        if code and found is None:
            wrong.append(fault(f"#/{where}", f"unknown_{where}", text))
        return found

    item = known(
        "item", given.item, guide.item(given.item) if given.item else None, _("There is no such item.")
    )
    office = known("office", given.office, opening.unit(given.office), _("There is no such department."))
    hall = known(
        "hall", given.hall, places.hall(given.hall) if given.hall else None, _("There is no such hall.")
    )
    number = numbers.clean(given.application) if given.application else ""
    if given.application and not (number and desk.find(number, person)):
        wrong.append(fault("#/application", "unknown_application", _("There is no case with this number.")))
    if given.kind and given.kind not in dict(entries.codes("issue_kind")):
        wrong.append(fault("#/kind", "unknown_kind", _("There is no such code in the list.")))
    own, text = entries.tidy(given.own_number), entries.tidy(given.text)
    for where, clean in (("own_number", own), ("text", text)):
        if not clean or (where == "own_number" and clean != given.own_number):
            wrong.append(fault(f"#/{where}", "missing", _("This field is missing.")))
    reporter = None
    if given.reporter:
        try:
            reporter = (entries.tidy(given.reporter.name), check_mobile(given.reporter.mobile))
        except BadIdentifier as bad:
            wrong.append(fault("#/reporter/mobile", bad.code, bad.message))
    if wrong:
        raise http.bad_input(wrong)
    return {
        "text": text, "item": item, "office": office, "hall": hall, "application": number or "", "kind_code": given.kind,
        "grade": given.grade, "reporter": reporter, "agrees": bool(reporter) and not given.confidential, "lang": given.lang,
    }  # fmt: skip


@router.get(
    "/issues",
    response={200: IssuePage, **errors()},
    auth=Bearer("issues:read"),
    operation_id="list_issues",
    summary="What has changed with those that you reported",
)
def list_issues(request: HttpRequest, cursor: Cursor = "", limit: Limit = http.LIMIT) -> Any:
    """Your own ones, those that changed last at the end. Walk the pages by `next`; keep `resume` and call with it again later."""
    rows = _mine(request.auth).filter(changed_at__lte=instant.now() - SETTLED).order_by("changed_at", "pk")  # type: ignore[attr-defined]
    if cursor:
        at, pk = http.key_of(cursor, str, int)
        since = moment_of(at)
        if since is None:
            raise http.bad_input([fault("cursor", "bad_cursor", _("This is not a cursor of this list."))])
        beyond = Q(changed_at=since, pk__gt=min(pk, 2**62)) | Q(changed_at__gt=since)
        rows = rows.filter(beyond)
    found = list(rows[: limit + 1])
    last = found[:limit][-1] if found else None
    after = http.cursor_of(last.changed_at.isoformat(), last.pk) if last else cursor
    more = after if len(found) > limit else None
    return {"items": [_line(r) for r in found[:limit]], "next": more, "resume": after}


@router.get(
    "/issues/{number}",
    response={200: IssueOut, **errors(404)},
    auth=Bearer("issues:read"),
    operation_id="get_issue",
    summary="Read one that you reported",
)
def get_issue(request: HttpRequest, number: Number) -> Any:
    """As its reporter sees it: where it stands, until when, the answer, what was said, the course. Nobody's name."""
    return _whole(_find(number, request.auth))  # type: ignore[attr-defined]


@router.post(
    "/issues/{number}/words",
    response={200: IssueOut, **errors(400, 404, 409, 413)},
    auth=Bearer("issues:write"),
    operation_id="add_words",
    summary="Pass on what the reporter adds",
    openapi_extra=http.headers(http.KEY_PARAMETER),
)
def add_words(request: HttpRequest, number: Number, given: Annotated[WordsIn, Body()]) -> Any:
    """What the reporter adds, at any time before the end; where something was asked, this is the answer and the clock runs on."""
    found = _find(number, request.auth)  # type: ignore[attr-defined]
    i: Issue = found.issue
    text = entries.tidy(given.text)
    if not text:
        raise http.bad_input([fault("#/text", "missing", _("This field is missing."))])
    if not i.is_open:
        text = _("It has ended; the reporter can have it opened again.")
        raise Problem(409, "not_possible", text, reason={"code": "ended", "text": text})
    try:
        following.do(i, "answer" if i.status == "asked" else "add", text)
    except StepRefused as no:
        raise cases.refused(no.reason) from no
    except Stale as faster:
        raise http.stale() from faster
    return _whole(_find(number, request.auth))  # type: ignore[attr-defined]
