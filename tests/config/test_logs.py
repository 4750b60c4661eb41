"""Promise P19: after a whole life of a case the logs hold no identity number, no mobile, no token and no address query."""

import io
import json
import logging

import pytest
from django.test import Client

from onewindow.cases import worker
from onewindow.config.logs import PrivateJsonFormatter, RequestFilter
from onewindow.window import actions
from tests.town import PASSWORD

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def written():
    """Everything that any part of the process logs, at DEBUG, as it would be written."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(PrivateJsonFormatter())
    handler.addFilter(RequestFilter())
    root, level = logging.getLogger(), logging.getLogger().level
    django, quiet = logging.getLogger("django.request"), logging.getLogger("django.request").level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    django.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)
    django.setLevel(quiet)


@pytest.mark.django_db
def test_a_whole_life_leaves_nothing_personal_in_the_logs(town, written):
    client = Client()
    client.post("/accounts/login/", {"login": "li", "password": PASSWORD})
    client.post("/accounts/login/", {"login": town.applicant()["id_number"], "password": PASSWORD})
    case = town.accepted(applicant=town.applicant(address="石门里七号"))
    while worker.turn():
        pass
    client.get(f"/desk/{case.number}/")
    client.get(f"/desk/?q={case.id_number}")
    client.get(f"/nowhere/{case.id_number}/{case.mobile}")
    phone = Client()
    phone.get(f"/t/{case.track_token}")
    phone.get(f"/t/{case.track_token}/no-such-page")
    phone.get(f"/rate/{case.track_token}x")
    phone.post("/track/", {"number": case.number, "code": case.query_code})
    case.refresh_from_db()
    actions.decide(case, by=town.wang, result="grant")
    while worker.turn():
        pass
    logging.getLogger("any").warning("somebody logs %s and %s", case.id_number, case.mobile)
    text = written.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) > 3 and any(line.get("path", "").startswith("/nowhere/") for line in lines)
    secrets = [
        case.id_number,
        case.mobile,
        case.track_token,
        PASSWORD,
        "石门里七号",
        f"code={case.query_code}",
    ]
    assert [s for s in secrets if s in text] == []


def test_the_web_server_writes_no_access_log():
    """Its lines would hold whole addresses with their queries; ours hold the path without tokens."""
    import inspect

    from granian.server import Server

    from onewindow.config.management.commands import serve

    assert inspect.signature(Server).parameters["log_access"].default is False
    assert "log_access" not in inspect.getsource(serve)
