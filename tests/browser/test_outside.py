"""Where there is nothing to stop, the page is as if the extension were not there."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from .conftest import NOTEBOOKS_OWN, OpenTab, Server, StartServer, Tab, frontend
from .steps import LAB, TREE, expect_nothing_open, write_notebook

pytestmark = pytest.mark.whole

KERNEL_READY = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
PAGES = [("lab", LAB), ("tree", TREE)]


def ours(tab: Tab) -> list[str]:
    """Return the requests to our own API; the frontend's files and settings are core's to fetch."""
    return [url for _, url in tab.requests if "/jupyter-notebook-stop/instance" in url or "-stop/stop" in url]


def switch_status_off(server: Server) -> None:
    """Without the status bar's item, which reads the instance once."""
    folder = server.root / "config" / "lab" / "user-settings" / "jupyter-notebook-stop"
    folder.mkdir(parents=True)
    (folder / "status.jupyterlab-settings").write_text(json.dumps({"enabled": False}))


def look_up(tab: Tab) -> None:
    tab.page.keyboard.press("Control+Shift+C")
    tab.page.locator(".lm-CommandPalette-input").fill("stop this instance")
    tab.page.wait_for_timeout(300)


def open_notebook(tab: Tab, name: str) -> None:
    """Open a notebook where the page shows its folder, and wait for its kernel."""
    tab.page.locator(".jp-DirListing-item", has_text=name).dblclick()
    tab.page.wait_for_selector(KERNEL_READY)


def expect_silence(tab: Tab) -> None:
    tab.page.wait_for_timeout(1_000)
    assert tab.complaints == []
    assert tab.failures == []
    assert ours(tab) == []
    expect_nothing_open(tab.page)


@pytest.mark.parametrize(("path", "ready"), PAGES)
def test_outside_an_instance_the_command_is_disabled_with_the_reason(
    start_server: StartServer, open_tab: OpenTab, path: str, ready: str
) -> None:
    server = start_server({})
    write_notebook(server.work / "work.ipynb", "6 * 7")
    tab = open_tab(server.address(path), ready=ready)
    expect_silence(tab)
    look_up(tab)
    item = tab.page.locator(".lm-CommandPalette-item[data-command='jupyter-notebook-stop:stop']")
    expect(item).to_be_visible()
    expect(item).to_have_class("lm-CommandPalette-item lm-mod-disabled")
    expect(item).to_contain_text("not in a ModelArts notebook instance")
    tab.screenshot(f"outside-{path}")
    tab.page.keyboard.press("Enter")
    expect_silence(tab)
    if path == "lab":
        tab.page.keyboard.press("Escape")
        open_notebook(tab, "work.ipynb")
        expect_silence(tab)


@pytest.mark.parametrize(("path", "ready"), PAGES)
def test_without_the_server_extension_the_command_is_hidden(
    start_server: StartServer, open_tab: OpenTab, path: str, ready: str
) -> None:
    off = "--ServerApp.jpserver_extensions=jupyter_notebook_stop=False"
    tab = open_tab(start_server({}, arguments=[off]).address(path), ready=ready)
    expect_silence(tab)
    look_up(tab)
    assert tab.page.locator(".lm-CommandPalette-item[data-command='jupyter-notebook-stop:stop']").count() == 0


@pytest.mark.parametrize(("path", "ready"), PAGES)
def test_inside_an_instance_opening_a_page_asks_for_nothing(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, path: str, ready: str
) -> None:
    switch_status_off(instance_server)
    write_notebook(instance_server.work / "work.ipynb", "6 * 7")
    tab = open_tab(instance_server.address(path), ready=ready)
    expect_silence(tab)
    if path == "lab":
        open_notebook(tab, "work.ipynb")
        expect_silence(tab)
    assert simulator.count() == 0
    tab.page.get_by_role("menuitem", name="File").first.click()
    expect(tab.page.locator(".lm-Menu-item[data-command='jupyter-notebook-stop:stop']")).to_be_visible()
    tab.screenshot(f"menu-{path}")
    tab.page.keyboard.press("Escape")
    # Nor is there more in the top bar than before; test_top_bar.py switches it on.
    expect(tab.page.locator("[data-jp-item-name=spacer]").first).to_be_attached()
    expect(tab.page.locator("[data-jp-item-name=instance]")).to_have_count(0)

    # A failed request would have been noticed.
    failures, complaints = len(tab.failures), len(tab.complaints)
    tab.page.evaluate(f"fetch('{instance_server.url}api/contents/nowhere')")
    tab.page.evaluate("fetch('http://127.0.0.1:1/').catch(() => null)")
    tab.page.wait_for_timeout(500)
    assert [failure.partition(" ")[2].rpartition("/")[2] for failure in tab.failures[failures:]] == ["nowhere", ""]
    assert len(tab.complaints) - complaints == 2


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_opening_the_page_of_a_notebook_asks_for_nothing(
    start_server: StartServer, simulator: ThreadedSimulator, open_tab: OpenTab, inside: bool
) -> None:
    server = start_server(instance_environment(simulator) if inside else {})
    switch_status_off(server)
    write_notebook(server.work / "work.ipynb", "6 * 7")
    tab = open_tab(server.address("notebooks/work.ipynb"), ready=".jp-Notebook .jp-CodeCell")
    tab.page.wait_for_selector(KERNEL_READY)
    expect_silence(tab)
    assert simulator.count() == 0


@pytest.mark.versions
def test_the_complaint_passed_over_is_not_ours(start_server: StartServer, open_tab: OpenTab) -> None:
    nowhere = [f"--{app}.labextensions_path=/nowhere" for app in ("LabApp", "JupyterNotebookApp")]
    server = start_server({}, arguments=nowhere)
    errors: list[str] = []
    tab = open_tab(server.address("lab"), ready=LAB)
    tab.page.on("pageerror", lambda error: errors.append(str(error)))
    tab.page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.page.goto(server.address("tree"))
    tab.page.wait_for_selector(TREE)
    tab.page.wait_for_timeout(2_000)
    assert not any("jupyter-notebook-stop" in url for _, url in tab.requests if "/static/" in url)
    opened = frontend(tab.page) or ""
    # Where Notebook does it no more, it need not be passed over either.
    assert set(errors) == {text for version, text in NOTEBOOKS_OWN.items() if f"Notebook {version}." in opened}
