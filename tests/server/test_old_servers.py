"""A stop in environments of before 2025, with the lowest releases that are declared: everything works there too."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import pathlib
import re
import subprocess
import uuid
from typing import Any, Iterator

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jupyter_notebook_stop.server.events import ATTEMPT_EVENT, STOP_EVENT
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import GUARD, instance_environment
from ..environments import OLD_SERVERS, PIP, interpreter
from ..installed import off_floor
from ..servers import Server
from ..unit.conftest import certificate, secure_simulator
from ..waiting import LIMIT, until, until_async

__all__ = ["certificate", "secure_simulator"]


ENDING = ("accepted", "stopped")
"""The server sees the end at its next look."""


class OldServer(Server):
    """A server from an environment of its own, which has the package from the wheel alone."""

    module = "jupyter_server"

    def __init__(self, root: pathlib.Path, simulator: ThreadedSimulator, name: str) -> None:
        self.python = interpreter(name)
        self.simulator = simulator
        self.read_before = 0
        super().__init__(
            root,
            {**instance_environment(simulator), "PYTHONPATH": str(GUARD)},
            base_url=f"/{simulator.instance_id}/",
            python=self.python,
            arguments=[
                "--NotebookStop.roll_call_timeout=0.5",
                "--NotebookStop.save_timeout=60",
                # What is connected to a kernel here is no page.
                "--NotebookStop.silent_tabs=ignore",
                "--NotebookStop.schedule_countdown=0.5",
            ],
        )

    async def connect(self, path: str) -> WebSocketClientConnection:
        """Open a websocket."""
        url = self.url.replace("http://", "ws://", 1) + path
        return await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {self.token}"}))

    @staticmethod
    async def disconnect(socket: WebSocketClientConnection) -> None:
        """Close a websocket, and wait until it is."""
        socket.close()
        while await asyncio.wait_for(socket.read_message(), LIMIT) is not None:
            pass

    async def ask_aside(self, *arguments: Any) -> tuple[int, Any]:
        """Ask, and do not block the event loop meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(None, self.ask, *arguments)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python inside the instance."""
        return subprocess.run(
            [self.python, *arguments],
            env=self.environment,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def complaints(self) -> list[str]:
        """Return what the log of this test has of ours that is not calm, and every traceback."""
        lines = self.log.read_text(encoding="utf-8")[self.read_before :].splitlines()
        ours = re.compile(r"^\[[WEC] .*notebook.?stop", re.IGNORECASE)
        return [line for line in lines if ours.search(line) or line.startswith("Traceback")]

    def is_following(self) -> bool:
        """Return whether it has not seen the end of its last stop yet."""
        attempt = self.view()["attempt"]
        return attempt is not None and attempt["phase"] in ("saving", "stopping", "accepted")


@pytest.fixture(scope="module", params=OLD_SERVERS)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldServer]:
    with ThreadedSimulator(step_seconds=0.05) as simulator:
        server = OldServer(tmp_path_factory.mktemp("server"), simulator, request.param)
        yield server
        server.close()


@pytest.fixture
def server(running: OldServer) -> OldServer:
    """The server of an environment, in an instance that runs and after the end of all that tests before have begun."""
    until(lambda: not running.is_following(), pause=0.05)
    running.simulator.instance.status = "RUNNING"
    until(lambda: running.view()["status"] == "RUNNING", pause=0.05)
    running.simulator.requests.clear()
    running.read_before = len(running.log.read_text(encoding="utf-8"))
    return running


@pytest.fixture
def simulator(running: OldServer) -> ThreadedSimulator:
    """The stand-in whose instance the server is in."""
    return running.simulator


async def event(socket: WebSocketClientConnection, schema_id: str, **expected: Any) -> dict[str, Any]:
    """Read until an event of this kind has these values."""
    while True:
        message = await asyncio.wait_for(socket.read_message(), LIMIT)
        assert message is not None, f"no event {schema_id} with {expected} came"
        found: dict[str, Any] = json.loads(message)
        if found["schema_id"] == schema_id and expected.items() <= found.items():
            return found


def test_a_stop_from_the_first_event_to_the_end(server: OldServer, simulator: ThreadedSimulator) -> None:
    async def walk() -> None:
        view = server.view()
        assert (view["available"], view["status"]) == (True, "RUNNING")
        socket = await server.connect("api/events/subscribe")
        body = {"instance_id": simulator.instance_id, "save": "all", "attempt": "a1", "tab": "t1"}
        stopping = asyncio.ensure_future(server.ask_aside("POST", "jupyter-notebook-stop/stop", body))
        saving = await event(socket, STOP_EVENT, attempt="a1", phase="saving")
        assert saving["instance_id"] == simulator.instance_id
        for state in ("here", "saved"):
            report: dict[str, Any] = {"state": state, "documents": []}
            assert (await server.ask_aside("PUT", "jupyter-notebook-stop/stop/a1/tabs/t1", report))[0] == 204
        status, answer = await stopping
        assert status == 202
        assert answer["attempt"]["phase"] in ENDING
        assert [(tab["id"], tab["state"]) for tab in answer["attempt"]["tabs"]] == [("t1", "saved")]
        await event(socket, STOP_EVENT, attempt="a1", phase="accepted")
        record = await event(socket, ATTEMPT_EVENT, attempt="a1", outcome="accepted")
        assert record["silent_tabs"] == 0
        await until_async(stopped)
        await server.disconnect(socket)

    async def stopped() -> bool:
        return simulator.instance.status == "STOPPED"

    asyncio.run(walk())
    until(lambda: server.view()["status"] == "STOPPED")
    assert simulator.count("stop") == 1
    assert server.complaints() == []


def test_the_terminal_stops_it_through_the_server(server: OldServer, simulator: ThreadedSimulator) -> None:
    done = server.run("-m", "jupyter_notebook_stop.cli", "stop", "--yes", "--delay=0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "accepted" in done.stdout
    until(lambda: simulator.instance.status == "STOPPED")
    attempt = server.view()["attempt"]
    assert attempt["source"] == "terminal"
    assert attempt["phase"] in ENDING
    assert server.complaints() == []


def test_a_stop_that_comes_later(server: OldServer, simulator: ThreadedSimulator) -> None:
    def schedule(seconds: float) -> tuple[int, Any]:
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        body = {"instance_id": simulator.instance_id, "when": "at", "at": at.isoformat()}
        return server.ask("PUT", "jupyter-notebook-stop/schedule", body)

    status, answer = schedule(3600)
    assert (status, answer["schedule"]["state"]) == (200, "waiting")
    waiting = answer["schedule"]["id"]
    # On a busy machine this time may have come when the request has arrived.
    status, answer = schedule(1)
    assert (status, answer["replaced"]["id"]) == (200, waiting)
    until(lambda: simulator.instance.status == "STOPPED")
    attempt = server.view()["attempt"]
    assert attempt["source"] == "schedule"
    assert attempt["phase"] in ENDING
    assert server.complaints() == []


@pytest.mark.parametrize("running", ["server-2.7"], indirect=True)
def test_a_cell_stops_it_and_what_is_busy_is_known(server: OldServer, simulator: ThreadedSimulator) -> None:
    code = "from jupyter_notebook_stop import status, stop\nprint(status().status)\nstop(delay=0)"

    async def walk() -> None:
        _, kernel = await server.ask_aside("POST", "api/kernels", {"name": "python3"})
        socket = await server.connect(f"api/kernels/{kernel['id']}/channels")
        session = uuid.uuid4().hex

        async def send(kind: str, channel: str, **content: Any) -> None:
            header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": session, "username": ""}
            message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}
            await socket.write_message(json.dumps(message))

        async def said(kind: str) -> dict[str, Any]:
            while True:
                text = await asyncio.wait_for(socket.read_message(), LIMIT)
                assert isinstance(text, str), f"no {kind} came"
                message = json.loads(text)
                assert message["msg_type"] != "error", message["content"]
                if message["msg_type"] == kind:
                    return dict(message["content"])

        async def is_busy() -> bool:
            await send("execute_request", "shell", code="input()", silent=False, allow_stdin=True)
            await said("input_request")
            _, view = await server.ask_aside("GET", "jupyter-notebook-stop/instance")
            await send("input_reply", "stdin", value="")
            await said("execute_reply")
            return [busy["id"] for busy in view["at_risk"]["kernels"]] == [kernel["id"]]

        # A server of that time takes a kernel for idle as soon as it has answered what the server itself has asked it.
        await until_async(is_busy)
        await send("execute_request", "shell", code=code, silent=False, allow_stdin=False)
        assert (await said("stream"))["text"].strip() == "RUNNING"
        assert (await said("execute_reply"))["status"] == "ok"
        await server.disconnect(socket)

    asyncio.run(walk())
    until(lambda: simulator.instance.status == "STOPPED")
    attempt = server.view()["attempt"]
    assert attempt["source"] == "cell"
    assert attempt["phase"] in ENDING
    for kernel in server.fetch("GET", "api/kernels"):
        server.ask("DELETE", f"api/kernels/{kernel['id']}")
    assert server.complaints() == []


class Installed:
    """Runs the Python of an environment away from this copy of the package, which would be found first."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def run(self, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        folders = {f"JUPYTER_{kind}_DIR": str(self.folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
        return subprocess.run(
            [interpreter(name), *arguments],
            env={**os.environ, "HOME": str(self.folder), "PYTHONPATH": str(GUARD), **folders, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def out(self, name: str, *arguments: str) -> str:
        """Return what a command that succeeds prints, without colours."""
        done = self.run(name, *arguments)
        assert done.returncode == 0, done.stderr
        return re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)


@pytest.fixture
def installed(tmp_path: pathlib.Path) -> Installed:
    return Installed(tmp_path)


@pytest.mark.parametrize("name", OLD_SERVERS)
def test_what_is_installed_is_in_order_and_names_its_version(installed: Installed, name: str) -> None:
    version = installed.out(name, "-m", "jupyter_notebook_stop.cli", "--version").split()[-1]
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", version)
    assert version != "0.0.0"
    found = installed.out(name, "-m", "jupyter_server.extension.serverextension", "list")
    assert f"jupyter_notebook_stop {version} OK" in found
    assert "No broken requirements found" in installed.out(name, str(PIP), "check")


def test_every_declared_floor_is_installed_exactly() -> None:
    assert off_floor("floors") == {}


def test_the_lowest_httpx_knows_a_certificate_that_nobody_trusts(
    installed: Installed, secure_simulator: ThreadedSimulator
) -> None:
    # It lets the error of the handshake through as it is: no lost connection, after which a stop may have been taken.
    inside = instance_environment(secure_simulator)
    done = installed.run("floors", "-m", "jupyter_notebook_stop.cli", "status", **inside)
    assert done.returncode == 1
    assert "[tls]" in done.stderr


def test_with_the_lowest_msgspec_one_odd_field_costs_that_field_alone(installed: Installed) -> None:
    # Before 0.17 what our own decoding refuses is no error of msgspec's.
    body = b'{"id": "some", "token": 5, "flavor": "small"}'
    code = "from jupyter_notebook_stop.modelarts.models import decode\n" + f"found = decode({body!r})\n"
    assert installed.out("floors", "-c", code + "print(found.id, found.token, found.flavor)") == "some None small\n"
