"""Jupyter servers with fixed answers, and the files that name them."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import threading
from typing import Any, Callable, Iterator

import msgspec
import pytest

from jupyter_notebook_stop.schema import AtRisk, Instance

OURS = "00000000-51d0-4000-8000-000000000001"


class Canned(http.server.ThreadingHTTPServer):
    """A server with fixed answers by path; all else is 404."""

    daemon_threads = True

    def __init__(self, answers: dict[str, tuple[int, Any]], host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), Handler)
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Canned)
        path = self.path.partition("?")[0]
        self.server.asked.append((path, self.headers.get("Authorization", "")))
        status, body = self.server.answers.get(path, (404, {"message": "Not found"}))
        if self.headers.get("Authorization") != "token the-token":
            status, body = 403, {"message": "Forbidden"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


Serve = Callable[..., Canned]


@pytest.fixture
def serve(folders: dict[str, str]) -> Iterator[Serve]:
    """Start a canned server and write its file as Jupyter does."""
    running: list[Canned] = []
    written: list[pathlib.Path] = []

    def start(
        base_url: str = "/",
        folder: str | None = None,
        listed: dict[str, Any] | None = None,
        server: type[Canned] = Canned,
        host: str = "127.0.0.1",
        **answers: tuple[int, Any],
    ) -> Canned:
        paths = {
            "instance": "jupyter-notebook-stop/instance",
            "api": "api",
            "kernel": "api/kernels/kernel-1",
        }
        one = server({base_url + paths[name]: answer for name, answer in answers.items()}, host)
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append(one)
        runtime = folder or folders["JUPYTER_RUNTIME_DIR"]
        written.append(write(runtime, one.port, base_url, len(running), **(listed or {})))
        return one

    yield start
    for file in written:
        file.unlink(missing_ok=True)
    for server in running:
        server.shutdown()
        server.server_close()


def write(folder: str, port: int, base_url: str = "/", number: int = 99, **others: Any) -> pathlib.Path:
    content = {
        "base_url": base_url,
        "hostname": "0.0.0.0",
        "password": False,
        "pid": os.getpid(),
        "port": port,
        "secure": False,
        "sock": "",
        "token": "the-token",
        "url": "http://elsewhere.invalid/",
        **others,
    }
    file = pathlib.Path(folder, f"jpserver-{number}.json")
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def claim(instance_id: str) -> tuple[int, bytes]:
    return 200, msgspec.json.encode(Instance(id=instance_id, at_risk=AtRisk()))


JUPYTER = (200, {"version": "2.21.1"})
