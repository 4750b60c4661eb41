"""The command line `onewindow`: Django's management commands under one name.

Exit codes: 0 done, 1 found a problem, 2 wrong use. A command may be written with dashes (`import-items`).
"""

from __future__ import annotations

import difflib
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db.utils import DatabaseError

from onewindow import __version__
from onewindow.config.start import load

DONE, PROBLEM, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


def overview() -> str:
    """Our own commands, one line each, taken from the commands themselves."""
    from django.core.management import get_commands, load_command_class

    ours = {name: app for name, app in get_commands().items() if str(app).startswith("onewindow.")}
    texts = {name: str(load_command_class(str(app), name).help).strip() for name, app in sorted(ours.items())}
    lines = [
        f"  {name.replace('_', '-'):<16} {text[:1].lower()}{text.splitlines()[0].rstrip('.')[1:]}"
        for name, text in texts.items()
    ]
    return "\n".join(
        [
            "usage: onewindow COMMAND [--help | options]",
            "",
            "Commands:",
            *lines,
            "",
            "Every Django command works too: migrate, createsuperuser, check, shell, ...",
            "Exit codes: 0 done, 1 found a problem, 2 wrong use.",
        ]
    )


def resolve(name: str) -> str | None:
    """The management command meant by this word, None if there is none."""
    from django.core.management import get_commands

    return next((n for n in (name, name.replace("-", "_")) if n in get_commands()), None)


def run(argv: list[str]) -> int:
    """Runs one command line (without the program's name) and returns its exit code."""
    from django.core.management import execute_from_command_line, get_commands

    if argv[:1] in (["--version"], ["version"]):
        print(f"onewindow {__version__}")
        return DONE
    load()
    if not argv or argv[0] in ("-h", "--help", "help"):
        if len(argv) == 2 and (command := resolve(argv[1])):
            return run([command, "--help"])
        print(overview())
        return DONE if argv else WRONG_USE
    command = resolve(argv[0])
    if command is None:
        near = difflib.get_close_matches(argv[0].replace("-", "_"), get_commands(), n=1)
        hint = f" Did you mean {near[0].replace('_', '-')}?" if near else " See: onewindow --help"
        print(f"onewindow: unknown command {argv[0]}.{hint}", file=sys.stderr)
        return WRONG_USE
    execute_from_command_line(["onewindow", command, *argv[1:]])
    return DONE


def database_says(error: DatabaseError) -> str:
    """One line for whoever typed the command: what the database refused, and what to do about it."""
    from django.db import DEFAULT_DB_ALIAS, connections
    from django.db.migrations.executor import MigrationExecutor

    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError:
        return f"the database does not answer: {said}. See: onewindow doctor"
    if missing:
        return f"the database lacks {missing} migrations. Run: onewindow init"
    return f"the database refused: {said}. ONEWINDOW_DEBUG=1 shows where"


def main() -> None:
    """Entry point of the console script."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onewindow.config.settings")
    try:
        code = run(sys.argv[1:])
    except ImproperlyConfigured as error:
        print(f"onewindow: {error}", file=sys.stderr)
        code = WRONG_USE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except DatabaseError as error:
        if os.environ.get("ONEWINDOW_DEBUG") == "1":
            raise
        print(f"onewindow: {database_says(error)}", file=sys.stderr)
        code = PROBLEM
    except BrokenPipeError:  # `onewindow verify | head`
        sys.stderr.close()
        code = DONE
    sys.exit(code)


if __name__ == "__main__":
    main()
