"""With real-time collaboration installed the stop works and loses nothing."""

from __future__ import annotations

from playwright.sync_api import expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import environments
from ..conftest import instance_environment
from .conftest import OpenTab, StartServer
from .steps import expect_farewell, expect_phase, stop_from_palette, type_text, write_notebook


def test_what_two_people_typed_is_on_disk(
    start_server: StartServer, simulator: ThreadedSimulator, open_tab: OpenTab
) -> None:
    simulator.instance.step_seconds = 5
    server = start_server(
        instance_environment(simulator),
        base_url=f"/{simulator.instance_id}/",
        python=environments.interpreter("collaboration"),
    )
    write_notebook(server.work / "shared.ipynb", "1 + 1")
    ready = ".jp-Notebook .cm-content"
    first, second = (open_tab(server.address("lab/tree/shared.ipynb"), ready=ready) for _ in range(2))
    type_text(first.page, "# typed by the first")
    editor = second.page.locator(ready).first
    expect(editor).to_contain_text("# typed by the first", timeout=20_000)
    type_text(second.page, " # typed by the second")
    stop_from_palette(first.page)
    for tab in (first, second):
        expect_phase(tab.page, "accepted")
    simulator.instance.status = "STOPPED"
    server.kill()
    for tab in (first, second):
        expect_farewell(tab.page)
    saved = (server.work / "shared.ipynb").read_text()
    assert "typed by the first" in saved
    assert "typed by the second" in saved
