"""Production settings: what must hold where real people are served, in a process of its own."""

import os
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.own_instance
SECRET = "x7-" + "Qm3vT9pLk2Wd8sZr4hYc6nBf1gJa5eUo0iXq"


def onewindow(*words, **env):
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("ONEWINDOW_", "PYTEST", "DJANGO_ALLOW"))
    }
    command = [sys.executable, "-m", "onewindow.config.cli", *words]
    return subprocess.run(command, env=clean | env, capture_output=True, text=True, check=False)


def test_django_has_nothing_to_say_about_the_production_settings(tmp_path):
    done = onewindow(
        "check", "--deploy", "--fail-level", "WARNING",
        ONEWINDOW_SECURE="1", ONEWINDOW_SECRET_KEY=SECRET * 2, ONEWINDOW_DATA_DIR=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_without_any_setting_an_instance_is_a_strict_one(tmp_path):
    ask = "from django.conf import settings as s; print(s.DEBUG, s.SECURE, s.MFA_REQUIRED, s.SESSION_COOKIE_SECURE, s.ALLOWED_HOSTS)"
    done = onewindow("shell", "--no-imports", "-c", ask, ONEWINDOW_DATA_DIR=str(tmp_path))
    assert done.stdout.strip() == "False True True True ['localhost', '127.0.0.1']", done.stderr
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_misspelt_setting_stops_the_start(tmp_path):
    done = onewindow("check", ONEWINDOW_DATA_DIR=str(tmp_path), ONEWINDOW_MFFA="required")
    assert done.returncode == 2 and "ONEWINDOW_MFFA" in done.stderr


def test_wrong_tries_are_counted_across_server_processes(tmp_path, migrated):
    """Each process makes two wrong tries; the third process finds the door locked."""
    env = {"ONEWINDOW_DATA_DIR": str(tmp_path), "ONEWINDOW_DEMO": "1", "ONEWINDOW_LOG_LEVEL": "ERROR"}
    shutil.copy(migrated, tmp_path / "onewindow.sqlite3")
    tries = """
import os
from django.test import Client
from onewindow.org.models import Person, SignIn
for _ in range(3):
    if not (process := os.fork()):
        Person.objects.filter(username="li").exists() or Person.objects.create_user("li", password="three cranes over", name="李")
        for _ in range(2):
            Client().post("/accounts/login/", {"login": "li", "password": "wrong"}, headers={"host": "localhost"})
        os._exit(0)
    os.waitpid(process, 0)
print(list(SignIn.objects.order_by("pk").values_list("outcome", flat=True)))
"""
    done = onewindow("shell", "--no-imports", "-c", tries, **env)
    assert done.stdout.strip() == str(["failed"] * 5 + ["locked"]), done.stderr
