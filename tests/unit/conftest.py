"""What the unit tests share: a client and an instance on the stand-in, certificates, a proxy on loopback."""

from __future__ import annotations

import asyncio
import pathlib
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
from typing import Any, Awaitable, Callable, Iterator, TypeVar

import pytest

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.modelarts import platform_sdk as platform_session
from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.modelarts.credentials import CredentialChain, Credentials, Source
from jupyter_notebook_stop.modelarts.models import Notebook
from jupyter_notebook_stop.modelarts.retries import Retries
from jupyter_notebook_stop.modelarts.transport import Timeouts
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.redaction import Secret
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..model.virtual_time import VirtualLoop
from .house import House

T = TypeVar("T")

DEADLINES = (0.2, 1.0, 5.0, 20.0)
"""Seconds for a request that is to be cut off once it was sent: as few as are enough on a machine as busy as it is."""

SOON_GIVEN_UP: dict[str, Any] = {
    "timeouts": Timeouts(connect=60.0, read=0.15, write=60.0, pool=60.0, total=60.0),
    "retries": Retries(limit=100, first=0.01, longest=0.05, settle=0.01),
}
"""Options of a client that does not wait long for a response, and may read again as often as responses are late."""

REAL_HOST = "modelarts.cn-north-4.myhuaweicloud.com"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a home that is not there, which takes no time to make."""
    return tmp_path_factory.getbasetemp() / "home"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, home: pathlib.Path) -> None:
    """Keep the developer's own profile file and platform SDK out of the tests."""
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setattr(platform_session, "LOCATIONS", ())


class Cloud:
    """The stand-in with a client of it for one call at a time; pauses are recorded and not waited for."""

    def __init__(self, simulator: ThreadedSimulator, verify: ssl.SSLContext) -> None:
        self.simulator = simulator
        self.verify = verify
        self.slept: list[float] = []
        self.asked = 0
        self.chain: CredentialChain | None = None

    def keys(self) -> Credentials:
        """Return the stand-in's keys, as a source does."""
        self.asked += 1
        return Credentials(
            source="the test's keys",
            access_key=Secret(self.simulator.access_key),
            secret_key=Secret(self.simulator.secret_key),
            security_token=Secret(self.simulator.security_token),
        )

    async def _pause(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def run(
        self, action: Callable[[NotebooksClient], Awaitable[T]], *, source: Source | None = None, **options: Any
    ) -> T:
        """Return what `action` makes of a client; options as for `NotebooksClient`."""

        async def main() -> T:
            self.chain = CredentialChain([("test", source or self.keys)], timeout=60.0)
            given: dict[str, Any] = {
                "endpoint": self.simulator.endpoint,
                "project_id": self.simulator.project_id,
                "chain": self.chain,
                "verify": self.verify,
                "timeouts": Timeouts(*[60.0] * 5),
                "retries": Retries(limit=3, first=0.01, longest=0.05, settle=0.01),
                "sleep": self._pause,
                **options,
            }
            client = NotebooksClient(**given)
            try:
                return await action(client)
            finally:
                await client.aclose()

        return asyncio.run(main())

    def show(self, **options: Any) -> Notebook:
        return self.run(lambda client: client.show(self.simulator.instance_id), **options)

    def stop(self, **options: Any) -> Notebook:
        return self.run(lambda client: client.stop(self.simulator.instance_id), **options)

    def order(self) -> list[str]:
        """Return the operations the stand-in was asked for, in their order."""
        return [request.operation for request in self.simulator.requests]


@pytest.fixture(scope="session")
def trusting() -> ssl.SSLContext:
    """Return a TLS context as the package makes it."""
    from jupyter_notebook_stop.modelarts import tls

    return tls.create_context()


@pytest.fixture
def cloud(simulator: ThreadedSimulator, trusting: ssl.SSLContext) -> Cloud:
    return Cloud(simulator, trusting)


class Clock:
    """The clock of one module."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Inside:
    """A process in the stand-in's instance."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def run(
        self,
        action: Callable[[ThisInstance], Awaitable[T]],
        *,
        environment: dict[str, str] | None = None,
        base_url: str | None = None,
        hostname: str = "somewhere",
        **traits: Any,
    ) -> T:
        """Return what `action` makes of the instance; traits as for `NotebookStop`."""

        async def main() -> T:
            config = NotebookStop(**{"poll_interval": 0.02, **traits})
            environ = self.environment if environment is None else environment
            instance = ThisInstance(Connection(config, environ=environ, base_url=base_url, hostname=hostname))
            try:
                return await action(instance)
            finally:
                await instance.aclose()

        return asyncio.run(main())


@pytest.fixture
def inside(environment: dict[str, str]) -> Inside:
    return Inside(environment)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the files of a certificate that nobody trusts, good for loopback and a real host, and of its key."""
    folder = tmp_path_factory.mktemp("certificate")
    files = str(folder / "certificate.pem"), str(folder / "key.pem")
    openssl = shutil.which("openssl")
    assert openssl, "the tests of TLS need the openssl command"
    options = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=unit-test", "-addext"]
    names = f"subjectAltName=IP:127.0.0.1,DNS:{REAL_HOST}"
    command = [openssl, *options, names, "-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return files


@pytest.fixture
def secure_simulator(certificate: tuple[str, str]) -> Iterator[ThreadedSimulator]:
    """Serve TLS with a certificate of its own making."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with ThreadedSimulator(step_seconds=0.05, ssl_context=context) as running:
        yield running


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that records what it is asked for, and leads every tunnel to one place."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.asked: list[str] = []
        self.target: int | None = None
        self.answer = b"HTTP/1.1 403 Forbidden by the test\r\nContent-Length: 0\r\n\r\n"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Tunnel(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        proxy = self.server
        assert isinstance(proxy, Proxy)
        lines = [self.rfile.readline().decode("latin-1").strip()]
        while lines[-1]:
            lines.append(self.rfile.readline().decode("latin-1").strip())
        proxy.asked.append(lines[0])
        if proxy.target is None:
            self.wfile.write(proxy.answer)
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", proxy.target)) as onward:
            back = threading.Thread(target=_copy, args=(onward, self.connection), daemon=True)
            back.start()
            _copy(self.connection, onward)
            back.join(5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """Return a port that is bound and not listened at: every connection to it is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    """Return an event loop with a clock of its own, at whose end nothing goes on."""
    loop = VirtualLoop()
    # In Python 3.9, what is made outside the loop belongs to the current one.
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.let_pass(0.0)
    loop.close()


@pytest.fixture
def house(loop: VirtualLoop) -> House:
    return House(loop)
