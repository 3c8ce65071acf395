"""Scripts, kernels and Jupyter servers as processes of their own inside the stand-in's instance."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
from typing import Any, Callable, Iterator

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import STRICT, instance_environment
from ..servers import Server
from ..waiting import LIMIT, until


@pytest.fixture
def folders(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Keep the developer's own Jupyter and profile file out of the tests."""
    variables = {
        "HOME": str(tmp_path / "home"),
        "USERPROFILE": str(tmp_path / "home"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
    }
    for name, value in variables.items():
        pathlib.Path(value).mkdir(exist_ok=True)
        monkeypatch.setenv(name, value)
    settings = {"NotebookStop": {"poll_interval": 0.1, "total_timeout": 10}}
    (tmp_path / "config" / "jupyter_notebook_stop_config.json").write_text(json.dumps(settings), encoding="utf-8")
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    return variables


class Place:
    """Starts processes in the stand-in's instance.

    Parameters
    ----------
    variables
        Their environment, besides this process's own.
    folder
        Where they start.
    """

    def __init__(self, variables: dict[str, str], folder: pathlib.Path) -> None:
        self.environment = {**os.environ, **variables, "PYTHONUNBUFFERED": "1"}
        self.folder = folder

    def start(self, code: str, **options: Any) -> subprocess.Popen[str]:
        """Start a Python script."""
        return subprocess.Popen(
            [sys.executable, *STRICT, "-c", code],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            **options,
        )

    def run(self, code: str) -> tuple[int, str]:
        """Run a Python script and return its exit code and all that it wrote."""
        process = self.start(code)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.fixture
def place(folders: dict[str, str], environment: dict[str, str], tmp_path: pathlib.Path) -> Place:
    return Place({**folders, **environment}, tmp_path)


class Kernel:
    """A kernel and what its cells show."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client
        self.traceback = ""
        """What the last error of a cell looks like; name and message are shown where there is no traceback only."""

    def start(self, code: str) -> str:
        """Begin to run a cell."""
        identifier: str = self.client.execute(code)
        return identifier

    def message(self) -> dict[str, Any]:
        """Return the next message of what cells show."""
        message: dict[str, Any] = self.client.get_iopub_msg(timeout=60)
        return message

    def until(self, identifier: str, text: str) -> None:
        """Wait until the cell shows `text`."""
        while True:
            message = self.message()
            ours = message["parent_header"].get("msg_id") == identifier and message["msg_type"] != "execute_input"
            if ours and text in str(message["content"]):
                return

    def rest(self, identifier: str) -> list[tuple[str, str]]:
        """Return what the cell shows from now on, as pairs of type and text."""
        shown: list[tuple[str, str]] = []
        while True:
            message = self.message()
            if message["parent_header"].get("msg_id") != identifier:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return shown
            if kind == "stream":
                # One print can come in several messages.
                before = shown.pop()[1] if shown and shown[-1][0] == kind else ""
                shown.append((kind, before + content["text"]))
            elif kind in ("display_data", "update_display_data", "execute_result"):
                shown.append((kind, content["data"]["text/plain"]))
            elif kind == "error":
                self.traceback = "\n".join(content["traceback"])
                shown.append((kind, "\n".join([content["ename"], content["evalue"], *content["traceback"]])))

    def sight(self, identifier: str) -> str:
        """Return what is to be seen below the cell when it has ended."""
        self.traceback = ""
        shown = self.rest(identifier)
        display = [text for kind, text in shown if kind in ("display_data", "update_display_data")]
        streams = [text for kind, text in shown if kind == "stream"]
        return "\n".join([*streams, *display[-1:], self.traceback])

    def run(self, code: str) -> list[tuple[str, str]]:
        """Run a cell and return what it shows."""
        return self.rest(self.start(code))


@contextlib.contextmanager
def running_kernel(folder: pathlib.Path, variables: dict[str, str]) -> Iterator[Kernel]:
    """Run a kernel in a folder, with these environment variables."""
    manager = KernelManager(kernel_name="python3", connection_file=str(folder / "kernel-test.json"))
    manager.start_kernel(env=variables, cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield Kernel(manager, client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def shared_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Start a kernel for many tests, since starting one takes a second."""
    folder = tmp_path_factory.mktemp("kernel")
    variables = {**os.environ, "IPYTHONDIR": str(folder), "PYTHONWARNINGS": "default"}
    with running_kernel(folder, variables) as kernel:
        yield kernel


@pytest.fixture
def kernel(shared_kernel: Kernel, folders: dict[str, str], environment: dict[str, str]) -> Kernel:
    """Put the kernel into the stand-in's instance."""
    shared_kernel.run(f"import os; os.environ.update({ {**folders, **environment}!r})")
    return shared_kernel


class Listener(threading.Thread):
    """Listens to a server's events as an open page does, so that a roll call ends as soon as this page has reported."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._listening = threading.Event()
        self.start()
        assert self._listening.wait(LIMIT)

    def run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        url = f"{self._server.url.replace('http', 'ws', 1)}api/events/subscribe"
        socket = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {self._server.token}"}))
        self._listening.set()
        while await socket.read_message() is not None:
            pass
        socket.close()


class Inside:
    """A Jupyter server in the stand-in's instance, for many tests: starting one takes seconds.

    One page is open, whose part in a stop is played by `report`.
    """

    def __init__(self, server: Server, simulator: ThreadedSimulator) -> None:
        self.server = server
        self.simulator = simulator
        self.place = Place(server.environment, server.work)
        self.page = Listener(server)

    def attempt(self) -> dict[str, Any] | None:
        """Return the attempt under way, or the last one."""
        attempt: dict[str, Any] | None = self.server.fetch("GET", "jupyter-notebook-stop/instance")["attempt"]
        return attempt

    def await_attempt(self, phase: str) -> dict[str, Any]:
        """Wait until an attempt is in `phase`."""

        def in_phase() -> dict[str, Any] | None:
            attempt = self.attempt()
            return attempt if attempt and attempt["phase"] == phase else None

        return until(in_phase, pause=0.05)

    def report(self, attempt: str, state: str, *documents: dict[str, str], kernels: list[str] | None = None) -> None:
        """Report what the open page says."""
        path = f"jupyter-notebook-stop/stop/{attempt}/tabs/test-tab?heard=event"
        self.server.fetch("PUT", path, {"state": state, "documents": list(documents), "kernels": kernels})

    def save(self, **report: Any) -> None:
        """Have the open page save as soon as a stop wants it to."""
        self.report(self.await_attempt("saving")["id"], "saved", **report)


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with ThreadedSimulator(step_seconds=0.05) as simulator:
        server = Server(
            tmp_path_factory.mktemp("server"),
            instance_environment(simulator),
            base_url=f"/{simulator.instance_id}/",
            # Neither is waited out: the page reports.
            arguments=[f"--NotebookStop.roll_call_timeout={LIMIT}", f"--NotebookStop.save_timeout={LIMIT}"],
            forked=True,
        )
        inside = Inside(server, simulator)
        yield inside
        server.close()
        inside.page.join(LIMIT)


def under_way(attempt: dict[str, Any] | None) -> bool:
    """Return whether a stop joins this attempt."""
    return attempt is not None and attempt["phase"] in ("saving", "stopping", "accepted")


@pytest.fixture
def inside(running_server: Inside) -> Inside:
    """Have the instance of the Jupyter server run."""
    simulator = running_server.simulator
    assert running_server.page.is_alive(), "without it a roll call takes its whole time"
    if (left := running_server.attempt()) and left["phase"] == "saving":
        # Of a test that has failed.
        running_server.server.ask("DELETE", f"jupyter-notebook-stop/stop/{left['id']}")
    until(lambda: simulator.instance.status != "STOPPING")
    # A stop that the server still follows would be joined by the next one.
    until(lambda: not under_way(running_server.attempt()), pause=0.05)
    simulator.instance.status = "RUNNING"
    simulator.settings.allow("any")
    simulator.call(lambda s: s.requests.clear())
    return running_server


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: pathlib.Path) -> Iterator[StartServer]:
    """Start a Jupyter server of the test's own."""
    servers: list[Server] = []

    def start(environment: dict[str, str], **options: Any) -> Server:
        servers.append(Server(tmp_path / f"server-{len(servers)}", environment, forked=True, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
