"""The server is killed with -9 in the middle of acceptances: on restart each application is whole or not there at all."""

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from django.db import connection

from onewindow.sim.own_server import free_port
from tests.town import citizen_id

pytestmark = [pytest.mark.slow]
ROUNDS = 3
SETUP = """
from onewindow.config.start import load; load()
from django.core.management import call_command
from django.db import connection
from tests import town
if connection.vendor == "postgresql":  # else the file has its tables already
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
town.build()
call_command("token", "create", user="li")
"""
CHECK = """
import json
from onewindow.config.start import load; load()
from onewindow.cases.management.commands.verify import survey
from onewindow.cases.models import Event, Followup
from onewindow.window.models import Application, Document
events, cases, broken = survey()
print(json.dumps({
    "numbers": list(Application.objects.values_list("number", flat=True)),
    "broken": [b.__dict__ for b in broken], "events": events, "followups": Followup.objects.count(),
    "half": [a.number for a in Application.objects.all() if Document.objects.filter(application=a).count() != 3],
}))
"""


@pytest.fixture
def instance(tmp_path, request):
    """An instance of its own: the environment of its processes and a token of the clerk."""
    environment = os.environ | {
        "ONEWINDOW_DATA_DIR": str(tmp_path),
        "ONEWINDOW_DEMO": "1",
        "ONEWINDOW_LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "onewindow.config.settings",
    }
    environment.pop("DATABASE_URL", None)
    if connection.vendor == "postgresql":
        import psycopg

        base = os.environ["DATABASE_URL"].rsplit("/", 1)[0]
        name = f"kill_{secrets.token_hex(4)}"
        host = urllib.request.unquote(base.split("@", 1)[1])
        with psycopg.connect(host=host, user="onewindow", dbname="postgres", autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        environment["DATABASE_URL"] = f"{base}/{name}"
    else:
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "onewindow.sqlite3")
    made = subprocess.run(
        [sys.executable, "-c", SETUP], env=environment, capture_output=True, text=True, check=True
    )
    return environment, made.stdout.split()[-1]


@contextlib.contextmanager
def serving(environment, port):
    command = [sys.executable, "-m", "onewindow.config.cli", "serve", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def take_in(port, token, n):
    body = {
        "item": "ZD-MSA-001",
        "applicant": {
            "kind": "person", "name": f"张三{n}", "id_type": "citizen_id", "id_number": citizen_id(n), "mobile": f"1990000{n:04d}",
        },
        "materials": [{"spec": 1, "form": "paper"}, {"spec": 2, "form": "paper"}, {"spec": 3, "form": "paper"}],
        "hall": "H1", "counter": "03", "channel": "counter",
    }  # fmt: skip
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/applications",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"kill-{n}",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["number"]


@pytest.mark.django_db
def test_an_application_is_whole_or_not_there_after_kill_9(instance):
    environment, token = instance
    port = free_port()
    acknowledged, serial = [], iter(range(1, 999))
    dice = random.Random(9)

    def counter(stop):
        n = next(serial)
        while not stop.is_set():
            try:
                acknowledged.append(take_in(port, token, n))
            except urllib.error.HTTPError:
                pass
            except (OSError, json.JSONDecodeError):
                time.sleep(0.05)  # a server that is gone refuses faster than people ask
                continue  # the same again, with the same key
            n = next(serial)

    for _ in range(ROUNDS):
        stop = threading.Event()
        with serving(environment, port):
            windows = [threading.Thread(target=counter, args=(stop,)) for _ in range(4)]
            for window in windows:
                window.start()
            so_far = len(acknowledged)
            until = time.monotonic() + 120  # a busy machine takes its time to start it
            while len(acknowledged) < so_far + 3 and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(dice.uniform(0, 0.3))
        stop.set()
        for window in windows:
            window.join()

    done = subprocess.run(
        [sys.executable, "-c", CHECK], env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(acknowledged) >= 3 * ROUNDS
    assert set(acknowledged) <= set(found["numbers"]), "an acknowledged application is lost"
    assert found["broken"] == [] and found["half"] == []
    assert found["events"] == found["followups"] == len(found["numbers"])
