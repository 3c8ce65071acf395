"""The demo, driven as a user drives it."""

from __future__ import annotations

import time
import urllib.request
from typing import Any, Callable

import pytest
from playwright.sync_api import expect

from ..waiting import LIMIT
from .conftest import OpenTab, RunningDemo, Tab
from .steps import (
    LAB,
    OVERLAY,
    TREE,
    expect_farewell,
    expect_nothing_open,
    expect_only_overlay,
    run_from_palette,
)


def http_complaints(tab: Tab) -> list[str]:
    return [text for text in tab.complaints if "Failed to load resource" not in text and "WebSocket" not in text]


@pytest.mark.versions
@pytest.mark.parametrize(("path", "ready", "kind"), [("lab", LAB, "lab"), ("tree", TREE, "notebook")])
def test_from_the_palette_to_the_end_and_back(
    demo: Callable[..., RunningDemo], open_tab: OpenTab, path: str, ready: str, kind: str
) -> None:
    running = demo("--step-seconds=3")
    tab = open_tab(running.url.replace("/lab?", f"/{path}?"), ready=ready)
    page = tab.page
    assert tab.complaints == []

    run_from_palette(page)
    dialog = page.locator(".jp-Dialog")
    for text in ("simulated-notebook", "simulated.vm.cpu.2u", "What stops", "What is lost", "What stays"):
        expect(dialog).to_contain_text(text)
    expect(dialog).to_contain_text("/home/ma-user/work/")
    expect(dialog.locator(".jp-Dialog-footer .jp-mod-reject")).to_be_focused()
    if kind == "lab":
        tab.screenshot("confirmation")

    for key in ("Enter", "Escape"):
        page.keyboard.press(key)
        expect(dialog).to_have_count(0)
        run_from_palette(page)
        expect(dialog.locator(".jp-Dialog-footer .jp-mod-reject")).to_be_focused()

    dialog.get_by_role("button", name="Save all and stop").click()
    progress = page.locator("[data-view=progress]")
    expect(progress).to_be_visible()
    expect(progress.locator("[data-step='1'][data-status=PROCESSING]")).to_be_visible()
    expect(progress.locator("[data-step='1'][data-status=COMPLETED]")).to_be_visible()
    expect(progress).to_contain_text("STOPPING")
    expect(progress.locator("[aria-live=polite]").first).to_be_visible()
    tab.screenshot(f"progress-{kind}")

    expect_farewell(page)
    expect(page.locator(f"{OVERLAY} a")).to_have_attribute("href", running.console_url)
    assert running.process.stdout is not None
    assert any("its JupyterLab with it" in line for line in iter(running.process.stdout.readline, ""))
    page.wait_for_timeout(3_000)
    expect_farewell(page)
    expect_only_overlay(page)
    tab.screenshot(f"farewell-{kind}")
    assert http_complaints(tab) == []

    console = open_tab(running.console_url, ready="button:not([disabled])")
    console.page.get_by_role("button", name="Start").click()
    expect(console.page.get_by_role("link", name="Open JupyterLab")).to_be_visible()
    again = open_tab_when_up(open_tab, running.url)
    expect_nothing_open(again.page)

    assert running.interrupt() == 0


def open_tab_when_up(open_tab: OpenTab, url: str) -> Tab:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=5):
                break
        except OSError:
            time.sleep(0.3)
    return open_tab(url, ready=LAB)


@pytest.mark.versions
@pytest.mark.parametrize(("path", "ready"), [("lab", LAB), ("tree", TREE)])
def test_a_refused_stop_leaves_the_page_working(
    demo: Callable[..., RunningDemo], open_tab: OpenTab, path: str, ready: str
) -> None:
    running = demo("--refuse")
    tab = open_tab(running.url.replace("/lab?", f"/{path}?"), ready=ready)
    page = tab.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run_from_palette(page)
    page.get_by_role("button", name="Save all and stop").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("ModelArts.0112")
    expect(dialog).to_contain_text("modelarts:notebook:stop")
    expect(dialog).to_contain_text("simulated-")
    expect(dialog).to_contain_text("403")
    dialog.get_by_role("button", name="Copy details").click()
    copied: Any = page.evaluate("navigator.clipboard.readText()")
    assert "ModelArts.0112" in copied
    assert "modelarts:notebook:stop" in copied
    if path == "lab":
        tab.screenshot("refused")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)

    before = time.monotonic()
    if path == "lab":
        page.locator(".jp-LauncherCard", has_text="Text File").click()
        expect(page.locator(".jp-FileEditor")).to_be_visible()
    else:
        page.locator("[data-command='filebrowser:refresh']").first.click()
        page.wait_for_timeout(500)
    assert any("/api/contents" in url for url in tab.requests_since(before))
    run_from_palette(page)
    page.keyboard.press("Escape")
    assert running.interrupt() == 0


def test_ctrl_c_leaves_nothing_behind(demo: Callable[..., RunningDemo]) -> None:
    running = demo()
    urls = (running.url, running.console_url)
    for url in urls:
        urllib.request.urlopen(url, timeout=LIMIT).close()
    assert running.interrupt() == 0
    for url in urls:
        # By now the port may be another test's, which does not know the address.
        with pytest.raises(OSError, match=r"refused|reset|HTTP Error 40[34]"):
            urllib.request.urlopen(url, timeout=5)
