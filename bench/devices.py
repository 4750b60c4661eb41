"""Devices on long poll: how long a question takes to reach its device, and what holding the polls costs the server.

python -m bench.devices [--devices 84,840] [--seconds 12]

Each device has a poll open all the time and gets a question every ten seconds. Printed: p50 and p99 from the commit of the
question to its arrival at the device, the server's processor time as a share of one core, and the ratios of the larger fleet to
the smaller: time and cost a question should stay the same (1.0) when ten times as many devices wait. Before that, what a poll
that begins costs beside an empty request.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.db import connections

TICK = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.devices", description=__doc__)
    parser.add_argument("--devices", default="84,840", help="sizes of the fleet (84,840)")
    parser.add_argument("--seconds", type=float, default=12.0, help="measured seconds a size (12)")
    parser.add_argument(
        "--every", type=float, default=10.0, help="seconds between two questions to a device (10)"
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        run([int(n) for n in options.devices.split(",")], options.seconds, options.every)
        return
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as home:
        environment = os.environ | {
            "ONEWINDOW_DEMO": "1", "ONEWINDOW_DATA_DIR": home, "ONEWINDOW_LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "onewindow.config.settings",
        }  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "bench.devices", *sys.argv[1:], "--here"], env=environment, check=True
        )


def run(sizes: list[int], seconds: float, every: float) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from onewindow.sim import city
    from onewindow.sim.fleet import Fleet
    from onewindow.sim.own_server import Server

    call_command("init", verbosity=0)
    city.build(1)
    load = ", ".join(f"{x:.2f}" for x in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; a question every {every:g} s on each device", flush=True)
    server = Server(Path(settings.DATA_DIR) / "bench.log")
    fleet = Fleet(server, max(sizes), say=lambda line: None)
    fleet.build()
    devices = paired(fleet)
    (Path(settings.DATA_DIR) / "static").mkdir(exist_ok=True)
    one_poll(devices[0][1])
    server.start()
    before: tuple[float, float, float] | None = None
    try:
        for size in sizes:
            found = asyncio.run(measure(server, fleet, devices[:size], seconds, every))
            line = f"  {size:>5} devices   delivered {found[0]:>5.0f}   p50 {found[1]:>6.0f} ms   p99 {found[2]:>6.0f} ms"
            line += f"   CPU {found[3]:>5.1f} % of a core   {found[4]:>5.1f} ms CPU a question, {found[5]} open polls"
            print(line, flush=True)
            if before:
                ratios = [
                    now / then for now, then in zip((found[1], found[2], found[4]), before, strict=True)
                ]
                print(
                    "  ratio        p50 {:.2f}   p99 {:.2f}   CPU a question {:.2f}".format(*ratios),
                    flush=True,
                )
            before = (found[1], found[2], found[4])
    finally:
        server.kill()


def one_poll(secret: str, times: int = 60) -> None:
    """Processor time of a poll that begins, in this process, beside that of a request that does nothing: the ratio is the same
    on a busy machine."""
    import io

    from onewindow.config.wsgi import application

    def cost(path: str, **headers: str) -> float:
        asked = {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "wait=25", "SERVER_NAME": "localhost",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr, "wsgi.multithread": False,
            "wsgi.multiprocess": False, "wsgi.run_once": False, "CONTENT_LENGTH": "0",
        }  # fmt: skip

        def once() -> None:
            answer = application(asked | headers | {"wsgi.input": io.BytesIO()}, lambda *_start: None)
            b"".join(answer)
            answer.close()

        for _warm in range(30):
            once()
        spent = []
        for _round in range(7):
            began = time.process_time()
            for _n in range(times):
                once()
            spent.append((time.process_time() - began) / times * 1000)
        return sorted(spent)[len(spent) // 2]

    nothing, poll = cost("/healthz"), cost("/api/device/v1/next", HTTP_AUTHORIZATION=f"Device {secret}")
    print(
        f"  a poll that begins  {poll:.2f} ms CPU, {poll / nothing:.1f} × an empty request ({nothing:.2f} ms)",
        flush=True,
    )


def paired(fleet: Any) -> list[tuple[Any, str]]:
    """Paired devices with secrets that we know: the pairing itself is not what is measured."""
    from onewindow.cases import instant
    from onewindow.voice.models import Device, secret_digest

    Device.objects.filter(model="demo").update(state="revoked")
    made = [(window, secrets.token_urlsafe(32)) for window in fleet.windows]
    rows = Device.objects.bulk_create(
        Device(
            code=f"B{n:07d}", hall_id=window.hall_id, counter=window, secret_digest=secret_digest(secret), model="bench",
            paired_at=instant.now(), paired_by="bench",
        )
        for n, (window, secret) in enumerate(made)
    )  # fmt: skip
    return [(row, secret) for row, (_window, secret) in zip(rows, made, strict=True)]


async def measure(
    server: Any, fleet: Any, devices: list[tuple[Any, str]], seconds: float, every: float, settle: float = 2.0
) -> tuple[float, ...]:
    """Delivered, p50 and p99 in ms, CPU in percent of a core, CPU ms a question, polls open at the end."""
    asked: dict[str, float] = {}
    taken: list[float] = []
    got: list[str] = []
    polling = [asyncio.create_task(_poll(server.port, secret, asked, taken, got)) for _row, secret in devices]
    await asyncio.sleep(settle + len(devices) / 200)  # all of them wait
    taken.clear()
    began, cpu = time.monotonic(), server.cpu_seconds()
    loop, hand = (
        asyncio.get_running_loop(),
        ThreadPoolExecutor(1),
    )  # one thread: one connection to the database
    cases = await loop.run_in_executor(hand, fleet.cases, int(len(devices) * seconds / every) + 1)
    turn, sent = 0, 0
    while time.monotonic() - began < seconds and sent < len(cases):
        due = int((time.monotonic() - began) / every * len(devices)) - sent
        some = [
            (devices[(sent + n) % len(devices)][0], case) for n, case in enumerate(cases[sent : sent + due])
        ]
        if some:
            await loop.run_in_executor(hand, _ask, some, asked, got)
            sent += len(some)
        turn += 1
        await asyncio.sleep(TICK)
    await loop.run_in_executor(hand, connections.close_all)
    hand.shutdown()
    await asyncio.sleep(1)
    spent, lasted = server.cpu_seconds() - cpu, time.monotonic() - began
    open_polls = sum(not task.done() for task in polling)
    for task in polling:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*polling, return_exceptions=True)
    taken.sort()
    middle, tail = taken[len(taken) // 2] * 1000, taken[int(len(taken) * 0.99)] * 1000
    return len(taken), middle, tail, spent / lasted * 100, spent * 1000 / max(1, len(taken)), open_polls


def _ask(some: list[tuple[Any, Any]], asked: dict[str, float], got: list[str]) -> None:
    """New questions, in one transaction; those that have arrived are over."""
    import datetime as dt

    from onewindow.cases import instant
    from onewindow.voice.models import Prompt, PromptState

    now = instant.now()
    rows = [
        Prompt(
            number=case.number, touchpoint="accepted", device=row, counter_id=row.counter_id, title="B",
            created_at=now, expires_at=now + dt.timedelta(seconds=120),
        )
        for row, case in some
    ]  # fmt: skip
    done, got[:] = list(got), []
    if done:
        Prompt.objects.filter(key__in=done).update(state=PromptState.DECLINED)
    Prompt.objects.bulk_create(rows)
    committed = time.perf_counter()
    asked.update((row.key, committed) for row in rows)


async def _poll(port: int, secret: str, asked: dict[str, float], taken: list[float], got: list[str]) -> None:
    """One device: a kept connection, one poll after another."""
    tag = ""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.closing(writer):
        while True:
            tagged = f"If-None-Match: {tag}\r\n" if tag else ""
            request = f"GET /api/device/v1/next?wait=25 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Device {secret}\r\n"
            writer.write(f"{request}{tagged}\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                (int(x.split(":")[1]) for x in head.lower().split("\r\n") if x.startswith("content-length:")),
                0,
            )
            body = await reader.readexactly(length) if length else b""
            status = int(head.split(" ", 2)[1])
            if status == 200:
                key = json.loads(body)["prompt"]["id"]
                tag = f'"{key}"'
                for _wait in range(50):  # its commit may be noted a moment after it arrived
                    if key in asked:
                        taken.append(max(0.0, time.perf_counter() - asked[key] - _wait * 0.002))
                        break
                    await asyncio.sleep(0.002)
                got.append(key)
            elif status == 204:
                tag = ""
            await asyncio.sleep(0)


if __name__ == "__main__":
    main()
