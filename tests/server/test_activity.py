"""What counts as work: kernels of this server and of a gateway, terminals, documents."""

from __future__ import annotations

import datetime
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, Iterator, Optional

import pytest

from jupyter_notebook_stop.server.activity import UNREADABLE, Activity
from jupyter_notebook_stop.server.terminals import is_work

from ..waiting import until


class RemoteKernel:
    """A kernel as a gateway's manager holds it: its state is known once it was listed."""

    kernel_name = "python3"

    def __init__(self) -> None:
        self.execution_state = "starting"
        self.last_activity = datetime.datetime(2026, 11, 28, tzinfo=datetime.timezone.utc)

    def has_trait(self, name: str) -> bool:
        return False


class Gateway:
    """A manager of remote kernels."""

    def __init__(self) -> None:
        self.kernels = {"k1": RemoteKernel()}
        self.remote_state = "busy"
        self.failure: Optional[Exception] = None

    async def list_kernels(self) -> list[dict[str, Any]]:
        if self.failure is not None:
            raise self.failure
        for kernel in self.kernels.values():
            kernel.execution_state = self.remote_state
        return [{"id": "k1"}]

    def list_kernel_ids(self) -> list[str]:
        return list(self.kernels)

    def get_kernel(self, kernel_id: str) -> RemoteKernel:
        return self.kernels[kernel_id]

    def __contains__(self, kernel_id: str) -> bool:
        return kernel_id in self.kernels


class Sessions:
    """The sessions of the server."""

    async def list_sessions(self) -> list[dict[str, Any]]:
        return [{"kernel": {"id": "k1"}, "path": "train.ipynb"}]


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def terminals() -> dict[str, Any]:
    return {}


def activity(gateway: Gateway, terminals: dict[str, Any], rule: str = "children") -> Activity:
    manager = SimpleNamespace(terminals=terminals, list=lambda: [{"name": name} for name in terminals])
    return Activity(
        SimpleNamespace(
            kernel_manager=gateway,
            session_manager=Sessions(),
            web_app=SimpleNamespace(settings={"terminal_manager": manager}),
        ),
        rule,
    )


async def test_a_remote_kernel_counts_once_the_gateway_says_that_it_is_busy(gateway: Gateway) -> None:
    watched = activity(gateway, {})
    work, _ = await watched.work()
    assert [(kernel.id, kernel.path) for kernel in work.kernels] == [("k1", "train.ipynb")]
    for state in ("idle", "dead"):
        gateway.remote_state = state
        work, _ = await watched.work()
        assert work.kernels == []


async def test_a_gateway_that_does_not_answer_may_have_busy_kernels(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.failure = OSError("gone")
    work, worked = await activity(gateway, {}).work()
    assert ([kernel.name for kernel in work.kernels], worked) == ([UNREADABLE], True)
    assert "gone" in caplog.text


async def test_what_was_run_in_between_is_noticed(gateway: Gateway) -> None:
    gateway.remote_state = "idle"
    watched = activity(gateway, {})
    assert (await watched.work())[1] is True, "nothing was seen before"
    assert (await watched.work())[1] is False
    gateway.kernels["k1"].last_activity += datetime.timedelta(seconds=1)
    assert (await watched.work())[1] is True
    assert (await watched.work())[1] is False


@pytest.mark.parametrize(("rule", "counts"), [("open", True), ("ignore", False)])
async def test_a_terminal_counts_as_the_setting_says(
    rule: str, counts: bool, gateway: Gateway, terminals: dict[str, Any]
) -> None:
    gateway.kernels = {}
    terminals["1"] = SimpleNamespace(last_activity=1)
    watched = activity(gateway, terminals, rule)
    await watched.work()
    assert (await watched.work())[0].terminals == (["1"] if counts else [])
    terminals["1"].last_activity = 2
    assert (await watched.work())[1] is counts


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(["sh"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the programs of a shell cannot be seen")
def test_a_terminal_works_as_long_as_its_shell_runs_a_program(shell: subprocess.Popen[str]) -> None:
    terminal = SimpleNamespace(ptyproc=SimpleNamespace(pid=shell.pid))
    assert shell.stdin
    assert not is_work(terminal, "children")
    shell.stdin.write("sleep 600 & work=$!\n")
    until(lambda: is_work(terminal, "children"))
    shell.stdin.write("kill $work; wait\n")
    until(lambda: not is_work(terminal, "children"))
    assert is_work(terminal, "open")
    assert not is_work(terminal, "ignore")


def test_a_terminal_that_cannot_be_seen_counts_as_work() -> None:
    for terminal in (SimpleNamespace(), SimpleNamespace(ptyproc=SimpleNamespace(pid=2**22 + 1))):
        assert is_work(terminal, "children")
        assert not is_work(terminal, "ignore")
