"""The command line."""

import os
import re
import subprocess
import sys

import pytest
from django.db import OperationalError
from django.db.migrations.executor import MigrationExecutor

from onewindow import __version__
from onewindow.config import cli


@pytest.mark.parametrize("words", [["--help"], ["help"], ["-h"]])
def test_help_lists_our_commands_with_a_line_each(words, capsys):
    assert cli.run(words) == cli.DONE
    out = capsys.readouterr().out
    assert "serve            run the web server" in out and "sqlflush" not in out


def test_no_command_is_wrong_use(capsys):
    assert cli.run([]) == cli.WRONG_USE
    assert "usage: onewindow" in capsys.readouterr().out


def test_an_unknown_command_names_the_nearest(capsys):
    assert cli.run(["serv"]) == cli.WRONG_USE
    assert "Did you mean serve?" in capsys.readouterr().err


def test_a_dash_stands_for_an_underscore():
    assert {cli.resolve("clear-sessions"), cli.resolve("no-such")} == {None}
    assert (
        cli.resolve("remove-stale-contenttypes")
        == "remove_stale_contenttypes"
        == cli.resolve("remove_stale_contenttypes")
    )


def test_version(capsys):
    assert cli.run(["--version"]) == cli.DONE
    assert capsys.readouterr().out == f"onewindow {__version__}\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [(["serve", "--workers", "0"], 2), (["serve", "--nonsense"], 2), (["serve", "--help"], 0)],
)
def test_exit_codes(words, code, capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.run(words)
    assert exit_.value.code == code


def test_a_misspelt_setting_is_wrong_use(monkeypatch, capsys):
    from django.core.exceptions import ImproperlyConfigured

    def refuse(argv):
        raise ImproperlyConfigured("Unknown settings: ONEWINDOW_SECRET_KY.")

    monkeypatch.setattr(cli, "run", refuse)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == cli.WRONG_USE and "ONEWINDOW_SECRET_KY" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["verify"], ["reclock"]])
def test_a_database_that_is_not_set_up_is_told_in_one_line(words, tmp_path):
    """Every command in a process of its own, as at the first try of an administrator."""
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "ONEWINDOW_DATA_DIR")}
    done = subprocess.run(
        [sys.executable, "-m", "onewindow.config.cli", *words],
        capture_output=True, text=True, cwd=tmp_path,
        env=env | {"ONEWINDOW_DATA_DIR": str(tmp_path), "ONEWINDOW_DEMO": "1", "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.returncode == cli.PROBLEM
    assert re.fullmatch(r"onewindow: the database lacks \d+ migrations\. Run: onewindow init\n", done.stderr)


def test_a_database_that_does_not_answer_is_told_in_one_line(monkeypatch, capsys):
    def refuse(argv):
        raise OperationalError("connection failed: Connection refused\n\tIs the server running?")

    monkeypatch.setattr(cli, "run", refuse)
    monkeypatch.setattr(MigrationExecutor, "__init__", lambda self, connection: refuse([]))
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == cli.PROBLEM
    said = "the database does not answer: connection failed: Connection refused. See: onewindow doctor"
    assert capsys.readouterr().err == f"onewindow: {said}\n"
