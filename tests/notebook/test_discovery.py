"""Which Jupyter server is ours: canned servers on loopback, and the files that name them."""

from __future__ import annotations

import asyncio
import os
import pathlib
import socket
import socketserver
import subprocess
import sys
from typing import Any, Iterator

import pytest

from jupyter_notebook_stop import IdentityError
from jupyter_notebook_stop.notebook.discovery import Kernel, Server, find_servers
from jupyter_notebook_stop.schema import Instance

from ..waiting import until
from .canned import JUPYTER, OURS, Canned, Handler, Serve, claim, serve, write

__all__ = ["serve"]

OTHER = "00000000-51d0-4000-8000-000000000002"


def dead_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def find_all(instance_id: str | None = OURS, kernel: Kernel | None = None) -> list[Server]:
    return asyncio.run(find_servers(instance_id, kernel))


def find(instance_id: str | None = OURS, kernel: Kernel | None = None) -> Server | None:
    """Return the best one."""
    return next(iter(find_all(instance_id, kernel)), None)


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
    runtime = folders["JUPYTER_RUNTIME_DIR"]
    pathlib.Path(runtime, "jpserver-1.json").write_text("{", encoding="utf-8")
    pathlib.Path(runtime, "jpserver-2.json").write_bytes(b'{"port": 1, "token": "\xff"}')
    pathlib.Path(runtime, "jpserver-3.json").write_text('{"port": 0, "sock": "/somewhere"}', encoding="utf-8")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        write(runtime, deaf.getsockname()[1], pid=dead_process())
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
    with pytest.raises(IdentityError, match="Nothing was stopped") as caught:
        find(kernel=Kernel("kernel-1", None))
    assert caught.value.code == "identity_conflict"


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


class OnSocket(Canned):
    """A server on a unix socket."""

    address_family = socket.AF_UNIX

    def __init__(self, answers: dict[str, tuple[int, Any]], host: str) -> None:
        socketserver.TCPServer.__init__(self, host, Handler)  # type: ignore[arg-type]
        self.answers = answers
        self.asked = []

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        return self.socket.accept()[0], ("unix", 0)

    @property
    def port(self) -> int:
        return 0


