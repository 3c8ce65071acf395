"""The simulator as a process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import Any, Iterator

import httpx
import pytest

from jupyter_notebook_stop.simulator import ThreadedSimulator
from jupyter_notebook_stop.simulator.__main__ import main

COMMAND = [sys.executable, "-m", "jupyter_notebook_stop.simulator"]


@contextlib.contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    # Unbuffered, it would tell its line even if it forgot to flush it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def ask(told: dict[str, Any], method: str = "GET", action: str = "") -> httpx.Response:
    url = f"{told['endpoint']}/v1/{told['project_id']}/notebooks/{told['instance_id']}{action}"
    with httpx.Client(trust_env=False) as client:
        return client.request(method, url, headers={"X-Auth-Token": told["auth_token"]})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_tells_all_in_one_line_serves_and_ends_on_a_signal(name: str) -> None:
    wanted = ("--port", "0", "--instance-id", "simulated-id", "--project-id", "simulated-project")
    with running(*wanted) as (process, told):
        assert set(told) == {
            *("endpoint", "region", "project_id", "instance_id", "ak", "sk", "security_token", "auth_token"),
        }
        assert told["endpoint"].startswith("http://127.0.0.1:")
        assert (told["instance_id"], told["project_id"]) == ("simulated-id", "simulated-project")
        assert ask(told).json()["status"] == "RUNNING"
        process.send_signal(getattr(signal, name))
        assert process.wait(60) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_a_stop_may_be_denied_and_steps_be_quick() -> None:
    with running("--deny-stop", "--step-seconds", "0") as (_, told):
        answer = ask(told, "POST", "/stop")
        assert (answer.status_code, answer.json()["error_code"]) == (403, "ModelArts.0112")
        assert ask(told).json()["status"] == "RUNNING"


def test_a_port_that_is_taken_ends_it_with_a_word(
    simulator: ThreadedSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert main(["--port", str(simulator.port)]) == 1
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    shown = capsys.readouterr()
    assert str(simulator.port) in shown.err
    assert shown.out == ""
