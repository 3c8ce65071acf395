"""What a Jupyter server pays for an extension before anybody uses it, and what the first request then takes."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from typing import Any, Mapping

from jupyter_notebook_stop.simulator import ThreadedSimulator
from tests.servers import free_port
from tests.waiting import until

from . import plots
from .child_server import TOKEN
from .measure import environment, fresh, interleaved, medians
from .report import Section, ms

OURS = "jupyter_notebook_stop"
OUTSIDE = f"{OURS}, outside an instance"
ON_THE_PLATFORM = {"INSTANCE_ID": str(uuid.UUID(int=1, version=4)), "PROJECT_ID": "0" * 32}
"""What the service itself sets in an instance. Whoever sets more has it checked at the start, for 2 ms."""

PEERS = {
    "one that does nothing": "benchmarks.bare_extension",
    "jupyter_server_terminals": "jupyter_server_terminals",
    "jupyter-keepalive": "jupyter_keepalive",
    "jupyter-resource-usage": "jupyter_resource_usage",
    "jupyterlab-git": "jupyterlab_git",
    "jupyter-server-proxy": "jupyter_server_proxy",
    "jupyter-scheduler": "jupyter_scheduler",
}


def run(quick: bool) -> Section:
    """Measure loading and the first request."""
    section = Section("At rest: what loading it takes")
    with ThreadedSimulator() as simulator:
        _loading(section, 2 if quick else 9)
        _first_request(section, simulator.environment(), 2 if quick else 7)
    return section


def _loading(section: Section, rounds: int) -> None:
    def case(module: str, given: Mapping[str, str]) -> Any:
        return lambda: fresh(["-m", "benchmarks.child_server", module], given)

    cases = {OURS: case(OURS, ON_THE_PLATFORM), OUTSIDE: case(OURS, {})}
    cases.update({name: case(module, {}) for name, module in PEERS.items()})
    found = interleaved(cases, rounds)
    seconds, processor, memory, modules = (medians(found, key) for key in ("seconds", "processor", "memory", "modules"))
    section.say(
        "An extension is loaded into a bare jupyter_server that runs already. Each figure is the median of"
        f" {rounds} fresh processes, all extensions in turn. Modules are those that the server alone had not imported."
        " Processor time leaves out for how long other programs had the processors."
    )
    order = sorted(cases, key=processor.__getitem__)
    rows = [
        [
            f"**{name}**" if name.startswith(OURS) else name,
            ms(seconds[name]),
            ms(processor[name]),
            f"{memory[name]:.1f} MB",
            f"{modules[name]:.0f}",
            f"{processor[name] / processor[OURS]:.2f}",
        ]
        for name in order
    ]
    section.table(["extension", "time", "processor", "memory", "modules", "processor beside ours"], rows)
    with plots.saved("at-rest", columns=2) as (left, right):
        quick_ones = {name: processor[name] * 1000 for name in order if processor[name] < 0.2}
        plots.bars(left, "To load", quick_ones, [OURS, OUTSIDE], "ms of processor time; over 200 ms is left out")
        counts = {name: modules[name] for name in order if name in quick_ones}
        plots.bars(right, "Modules imported", counts, [OURS, OUTSIDE], "modules")
    section.picture("at-rest", "Time and modules to load each extension")


class _Client:
    """Asks a server on a connection that stays open."""

    def __init__(self, port: int) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path: str) -> Any:
        self.http.request("GET", path, headers={"Authorization": f"token {TOKEN}"})
        response = self.http.getresponse()
        body = response.read()
        if response.status != 200:
            raise OSError(f"{path}: {response.status}")
        return json.loads(body)

    def is_up(self) -> bool:
        try:
            self.ask("/api/status")
        except (OSError, ValueError, http.client.HTTPException):
            self.http.close()
            return False
        return True

    def timed(self, path: str) -> dict[str, float]:
        """Return how long a response took, and for how long the event loop was blocked by it."""
        self.ask("/blocked")
        # Long enough for the clock in the event loop to tick.
        time.sleep(0.05)
        self.ask("/blocked")
        begin = time.perf_counter()
        self.ask(path)
        seconds = time.perf_counter() - begin
        time.sleep(0.05)
        return {"seconds": seconds, "blocked": self.ask("/blocked")["blocked"]}


def _first_request(section: Section, inside: Mapping[str, str], rounds: int) -> None:
    taken: dict[str, list[dict[str, float]]] = {"the server's own status": [], "first": [], "second": []}
    for _ in range(rounds):
        port = free_port()
        with tempfile.TemporaryDirectory() as home:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.child_server", OURS, str(port)],
                env=environment(inside, home),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=home,
            )
            try:
                client = _Client(port)
                until(client.is_up, pause=0.1)
                for name, path in zip(taken, ("api/status", *["jupyter-notebook-stop/instance"] * 2)):
                    # What the cloud said is used again for a second.
                    time.sleep(1.1 if name == "second" else 0)
                    taken[name].append(client.timed(f"/{path}"))
            finally:
                process.kill()
                process.wait()
    section.say(
        "What is not loaded at the start is loaded by the first request, here `GET instance`, which asks the cloud as"
        " well: imports, the TLS context, and the connection included. Beside the time, for how long the server's event"
        f" loop could do nothing else, at its longest. Medians of {rounds} fresh servers, and the worst of them."
    )
    rows = []
    for name, values in taken.items():
        seconds, blocked = [each["seconds"] for each in values], [each["blocked"] for each in values]
        longest = [ms(statistics.median(blocked)), ms(max(blocked))]
        rows.append([name, ms(statistics.median(seconds)), ms(max(seconds)), *longest])
    section.table(["request", "time", "worst", "event loop blocked", "worst"], rows)
