"""Names are looked up in daemon threads: one that hangs delays neither a cancel, nor the loop's end, nor the exit."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import pathlib
import socket
import subprocess
import sys
import threading
from typing import Any, Iterator

import httpx
import pytest

import jupyter_notebook_stop
from jupyter_notebook_stop.modelarts import network
from jupyter_notebook_stop.modelarts.network import cancellable

from ..waiting import until_true


class NameServer:
    """Takes the place of the name service; names that end in .invalid get no response before `release`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.addresses: dict[str, list[str]] = {}
        self.released = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", self._respond)

    def _respond(self, host: bytes | str, port: int, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        self.asked.append(name)
        if name.endswith(".invalid"):
            self.released.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        found = self.addresses.get(name, ["127.0.0.1"])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer(monkeypatch)
    yield server
    server.released.set()


@pytest.fixture(autouse=True)
def no_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a loop looks a name up by itself."""

    async def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("the name was looked up in the loop's executor")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", refuse)


def client(**options: Any) -> httpx.AsyncClient:
    return cancellable(httpx.AsyncClient(**{"trust_env": False, "timeout": 30.0, **options}))


def test_a_cancel_and_the_end_of_the_loop_wait_for_no_name(names: NameServer) -> None:
    async def main() -> None:
        async with client() as http:
            asking = asyncio.ensure_future(http.get("http://cloud.invalid/"))
            await until_true(lambda: names.asked == ["cloud.invalid"])
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    # Where it is waited for, it gets its response at some time, so that this test fails and does not hang.
    release = threading.Timer(20, names.released.set)
    release.start()
    asyncio.run(main())
    assert not names.released.is_set()
    release.cancel()


SCRIPT = """
import asyncio, socket, time

def hang(*arguments, **options):
    print("looking up", flush=True)
    time.sleep(60)

socket.getaddrinfo = hang

import httpx
from jupyter_notebook_stop.modelarts.network import cancellable

async def main():
    async with cancellable(httpx.AsyncClient(trust_env=False, timeout=0.2)) as http:
        try:
            await http.get("http://cloud.invalid/")
        except httpx.ConnectTimeout:
            print("given up", flush=True)

asyncio.new_event_loop().run_until_complete(main())
"""


def test_the_exit_of_a_process_waits_for_no_name() -> None:
    # As a Jupyter server ends: its loop is not one of asyncio.run.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        timeout=45,
        check=False,
        cwd=pathlib.Path(jupyter_notebook_stop.__file__).parents[1],
    )
    assert done.stdout.split("\n") == ["looking up", "given up", ""], done.stderr
    assert done.returncode == 0


def test_a_limit_ends_a_look_up(names: NameServer) -> None:
    async def main() -> None:
        async with client(timeout=0.05) as http:
            with pytest.raises(httpx.ConnectTimeout):
                await http.get("http://cloud.invalid/")

    asyncio.run(main())


def test_a_name_that_nobody_knows_is_a_failed_connection(names: NameServer) -> None:
    async def main() -> None:
        names.released.set()
        async with client() as http:
            with pytest.raises(httpx.ConnectError, match="Temporary failure in name resolution") as caught:
                await http.get("http://cloud.invalid/")
            assert caught.value.request.url.host == "cloud.invalid"

    asyncio.run(main())


def test_names_and_addresses_lead_to_the_server(names: NameServer, simulator: Any) -> None:
    names.addresses["localhost"] = ["127.0.0.1"]

    async def main() -> None:
        for host, asked in (("127.0.0.1", []), ("localhost", ["localhost"])):
            async with client() as http:
                assert (await http.get(f"http://{host}:{simulator.port}/")).status_code == 404
            assert names.asked == asked

    asyncio.run(main())


def test_the_name_of_a_proxy_is_looked_up_the_same_way(names: NameServer, proxy: Any) -> None:
    async def main() -> None:
        through = httpx.AsyncHTTPTransport(proxy=httpx.Proxy(f"http://localhost:{proxy.server_address[1]}"))
        async with client(mounts={"https://": through}) as http:
            with pytest.raises(httpx.ProxyError):
                await http.get("https://elsewhere.example/")

    asyncio.run(main())
    assert names.asked == ["localhost"], "the proxy looks up where it leads to"


class Stream:
    closed = False

    async def aclose(self) -> None:
        self.closed = True


class Hosts:
    """Addresses that let in, refuse or never respond."""

    def __init__(self, **behaviour: str) -> None:
        self.behaviour = behaviour
        self.tried: list[str] = []
        self.given_up: list[str] = []
        self.streams: dict[str, Stream] = {}

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None) -> Stream:
        self.tried.append(host)
        try:
            if self.behaviour[host] in ("silent", "lets in at the end"):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.given_up.append(host)
            if self.behaviour[host] == "silent":
                raise
        if self.behaviour[host] == "refuses":
            raise httpx.ConnectError(f"{host} refuses")
        return self.streams.setdefault(host, Stream())

    def __getattr__(self, name: str) -> str:
        return f"its own {name}"


def connect(hosts: Hosts, timeout: float = 30.0) -> Any:
    return asyncio.run(network._Backend(hosts).connect_tcp("name", 443, timeout))


def test_addresses_are_tried_one_after_the_other(names: NameServer) -> None:
    names.addresses["name"] = ["a", "b", "a", "c"]
    hosts = Hosts(a="refuses", b="lets in", c="lets in")
    assert connect(hosts)._inner is hosts.streams["b"]
    assert hosts.tried == ["a", "b"]


def test_an_address_that_is_silent_delays_the_next_a_little(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "STAGGER", 0.01)
    names.addresses["name"] = ["a", "b", "c"]
    hosts = Hosts(a="silent", b="silent", c="lets in")
    assert connect(hosts)._inner is hosts.streams["c"]
    assert sorted(hosts.given_up) == ["a", "b"]


def test_where_no_address_lets_in_the_last_reason_counts(names: NameServer) -> None:
    names.addresses["name"] = ["a", "b"]
    with pytest.raises(httpx.ConnectError, match="b refuses"):
        connect(Hosts(a="refuses", b="refuses"))
    names.addresses["name"] = []
    with pytest.raises(httpx.ConnectError, match="has no address"):
        connect(Hosts())


def test_a_limit_ends_every_attempt(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "STAGGER", 0.01)
    names.addresses["name"] = ["a", "b"]
    hosts = Hosts(a="silent", b="silent")
    with pytest.raises(httpx.ConnectTimeout):
        connect(hosts, timeout=1)
    assert sorted(hosts.given_up) == ["a", "b"]


def test_a_connection_that_comes_too_late_is_closed(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "STAGGER", 0.01)
    names.addresses["name"] = ["a", "b"]
    hosts = Hosts(a="lets in at the end", b="lets in")
    assert connect(hosts)._inner is hosts.streams["b"]
    assert {host: stream.closed for host, stream in hosts.streams.items()} == {"a": True, "b": False}


def test_all_else_is_done_as_before(names: NameServer) -> None:
    assert network._Backend(Hosts()).sleep == "its own sleep"
    assert not connect(Hosts(**{"127.0.0.1": "lets in"})).closed


def test_look_ups_that_hang_use_up_no_more_threads(names: NameServer) -> None:
    async def main() -> None:
        async with client() as http, client(timeout=0.5) as hasty:
            hanging = [asyncio.ensure_future(http.get(f"http://{n}.invalid/")) for n in range(8)]
            await until_true(lambda: len(names.asked) == 8)
            before = threading.active_count()
            for _ in range(5):
                with pytest.raises(httpx.ConnectTimeout):
                    await hasty.get("http://another.invalid/")
            assert len(names.asked) == 8
            assert threading.active_count() <= before
            names.released.set()
            for answer in await asyncio.gather(*hanging, return_exceptions=True):
                assert isinstance(answer, httpx.ConnectError)
            with contextlib.suppress(httpx.ConnectError):
                await http.get("http://another.invalid/")
            assert names.asked[-1] == "another.invalid", "it may be asked again"

    asyncio.run(main())


def test_every_client_of_the_package_looks_names_up_so() -> None:
    package = pathlib.Path(jupyter_notebook_stop.__file__).parent
    made = wrapped = 0
    for path in package.rglob("*.py"):
        if {"simulator", "demo"} & {part.name for part in path.parents}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                made += called == "httpx.AsyncClient"
                wrapped += called == "cancellable"
    assert made == wrapped > 0
