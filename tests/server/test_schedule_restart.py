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


ARGUMENTS = ["--NotebookStop.schedule_countdown=0.5"]


class PatientServer(PlainServer):
    """A server that waits for tabs until it is killed, however late that is."""

    roll_call_timeout = 600.0

    def start_impatient(self) -> None:
        """Start it again, and have it wait as long as any other."""
        setting = "--NotebookStop.roll_call_timeout="
        self._command.remove(f"{setting}{self.roll_call_timeout}")
        self._command.append(f"{setting}{PlainServer.roll_call_timeout}")
        self.start()


@pytest.fixture
def server(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> Iterator[PlainServer]:
    running = PlainServer(tmp_path / "server", simulator, arguments=ARGUMENTS)
    yield running
    running.close()


@pytest.fixture
def patient(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> Iterator[PatientServer]:
    running = PatientServer(tmp_path / "server", simulator, arguments=ARGUMENTS)
    yield running
    running.close()


def schedule(server: PlainServer, simulator: ThreadedSimulator, **more: Any) -> str:
    answer = server.fetch("PUT", PATH, {"instance_id": simulator.instance_id, **more})
    return str(answer["schedule"]["id"])


def soon(seconds: float) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def test_it_stops_although_the_server_was_killed(patient: PatientServer, simulator: ThreadedSimulator) -> None:
    made = schedule(patient, simulator, when="at", at=soon(3600))
    patient.kill()
    patient.start()
    until(lambda: (patient.fetch("GET", PATH)["schedule"] or {}).get("id") == made)
    schedule(patient, simulator, when="at", at=soon(0.2))
    patient.kill()
    patient.start_impatient()
    until(lambda: simulator.instance.status == "STOPPED")
    assert simulator.count("stop") == 1
    assert patient.view()["attempt"]["source"] == "schedule"
    until(lambda: not [*patient.root.glob("runtime/*schedule*")])


def test_what_was_cancelled_stays_cancelled(server: PlainServer, simulator: ThreadedSimulator) -> None:
    schedule(server, simulator, when="idle", grace=1)
    server.fetch("DELETE", PATH)
    server.kill()
    server.start()
    time.sleep(2.5)
    assert server.fetch("GET", PATH)["schedule"] is None
    assert simulator.count("stop") == 0


def test_killed_while_tabs_save_it_goes_on(patient: PatientServer, simulator: ThreadedSimulator) -> None:
    def saving() -> bool:
        attempt = patient.view()["attempt"]
        return bool(attempt and attempt["phase"] == "saving")

    schedule(patient, simulator, when="at", at=soon(0.2))
    until(saving)
    assert simulator.count("stop") == 0
    patient.kill()
    patient.start_impatient()
    until(lambda: simulator.instance.status == "STOPPED")
    assert simulator.count("stop") == 1


def test_killed_while_the_cloud_is_called_it_is_not_called_again(
    server: PlainServer, simulator: ThreadedSimulator
) -> None:
    simulator.faults.add("stop", Delay(600, "before"))
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
