"""What the page loads, when, and what happens where it cannot."""

from __future__ import annotations

import math
import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT
from .conftest import OpenTab, Server
from .steps import LAB, expect_farewell, run_from_palette
from .test_tabs import Post

pytestmark = pytest.mark.whole

OURS = "/jupyter-notebook-stop/static/"
# Named by their files in a build for developers, and otherwise as the bundle's configuration names them.
STOP = re.compile(OURS + r"(lib_stop_parts_js|stop)\.")


def call(page: Page, command: str) -> None:
    """Call a command of ours from the palette."""
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("this instance")
    page.locator(f".lm-CommandPalette-item[data-command='jupyter-notebook-stop:{command}']").click()


def test_all_of_a_stop_is_there_before_it_begins(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    simulator.instance.step_seconds = 0.6
    tab = open_tab(instance_server.address("lab"), ready=LAB)
    # Without any click: a page must be able to save when a stop comes from elsewhere.
    limit = time.monotonic() + LIMIT
    while not [url for _, url in tab.requests if STOP.search(url)]:
        assert time.monotonic() < limit
        tab.page.wait_for_timeout(100)
    run_from_palette(tab.page)
    save = tab.page.get_by_role("button", name="Save all and stop")
    expect(save).to_be_enabled()
    before = len(tab.requests)
    save.click()
    expect_farewell(tab.page)
    assert not [url for _, url in tab.requests[before:] if OURS in url]


def test_what_cannot_be_loaded_is_told_and_tried_again(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    simulator.instance.step_seconds = 0.6
    page = open_tab(instance_server.address("lab"), ready=LAB).page
    refused: list[str] = []
    most: float = math.inf

    def refuse(route: Route) -> None:
        if len(refused) < most:
            refused.append(route.request.url)
            route.fulfill(status=404)
        else:
            route.fallback()

    page.route(STOP, refuse)
    page.reload()
    page.wait_for_selector(LAB)
    notices = page.get_by_text("A part of this page could not be loaded, and nothing was done.")
    for count, command in enumerate(["stop", "stop-at"], 1):
        call(page, command)
        expect(notices).to_have_count(count)
        expect(page.locator(".jp-Dialog")).to_have_count(0)
    assert simulator.instance.status == "RUNNING"

    # A stop from elsewhere: the file is there again, once loading has failed once more.
    until_now = len(refused)
    most = until_now + 1
    post = Post(instance_server, simulator.instance_id)
    expect_farewell(page)
    post.join()
    assert post.status == 202
    assert len(refused) == most
