"""Whatever is typed into an address or sent to the hall and the public's verdict, no answer is a server error (the parameters of
pages: tests/rules/test_hostile_addresses.py)."""

from urllib.parse import quote

import pytest

from onewindow.hall.models import Ticket
from onewindow.org.models import Post
from onewindow.org.roles import Role
from tests.hall.conftest import MORNING

pytestmark = pytest.mark.django_db
VALUES = ("\0", "A" * 4000, "9" * 40, "-1", "٣", "9999-12-31", "‮𠀀<b>")
FORMS = (
    "group", "priority", "code", "slot", "name", "mobile", "ticket", "act", "level", "codes", "text", "score", "touchpoint",
    "q", "key", "again", "number", "day", "at", "hall", "counter", "half", "person", "reason", "minutes", "slips-kind",
    "slips-hall", "slips-places", "why", "channel", "letter", "items",
)  # fmt: skip
KEYED = (
    "/hall/{}/", "/hall/t/{}/", "/hall/t/{}/now", "/hall/t/{}/slip", "/hall/b/{}/", "/hall/H1/window/{}/", "/r/{}", "/rate/{}",
    "/r/{}/stop", "/e/{}", "/reviews/{}/", "/reviews/items/{}/", "/desk/devices/{}/", "/desk/hall/groups/{}/",
    "/desk/hall/tickets/{}/", "/desk/reviews/one/{}/", "/hall/t/{}/rate/{}/", "/t/{}", "/items/{}", "/desk/{}/",
)  # fmt: skip
STAFF = (
    "/desk/hall/", "/desk/hall/kiosk", "/desk/hall/groups/", "/desk/hall/groups/A/", "/desk/hall/shifts/", "/desk/devices/pair/",
    "/desk/devices/slips/", "/desk/devices/ask-again/", "/desk/reviews/enter/", "/desk/reviews/old-evaluators/",
)  # fmt: skip


@pytest.fixture
def client(hall, signed_in):
    """zhou manages the hall, and holds a post at the bureau besides: every page opens."""
    Post.objects.create(person=hall.zhou, role=Role.BUREAU, office=hall.town.bureau, starts_on=MORNING.date())
    found = signed_in(hall.zhou)
    found.raise_request_exception = False
    return found


def test_an_address_that_is_none_is_not_found(hall, client):
    broken = [
        (path, value[:9], answer.status_code)
        for path in KEYED
        for value in VALUES
        if (answer := client.get(path.replace("{}", quote(value, safe="")))).status_code
        not in (200, 301, 302, 403, 404, 405, 410)
    ]
    assert broken == []
    assert client.get("/hall/%00/").status_code == 404


def test_no_form_falls_over_what_is_sent(hall, client):
    ticket = hall.take()
    key = Ticket.objects.get(pk=ticket.pk).visit.key
    hall.a.slot_capacity = 2
    hall.a.save()
    public = ("/hall/H1/", "/hall/H1/kiosk/", "/hall/H1/book/", f"/hall/t/{key}/", f"/hall/t/{key}/rate/{ticket.key}/",
              "/reviews/proof/", "/device/kiosk/open")  # fmt: skip
    broken = [
        (path, value[:9], answer.status_code)
        for path in (*public, *STAFF)
        for value in VALUES
        if (answer := client.post(path, dict.fromkeys(FORMS, value))).status_code >= 500
    ]
    assert broken == []


BODIES = (
    b"", b"null", b"[]", b"{", b"\0", b"\xff\xfe", b'"x"', b"1e999", b'{"token": "\\u0000"}', b'{"events": {}}',
    b'{"events": [null, 1, "x", []]}', b'{"kind": [], "pubkey": {}, "model": 1}', b"[" * 5000, b'{"a":' * 3000,
    b'{"batch_id": "\\ud800", "events": [{"id": "\\u0000"}]}', b"9" * 5000,
)  # fmt: skip


@pytest.mark.parametrize("path", ["pair", "pair/", "enrol", "secret", "next", "events", "heartbeat"])
def test_the_device_protocol_takes_any_body(hall, client, path):
    broken = []
    for body in BODIES:
        for auth in ("Device x", "Pairing " + "A" * 5000):
            for method in ("POST", "GET"):
                answer = client.generic(
                    method, f"/api/device/v1/{path}", body, content_type="application/json",
                    headers={"Authorization": auth},
                )  # fmt: skip
                if answer.status_code >= 500:
                    broken.append((method, auth[:8], body[:20], answer.status_code))
    assert broken == []
