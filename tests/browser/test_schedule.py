"""A stop that comes later: its course, from what it waits for to its end."""

from __future__ import annotations

import re
from typing import Any, Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import until
from .conftest import OpenTab, Server, StartServer, Tab
from .schedules import (
    COUNTDOWN,
    SCHEDULE,
    TOAST,
    TRAINING,
    accept,
    dialog,
    schedule_at,
    schedule_when_idle,
    scheduled,
    status,
)
from .shared import ROLL_CALL
from .steps import (
    LAB,
    OVERLAY,
    expect_farewell,
    expect_kernel,
    expect_nothing_open,
    expect_phase,
    run_from_palette,
    type_text,
    write_notebook,
)

# How far the middle of what lies above the page is from the middle of the page, in pixels.
OFF_CENTRE = f"""() => {{
    const {{ left, right, top, bottom }} = document.querySelector('{OVERLAY}').getBoundingClientRect();
    return Math.hypot(left + right - innerWidth, top + bottom - innerHeight) / 2;
}}"""


@pytest.fixture
def start(start_server: StartServer, simulator: ThreadedSimulator) -> Callable[..., Server]:
    """Start a server as `instance_server` does, with settings of its schedules."""

    def start_(countdown: float, **settings: Any) -> Server:
        simulator.instance.step_seconds = 60
        given = {"roll_call_timeout": ROLL_CALL, "save_timeout": 600, "idle_grace": 2}
        settings = {**given, "schedule_countdown": countdown, **settings}
        arguments = [f"--NotebookStop.{name}={value}" for name, value in settings.items()]
        return start_server(instance_environment(simulator), arguments=arguments)

    return start_


def open_text(server: Server, open_tab: OpenTab, name: str, context: BrowserContext | None = None) -> Tab:
    (server.work / name).write_text("as it was\n")
    path = f"lab/workspaces/{name.partition('.')[0]}/tree/{name}"
    return open_tab(server.address(path), ready=".jp-FileEditor .cm-content", context=context)


def open_two(server: Server, open_tab: OpenTab) -> list[Tab]:
    """Open two tabs of a browser, each with a document."""
    one = open_text(server, open_tab, "one.txt")
    return [one, open_text(server, open_tab, "two.txt", one.page.context)]


@pytest.mark.versions
def test_it_stops_when_the_cell_has_finished(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=8)
    write_notebook(server.work / "train.ipynb", TRAINING)
    tab = open_tab(server.address("lab/tree/train.ipynb"), ready=".jp-Notebook .jp-CodeCell")
    page = tab.page
    expect_kernel(page, server)
    page.locator(".jp-CodeCell .cm-content").click()
    page.keyboard.press("Shift+Enter")
    run_from_palette(page, "stop-when-idle")
    expect(dialog(page, "when-idle")).to_contain_text("It stops even if all tabs are closed.")
    dialog(page, "when-idle").locator("input").fill("0.05")
    tab.screenshot("schedule-idle")
    accept(page, "when-idle")
    toast = page.locator(TOAST, has_text="Scheduled: stops when idle")
    toast.locator(".jp-Notification-Toast-Close").click()
    expect(toast).to_have_count(0)
    expect(status(page)).to_contain_text("stops when idle")
    status(page).click()
    expect(page.locator(".jp-NotebookStop-panel")).to_contain_text("waiting for train.ipynb, busy for")
    expect(page.locator(".jp-NotebookStop-panel")).to_contain_text("simulated-jupyterlab-cpu")
    tab.screenshot("status-panel")
    assert simulator.count("stop") == 0
    (server.work / "done").write_text("")
    page.keyboard.press("Escape")
    expect(page.locator(".jp-NotebookStop-panel")).to_have_count(0)

    expect(page.locator(COUNTDOWN)).to_be_visible()
    expect(page.locator(COUNTDOWN)).to_contain_text("The instance has been idle for")
    expect_phase(page, "accepted")
    expect(status(page)).to_have_text(re.compile(" · stopping$"))
    simulator.instance.status = "STOPPED"
    expect_farewell(page)
    expect(status(page)).to_have_text(re.compile(" · (stopped|unknown)$"))
    assert "trained" in (server.work / "train.ipynb").read_text()
    assert simulator.count("stop") == 1


