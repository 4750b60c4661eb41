"""The door of the web server: Django in a few threads, and the polls of devices held without any.

A device asks ``next?wait=25``. Django answers at once; where it has nothing to say it names the device and how long it
may wait (``voice/device.py``: ``HOLD``). Only the answer is then kept back here, as a future in the event loop: no thread, no
transaction and no database connection waits with it. One small question a process five times a second finds out whom a new
question, or a change of the device itself, concerns (measured by bench/devices.py).

Everything else passes to Django's own WSGI handler in ``threads`` threads, as if the server spoke WSGI: the code below is
synchronous throughout, which SQLite and Django's ORM want.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
#: Seconds between two looks for whom something is new.
LOOK = 0.2
IN_MEMORY, LARGEST = 2 * 1024 * 1024, 256 * 1024 * 1024
TOO_LARGE = {"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]}
HOLD = "x-device-hold"


class Waiters:
    """The devices whose polls are held in this process, and the one task that looks for all of them."""

    def __init__(self) -> None:
        self._held: dict[int, set[asyncio.Future[bool]]] = defaultdict(set)
        self._shown: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._eyes = ThreadPoolExecutor(1, "waiters")  # one thread: its database connection stays open

    async def wait(self, device: int, seconds: float, shown: int = 0) -> bool:
        """Whether something became new for the device within so many seconds. ``shown``: the question that it shows."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[bool] = loop.create_future()
        self._held[device].add(woken)
        if shown:
            self._shown[device] = shown
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._look())
        try:
            return await asyncio.wait_for(woken, seconds)
        except TimeoutError:
            return False
        finally:
            self._held[device].discard(woken)
            if self._shown.get(device) == shown:
                del self._shown[device]
            if not self._held[device]:
                del self._held[device]

    async def _look(self) -> None:
        from onewindow.voice.evaluators import News

        loop, news = asyncio.get_running_loop(), News()
        while self._held:
            with contextlib.suppress(
                Exception
            ):  # the database is away for a moment: the polls end by themselves
                shown = tuple(self._shown.values())
                for device in await loop.run_in_executor(self._eyes, news.look, shown):
                    for woken in self._held.get(device, ()):
                        if not woken.done():
                            woken.set_result(True)
            await asyncio.sleep(LOOK)


class Front:
    """An ASGI application around a WSGI one."""

    def __init__(self, application: Any, threads: int):
        self.application = application
        self.pool = ThreadPoolExecutor(threads, "django")
        self.waiters = Waiters()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        with contextlib.closing(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)) as body:
            if not await self._read(receive, body):
                return  # whoever asked has gone
            if body.tell() > LARGEST:
                await _quietly(send, TOO_LARGE)
                await _quietly(send, {"type": "http.response.body", "body": b""})
                return
            body.seek(0)
            if scope["path"] == "/api/device/v1/next" and b"wait=" in scope["query_string"]:
                await self._poll(scope, receive, send)
            else:
                await self._pass(scope, body, send)

    async def _read(self, receive: Receive, body: Any) -> bool:
        """Reads the body to its end, or to where it is too large; False if the caller hangs up."""
        more = True
        while more and body.tell() <= LARGEST:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            body.write(message.get("body", b""))
            more = message.get("more_body", False)
        return True

    async def _pass(self, scope: Scope, body: Any, send: Send) -> None:
        """Runs one request in a thread; a stream is sent on piece by piece, as it comes."""
        loop = asyncio.get_running_loop()

        def say(message: dict[str, Any]) -> None:
            asyncio.run_coroutine_threadsafe(_quietly(send, message), loop).result()

        for message in await loop.run_in_executor(self.pool, self._run, scope, body, say):
            await _quietly(send, message)

    def _run(self, scope: Scope, body: Any, say: Callable[[dict[str, Any]], None]) -> list[dict[str, Any]]:
        """What is to be sent; a stream has been, but for its end."""
        begun: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            begun.update(_start(status, headers))

        parts = self.application(environ(scope, body), start)
        try:
            if not getattr(parts, "streaming", False):
                return [begun, {"type": "http.response.body", "body": b"".join(parts)}]
            say(begun)
            for part in parts:
                say({"type": "http.response.body", "body": part, "more_body": True})
            return [{"type": "http.response.body", "body": b""}]
        finally:
            if hasattr(parts, "close"):
                parts.close()

    async def _poll(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One poll: answered at once if there is something to say, else when there is, or when its time is over."""
        loop = asyncio.get_running_loop()
        started, body = await loop.run_in_executor(self.pool, self._run, scope, io.BytesIO(), _never)
        hold = next((v.decode() for k, v in started["headers"] if k == HOLD.encode()), "")
        if hold:
            device, seconds, *shown = (int(x) for x in hold.split())
            gone = asyncio.ensure_future(_gone(receive))
            waiting = asyncio.ensure_future(self.waiters.wait(device, seconds, *shown))
            await asyncio.wait({gone, waiting}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if not waiting.done():
                waiting.cancel()
                return
            if waiting.result():
                started, body = await loop.run_in_executor(self.pool, self._run, scope, io.BytesIO(), _never)
            else:
                drop = (b"retry-after",)  # it has waited: it may ask again at once
                started["headers"] = [h for h in started["headers"] if h[0] not in drop] + [
                    (b"retry-after", b"0")
                ]
        started["headers"] = [h for h in started["headers"] if h[0] != HOLD.encode()]
        await _quietly(send, started)
        await _quietly(send, body)


async def _quietly(send: Send, message: MutableMapping[str, Any]) -> None:
    """Who has gone misses the answer, and nothing else happens."""
    with contextlib.suppress(OSError, RuntimeError):
        await send(message)


def _never(message: dict[str, Any]) -> None:
    raise AssertionError("a poll is no stream")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(status: str, headers: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": int(status.split(" ", 1)[0]),
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
    }


def environ(scope: Scope, body: Any) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an ASGI request."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    found = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1").upper().replace("-", "_")
        if "_" in raw.decode("latin-1"):
            continue  # a header with an underscore could pass for another one
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        text = value.decode("latin-1")
        join = "; " if key == "HTTP_COOKIE" else ","
        found[key] = f"{found[key]}{join}{text}" if key in found else text
    if "CONTENT_LENGTH" not in found:  # sent in chunks
        found["CONTENT_LENGTH"] = str(_size(body))
    return found


def _size(body: Any) -> int:
    end = body.seek(0, os.SEEK_END)
    body.seek(0)
    return int(end)


def _application() -> Front:
    from django.conf import settings

    from onewindow.config.wsgi import application

    return Front(application, settings.THREADS)


application = _application()
