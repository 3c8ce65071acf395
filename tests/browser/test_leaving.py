"""Leaving the page: work that was given up is not asked about again, and work that was not, is."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import OpenTab, Server
from .steps import expect_farewell, expect_nothing_open, expect_phase, failure, stop_from_palette, type_text

EDITOR = ".jp-FileEditor .cm-content"


def asks_when_left(page: Page, *, leave: bool) -> bool:
    """Close the page as a user does, and answer what the browser asks; return whether it asked."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        if leave:
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    with page.expect_event("close" if leave else "dialog"):
        page.close(run_before_unload=True)
    page.remove_listener("dialog", answer)
    return asked == ["beforeunload"]


def test_the_browser_asks_for_unsaved_work_but_not_for_what_was_given_up(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    (instance_server.work / "doc.txt").write_text("as it was\n")
    page = open_tab(instance_server.address("lab/tree/doc.txt"), ready=EDITOR).page
    type_text(page, "not saved")
    assert asks_when_left(page, leave=False)

    # A stop that has failed gives nothing up.
    simulator.instance.stop_fails_with = "RUNNING"
    simulator.instance.step_seconds = 0.6
    stop_from_palette(page, "Stop without saving")
    failure(page).get_by_role("button", name="Close").click()
    expect_nothing_open(page)
    expect(page.locator(EDITOR)).to_contain_text("not saved")
    assert asks_when_left(page, leave=False)
    assert simulator.count("stop") == 1

    simulator.instance.stop_fails_with = ""
    simulator.instance.step_seconds = 60
    stop_from_palette(page, "Stop without saving")
    expect_phase(page, "accepted")
    instance_server.kill()
    expect_farewell(page)
    assert not asks_when_left(page, leave=True)
    assert simulator.count("stop") == 2
    assert (instance_server.work / "doc.txt").read_text() == "as it was\n"
