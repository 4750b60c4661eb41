"""Over HTTP: the production server, sixteen callers at once, against the driver alone in one process."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management import call_command

from onewindow.data.people import citizens

CALLERS = 16
SECONDS = 4.0


def token(username: str) -> str:
    """An API token for one person, made by the command that people use."""
    from io import StringIO

    out = StringIO()
    call_command("token", "create", user=username, stdout=out)
    return out.getvalue().split()[-1]


@contextlib.contextmanager
def server() -> Iterator[int]:
    """The production server on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "onewindow.config.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def hammer(
    port: int, call: Callable[[http.client.HTTPConnection], int], seconds: float = SECONDS
) -> tuple[float, list[float], int]:
    """Sixteen callers for some seconds: answers a second, the sorted latencies in µs, and how many went wrong."""
    until = time.monotonic() + seconds
    taken: list[float] = []
    wrong = 0

    def caller() -> None:
        nonlocal wrong
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < until:
            began = time.perf_counter_ns()
            status = call(line)
            taken.append((time.perf_counter_ns() - began) / 1000)
            wrong += status >= 400
        line.close()

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(taken) / (time.monotonic() - began), sorted(taken), wrong


def figures(town: Any, rows: Any, size: int, serve: Any = server, seconds: float = SECONDS) -> None:
    """``POST /applications`` (the application is received with its materials and its first event). ``serve`` gives the port of a
    server."""
    key = token("clerk")
    person = next(iter(citizens(1, 1)))

    def call(connection: http.client.HTTPConnection) -> int:
        serial = f"E{secrets.randbelow(10**8):08d}"
        body = {
            "item": "ZD-MSA-001",
            "applicant": {
                "kind": "person", "name": person.name, "id_type": "passport", "id_number": serial, "mobile": person.mobile,
            },
            "materials": [{"spec": n, "form": "paper"} for n in range(1, 6)],
            "hall": "H01", "counter": "01", "channel": "api",
        }  # fmt: skip
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(16),
        }
        connection.request("POST", "/api/v1/applications", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    began, done = time.monotonic(), 0
    while time.monotonic() - began < seconds / 2:
        rows.accept()
        done += 1
    limit = done / (time.monotonic() - began)
    with serve() as port:
        rate, taken, wrong = hammer(port, call, seconds)
    middle, tail = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
    print(
        f"  {'POST /applications, 16 callers':34} {size:>7}  {rate:>7.0f} /s   raw {limit:>8.0f} /s   ratio {rate / limit:>6.2f}"
        f"   p50 {middle / 1000:.0f} ms, p99 {tail / 1000:.0f} ms, {wrong} errors",
        flush=True,
    )
