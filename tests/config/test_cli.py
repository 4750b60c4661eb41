"""The command line."""

import pytest

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
