"""What the hostile conditions share: certificates, a place for each fault, and a clock for the event loop."""

from __future__ import annotations

import contextlib
import gc
import pathlib
import shutil
import socket
import ssl
import subprocess
from typing import Any, AsyncIterator, Iterator, List

import pytest

from jupyter_notebook_stop.modelarts.client import NotebooksClient
from jupyter_notebook_stop.modelarts.retries import Retries
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..server.conftest import fetch, jp_server_config
from ..unit.conftest import REAL_HOST, nowhere, proxy
from .secrecy import Witness, witnessing
from .ticker import ticking

__all__ = ["fetch", "jp_server_config", "nowhere", "proxy"]


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a home in which secrets are searched for as well."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


PATIENT = {"connect_timeout": 20.0, "read_timeout": 30.0, "total_timeout": 50.0}
"""The limits of a request to the cloud, in seconds, where none may be reached: the busiest machine keeps them."""


BLOCKED = 0.5
"""An event loop that is blocked longer than this fails the test, in seconds."""


measured: List[float] = []
"""The longest block in each case of the test that runs, in seconds."""


@contextlib.asynccontextmanager
async def never_blocked() -> AsyncIterator[None]:
    """Fail when the event loop is blocked meanwhile; the worst of all is told when the tests end."""
    async with ticking() as ticker:
        yield
    judge_block(ticker.worst)


def judge_block(seconds: float) -> None:
    """Note how long the event loop was blocked, and fail when it was too long."""
    measured.append(seconds)
    assert seconds < BLOCKED, f"the event loop was blocked for {seconds * 1000:.0f} ms"


@pytest.fixture(autouse=True)
def tell_measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put what a test has measured into its report, which reaches the terminal from every worker."""
    measured.clear()
    yield
    request.node.user_properties += [("blocked", seconds) for seconds in measured]


@pytest.fixture(scope="module", autouse=True)
def small_heap() -> None:
    """Set aside what pytest and the SDK have loaded: to collect garbage among all that would block the loop as well."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def witness(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> Iterator[Witness]:
    """Run everything at DEBUG, and find no secret in what was logged, answered, raised, emitted, printed or written."""
    with witnessing(monkeypatch) as found:
        yield found
    found.note("output", "".join(capfd.readouterr()))
    found.files(tmp_path)
    found.search()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat as often as ever, with pauses that a test can wait for."""
    defaults = NotebooksClient.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "retries", Retries(limit=4, first=0.002, longest=0.01, settle=0.002))


class Certificates:
    """An authority of the tests' own, and what it has signed."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        found = shutil.which("openssl")
        assert found, "the tests of TLS need the openssl command"
        self._openssl: str = found
        self.authority = folder / "authority.pem"
        subject = ["-subj", "/CN=the tests' own authority", "-days", "3"]
        uses = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        self._new(self.authority, [*subject, *uses])

    def _run(self, *arguments: str) -> None:
        subprocess.run([self._openssl, *arguments], check=True, capture_output=True, timeout=60)

    def _new(self, path: pathlib.Path, options: List[str]) -> None:
        key = str(path.with_suffix(".key"))
        self._run("req", "-x509", "-newkey", "rsa:2048", "-nodes", *options, "-out", str(path), "-keyout", key)

    def own(self) -> pathlib.Path:
        """Return a certificate that has signed itself."""
        path = self._folder / "self-signed.pem"
        names = f"subjectAltName=IP:127.0.0.1,DNS:{REAL_HOST}"
        self._new(path, ["-subj", "/CN=self-signed", "-days", "3", "-addext", names])
        return path

    def signed(self, name: str, names: str, days: int = 3) -> pathlib.Path:
        """Return a certificate that the authority has signed."""
        path = self._folder / f"{name}.pem"
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(
            f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nauthorityKeyIdentifier=keyid\n"
            "subjectKeyIdentifier=hash\nkeyUsage=digitalSignature\n",
            encoding="utf-8",
        )
        key = str(path.with_suffix(".key"))
        self._run(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-out", str(request), "-keyout", key)
        )
        self._run(
            *("x509", "-req", "-in", str(request), "-CA", str(self.authority), "-days", str(days)),
            *("-CAkey", str(self.authority.with_suffix(".key")), "-set_serial", str(abs(hash(name)))),
            *("-extfile", str(extensions), "-out", str(path)),
        )
        return path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    """Return the files of a good certificate, of three bad ones, and of the authority."""
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    here = f"IP:127.0.0.1,DNS:{REAL_HOST}"
    return {
        "authority": made.authority,
        "good": made.signed("good", here),
        "expired": made.signed("expired", here, days=-1),
        "wrong_host": made.signed("wrong-host", "DNS:elsewhere.invalid"),
        "self_signed": made.own(),
    }


class Secure:
    """The stand-in behind TLS, whose certificate can be replaced while it serves."""

    def __init__(self, certificates: dict[str, pathlib.Path]) -> None:
        self._certificates = certificates
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.show("good")
        self.simulator = ThreadedSimulator(step_seconds=0.02, ssl_context=self.context)

    def show(self, name: str) -> None:
        """Present this certificate from now on."""
        path = self._certificates[name]
        self.context.load_cert_chain(path, path.with_suffix(".key"))


@pytest.fixture
def secure(certificates: dict[str, pathlib.Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Secure]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["authority"]))
    made = Secure(certificates)
    with made.simulator:
        yield made


@pytest.fixture
def simulator() -> Iterator[ThreadedSimulator]:
    """A stand-in of the cloud whose instance stops in a blink."""
    with ThreadedSimulator(step_seconds=0.02) as running:
        yield running


@pytest.fixture
def stop_config() -> dict[str, Any]:
    """Return the settings of a server, with times that a test can wait for; a test module may have its own."""
    return {"poll_interval": 0.02, "roll_call_timeout": 0.1, "save_timeout": 1.0, **PATIENT}


@contextlib.contextmanager
def full_backlog(port: int) -> Iterator[None]:
    """Listen where nobody is ever let in: a connection is neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(("127.0.0.1", port))
        yield
