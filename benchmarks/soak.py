"""A Jupyter server under pages that come, ask for stops that are refused, sleep, wake and go: what grows, if anything.

The pages speak to a real server with the extension as JupyterLab's do, without a browser, but for one: a JupyterLab in
Chromium that stays, takes part in each roll call, and hears of each refusal. What the server's process and this page
hold is written down every minute; a run that is cut short loses nothing.

Run: python -m benchmarks.soak --minutes 120 --out soak.csv
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import csv
import pathlib
import random
import statistics
import tempfile
import time
from typing import Any, AsyncIterator, Iterator

import httpx
import psutil
from playwright.async_api import CDPSession, async_playwright

from jupyter_notebook_stop.simulator import Refuse, ThreadedSimulator
from tests import browser_finder
from tests.browser.conftest import CHROMIUM_OPTIONS
from tests.servers import Server

from .light_page import API, LightPage, client

PAGES = 10
COUNTS = ("loads", "stops", "sleeps", "unexpected")
HELD = {
    "memory_mb": "server: memory (USS), MB",
    "descriptors": "server: file descriptors",
    "sockets": "server: sockets",
    "threads": "server: threads",
    "heap_mb": "page: JavaScript heap, MB",
    "nodes": "page: DOM nodes",
    "listeners": "page: event listeners",
}


class Visitors:
    """What all pages share: the server they are at, and what they have done.

    Parameters
    ----------
    server
        The Jupyter server.
    instance_id
        Of the instance it runs in.
    haste
        By how much their pauses are shortened.
    """

    def __init__(self, server: Server, instance_id: str, haste: float) -> None:
        self.server = server
        self.instance_id = instance_id
        self.haste = haste
        self.done: collections.Counter[str] = collections.Counter()
        self.stopping = asyncio.Lock()
        self.http = client(server)

    async def pause(self, shortest: float, longest: float) -> None:
        """Do nothing for some seconds."""
        await asyncio.sleep(random.uniform(shortest, longest) / self.haste)

    async def expect(self, status: int, method: str, path: str, **options: Any) -> None:
        """Send a request; count a response of another status as unexpected."""
        response = await self.http.request(method, path, **options)
        if response.status_code != status:
            self.done["unexpected"] += 1
            print(f"{method} {path}: {response.status_code} {response.text[:300]}", flush=True)

    async def stop(self, tab: str) -> None:
        """Ask for a stop, which the service refuses; one page after the other."""
        body = {"instance_id": self.instance_id, "source": "palette", "tab": tab}
        async with self.stopping:
            # What the service refuses is a 502 of the local API.
            await self.expect(502, "POST", f"{API}/stop", json=body)
        self.done["stops"] += 1


async def live(visitors: Visitors) -> None:
    """Be a page that loads, stays for a while with pauses in which it sleeps, and leaves."""
    page = LightPage(visitors.server, visitors.http)
    await visitors.expect(200, "GET", "lab")
    visitors.done["loads"] += 1
    for _ in range(random.randint(1, 4)):
        await page.open()
        try:
            await visitors.expect(200, "GET", f"{API}/instance")
            await visitors.pause(5, 20)
            if random.random() < 0.5:
                await visitors.stop(page.id)
            await visitors.pause(5, 20)
        finally:
            await page.close()
        visitors.done["sleeps"] += 1
        await visitors.pause(10, 40)


async def visit(visitors: Visitors, until: float) -> None:
    """Be one page after another."""
    while time.monotonic() < until:
        try:
            await live(visitors)
        except (OSError, httpx.HTTPError) as error:
            visitors.done["unexpected"] += 1
            print(f"{type(error).__name__}: {error}", flush=True)


def sample(process: psutil.Process) -> dict[str, float]:
    """Return what the server's process holds."""
    with process.oneshot():
        memory = process.memory_full_info().uss / 1e6
        connections = getattr(process, "net_connections", process.connections)
        return {
            "memory_mb": round(memory, 2),
            "descriptors": process.num_fds(),
            "sockets": len(connections("inet")),
            "threads": process.num_threads(),
        }


