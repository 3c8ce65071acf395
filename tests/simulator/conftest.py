"""What the simulator's tests share: a simulator, a signed call to it, the official SDK's client for it."""

from __future__ import annotations

import functools
import time
from datetime import datetime, timezone
from typing import Any, Callable, Iterator

import httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials  # type: ignore[import-untyped]
from huaweicloudsdkmodelarts.v1 import ModelArtsClient  # type: ignore[import-untyped]

from jupyter_notebook_stop.modelarts.signature import DATE_FORMAT, authorization, sign, signed_header_names
from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import waiting


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def simulator() -> Iterator[ThreadedSimulator]:
    with ThreadedSimulator(step_seconds=0.01) as running:
        yield running


@pytest.fixture
def signed() -> Callable[..., dict[str, str]]:
    """Return a function that gives the headers of a signed call."""

    def make(
        simulator: ThreadedSimulator,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        query: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        access_key: str | None = None,
        secret_key: str | None = None,
        offset: float = 0.0,
        leave_out: tuple[str, ...] = (),
        unsigned: tuple[str, ...] = (),
    ) -> dict[str, str]:
        values = {
            "Host": simulator.endpoint.partition("://")[2],
            "X-Sdk-Date": datetime.fromtimestamp(time.time() + offset, timezone.utc).strftime(DATE_FORMAT),
            "X-Project-Id": simulator.project_id,
            "X-Security-Token": simulator.security_token,
            **(headers or {}),
        }
        values = {name: value for name, value in values.items() if value and name not in leave_out}
        names = [name for name in signed_header_names(values) if name not in unsigned]
        signature = sign(
            method=method,
            path=path,
            query=query,
            headers=values,
            body=body,
            secret_key=secret_key or simulator.secret_key,
            signed_names=names,
        )
        values["Authorization"] = authorization(access_key or simulator.access_key, signature, names)
        return values

    return make


@pytest.fixture
def call(signed: Callable[..., dict[str, str]]) -> Iterator[Callable[..., httpx.Response]]:
    """Return a function that makes a signed call; `action` is what follows the instance in the path."""
    with httpx.Client(trust_env=False, timeout=waiting.LIMIT) as client:

        def make(
            simulator: ThreadedSimulator,
            method: str = "GET",
            action: str = "",
            *,
            path: str | None = None,
            sent: dict[str, str] | None = None,
            body: bytes = b"",
            sent_body: bytes | None = None,
            query: tuple[tuple[str, str], ...] = (),
            **options: Any,
        ) -> httpx.Response:
            path = path or f"/v1/{simulator.project_id}/notebooks/{simulator.instance_id}{action}"
            headers = signed(simulator, method, path, body=body, query=query, **options)
            return client.request(
                method,
                simulator.endpoint + path,
                params=query or None,
                headers=[(name.encode(), value.encode()) for name, value in {**headers, **(sent or {})}.items()],
                content=body if sent_body is None else sent_body,
            )

        yield make


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Return a function that waits until something holds."""
    return functools.partial(waiting.until, pause=0.002)


@pytest.fixture
def official() -> Iterator[Callable[[ThreadedSimulator], Any]]:
    """Return a function that makes the official SDK's own client."""
    clients = []

    def make(simulator: ThreadedSimulator) -> Any:
        credentials = BasicCredentials(simulator.access_key, simulator.secret_key, simulator.project_id)
        if simulator.security_token:
            credentials.with_security_token(simulator.security_token)
        builder = ModelArtsClient.new_builder().with_credentials(credentials).with_endpoint(simulator.endpoint)
        client = builder.build()
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