class TestAddresses:
    """A server is asked where its file says that it listens, and on this machine alone."""

    def test_the_address_of_the_pod(self, serve: Serve) -> None:
        ours = serve(host="127.0.0.2", listed={"hostname": "127.0.0.2"}, instance=claim(OURS))
        found = find()
        assert found is not None
        assert found.instance is not None
        assert found.address.url == f"http://127.0.0.2:{ours.port}/"

    def test_the_name_of_the_pod(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        ours = serve(host="127.0.0.2", listed={"hostname": "the-pod.invalid"}, instance=claim(OURS))

        def look_up(host: Any, port: Any, *arguments: Any, **options: Any) -> list[Any]:
            assert host == "the-pod.invalid"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in ("192.0.2.1", "127.0.0.2")]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        found = find()
        assert found is not None
        assert found.instance is not None
        assert found.address.url == f"http://127.0.0.2:{ours.port}/"

    @pytest.mark.parametrize("hostname", ["0.0.0.0", "", "localhost"])
    def test_every_address(self, serve: Serve, hostname: str) -> None:
        serve(listed={"hostname": hostname}, instance=claim(OURS))
        found = find()
        assert found is not None
        assert found.instance is not None

    @pytest.mark.parametrize("hostname", ["::", "::1"])
    def test_every_address_of_ipv6(self, folders: dict[str, str], hostname: str) -> None:
        write(folders["JUPYTER_RUNTIME_DIR"], 1, hostname=hostname)
        found = find()
        assert found is not None
        assert found.address.url == "http://[::1]:1/"

    def test_a_unix_socket(self, serve: Serve, tmp_path: pathlib.Path) -> None:
        path = str(tmp_path / "jupyter.sock")
        ours = serve("/base/", host=path, server=OnSocket, listed={"sock": path}, instance=claim(OURS))
        found = find()
        assert found is not None
        assert found.instance is not None
        assert found.address.url == f"http+unix://{path.replace('/', '%2F')}/base/"
        assert ours.asked == [("/base/jupyter-notebook-stop/instance", "token the-token")]

    @pytest.mark.parametrize("hostname", ["192.0.2.1", "2001:db8::1"])
    def test_another_machine_is_never_asked(self, folders: dict[str, str], hostname: str) -> None:
        write(folders["JUPYTER_RUNTIME_DIR"], 80, hostname=hostname)
        found = find()
        assert found is not None
        assert f"its address {hostname} is not one of this machine" in (found.obstacle or "")
        write(folders["JUPYTER_RUNTIME_DIR"], 80, hostname=hostname, pid=dead_process())
        assert find() is None

    def test_a_name_that_nobody_knows(self, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        def look_up(*arguments: Any, **options: Any) -> list[Any]:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        write(folders["JUPYTER_RUNTIME_DIR"], 80, hostname="the-pod.invalid")
        found = find()
        assert found is not None
        assert found.address.url == "http://the-pod.invalid:80/"
        assert "the-pod.invalid" in (found.obstacle or "")


class TestProcesses:
    """A live server that cannot be asked is one that cannot save; a dead one has left its file behind."""

    @pytest.fixture
    def deaf_port(self) -> Iterator[int]:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            yield deaf.getsockname()[1]

    def test_a_live_server_that_refuses(self, folders: dict[str, str], deaf_port: int) -> None:
        write(folders["JUPYTER_RUNTIME_DIR"], deaf_port)
        found = find()
        assert found is not None
        assert found.instance is None
        assert found.obstacle == f"its process {os.getpid()} is running, but does not accept connections"

    def test_a_live_server_whose_socket_is_gone(self, folders: dict[str, str], tmp_path: pathlib.Path) -> None:
        write(folders["JUPYTER_RUNTIME_DIR"], 0, sock=str(tmp_path / "gone.sock"))
        found = find()
        assert found is not None
        assert "does not accept connections" in (found.obstacle or "")
        write(folders["JUPYTER_RUNTIME_DIR"], 0, sock=str(tmp_path / "gone.sock"), pid=dead_process())
        assert find() is None

    def test_a_zombie_is_dead(self, folders: dict[str, str], deaf_port: int) -> None:
        process = subprocess.Popen([sys.executable, "-c", ""])
        until(lambda: pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        write(folders["JUPYTER_RUNTIME_DIR"], deaf_port, pid=process.pid)
        assert find() is None
        process.wait()

    def test_a_process_with_the_number_of_a_dead_one(self, folders: dict[str, str], deaf_port: int) -> None:
        write(folders["JUPYTER_RUNTIME_DIR"], deaf_port)
        (file,) = pathlib.Path(folders["JUPYTER_RUNTIME_DIR"]).iterdir()
        os.utime(file, (0, 0))
        assert find() is None

    def test_the_file_of_an_old_notebook_server(self, serve: Serve, folders: dict[str, str]) -> None:
        serve(api=JUPYTER)
        (file,) = pathlib.Path(folders["JUPYTER_RUNTIME_DIR"]).iterdir()
        file.rename(file.with_name("nbserver-1.json"))
        found = find()
        assert found is not None
        assert "not installed" in (found.obstacle or "")


class TestSeveral:
    """Every server of the instance is kept."""

    def test_all_are_kept_the_one_that_can_save_first(self, serve: Serve) -> None:
        other = serve(api=JUPYTER)
        ours = serve(instance=claim(OURS))
        second = serve(host="127.0.0.2", listed={"hostname": "127.0.0.2"}, instance=claim(OURS))
        found = find_all()
        assert {server.address.url for server in found[:2]} == {
            f"http://127.0.0.1:{ours.port}/",
            f"http://127.0.0.2:{second.port}/",
        }
        assert [server.address.url for server in found[2:]] == [f"http://127.0.0.1:{other.port}/"]

    @pytest.mark.parametrize("token", ["the-token", "an-older-token"])
    @pytest.mark.parametrize("hostname", ["0.0.0.0", "localhost"])
    def test_the_file_of_an_earlier_server_at_the_same_port(
        self, serve: Serve, folders: dict[str, str], token: str, hostname: str
    ) -> None:
        ours = serve(instance=claim(OURS))
        write(folders["JUPYTER_RUNTIME_DIR"], ours.port, token=token, hostname=hostname, pid=dead_process())
        assert len(find_all()) == 1
        ours.answers = {}
        ours.answers["/api"] = JUPYTER
        assert len(find_all()) == 1


class Closing(Canned):
    """A server that takes every connection and ends it without a word."""

    def finish_request(self, request: Any, client_address: Any) -> None:
        return


class TestObstacles:
    """Servers that cannot save open tabs, and programs that are no Jupyter servers."""

    @pytest.mark.parametrize("status", [404, 405])
    @pytest.mark.parametrize("api", [(200, {"version": "2.4"}), (401, {}), (403, {})])
    def test_a_jupyter_server_without_the_extension(self, serve: Serve, status: int, api: tuple[int, Any]) -> None:
        serve(instance=(status, {}), api=api)
        found = find()
        assert found is not None
        assert (found.instance, found.obstacle) == (
            None,
            "jupyter_notebook_stop is not installed or not enabled in it",
        )

    @pytest.mark.parametrize("api", [(200, {"name": "another program"}), (500, {"version": "2.4"}), (404, {})])
    @pytest.mark.parametrize("status", [404, 405])
    def test_another_program(self, serve: Serve, status: int, api: tuple[int, Any]) -> None:
        serve(instance=(status, {}), api=api)
        assert find() is None

    @pytest.mark.parametrize(
        ("status", "obstacle"),
        [
            (401, "it requires authentication"),
            (403, "it requires authentication"),
            (300, "it requires authentication"),
            (302, "it requires authentication"),
            (399, "it requires authentication"),
            (400, "it returned HTTP 400"),
            (500, "it returned HTTP 500"),
            (299, "it returned HTTP 299"),
        ],
    )
    def test_what_it_answers_is_told(self, serve: Serve, status: int, obstacle: str) -> None:
        serve(instance=(status, {}))
        found = find()
        assert found is not None
        assert (found.instance, found.obstacle) == (None, obstacle)

    def test_one_that_does_not_answer(self, serve: Serve) -> None:
        serve(server=Closing)
        found = find()
        assert found is not None
        assert (found.instance, found.obstacle) == (None, "it does not respond")
