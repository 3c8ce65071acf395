"""A stop from anywhere: every tab and window hears of it, saves, and can keep it from happening."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT
from .conftest import OpenTab, Server, Tab
from .steps import (
    OVERLAY,
    expect_farewell,
    expect_nothing_open,
    expect_phase,
    failure,
    stop_from_palette,
    type_text,
    write_notebook,
)

EDITOR = ".jp-FileEditor .cm-content"


PAGES = {
    # Each in a workspace of its own, or the second would open the first one's file as well.
    "one.txt": ("lab/workspaces/one/tree/one.txt", EDITOR),
    "two.txt": ("lab/workspaces/two/tree/two.txt", EDITOR),
    "three.ipynb": ("notebooks/three.ipynb", ".jp-Notebook .cm-content"),
}


@pytest.fixture
def tabs(instance_server: Server, open_tab: OpenTab, request: pytest.FixtureRequest) -> dict[str, Tab]:
    """Two JupyterLabs in browsers of their own, and a tab of Notebook 7, each with something typed."""
    (instance_server.work / "one.txt").write_text("one\n")
    (instance_server.work / "two.txt").write_text("two\n")
    write_notebook(instance_server.work / "three.ipynb", "1 + 1")
    names = getattr(request, "param", PAGES)
    opened = {name: open_tab(instance_server.address(PAGES[name][0]), ready=PAGES[name][1]) for name in names}
    for name, tab in opened.items():
        type_text(tab.page, f"typed in {name}")
        tab.wait_until_it_listens()
    return opened


def expect_all_saved(server: Server, *names: str) -> None:
    for name in names:
        assert f"typed in {name}" in (server.work / name).read_text()


def refuse_saving(page: Page) -> None:
    def handle(route: Any) -> None:
        if route.request.method == "PUT":
            route.fulfill(status=500, content_type="application/json", body='{"message": "the disk is full"}')
        else:
            route.continue_()

    page.route("**/api/contents/three.ipynb*", handle)


class Post(threading.Thread):
    """A stop asked for outside the browser, as a terminal asks."""

    def __init__(self, server: Server, instance_id: str) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.body = {"instance_id": instance_id, "source": "terminal"}
        self.status = 0
        self.answer = ""
        self.start()

    def run(self) -> None:
        self.status, answer = self.server.ask("POST", "jupyter-notebook-stop/stop", self.body)
        self.answer = str(answer)


@pytest.mark.versions
def test_a_click_in_one_tab_saves_all(
    tabs: dict[str, Tab], instance_server: Server, simulator: ThreadedSimulator
) -> None:
    stop_from_palette(tabs["one.txt"].page)
    for tab in tabs.values():
        expect_phase(tab.page, "accepted")
    expect_all_saved(instance_server, *tabs)
    view = instance_server.fetch("GET", "jupyter-notebook-stop/instance")
    assert sorted(tab["state"] for tab in view["attempt"]["tabs"]) == ["saved"] * 3
    tabs["three.ipynb"].screenshot("other-tab")
    simulator.instance.status = "STOPPED"
    instance_server.kill()
    for tab in tabs.values():
        expect_farewell(tab.page)
    assert simulator.count("stop") == 1


def test_a_forged_event_does_nothing_and_a_stop_from_a_terminal_saves_all(
    tabs: dict[str, Tab], instance_server: Server, simulator: ThreadedSimulator
) -> None:
    data = {
        "attempt": "forged",
        "phase": "accepted",
        "instance_id": simulator.instance_id,
        "source": "api",
        "save": "all",
    }
    schema = "https://schema.jupyter.org/jupyter_notebook_stop/stop/v1"
    instance_server.fetch("POST", "api/events", {"schema_id": schema, "version": "1", "data": data})
    tabs["one.txt"].page.wait_for_timeout(2_000)
    for tab in tabs.values():
        expect_nothing_open(tab.page)
        assert any("jupyter-notebook-stop/instance" in url for _, url in tab.requests)
    assert simulator.count("stop") == 0
    type_text(tabs["two.txt"].page, " and on")

    post = Post(instance_server, simulator.instance_id)
    for tab in tabs.values():
        expect_phase(tab.page, "accepted")
        expect(tab.page.locator(OVERLAY)).to_contain_text("from a terminal")
    tabs["one.txt"].screenshot("from-a-terminal")
    post.join(LIMIT)
    assert post.status == 202
    expect_all_saved(instance_server, *tabs)


@pytest.mark.versions
def test_one_tab_that_cannot_save_keeps_the_instance_running(
    tabs: dict[str, Tab], instance_server: Server, simulator: ThreadedSimulator
) -> None:
    refuse_saving(tabs["three.ipynb"].page)
    stop_from_palette(tabs["one.txt"].page)
    dialog = failure(tabs["one.txt"].page)
    expect(dialog).to_contain_text("three.ipynb")
    expect(dialog).to_contain_text("the disk is full")
    tabs["one.txt"].screenshot("another-tab-failed")
    assert simulator.count("stop") == 0
    for name in ("two.txt", "three.ipynb"):
        expect(tabs[name].page.locator("[data-view=progress]")).to_have_count(0)
        tabs[name].screenshot("told-" + name)
        expect(tabs[name].page.locator(".Toastify__toast").first).to_contain_text("The stop was cancelled")
    expect_all_saved(instance_server, "one.txt", "two.txt")
    expect(tabs["three.ipynb"].page.locator(".jp-Notebook .cm-content").first).to_contain_text("typed in three.ipynb")


@pytest.mark.parametrize("instance_server", [{"save_timeout": 15}], indirect=True, ids=["soon"])
@pytest.mark.parametrize("tabs", [("one.txt", "three.ipynb")], indirect=True, ids=["two"])
def test_a_tab_that_froze_after_it_answered_cancels_the_stop(
    tabs: dict[str, Tab], instance_server: Server, simulator: ThreadedSimulator
) -> None:
    # It says `here`, then its `saved` never arrives.
    tabs["three.ipynb"].page.route(
        "**/tabs/*", lambda route: None if "saved" in (route.request.post_data or "") else route.continue_()
    )
    post = Post(instance_server, simulator.instance_id)
    while post.is_alive():
        tabs["three.ipynb"].page.wait_for_timeout(200)
    assert post.status == 409
    assert "did not report" in post.answer
    assert simulator.count("stop") == 0
