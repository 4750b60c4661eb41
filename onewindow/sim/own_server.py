"""The production server as a process of our own, for rigs that kill it and start it again."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path


def free_port() -> int:
    """A port that nobody has, below those that the system gives to outgoing calls: of such a one a call may come to hold
    while the server is down."""
    first, many = 20_000, 12_000
    for n in range(many):
        port = first + (os.getpid() * 37 + n) % many
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


class Server:
    """The production server on a port of its own, that can be killed: at once, or by the so-manieth call that reaches it.

    A kill is tied to a call and not to a time: on a fast machine all is said before any pause is over.
    """

    def __init__(self, log: Path, *, workers: int = 2):
        self.workers = workers
        self.port = free_port()
        self.log, self.kills = log, 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock, self._fuse = threading.Lock(), 0
        self._struck, self._missed = threading.Event(), threading.Event()

    def start(self) -> None:
        command = [sys.executable, "-m", "onewindow.config.cli", "serve", "--port", str(self.port)]
        command += ["--workers", str(self.workers)]
        environment = os.environ | {"ONEWINDOW_LOG_LEVEL": "DEBUG"}
        with open(self.log, "ab") as out:
            self._process = subprocess.Popen(
                command, env=environment, stdout=out, stderr=out, start_new_session=True
            )
        self._until(self._answers, "start")

    def kill(self) -> None:
        """``kill -9``, in the middle of whatever it does. Over when nobody listens any more: workers outlive their parent."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self.kills += 1
            self._until(lambda: not self._listens(), "end")

    def kill_by(self, calls: int) -> None:
        """Arms it: the so-manieth call from now kills the server while it is under way."""
        self._struck.clear()
        self._missed.clear()
        self._fuse = calls

    def strike(self) -> bool:
        """A line says that its call is under way. Whether that was the one that killed the server."""
        with self._lock:
            self._fuse -= 1
            if self._fuse:
                return False
            self.kill()
            self._struck.set()
            return True

    def missed(self) -> None:
        """A line says that it found nobody."""
        self._missed.set()

    def start_again(self) -> None:
        """Starts it when it was killed and somebody has noticed."""
        if not (self._struck.wait(60) and self._missed.wait(60)):
            raise RuntimeError("the server was to be killed by a call, and was not")
        self.start()

    def _until(self, done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + 60
        while not done():
            if time.monotonic() > until:
                raise RuntimeError(f"the server does not {what}, see {self.log}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
            return True
        return False

    def _answers(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", "/healthz")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def cpu_seconds(self) -> float:
        """Processor time of the server and its processes until now (Linux)."""
        total, pids = 0, [self._process.pid] if self._process else []
        while pids:
            pid = pids.pop()
            with contextlib.suppress(OSError):
                total += sum(
                    int(n) for n in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
                )
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                pids += [int(child) for child in children]
        return total / os.sysconf("SC_CLK_TCK")
