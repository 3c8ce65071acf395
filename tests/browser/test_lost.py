"""A lost connection is not the end, and what the page says is never hidden."""

from __future__ import annotations

from typing import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import LIMIT
from .conftest import OpenTab, Server, StartServer
from .profiles import Profiles
from .shared import SharedLab
from .steps import (
    OVERLAY,
    expect_kernel,
    expect_nothing_open,
    expect_phase,
    failure,
    hold_saved,
    stop_from_palette,
    write_notebook,
)
from .test_tabs import Post

COMMAND = "jupyter-notebook-stop:stop"
CLOSE_KERNEL_SOCKETS = """() => {
    for (const widget of window.jupyterapp.shell.widgets('main')) {
        widget.sessionContext?.session?.kernel?._ws?.close();
    }
}"""
LOST = "[data-view=farewell][data-phase=lost]"
EXPOSE = tuple(f"--{app}.expose_app_in_browser=True" for app in ("LabApp", "JupyterNotebookApp"))


@pytest.fixture
def server(start_server: StartServer, simulator: ThreadedSimulator) -> Server:
    """A Jupyter server in an instance that takes its time to stop, with pages that tests can reach into."""
    simulator.instance.step_seconds = 60
    return start_server(instance_environment(simulator), base_url=f"/{simulator.instance_id}/", arguments=EXPOSE)


@pytest.fixture(scope="module")
def shared_lab(
    profiles: Profiles, shared_port: int, instance_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedLab]:
    """Another such server, and a page."""
    with ThreadedSimulator(step_seconds=60, instance_id=instance_id) as simulator:
        root = tmp_path_factory.mktemp("lost")
        shared = SharedLab(profiles, simulator, root, port=shared_port, arguments=EXPOSE)
        yield shared
        shared.close()


def run_first_cell(page: Page, output: str) -> None:
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output", has_text=output)).to_be_visible()


@pytest.mark.versions
@pytest.mark.parametrize("path", ["lab/tree/a.ipynb", "notebooks/a.ipynb"])
def test_a_page_comes_back_after_a_short_loss(
    server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, path: str
) -> None:
    write_notebook(server.work / "a.ipynb", "6 * 7")
    page = open_tab(server.address(path), ready=".jp-Notebook").page
    expect_kernel(page, server)
    page.evaluate(f"window.jupyterapp.commands.execute('{COMMAND}'), null")
    page.get_by_role("button", name="Save all and stop").click()
    expect_phase(page, "accepted")

    page.context.set_offline(True)
    page.evaluate(CLOSE_KERNEL_SOCKETS)
    expect(page.locator(LOST)).to_be_visible()
    expect(page.locator(OVERLAY)).to_contain_text("as expected after an accepted stop")
    expect(page.locator(OVERLAY)).not_to_contain_text("has stopped")
    page.wait_for_timeout(2_500)
    page.context.set_offline(False)
    expect_phase(page, "accepted")

    # The cloud drops the stop: the page is as it was, its kernel included.
    simulator.instance.status = "RUNNING"
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("is RUNNING now")
    dialog.get_by_role("button", name="Close").click()
    expect_nothing_open(page)
    run_first_cell(page, "42")


def test_neither_a_kernel_that_reconnects_nor_what_cannot_be_shown_is_the_end(
    server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    write_notebook(server.work / "a.ipynb", "6 * 7")
    tab = open_tab(server.address("lab/tree/a.ipynb"), ready=".jp-Notebook")
    page = tab.page
    expect_kernel(page, server)
    stop_from_palette(page)
    expect_phase(page, "accepted")
    page.evaluate(CLOSE_KERNEL_SOCKETS)
    page.wait_for_timeout(3_000)
    expect_phase(page, "accepted")
    status = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.connectionStatus"
    for _ in range(100):
        if page.evaluate(status) == "connected":
            break
        page.wait_for_timeout(100)
    assert page.evaluate(status) == "connected"

    # An error of our own in the middle of a stop costs one picture of it.
    spoilt: list[str] = []

    def spoil_once(route: Route) -> None:
        if spoilt:
            route.continue_()
            return
        response = route.fetch()
        spoilt.append(response.url)
        route.fulfill(response=response, json={**response.json(), "action_progress": [None]})

    page.route("**/jupyter-notebook-stop/instance?*", spoil_once)
    for _ in range(600):
        if spoilt:
            break
        page.wait_for_timeout(100)
    assert spoilt
    expect_phase(page, "accepted")
    simulator.instance.status = "STOPPED"
    expect(page.get_by_role("dialog", name="This instance has stopped")).to_be_visible()
    assert [each for each in tab.complaints if "TypeError" in each], "nothing failed, so nothing was survived"


def test_progress_is_above_any_dialog(lab: SharedLab) -> None:
    page = lab.page
    page.evaluate("window.jupyterapp.commands.execute('help:about'), null")
    about = page.locator(".jp-Dialog", has_text="Project Jupyter Contributors")
    expect(about).to_be_visible()
    hold_saved(page)
    post = Post(lab.server, lab.simulator.instance_id)
    expect_phase(page, "saving")
    expect(page.locator(OVERLAY)).to_be_focused()
    assert about.evaluate("node => { node.querySelector('button').focus(); return !node.matches(':focus-within'); }")
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate(f"!document.activeElement.closest('.jp-Dialog') && !!document.querySelector('{OVERLAY}')")
    # As a person clicks: what lies above would take it.
    page.get_by_role("button", name="Cancel the stop").click()
    expect(page.locator(OVERLAY)).to_have_count(0)
    about.get_by_role("button").last.click()
    expect_nothing_open(page)
    post.join(LIMIT)
    assert post.status == 409
    assert lab.simulator.count("stop") == 0


def test_a_failure_is_above_any_dialog(lab: SharedLab) -> None:
    """A dialog that opened behind the progress is there when this ends: the failure comes first."""
    lab.simulator.settings.deny("stop")
    tab, page = lab.tab, lab.page
    release = hold_saved(page)
    stop_from_palette(page)
    expect_phase(page, "saving")
    page.evaluate("window.jupyterapp.commands.execute('help:about'), null")
    about = page.locator(".jp-Dialog", has_text="Project Jupyter Contributors")
    expect(about).to_be_attached()
    release()
    dialog = failure(page)
    tab.screenshot("failure-above-a-dialog")
    # As a person clicks: what lies above would take it.
    dialog.get_by_role("button", name="Copy details").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(about).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator(".jp-Dialog")).to_have_count(1)
    about.get_by_role("button").last.click()
    expect_nothing_open(page)
    assert page.locator("[inert]").count() == 0
