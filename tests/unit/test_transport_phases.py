"""What ends a request before its first byte left is told apart from what ends it later: the one may be repeated."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import threading
import time
from typing import Any, AsyncGenerator, Callable, Iterator, Mapping

import httpx
import pytest

from jupyter_notebook_stop.errors import OutcomeUnknownError
from jupyter_notebook_stop.modelarts.transport import (
    NotSentError,
    Progress,
    ResponseLostError,
    Timeouts,
    Transport,
    TransportError,
)

from ..hostile.conftest import full_backlog, small_heap
from ..waiting import until_true

__all__ = ["small_heap"]

LIMITS = Timeouts(connect=60.0, read=60.0, write=60.0, pool=60.0)

DEADLINES = (0.05, 0.3, 1.0, 5.0)
"""Seconds for a request: as few as are enough, on a machine as busy as it is, to come as far as its scene lets it."""


class Followed(Progress):
    """Records the events of its request."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        self.events.append(event)
        await super().__call__(event, info)


class SlowKeys(httpx.Auth):
    """Credentials that never come."""

    asked = False

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        self.asked = True
        await asyncio.Event().wait()
        yield request


class Scene:
    """A transport whose request comes as far as one phase, and no farther."""

    def __init__(self, endpoint: str, trusting: ssl.SSLContext, reached: str | Callable[[Followed], bool]) -> None:
        self.endpoint = endpoint
        self.trusting = trusting
        self.auth = httpx.Auth()
        self.reached = reached
        self.others = 0
        self.kept = False

    def has_come(self, progress: Followed) -> bool:
        return self.reached in progress.events if isinstance(self.reached, str) else self.reached(progress)

    @contextlib.asynccontextmanager
    async def transport(self) -> AsyncGenerator[Transport, None]:
        transport = Transport(self.endpoint, auth=self.auth, verify=self.trusting, timeouts=LIMITS)
        others = []
        try:
            if self.kept:
                await transport.send("GET", "/", time.monotonic() + 60)
            if self.others:
                pool: Any = transport._http._transport
                pool._pool._max_connections = self.others
                for _ in range(self.others):
                    first = Followed()
                    others.append(asyncio.ensure_future(transport.send("GET", "/", time.monotonic() + 60, first)))
                    await until_true(lambda first=first: first.maybe_sent)  # type: ignore[misc]
            yield transport
        finally:
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await transport.aclose()


@contextlib.contextmanager
def listening(first_response: bytes = b"") -> Iterator[int]:
    """Let everybody in, respond once at most, and then be silent."""
    held: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                held.append(connection)
                if first_response:
                    connection.recv(65536)
                    connection.sendall(first_response)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in held:
            connection.close()


BEFORE = ["credentials", "pool", "name", "connect", "tls", "proxy", "tls behind a proxy"]
AFTER = ["response", "response on a kept connection", "response behind a proxy"]


