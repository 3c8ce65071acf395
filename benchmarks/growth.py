"""What one more caller, tab, kernel or hour costs: the cost of each should be the same however many there are."""

from __future__ import annotations

import asyncio
import pathlib
import statistics
import tempfile
from typing import Any, Sequence

from jupyter_notebook_stop.simulator import ThreadedSimulator

from . import follow, kernels, plots
from .callers import Caller, callers
from .light_page import API, QuickServer, client, over, pages
from .measure import process_of, used
from .report import Section

_PATIENCE = "--NotebookStop.roll_call_timeout=60"
"""Two hundred tabs that report at once keep their client busy for longer than the usual two seconds."""

CALLERS = (1, 3, 10, 30, 100, 300, 1000)
TABS = (1, 3, 10, 30, 100, 200)

_HOW = (
    "Callers and tabs ask a Jupyter server in a process of its own, and the cost is that process's; however many"
    " callers there were, one request reached the cloud. Tabs are clients that report as JupyterLab does. The"
    " kernels are real kernel managers and sessions of a Jupyter server with processes behind them that do"
    " nothing, since hundreds of IPython kernels need more memory than most machines have; each is marked as busy,"
    " as the server does when it says so. Their cost is that of one look at all of them, and the memory is what"
    f" looking has left. The stop is followed through our client at the stand-in, with a look every {follow.POLL:g}"
    " s, on a clock that jumps to the next moment at which something is due, with the limit of one hour lifted;"
    " the cost is that of one look, and the memory is what Python objects take."
)


def run(quick: bool) -> Section:
    """Measure what grows with callers, tabs, kernels and hours."""
    section = Section("Growth")
    rounds = 1 if quick else 3
    with tempfile.TemporaryDirectory() as folder, ThreadedSimulator(step_seconds=0.02) as simulator:
        server = QuickServer(pathlib.Path(folder), simulator.environment(), arguments=[_PATIENCE])
        try:
            by_callers, by_tabs = asyncio.run(_requests(server, simulator, rounds))
        finally:
            server.kill()
    by_kernels = kernels.measure((1, 10, 100) if quick else (1, 3, 10, 30, 100, 200, 500), 20)
    hours = follow.measure(3 if quick else 24)
    _tell(section, by_callers, by_tabs, by_kernels, hours)
    return section


async def _requests(server: QuickServer, simulator: ThreadedSimulator, rounds: int) -> tuple[Any, Any]:
    process = process_of(server.process.pid)
    by_callers: dict[float, tuple[float, float]] = {}
    by_tabs: dict[float, tuple[float, float]] = {}
    async with client(server) as http:
        # Once the largest number has been there, what remains is not growth.
        for count in (CALLERS[-1], *CALLERS):
            async with callers(server, count) as asking:
                costs = [await _at_once(asking, http, simulator, process) for _ in range(rounds)]
            by_callers[count] = _median(costs)
        for count in (TABS[-1], *TABS):
            async with pages(server, http, count):
                costs = [await _attempt(http, simulator, process, count) for _ in range(rounds)]
            by_tabs[count] = _median(costs)
    return dict(sorted(by_callers.items())), dict(sorted(by_tabs.items()))


def _median(costs: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(cost for cost, _ in costs), statistics.median(memory for _, memory in costs)


async def _at_once(
    asking: Sequence[Caller], http: Any, simulator: ThreadedSimulator, process: Any
) -> tuple[float, float]:
    """Have them ask for a stop at once; return the seconds for each, and the MB of the server in the end."""
    before, _ = used(process)
    simulator.requests.clear()
    statuses = await asyncio.gather(*(caller.stop(simulator.instance_id) for caller in asking))
    after, memory = used(process)
    await over(http)
    if {*statuses} != {202}:
        raise RuntimeError({*statuses})
    # Who comes after the stop is over asks for another one, and is told that it has stopped.
    if simulator.count("stop") != 1:
        raise RuntimeError(f"{simulator.count('stop')} requests reached the cloud")
    simulator.instance.status = "RUNNING"
    return (after - before) / len(asking), memory


async def _attempt(http: Any, simulator: ThreadedSimulator, process: Any, count: int) -> tuple[float, float]:
    """Stop with so many tabs; return the seconds for each, and the MB of the server in the end."""
    body = {"instance_id": simulator.instance_id, "save": "all"}
    before, _ = used(process)
    response = await http.post(f"{API}/stop", json=body)
    after, memory = used(process)
    if response.status_code != 202:
        raise RuntimeError(response.text)
    if len(response.json()["attempt"]["tabs"]) != count:
        raise RuntimeError(f"{len(response.json()['attempt']['tabs'])} of {count} tabs have reported")
    await over(http)
    simulator.instance.status = "RUNNING"
    return (after - before) / count, memory


def _tell(section: Section, by_callers: Any, by_tabs: Any, by_kernels: Any, hours: Any) -> None:
    section.say(
        "Processor time for each item, and memory, by the number of items. What all items share weighs less the more"
        " they are, until the cost of one item is left; a cost that rose with their number would rise again."
    )
    titles = {
        "callers who ask for a stop at once": (by_callers, "ms"),
        "tabs in a roll call": (by_tabs, "ms"),
        "kernels in the activity view": (by_kernels, "µs"),
        "hours that an accepted stop is followed": (hours, "ms"),
    }
    rows = []
    with plots.saved("growth", columns=4, width=3.2, height=2.6) as axes:
        for axis, (title, (points, unit)) in zip(axes, titles.items()):
            factor = 1e6 if unit == "µs" else 1e3
            costs = {count: cost * factor for count, (cost, _) in points.items()}
            hourly = points is hours
            plots.line(axis, title.split()[0].capitalize(), title, f"{unit} for each", costs, not hourly)
            counts = [*points]
            tenth = counts[len(counts) // 2] if hourly else counts[-3]
            last = counts[-1]
            rows.append([title, f"{tenth:g} to {last:g}", f"{costs[tenth]:.2f} {unit}", f"{costs[last]:.2f} {unit}"])
            rows[-1].append(f"{points[last][1] - points[tenth][1]:+.2f} MB")
    section.table(["items", "from, to", "cost of one, before", "cost of one, at the end", "memory in between"], rows)
    section.picture("growth", "Cost of one caller, tab, kernel and hour, by their number")
    section.say(_HOW)
