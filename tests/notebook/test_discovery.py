"""Which Jupyter server is ours: canned servers on loopback, and the files that name them."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import pathlib
import threading
from typing import Any, Callable, Iterator

import msgspec
import pytest

from jupyter_notebook_stop import IdentityError
from jupyter_notebook_stop.notebook.discovery import Kernel, Server, find_server
from jupyter_notebook_stop.schema import AtRisk, Instance

OURS = "00000000-51d0-4000-8000-000000000001"
OTHER = "00000000-51d0-4000-8000-000000000002"


class Canned(http.server.ThreadingHTTPServer):
    """A server with fixed answers by path; all else is 404."""

    daemon_threads = True

    def __init__(self, answers: dict[str, tuple[int, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked: list[tuple[str, str]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Canned)
        path = self.path.partition("?")[0]
        self.server.asked.append((path, self.headers.get("Authorization", "")))
        status, body = self.server.answers.get(path, (404, {"message": "Not found"}))
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

    def start(base_url: str = "/", folder: str | None = None, **answers: tuple[int, Any]) -> Canned:
        paths = {
            "instance": "jupyter-notebook-stop/instance",
            "api": "api",
            "kernel": "api/kernels/kernel-1",
        }
        server = Canned({base_url + paths[name]: answer for name, answer in answers.items()})
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append(server)
        write(folder or folders["JUPYTER_RUNTIME_DIR"], server.server_address[1], base_url, len(running))
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def write(folder: str, port: int, base_url: str = "/", number: int = 99) -> None:
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
    }
    pathlib.Path(folder, f"jpserver-{number}.json").write_text(json.dumps(content), encoding="utf-8")


def claim(instance_id: str) -> tuple[int, bytes]:
    return 200, msgspec.json.encode(Instance(id=instance_id, at_risk=AtRisk()))


def find(instance_id: str | None = OURS, kernel: Kernel | None = None) -> Server | None:
    return asyncio.run(find_server(instance_id, kernel))


JUPYTER = (200, {"version": "2.21.1"})


def test_none(folders: dict[str, str]) -> None:
    assert find() is None


def test_the_one_that_claims_our_instance(serve: Serve) -> None:
    serve(api=JUPYTER)
    ours = serve("/base/", instance=claim(OURS))
    serve(instance=claim(OTHER))
    found = find()
    assert found is not None
    assert found.address.url == f"http://127.0.0.1:{ours.server_address[1]}/base/"
    assert found.instance is not None
    assert ours.asked == [("/base/jupyter-notebook-stop/instance", "token the-token")]
    assert "the-token" not in repr(found)


def test_best_the_one_that_knows_our_kernel(serve: Serve) -> None:
    serve(instance=claim(OURS))
    ours = serve(instance=claim(OURS), kernel=(200, {"connections": 2}))
    serve(instance=claim(OURS))
    found = find(kernel=Kernel("kernel-1", None))
    assert found is not None
    assert str(ours.server_address[1]) in found.address.url
    assert found.connections == 2


def test_files_beside_the_kernels_own_are_read(serve: Serve, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    serve(folder=str(folder), instance=claim(OURS))
    assert find() is None
    assert find(kernel=Kernel(None, folder)) is not None


def test_files_of_the_dead_and_broken_files_are_passed_over(serve: Serve, folders: dict[str, str]) -> None:
    import socket

    runtime = folders["JUPYTER_RUNTIME_DIR"]
    pathlib.Path(runtime, "jpserver-1.json").write_text("{", encoding="utf-8")
    pathlib.Path(runtime, "jpserver-2.json").write_bytes(b'{"port": 1, "token": "\xff"}')
    pathlib.Path(runtime, "jpserver-3.json").write_text('{"port": 0, "sock": "/somewhere"}', encoding="utf-8")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        write(runtime, deaf.getsockname()[1])
        assert find() is None
    assert len(list(pathlib.Path(runtime).iterdir())) == 4


def test_another_program_at_the_port_of_a_dead_server_is_not_a_jupyter_server(serve: Serve) -> None:
    serve()
    assert find() is None


@pytest.mark.parametrize(
    ("answers", "obstacle"),
    [
        ({"api": JUPYTER}, "not installed"),
        ({"instance": (403, {"message": "Forbidden"})}, "requires authentication"),
        ({"instance": (302, {})}, "requires authentication"),
        ({"instance": (500, {})}, "HTTP 500"),
        ({"instance": (200, b"<html>")}, "invalid"),
        ({"instance": (200, {"available": False, "reason": "no INSTANCE_ID"})}, "no INSTANCE_ID"),
    ],
)
def test_one_that_cannot_save_for_us_says_why(serve: Serve, answers: dict[str, Any], obstacle: str) -> None:
    serve(**answers)
    found = find()
    assert found is not None
    assert found.instance is None
    assert obstacle in (found.obstacle or "")


def test_a_kernel_and_its_server_that_disagree_stop_nothing(serve: Serve) -> None:
    serve(instance=claim(OTHER), kernel=(200, {"connections": 1}))
    with pytest.raises(IdentityError, match="Nothing was stopped"):
        find(kernel=Kernel("kernel-1", None))


def test_servers_that_disagree_stop_nothing(serve: Serve) -> None:
    serve(instance=claim(OURS))
    serve(instance=claim(OTHER))
    with pytest.raises(IdentityError, match="different instances"):
        find(None)


def test_a_newer_server_may_say_more(serve: Serve) -> None:
    serve(instance=(200, {"available": True, "id": OURS, "novelty": 1}))
    found = find()
    assert found is not None
    assert found.instance == Instance(id=OURS)
