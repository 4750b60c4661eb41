"""The test that a vendor runs against a server passes ours clause by clause, and fails one that differs."""

import json

import pytest
from django.core.management import CommandError, call_command

from onewindow.config.settings import BASE_DIR
from onewindow.sim import conformance, evaluator
from onewindow.voice import actions, enrol, odp, taking
from onewindow.voice.device_models import WindowVerdict
from onewindow.voice.models import Review


@pytest.fixture
def token(town):
    actions.load_indicators(BASE_DIR / "data/indicators.csv")
    return enrol.print_slips([town.counter], by=town.zhou)[0].token


def run(live_server, token, capsys):
    code = 0
    try:
        call_command("device_conformance", live_server.url, token=token, json=True)
    except SystemExit as end:
        code = end.code
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.django_db(transaction=True)
def test_our_server_speaks_every_clause(live_server, token, capsys):
    code, told = run(live_server, token, capsys)
    assert ([f for f in told["findings"] if not f["passed"]], code, told["ok"]) == ([], 0, True)
    assert {f["clause"] for f in told["findings"]} == {f"C{n}" for n in range(1, 14)} - {
        "C3"
    }  # C3 is on the device
    assert len(told["findings"]) > 40
    assert not Review.objects.exists() and not WindowVerdict.objects.exists()  # nobody's verdict was invented


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("broken", "clause"),
    [
        ((odp, "is_signed", lambda *said: True), "C6"),
        ((odp, "link", lambda prev, form: "0" * 64), "C5"),
        ((taking._Taking, "_again", lambda self, first, event: {"result": "accepted"}), "C11"),
    ],
)
def test_a_server_that_differs_fails_at_its_clause(live_server, token, capsys, monkeypatch, broken, clause):
    monkeypatch.setattr(*broken)
    code, told = run(live_server, token, capsys)
    assert (code, told["ok"]) == (1, False)
    assert clause in {f["clause"] for f in told["findings"] if not f["passed"]}


@pytest.mark.django_db(transaction=True)
def test_a_used_slip_ends_the_run_with_a_finding(live_server, capsys):
    code, told = run(live_server, "0" * 32, capsys)
    assert code == 1 and told["findings"][-1]["clause"] == "C2"


def test_a_server_that_is_not_there_is_a_finding_too(capsys):
    findings = conformance.Checks("http://127.0.0.1:9", "0" * 32).run()
    assert [(f.clause, f.passed) for f in findings] == [("C1", False)]


@pytest.mark.parametrize(
    "said", [{"token": "x"}, {"url": "localhost", "token": "x"}, {"url": "http://localhost"}]
)
def test_wrong_use_is_told(said):
    with pytest.raises(CommandError):
        call_command(
            "device_conformance", *[said["url"]] if "url" in said else [], token=said.get("token", "")
        )


def test_the_published_vectors_stay_as_they_are():
    """A vendor has built on them: whoever changes them has made another protocol."""
    found = conformance.vectors()
    assert [e["hash"][:16] for e in found["events"]] == VECTORS
    for event in found["events"]:
        assert (
            odp.link(event["prev_hash"], odp.hashed_form(event))
            == event["hash"]
            == evaluator.fingerprint(event)
        )


VECTORS = ["2ad87c5db65141da", "b6f13305d6851fb3", "fcef81584ae0b276", "d360141b010566c5", "7daabcd86331e1df"]
