"""What the evaluators at the windows speak: the page that they show, and JSON over HTTPS below ``/api/device/v1/``.

No account and no cookie: a device proves itself by ``Authorization: Device <secret>``. No address and no answer holds
personal data; a question carries a random key and the name of an item. Errors are RFC 9457 problems with a stable code.
A poll is answered at once: 84 devices that ask every three seconds are 28 small requests a second, and none of them
holds a thread of the server while nothing happens.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from onewindow import __version__
from onewindow.cases import instant
from onewindow.org.models import Counter
from onewindow.voice import actions
from onewindow.voice.forms import indicators
from onewindow.voice.models import Device, DeviceState, Level, Prompt, PromptState, ReviewChannel
from onewindow.window import rate

View = Callable[..., HttpResponse]
POLL = 3  # seconds
BEAT = 60  # seconds
BATCH = 100  # events a call
#: New pairings and wrong tokens of one address in ten minutes: a hall of 84 devices behind one address fits in.
PAIRINGS, WRONG, SPAN = 200, 100, 600
ID = re.compile(r"[0-9A-Za-z-]{8,40}", re.ASCII)
KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The full-screen page of an evaluator: everything in both languages, so that it goes on when the net is gone."""
    stages = []
    for code in ("zh-hans", "en"):
        with translation.override(code):
            stages.append((code, indicators()))
    return render(request, "voice/device.html", {"stages": stages, "version": __version__})


# --- answers -----------------------------------------------------------------------------------------------


def problem(status: int, code: str, title: str, **more: Any) -> JsonResponse:
    """An RFC 9457 problem; ``code`` stays, ``title`` is for people."""
    body = {"type": "about:blank", "status": status, "code": code, "title": title} | more
    answer = JsonResponse(body, status=status, content_type="application/problem+json")
    if status == 401:
        answer["WWW-Authenticate"] = "Device"
    if status == 429:
        answer["Retry-After"] = str(SPAN)
    answer["Cache-Control"] = "no-store"
    return answer


def told(body: dict[str, Any], status: int = 200) -> JsonResponse:
    """An answer that nobody keeps."""
    answer = JsonResponse(
        body | {"server_time": instant.now().isoformat(timespec="milliseconds")}, status=status
    )
    answer["Cache-Control"] = "no-store"
    return answer


class Malformed(Exception):
    """The body is not what the protocol asks for."""


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object."""
    try:
        found = json.loads(request.body or b"{}")
    except RequestDataTooBig as big:
        raise Malformed(_("The body is too large.")) from big
    except (ValueError, RecursionError) as wrong:
        raise Malformed(_("The body is not JSON.")) from wrong
    if not isinstance(found, dict):
        raise Malformed(_("The body is not a JSON object."))
    return found


def call(*methods: str) -> Callable[[View], View]:
    """A call without cookies: no CSRF token can, and none need, be sent."""

    def declare(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
            if request.method not in methods:
                refused = problem(405, "method_not_allowed", _("This address does not take that method."))
                refused["Allow"] = ", ".join(methods)
                return refused
            try:
                return view(request, *args, **more)
            except Malformed as wrong:
                return problem(422, "malformed", str(wrong))

        return answer

    return declare


def credential(request: HttpRequest, scheme: str) -> str:
    """What follows the scheme in the Authorization header; empty for another scheme."""
    given, _space, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if given.lower() == scheme else ""


def wrong(request: HttpRequest) -> HttpResponse | None:
    """Counts a wrong secret; 429 after too many. Only those who know none are slowed down: a whole hall stands behind one
    address, and one forgotten tablet must not silence the others."""
    who = rate.address(request)
    if rate.spent("device", who, most=WRONG, seconds=SPAN):
        return problem(429, "too_many", _("Too many tries. Please wait ten minutes."))
    rate.count("device", who, seconds=SPAN)
    return None


def by_device(view: View) -> View:
    """Only a device in use: 401 for an unknown or revoked one (it forgets its secret), 403 for a suspended one."""

    @wraps(view)
    def answer(request: HttpRequest, **more: Any) -> HttpResponse:
        device = actions.owner_of(credential(request, "device"))
        if device is None:
            return wrong(request) or problem(401, "unknown_device", _("This device is not known: pair it."))
        if device.state == DeviceState.REVOKED:
            return problem(401, "device_revoked", _("This device has been revoked: pair it anew."))
        if device.state == DeviceState.SUSPENDED:
            return problem(403, "device_suspended", _("This device is suspended. Ask the hall manager."))
        return view(request, device, **more)

    return answer


# --- pairing -----------------------------------------------------------------------------------------------


@call("POST")
def pair(request: HttpRequest) -> HttpResponse:
    """A new device: a code for the screen, a number to compare, and a token by which it asks what has become of it."""
    who = rate.address(request)
    if rate.spent("pairing", who, most=PAIRINGS, seconds=SPAN):
        return problem(429, "too_many", _("Too many tries. Please wait ten minutes."))
    rate.count("pairing", who, seconds=SPAN)
    given = body_of(request)
    pairing, token = actions.offer_pairing(
        model=actions.clean(str(given.get("model", "")))[:60],
        app_version=actions.clean(str(given.get("app_version", "")))[:20],
    )
    said = {
        "user_code": str(pairing),
        "check_number": pairing.check_number,
        "poll_token": token,
        "expires_in": int(pairing.EXPIRES.total_seconds()),
        "interval": POLL,
    }
    return told(said, 201)


@call("GET", "HEAD")
def paired(request: HttpRequest) -> HttpResponse:
    """Whether the manager has confirmed; then the device's own secret. 410 when the code is over.

    ``Authorization: Pairing <poll_token>``: a token in the address would stand in logs.
    """
    try:
        found = actions.collect_secret(credential(request, "pairing"))
    except actions.NotPossible as over:
        return wrong(request) or problem(410, over.code, str(over.text))
    if found is None:
        return told({"state": "waiting"})
    owner, secret = found
    device = {"code": owner.code, "counter": place(owner.counter)}
    return told({"state": "paired", "secret": secret, "device": device})


def place(counter: Counter) -> dict[str, str]:
    """A window, as a device shows it."""
    hall = counter.hall
    return {"code": counter.code, "name": counter.name, "name_en": counter.name_en} | {
        "hall": hall.name,
        "hall_en": hall.name_en,
    }


# --- at work -----------------------------------------------------------------------------------------------


@call("GET", "HEAD")
@by_device
def next_prompt(request: HttpRequest, device: Device) -> HttpResponse:
    """The question to put now, or 204: ask again after ``Retry-After`` seconds. ``wait`` is the most that a device
    would wait for an answer; this server answers at once."""
    actions.beat(device)
    prompt = actions.current_prompt(device)
    if prompt is None:
        answer = HttpResponse(status=204)
        answer["Retry-After"] = str(POLL)
        answer["Cache-Control"] = "no-store"
        return answer
    etag = f'"{prompt.key}"'
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        answer = told({"prompt": question(prompt)})
    answer["ETag"] = etag
    return answer


def question(prompt: Prompt) -> dict[str, Any]:
    """A prompt, as a device is told of it. ``seconds_left`` makes it independent of the device's clock."""
    left = (prompt.expires_at - instant.now()).total_seconds()
    return {
        "id": prompt.key,
        "touchpoint": prompt.touchpoint,
        "title": prompt.title,
        "title_en": prompt.title_en or prompt.title,
        "created_at": prompt.created_at.isoformat(),
        "expires_at": prompt.expires_at.isoformat(),
        "seconds_left": max(0, round(left)),
    }


