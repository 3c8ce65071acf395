"""Save all and stop: what can't be saved keeps the instance running."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Callable

import pytest
from playwright.sync_api import Page, Route, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from .conftest import OpenTab, Server, StartServer, Tab
from .steps import (
    expect_farewell,
    expect_nothing_open,
    expect_phase,
    failure,
    hold_saved,
    stop_from_palette,
    type_text,
)

EDITOR = ".jp-FileEditor .cm-content"
TYPED = "typed by the user"


@pytest.fixture
def open_document(instance_server: Server, open_tab: OpenTab) -> Callable[..., Tab]:
    """Open doc.txt in JupyterLab, with what `before` does to the page first."""
    (instance_server.work / "doc.txt").write_text("as it was\n")

    def open_(before: Callable[[Page], None] | None = None) -> Tab:
        tab = open_tab(instance_server.address("lab"), ready=".jp-Launcher")
        if before:
            before(tab.page)
        tab.page.locator(".jp-DirListing-item", has_text="doc.txt").dblclick()
        tab.page.wait_for_selector(EDITOR)
        type_text(tab.page, TYPED)
        return tab

    return open_


def expect_nothing_stopped(tab: Tab, server: Server, simulator: ThreadedSimulator, *texts: str) -> None:
    dialog = failure(tab.page)
    for text in ("doc.txt", *texts):
        expect(dialog).to_contain_text(text)
    assert simulator.count("stop") == 0
    assert simulator.instance.status == "RUNNING"


def close_dialogs(page: Page) -> list[str]:
    """Close what is open, ours and core's, and return the titles."""
    titles = []
    for _ in range(5):
        dialog = page.locator(".jp-Dialog")
        if not dialog.count():
            break
        titles.append(dialog.first.locator(".jp-Dialog-header").inner_text())
        dialog.first.locator(".jp-Dialog-footer button").last.click()
        page.wait_for_timeout(700)
    return titles


def test_a_contents_api_that_does_not_answer_or_answers_500(
    open_document: Callable[..., Tab], instance_server: Server, simulator: ThreadedSimulator
) -> None:
    course = ["silent"]
    unanswered: list[Route] = []

    def handle(route: Route) -> None:
        if course[0] == "works" or route.request.method != "PUT":
            route.continue_()
        elif course[0] == "silent":
            unanswered.append(route)
        else:
            route.fulfill(status=500, content_type="application/json", body='{"message": "the disk is full"}')

    tab = open_document(lambda page: page.route("**/api/contents/doc.txt*", handle))
    stop_from_palette(tab.page)
    expect_nothing_stopped(tab, instance_server, simulator)
    failure(tab.page).get_by_role("button", name="Close").click()
    expect_nothing_open(tab.page)

    course[0] = "broken"
    # JupyterLab saves a document once at a time.
    for route in unanswered:
        route.abort()
    expect(tab.page.locator(".jp-Dialog")).to_contain_text("File Save Error")
    close_dialogs(tab.page)
    stop_from_palette(tab.page)
    expect_nothing_stopped(tab, instance_server, simulator, "the disk is full")
    tab.screenshot("save-failed")
    close_dialogs(tab.page)
    assert (instance_server.work / "doc.txt").read_text() == "as it was\n"
    expect(tab.page.locator(EDITOR)).to_contain_text(TYPED)

    course[0] = "works"
    stop_from_palette(tab.page)
    expect_phase(tab.page, "accepted")
    assert TYPED in (instance_server.work / "doc.txt").read_text()


def test_a_document_changed_on_disk_and_stopping_without_saving_saves_nothing(
    open_document: Callable[..., Tab], instance_server: Server, simulator: ThreadedSimulator
) -> None:
    tab = open_document()
    path = instance_server.work / "doc.txt"
    path.write_text("changed by somebody else\n")
    os.utime(path, (time.time() + 60, time.time() + 60))
    stop_from_palette(tab.page)
    expect_nothing_stopped(tab, instance_server, simulator, "changed on disk")
    tab.screenshot("changed-on-disk")
    assert close_dialogs(tab.page) != []
    assert path.read_text() == "changed by somebody else\n"
    expect(tab.page.locator(EDITOR)).to_contain_text(TYPED)

    stop_from_palette(tab.page, "Stop without saving")
    expect_phase(tab.page, "accepted")
    simulator.instance.status = "STOPPED"
    expect_farewell(tab.page)
    assert path.read_text() == "changed by somebody else\n"


@pytest.fixture
def exposed_server(start_server: StartServer, simulator: ThreadedSimulator) -> Server:
    """A server whose pages expose their application object."""
    base_url = f"/{simulator.instance_id}/"
    return start_server(
        instance_environment(simulator), base_url=base_url, arguments=["--LabApp.expose_app_in_browser=True"]
    )


def test_a_read_only_document(exposed_server: Server, open_tab: OpenTab, simulator: ThreadedSimulator) -> None:
    def lock(page: Page) -> None:
        def handle(route: Route) -> None:
            if route.request.method != "GET":
                route.continue_()
                return
            response = route.fetch()
            model: dict[str, Any] = response.json()
            model["writable"] = False
            route.fulfill(response=response, body=json.dumps(model))

        page.route("**/api/contents/doc.txt*", handle)

    (exposed_server.work / "doc.txt").write_text("as it was\n")
    tab = open_tab(exposed_server.address("lab"), ready=".jp-Launcher")
    lock(tab.page)
    tab.page.locator(".jp-DirListing-item", has_text="doc.txt").dblclick()
    tab.page.wait_for_selector(EDITOR)
    # A read-only editor takes no typing; other extensions can change its text all the same.
    tab.page.evaluate(
        f"{{ const {{ model }} = window.jupyterapp.shell.currentWidget.context;"
        f" model.fromString({TYPED!r}); model.dirty = true; }}"
    )
    stop_from_palette(tab.page)
    expect_nothing_stopped(tab, exposed_server, simulator, "read-only")
    tab.screenshot("read-only")


@pytest.mark.versions
def test_cancelling_while_other_tabs_save(
    open_document: Callable[..., Tab], instance_server: Server, simulator: ThreadedSimulator
) -> None:
    tab = open_document()
    hold_saved(tab.page)
    stop_from_palette(tab.page)
    expect_phase(tab.page, "saving")
    tab.page.get_by_role("button", name="Cancel the stop").click()
    expect_nothing_open(tab.page)
    tab.page.wait_for_timeout(3_000)
    assert simulator.count("stop") == 0
    assert TYPED in (instance_server.work / "doc.txt").read_text()
