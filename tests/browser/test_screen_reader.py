"""What a screen reader gets: names, descriptions, alerts, and a focus on something that has a name."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import OpenTab, Server
from .shared import SharedLab
from .steps import LAB, OVERLAY, expect_farewell, expect_phase, failure, hold_saved, run_from_palette

DESCRIPTION = """() => {
    const dialog = document.querySelector('[aria-describedby^=jp-NotebookStop]');
    return dialog.getAttribute('aria-describedby').split(' ')
        .map(id => document.getElementById(id).textContent).join(' ');
}"""


def description(page: Page) -> str:
    """Return the text that describes our dialog or overlay."""
    return str(page.evaluate(DESCRIPTION))


def test_the_question_says_what_stops_is_lost_and_stays(lab: SharedLab) -> None:
    page = lab.page
    run_from_palette(page)
    dialog = page.get_by_role("dialog", name="Stop this instance?")
    expect(dialog).to_contain_text("What stops")
    for text in ("What stops", "What is lost", "Every file outside", "What stays", "Files under"):
        assert text in description(page)
    # What arrives while it is open is read out.
    expect(dialog.locator("[data-view=confirmation]")).to_have_attribute("aria-live", "polite")
    expect(dialog.locator("[data-view=confirmation]")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator(":focus")).to_have_accessible_name("Cancel")


def test_a_refusal_is_an_alert(lab: SharedLab) -> None:
    lab.simulator.settings.deny("stop")
    page = lab.page
    run_from_palette(page)
    page.get_by_role("button", name="Save all and stop").click()
    failure(page)
    expect(page.get_by_role("alertdialog", name="The instance was not stopped")).to_be_visible()
    assert "modelarts:notebook:stop" in description(page)
    expect(page.locator(":focus")).to_have_accessible_name("Close")


@pytest.mark.parametrize("killed", [True, False], ids=["lost", "stopped"])
def test_the_end_is_announced_and_has_the_focus(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, killed: bool
) -> None:
    page = open_tab(instance_server.address("lab"), ready=LAB).page
    release = hold_saved(page)
    run_from_palette(page)
    page.get_by_role("button", name="Save all and stop").click()
    expect_phase(page, "saving")
    expect(page.get_by_role("dialog", name="Stopping this instance")).to_be_focused()
    assert "Saving the documents of all open tabs" in description(page)
    region = page.locator(OVERLAY).get_by_role("status")
    # It must be there before its text changes.
    region.evaluate("node => { window.region = node; }")
    release()
    expect_phase(page, "accepted")
    bar = page.get_by_role("progressbar", name="Steps of the stop")
    expect(bar).to_be_visible()
    assert " of 4 steps are done" in (bar.get_attribute("aria-valuetext") or "")
    if killed:
        instance_server.kill()
    else:
        simulator.instance.status = "STOPPED"
    expect_farewell(page)
    title = "The stop was accepted" if killed else "This instance has stopped"
    expect(page.get_by_role("dialog", name=title)).to_be_visible()
    expect(page.locator(":focus")).to_have_text(title)
    assert page.evaluate("window.region.isConnected && window.region.textContent").count("You can close this tab") == 1
    expect(page.get_by_role("button", name="Reload")).to_be_visible()
    expect(page.locator(OVERLAY)).not_to_contain_text("Auto-stop")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_accessible_name("Open the ModelArts console")
