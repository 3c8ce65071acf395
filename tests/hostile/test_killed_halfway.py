"""The Jupyter server is killed in the midst of a stop: started again, it shows what is true, and nothing is left."""

from __future__ import annotations

import pathlib
import time
from typing import Callable, Iterator

import pytest

from jupyter_notebook_stop.simulator import Delay, ThreadedSimulator

from ..waiting import until
from .plain_server import PlainServer


@pytest.fixture
def server(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> Iterator[PlainServer]:
    running = PlainServer(tmp_path / "server", simulator, arguments=["--NotebookStop.save_timeout=30"])
    yield running
    running.close()


def stop_and_kill(server: PlainServer, simulator: ThreadedSimulator, save: str, when: Callable[[], bool]) -> None:
    """Ask for a stop, and kill the server once something holds."""
    before = files(server)
    asking = server.stop_in_background(instance_id=simulator.instance_id, save=save, attempt="cut-short", tab="t1")
    until(when)
    server.kill()
    asking.join(60)
    assert files(server) == before
    server.start()
    for path in server.root.rglob("*"):
        if path.is_file() and path != server.log:
            assert b"cut-short" not in path.read_bytes(), path


def files(server: PlainServer) -> set[str]:
    """Return all files but those that Jupyter's start leaves sooner or later."""
    found = {str(path.relative_to(server.root)) for path in server.root.rglob("*") if path.is_file()}
    return {path for path in found if not path.startswith(("home/.npm/", "config/migrated", "runtime/jpserver-"))}


def test_before_the_cloud_is_called(server: PlainServer, simulator: ThreadedSimulator) -> None:
    def saving() -> bool:
        view = server.view()
        return bool(view["attempt"] and view["attempt"]["phase"] == "saving")

    stop_and_kill(server, simulator, "all", saving)
    view = server.view()
    assert (view["status"], view["attempt"]) == ("RUNNING", None)
    time.sleep(1.0)
    assert simulator.count("stop") == 0, "what was not confirmed is not stopped"
    assert simulator.instance.status == "RUNNING"


def test_while_the_cloud_is_called_and_has_not_done_it(server: PlainServer, simulator: ThreadedSimulator) -> None:
    simulator.faults.add("stop", Delay(3.0, "before"))
    stop_and_kill(server, simulator, "none", lambda: simulator.count("stop") == 1)
    # The cloud was asked, and does it; the server tells what the cloud says at each moment, and asks no second time.
    shown = server.view()["status"]
    assert shown in ("RUNNING", "STOPPING", "STOPPED")
    until(lambda: simulator.instance.status == "STOPPED")
    until(lambda: bool(server.view()["status"] == "STOPPED"))
    assert server.view()["attempt"] is None
    assert simulator.count("stop") == 1


def test_while_the_cloud_is_called_and_has_done_it(server: PlainServer, simulator: ThreadedSimulator) -> None:
    simulator.instance.step_seconds = 30.0
    simulator.faults.add("stop", Delay(30.0, "after"))
    stop_and_kill(server, simulator, "none", lambda: simulator.instance.status == "STOPPING")
    view = server.view()
    assert (view["status"], view["attempt"]) == ("STOPPING", None)
    status, answer = server.ask("POST", "jupyter-notebook-stop/stop", {"instance_id": simulator.instance_id})
    assert (status, answer["instance"]["status"]) == (202, "STOPPING")
    assert simulator.count("stop") == 1


def test_after_the_cloud_has_accepted(server: PlainServer, simulator: ThreadedSimulator) -> None:
    simulator.instance.step_seconds = 30.0

    def accepted() -> bool:
        view = server.view()
        return bool(view["attempt"] and view["attempt"]["phase"] == "accepted")

    stop_and_kill(server, simulator, "none", accepted)
    view = server.view()
    assert (view["status"], view["attempt"]) == ("STOPPING", None)
    assert simulator.count("stop") == 1
