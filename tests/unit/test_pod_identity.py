"""The pod identity service, played by a small server on loopback."""

from __future__ import annotations

import asyncio
import datetime
import http.server
import json
import pathlib
import threading
from typing import Any, Iterator

import pytest

from jupyter_notebook_stop.errors import CredentialsError
from jupyter_notebook_stop.modelarts.credential_sources import builtin_sources
from jupyter_notebook_stop.modelarts.credentials import CredentialChain, Credentials

MOMENT = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc).timestamp()


class Service(http.server.ThreadingHTTPServer):
    """Answers every POST the same."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body = b""
        self.location = ""
        self.asked: list[tuple[str, str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/credentials"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        service = self.server
        assert isinstance(service, Service)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        service.asked.append((self.command, self.path, self.headers.get("Authorization", ""), body))
        self.send_response(service.status)
        self.send_header("Content-Length", str(len(service.body)))
        if service.location:
            self.send_header("Location", service.location)
        self.end_headers()
        self.wfile.write(service.body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)


@pytest.fixture
def environ(service: Service, tmp_path: pathlib.Path) -> dict[str, str]:
    file = tmp_path / "pod-token"
    file.write_text("pod-token-secret\n", encoding="utf-8")
    return {
        "HC_CONTAINER_CREDENTIALS_FULL_URI": service.url,
        "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
    }


def answer(**fields: Any) -> bytes:
    return json.dumps({"credential": {"access": "ak", "secret": "sk", **fields}}).encode()


@pytest.mark.parametrize(
    ("outer", "access", "secret", "token", "expiry"),
    [
        ("credential", "access", "secret", "securitytoken", "expires_at"),
        ("credentials", "accessKeyId", "secretAccessKey", "securityToken", "expiration"),
        ("credential", "access_key_id", "secret_access_key", "security_token", "expiration"),
        ("credentials", "access_key_id", "secret", "securityToken", "expires_at"),
    ],
)
def test_every_spelling(
    service: Service, environ: dict[str, str], outer: str, access: str, secret: str, token: str, expiry: str
) -> None:
    found = {access: "ak", secret: "sk", token: "token", expiry: "2030-01-02T03:04:05Z", "unknown": 1}
    service.body = json.dumps({outer: found}).encode()
    credentials = builtin_sources(None, environ)["pod_identity"]()
    assert credentials is not None
    assert credentials.secrets() == ("ak", "sk", "token")
    assert (credentials.source, credentials.expires_at) == ("pod identity", MOMENT)
    assert service.asked == [("POST", "/v1/credentials", "pod-token-secret", b"{}")]


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2030-01-02T03:04:05Z", 0.0),
        ("2030-01-02T03:04:05.250Z", 0.25),
        ("2030-01-02T03:04:05.250000Z", 0.25),
        ("2030-01-02T03:04:05+00:00", 0.0),
        ("2030-01-02T05:04:05+02:00", 0.0),
        ("2030-01-02T03:04:05", 0.0),
        ("2030-01-02T03:04:05.5", 0.5),
    ],
)
def test_an_expiry_with_and_without_fractions(
    service: Service, environ: dict[str, str], text: str, after: float
) -> None:
    service.body = answer(expires_at=text)
    credentials = builtin_sources(None, environ)["pod_identity"]()
    assert credentials is not None
    assert credentials.expires_at == MOMENT + after


def test_without_an_expiry(service: Service, environ: dict[str, str]) -> None:
    service.body = answer()
    credentials = builtin_sources(None, environ)["pod_identity"]()
    assert credentials is not None
    assert (credentials.expires_at, credentials.security_token) == (None, None)


def test_no_proxy_sees_the_keys(
    service: Service, environ: dict[str, str], proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    service.body = answer()
    assert builtin_sources(None, environ)["pod_identity"]() is not None
    assert (len(service.asked), proxy.asked) == (1, [])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "contains no valid credential"),
        (b"[]", "contains no valid credential"),
        (b"<html>sk-secret</html>", "contains no valid credential"),
        (b"{}", "contains no valid credential"),
        (b'{"credential": "sk-secret"}', "contains no valid credential"),
        (answer(expires_at="soon sk-secret"), "contains no valid credential"),
        (answer(expires_at=["sk-secret"]), "contains no valid credential"),
        (answer(access=""), "access key is missing"),
        (answer(secret=None), "secret key is missing"),
        (answer(secret={"x": "sk-secret"}), "secret key is missing"),
        (b'{"x": "' + b"x" * 70_000 + b'"}', "too large"),
        (b'{"credential": {"x": "sk-secret"}}', "pod_identity: no credentials"),
        (b'{"credential": {"access": "sk-secret\xff"}}', "UnicodeDecodeError"),
    ],
)
def test_what_is_no_credential(service: Service, environ: dict[str, str], body: bytes, says: str) -> None:
    service.body = body
    source = builtin_sources(None, environ)["pod_identity"]

    async def ask() -> Credentials:
        return await CredentialChain([("pod_identity", source)]).get()

    with pytest.raises(CredentialsError, match=says) as caught:
        asyncio.run(ask())
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("status", [302, 401, 500])
def test_a_refusal(service: Service, environ: dict[str, str], status: int) -> None:
    service.status, service.body, service.location = status, answer(), service.url
    with pytest.raises(CredentialsError, match=f"HTTP {status}"):
        builtin_sources(None, environ)["pod_identity"]()
    assert len(service.asked) == 1, "a redirect would take the token elsewhere"


@pytest.mark.parametrize(
    "uri",
    [
        "http://evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1/x",
    ],
)
def test_the_token_goes_to_near_or_proven_services_only(environ: dict[str, str], uri: str) -> None:
    with pytest.raises(CredentialsError, match="must be https, or http to a loopback or link-local"):
        builtin_sources(None, {**environ, "HC_CONTAINER_CREDENTIALS_FULL_URI": uri})["pod_identity"]()


@pytest.mark.parametrize("left_out", ["HC_CONTAINER_CREDENTIALS_FULL_URI", "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
def test_without_its_variables_it_asks_nobody(service: Service, environ: dict[str, str], left_out: str) -> None:
    del environ[left_out]
    assert builtin_sources(None, environ)["pod_identity"]() is None
    assert service.asked == []


def test_a_missing_token_file_is_an_error_of_this_source(environ: dict[str, str]) -> None:
    with pytest.raises(FileNotFoundError):
        builtin_sources(None, {**environ, "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/at/all"})["pod_identity"]()
