"""What the evaluators at the windows speak: the page that they show, and JSON over HTTPS below ``/api/device/v1/``.

No account and no cookie: a device proves itself by ``Authorization: Device <secret>``. No address and no answer holds
personal data; a question carries a random key and the name of an item. Errors are RFC 9457 problems with a stable code.
The protocol is ODP/1 (docs/reference/device-protocol.md). A poll is answered at once by this view; the web server holds
it (``config/front.py``), so that no thread and no database connection waits while nothing happens.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from onewindow import __version__
from onewindow.cases import instant
from onewindow.voice import actions, enrol, evaluators, kiosks, odp, placing, taking
from onewindow.voice.forms import indicators
from onewindow.voice.models import LIST, Device, DeviceKind, DeviceState, Prompt
from onewindow.voice.taking import Malformed
from onewindow.window import rate

View = Callable[..., HttpResponse]
#: New pairings and wrong tokens of one address in ten minutes: a hall of 84 devices behind one address fits in.
PAIRINGS, WRONG, SPAN = 200, 100, 600
#: Tells the web server which device waits, for how long (seconds) and which question it shows, if it does: the end of that
#: by phone or at the desk ends the wait. The server takes the header off again.
HOLD = "X-Device-Hold"


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The full-screen page of an evaluator: everything in both languages, so that it goes on when the net is gone."""
    return _page(request, DeviceKind.EVALUATOR)


@require_safe
def hall_page(request: HttpRequest, kind: str) -> HttpResponse:
    """The page with which a device of the hall begins: a feedback stand stays on it; a display or ticket machine is paired on
    it and led on to its board or its tickets."""
    return _page(request, DeviceKind(kind))


def _page(request: HttpRequest, kind: DeviceKind) -> HttpResponse:
    stages = []
    for code in ("zh-hans", "en"):
        with translation.override(code):
            stages.append((code, indicators()))
    return render(
        request, "voice/device.html", {"stages": stages, "version": __version__, "kind": kind.value}
    )


