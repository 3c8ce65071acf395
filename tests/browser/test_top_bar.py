"""An entry in the top bar, for those who want it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from .conftest import OpenTab, Server
from .steps import LAB, TREE


@pytest.mark.parametrize(("path", "ready"), [("lab", LAB), ("tree", TREE)])
def test_it_can_be_switched_on(instance_server: Server, open_tab: OpenTab, path: str, ready: str) -> None:
    """Until then it is off: test_outside.py."""
    folder = instance_server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "application-extension"
    folder.mkdir(parents=True)
    settings = {"toolbar": [{"name": name, "disabled": False} for name in ("instance", "instance-state")]}
    (folder / "top-bar.jupyterlab-settings").write_text(json.dumps(settings))
    tab = open_tab(instance_server.address(path), ready=ready)
    item = tab.page.locator("[data-jp-item-name=instance]")
    expect(item).to_be_visible()
    expect(item).to_have_text("Instance")
    tab.screenshot(f"top-bar-{path}")
    item.get_by_text("Instance").click()
    expect(tab.page.locator("[data-view=confirmation]")).to_be_visible()
    tab.page.locator(".jp-Dialog").get_by_role("button", name="Cancel", exact=True).first.click()

    state = tab.page.locator("[data-jp-item-name=instance-state]")
    expect(state).to_contain_text("auto-stop in 59 min")
    state.get_by_text("auto-stop").click()
    panel = tab.page.locator(".jp-NotebookStop-panel")
    expect(panel).to_contain_text("simulated-notebook")
    expect(panel).to_be_in_viewport(ratio=1)
    tab.screenshot(f"top-bar-panel-{path}")
    state.get_by_text("auto-stop").click()
    expect(panel).to_have_count(0)
