"""What a user does in a page, step by step."""

from __future__ import annotations

import contextlib
import json
import pathlib
import time
from typing import Any, Callable

from playwright.sync_api import Error as PageError
from playwright.sync_api import Locator, Page, Route, expect
from playwright.sync_api import TimeoutError as PageTimeoutError

from ..servers import Server
from ..waiting import LIMIT

LAB = ".jp-Launcher"
TREE = ".jp-FileBrowser"
REPORTS = "**/jupyter-notebook-stop/stop/*/tabs/*"
OVERLAY = ".jp-NotebookStop-modal"
"""What shows the progress of a stop and its end, above the page."""


def run_from_palette(page: Page, command: str = "stop", search: str = "this instance") -> None:
    """Run a command of ours that opens a dialog, and is found by a part of its name."""
    found = page.locator(f".lm-CommandPalette-item[data-command='jupyter-notebook-stop:{command}']")
    # What was searched for is marked once the others are gone: until then the item may move away from the click.
    item = found.filter(has=page.locator("mark"))
    for _ in range(5):
        page.keyboard.press("Control+Shift+C")
        # JupyterLab closes the palette when the focus moves, as it does while a page is still settling.
        with contextlib.suppress(PageTimeoutError):
            page.locator(".lm-CommandPalette-input").fill(search, timeout=5_000)
            item.click(timeout=5_000)
            break
    expect(page.locator(".jp-Dialog")).to_be_visible()


def expect_farewell(page: Page) -> None:
    expect(page.locator("[data-view=farewell]")).to_be_visible()
    expect(page.locator(OVERLAY)).to_contain_text("You can close this tab")


def expect_only_overlay(page: Page) -> None:
    """Our overlay is there, once, and no dialog of JupyterLab's with it."""
    expect(page.locator(OVERLAY)).to_have_count(1)
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def expect_nothing_open(page: Page) -> None:
    """Neither our overlay nor a dialog is there."""
    expect(page.locator(OVERLAY)).to_have_count(0)
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def stop_from_palette(page: Page, choice: str = "Save all and stop") -> None:
    """Run the command and choose in the confirmation."""
    run_from_palette(page)
    page.get_by_role("button", name=choice).click()


def hold_saved(page: Page) -> Callable[[], None]:
    """Let a page save for as long as a test looks at it: its report that it has saved waits until this is called."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if '"saved"' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.fallback()

    def release() -> None:
        page.unroute(REPORTS, hold)
        for route in held:
            # Not by the page, which by now may have given its request up.
            request = route.request
            page.request.fetch(request.url, method="PUT", headers=request.headers, data=request.post_data)
            with contextlib.suppress(PageError):
                route.abort()

    page.route(REPORTS, hold)
    return release


def expect_phase(page: Page, phase: str) -> None:
    """Wait until the progress view shows a phase."""
    expect(page.locator(f"[data-view=progress][data-phase={phase}]")).to_be_visible()


def failure(page: Page) -> Locator:
    """Return the dialog that says why nothing was stopped, once it is there."""
    dialog = page.locator(".jp-Dialog", has=page.get_by_role("button", name="Copy details"))
    expect(dialog).to_be_visible()
    return dialog


def write_notebook(path: pathlib.Path, *sources: str) -> None:
    """Write a notebook with code cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")


def type_text(page: Page, text: str) -> None:
    """Type into the first editor of the page, and make sure that it arrived."""
    editor = page.locator(".jp-MainAreaWidget:not(.lm-mod-hidden) .cm-content, .jp-Notebook .cm-content").first
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)
    expect(editor).to_contain_text(text)


def connections(server: Server) -> int:
    """Return how many clients are connected to the kernels of a server."""
    status, kernels = server.ask("GET", "api/kernels")
    # Jupyter answers 500 for a moment in which a kernel starts.
    return sum(kernel["connections"] for kernel in kernels) if status == 200 else 0


def expect_kernel(page: Page, server: Server, count: int = 1) -> None:
    """Wait until pages are connected to kernels: a notebook shows an idle kernel before it has one."""
    limit = time.monotonic() + LIMIT
    while connections(server) < count:
        assert time.monotonic() < limit, "no kernel"
        page.wait_for_timeout(100)