@pytest.fixture
def scene(phase: str, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with contextlib.ExitStack() as stack:

        def at(reached: str | Callable[[Followed], bool], first_response: bytes = b"", scheme: str = "http") -> Scene:
            port = stack.enter_context(listening(first_response))
            if "proxy" in phase:
                monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{port}")
                return Scene(f"{scheme}://cloud.invalid", trusting, reached)
            return Scene(f"{scheme}://127.0.0.1:{port}", trusting, reached)

        if phase == "credentials":
            made = at(lambda progress: keys.asked)
            made.auth = keys = SlowKeys()
        elif phase == "pool":
            made = at(lambda progress: progress.is_ready)
            made.others = 2
        elif phase == "name":
            asked, release = threading.Event(), threading.Event()
            stack.callback(release.set)

            def hang(*arguments: Any, **options: Any) -> Any:
                asked.set()
                release.wait(60)
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

            monkeypatch.setattr(socket, "getaddrinfo", hang)
            made = Scene("https://cloud.invalid", trusting, lambda progress: asked.is_set())
        elif phase == "connect":
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            stack.enter_context(full_backlog(port))
            made = Scene(f"http://127.0.0.1:{port}", trusting, "connection.connect_tcp.started")
        elif phase == "tls":
            made = at("connection.start_tls.started", scheme="https")
        elif phase == "proxy":
            made = at("http11.receive_response_headers.started", scheme="https")
        elif phase == "tls behind a proxy":
            made = at("proxy.start_tls.started", b"HTTP/1.1 200 Connection established\r\n\r\n", "https")
        elif phase == "response on a kept connection":
            made = at("http11.receive_response_headers.started", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            made.kept = True
        elif phase == "response behind a proxy":
            # Only a request without TLS is itself given to the proxy.
            made = at("http11.receive_response_headers.started")
        else:
            made = at("http11.receive_response_headers.started")
        yield made


def send(scene: Scene, limit: float, then: Callable[[asyncio.Task[Any]], Any]) -> tuple[BaseException, Followed]:
    """Return how a request ended that had come as far as the scene lets it, and its progress."""

    async def main() -> tuple[BaseException, Followed]:
        progress = Followed()
        async with scene.transport() as transport:
            sending = asyncio.ensure_future(transport.send("POST", "/stop", time.monotonic() + limit, progress))
            await until_true(lambda: scene.has_come(progress) or sending.done())
            then(sending)
            await asyncio.wait({sending})
            try:
                sending.result()
            except (TransportError, asyncio.CancelledError) as ended:
                return ended, progress
            raise AssertionError("a response came")

    try:
        return asyncio.run(main())
    finally:
        # A connection that was left open warns when it is collected, which fails the test.
        gc.collect()


def wait(sending: asyncio.Task[Any]) -> None:
    return


def send_until_deadline(scene: Scene) -> tuple[BaseException, Followed]:
    """Return how the deadline ended a request that had come as far as the scene lets it, and its progress."""
    for limit in DEADLINES:
        error, progress = send(scene, limit, wait)
        if scene.has_come(progress):
            return error, progress
    raise AssertionError(f"within {limit} s the request did not come that far; it ended with {error!r}")


@pytest.mark.parametrize("phase", BEFORE)
def test_a_deadline_before_anything_was_sent(scene: Scene, phase: str) -> None:
    error, progress = send_until_deadline(scene)
    assert isinstance(error, NotSentError)
    assert error.code == ("timeout" if phase == "credentials" else "connect_timeout")
    assert not error.final, "sending again may help"
    assert not progress.maybe_sent


@pytest.mark.parametrize("phase", AFTER)
def test_a_deadline_after_the_request_was_sent(scene: Scene, phase: str) -> None:
    error, progress = send_until_deadline(scene)
    assert isinstance(error, ResponseLostError)
    assert error.code == "timeout"
    assert progress.maybe_sent
    assert ("connection.connect_tcp.started" in progress.events) == (not scene.kept)


@pytest.mark.parametrize("phase", [*BEFORE, *AFTER])
def test_a_cancel_tells_whether_anything_was_sent(scene: Scene, phase: str) -> None:
    error, progress = send(scene, 60.0, lambda sending: sending.cancel())
    assert isinstance(error, asyncio.CancelledError)
    assert progress.maybe_sent == (phase in AFTER)


@pytest.mark.parametrize("phase", ["tls", "proxy", "response"])
def test_a_connection_that_breaks(phase: str, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                connection.recv(65536)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        here = f"127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("https_proxy", f"http://{here}")
        endpoints = {"tls": f"https://{here}", "proxy": "https://cloud.invalid", "response": f"http://{here}"}
        error, progress = send(Scene(endpoints[phase], trusting, lambda progress: True), 60.0, wait)
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    assert isinstance(error, ResponseLostError if phase == "response" else NotSentError)
    assert isinstance(error, TransportError)
    assert not error.final
    assert progress.maybe_sent == (phase == "response")


@pytest.mark.parametrize("phase", ["name"])
def test_where_httpx_reports_nothing_all_may_have_been_sent(
    scene: Scene, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(self: Progress, event: str, info: Mapping[str, Any]) -> None:
        return

    monkeypatch.setattr(Progress, "_reports", False)
    monkeypatch.setattr(Progress, "__call__", silent)
    monkeypatch.setattr(Followed, "__call__", silent)
    error, progress = send_until_deadline(scene)
    assert isinstance(error, ResponseLostError)
    assert progress.maybe_sent


@pytest.mark.parametrize("phase", ["name", "connect", "tls", "proxy"])
def test_a_stop_that_was_not_sent_is_not_called_sent(cloud: Any, scene: Scene, phase: str) -> None:
    for limit in DEADLINES:
        with pytest.raises(NotSentError) as caught:
            cloud.stop(endpoint=scene.endpoint, timeouts=LIMITS._replace(total=limit))
        if caught.value.code == "connect_timeout":
            break
    assert "could not be reached in time" in caught.value.message
    assert "was sent" not in str(caught.value)


@pytest.mark.parametrize("phase", ["response"])
def test_a_stop_that_was_sent_is_called_sent(cloud: Any, scene: Scene, phase: str) -> None:
    for limit in DEADLINES:
        with pytest.raises((OutcomeUnknownError, NotSentError)) as caught:
            cloud.stop(endpoint=scene.endpoint, timeouts=LIMITS._replace(read=limit, total=limit))
        if isinstance(caught.value, OutcomeUnknownError):
            break
    assert "The stop was sent, but" in str(caught.value)
