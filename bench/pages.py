"""What the pages that people open most cost the server: goal G8.

python -m bench --only pages

Processor time of all processes of the production server with one worker, a page after the other over one kept connection. The
limit is the same server software around ``bench/bare.py``, which reads the rows of the to-do list by raw SQL and writes them as
JSON, measured in turns in the same run.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from onewindow.sim.own_server import Server

TURNS, TIMES = 5, 30


class Bare(Server):
    """The same server software around the bare function."""

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--workers",
            "1",
            "--port",
            str(self.port),
        ]
        with open(self.log, "ab") as out:
            self._process = subprocess.Popen(
                [*command, "bench.bare:application"], env=os.environ, stdout=out, stderr=out, start_new_session=True
            )  # fmt: skip
        self._until(self._answers, "start")


def cost(server: Any, path: str, cookie: str, times: int) -> float:
    """Milliseconds of the server's processor time for one request."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def ask() -> None:
        line.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = line.getresponse()
        body = answer.read()
        assert answer.status == 200 and body, (path, answer.status)

    ask()
    began = server.cpu_seconds()
    for _n in range(times):
        ask()
    line.close()
    return (server.cpu_seconds() - began) / times * 1000


def _cookie(person: Any) -> str:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def figures(town: Any, sample: Any, size: int) -> None:
    """Starts both servers and prints."""
    (Path(settings.DATA_DIR) / "static").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as logs, contextlib.ExitStack() as over:
        servers = []
        for kind in (Server, Bare):  # one after the other: the second is not to find the first's port free
            servers.append(kind(Path(logs) / kind.__name__, workers=1))
            over.callback(servers[-1].kill)
            servers[-1].start()
        compare(town, sample, size, *servers, TURNS, TIMES)


def compare(town: Any, sample: Any, size: int, ours: Any, bare: Any, turns: int, times: int) -> None:
    """The medians of so many turns, and their ratio to the bare function's."""
    approver, clerk = _cookie(town.approver), _cookie(town.clerk)
    pages = {
        "to-do list, 50 rows": ("/desk/", approver),
        "case page": (f"/desk/{sample.number}/", approver),
        "counter": ("/desk/counter/", clerk),
        "track page": (sample.track_path, ""),
    }
    spent: dict[str, list[float]] = {name: [] for name in [*pages, ""]}
    for _turn in range(turns):
        for name, (path, cookie) in pages.items():
            spent[name].append(cost(ours, path, cookie, times))
        spent[""].append(cost(bare, "/", "", times * 4))
    limit = max(statistics.median(spent.pop("")), 0.001)
    for name, found in spent.items():
        each = statistics.median(found)
        print(
            f"  {name + ', server CPU':34} {size:>7}  {each:>9.2f} ms   bare {limit:>8.2f} ms   ratio {each / limit:>6.2f}",
            flush=True,
        )
