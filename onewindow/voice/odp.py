"""设备协议 ODP/1: the words that a server and a device must spell alike – canonical form, hash, signature, limits.

The published text is ``docs/reference/device-protocol.md``; its clauses (C1 …) are cited here. The page of the evaluator
speaks the same in ``static/js/odp.js``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from onewindow.cases.chain import canonical

VERSION = "ODP/1"
#: What the server asks of a device beyond the protocol; a device that sees another number reads the heartbeat's policy.
POLICY_VERSION = 1
POLL = 3  # seconds between two short polls
WAIT = 25  # the longest that a poll is held
BEAT, JITTER = 60, 10  # seconds between two heartbeats, spread by so much to either side
BATCH = 100  # events a call
QUEUE = 5000  # from so many waiting events on the device says that its service is limited
SKEW_MS = 120_000  # a clock further off is an alarm
LONGEST = 500  # characters of a text
BODY = 4096  # bytes of an event

#: The hash before the first event of a chain.
ZERO = "0" * 64
ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.ASCII)
KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
MOST = 2**53 - 1

#: What a device may be (C2); one that does not say is an evaluator.
KINDS = ("evaluator", "signage", "kiosk", "feedback")
#: In which order the faces were shown (C4, C10); ``drawn``: the policy by which it is drawn anew for each question.
ORDERS, DRAWN = ("high_first", "low_first"), "drawn"
#: Types of events: with a prompt, and without.
OF_A_PROMPT = ("shown", "touched", "answered", "declined", "expired")
TYPES = (*OF_A_PROMPT, "boot")
#: The fields of an event with the types of their values; the last two are not part of what is hashed.
FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,), "seq": (int,), "type": (str,), "boot_id": (str,), "t_wall": (int,), "t_mono": (int,),
    "prompt_id": (str, type(None)), "score": (int, type(None)), "tags": (list,), "text": (str,), "ticket": (str,),
    "order": (str,), "prev_hash": (str,), "hash": (str,),
}  # fmt: skip
MUST = ("id", "seq", "type", "boot_id", "t_wall", "t_mono", "prev_hash", "hash")


def hashed_form(event: dict[str, Any]) -> str:
    """What is hashed of an event (C5): its canonical JSON without the hashes, the text replaced by its SHA-256, so that
    a text may be erased one day and the chain still be proved."""
    said = {name: value for name, value in event.items() if name not in ("prev_hash", "hash", "text")}
    if event.get("text"):
        said["text_hash"] = hashlib.sha256(event["text"].encode()).hexdigest()
    return canonical(said)


def link(prev: str, form: str) -> str:
    """``SHA-256(prev ‖ form)``, both as UTF-8, in lower-case hex (C5)."""
    return hashlib.sha256((prev + form).encode()).hexdigest()


def signed_text(batch_id: str, head: str) -> bytes:
    """What a device signs of a batch (C6)."""
    return f"{VERSION}\n{batch_id}\n{head}".encode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_key(text: str) -> bool:
    """Whether this is a public key: an uncompressed P-256 point, base64url."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(text))
    except (ValueError, TypeError):
        return False
    return len(text) <= 88


def is_signed(public_key: str, batch_id: str, head: str, sig: str) -> bool:
    """Whether the signature (ECDSA P-256 with SHA-256, r ‖ s, base64url) is that key's over this batch."""
    try:
        raw = _bytes(sig)
        if len(raw) != 64:
            return False
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(public_key))
        point.verify(der, signed_text(batch_id, head), ec.ECDSA(SHA256()))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def beat_seconds(code: str) -> int:
    """Seconds between this device's heartbeats: the same for one device, spread over all (C9)."""
    return BEAT - JITTER + int(hashlib.sha256(code.encode()).hexdigest(), 16) % (2 * JITTER + 1)


def fault(event: dict[str, Any]) -> str:
    """Why an event is malformed, nothing if it is well-formed. Its id, sequence and hashes have been looked at before."""
    if any(name not in FIELDS or type(value) not in FIELDS[name] for name, value in event.items()):
        return "malformed"
    if any(name not in event for name in MUST) or not KEY.fullmatch(event["boot_id"]):
        return "malformed"
    if event["type"] not in TYPES:
        return "unknown_type"
    if any(not 0 <= event[name] <= MOST for name in ("t_wall", "t_mono")):
        return "malformed"
    if event.get("order", ORDERS[0]) not in ORDERS:
        return "malformed"
    if any(not isinstance(tag, str) or len(tag) > 10 for tag in event.get("tags", ())):
        return "malformed"
    if len(event.get("text", "")) > LONGEST or len(event.get("ticket", "")) > 20:
        return "too_long"
    return ""
