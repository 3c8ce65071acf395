"""The Jupyter server is killed while a stop is scheduled: started again, it goes on with it."""

from __future__ import annotations

import datetime
import pathlib
import time
from typing import Any, Iterator

import pytest

from jupyter_notebook_stop.simulator import Delay, ThreadedSimulator

from ..hostile.plain_server import PlainServer
from ..waiting import until

PATH = "jupyter-notebook-stop/schedule"


class PatientServer(PlainServer):
    """A server that can be killed while it waits for tabs."""

    roll_call_timeout = 2.0


@pytest.fixture
def server(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> Iterator[PlainServer]:
    arguments = ["--NotebookStop.schedule_countdown=0.5"]
    running = PatientServer(tmp_path / "server", simulator, arguments=arguments)
    yield running
    running.close()


def schedule(server: PlainServer, simulator: ThreadedSimulator, **more: Any) -> str:
    answer = server.fetch("PUT", PATH, {"instance_id": simulator.instance_id, **more})
    return str(answer["schedule"]["id"])


def soon(seconds: float) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def test_it_stops_although_the_server_was_killed(server: PlainServer, simulator: ThreadedSimulator) -> None:
    made = schedule(server, simulator, when="at", at=soon(3600))
    server.kill()
    server.start()
    until(lambda: (server.fetch("GET", PATH)["schedule"] or {}).get("id") == made)
    schedule(server, simulator, when="at", at=soon(0.2))
    server.kill()
    server.start()
    until(lambda: simulator.instance.status == "STOPPED")
    assert simulator.count("stop") == 1
    assert server.view()["attempt"]["source"] == "schedule"
    until(lambda: not [*server.root.glob("runtime/*schedule*")])


def test_what_was_cancelled_stays_cancelled(server: PlainServer, simulator: ThreadedSimulator) -> None:
    schedule(server, simulator, when="idle", grace=1)
    server.fetch("DELETE", PATH)
    server.kill()
    server.start()
    time.sleep(2.5)
    assert server.fetch("GET", PATH)["schedule"] is None
    assert simulator.count("stop") == 0


def test_killed_while_tabs_save_it_goes_on(server: PlainServer, simulator: ThreadedSimulator) -> None:
    def saving() -> bool:
        attempt = server.view()["attempt"]
        return bool(attempt and attempt["phase"] == "saving")

    schedule(server, simulator, when="at", at=soon(0.2))
    until(saving)
    assert simulator.count("stop") == 0
    server.kill()
    server.start()
    until(lambda: simulator.instance.status == "STOPPED")
    assert simulator.count("stop") == 1


def test_killed_while_the_cloud_is_called_it_is_not_called_again(
    server: PlainServer, simulator: ThreadedSimulator
) -> None:
    simulator.faults.add("stop", Delay(3.0, "before"))
    schedule(server, simulator, when="at", at=soon(0.2))
    until(lambda: simulator.count("stop") == 1)
    server.kill()
    simulator.faults.clear()
    server.start()
    until(lambda: (server.fetch("GET", PATH)["schedule"] or {}).get("state") == "ended")
    ended = server.fetch("GET", PATH)["schedule"]
    assert ended["error"]["code"] == "outcome_unknown"
    time.sleep(2.0)
    assert simulator.count("stop") == 1
