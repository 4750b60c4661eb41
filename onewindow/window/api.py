"""Applications for programs: one call takes an application in; all that follows are steps of the case."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Body, Router, Schema, Status
from pydantic import Field

from onewindow.cases import api as cases
from onewindow.cases.api import StepOut
from onewindow.cases.flow import StepRefused
from onewindow.catalog import guide
from onewindow.catalog.api import ref
from onewindow.catalog.models import ItemVersion
from onewindow.exchange.models import Given
from onewindow.org import http, identifiers
from onewindow.org.http import At, Bearer, Problem, Strict, errors, fault, line
from onewindow.org.models import Counter, Hall, Person
from onewindow.org.roles import Role
from onewindow.window import actions, figures, places, pledging, rules, spared  # noqa: F401 – figures register themselves
from onewindow.window.intake import forms_of, tidy
from onewindow.window.models import Application

router = Router(tags=["applications"])


class ApplicantIn(Strict):
    kind: Literal["person", "enterprise"]
    name: line(120, 1)  # type: ignore[valid-type]
    id_type: Literal[
        "citizen_id", "passport", "hk_macao_permit", "taiwan_permit", "foreign_residence", "uscc"
    ]
    id_number: line(40, 1)  # type: ignore[valid-type]
    mobile: line(20, 1)  # type: ignore[valid-type]
    contact: line(60) = ""  # type: ignore[valid-type]
    address: line(200) = ""  # type: ignore[valid-type]


class AgentIn(Strict):
    name: line(60, 1)  # type: ignore[valid-type]
    id_number: line(40, 1)  # type: ignore[valid-type]
    mobile: line(20) = ""  # type: ignore[valid-type]


class MaterialIn(Strict):
    spec: Annotated[int, Field(ge=1, le=9999, description="`no` of the material in GET /items/{code}")]
    form: Annotated[
        Literal["paper", "electronic", "reused", "deferred"],
        Field(
            description="`reused`: taken from the holder's library; refused (409) if nothing valid is held"
        ),
    ]


class ApplicationIn(Strict):
    item: line(64, 1)  # type: ignore[valid-type]
    applicant: ApplicantIn
    agent: AgentIn | None = None
    materials: Annotated[
        list[MaterialIn], Field(max_length=60, description="what is left out is missing")
    ] = []
    hall: Annotated[str, Field(max_length=20, description="code; empty: the clerk's own hall")] = ""
    counter: Annotated[str, Field(max_length=10, description="code; empty: the clerk's own counter")] = ""
    channel: Literal["counter", "online", "api"] = "counter"
    renews: Annotated[str, Field(max_length=20, description="number of the licence that it renews")] = ""
    on_commitment: Annotated[
        bool, Field(description="granted on a written commitment, checked later (告知承诺)")
    ] = False
    delivery_form: Literal["counter", "electronic", "post"] = "counter"
    lang: Literal["zh-hans", "en"] = "zh-hans"
    consent: Annotated[
        bool, Field(description="the holder agrees that papers handed in before are used again")
    ] = False
    allow_duplicate: Annotated[bool, Field(description="take it in although the same is open already")] = (
        False
    )


class ApplicationOut(Schema):
    number: str
    status: str
    light: str
    due_at: At | None
    legal_due_at: At | None
    version: int
    track_url: str = Field(description="the applicant's own page; told here once and nowhere else")
    steps: list[StepOut]


def facts(a: Application, whole: bool) -> dict[str, Any]:
    """What an application tells besides: names, identity numbers and mobiles only masked."""
    said: dict[str, Any] = {
        "item": ref(a.item),
        "hall": ref(a.hall),
        "channel": a.channel,
        "applicant": {"kind": a.applicant_kind, "name": a.masked_name},
        "result": a.result,
        "result_code": a.result_code,
        **{n: http.iso(getattr(a, n)) for n in ("received_at", "accepted_at", "decided_at", "delivered_at")},
    }
    if not whole:
        return said
    said["applicant"] |= {"id_type": a.id_type, "id_number": a.masked_id, "mobile": a.masked_mobile}
    return said | {
        "counter": ref(a.counter),
        "item_version": a.item_version.version,
        "delivery_form": a.delivery_form,
        "is_deemed": a.is_deemed,
        "on_commitment": a.on_commitment,
        "is_preliminary": a.is_preliminary,
        "final_at": http.iso(a.final_at),
        "revoked_at": http.iso(a.revoked_at),
        "renews": a.renews or None,
        "renew_by": http.iso(a.renew_by),
        "pledges": [p.number for p in pledging.all_of(a)],
        "is_joint": a.is_joint,
        "forwarded_at": http.iso(a.forwarded_at),
        "forwarded_to": a.forwarded_to,
        "hearing_until": http.iso(a.hearing_until),
        "reason_code": a.reason_code,
        "reason": a.reason,
        "correction_note": a.correction_note,
        "correct_until": a.correct_until.isoformat() if a.correct_until else None,
        "decision_due_at": http.iso(a.decision_due_at),
        "decision_legal_due_at": http.iso(a.decision_legal_due_at),
    }


cases.FACTS["A"] = facts


@router.post(
    "/applications",
    response={201: ApplicationOut, **errors(400, 409, 413)},
    auth=Bearer("cases:write"),
    operation_id="create_application",
    summary="Take an application in",
    openapi_extra=http.headers(http.KEY_PARAMETER),
)
def create_application(
    request: HttpRequest, response: HttpResponse, given: Annotated[ApplicationIn, Body()]
) -> Any:
    """As the window does: a clerk for the own hall; an enterprise's account online for itself. The notice clock starts."""
    person: Person = request.auth  # type: ignore[attr-defined]
    version = _version(given.item)
    said = _checked(given, version)
    hall, counter = _place(given, person)
    _allowed(given, said["applicant"], person, hall)
    try:
        a = actions.take_in(version, by=person, hall=hall, counter=counter, channel=given.channel, **said)
    except actions.Duplicate as found:
        text = _("The same applicant already has an open application for this item.")
        raise Problem(409, "duplicate", text, number=found.number) from found
    except StepRefused as shut:
        raise cases.refused(shut.reason) from shut
    response["Location"] = f"/api/v1/cases/{a.number}"
    response["ETag"] = http.etag(a.version)
    names = ("number", "status", "light", "due_at", "legal_due_at", "version", "track_url")
    return Status(201, {n: getattr(a, n) for n in names} | {"steps": cases.steps(a, person)})


