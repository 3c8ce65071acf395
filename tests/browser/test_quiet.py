"""After the end every page is quiet; after a stop that failed, every page is alive again."""

from __future__ import annotations

import pathlib
import sys

import pytest
from playwright.sync_api import Dialog, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import environments
from ..conftest import instance_environment
from .conftest import OpenTab, Server, StartServer, Tab
from .steps import (
    LAB,
    TREE,
    expect_farewell,
    expect_nothing_open,
    expect_only_overlay,
    expect_phase,
    stop_from_palette,
    type_text,
    write_notebook,
)

pytestmark = pytest.mark.whole

# Path, what shows that it is ready, and how many requests it may make in the 30 s after the server's death.
NEWEST = {
    # Two looks, and before the first, within 2 s, what JupyterLab tries to renew its stream of events.
    "lab": (LAB, 5),
    "lab/tree/a.ipynb": (".jp-Notebook", 2),
    "tree": (TREE, 12),
    "notebooks/b.ipynb": (".jp-Notebook", 5),
}
# Notebook 7.0 asks for checkpoints every 2 s, whatever is disposed of: 32 requests without us.
OLDEST = {
    "lab": (LAB, 12),
    "lab/tree/a.ipynb": (".jp-Notebook", 12),
    "tree": (TREE, 12),
    "notebooks/b.ipynb": (".jp-Notebook", 32),
}


def open_pages(server: Server, open_tab: OpenTab, pages: dict[str, tuple[str, int]]) -> dict[str, Tab]:
    for name in ("a", "b"):
        write_notebook(server.work / f"{name}.ipynb", "1 + 1")
    tabs = {path: open_tab(server.address(path), ready=ready) for path, (ready, _) in pages.items()}
    for path, tab in tabs.items():
        if path.endswith(".ipynb"):
            # A kernel that is connected is one more thing that would ask again and again.
            # Where the toolbar is too narrow, it is there and not seen.
            tab.page.wait_for_selector("[data-status=idle]", state="attached")
            type_text(tab.page, f"# typed in {path}")
    return tabs


@pytest.mark.parametrize("which", ["newest", "oldest"])
def test_every_page_is_quiet_after_the_end(
    which: str, start_server: StartServer, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    pages = NEWEST if which == "newest" else OLDEST
    python = sys.executable if which == "newest" else environments.interpreter("oldest")
    simulator.instance.step_seconds = 60
    base_url = f"/{simulator.instance_id}/"
    server = start_server(instance_environment(simulator), base_url=base_url, python=python)
    tabs = open_pages(server, open_tab, pages)

    stop_from_palette(tabs["lab"].page)
    for tab in tabs.values():
        expect_phase(tab.page, "accepted")
        # Notebook 7.0 complains when it is asked for what only JupyterLab has.
        assert not [complaint for complaint in tab.complaints if "no area called" in complaint]
    tabs["lab"].page.wait_for_timeout(3_000)
    death = server.kill()
    tabs["lab"].page.wait_for_timeout(30_000)

    counts = {path: len(tab.requests_since(death)) for path, tab in tabs.items()}
    print(f"requests in the 30 s after the server's death, {which}: {counts}")
    for path, tab in tabs.items():
        asked = "\n".join(f"{when - death:.2f} s {url}" for when, url in tab.requests if when > death)
        print(f"{path}:\n{asked}")
        assert counts[path] <= pages[path][1], f"{path}:\n{asked}"
        expect_farewell(tab.page)
        expect_only_overlay(tab.page)
        nagged: list[str] = []

        def accept(dialog: Dialog, nagged: list[str] = nagged) -> None:
            nagged.append(dialog.type)
            dialog.accept()

        tab.page.on("dialog", accept)
        tab.page.close(run_before_unload=True)
        assert nagged == [], f"{path} nags"
    for path in ("lab/tree/a.ipynb", "notebooks/b.ipynb"):
        saved = (server.work / pathlib.PurePosixPath(path).name).read_text()
        assert f"# typed in {path}" in saved


def test_pages_come_back_when_the_stop_fails_after_all(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    tabs = open_pages(instance_server, open_tab, NEWEST)
    stop_from_palette(tabs["lab"].page)
    for tab in tabs.values():
        expect_phase(tab.page, "accepted")
    simulator.instance.status = "RUNNING"
    clicker = tabs["lab"].page.locator(".jp-Dialog")
    expect(clicker).to_contain_text("is RUNNING now")
    clicker.get_by_role("button", name="Close").click()
    for path, tab in tabs.items():
        expect_nothing_open(tab.page)
        if path.endswith(".ipynb"):
            type_text(tab.page, " and more")
            tab.page.keyboard.press("Control+s")
    for name in ("a", "b"):
        for _ in range(50):
            if " and more" in (instance_server.work / f"{name}.ipynb").read_text():
                break
            tabs["lab"].page.wait_for_timeout(100)
        assert " and more" in (instance_server.work / f"{name}.ipynb").read_text()
