"""Leaving the page: work that was given up is not asked about again, and work that was not, is."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import OpenTab, Server, Tab
from .steps import expect_farewell, expect_nothing_open, expect_phase, failure, stop_from_palette, type_text

EDITOR = ".jp-FileEditor .cm-content"


def open_dirty(server: Server, open_tab: OpenTab) -> Tab:
    (server.work / "doc.txt").write_text("as it was\n")
    tab = open_tab(server.address("lab/tree/doc.txt"), ready=EDITOR)
    type_text(tab.page, "not saved")
    return tab


def asks_when_left(page: Page) -> bool:
    """Close the page as a user does; return whether the browser asked."""
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    return asked == ["beforeunload"]


def test_the_browser_asks_for_unsaved_work_as_ever(instance_server: Server, open_tab: OpenTab) -> None:
    assert asks_when_left(open_dirty(instance_server, open_tab).page)


def test_nobody_asks_for_work_that_was_given_up(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    tab = open_dirty(instance_server, open_tab)
    stop_from_palette(tab.page, "Stop without saving")
    expect_phase(tab.page, "accepted")
    instance_server.kill()
    expect_farewell(tab.page)
    assert not asks_when_left(tab.page)
    assert simulator.count("stop") == 1


def test_the_browser_asks_again_when_the_stop_has_failed(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    simulator.instance.stop_fails_with = "RUNNING"
    tab = open_dirty(instance_server, open_tab)
    stop_from_palette(tab.page, "Stop without saving")
    failure(tab.page).get_by_role("button", name="Close").click()
    expect_nothing_open(tab.page)
    expect(tab.page.locator(EDITOR)).to_contain_text("not saved")
    assert asks_when_left(tab.page)
