"""The local API while the cloud is at fault, and its contract, which no response leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, Iterator, List

import pytest

import jupyter_notebook_stop
from jupyter_notebook_stop.simulator import (
    CutBody,
    Delay,
    Empty,
    Fault,
    Html,
    Huge,
    OtherJson,
    Redirect,
    Refuse,
    Reset,
    ThreadedSimulator,
    Throttle,
    Unavailable,
)

from ..examples import examples
from ..server.conftest import Fetch
from .conftest import never_blocked
from .local_api import body_for
from .plain_server import PlainServer

CONTRACT = pathlib.Path(jupyter_notebook_stop.__file__).parent / "server" / "rest-api.yml"
ROOT = pathlib.Path(__file__).parents[2]
PATH = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])


REPRESENTATIVE: List[tuple[str, Fault, int, int]] = [
    ("403", Refuse(), 502, 1),
    ("401", Refuse(401, "APIGW.0301"), 502, 1),
    ("404-html", Refuse(404, "APIGW.0101", shape="html"), 502, 1),
    ("409-state", Refuse(400, "ModelArts.6326"), 409, 1),
    ("already", Refuse(400, "ModelArts.6308", "stopping"), 202, 1),
    ("429", Throttle(retry_after=60), 502, 1),
    ("503", Unavailable(takes_effect=True), 202, 1),
    ("reset-after", Reset(when="after"), 202, 1),
    ("silence", Delay(600.0, "after"), 202, 1),
    ("cut", CutBody(), 202, 1),
    ("empty", Empty(204, takes_effect=True), 202, 1),
    ("html", Html(200, takes_effect=True), 202, 1),
    ("json", OtherJson("list", takes_effect=True), 202, 1),
    ("huge", Huge(10 << 20), 202, 1),
    ("redirect", Redirect(), 502, 1),
    ("reset-before", Reset(), 504, 1),
]


@pytest.fixture
def stop_config(stop_config: Dict[str, Any], fault: Fault) -> Dict[str, Any]:
    """Return the settings of the server; where the cloud is silent, its limits are soon reached."""
    soon = {"read_timeout": 1.0, "total_timeout": 2.5}
    return {**stop_config, **(soon if isinstance(fault, Delay) else {})}


@pytest.mark.parametrize(
    ("name", "fault", "expected", "sent"), REPRESENTATIVE, ids=[each[0] for each in REPRESENTATIVE]
)
@pytest.mark.usefixtures("short_pauses")
async def test_a_fault_of_the_cloud_through_the_local_api(
    fetch: Fetch,
    simulator: ThreadedSimulator,
    name: str,
    fault: Fault,
    expected: int,
    sent: int,
) -> None:
    async with never_blocked():
        simulator.faults.add("stop", fault, times=None)
        began = time.monotonic()
        status, answer = await fetch("POST", "stop", body=body_for(simulator, {}))
        assert time.monotonic() - began < 25
        assert status == expected, answer
        if status != 202:
            assert answer["message"]
            assert answer["remedy"]
        assert simulator.count("stop") == sent
        assert sum(request.status == 401 for request in simulator.requests) <= 1
        simulator.faults.clear()
        status, view = await fetch("GET", "instance")
        assert (status, view["id"]) == (200, simulator.instance_id)
        for _ in range(200):
            _, view = await fetch("GET", "instance")
            if view["attempt"]["phase"] not in ("accepted", "stopping"):
                break
            if name == "already":
                # The cloud only said so; now it is.
                simulator.instance.status = "STOPPED"
            await asyncio.sleep(0.02)
        simulator.instance.status = "RUNNING"
        simulator.requests.clear()
        status, _ = await fetch("POST", "stop", body=body_for(simulator, {}))
        assert (status, simulator.count("stop")) == (202, 1)


@pytest.mark.parametrize("fault", [each[1] for each in REPRESENTATIVE], ids=[each[0] for each in REPRESENTATIVE])
@pytest.mark.usefixtures("short_pauses")
async def test_a_fault_of_the_cloud_while_a_page_looks(
    fetch: Fetch, simulator: ThreadedSimulator, fault: Fault
) -> None:
    async with never_blocked():
        simulator.faults.add("show", fault, times=None)
        began = time.monotonic()
        for _ in range(3):
            status, view = await fetch("GET", "instance")
            assert (status, view["id"], view["status"]) == (200, simulator.instance_id, None)
            assert view["error"]["message"]
            assert view["error"]["remedy"]
        assert time.monotonic() - began < 60
        assert sum(request.status == 401 for request in simulator.requests) <= 1
        simulator.faults.clear()
        status, _ = await fetch("POST", "stop", body=body_for(simulator, {}))
        assert (status, simulator.count("stop")) == (202, 1)


def _well(simulator: ThreadedSimulator) -> None:
    if simulator.instance.status == "STOPPED":
        simulator.instance.status = "RUNNING"


# None that takes or stands for a while.
LASTING = ("401", "already", "429", "silence", "huge")
CHANCE = random.Random(1)
AILMENTS = [fault for name, fault, _, _ in REPRESENTATIVE if name not in LASTING]


def _ailing(simulator: ThreadedSimulator) -> None:
    _well(simulator)
    simulator.faults.clear()
    if CHANCE.random() < 0.5:
        simulator.faults.add("any", CHANCE.choice(AILMENTS))
    else:
        # However slow everything is, some stop gets as far as the cloud's no.
        simulator.faults.add("stop", Refuse())


@contextlib.contextmanager
def always(act: Callable[[], None]) -> Iterator[None]:
    """Act again and again meanwhile, seldom enough for the server to see what comes of it."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(0.3):
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


