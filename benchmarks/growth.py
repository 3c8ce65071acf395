"""What one more caller, tab, kernel or hour costs: the cost of each should be the same however many there are."""

from __future__ import annotations

import asyncio
import pathlib
import random
import statistics
import tempfile
from typing import Any, Mapping, Sequence, Tuple

from jupyter_notebook_stop.simulator import ThreadedSimulator

from . import follow, kernels, plots
from .callers import Caller, callers
from .light_page import API, QuickServer, client, over, pages
from .measure import process_of, used
from .report import Section

Cost = Tuple[float, float]
"""The seconds of one item, and the MB in the end."""

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
    rounds = 1 if quick else 7
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
    by_callers: dict[float, list[Cost]] = {count: [] for count in CALLERS}
    by_tabs: dict[float, list[Cost]] = {count: [] for count in TABS}
    async with client(server) as http:

        async def ask(count: int) -> Cost:
            async with callers(server, count) as asking:
                return await _at_once(asking, http, simulator, process)

        async def save(count: int) -> Cost:
            async with pages(server, http, count):
                return await _attempt(http, simulator, process, count)

        # Once the largest number has been there, what remains is not growth.
        await ask(CALLERS[-1])
        await save(TABS[-1])
        for _ in range(rounds):
            # All numbers in each round, in random order, so that whatever else the machine does meets all of them.
            for count in random.sample(CALLERS, len(CALLERS)):
                by_callers[count].append(await ask(count))
            for count in random.sample(TABS, len(TABS)):
                by_tabs[count].append(await save(count))
    return by_callers, by_tabs


async def _at_once(asking: Sequence[Caller], http: Any, simulator: ThreadedSimulator, process: Any) -> Cost:
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


async def _attempt(http: Any, simulator: ThreadedSimulator, process: Any, count: int) -> Cost:
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


def _medians(costs: Mapping[float, Sequence[Cost]]) -> dict[float, Cost]:
    return {
        count: (statistics.median(seconds for seconds, _ in each), statistics.median(memory for _, memory in each))
        for count, each in costs.items()
    }


def _times(before: Sequence[Cost], end: Sequence[Cost]) -> str:
    """Return how many times as much one item costs at the end, within each round: the median, and the middle half."""
    ratios = sorted(more / less for (less, _), (more, _) in zip(before, end))
    if len(ratios) < 4:
        return f"{statistics.median(ratios):.2f}"
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _tell(section: Section, by_callers: Any, by_tabs: Any, by_kernels: Any, hours: Any) -> None:
    rounds = len(by_callers[CALLERS[0]])
    section.say(
        "Processor time for each item, and memory, by the number of items. What all items share weighs less the more"
        " they are, until the cost of one item is left; a cost that rose with their number would rise again."
        f" Callers and tabs: medians of {rounds} rounds, each with all numbers in random order, and how many times as"
        " much one item costs at the end as before within a round, with the middle half of the rounds."
    )
    titles = {
        "callers who ask for a stop at once": (by_callers, "ms"),
        "tabs in a roll call": (by_tabs, "ms"),
        "kernels in the activity view": ({count: [cost] for count, cost in by_kernels.items()}, "µs"),
        "hours that an accepted stop is followed": ({hour: [cost] for hour, cost in hours.items()}, "ms"),
    }
    rows = []
    with plots.saved("growth", columns=4, width=3.2, height=2.6) as axes:
        for axis, (title, (costs_of, unit)) in zip(axes, titles.items()):
            points = _medians(costs_of)
            factor = 1e6 if unit == "µs" else 1e3
            costs = {count: cost * factor for count, (cost, _) in points.items()}
            hourly = title.startswith("hours")
            plots.line(axis, title.split()[0].capitalize(), title, f"{unit} for each", costs, not hourly)
            counts = [*points]
            tenth = counts[len(counts) // 2] if hourly else counts[-3]
            last = counts[-1]
            rows.append([title, f"{tenth:g} to {last:g}", f"{costs[tenth]:.2f} {unit}", f"{costs[last]:.2f} {unit}"])
            rows[-1] += [
                _times(costs_of[tenth], costs_of[last]),
                f"{points[last][1] - points[tenth][1]:+.2f} MB",
            ]
    heads = ["items", "from, to", "cost of one, before", "at the end", "times as much", "memory in between"]
    section.table(heads, rows)
    section.picture("growth", "Cost of one caller, tab, kernel and hour, by their number")
    section.say(_HOW)
