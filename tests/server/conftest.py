"""A Jupyter server with the extension, inside the stand-in's instance."""

from __future__ import annotations

import json
from typing import Any, Awaitable, Callable

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from ..waiting import LIMIT

Fetch = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def stop_config() -> dict[str, Any]:
    """Return the extension's settings; a test module may have its own."""
    return {"poll_interval": 0.05, "roll_call_timeout": 0.3, "save_timeout": 60.0}


@pytest.fixture
def jp_server_config(environment: dict[str, str], stop_config: dict[str, Any]) -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyter_notebook_stop": True},
            "allow_unauthenticated_access": False,
            "log_level": "DEBUG",
        },
        "NotebookStop": stop_config,
    }


@pytest.fixture
def fetch(jp_fetch: Any) -> Fetch:
    """Ask the local API and return status and decoded body, whatever the status."""

    async def ask(
        method: str, *path: str, body: Any = None, raw: bytes | None = None, **options: Any
    ) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        if data is None and method in ("POST", "PUT"):
            data = b""
        # The time that it waits for its turn among many counts as well.
        limits = {"request_timeout": LIMIT, "connect_timeout": LIMIT}
        try:
            response: HTTPResponse = await jp_fetch(
                "jupyter-notebook-stop", *path, method=method, body=data, headers=headers, **{**limits, **options}
            )
        except HTTPClientError as error:
            if error.response is None:
                raise
            response = error.response
        text = response.body.decode() if response.body else ""
        return response.code, json.loads(text) if text else None

    return ask


@pytest.fixture
def extension_log(
    jp_serverapp: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """Have what the extension logs captured, also where an old traitlets keeps it from the loggers above."""
    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    monkeypatch.setattr(app.log, "propagate", True)
    return caplog
