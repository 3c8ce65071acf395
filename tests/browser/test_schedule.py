"""A stop that comes later: its dialogs, its countdown, and what is told of it."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any, Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import until
from .conftest import OpenTab, Server, StartServer, Tab
from .steps import (
    LAB,
    OVERLAY,
    TREE,
    expect_farewell,
    expect_kernel,
    expect_nothing_open,
    expect_phase,
    run_from_palette,
    type_text,
    write_notebook,
)

COUNTDOWN = "[data-view=countdown]"
TOAST = ".Toastify__toast"
SCHEDULE = "jupyter-notebook-stop/schedule"


# How far the middle of what lies above the page is from the middle of the page, in pixels.
OFF_CENTRE = f"""() => {{
    const {{ left, right, top, bottom }} = document.querySelector('{OVERLAY}').getBoundingClientRect();
    return Math.hypot(left + right - innerWidth, top + bottom - innerHeight) / 2;
}}"""


@pytest.fixture
def start(start_server: StartServer, simulator: ThreadedSimulator) -> Callable[..., Server]:
    """Start a server inside the stand-in's instance, with settings of its schedules."""

    def start_(countdown: float = 5, **settings: Any) -> Server:
        simulator.instance.step_seconds = 0.6
        settings = {"schedule_countdown": countdown, "idle_grace": 2, **settings}
        arguments = [f"--NotebookStop.{name}={value}" for name, value in settings.items()]
        return start_server(instance_environment(simulator), arguments=arguments)

    return start_


def schedule_at(server: Server, simulator: ThreadedSimulator, seconds: float = 0.5) -> None:
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    server.fetch("PUT", SCHEDULE, {"instance_id": simulator.instance_id, "when": "at", "at": at.isoformat()})


def scheduled(server: Server) -> Any:
    return server.fetch("GET", SCHEDULE)["schedule"]


def dialog(page: Page, name: str) -> Locator:
    return page.locator(".jp-Dialog", has=page.locator(f"[data-view={name}]"))


def accept(page: Page, name: str) -> None:
    dialog(page, name).locator(".jp-mod-accept").click()


def status(page: Page) -> Locator:
    return page.locator(".jp-NotebookStop-status")


def open_text(server: Server, open_tab: OpenTab, name: str) -> Tab:
    (server.work / name).write_text("as it was\n")
    path = f"lab/workspaces/{name.partition('.')[0]}/tree/{name}"
    return open_tab(server.address(path), ready=".jp-FileEditor .cm-content")


TRAINING = "import os, time\nwhile not os.path.exists('done'):\n    time.sleep(0.1)\nprint('trained')"


def darken(tab: Tab, server: Server) -> None:
    """Take the dark theme at the next load."""
    folder = server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    (folder / "themes.jupyterlab-settings").write_text(json.dumps({"theme": "JupyterLab Dark"}))
    tab.page.reload()
    tab.page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")


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
    expect(dialog(page, "when-idle")).to_contain_text("It works with every tab closed.")
    dialog(page, "when-idle").locator("input").fill("0.05")
    tab.screenshot("schedule-idle")
    accept(page, "when-idle")
    expect(page.locator(TOAST, has_text="Scheduled: stops when idle")).to_be_visible()
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
    expect(page.locator(COUNTDOWN)).to_contain_text("Nobody has worked for")
    expect_phase(page, "accepted")
    expect(status(page)).to_have_text(re.compile(" · stopping$"))
    expect_farewell(page)
    expect(status(page)).to_have_text(re.compile(" · (stopped|unknown)$"))
    assert "trained" in (server.work / "train.ipynb").read_text()
    assert simulator.count("stop") == 1


@pytest.mark.versions
def test_a_countdown_lies_above_all_and_is_cancelled_for_all(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=60)
    one, two = (open_text(server, open_tab, name) for name in ("one.txt", "two.txt"))
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
    tabs = [open_text(server, open_tab, name) for name in ("one.txt", "two.txt")]
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


