"""The page in Chinese, as JupyterLab's own setting chooses it: what a user sees, and what the server answers."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import OpenTab, Server
from .steps import LAB, OVERLAY, TREE, expect_phase, run_from_palette

PLACES = pytest.mark.parametrize(("path", "ready"), [("lab", LAB), ("tree", TREE)])

KEPT = re.compile(
    r"simulated[\w.-]+|[\w.]*/[\w./~-]*|modelarts[\w:.]+|c\.NotebookStop\.\w+|\b[A-Z][\w.]*|\b[0-9a-f-]{8,}\b"
)
"""What stays as it is in a Chinese text: names, paths, actions, codes, status values, ids."""


@pytest.fixture
def server(instance_server: Server, simulator: ThreadedSimulator) -> Server:
    """A server whose pages are in Chinese."""
    folder = instance_server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "translation-extension"
    folder.mkdir(parents=True)
    # Long enough for a picture on a busy machine.
    simulator.instance.step_seconds = 2
    (folder / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": "zh_CN"}))
    return instance_server


def run(page: Page, command: str = "stop") -> None:
    """Run a command of ours that opens a dialog, as a reader of Chinese finds it."""
    run_from_palette(page, command, "此实例")


def expect_chinese(part: Locator) -> None:
    """A part of the page is in Chinese: no English words are left."""
    expect(part).to_contain_text(re.compile("[\u4e00-\u9fff]{4}"))
    text = part.inner_text()
    assert re.findall(r"[a-z]{3,}", KEPT.sub("", text)) == [], text


@PLACES
def test_question_progress_and_end(server: Server, open_tab: OpenTab, path: str, ready: str) -> None:
    tab = open_tab(server.address(path), ready=ready, locale="zh-CN")
    page = tab.page
    run(page)
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("确定停止此实例？")
    expect(dialog.locator("[data-part=stays]")).to_contain_text("/home/ma-user/work/")
    expect_chinese(dialog)
    tab.screenshot(f"chinese-question-{path}")
    page.get_by_role("button", name="全部保存并停止").click()
    expect_phase(page, "accepted")
    expect(page.locator(OVERLAY)).to_contain_text("停止请求已受理，实例正在停止…")
    tab.screenshot(f"chinese-progress-{path}")
    expect(page.locator("[data-view=farewell]")).to_be_visible(timeout=60_000)
    expect(page.locator(OVERLAY)).to_contain_text("可以关闭此标签页")
    expect_chinese(page.locator(OVERLAY))
    tab.screenshot(f"chinese-end-{path}")


@PLACES
def test_a_failure_and_its_remedy(
    server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, path: str, ready: str
) -> None:
    simulator.settings.deny("stop")
    tab = open_tab(server.address(path), ready=ready, locale="zh-CN")
    run(tab.page)
    tab.page.get_by_role("button", name="全部保存并停止").click()
    dialog = tab.page.locator(".jp-Dialog", has=tab.page.get_by_role("button", name="复制详情"))
    expect(dialog).to_contain_text("实例未停止", timeout=40_000)
    # Said by the server, in the language of the page.
    expect(dialog).to_contain_text("请联系管理员")
    expect(dialog).to_contain_text("modelarts:notebook:stop")
    tab.screenshot(f"chinese-refused-{path}")


def test_a_schedule_the_status_and_the_menu(server: Server, open_tab: OpenTab) -> None:
    tab = open_tab(server.address("lab"), ready=LAB, locale="zh-CN")
    page = tab.page
    run(page, "stop-when-idle")
    expect_chinese(page.locator(".jp-Dialog"))
    tab.screenshot("chinese-schedule-idle")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    status = page.locator(".jp-NotebookStop-status")
    expect(status).to_contain_text("空闲时停止")
    status.click()
    panel = page.locator(".jp-NotebookStop-panel")
    expect(panel).to_contain_text("停止计划")
    expect_chinese(panel)
    tab.screenshot("chinese-status-panel")
    page.keyboard.press("Escape")
    page.get_by_role("menuitem", name="文件").first.click()
    expect(page.get_by_role("menuitem", name="停止此实例").first).to_be_visible()
    expect(page.get_by_role("menuitem", name=re.compile("取消停止计划（"))).to_be_visible()
    tab.screenshot("chinese-menu")


def test_the_titles_of_the_settings(server: Server, open_tab: OpenTab) -> None:
    page = open_tab(server.address("lab"), ready=LAB, locale="zh-CN").page
    page.keyboard.press("Control+,")
    editor = page.locator(".jp-SettingsPanel, #setting-editor, .jp-PluginList").first
    expect(editor).to_be_visible(timeout=30_000)
    expect(page.locator(".jp-PluginList")).to_contain_text("停止此实例：状态")
