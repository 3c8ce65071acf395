"""What each failure of httpx counts as, before and after the request was sent, and what is sent and read at all."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any, AsyncGenerator, Callable, Optional

import httpx
import pytest

from jupyter_notebook_stop.modelarts.transport import (
    MAX_RESPONSE,
    NotSentError,
    Progress,
    Response,
    ResponseLostError,
    Timeouts,
    Transport,
    TransportError,
)

ENDPOINT = "https://cloud.example"
Answer = Callable[[httpx.Request], Any]


def caused(error: Exception, cause: Exception, *, quietly: bool = False) -> Exception:
    if quietly:
        error.__context__ = cause
    else:
        error.__cause__ = cause
    return error


def unread(status: int = 200, body: bytes = b"", **headers: str) -> httpx.Response:
    """Return a response as it comes over a network."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, stream=httpx.ByteStream(body))


class Sender:
    """Sends one request by a network of the test's making."""

    def __init__(self, trusting: ssl.SSLContext) -> None:
        self.trusting = trusting
        self.requests: list[httpx.Request] = []
        self.observed: list[tuple[Any, ...]] = []

    def send(
        self,
        answer: Answer,
        *,
        steps: tuple[str, ...] = (),
        method: str = "POST",
        content: Optional[bytes] = None,
        left: float = 60.0,
        at: bytes = b"POST",
        auth: Optional[httpx.Auth] = None,
    ) -> Response:
        """Return the response; `steps` are those that httpx reports before the answer, of a request of method `at`."""

        async def handle(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            for step in steps:
                await request.extensions["trace"](step, {"request": type("Request", (), {"method": at})})
            result = answer(request)
            if isinstance(result, Exception):
                raise result
            response: httpx.Response = result
            return response

        async def main() -> Response:
            transport = Transport(
                ENDPOINT,
                lambda *seen: self.observed.append(seen),
                auth=auth or httpx.Auth(),
                verify=self.trusting,
                timeouts=Timeouts(),
            )
            transport._http._transport = httpx.MockTransport(handle)
            try:
                return await transport.send(method, "/v1/stop", time.monotonic() + left, content=content)
            finally:
                await transport.aclose()

        return asyncio.run(main())

    def fail(self, error: Exception, *, sent: bool = False, **more: Any) -> TransportError:
        """Return what the error of httpx counts as."""
        steps = ("connection.connect_tcp.started", *(["http11.send_request_headers.started"] if sent else []))
        with pytest.raises(TransportError) as caught:
            self.send(lambda request: error, steps=steps, **more)
        assert self.observed == []
        return caught.value


@pytest.fixture
def sender(trusting: ssl.SSLContext) -> Sender:
    return Sender(trusting)


def eof() -> Exception:
    return ssl.SSLEOFError(8, "EOF occurred in violation of protocol")


NEVER_SENT: list[tuple[Exception, str, bool, str]] = [
    (httpx.ConnectError("refused"), "connect", False, "Check the network and proxy"),
    (httpx.ConnectTimeout("slow"), "connect_timeout", False, "Check the network and proxy"),
    (httpx.PoolTimeout("busy"), "connect_timeout", False, "Check the network and proxy"),
    (caused(httpx.ConnectError("tls"), ssl.SSLCertVerificationError("who?")), "tls", True, "SSL_CERT_FILE"),
    (
        caused(httpx.ConnectError("tls"), ssl.SSLCertVerificationError("who?"), quietly=True),
        "tls",
        True,
        "SSL_CERT_FILE",
    ),
    (
        caused(httpx.ConnectError("tls"), caused(OSError("x"), ssl.SSLError("bad"))),
        "tls",
        True,
        "SSL_CERT_FILE",
    ),
    (ssl.SSLCertVerificationError("who?"), "tls", True, "SSL_CERT_FILE"),
    (caused(httpx.ConnectError("tls"), eof()), "connect", False, "Check the network and proxy"),
    (
        caused(httpx.ConnectError("tls"), ssl.SSLZeroReturnError(6, "closed")),
        "connect",
        False,
        "Check the network and proxy",
    ),
    (httpx.UnsupportedProtocol("gopher"), "bad_address", True, "Check the endpoint and https_proxy"),
    (httpx.InvalidURL("what"), "bad_address", True, "Check the endpoint and https_proxy"),
    (httpx.ProxyError("403 Forbidden"), "proxy", True, "Check https_proxy"),
]


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize(("error", "code", "final", "remedy"), NEVER_SENT, ids=lambda value: repr(value)[:40])
def test_what_was_certainly_not_sent(
    sender: Sender, error: Exception, code: str, final: bool, remedy: str, sent: bool
) -> None:
    found = sender.fail(error, sent=sent)
    assert isinstance(found, NotSentError)
    assert (found.code, found.final) == (code, final)
    assert str(found.remedy).startswith(remedy) or remedy in str(found.remedy)
    assert ENDPOINT in found.message
    assert found.__suppress_context__


@pytest.mark.parametrize(
    ("error", "before", "after"),
    [
        (httpx.ReadTimeout("slow"), "connect_timeout", "timeout"),
        (httpx.WriteTimeout("slow"), "connect_timeout", "timeout"),
        (asyncio.TimeoutError(), "connect_timeout", "timeout"),
        (httpx.ReadError("gone"), "connect", "connection_lost"),
        (httpx.RemoteProtocolError("odd"), "connect", "connection_lost"),
        (ConnectionResetError("gone"), "connect", "connection_lost"),
        (eof(), "connect", "connection_lost"),
        (ssl.SSLError("a broken record"), "connect", "connection_lost"),
    ],
    ids=repr,
)
def test_what_may_have_been_sent(sender: Sender, error: Exception, before: str, after: str) -> None:
    found = sender.fail(error)
    assert isinstance(found, NotSentError)
    assert (found.code, found.final) == (before, False)
    found = sender.fail(error, sent=True)
    assert isinstance(found, ResponseLostError)
    assert (found.code, found.final, found.remedy) == (after, False, "Wait a minute and try again.")


@pytest.mark.parametrize("step", ["http11.send_request_headers.started", "http2.send_request_headers.started"])
def test_from_its_headers_on_a_request_counts_as_sent(sender: Sender, step: str) -> None:
    with pytest.raises(ResponseLostError):
        sender.send(lambda request: httpx.ReadError("gone"), steps=(step,))
    with pytest.raises(NotSentError):
        sender.send(lambda request: httpx.ReadError("gone"), steps=(step,), at=b"CONNECT")
    with pytest.raises(NotSentError):
        sender.send(lambda request: httpx.ReadError("gone"), steps=(f"{step}.not",))


def test_as_long_as_nothing_is_reported_what_was_ready_counts_as_sent(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Progress, "_reports", False)
    with pytest.raises(ResponseLostError):
        sender.send(lambda request: httpx.ReadError("gone"))
    assert not Progress().maybe_sent


def test_what_a_proxy_says_is_shown_in_part_and_on_one_line(sender: Sender) -> None:
    found = sender.fail(httpx.ProxyError("407 Who\nare you? " + "x" * 200))
    assert "407 Who are you? " in found.message
    assert f"{'x' * 63})" in found.message
    assert "x" * 64 not in found.message


class Broken(httpx.Auth):
    """Credentials that cannot be had."""

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise ConnectionResetError("the source is gone")
        yield request


def test_a_failure_before_the_request_is_complete_is_no_end_of_the_time(sender: Sender) -> None:
    found = sender.fail(ZeroDivisionError(), auth=Broken())
    assert isinstance(found, NotSentError)
    assert (found.code, found.final) == ("connect", False)
    assert sender.requests == []


class Endless(httpx.AsyncByteStream):
    """A body without an end."""

    closed = False

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x" * 65536

    async def aclose(self) -> None:
        self.closed = True


def test_what_is_not_read_to_its_end_is_closed(sender: Sender) -> None:
    body = Endless()
    with pytest.raises(ResponseLostError):
        sender.send(lambda request: httpx.Response(200, stream=body))
    assert body.closed


@pytest.mark.parametrize("left", [0.0, -5.0])
def test_when_the_time_is_over_nothing_is_sent(sender: Sender, left: float) -> None:
    with pytest.raises(NotSentError) as caught:
        sender.send(lambda request: unread(), left=left)
    assert (caught.value.code, caught.value.final, caught.value.remedy) == ("timeout", False, "Try again later.")
    assert sender.requests == []


def test_what_is_sent(sender: Sender) -> None:
    sender.send(lambda request: unread(), method="PATCH", content=b"{}")
    [request] = sender.requests
    assert (request.method, str(request.url), request.content) == ("PATCH", f"{ENDPOINT}/v1/stop", b"{}")
    headers = {name: request.headers[name] for name in ("content-type", "accept", "accept-encoding")}
    assert headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
    }


