"""How long who clicks waits: for the question, and from the answer to it until the cloud has accepted the stop."""

from __future__ import annotations

import asyncio
import pathlib
import statistics
import tempfile
import time

import httpx
from playwright.sync_api import Page, sync_playwright

from jupyter_notebook_stop.simulator import Delay, ThreadedSimulator
from tests import browser_finder
from tests.browser.conftest import CHROMIUM_OPTIONS
from tests.servers import Server

from . import plots
from .light_page import API, QuickServer, client, over, pages
from .report import Section, ms

TABS = (0, 1, 3, 10)
SLOW = 1.0
"""How long a slow cloud takes to describe the instance, in seconds."""

# Both are asked of the page itself: what Playwright sees comes later.
_WATCH = """() => {
  const seen = { click: 0 };
  window.benchmarkSeen = seen;
  for (const type of ['mousedown', 'mouseup', 'click'])
    window.addEventListener(type, event => { seen.click = seen.dialog ? seen.click : event.timeStamp; }, true);
  const look = () => {
    const dialog = document.querySelector('.jp-Dialog');
    if (dialog && !seen.dialog)
      requestAnimationFrame(() => { seen.dialog = seen.dialog || performance.now(); });
    const button = document.querySelector('.jp-NotebookStop-stops');
    if (button && !button.disabled && !seen.filled)
      requestAnimationFrame(() => { seen.filled = seen.filled || performance.now(); });
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
}"""


def run(quick: bool) -> Section:
    """Measure from click to question, and from POST to 202."""
    section = Section("A click: how long one waits")
    rounds = 3 if quick else 9
    with tempfile.TemporaryDirectory() as folder, ThreadedSimulator(step_seconds=0.02) as simulator:
        server = QuickServer(pathlib.Path(folder), simulator.environment())
        try:
            asyncio.run(_post(section, server, simulator, rounds))
            _question(section, server, simulator, rounds)
        finally:
            server.kill()
    return section


async def _post(section: Section, server: Server, simulator: ThreadedSimulator, rounds: int) -> None:
    taken: dict[str, list[float]] = {}
    async with client(server) as http:
        for tabs in TABS:
            async with pages(server, http, tabs):
                name = f"{tabs or 'no'} tab{'' if tabs == 1 else 's'}"
                taken[name] = [await _stop(http, simulator, "all") for _ in range(rounds)]
        taken["without saving"] = [await _stop(http, simulator, "none") for _ in range(rounds)]
    section.say(
        "From `POST stop` until the response 202, which is sent once the cloud has accepted the stop. Tabs are clients"
        f" that listen to the event bus and report as JupyterLab does, with nothing to save. {rounds} stops each."
    )
    rows = [[name, ms(statistics.median(each)), ms(min(each)), ms(max(each))] for name, each in taken.items()]
    section.table(["open tabs", "median", "shortest", "longest"], rows)
    with plots.saved("click") as (axis,):
        plots.bars(
            axis, "From POST to 202", {name: statistics.median(each) for name, each in taken.items()}, [*taken], "s"
        )
    section.picture("click", "Time from POST to 202 by the number of tabs")


async def _stop(http: httpx.AsyncClient, simulator: ThreadedSimulator, save: str) -> float:
    body = {"instance_id": simulator.instance_id, "source": "palette", "save": save}
    begin = time.perf_counter()
    response = await http.post(f"{API}/stop", json=body)
    seconds = time.perf_counter() - begin
    if response.status_code != 202:
        raise RuntimeError(f"{response.status_code} {response.text[:300]}")
    await over(http)
    simulator.instance.status = "RUNNING"
    return seconds


def _question(section: Section, server: Server, simulator: ThreadedSimulator, rounds: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {}
    path = browser_finder.find()
    assert path, "no Chromium or Chrome; run: python tests/run.py"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(server.address("lab"))
        page.wait_for_selector(".jp-LauncherCard", timeout=60_000)
        page.wait_for_load_state("networkidle")
        page.evaluate(_WATCH)
        found["first click"] = [_ask(page)]
        found["further clicks"] = [_ask(page) for _ in range(rounds)]
        simulator.faults.add("show", Delay(SLOW), times=None)
        found[f"a cloud that takes {SLOW:g} s"] = [_ask(page) for _ in range(rounds)]
        simulator.faults.clear()
        browser.close()
    section.say(
        "In JupyterLab in Chromium: from the click on the command until the page shows the question, and until what the"
        " cloud says is filled in and the stop can be confirmed. What is known is shown at once."
    )
    rows = []
    for name, values in found.items():
        shown, filled = ([each[index] for each in values] for index in (0, 1))
        rows.append([name, ms(statistics.median(shown)), ms(max(shown)), ms(statistics.median(filled))])
    section.table(["click", "question shown", "longest", "filled in"], rows)


def _ask(page: Page) -> tuple[float, float]:
    """Choose the command in the palette, and leave the question; return the seconds from click to question."""
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("stop this instance")
    item = page.locator(".lm-CommandPalette-item[data-command='jupyter-notebook-stop:stop']")
    item.wait_for()
    page.evaluate("Object.assign(window.benchmarkSeen, { dialog: 0, filled: 0 })")
    item.click()
    page.wait_for_function("window.benchmarkSeen.dialog && window.benchmarkSeen.filled")
    seen = page.evaluate("window.benchmarkSeen")
    page.locator(".jp-Dialog .jp-mod-reject").first.click()
    page.wait_for_selector(".jp-Dialog", state="detached")
    # What the cloud said is used again for a second.
    page.wait_for_timeout(1100)
    return (seen["dialog"] - seen["click"]) / 1000, (seen["filled"] - seen["click"]) / 1000
