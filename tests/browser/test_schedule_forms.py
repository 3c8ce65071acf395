"""A stop that comes later: what chooses, shows and changes it, and the platform's own stop beside it."""

from __future__ import annotations

import datetime
import json

import pytest
from playwright.sync_api import expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import until
from .conftest import OpenTab, Server, StartServer
from .schedules import COUNTDOWN, SCHEDULE, TOAST, accept, dialog, schedule_at, schedule_when_idle, scheduled, status
from .shared import SharedLab
from .steps import LAB, TREE, expect_nothing_open, run_from_palette


@pytest.mark.parametrize("when", ["at", "idle"])
def test_one_hour_later(lab: SharedLab, when: str) -> None:
    page, server = lab.page, lab.server
    if when == "at":
        schedule_at(server, lab.simulator)
    else:
        schedule_when_idle(server, lab.simulator, 1)
    page.locator(COUNTDOWN).get_by_role("button", name="Postpone by 1 hour").click()
    expect_nothing_open(page)
    schedule = scheduled(server)
    assert schedule["state"] == "waiting"
    assert schedule["when"] == when
    assert schedule["grace"] == (1 if when == "idle" else None)
    until_ = datetime.datetime.fromisoformat(schedule["at" if when == "at" else "not_before"].replace("Z", "+00:00"))
    minutes = (until_ - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 60
    assert 58 < minutes <= 60
    expect(status(page)).to_contain_text("stops when idle" if when == "idle" else "auto-stop in")
    status(page).click()
    expect(page.locator(".jp-NotebookStop-panel")).to_contain_text("postponed until" if when == "idle" else "stops at")


def test_a_time_is_chosen_replaced_and_cancelled(lab: SharedLab, open_tab: OpenTab) -> None:
    tab, server = lab.tab, lab.server
    page = tab.page
    run_from_palette(page, "stop-at")
    expect(dialog(page, "at")).to_contain_text("The instance will stop at")
    tab.screenshot("schedule-at")
    dialog(page, "at").locator("select").select_option("30")
    accept(page, "at")
    expect(status(page)).to_contain_text("stops at")
    assert scheduled(server)["source"] == "palette"

    run_from_palette(page, "stop-at")
    expect(dialog(page, "at")).to_contain_text("This replaces: stops at")
    dialog(page, "at").locator("select").select_option("")
    dialog(page, "at").locator("input").fill("2020-01-01T00:00")
    expect(dialog(page, "at").locator(".jp-mod-accept")).to_be_disabled()
    tomorrow = datetime.datetime.now() + datetime.timedelta(days=1)
    dialog(page, "at").locator("input").fill(tomorrow.strftime("%Y-%m-%dT%H:%M"))
    accept(page, "at")
    expect(page.locator(TOAST, has_text="This replaces: stops at")).to_be_visible()
    # The platform's own end is nearer than that.
    expect(status(page)).to_contain_text("auto-stop in")

    other = open_tab(server.address("lab/workspaces/other"), ready=LAB, context=page.context)
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
    other.page.close()


def test_what_the_administrator_has_switched_off_says_so(
    start_server: StartServer, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    server = start_server(instance_environment(simulator), arguments=["--NotebookStop.schedule_enabled=False"])
    tab = open_tab(server.address("lab"), ready=LAB)
    tab.page.keyboard.press("Control+Shift+C")
    tab.page.locator(".lm-CommandPalette-input").fill("when idle")
    item = tab.page.locator(".lm-CommandPalette-item[data-command='jupyter-notebook-stop:stop-when-idle']")
    expect(item).to_contain_text("Scheduled stops are disabled on this server.")
    expect(item).to_have_class("lm-CommandPalette-item lm-mod-disabled")


def test_the_last_minutes_before_the_platform_stops_are_urgent_and_it_is_extended(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    simulator.instance.lease.duration = 300_000
    tab = open_tab(instance_server.address("lab"), ready=LAB)
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


@pytest.mark.versions
def test_notebook_has_it_in_its_menu(instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab) -> None:
    server = instance_server
    tab = open_tab(server.address("tree"), ready=TREE)
    page = tab.page
    with page.expect_response(lambda response: SCHEDULE in response.url):
        schedule_at(server, simulator, 1800)
    until(lambda: simulator.count() == 1)
    entry = "li.lm-Menu-item[data-command='jupyter-notebook-stop:{}']".format

    def is_known() -> bool:
        # A menu that is open shows nothing new.
        page.keyboard.press("Escape")
        page.get_by_role("menuitem", name="File").first.click()
        return "(in 59 min)" in (page.locator(entry("extend-auto-stop")).text_content() or "")

    until(is_known, pause=0.2)
    for command, text in [
        ("stop-when-idle", "Stop this instance when idle…"),
        ("stop-at", "Stop this instance at a set time…"),
        ("cancel-schedule", "Cancel the scheduled stop (stops at"),
    ]:
        expect(page.locator(entry(command))).to_contain_text(text)
    tab.screenshot("schedule-menu-tree")
    page.locator(entry("cancel-schedule")).click()
    until(lambda: scheduled(server) is None)
    schedule_at(server, simulator)
    expect(page.locator(COUNTDOWN)).to_be_visible()
    page.keyboard.press("Enter")
    expect_nothing_open(page)


def test_it_is_read_once_or_not_at_all(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    tab = open_tab(instance_server.address("lab"), ready=LAB)
    expect(status(tab.page)).to_contain_text(" · Running · auto-stop in 59 min")
    tab.screenshot("status")
    tab.page.wait_for_timeout(1_000)
    ours = [url for _, url in tab.requests if "/jupyter-notebook-stop/" in url and "/api/settings" not in url]
    assert [url.rpartition("/")[2].partition("?")[0] for url in ours if "/static/" not in url] == ["instance"]
    assert simulator.count() == 1

    folder = instance_server.root / "config" / "lab" / "user-settings" / "jupyter-notebook-stop"
    folder.mkdir(parents=True)
    (folder / "status.jupyterlab-settings").write_text(json.dumps({"enabled": False}))
    before = simulator.count()
    tab.page.reload()
    tab.page.wait_for_selector(LAB)
    tab.page.wait_for_timeout(2_000)
    expect(status(tab.page)).to_have_count(0)
    assert simulator.count() == before


def test_all_of_it_in_the_dark(instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab) -> None:
    """The pictures are looked at; that the texts are there is tested elsewhere."""
    folder = instance_server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    (folder / "themes.jupyterlab-settings").write_text(json.dumps({"theme": "JupyterLab Dark"}))
    tab = open_tab(instance_server.address("lab"), ready=LAB)
    page = tab.page
    page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    status(page).click()
    expect(page.locator(".jp-NotebookStop-panel")).to_contain_text("Running")
    tab.screenshot("status-panel-dark")
    page.locator(".jp-NotebookStop-panel").get_by_role("button", name="When idle…").click()
    expect(dialog(page, "when-idle")).to_be_visible()
    tab.screenshot("schedule-idle-dark")
    schedule_at(instance_server, simulator)
    expect(page.locator(COUNTDOWN)).to_be_visible()
    tab.screenshot("countdown-dark")


def test_an_event_alone_shows_nothing(lab: SharedLab) -> None:
    """Any client can post one: the page asks the server what there is."""
    page = lab.page
    expect(status(page)).to_be_visible()
    body = {
        "schema_id": "https://schema.jupyter.org/jupyter_notebook_stop/schedule/v1",
        "version": "1",
        "data": {
            "instance_id": lab.simulator.instance_id,
            "change": "schedule",
            "schedule": "made-up",
            "state": "countdown",
        },
    }
    with page.expect_response(lambda response: SCHEDULE in response.url):
        lab.server.fetch("POST", "api/events", body)
    page.wait_for_timeout(300)
    expect_nothing_open(page)