def test_what_is_read_is_told(sender: Sender) -> None:
    response = sender.send(lambda request: unread(503, b"busy", X_Request_Id="r1"))
    assert (response.status, response.body, response.headers["x-request-id"]) == (503, b"busy", "r1")
    [(method, path, status, headers, body)] = sender.observed
    assert (method, path, status, body) == ("POST", "/v1/stop", 503, b"busy")
    assert headers["x-request-id"] == "r1"
    assert response.extensions is sender.requests[0].extensions


@pytest.mark.parametrize(("status", "ok"), [(199, False), (200, True), (299, True), (300, False), (404, False)])
def test_which_status_is_a_yes(status: int, ok: bool) -> None:
    assert Response(status, httpx.Headers(), b"", {}).ok is ok


def test_a_redirect_is_not_followed(sender: Sender) -> None:
    response = sender.send(lambda request: unread(302, Location="http://[::1"))
    assert response.status == 302
    assert len(sender.requests) == 1


@pytest.mark.parametrize(("size", "code"), [(MAX_RESPONSE, None), (MAX_RESPONSE + 1, "answer_too_large")])
def test_the_largest_response(sender: Sender, size: int, code: Optional[str]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return unread(body=b"x" * size)

    assert MAX_RESPONSE == 1024 * 1024
    if code is None:
        assert len(sender.send(answer).body) == size
        return
    with pytest.raises(ResponseLostError) as caught:
        sender.send(answer)
    assert (caught.value.code, caught.value.final) == (code, True)
    assert str(MAX_RESPONSE) in caught.value.message


@pytest.mark.parametrize(
    ("encoding", "fits"), [("identity", True), (" Identity ", True), ("gzip", False), ("br", False)]
)
def test_only_what_is_not_packed_is_read(sender: Sender, encoding: str, fits: bool) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return unread(body=b"{}", Content_Encoding=encoding)

    if fits:
        assert sender.send(answer).body == b"{}"
        return
    with pytest.raises(ResponseLostError) as caught:
        sender.send(answer)
    assert (caught.value.code, caught.value.final) == ("bad_answer", True)


def test_no_cookie_is_kept(trusting: ssl.SSLContext) -> None:
    cookies: list[Optional[str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        cookies.append(request.headers.get("cookie"))
        return unread(Set_Cookie="a=b; Path=/")

    async def main() -> None:
        transport = Transport(ENDPOINT, auth=httpx.Auth(), verify=trusting, timeouts=Timeouts())
        transport._http._transport = httpx.MockTransport(handle)
        for _ in range(2):
            await transport.send("GET", "/", time.monotonic() + 60)
        await transport.aclose()

    asyncio.run(main())
    assert cookies == [None, None]


@pytest.mark.parametrize(("endpoint", "proxied"), [("http://127.0.0.1:9", False), (ENDPOINT, True)])
def test_loopback_alone_is_reached_past_the_proxy(
    trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, endpoint: str, proxied: bool
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    async def main() -> bool:
        transport = Transport(endpoint, auth=httpx.Auth(), verify=trusting, timeouts=Timeouts())
        mounts = [mount for mount in transport._http._mounts.values() if mount is not None]
        await transport.aclose()
        return bool(mounts)

    assert asyncio.run(main()) is proxied


def test_the_limits_by_default() -> None:
    assert Timeouts() == (5.0, 15.0, 10.0, 5.0, 40.0)
