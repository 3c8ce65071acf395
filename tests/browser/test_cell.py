"""A cell that stops its own instance: everything it showed is in the saved notebook when the server has died."""

from __future__ import annotations

import functools
import json
import pathlib
import time
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, TimeoutError, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT, until
from .conftest import OpenTab, Server, Tab
from .steps import expect_kernel, expect_nothing_open, expect_phase

TRAIN = "for epoch in range(3):\n    print('epoch', epoch)"
KERNEL_READY = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
STOP = "print('model saved')\nfrom jupyter_notebook_stop import stop\nstop(delay=2)"


def write_notebook(path: pathlib.Path, *cells: str) -> None:
    code: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"cell-{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for n, text in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": code, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")


def shown_in(cell: dict[str, Any]) -> str:
    texts = [output.get("text") or output["data"]["text/plain"] for output in cell["outputs"]]
    return "\n".join("".join(text) for text in texts)


def run_cell(page: Page, number: int, expected: str) -> None:
    """Run a cell; what JupyterLab is told while its kernel is not yet connected it forgets."""
    cell = page.locator(".jp-CodeCell").nth(number)
    for _ in range(10):
        try:
            cell.locator(".cm-content").click(timeout=5_000)
            page.keyboard.press("Shift+Enter")
            expect(cell.locator(".jp-InputPrompt").first).not_to_have_text("[ ]:", timeout=3_000)
            break
        except (AssertionError, TimeoutError):
            continue
    page.locator(expected).last.wait_for()


def output(text: str) -> str:
    return f".jp-OutputArea-output:has-text({json.dumps(text, ensure_ascii=False)})"


@pytest.mark.versions
@pytest.mark.parametrize("path", ["lab/tree", "notebooks"])
def test_outputs_survive(instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, path: str) -> None:
    simulator.instance.step_seconds = 0.6
    file = instance_server.work / "train.ipynb"
    write_notebook(file, TRAIN, STOP)
    page = open_tab(instance_server.address(f"{path}/train.ipynb"), ready=KERNEL_READY).page
    expect_kernel(page, instance_server)
    run_cell(page, 0, output("epoch 2"))
    run_cell(page, 1, "[data-view=progress]")

    limit = time.monotonic() + LIMIT
    while simulator.instance.status != "STOPPED" and time.monotonic() < limit:
        page.wait_for_timeout(50)
    instance_server.kill()
    assert simulator.instance.status == "STOPPED"

    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    assert shown_in(cells[0]).strip() == "epoch 0\nepoch 1\nepoch 2"
    last = shown_in(cells[1])
    assert last.startswith("model saved\n")
    assert "Counted down 2 s." in last
    assert "The Jupyter server accepted the stop of simulated-notebook" in last
    assert "Nobody is connected" not in last
    kinds = [output["output_type"] for output in cells[1]["outputs"]]
    assert kinds == ["stream", "display_data"]
    page.locator("[data-view=farewell]").wait_for()
    assert page.evaluate("document.querySelectorAll('.jp-OutputArea-output').length") == 3
    assert simulator.count("stop") == 1


AFTER = "\nprint('the stop', 'was accepted')"