@pytest.mark.versions
def test_a_countdown_lies_above_all_and_is_cancelled_for_all(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=60)
    one, two = open_two(server, open_tab)
    run_from_palette(one.page)
    schedule_at(server, simulator)
    for tab in (one, two):
        expect(tab.page.locator(COUNTDOWN)).to_be_visible()
        expect(tab.page.locator(COUNTDOWN).locator("[role=timer]")).to_contain_text(re.compile(r"0:[1-5]\d"))
        expect(tab.page.get_by_role("alertdialog", name="This instance is about to stop")).to_be_visible()
        assert tab.page.evaluate(OFF_CENTRE) <= 1
    one.page.locator(COUNTDOWN).get_by_text("It was scheduled for").click()
    # Read out now, and not again each second.
    expect(one.page.locator(COUNTDOWN).locator("[aria-live=assertive]")).to_have_text(
        re.compile(r"^(60|59) seconds left$")
    )
    one.screenshot("countdown")
    expect(two.page.get_by_role("button", name="Cancel")).to_be_focused()
    two.page.keyboard.press("Enter")
    for tab in (one, two):
        expect(tab.page.locator(OVERLAY)).to_have_count(0)
    # What lay below can be used again.
    one.page.locator(".jp-Dialog").get_by_role("button", name="Cancel", exact=True).first.click()
    expect_nothing_open(one.page)
    type_text(one.page, "still here")
    assert scheduled(server) is None
    assert simulator.count("stop") == 0


def test_all_tabs_save_when_the_countdown_has_run_out(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=8)
    tabs = open_two(server, open_tab)
    for tab in tabs:
        type_text(tab.page, "typed")
    schedule_at(server, simulator)
    for tab in tabs:
        expect(tab.page.locator(COUNTDOWN)).to_be_visible()
    for tab in tabs:
        expect_phase(tab.page, "accepted")
        expect(tab.page.locator(COUNTDOWN)).to_have_count(0)
        expect(tab.page.locator(OVERLAY)).to_have_count(1)
        expect(tab.page.locator(OVERLAY)).to_contain_text("This is the stop that was scheduled.")
    assert all("typed" in (server.work / name).read_text() for name in ("one.txt", "two.txt"))
    assert simulator.count("stop") == 1


def test_typing_puts_a_stop_when_idle_off_until_it_shall_be_now(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=60)
    tab = open_text(server, open_tab, "one.txt")
    type_text(tab.page, "before")
    assert not [url for _, url in tab.requests if "/schedule/activity" in url]
    schedule_when_idle(server, simulator, 8)
    expect(status(tab.page)).to_contain_text("stops when idle")
    for number in range(14):
        tab.page.keyboard.type(f" {number}", delay=300)
        expect(tab.page.locator(COUNTDOWN)).to_have_count(0)
        tab.page.wait_for_timeout(400)
    reports = [url for _, url in tab.requests if "/schedule/activity" in url]
    assert 4 <= len(reports) <= 14
    expect(tab.page.locator(COUNTDOWN)).to_be_visible()
    assert simulator.count("stop") == 0

    # It does not wait for the end of the countdown, and does not ask.
    tab.page.locator(COUNTDOWN).get_by_role("button", name="Stop now").click()
    expect_phase(tab.page, "accepted")
    expect(tab.page.locator(OVERLAY)).to_have_count(1)
    expect(tab.page.locator(COUNTDOWN)).to_have_count(0)
    assert "before 0 1 2 3 4 5 6 7 8 9 10 11 12 13" in (server.work / "one.txt").read_text()
    assert simulator.count("stop") == 1


def test_a_stop_that_failed_is_told_until_it_no_longer_holds_and_the_next_needs_no_tab(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    # In the end there is no tab that could respond.
    server = start(countdown=1, roll_call_timeout=2)
    simulator.settings.deny("stop")
    one = open_tab(server.address("lab/workspaces/one"), ready=LAB)
    two = open_tab(server.address("lab/workspaces/two"), ready=LAB, context=one.page.context)
    schedule_at(server, simulator)
    for tab in (one, two):
        toast = tab.page.locator(TOAST, has_text="The scheduled stop failed")
        expect(toast).to_contain_text("Next try at")
        expect(toast).to_contain_text("modelarts:notebook:stop")
        expect(tab.page.locator(TOAST)).to_have_count(1)
        expect(status(tab.page)).to_contain_text("stop failed; next try at")
    one.screenshot("schedule-failed")
    one.page.locator(TOAST).get_by_role("button", name="Details").click()
    expect(one.page.locator("[data-view=failure]")).to_contain_text("modelarts:notebook:stop")
    server.fetch("DELETE", SCHEDULE)
    for tab in (one, two):
        expect(tab.page.locator(TOAST)).to_have_count(0)
    expect_nothing_open(one.page)

    simulator.settings.allow("stop")
    before = simulator.count("stop")
    run_from_palette(one.page, "stop-when-idle")
    dialog(one.page, "when-idle").locator("input").fill("0.15")
    accept(one.page, "when-idle")
    for tab in (one, two):
        expect(status(tab.page)).to_contain_text("stops when idle")
    for tab in (one, two):
        tab.page.close()
    assert simulator.count("stop") == before
    until(lambda: simulator.count("stop") == before + 1)
