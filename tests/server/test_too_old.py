"""A server that is too old, in which the package was installed without what it needs."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Iterator

import pytest

from jupyter_notebook_stop.server import OLDEST_SERVER
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import GUARD, instance_environment
from ..environments import floors, interpreter
from ..servers import Server

NEIGHBOUR = """
def _jupyter_server_extension_points():
    return [{"module": "neighbour"}]


def _load_jupyter_server_extension(serverapp):
    serverapp.log.warning("The neighbour works.")
"""


class TooOldServer(Server):
    """A server of 2023 with another extension."""

    module = "jupyter_server"


@pytest.fixture
def server(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> Iterator[TooOldServer]:
    (tmp_path / "neighbour.py").write_text(NEIGHBOUR)
    folder = tmp_path / "server" / "config" / "jupyter_server_config.d"
    folder.mkdir(parents=True)
    # It comes after ours.
    enabled = {"ServerApp": {"jpserver_extensions": {"neighbour": True}}}
    (folder / "neighbour.json").write_text(json.dumps(enabled))
    environment = {**instance_environment(simulator), "PYTHONPATH": f"{GUARD}:{tmp_path}"}
    running = TooOldServer(tmp_path / "server", environment, python=interpreter("too-old"))
    yield running
    running.close()


def test_it_says_so_in_one_line_and_leaves_the_others_alone(server: TooOldServer) -> None:
    lines = server.log.read_text(encoding="utf-8").splitlines()
    loud = [line for line in lines if re.match(r"\[[WEC] .*\b(jupyter_notebook_stop|NotebookStop)", line)]
    assert len(loud) == 1, loud
    assert re.search(r"is off: it needs jupyter_server 2\.4 or newer, and 1\.24\.\d+ is installed\.$", loud[0])
    assert not [line for line in lines if "Traceback" in line]
    assert [line for line in lines if "The neighbour works." in line]
    assert server.ask("GET", "api/status")[0] == 200
    assert server.ask("GET", "api/kernels") == (200, [])


def test_its_floor_is_the_declared_one() -> None:
    assert ".".join(map(str, OLDEST_SERVER)) == floors()["jupyter_server"]