def test_stop_now_does_not_wait_and_does_not_ask(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=60)
    tab = open_text(server, open_tab, "one.txt")
    type_text(tab.page, "typed")
    schedule_at(server, simulator)
    tab.page.locator(COUNTDOWN).get_by_role("button", name="Stop now").click()
    expect_phase(tab.page, "accepted")
    expect(tab.page.locator(OVERLAY)).to_have_count(1)
    expect(tab.page.locator(COUNTDOWN)).to_have_count(0)
    assert "typed" in (server.work / "one.txt").read_text()
    assert simulator.count("stop") == 1


def test_it_stops_with_every_tab_closed(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=1)
    tab = open_tab(server.address("lab"), ready=LAB)
    run_from_palette(tab.page, "stop-when-idle")
    dialog(tab.page, "when-idle").locator("input").fill("0.05")
    accept(tab.page, "when-idle")
    expect(status(tab.page)).to_contain_text("stops when idle")
    tab.page.close()
    until(lambda: simulator.count("stop") == 1)


@pytest.mark.parametrize("when", ["at", "idle"])
def test_one_hour_later(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab, when: str
) -> None:
    server = start(countdown=60)
    tab = open_text(server, open_tab, "one.txt")
    if when == "at":
        schedule_at(server, simulator)
    else:
        server.fetch("PUT", SCHEDULE, {"instance_id": simulator.instance_id, "when": "idle", "grace": 1})
    tab.page.locator(COUNTDOWN).get_by_role("button", name="1 hour later").click()
    expect_nothing_open(tab.page)
    schedule = scheduled(server)
    assert schedule["state"] == "waiting"
    assert schedule["when"] == when
    assert schedule["grace"] == (1 if when == "idle" else None)
    until_ = datetime.datetime.fromisoformat(schedule["at" if when == "at" else "not_before"].replace("Z", "+00:00"))
    minutes = (until_ - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 60
    assert 58 < minutes <= 60
    expect(status(tab.page)).to_contain_text("stops when idle" if when == "idle" else "auto-stop in")
    status(tab.page).click()
    expect(tab.page.locator(".jp-NotebookStop-panel")).to_contain_text(
        "put off until" if when == "idle" else "stops at"
    )


def test_a_time_is_chosen_replaced_and_cancelled(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start()
    tab = open_tab(server.address("lab"), ready=LAB)
    page = tab.page
    run_from_palette(page, "stop-at")
    expect(dialog(page, "at")).to_contain_text("It stops at")
    tab.screenshot("schedule-at")
    dialog(page, "at").locator("select").select_option("30")
    accept(page, "at")
    expect(status(page)).to_contain_text("stops at")
    assert scheduled(server)["source"] == "palette"

    run_from_palette(page, "stop-at")
    expect(dialog(page, "at")).to_contain_text("It replaces: stops at")
    dialog(page, "at").locator("select").select_option("")
    dialog(page, "at").locator("input").fill("2020-01-01T00:00")
    expect(dialog(page, "at").locator(".jp-mod-accept")).to_be_disabled()
    tomorrow = datetime.datetime.now() + datetime.timedelta(days=1)
    dialog(page, "at").locator("input").fill(tomorrow.strftime("%Y-%m-%dT%H:%M"))
    accept(page, "at")
    expect(page.locator(TOAST, has_text="This replaces: stops at")).to_be_visible()
    # The platform's own end is nearer than that.
    expect(status(page)).to_contain_text("auto-stop in")

    other = open_tab(server.address("lab"), ready=LAB)
    for each in (other, tab):
        each.page.get_by_role("menuitem", name="File").first.click()
        entry = each.page.locator(".lm-Menu-item[data-command='jupyter-notebook-stop:cancel-schedule']")
        expect(entry).to_contain_text("Cancel the scheduled stop (stops at")
    tab.screenshot("schedule-menu")
    entry.click()
    expect(page.locator(TOAST, has_text="Cancelled: stops at")).to_be_visible()
    assert scheduled(server) is None
    page.get_by_role("menuitem", name="File").first.click()
    expect(page.locator(".lm-Menu-item[data-command='jupyter-notebook-stop:stop-at']")).to_be_visible()
    expect(entry).to_be_hidden()


def test_what_the_administrator_has_switched_off_says_so(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    tab = open_tab(start(schedule_enabled=False).address("lab"), ready=LAB)
    tab.page.keyboard.press("Control+Shift+C")
    tab.page.locator(".lm-CommandPalette-input").fill("when idle")
    item = tab.page.locator(".lm-CommandPalette-item[data-command='jupyter-notebook-stop:stop-when-idle']")
    expect(item).to_contain_text("The administrator has switched scheduled stops off.")
    expect(item).to_have_class("lm-CommandPalette-item lm-mod-disabled")


def test_the_auto_stop_of_the_platform_is_extended(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start()
    tab = open_tab(server.address("lab"), ready=LAB)
    page = tab.page
    expect(status(page)).to_contain_text(" · Running · auto-stop in 59 min")
    assert simulator.count() == 1
    tab.screenshot("status")
    status(page).click()
    panel = page.locator(".jp-NotebookStop-panel")
    expect(panel).to_contain_text(simulator.instance_id)
    panel.get_by_role("button", name="Extend auto-stop…").click()
    dialog(page, "extend").locator("input").fill("73")
    expect(dialog(page, "extend").locator(".jp-mod-accept")).to_be_disabled()
    dialog(page, "extend").locator("input").fill("3")
    tab.screenshot("extend")
    accept(page, "extend")
    expect(status(page)).to_contain_text("auto-stop in 2 h 59 min")

    simulator.settings.deny("renew_lease")
    status(page).click()
    panel.get_by_role("button", name="Extend auto-stop…").click()
    accept(page, "extend")
    refusal = page.locator("[data-view=failure]")
    expect(refusal).to_contain_text("modelarts:notebook:updateStopPolicy")


def test_the_last_minutes_before_the_platform_stops_are_urgent(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    simulator.instance.lease.duration = 300_000
    server = start()
    tab = open_tab(server.address("lab"), ready=LAB)
    page = tab.page
    expect(status(page)).to_contain_text("auto-stop in 4 min")
    expect(status(page)).to_have_attribute("data-urgent", "true")
    toast = page.locator(TOAST, has_text="ModelArts stops this instance at")
    tab.screenshot("lease-urgent")
    toast.get_by_role("button", name="Extend auto-stop…").click()
    accept(page, "extend")
    expect(status(page)).to_have_attribute("data-urgent", "false")
    expect(status(page)).to_contain_text("auto-stop in 3 h 59 min")
    expect(toast).to_have_count(0)


def test_a_stop_that_failed_is_told_until_it_no_longer_holds(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=1)
    simulator.settings.deny("stop")
    tabs = [open_tab(server.address("lab"), ready=LAB) for _ in range(2)]
    schedule_at(server, simulator)
    for tab in tabs:
        toast = tab.page.locator(TOAST, has_text="The scheduled stop failed")
        expect(toast).to_contain_text("next try at")
        expect(toast).to_contain_text("modelarts:notebook:stop")
        expect(tab.page.locator(TOAST)).to_have_count(1)
        expect(status(tab.page)).to_contain_text("stop failed, next try at")
    tabs[0].screenshot("schedule-failed")
    tabs[0].page.locator(TOAST).get_by_role("button", name="Details").click()
    expect(tabs[0].page.locator("[data-view=failure]")).to_contain_text("modelarts:notebook:stop")
    server.fetch("DELETE", SCHEDULE)
    for tab in tabs:
        expect(tab.page.locator(TOAST)).to_have_count(0)


@pytest.mark.versions
def test_notebook_has_it_in_its_menu(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=60)
    tab = open_tab(server.address("tree"), ready=TREE)
    page = tab.page
    with page.expect_response(lambda response: SCHEDULE in response.url):
        schedule_at(server, simulator, 1800)
    until(lambda: simulator.count() == 1)
    # A menu that is open shows nothing new.
    page.wait_for_load_state("networkidle")
    page.get_by_role("menuitem", name="File").first.click()
    for command, text in [
        ("stop-when-idle", "Stop this instance when idle…"),
        ("stop-at", "Stop this instance at a time…"),
        ("cancel-schedule", "Cancel the scheduled stop (stops at"),
        ("extend-auto-stop", "(in 59 min)"),
    ]:
        entry = page.locator(f".lm-Menu-item[data-command='jupyter-notebook-stop:{command}']")
        expect(entry).to_contain_text(text)
    tab.screenshot("schedule-menu-tree")
    page.locator(".lm-Menu-item[data-command='jupyter-notebook-stop:cancel-schedule']").click()
    until(lambda: scheduled(server) is None)
    schedule_at(server, simulator)
    expect(page.locator(COUNTDOWN)).to_be_visible()
    page.keyboard.press("Enter")
    expect_nothing_open(page)


def test_typing_puts_a_stop_when_idle_off(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start(countdown=60)
    tab = open_text(server, open_tab, "one.txt")
    type_text(tab.page, "before")
    assert not [url for _, url in tab.requests if "/schedule/activity" in url]
    server.fetch("PUT", SCHEDULE, {"instance_id": simulator.instance_id, "when": "idle", "grace": 8})
    expect(status(tab.page)).to_contain_text("stops when idle")
    for number in range(14):
        tab.page.keyboard.type(f" {number}", delay=300)
        expect(tab.page.locator(COUNTDOWN)).to_have_count(0)
        tab.page.wait_for_timeout(400)
    reports = [url for _, url in tab.requests if "/schedule/activity" in url]
    assert 4 <= len(reports) <= 14
    expect(tab.page.locator(COUNTDOWN)).to_be_visible()


def test_it_is_read_once_or_not_at_all(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start()
    tab = open_tab(server.address("lab"), ready=LAB)
    expect(status(tab.page)).to_be_visible()
    tab.page.wait_for_timeout(1_000)
    ours = [url for _, url in tab.requests if "/jupyter-notebook-stop/" in url and "/api/settings" not in url]
    assert [url.rpartition("/")[2].partition("?")[0] for url in ours if "/static/" not in url] == ["instance"]

    folder = server.root / "config" / "lab" / "user-settings" / "jupyter-notebook-stop"
    folder.mkdir(parents=True)
    (folder / "status.jupyterlab-settings").write_text(json.dumps({"enabled": False}))
    before = simulator.count()
    tab.page.reload()
    tab.page.wait_for_selector(LAB)
    tab.page.wait_for_timeout(2_000)
    expect(status(tab.page)).to_have_count(0)
    assert simulator.count() == before


def test_all_of_it_in_the_dark(start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab) -> None:
    """The pictures are looked at; that the texts are there is tested above."""
    server = start(countdown=60)
    tab = open_tab(server.address("lab"), ready=LAB)
    darken(tab, server)
    page = tab.page
    status(page).click()
    expect(page.locator(".jp-NotebookStop-panel")).to_contain_text("Running")
    tab.screenshot("status-panel-dark")
    page.locator(".jp-NotebookStop-panel").get_by_role("button", name="When idle…").click()
    expect(dialog(page, "when-idle")).to_be_visible()
    tab.screenshot("schedule-idle-dark")
    schedule_at(server, simulator)
    expect(page.locator(COUNTDOWN)).to_be_visible()
    tab.screenshot("countdown-dark")


def test_an_event_alone_shows_nothing(
    start: Callable[..., Server], simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    """Any client can post one: the page asks the server what there is."""
    server = start()
    tab = open_tab(server.address("lab"), ready=LAB)
    expect(status(tab.page)).to_be_visible()
    body = {
        "schema_id": "https://schema.jupyter.org/jupyter_notebook_stop/schedule/v1",
        "version": "1",
        "data": {
            "instance_id": simulator.instance_id,
            "change": "schedule",
            "schedule": "made-up",
            "state": "countdown",
        },
    }
    with tab.page.expect_response(lambda response: SCHEDULE in response.url):
        server.fetch("POST", "api/events", body)
    tab.page.wait_for_timeout(300)
    expect_nothing_open(tab.page)
