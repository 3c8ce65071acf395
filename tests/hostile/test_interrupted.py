"""Ctrl-C while the cloud's name is looked up, and the name service does not respond."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any, Callable

import pytest

from jupyter_notebook_stop import astop
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..held import Held
from ..waiting import LIMIT, until, until_true

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a signal of one process to another")

HANG = 120.0
"""How long the name service hangs, in seconds: far longer than the busiest machine needs for anything else."""

SCRIPT = f"""
import socket, sys, time

resolve = socket.getaddrinfo

def hang(host, *arguments, **options):
    if host in (b"localhost", "localhost"):
        print("The name is looked up.", flush=True)
        time.sleep({HANG})
    return resolve(host, *arguments, **options)

if "localhost" in sys.argv[2]:
    socket.getaddrinfo = hang
"""

TOLD = """
from jupyter_notebook_stop.policy.instance import ThisInstance

cancel = ThisInstance.cancel_unless_sent

async def tell(this):
    print("The cancellation has begun.", flush=True)
    return await cancel(this)

ThisInstance.cancel_unless_sent = tell

"""

CELL = "from jupyter_notebook_stop import stop; stop(delay=0)"
TERMINAL = "from jupyter_notebook_stop.cli import main; main(['stop', '--yes', '--delay=0'])"
STATUS = "from jupyter_notebook_stop import status; status()"
DOCTOR = "from jupyter_notebook_stop import stop; stop(dry_run=True)"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(simulator: ThreadedSimulator, tmp_path: pathlib.Path) -> Start:
    """Start a script in an instance that knows the cloud by its address or by a name."""
    folders = {name: str(tmp_path / name) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    for folder in folders.values():
        pathlib.Path(folder).mkdir(exist_ok=True)

    def start(code: str, host: str = "localhost", **settings: float) -> subprocess.Popen[str]:
        config = pathlib.Path(folders["JUPYTER_CONFIG_DIR"]) / "jupyter_notebook_stop_config.json"
        config.write_text(json.dumps({"NotebookStop": settings}), encoding="utf-8")
        endpoint = f"http://{host}:{simulator.port}"
        given = {**os.environ, **instance_environment(simulator), **folders, "MODELARTS_ENDPOINT": endpoint}
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT + code, "script", host],
            env={**given, "PYTHONUNBUFFERED": "1"},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Return what a process writes up to a line that holds `text`."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"{text!r} was never written: {read}")


def interrupt(process: subprocess.Popen[str]) -> str:
    """Return what a process writes after Ctrl-C; fail when it waits for the name service."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        rest, _ = process.communicate(timeout=HANG * 0.75)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("it waits for the name service") from None
    assert process.returncode
    assert time.monotonic() - began < HANG / 2
    assert "never retrieved" not in rest
    return rest


@pytest.mark.parametrize("code", [CELL, TERMINAL, STATUS, DOCTOR], ids=["cell", "terminal", "status", "dry-run"])
def test_while_the_instance_is_read(start: Start, simulator: ThreadedSimulator, code: str) -> None:
    process = start(code, connect_timeout=HANG, total_timeout=HANG)
    read_until(process, "The name is looked up.")
    interrupt(process)
    assert simulator.count() == 0


@pytest.mark.parametrize("code", [CELL, TERMINAL], ids=["cell", "terminal"])
def test_while_the_stop_is_requested(start: Start, simulator: ThreadedSimulator, code: str) -> None:
    # Reading the instance is given up soon, so that the stop itself is reached.
    process = start(code, connect_timeout=0.5, total_timeout=10.0)
    read_until(process, "Requesting the stop")
    read_until(process, "The name is looked up.")
    assert "Cancelled: nothing was stopped." in interrupt(process)
    assert simulator.count() == 0


def test_what_was_sent_is_told(start: Start, simulator: ThreadedSimulator) -> None:
    held = Held()
    simulator.faults.add("stop", held)
    process = start(TOLD + CELL, host="127.0.0.1", read_timeout=HANG, total_timeout=HANG)
    until(lambda: simulator.count("stop") == 1)
    process.send_signal(signal.SIGINT)
    # Only now, so that the signal came while the request was under way.
    read_until(process, "The cancellation has begun.")
    held.released.set()
    rest, _ = process.communicate(timeout=LIMIT)
    assert process.returncode
    assert "Too late to cancel: the stop was already requested." in rest
    assert "never retrieved" not in rest
    assert simulator.instance.status in ("STOPPING", "STOPPED")


def test_a_task_of_the_caller_is_cancelled_at_once(
    simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, released = threading.Event(), threading.Event()

    def hang(*arguments: Any, **options: Any) -> Any:
        asked.set()
        released.wait(HANG)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def main() -> None:
        stopping = asyncio.ensure_future(astop(delay=0))
        await until_true(asked.is_set)
        stopping.cancel()
        await asyncio.wait({stopping})
        assert stopping.cancelled()

    given = {**instance_environment(simulator), "MODELARTS_ENDPOINT": f"http://localhost:{simulator.port}"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    # Where it is waited for, it responds at some time, so that this test fails and does not hang.
    release = threading.Timer(HANG / 2, released.set)
    release.start()
    try:
        asyncio.run(main())
        assert not released.is_set(), "the end of the loop waited for the name service"
    finally:
        release.cancel()
        released.set()
    assert simulator.count() == 0
