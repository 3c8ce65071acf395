"""The page in Chinese, as JupyterLab's own setting chooses it: what a user sees, and what the server answers."""

from __future__ import annotations

import json
import re
from typing import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..language import english_in
from ..waiting import until
from .conftest import OpenTab, RunningDemo, Server, StartServer
from .profiles import Profiles
from .schedules import TRAINING, schedule_at
from .shared import SharedLab
from .steps import (
    LAB,
    OVERLAY,
    TREE,
    expect_kernel,
    expect_nothing_open,
    expect_phase,
    run_from_palette,
    write_notebook,
)
from .terminal import close_terminal, make_readable, open_terminal, rows, type_command
from .test_cell import KERNEL_READY, output, run_cell

OPEN = "path => window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Editor'}).then(() => null)"
"""Without its value, a widget: Playwright takes ten seconds to copy one."""

CHINESE = {"LANG": "zh_CN.UTF-8"}

PLACES = pytest.mark.parametrize(("path", "ready"), [("lab", LAB), ("tree", TREE)])


def speak_chinese(server: Server) -> None:
    """Choose the language, as the menu of JupyterLab's settings does."""
    folder = server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "translation-extension"
    folder.mkdir(parents=True)
    (folder / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": "zh_CN"}))


@pytest.fixture
def server(start_server: StartServer, simulator: ThreadedSimulator) -> Server:
    """A server whose pages, kernels and terminals are in Chinese."""
    environment = {**instance_environment(simulator), **CHINESE}
    server = start_server(
        environment, base_url=f"/{simulator.instance_id}/", arguments=["--LabApp.expose_app_in_browser=True"]
    )
    speak_chinese(server)
    # Long enough for a picture on a busy machine.
    simulator.instance.step_seconds = 2
    return server


@pytest.fixture(scope="module")
def shared_lab(
    profiles: Profiles, shared_port: int, instance_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedLab]:
    """Such a server, and a page in a browser that speaks another language."""
    with ThreadedSimulator(step_seconds=0.05, instance_id=instance_id) as simulator:
        root = tmp_path_factory.mktemp("chinese")
        shared = SharedLab(profiles, simulator, root, port=shared_port, environment=CHINESE, locale="en-US")
        speak_chinese(shared.server)
        make_readable(shared.server)
        yield shared
        shared.close()


def run(page: Page, command: str = "stop") -> None:
    """Run a command of ours that opens a dialog, as a reader of Chinese finds it."""
    run_from_palette(page, command, "此实例")


def expect_chinese(part: Locator) -> None:
    """A part of the page is in Chinese: no English words are left."""
    expect(part).to_contain_text(re.compile("[\u4e00-\u9fff]{4}"))
    text = part.inner_text()
    assert english_in(text) == [], text


@PLACES
def test_a_failure_and_its_remedy_then_question_progress_and_end(
    server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, path: str, ready: str
) -> None:
    simulator.settings.deny("stop")
    tab = open_tab(server.address(path), ready=ready, locale="zh-CN")
    page = tab.page
    run(page)
    page.get_by_role("button", name="全部保存并停止").click()
    failed = page.locator(".jp-Dialog", has=page.get_by_role("button", name="复制详情"))
    expect(failed).to_contain_text("实例未停止")
    # Said by the server, in the language of the page.
    expect(failed).to_contain_text("请联系管理员")
    expect(failed).to_contain_text("modelarts:notebook:stop")
    tab.screenshot(f"chinese-refused-{path}")
    page.keyboard.press("Escape")
    expect_nothing_open(page)

    simulator.settings.allow("stop")
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
    expect(page.locator("[data-view=farewell]")).to_be_visible()
    expect(page.locator(OVERLAY)).to_contain_text("可以关闭此标签页")
    expect_chinese(page.locator(OVERLAY))
    tab.screenshot(f"chinese-end-{path}")


@pytest.mark.whole
def test_work_at_risk_and_documents_that_are_not_saved(server: Server, open_tab: OpenTab) -> None:
    write_notebook(server.work / "train.ipynb", TRAINING)
    tab = open_tab(server.address("lab/tree/train.ipynb"), ready=".jp-Notebook .jp-CodeCell", locale="zh-CN")
    page = tab.page
    expect_kernel(page, server)
    page.locator(".jp-CodeCell .cm-content").click()
    page.keyboard.press("Shift+Enter")
    for name in ("a.txt", "b.txt"):
        (server.work / name).write_text("as it was\n")
        page.evaluate(OPEN, name)
        page.locator(".jp-FileEditor:visible .cm-content").click()
        page.keyboard.type("more")
    run(page)
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("train.ipynb 自 ")
    expect(dialog).to_contain_text("、")
    for part in ("lost", "stays", "risk", "unsaved"):
        text = dialog.locator(f"[data-part={part}]").inner_text()
        assert not re.search("[\uff0c\u3002\uff1b\uff1a\u3001] |[\u4e00-\u9fff][,;:(]", text), text
    expect_chinese(dialog)
    tab.screenshot("chinese-question-busy")
    page.locator(".jp-Dialog-button", has_text="取消").click()
    # A path that has become a folder cannot be saved.
    (server.work / "b.txt").unlink()
    (server.work / "b.txt").mkdir()
    run(page)
    page.get_by_role("button", name="全部保存并停止").click()
    unsaved = page.locator(".jp-Dialog", has=page.get_by_role("button", name="复制详情"))
    expect(unsaved).to_contain_text("部分打开的文档无法保存")
    tab.screenshot("chinese-not-saved")


@pytest.mark.parametrize("path", ["lab/tree", "notebooks"])
def test_a_cell(server: Server, open_tab: OpenTab, path: str) -> None:
    stop = "from jupyter_notebook_stop import stop, status\n"
    write_notebook(server.work / "train.ipynb", f"{stop}stop(dry_run=True)", "status()", "stop(delay=60)")
    tab = open_tab(server.address(f"{path}/train.ipynb"), ready=KERNEL_READY, locale="zh-CN")
    page = tab.page
    page.set_viewport_size({"width": 1280, "height": 1250})
    expect_kernel(page, server)
    run_cell(page, 0, output("试运行：预计可以停止"))
    run_cell(page, 1, output("停止后保留"))
    run_cell(page, 2, output("秒后停止"))
    for card in page.locator(".jp-OutputArea-output").all():
        expect_chinese(card)
    tab.screenshot(f"chinese-cell-{path.partition('/')[0]}")
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    page.keyboard.press("i")
    page.locator(output("已在倒计时期间取消停止")).last.wait_for()


def test_a_terminal(lab: SharedLab) -> None:
    tab = lab.tab
    terminal = open_terminal(tab, "终端")
    page, shown = tab.page, rows(terminal)
    type_command(page, "jupyter notebook-stop schedule --when-idle")
    expect(shown).to_contain_text("取消方式")
    type_command(page, "jupyter notebook-stop doctor")
    expect(shown).to_contain_text("会在停止前保存打开的标签页")
    type_command(page, "jupyter notebook-stop stop")
    expect(shown).to_contain_text("确定停止此实例？[y/N]")
    tab.screenshot("chinese-terminal", terminal)
    type_command(page, "y")
    expect(shown).to_contain_text("按 Ctrl-C 可取消")
    tab.screenshot("chinese-terminal-countdown", terminal)
    page.keyboard.press("Control+C")
    expect(shown).to_contain_text("已在倒计时期间取消停止")

    close_terminal(tab, lab.server)


def test_the_countdown(lab: SharedLab) -> None:
    tab = lab.tab
    schedule_at(lab.server, lab.simulator)
    countdown = tab.page.locator("[data-view=countdown]")
    expect(countdown).to_contain_text("原定停止时间：")
    expect_chinese(countdown)
    tab.screenshot("chinese-countdown")
    countdown.get_by_role("button", name="取消").click()
    expect(countdown).to_have_count(0)


def test_the_demo(demo: Callable[..., RunningDemo], open_tab: OpenTab) -> None:
    running = demo("--step-seconds=0.2", LANG="zh_CN.UTF-8", SHELL="/bin/sh")
    assert "执行“停止此实例”" in running.output
    # Whatever language the browser prefers: the demo's JupyterLab has that of its terminal.
    page = open_tab(running.url.replace("/lab?", "/lab/tree/train.ipynb?"), ready=".jp-Notebook").page
    expect(page.locator(".jp-RenderedMarkdown").first).to_contain_text("训练、保存、停止")
    # A terminal finds the command: what it writes goes to a file, as a terminal draws on a canvas.
    page.keyboard.press("Control+Shift+L")
    page.locator(".jp-LauncherCard", has_text="终端").click()
    page.locator(".jp-Terminal .xterm-screen").click()
    type_command(page, "jupyter notebook-stop status > status.txt")
    written = running.url.replace("/lab?", "/api/contents/status.txt?")

    def is_written() -> bool:
        response = page.request.get(written)
        return response.ok and "停止后保留" in response.json()["content"]

    until(is_written, pause=0.5)
    run(page)
    page.get_by_role("button", name="全部保存并停止").click()
    expect(page.locator("[data-view=farewell]")).to_be_visible()
    said = running.process.stdout
    assert said is not None
    assert any("实例已停止，其中的 JupyterLab 也已结束。" in line for line in iter(said.readline, ""))
    console = open_tab(running.console_url, ready="button:not([disabled])", locale="zh-CN")
    expect_chinese(console.page.locator("body"))
    console.screenshot("chinese-console")
    console.page.get_by_role("button", name="启动").click()
    expect(console.page.get_by_role("link", name="打开 JupyterLab")).to_be_visible()
    assert running.interrupt() == 0
    assert said.read().rstrip().endswith("正在结束演示。")


def test_times_are_in_the_language_of_the_page(lab: SharedLab) -> None:
    page = lab.page
    # The browser speaks another one.
    assert page.evaluate("navigator.language") == "en-US"
    run(page, "stop-at")
    page.locator(".jp-Dialog select").select_option("720")
    expect(page.locator(".jp-Dialog [aria-live=polite]")).to_contain_text(
        re.compile(r"^将在 (\d+年\d+月\d+日 )?\d\d:\d\d 停止。$")
    )


def test_a_schedule_the_status_and_the_menu(lab: SharedLab) -> None:
    tab = lab.tab
    page = tab.page
    run(page, "stop-when-idle")
    expect_chinese(page.locator(".jp-Dialog"))
    tab.screenshot("chinese-schedule-idle")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    status = page.locator(".jp-NotebookStop-status")
    expect(status).to_contain_text("空闲时停止")
    status.click()
    panel = page.locator(".jp-NotebookStop-panel")
    expect(panel).to_contain_text("空闲时停止：如果一直空闲，将在 ")
    expect(panel).to_contain_text("/home/ma-user/work/（EVS）")
    expect_chinese(panel)
    tab.screenshot("chinese-status-panel")
    page.keyboard.press("Escape")
    page.get_by_role("menuitem", name="文件").first.click()
    expect(page.get_by_role("menuitem", name="停止此实例").first).to_be_visible()
    cancel = page.get_by_role("menuitem", name=re.compile("取消停止计划（"))
    expect(cancel).to_be_visible()
    tab.screenshot("chinese-menu")
    cancel.click()
    expect(status).not_to_contain_text("空闲时停止")


def test_the_settings(lab: SharedLab) -> None:
    tab = lab.tab
    page = tab.page
    page.keyboard.press("Control+,")
    editor = page.locator(".jp-SettingsPanel, #setting-editor, .jp-PluginList").first
    expect(editor).to_be_visible()
    ours = page.locator(".jp-PluginList-entry", has_text="停止此实例：状态")
    expect(ours).to_be_visible()
    # The menu's entries have no settings of their own.
    ours.click()
    form = page.locator(".jp-SettingsForm", has_text="空闲时长").first
    expect(form).to_contain_text("在状态栏中显示实例。")
    expect_chinese(form)
    tab.screenshot("chinese-settings")
    page.locator(".lm-TabBar-tab.jp-mod-current .lm-TabBar-tabCloseIcon").click()
    expect(editor).to_have_count(0)
