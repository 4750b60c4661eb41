"""The door of the web server: what passes through it is what a WSGI server would have passed."""

import asyncio
import io
import os
from concurrent.futures import ThreadPoolExecutor
from wsgiref.validate import validator

import pytest
from django.core.handlers.wsgi import WSGIHandler

from onewindow.config import front


def run(work):
    """Runs a coroutine in a thread of its own: in this one the browser of other tests may hold an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def asked(
    application, path="/", *, method="GET", query="", headers=(), body=(b"",), hang_up=False, threads=2
):
    """One request through the door; gives status, headers and the pieces of the body."""
    sent = []
    messages = [
        {"type": "http.request", "body": part, "more_body": n < len(body) - 1} for n, part in enumerate(body)
    ]

    async def receive():
        if messages:
            return messages.pop(0)
        if not hang_up:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(), "scheme": "http", "http_version": "1.1",
        "headers": [(k.encode(), v.encode()) for k, v in headers], "client": ("192.0.2.7", 5), "server": ("here", 8000),
    }  # fmt: skip
    its = front.Front(application, threads)
    run(its(scope, receive, send))
    its.pool.shutdown()
    if not sent:
        return None
    start, *parts = sent
    return start["status"], dict(start["headers"]), [part["body"] for part in parts]


def echo(environ, start_response):
    """Says what it was given."""
    said = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
    names = (
        "REQUEST_METHOD",
        "PATH_INFO",
        "QUERY_STRING",
        "REMOTE_ADDR",
        "HTTP_COOKIE",
        "HTTP_X_FORWARDED_FOR",
        "CONTENT_TYPE",
    )
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Two", "1")])
    return [repr([environ.get(n) for n in names]).encode(), said]


def test_a_request_keeps_its_path_query_headers_and_body():
    status, headers, body = asked(
        echo, "/办/", method="POST", query="q=%E5%8A%9E",
        headers=[("cookie", "a=1"), ("cookie", "b=2"), ("x-forwarded-for", "10.0.0.1"), ("x-forwarded-for", "10.0.0.2"),
                 ("content-type", "text/x"), ("x_forwarded_for", "6.6.6.6")],
        body=(b"one ", b"two"),
    )  # fmt: skip
    assert (status, headers[b"x-two"]) == (200, b"1")
    path = "/办/".encode().decode("latin-1")
    expected = ["POST", path, "q=%E5%8A%9E", "192.0.2.7", "a=1; b=2", "10.0.0.1,10.0.0.2", "text/x"]
    assert b"".join(body) == repr(expected).encode() + b"one two"


def test_the_environment_is_one_that_pep_3333_allows():
    def plain(environ, start_response):
        assert environ["wsgi.input"].read(3) == b"abc"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x"]

    assert asked(validator(plain), method="POST", body=(b"abc",))[2] == [b"x"]


def test_a_stream_is_passed_on_piece_by_piece_and_closed_at_its_end():
    closed = []

    class Pieces:
        streaming = True

        def __iter__(self):
            return iter([b"a", b"b"])

        def close(self):
            closed.append(True)

    def application(environ, start_response):
        start_response("200 OK", [])
        return Pieces()

    assert asked(application)[2] == [b"a", b"b", b""]
    assert closed == [True]


def test_a_large_body_waits_on_the_disk_and_a_huge_one_is_refused(monkeypatch):
    assert b"".join(asked(echo, method="POST", body=[b"x" * 1_000_000] * 3)[2]).endswith(b"x" * 3_000_000)
    monkeypatch.setattr(front, "LARGEST", 10)
    assert asked(echo, method="POST", body=[b"x" * 11, b"y"])[0] == 413


def test_whoever_hangs_up_gets_nothing():
    assert asked(echo, method="POST", body=(), hang_up=True) is None


def held(seconds):
    def application(environ, start_response):
        start_response("204 No Content", [("Retry-After", "3"), ("X-Device-Hold", f"7 {seconds}")])
        return [b""]

    return application


@pytest.fixture
def sightless(monkeypatch):
    """Nothing is ever new: the holding itself is looked at. (What wakes a poll is tested with a real server, tests/sim.)"""

    async def look(self):
        await asyncio.sleep(0)

    monkeypatch.setattr(front.Waiters, "_look", look)


def test_a_poll_is_held_for_as_long_as_it_may_be_and_then_answered(sightless):
    loop_time = []

    async def timed():
        began = asyncio.get_running_loop().time()
        its = front.Front(held(1), 1)
        sent = []

        async def receive():
            if not loop_time:
                loop_time.append(began)
                return {"type": "http.request"}
            await asyncio.sleep(60)

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/device/v1/next",
            "query_string": b"wait=25",
            "headers": [],
        }
        await its(scope, receive, send)
        return asyncio.get_running_loop().time() - began, sent

    took, (start, body) = run(timed())
    assert 1 <= took < 25  # a second, and not the 25 that were asked for
    assert (start["status"], start["headers"], body["body"]) == (204, [(b"retry-after", b"0")], b"")


def test_a_device_that_hangs_up_is_not_waited_for(sightless):
    assert asked(held(25), "/api/device/v1/next", query="wait=25", hang_up=True) is None


def test_a_poll_that_does_not_ask_to_wait_is_no_affair_of_the_door():
    status, headers, _body = asked(held(25), "/api/device/v1/next")
    assert (status, headers[b"retry-after"]) == (204, b"3")


@pytest.mark.django_db(transaction=True)
def test_django_answers_through_the_door():
    status, headers, body = asked(WSGIHandler(), "/healthz", headers=[("host", "localhost")])
    assert (status, body, headers[b"x-content-type-options"]) == (200, [b"ok\n"], b"nosniff")


def test_a_body_in_chunks_has_a_length_too():
    assert (
        front.environ(
            {"method": "POST", "path": "/", "query_string": b"", "headers": []}, io.BytesIO(b"abc")
        )["CONTENT_LENGTH"]
        == "3"
    )
    assert os.environ.get("ONEWINDOW_THREADS", "4") == "4"
