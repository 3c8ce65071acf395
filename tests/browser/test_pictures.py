"""The pictures of the documentation that show more than one moment: the tour, and the commands of a terminal."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import OpenTab, Server, Tab
from .steps import LAB, expect_farewell, expect_kernel, expect_phase, hold_saved, run_from_palette, write_notebook
from .terminal import close_terminal, make_readable, open_terminal, rows, type_command
from .test_cell import KERNEL_READY, TRAIN, output, run_cell

pytestmark = pytest.mark.whole


def test_the_tour(instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab) -> None:
    write_notebook(instance_server.work / "train.ipynb", TRAIN, "# The model is saved: nothing left to do here.")
    make_readable(instance_server)
    tab = open_tab(instance_server.address("lab"), ready=LAB)
    page = tab.page
    type_commands(tab, instance_server)
    assert simulator.count("stop") == 0

    page.set_viewport_size({"width": 960, "height": 640})
    page.locator(".jp-DirListing-item", has_text="train.ipynb").dblclick()
    page.locator(KERNEL_READY).wait_for()
    page.locator(".lm-TabBar-tab", has_text="Launcher").locator(".lm-TabBar-tabCloseIcon").click()
    expect(page.locator(LAB)).to_have_count(0)
    expect_kernel(page, instance_server)
    run_cell(page, 0, output("epoch 2"))
    tab.screenshot("tour-1")

    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("stop this")
    expect(page.locator(".lm-CommandPalette-item").first).to_contain_text("Stop this instance")
    tab.screenshot("tour-2")
    page.keyboard.press("Escape")
    run_from_palette(page)
    expect(page.locator(".jp-Dialog")).to_contain_text("What is lost")
    page.mouse.move(0, 0)
    tab.screenshot("tour-3")

    # Saving lasts until the picture is taken.
    release = hold_saved(page)
    page.get_by_role("button", name="Save all and stop").click()
    expect_phase(page, "saving")
    expect(page.get_by_role("button", name="Cancel the stop")).to_be_visible()
    tab.screenshot("tour-4")
    release()
    expect_phase(page, "accepted")
    for step in (1, 3):
        simulator.instance.steps = ["COMPLETED"] * step + ["PROCESSING"] + ["WAITING"] * (3 - step)
        expect(page.locator(f"[data-step='{step}'][data-status=COMPLETED]")).to_be_visible()
        tab.screenshot(f"tour-{step + 4}")
    instance_server.kill()
    expect_farewell(page)
    tab.screenshot("tour-8")


def type_commands(tab: Tab, server: Server) -> None:
    """Type the commands of a terminal, and leave the page as it was."""
    terminal = open_terminal(tab)
    page, shown = tab.page, rows(terminal)
    page.set_viewport_size({"width": 1280, "height": 470})
    type_command(page, "jupyter notebook-stop doctor")
    expect(shown).to_contain_text(re.compile(r"saves open tabs before a stop\s*\$"))
    type_command(page, "jupyter notebook-stop stop")
    expect(shown).to_contain_text("Stop this instance? [y/N]")
    type_command(page, "y")
    expect(shown).to_contain_text("Ctrl-C")
    tab.screenshot("terminal", terminal)
    page.keyboard.press("Control+C")
    expect(shown).to_contain_text("nothing was stopped")
    close_terminal(tab, server)
