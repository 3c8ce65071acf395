"""Under a JupyterHub: the page shows our calm view, and the hub sees that the server is gone."""

from __future__ import annotations

import pathlib
from typing import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import GUARD, instance_environment
from ..hub import Hub
from ..waiting import until
from .conftest import Tab
from .profiles import new_context
from .steps import LAB, expect_farewell, expect_nothing_open, expect_only_overlay, expect_phase, stop_from_palette

USER = "ann@example.org"

NAMES = ("INSTANCE_ID", "PROJECT_ID", "MODELARTS_REGION", "MODELARTS_ENDPOINT")
"""What the documented configuration passes on to the users' servers."""

HUBS_DIALOG = "Server unavailable or unreachable"


@pytest.fixture
def hub(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> Iterator[Hub]:
    # By itself it stops later than the tests look at it.
    simulator.instance.step_seconds = 60
    variables = instance_environment(simulator)
    inside = {name: value for name, value in variables.items() if name in NAMES}
    keys = {name: value for name, value in variables.items() if name not in NAMES}
    running = Hub(tmp_path, inside, {**keys, "PYTHONPATH": str(GUARD)})
    yield running
    running.close()


@pytest.fixture
def tab(hub: Hub, browser: Browser) -> Iterator[Tab]:
    """A user who has logged in, before the JupyterLab of a server of their own."""
    context = new_context(browser)
    tab = Tab(context.new_page())
    tab.page.goto(f"{hub.url}hub/login")
    tab.page.locator("#username_input").fill(USER)
    tab.page.locator("#password_input").fill(hub.password)
    tab.page.locator("#login_submit").click()
    tab.page.wait_for_selector(LAB)
    yield tab
    context.close()


def expect_gone(hub: Hub, page: Page) -> None:
    """Wait until the hub has seen that the server is gone, and no longer leads to it."""
    until(lambda: hub.servers(USER) == {}, pause=0.2)
    assert (
        page.evaluate("url => fetch(url).then(response => response.status)", f"{hub.url}user/{USER}/api/status") >= 400
    )


def test_a_stop_ends_in_our_calm_view_and_the_hub_knows(hub: Hub, tab: Tab, simulator: ThreadedSimulator) -> None:
    page = tab.page
    assert f"/user/{quote(USER)}/" in page.url or f"/user/{USER}/" in page.url
    expect_nothing_open(page)
    stop_from_palette(page)
    expect_phase(page, "accepted")
    assert simulator.count("stop") == 1
    simulator.instance.status = "STOPPED"
    hub.kill_server(USER)

    expect_farewell(page)
    expect_gone(hub, page)
    # By then a page that we do not keep quiet has its dialog, as the next test shows.
    page.wait_for_timeout(15_000)
    expect_farewell(page)
    expect_only_overlay(page)
    expect(page.get_by_text(HUBS_DIALOG)).to_have_count(0)
    tab.screenshot("hub-farewell")


def test_without_a_stop_the_hub_s_own_dialog_is_shown(hub: Hub, tab: Tab) -> None:
    hub.kill_server(USER)
    expect(tab.page.locator(".jp-Dialog", has_text=HUBS_DIALOG)).to_be_visible()
    expect_gone(hub, tab.page)