def _version(code: str) -> ItemVersion:
    item = guide.item(code)
    if item is None or item.current is None:
        raise http.bad_input([fault("#/item", "unknown_item", _("There is no such item."))])
    version = item.current
    version.item = item
    return version


def _checked(given: ApplicationIn, version: ItemVersion) -> dict[str, Any]:
    """What :func:`actions.take_in` takes; 422 with every fault at once."""
    wrong: list[dict[str, str]] = []

    def number(where: str, id_type: str, text: str) -> str:
        try:
            return identifiers.check_mobile(text) if id_type == "mobile" else identifiers.clean(id_type, text)
        except identifiers.BadIdentifier as bad:
            wrong.append(fault(where, bad.code, bad.message))
            return ""

    def name(where: str, text: str) -> str:
        if not (clean := tidy(text)):
            wrong.append(fault(where, "missing", _("This field is missing.")))
        return clean

    them = given.applicant
    applicant = {
        "kind": them.kind,
        "name": name("#/applicant/name", them.name),
        "id_type": them.id_type,
        "id_number": number("#/applicant/id_number", them.id_type, them.id_number),
        "mobile": number("#/applicant/mobile", "mobile", them.mobile),
        "contact": tidy(them.contact),
        "address": tidy(them.address),
    }
    is_firm = them.kind == "enterprise"
    if is_firm != (them.id_type == "uscc"):
        text = _("An enterprise has a unified social credit code, a person another document.")
        wrong.append(fault("#/applicant/id_type", "wrong_type", text))
    if not (version.for_enterprises if is_firm else version.for_persons):
        text = _("This item is for persons only.") if is_firm else _("This item is for enterprises only.")
        wrong.append(fault("#/applicant/kind", "not_for_you", text))
    if given.delivery_form == "post" and not applicant["address"]:
        text = _("The result goes by post: please enter the address.")
        wrong.append(fault("#/applicant/address", "missing", text))
    agent = None
    if given.agent:
        agent = {
            "name": name("#/agent/name", given.agent.name),
            "id_number": number("#/agent/id_number", "citizen_id", given.agent.id_number),
            "mobile": number("#/agent/mobile", "mobile", given.agent.mobile) if given.agent.mobile else "",
        }
    materials = _materials(given, version, wrong)
    if wrong:
        raise http.bad_input(wrong)
    names = ("delivery_form", "lang", "allow_duplicate", "on_commitment", "renews")
    more: dict[str, Any] = {n: getattr(given, n) for n in names}
    own = Given.ONLINE if given.channel == "online" else Given.COUNTER
    more["consent"] = own if given.consent else ""
    return {"applicant": applicant, "agent": agent, "materials": materials, **more}


def _materials(
    given: ApplicationIn, version: ItemVersion, wrong: list[dict[str, str]]
) -> dict[int, tuple[str, None]]:
    specs = {spec.no: spec for spec in version.specs}
    found: dict[int, tuple[str, None]] = {}
    for n, material in enumerate(given.materials):
        if (spec := specs.get(material.spec)) is None:
            wrong.append(
                fault(f"#/materials/{n}/spec", "unknown_material", _("The item has no such material."))
            )
        elif material.spec in found:
            wrong.append(fault(f"#/materials/{n}/spec", "repeated", _("Give each material once.")))
        elif material.form not in forms_of(spec):
            wrong.append(
                fault(f"#/materials/{n}/form", "not_possible", _("This material can't come that way."))
            )
        else:
            found[material.spec] = (material.form, None)
    return found


def _place(given: ApplicationIn, person: Person) -> tuple[Hall, Counter | None]:
    """The hall and counter that were named, else the clerk's own. The common case asks the database nothing."""
    own = person.counter
    mine = {p.hall.code: p.hall for p in person.posts_today if p.role == Role.CLERK and p.hall}
    start = next((h for h in mine.values() if own and h.pk == own.hall_id), next(iter(mine.values()), None))
    hall = mine.get(given.hall) or places.hall(given.hall) if given.hall else start
    if hall is None:
        raise http.bad_input([fault("#/hall", "unknown_hall", _("There is no such hall."))])
    at_own = own is not None and own.hall_id == hall.pk
    if not given.counter:
        return hall, own if at_own and given.channel == "counter" else None
    counter = own if at_own and own and own.code == given.counter else places.counter(hall, given.counter)
    if counter is None:
        raise http.bad_input([fault("#/counter", "unknown_counter", _("The hall has no such counter."))])
    return hall, counter


def _allowed(given: ApplicationIn, applicant: dict[str, str], person: Person, hall: Hall) -> None:
    """Clerks take in at their own hall; an enterprise applies for itself, not at a counter; nobody else applies."""
    if hall.pk in person.halls_as(Role.CLERK):
        return
    own = person.has_role(Role.ENTERPRISE) and person.uscc and applicant["id_number"] == person.uscc
    if not own or given.channel == "counter":
        reason = {"code": rules.clerk_here.code, "text": str(rules.clerk_here.text)}
        raise Problem(403, "not_allowed", rules.clerk_here.text, reason=reason)