@contextlib.asynccontextmanager
async def open_page(server: Server) -> AsyncIterator[CDPSession]:
    """Open JupyterLab in Chromium, and yield a session of its developer tools."""
    path = browser_finder.find()
    assert path, "no Chromium or Chrome; run: python tests/run.py"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        page = await browser.new_page()
        await page.goto(server.address("lab"))
        await page.wait_for_selector(".jp-LauncherCard", timeout=60_000)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        yield session
        await browser.close()


async def sample_page(session: CDPSession) -> dict[str, float]:
    """Return what the page holds once its garbage is collected."""
    await session.send("HeapProfiler.collectGarbage")
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    values = {metric["name"]: metric["value"] for metric in metrics}
    return {
        "heap_mb": round(values["JSHeapUsedSize"] / 1e6, 2),
        "nodes": values["Nodes"],
        "listeners": values["JSEventListeners"],
    }


async def soak(server: Server, instance_id: str, minutes: float, haste: float, out: pathlib.Path) -> None:
    """Let pages visit the server, and write down a line each minute."""
    visitors = Visitors(server, instance_id, haste)
    process = psutil.Process(server.process.pid)
    async with open_page(server) as page:
        begin = time.monotonic()
        until = begin + minutes * 60
        pages = [asyncio.ensure_future(visit(visitors, until)) for _ in range(PAGES - 1)]
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["minutes", *HELD, *COUNTS])
            writer.writeheader()
            while time.monotonic() < until:
                await asyncio.sleep(60 / haste)
                held = {**sample(process), **await sample_page(page)}
                passed = round((time.monotonic() - begin) / 60, 2)
                writer.writerow({"minutes": passed, **held, **{name: visitors.done[name] for name in COUNTS}})
                file.flush()
        for visiting in pages:
            visiting.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
    await visitors.http.aclose()


def slope(moments: list[float], values: list[float]) -> float:
    """Return the growth per hour that half of all pairs of samples exceed (Theil and Sen)."""
    pairs = [
        (values[j] - values[i]) / (moments[j] - moments[i]) * 60
        for i in range(len(values))
        for j in range(i + 1, len(values))
    ]
    return statistics.median(pairs) if pairs else 0.0


def report(path: pathlib.Path) -> Iterator[str]:
    """Return the lines of a table: each figure after a quarter of the time, in the end, and its growth per hour."""
    with path.open(encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    if len(rows) < 8:
        yield f"{len(rows)} samples are too few"
        return
    settled = rows[len(rows) // 4 :]
    last = rows[-1]
    tenth = max(1, len(settled) // 10)
    yield (
        f"{last['minutes']:.0f} minutes, {PAGES} pages at a time: {last['loads']:.0f} loads, {last['stops']:.0f} stops"
        f" that were refused, {last['sleeps']:.0f} times asleep, {last['unexpected']:.0f} unexpected responses."
    )
    yield ""
    yield "| held | after a quarter | at the end | growth per hour |"
    yield "| --- | --- | --- | --- |"
    moments = [row["minutes"] for row in settled]
    for name, title in HELD.items():
        values = [row[name] for row in settled]
        first, end = statistics.median(values[:tenth]), statistics.median(values[-tenth:])
        yield f"| {title} | {first:g} | {end:g} | {slope(moments, values):+.2f} |"


def main() -> None:
    """Run it, or only report on a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--haste", type=float, default=1, help="by how much pauses are shortened")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("soak.csv"))
    parser.add_argument("--report", action="store_true", help="only report on what the file holds")
    options = parser.parse_args()
    if not options.report:
        with tempfile.TemporaryDirectory() as folder, ThreadedSimulator() as simulator:
            simulator.faults.add("stop", Refuse(), times=None)
            server = Server(pathlib.Path(folder), simulator.environment())
            try:
                work = soak(server, simulator.instance_id, options.minutes, options.haste, options.out)
                asyncio.run(work)
            finally:
                server.close()
    print(*report(options.out), sep="\n")


if __name__ == "__main__":
    main()