NOT_CHECKED = [
    # It asks for 401, Jupyter answers 403.
    "missing_required_header",
    # The next attempt takes the place of one that has ended.
    "ensure_resource_availability",
]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    # Where nothing ails the cloud, no limit may be reached, however late anything is.
    ("cloud", "unchecked", "total"),
    [(_well, [], 60), (_ailing, ["not_a_server_error"], 2)],
    ids=["well", "ailing"],
)
def test_no_answer_leaves_the_contract(
    simulator: ThreadedSimulator,
    tmp_path: pathlib.Path,
    cloud: Callable[[ThreadedSimulator], None],
    unchecked: List[str],
    total: int,
) -> None:
    limits = ["--NotebookStop.save_timeout=1", f"--NotebookStop.total_timeout={total}"]
    server = PlainServer(tmp_path / "server", simulator, arguments=limits)
    # 413 is a way to refuse a body as well.
    statuses = "[400, 401, 403, 404, 405, 409, 413]"
    settings = f"[checks]\nnegative_data_rejection.expected-statuses = {statuses}\n"
    (tmp_path / "schemathesis.toml").write_text(settings, encoding="utf-8")
    try:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(CONTRACT), "--url", server.url.rstrip("/")),
            *("--header", f"Authorization: token {server.token}", "--seed", "1"),
            *("--max-examples", str(examples(25))),
            *("--phases", "coverage,fuzzing,stateful", "--continue-on-failure"),
            *("--request-timeout", "90", "--no-color"),
            *("--exclude-checks", ",".join([*NOT_CHECKED, *unchecked])),
            # It remembers no examples from one run to the next.
            *("--generation-database", ":memory:"),
        ]
        environ = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.hostile.schemathesis_hooks",
            "PYTHONPATH": PATH,
            # Or Hypothesis makes its tables of characters anew.
            "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),
        }
        with always(lambda: cloud(simulator)):
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=1500, cwd=tmp_path, env=environ, check=False
            )
        said = done.stdout[-6000:] + done.stderr[-2000:]
        assert done.returncode == 0, said
        for phase in ("Coverage", "Fuzzing", "Stateful"):
            assert f"✅ {phase}" in done.stdout, said
        answers = "\n" + (tmp_path / "answers.log").read_text(encoding="utf-8")
        for status in (200, 202, 400, 403, 404, 405, 409, 413, *((502,) if unchecked else ())):
            assert f"\n{status} " in answers, f"nothing was answered {status}"
        assert simulator.count() >= 5, "hardly a request reached the cloud"
        assert server.process.poll() is None
        assert "Traceback" not in server.log.read_text(encoding="utf-8")
    finally:
        server.close()