@csrf_exempt
@require_POST
def open_kiosk(request: HttpRequest) -> HttpResponse:
    """A paired ticket machine shows its secret and gets a mark for the pages of its hall, which work without JavaScript.
    Not part of the protocol: only a browser needs it."""
    found = placing.caller_of(credential(request, "device"))
    owner = Device.objects.with_places().filter(pk=found.pk).first() if found else None
    if owner is None or owner.kind != DeviceKind.KIOSK:
        return _stranger(request)
    if (refused := _turned_away(owner.state)) is not None:
        return refused
    answer = told({"next": reverse("hall_kiosk", args=[owner.hall.code])})
    kiosks.mark(answer, owner)
    return answer


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


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object."""
    try:
        found = json.loads(request.body or b"{}")
    except RequestDataTooBig as big:
        raise Malformed from big
    except (ValueError, RecursionError) as wrong:
        raise Malformed from wrong
    if not isinstance(found, dict):
        raise Malformed
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
                text = _("The body is not what the protocol asks for.")
                return problem(422, wrong.code, text, protocol=odp.VERSION)

        return answer

    return declare


def credential(request: HttpRequest, scheme: str) -> str:
    """What follows the scheme in the Authorization header; empty for another scheme."""
    given, _space, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if given.lower() == scheme else ""


def wrong(request: HttpRequest) -> HttpResponse | None:
    """Counts a wrong secret; 429 after too many. Only those who know none are slowed down: a whole hall stands behind one
    address, and one forgotten tablet must not silence the others."""
    if (locked := _locked(request)) is not None:
        return locked
    rate.count("device", rate.address(request), seconds=SPAN)
    return None


def _locked(request: HttpRequest) -> HttpResponse | None:
    if rate.spent("device", rate.address(request), most=WRONG, seconds=SPAN):
        return problem(429, "too_many", _("Too many tries. Please wait ten minutes."))
    return None


def by_device(view: View) -> View:
    """Only a device in use: 401 for an unknown or revoked one (it forgets its secret), 403 for a suspended one."""

    @wraps(view)
    def answer(request: HttpRequest, **more: Any) -> HttpResponse:
        device = placing.owner_of(credential(request, "device"))
        if device is None:
            return _stranger(request)
        if device.state == DeviceState.AUTHORISED:
            placing.first_word(device.pk)
            device.state = DeviceState.ACTIVE
        return _turned_away(device.state) or view(request, device, **more)

    return answer


def _stranger(request: HttpRequest) -> HttpResponse:
    return wrong(request) or problem(401, "unknown_device", _("This device is not known: pair it."))


def _turned_away(state: str) -> HttpResponse | None:
    """What a device hears that is not in use; nothing for one that is."""
    if state == DeviceState.REVOKED:
        text = _("This device has been revoked: pair it anew.")
        return problem(401, "device_revoked", text, wipe=True)
    if state == DeviceState.RETIRED:
        return problem(401, "device_retired", _("This device has been taken out of service."), wipe=True)
    if state == DeviceState.SUSPENDED:
        return problem(403, "device_suspended", _("This device is suspended. Ask the hall manager."))
    return None


# --- pairing -----------------------------------------------------------------------------------------------


@call("POST")
def pair(request: HttpRequest) -> HttpResponse:
    """A new device: a code for the screen, a number to compare, and a token by which it asks what has become of it."""
    who = rate.address(request)
    if rate.spent("pairing", who, most=PAIRINGS, seconds=SPAN):
        return problem(429, "too_many", _("Too many tries. Please wait ten minutes."))
    rate.count("pairing", who, seconds=SPAN)
    said_of_itself = _introduced(body_of(request))
    said_of_itself["kind"] = said_of_itself["kind"] or DeviceKind.EVALUATOR
    pairing, token = placing.offer_pairing(**said_of_itself)
    said = {
        "user_code": str(pairing),
        "check_number": pairing.check_number,
        "poll_token": token,
        "expires_in": int(pairing.EXPIRES.total_seconds()),
        "interval": odp.POLL,
    }
    return told(said, 201)


def _introduced(given: dict[str, Any]) -> dict[str, str]:
    """How a new device introduces itself. A key that is none is refused: it could never be verified."""
    key = given.get("pubkey") or ""
    if not isinstance(key, str) or (key and not odp.is_key(key)):
        raise Malformed("bad_key")
    kind = given.get("kind", "")
    if kind and kind not in odp.KINDS:
        raise Malformed("bad_kind")
    return {
        "kind": kind,
        "model": actions.clean(str(given.get("model", "")))[:60],
        "app_version": actions.clean(str(given.get("app_version", "")))[:20],
        "public_key": key,
    }


@call("POST")
def enrol_device(request: HttpRequest) -> HttpResponse:
    """A device that shows the token of a printed slip: it is put to the slip's window and given its secret. 410 for a slip
    that is used, void or too old."""
    given = body_of(request)
    token = given.get("token")
    if not isinstance(token, str) or not odp.KEY.fullmatch(token):
        raise Malformed
    if (locked := _locked(request)) is not None:
        return locked
    try:
        owner, secret = enrol.enrol(token, **_introduced(given))
    except enrol.WrongKind as other:
        raise Malformed("bad_kind") from other
    except actions.NotPossible as over:
        return wrong(request) or problem(410, over.code, str(over.text))
    return told({"state": "paired", "secret": secret, "device": _who(owner)}, 201)


def _who(device: Device) -> dict[str, Any]:
    return {"code": device.code, "assurance": device.assurance} | where(device)


@call("GET", "HEAD")
def paired(request: HttpRequest) -> HttpResponse:
    """Whether the manager has confirmed; then the device's own secret. 410 when the code is over.

    ``Authorization: Pairing <poll_token>``: a token in the address would stand in logs.
    """
    try:
        found = placing.collect_secret(credential(request, "pairing"))
    except actions.NotPossible as over:
        return wrong(request) or problem(410, over.code, str(over.text))
    if found is None:
        return told({"state": "waiting"})
    owner, secret = found
    return told({"state": "paired", "secret": secret, "device": _who(owner)})


def where(device: Device) -> dict[str, Any]:
    """What a device is and where it stands, as it shows it: its hall, and its window if it has one."""
    hall, window = device.hall, device.counter
    return {
        "kind": device.kind,
        "hall": {"code": hall.code, "name": hall.name, "name_en": hall.name_en, "place": device.place},
        "counter": window and {
            "code": window.code, "name": window.name, "name_en": window.name_en, "hall": hall.name, "hall_en": hall.name_en,
        },
    }  # fmt: skip


# --- at work -----------------------------------------------------------------------------------------------


@call("GET", "HEAD")
def next_prompt(request: HttpRequest) -> HttpResponse:
    """The question to put now, or 204 when there is none after ``wait`` seconds (25 at most). A server that can't hold the
    poll answers 204 at once and says in ``Retry-After`` when to ask again."""
    device = placing.caller_of(credential(request, "device"))
    if device is None:
        return _stranger(request)
    if device.state == DeviceState.AUTHORISED:
        placing.first_word(device.pk)
    elif (refused := _turned_away(device.state)) is not None:
        return refused
    asked = request.GET.get("wait", "")
    wait = min(int(asked), odp.WAIT) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    placing.heard(device.pk, device.seen_at)
    prompt = evaluators.current_prompt(device.pk)
    if prompt is None:
        answer = HttpResponse(status=204)
        answer["Retry-After"] = str(odp.POLL)
        answer["Cache-Control"] = "no-store"
        if wait:
            answer[HOLD] = f"{device.pk} {wait}"
        return answer
    etag = f'"{prompt.key}"'
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
        if wait:
            left = math.ceil((prompt.expires_at - instant.now()).total_seconds()) + 1
            answer[HOLD] = f"{device.pk} {min(wait, left)} {prompt.pk}"
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
        "attempt": prompt.attempt,
        "order": prompt.order,
        "title": prompt.title,
        "title_en": prompt.title_en or prompt.title,
        "created_at": prompt.created_at.isoformat(),
        "expires_at": prompt.expires_at.isoformat(),
        "seconds_left": max(0, round(left)),
        "dims_version": LIST,
    }


@call("POST")
@by_device
def heartbeat(request: HttpRequest, device: Device) -> HttpResponse:
    """Every minute or so: how the device is and how much waits on it; back come its window, what is asked of it, how far its
    chain has been acknowledged, and whether it is to fetch a new secret."""
    given = body_of(request)
    reached = taking.heartbeat(device, given)
    if given.get("leaving") is True and placing.leave(
        device,
        waiting=given.get("waiting", 0),
        unacknowledged=given.get("head_seq", 0) - reached["acked_seq"],
    ):
        return _turned_away(DeviceState.RETIRED)
    said = {"device": device.code, "assurance": device.assurance} | where(device)
    policy = {
        "version": odp.POLICY_VERSION, "batch": odp.BATCH, "queue_limit": odp.QUEUE, "wait": odp.WAIT,
        "poll": odp.POLL, "dims_version": LIST, "order": evaluators.order_policy(),
    }  # fmt: skip
    return told(
        said | reached | {
            "page_version": __version__,
            "interval": odp.beat_seconds(device.code),
            "roll": device.roll_asked_at is not None,
            "retire": device.retire_asked_at is not None,
            "policy": policy,
        }
    )  # fmt: skip


@call("POST")
@by_device
def new_secret(request: HttpRequest, device: Device) -> HttpResponse:
    """A new secret for a device that was told to fetch one. The old one works until the new one is first shown."""
    if device.roll_asked_at is None:
        return problem(409, "not_asked", _("Nobody has asked this device to take a new secret."))
    return told({"secret": placing.roll(device)})


@call("POST")
@by_device
def events(request: HttpRequest, device: Device) -> HttpResponse:
    """Up to a hundred events of the device's chain; each is judged alone and told so. All up to ``acked_seq`` may be
    forgotten. The same event again gives the same answer; another content under its id is a conflict and put aside."""
    batch = taking.Batch.read(body_of(request))
    placing.heard(device.pk, device.beat.seen_at if hasattr(device, "beat") else None)
    try:
        return told(taking.take(device, batch))
    except taking.BadSignature:
        text = _("The batch is not signed by this device's key; nothing of it was taken.")
        return problem(403, "bad_signature", text)


@call("GET", "HEAD")
def about(request: HttpRequest) -> HttpResponse:
    """Which protocol this server speaks, and where it is written down."""
    return told(
        {"protocol": odp.VERSION, "policy_version": odp.POLICY_VERSION, "specification": "/device/protocol/"}
    )
