"""The way to the cloud: limits, TLS, proxies."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gzip
import logging
import os
import pathlib
import socket
import ssl
import threading
import time
import traceback
import zlib
from typing import Any, Callable, Iterator

import httpx
import pytest

import jupyter_notebook_stop
from jupyter_notebook_stop.errors import CloudError, CredentialsError, OutcomeUnknownError, UnreachableError
from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.credentials import Credentials
from jupyter_notebook_stop.modelarts.transport import NotSentError, Timeouts, Transport, TransportError
from jupyter_notebook_stop.redaction import Secret
from jupyter_notebook_stop.simulator import Answer, Redirect

REAL = "https://modelarts.cn-north-4.myhuaweicloud.com"
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def own_trust(certificate: tuple[str, str]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


@pytest.fixture
def proxied(proxy: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in PROXIES:
        monkeypatch.setenv(name, proxy.url)
    return proxy


def test_the_limits_reach_the_client(trusting: ssl.SSLContext) -> None:
    limits = Timeouts(connect=1.0, read=2.0, write=3.0, pool=4.0, total=5.0)

    async def main() -> httpx.Timeout:
        transport = Transport(REAL, auth=httpx.Auth(), verify=trusting, timeouts=limits)
        await transport.aclose()
        return transport._http.timeout

    assert asyncio.run(main()) == httpx.Timeout(connect=1.0, read=2.0, write=3.0, pool=4.0)
    assert all(limit > 0 for limit in Timeouts()), "there is a limit for everything by default"


def test_nothing_is_sent_when_the_time_is_over(cloud: Any) -> None:
    with pytest.raises(NotSentError, match="time limit for this operation was reached"):
        cloud.show(timeouts=Timeouts(total=-1.0))
    assert cloud.simulator.count() == 0


def test_a_certificate_that_nobody_trusts_is_refused(cloud: Any, secure_simulator: Any) -> None:
    for act in (cloud.show, cloud.stop):
        with pytest.raises(UnreachableError) as caught:
            act(endpoint=secure_simulator.endpoint)
        assert caught.value.code == "tls"
        assert "SSL_CERT_FILE" in str(caught.value.remedy)
    assert secure_simulator.count() == 0
    assert cloud.slept == [], "trying again would not help"


def test_a_certificate_of_a_site_s_own_authority_is_taken(secure_cloud: Any) -> None:
    assert secure_cloud.show().status == "RUNNING"
    assert secure_cloud.stop().status == "STOPPING"


@pytest.fixture
def secure_cloud(cloud: Any, secure_simulator: Any, certificate: tuple[str, str]) -> Any:
    return type(cloud)(secure_simulator, own_trust(certificate))


def test_a_certificate_of_another_host_is_refused(secure_cloud: Any) -> None:
    endpoint = secure_cloud.simulator.endpoint.replace("127.0.0.1", "localhost")
    with pytest.raises(UnreachableError) as caught:
        secure_cloud.show(endpoint=endpoint)
    assert caught.value.code == "tls"


@pytest.mark.parametrize("part", ["verify=False", "CERT_NONE", "check_hostname", "_create_unverified_context"])
def test_nothing_on_the_way_to_the_cloud_turns_verification_off(part: str) -> None:
    # The other rooms talk to this machine alone: their servers are Jupyter's and the stand-in.
    package = pathlib.Path(jupyter_notebook_stop.__file__).parent
    files = [*package.glob("*.py"), *package.glob("policy/*.py"), *package.glob("modelarts/*.py")]
    assert {"transport.py", "client.py", "credentials.py", "instance.py"} <= {path.name for path in files}
    assert [path.name for path in files if part in ast.unparse(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_the_proxy_leads_to_the_cloud(secure_cloud: Any, proxied: Any) -> None:
    proxied.target = secure_cloud.simulator.port
    assert secure_cloud.show(endpoint=REAL).status == "RUNNING"
    assert secure_cloud.stop(endpoint=REAL).status == "STOPPING"
    assert proxied.asked == ["CONNECT modelarts.cn-north-4.myhuaweicloud.com:443 HTTP/1.1"] * 2
    assert secure_cloud.order() == ["show", "stop"]


def test_the_proxy_can_not_put_itself_in_the_cloud_s_place(cloud: Any, secure_simulator: Any, proxied: Any) -> None:
    proxied.target = secure_simulator.port
    with pytest.raises(UnreachableError) as caught:
        cloud.show(endpoint=REAL)
    assert caught.value.code == "tls"
    assert secure_simulator.count() == 0


def test_loopback_is_never_proxied(cloud: Any, proxied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert cloud.show().status == "RUNNING"
    assert cloud.stop(endpoint=cloud.simulator.endpoint.replace("127.0.0.1", "localhost")).status == "STOPPING"
    assert proxied.asked == []


@pytest.mark.parametrize(
    "status", ["403 Forbidden by the test", "407 Proxy Authentication Required", "502 Bad Gateway"]
)
def test_a_proxy_that_refuses(cloud: Any, proxied: Any, status: str) -> None:
    proxied.answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    for act in (cloud.show, cloud.stop):
        with pytest.raises(NotSentError) as caught:
            act(endpoint=REAL)
        assert caught.value.code == "proxy"
        assert status in caught.value.message
        assert "https_proxy" in str(caught.value.remedy)
    assert len(proxied.asked) == 2


def test_a_proxy_that_is_not_there(cloud: Any, deaf_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{deaf_port}")
    with pytest.raises(NotSentError):
        cloud.stop(endpoint=REAL)


@pytest.mark.parametrize(
    "address",
    ["gopher://user:password@127.0.0.1", "socks5://user:password@127.0.0.1:1080", "http://127.0.0.1:password"],
)
def test_a_proxy_whose_address_makes_no_sense(cloud: Any, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("https_proxy", address)
    for act in (cloud.show, cloud.stop):
        with pytest.raises(UnreachableError) as caught:
            act(endpoint=REAL)
        error: BaseException | None = caught.value
        assert "password" not in f"{error} {vars(error)}"
        assert "proxy" in str(error)
        assert caught.value.code == "bad_proxy"
    assert cloud.slept == []


STRANGE = ["line\nbreak", "line\r\nX-Injected: 1", "nul\x00", "half \ud800", "blank space"]


@pytest.mark.parametrize("text", STRANGE, ids=repr)
@pytest.mark.parametrize("name", ["auth_token", "access_key", "secret_key", "security_token"])
def test_a_secret_that_is_no_header_reaches_nobody(
    cloud: Any, caplog: pytest.LogCaptureFixture, name: str, text: str
) -> None:
    caplog.set_level(logging.DEBUG)
    held: dict[str, Any] = {"access_key": Secret("AK"), "secret_key": Secret("SK"), name: Secret(text)}
    with pytest.raises(CredentialsError, match="characters not allowed in an HTTP header") as caught:
        cloud.stop(source=lambda: Credentials(source="t", **held))
    said = "".join(traceback.format_exception(None, caught.value, None)) + caplog.text
    assert text not in said
    assert repr(text)[1:-1] not in said
    assert cloud.simulator.count() == 0


@pytest.mark.parametrize("location", ["http://[::1", "javascript:1", "//", "https://elsewhere.invalid/"])
def test_a_redirect_to_whatever_is_an_answer(cloud: Any, location: str) -> None:
    cloud.simulator.faults.add("stop", Redirect(location=location))
    with pytest.raises(CloudError) as caught:
        cloud.stop()
    assert (caught.value.code, caught.value.status) == ("http_302", 302)
    assert cloud.order() == ["stop"]


def test_no_cookie_is_kept(cloud: Any) -> None:
    async def look_twice(client: NotebooksClient) -> None:
        for _ in range(2):
            await client.show(cloud.simulator.instance_id)

    cloud.simulator.faults.add("show", Answer(body='{"status": "RUNNING"}', headers={"Set-Cookie": "a=b; Path=/"}))
    cloud.run(look_twice)
    assert not any("cookie" in request.headers for request in cloud.simulator.requests)
    assert cloud.simulator.count() == 2


@contextlib.contextmanager
def saying(answer: bytes, raw: bytes = b"", context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Answer every request with these bytes, then send others past the TLS, and go."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with context.wrap_socket(connection, server_side=True) if context else connection as talking:
                    talking.recv(65536)
                    talking.sendall(answer)
                    if raw:
                        os.write(talking.fileno(), raw)
                        talking.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{listening.getsockname()[1]}"


def head(body: bytes, *more: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Type: application/json", b"Connection: close", *more]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


OTHER = '{"id": "%s", "status": "RUNNING"}'


@pytest.mark.parametrize(
    ("encoding", "pack", "code"),
    [
        (b"gzip", gzip.compress, "bad_answer"),
        (b"deflate", zlib.compress, "bad_answer"),
        (b"identity", bytes, None),
        (b"gzip", bytes, "bad_answer"),
        (b"br", bytes, "bad_answer"),
        (b"gzip, gzip", lambda body: gzip.compress(gzip.compress(b"x" * 10_000_000) * 30), "bad_answer"),
        (b"gzip", lambda body: gzip.compress(b"x" * 5_000_000) * 10, "bad_answer"),
    ],
)
def test_a_packed_answer(cloud: Any, encoding: bytes, pack: Callable[[bytes], bytes], code: str | None) -> None:
    body = pack((OTHER % cloud.simulator.instance_id).encode())
    with saying(head(body, b"Content-Encoding: " + encoding)) as endpoint:
        began = time.process_time()
        if code is None:
            assert cloud.show(endpoint=endpoint).status == "RUNNING"
        else:
            with pytest.raises(UnreachableError) as caught:
                cloud.show(endpoint=endpoint)
            assert caught.value.code == code
        assert time.process_time() - began < 0.5, "it was unpacked"


@pytest.mark.parametrize("operation", ["show", "stop"])
def test_a_tls_record_that_is_broken(cloud: Any, certificate: tuple[str, str], operation: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    cloud.verify = own_trust(certificate)
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"
    with saying(begun, b"this is no record", context) as endpoint, pytest.raises(UnreachableError) as caught:
        getattr(cloud, operation)(endpoint=endpoint)
    assert isinstance(caught.value, OutcomeUnknownError if operation == "stop" else TransportError)
    assert "closed the connection before the response was complete" in str(caught.value)