@call("POST")
@by_device
def heartbeat(request: HttpRequest, device: Device) -> HttpResponse:
    """Every minute: how many answers wait on the device; back come its window and the version of the page."""
    waiting = body_of(request).get("waiting", 0)
    if not isinstance(waiting, int) or isinstance(waiting, bool) or waiting < 0:
        raise Malformed(_("“waiting” is not a number."))
    actions.beat(device, waiting)
    said = {"device": device.code, "counter": place(device.counter)}
    return told(said | {"page_version": __version__, "interval": BEAT})


@call("POST")
@by_device
def events(request: HttpRequest, device: Device) -> HttpResponse:
    """Up to a hundred events; each is judged alone and told so. What stands in ``acked`` may be forgotten.

    The same answer again gives the same result. 409 if the body of any event differs from what was sent under its id
    before: that one is put aside, the others count.
    """
    actions.beat(device)
    given = body_of(request).get("events")
    if not isinstance(given, list) or len(given) > BATCH:
        raise Malformed(_("“events” is not a list of at most a hundred."))
    for event in given:
        if (
            not isinstance(event, dict)
            or not isinstance(event.get("id"), str)
            or not ID.fullmatch(event["id"])
        ):
            raise Malformed(_("An event has no id of 8 to 40 letters and digits."))
    results = [{"id": event["id"]} | take(device, event) for event in given]
    said = {"results": results, "acked": [r["id"] for r in results]}
    if any(r["result"] == "conflict" for r in results):
        text = _("An event was sent before with another content; it has been put aside.")
        return problem(409, "conflict", text, **said)
    return told(said)


def take(device: Device, event: dict[str, Any]) -> dict[str, Any]:
    """One event: ``accepted``, ``conflict``, or ``rejected`` with a reason. Never rejected for being late."""
    kind, key = event.get("type"), event.get("prompt")
    if (
        not isinstance(key, str)
        or not KEY.fullmatch(key)
        or (prompt := actions.prompt_of(device, key)) is None
    ):
        return {"result": "rejected", "reason": "unknown_prompt"}
    if kind in ("shown", "touched", "declined", "expired"):
        actions.move_prompt(device, key, PromptState(kind))
        return {"result": "accepted"}
    if kind != "answered":
        return {"result": "rejected", "reason": "unknown_type"}
    level, codes, text = event.get("level"), event.get("codes", []), event.get("text", "")
    if (
        not isinstance(level, int)
        or isinstance(level, bool)
        or not isinstance(codes, list)
        or not all(isinstance(c, str) for c in codes)
        or not isinstance(text, str)
    ):
        return {"result": "rejected", "reason": "malformed"}
    a = actions.case_of(prompt)
    if a is None:
        return {"result": "rejected", "reason": "unknown_case"}
    try:
        actions.review(
            a,
            prompt.touchpoint,
            level=level if level in Level.values else 0,
            codes=codes,
            text=text,
            channel=ReviewChannel.TABLET,
            event_id=event["id"],
            device=device,
            clerk=prompt.clerk,
            said_at=said_at(event, prompt),
        )
    except actions.Conflicting:
        return {"result": "conflict"}
    except actions.BadCodes as bad:
        return {"result": "rejected", "reason": bad.code, "codes": bad.which[:20]}
    except actions.NotPossible as bad:
        return {"result": "rejected", "reason": bad.code}
    return {"result": "accepted"}


def said_at(event: dict[str, Any], prompt: Prompt) -> dt.datetime:
    """When the person pressed: so many seconds ago by the device's own count, but never before the question."""
    now = instant.now()
    ago = event.get("seconds_ago", 0)
    if not isinstance(ago, int | float) or isinstance(ago, bool) or not 0 <= ago <= 30 * 86400:
        ago = 0
    return max(prompt.created_at, now - dt.timedelta(seconds=ago))
