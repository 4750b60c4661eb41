"""/healthz, /readyz, /metrics and `onewindow doctor`."""

import json
import time

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client

from onewindow.cases.flow import FLOWS
from onewindow.config import health
from onewindow.config.management.commands import doctor
from onewindow.config.settings import KNOWN
from onewindow.org.models import CalendarDay


@pytest.fixture(autouse=True)
def _no_beat():
    cache.clear()
    yield
    cache.clear()


def beat(age=0):
    cache.set(health.BEAT, time.time() - age, 120)


def test_healthz_answers_without_a_database(client):
    """No ``db`` fixture: a query here would fail the test."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_names_each_check_and_says_503_until_all_hold(client):
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    assert answer.status_code == 503 and not answer.json()["ready"]
    assert [name for name, check in checks.items() if not check["ok"]] == ["worker"]
    beat(61)
    assert client.get("/readyz").status_code == 503
    beat(5)
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_readyz_notices_a_storage_that_cannot_be_written(client, settings, tmp_path):
    beat()
    (tmp_path / "file").write_text("in the way")
    settings.STORAGES["default"]["OPTIONS"]["location"], old = (
        str(tmp_path / "file"),
        settings.STORAGES["default"]["OPTIONS"]["location"],
    )
    try:
        answer = client.get("/readyz")
    finally:
        settings.STORAGES["default"]["OPTIONS"]["location"] = old
    assert answer.status_code == 503 and answer.json()["checks"]["storage"] == {
        "ok": False,
        "says": "FileExistsError",
    }
    assert str(tmp_path) not in answer.content.decode()


@pytest.mark.django_db
def test_metrics_count_requests_open_cases_and_queues(town, client):
    town.accepted()
    client.get("/items/")
    text = client.get("/metrics").content.decode()
    assert 'onewindow_requests_total{method="GET",status="200",view="items"}' in text
    assert 'onewindow_open_cases{kind="application",light="green"} 1.0' in text
    assert 'onewindow_queue{queue="followups",state="waiting"} 2.0' in text
    assert "onewindow_worker_beat_age_seconds +Inf" in text


@pytest.mark.django_db
def test_metrics_ask_the_database_once_a_kind_of_case_and_twice_for_what_waits(
    client, django_assert_num_queries
):
    with django_assert_num_queries(len(FLOWS) + 2):
        client.get("/metrics")


@pytest.mark.django_db
def test_metrics_answer_this_machine_or_the_bearer_of_the_token_and_nobody_else(settings):
    assert Client(REMOTE_ADDR="10.0.0.9").get("/metrics").status_code == 404
    assert Client(headers={"x-forwarded-for": "10.0.0.9"}).get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "a-long-token-for-metrics"
    assert Client().get("/metrics").status_code == 404
    assert Client(headers={"authorization": "Bearer wrong"}).get("/metrics").status_code == 404
    right = Client(REMOTE_ADDR="10.0.0.9", headers={"authorization": "Bearer a-long-token-for-metrics"})
    assert right.get("/metrics").status_code == 200


@pytest.mark.django_db
def test_an_unknown_method_or_address_makes_no_new_series(client):
    for n in range(3):
        client.generic(f"BREW{n}", f"/no-such-page-{n}")
    text = client.get("/metrics").content.decode()
    assert "BREW" not in text and "no-such-page" not in text
    assert 'method="other",status="404",view="none"' in text


# --- doctor ------------------------------------------------------------------------------------------------


def examine(capsys):
    """The lines of the doctor by topic, and its exit code."""
    code = 0
    try:
        call_command("doctor", "--json")
    except SystemExit as end:
        code = end.code
    said = json.loads(capsys.readouterr().out)
    return said, code


@pytest.mark.django_db
def test_the_doctor_finds_a_missing_worker_and_the_year_without_a_calendar(town, capsys):
    CalendarDay.objects.filter(day__year=2026).delete()
    said, code = examine(capsys)
    wrong = [line["says"] for line in said["lines"] if line["state"] == "problem"]
    assert code == 1 and said["problems"] == len(wrong)
    assert any("worker is not running" in says for says in wrong)
    import django.utils.timezone as tz

    if tz.localdate().year == 2026:
        assert any(says.startswith("2026: not published") for says in wrong)


@pytest.mark.django_db
@pytest.mark.real_clock  # it is held against that of the PostgreSQL server
def test_the_doctor_is_content_with_a_running_instance(town, capsys, settings):
    beat()
    settings.FONT_DIR = settings.BASE_DIR / "fonts"
    said, code = examine(capsys)
    assert [
        line
        for line in said["lines"]
        if line["state"] == "problem" and line["topic"] not in ("calendar", "database")
    ] == []
    assert {line["topic"] for line in said["lines"]} >= {
        "ready",
        "database",
        "clock",
        "calendar",
        "security",
        "address",
        "disk",
    }
    if connection.vendor == "sqlite":
        assert code == 0 or any(
            line["topic"] == "calendar" for line in said["lines"] if line["state"] == "problem"
        )


@pytest.mark.django_db
def test_the_doctor_lists_every_setting_and_never_a_secret(capsys, monkeypatch):
    for name in ("ONEWINDOW_SECRET_KEY", "ONEWINDOW_FIELD_KEY", "ONEWINDOW_METRICS_TOKEN"):
        monkeypatch.setenv(name, "hush-" * 12)
    monkeypatch.setenv("DATABASE_URL", "postgres://onewindow:hush-hush@db.local/onewindow")
    for words in ([], ["--json"]):
        with pytest.raises(SystemExit):
            call_command("doctor", *words)
        out = capsys.readouterr().out
        assert "hush" not in out and "postgres://db.local/onewindow" in out
        assert all(name in out for name in KNOWN)


def test_the_doctor_says_what_holds_where_the_environment_is_silent(monkeypatch):
    monkeypatch.delenv("ONEWINDOW_REGION", raising=False)
    monkeypatch.setenv("ONEWINDOW_CITY", "某市")
    rows = {row["name"]: (row["from"], row["value"]) for row in doctor.settings_table()}
    assert rows["ONEWINDOW_REGION"] == ("default", "231282")
    assert rows["ONEWINDOW_CITY"] == ("environment", "某市")
    assert rows["ONEWINDOW_MFA"] == ("default", "optional")


def test_a_check_that_breaks_is_a_problem_and_stops_no_other(monkeypatch):
    def broken():
        raise RuntimeError("boom")
        yield

    monkeypatch.setattr(doctor, "CHECKS", [broken, lambda: iter([(doctor.OK, "fine")])])
    assert [line.state for line in doctor.lines()] == ["problem", "ok"]