def saved_cells(file: pathlib.Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return cells


def full_disk(route: Route) -> None:
    """Fail to save what a cell has shown at its end."""
    if route.request.method == "PUT" and "the stop was accepted" in (route.request.post_data or ""):
        route.fulfill(status=500, content_type="application/json", body='{"message": "the disk is full"}')
    else:
        route.continue_()


def wait_for_stops(simulator: ThreadedSimulator, count: int) -> None:
    """Wait until the cloud has been asked as often to stop."""
    until(lambda: simulator.count("stop") == count, pause=0.05)


@pytest.mark.parametrize("path", ["lab/tree", "notebooks"])
def test_the_file_holds_the_end_of_each_cell_that_stops(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, path: str
) -> None:
    """Stops of one page, all of which but the last come to nothing."""
    stop = f"stop(delay=0){AFTER}"
    file = instance_server.work / "train.ipynb"
    write_notebook(
        file,
        TRAIN,
        f"from jupyter_notebook_stop import astop, stop\n{stop}",
        *(stop, f"await a{stop}", f"{stop}\nraise ValueError('too late')", f"{stop}\nimport time\ntime.sleep(600)"),
    )
    page = open_tab(instance_server.address(f"{path}/train.ipynb"), ready=KERNEL_READY).page
    expect_kernel(page, instance_server)
    run_cell(page, 0, output("epoch 2"))

    # A last save that fails keeps the instance running.
    page.route("**/api/contents/train.ipynb*", full_disk)
    run_cell(page, 1, output("Not stopped:"))
    shown = page.locator(output("Not stopped:"))
    expect(shown).to_contain_text("train.ipynb")
    expect(shown).to_contain_text("the disk is full")
    expect(page.locator(".Toastify__toast").first).to_contain_text("The stop was cancelled")
    assert saved_cells(file)[1]["outputs"] != [], "it was saved once before"
    assert simulator.count("stop") == 0
    page.unroute_all()

    for stops, number in enumerate((2, 3, 4), 1):
        run_cell(page, number, "[data-view=progress]")
        wait_for_stops(simulator, stops)
        cells = saved_cells(file)
        assert [cell["execution_count"] for cell in cells[: number + 1]] == [*range(1, number + 2)]
        assert shown_in(cells[0]).strip() == "epoch 0\nepoch 1\nepoch 2"
        if number < 4:
            assert "The Jupyter server accepted the stop" in shown_in(cells[number])
            assert shown_in(cells[number]).strip().endswith("the stop was accepted")
        else:
            assert "the stop was accepted" in json.dumps(cells[number]["outputs"])
            assert cells[number]["outputs"][-1]["ename"] == "ValueError"
        expect_phase(page, "accepted")
        simulator.instance.status = "RUNNING"
        expect_nothing_open(page)
        expect(page.locator(".Toastify__toast").last).to_contain_text("The instance did not stop")

    # A cell that goes on is saved as it is.
    simulator.instance.step_seconds = 0.6
    run_cell(page, 5, "[data-view=progress]")
    until(lambda: simulator.instance.status == "STOPPED", pause=0.05)
    instance_server.kill()
    assert "the stop was accepted" in json.dumps(saved_cells(file)[5]["outputs"])
    assert simulator.count("stop") == 4


CONTRAST = """card => {
    if (!card.isConnected) {
        return 0;
    }
    const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
        .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0.05);
    const style = getComputedStyle(card);
    const [ink, paper] = [light(style.color), light(style.backgroundColor)];
    return Math.max(ink, paper) / Math.min(ink, paper);
}"""


@pytest.mark.versions
def test_the_rich_display_in_both_themes(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    file = instance_server.work / "show.ipynb"
    write_notebook(
        file, "from jupyter_notebook_stop import status, stop\nstatus()", "stop(dry_run=True)", "stop(delay=600)"
    )
    tab = open_tab(instance_server.address("lab/tree/show.ipynb"), ready=KERNEL_READY)
    page = tab.page
    page.set_viewport_size({"width": 1080, "height": 1020})
    expect_kernel(page, instance_server)
    for number, text in enumerate(("RUNNING", "A stop would", "Stopping simulated-notebook")):
        run_cell(page, number, output(text))
    look_at(tab, "JupyterLab Light")
    page.keyboard.press("Control+S")
    # The countdown makes the notebook dirty again each second, so the page does not tell.
    until(lambda: "Stopping simulated-notebook" in file.read_text(encoding="utf-8"))

    settings = instance_server.root / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark"}', encoding="utf-8")
    page.reload()
    page.locator(output("Stopping simulated-notebook")).wait_for()
    look_at(tab, "JupyterLab Dark")

    (kernel,) = instance_server.fetch("GET", "api/kernels")
    instance_server.fetch("POST", f"api/kernels/{kernel['id']}/interrupt")
    limit = time.monotonic() + 30
    while instance_server.fetch("GET", f"api/kernels/{kernel['id']}")["execution_state"] != "idle":
        assert time.monotonic() < limit
        page.wait_for_timeout(100)
    assert simulator.count("stop") == 0


def look_at(tab: Tab, theme: str) -> None:
    expect(tab.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    if tab.page.locator(".jp-FileBrowser").is_visible():
        tab.page.keyboard.press("Control+B")
    cards = tab.page.locator(".jp-RenderedHTMLCommon > div")
    cards.first.wait_for()
    tab.page.wait_for_timeout(1_000)
    tab.screenshot(f"cell-{theme.partition(' ')[2].lower()}")
    for card in cards.all():
        assert until(functools.partial(contrast, card)) > 4.5


def contrast(card: Locator) -> float:
    """Return that of the text, or 0 where the countdown has just put another card in its place."""
    found: float = card.evaluate(CONTRAST)
    return found
