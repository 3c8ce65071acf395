"""With real-time collaboration installed the stop works and loses nothing."""

from __future__ import annotations

import os
import pathlib

from playwright.sync_api import Page, expect

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import environments
from ..conftest import instance_environment
from ..waiting import until
from .conftest import OpenTab, StartServer
from .steps import (
    expect_farewell,
    expect_nothing_open,
    expect_phase,
    failure,
    stop_from_palette,
    type_text,
    write_notebook,
)


def wait_on(page: Page) -> None:
    """Have the page go on when the extension asks what to do, because loading takes it some seconds."""
    button = page.get_by_role("button", name="Continue waiting")
    page.add_locator_handler(button, lambda found: found.click())


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
    for tab in (first, second):
        wait_on(tab.page)
    type_text(first.page, "# typed by the first")
    editor = second.page.locator(ready).first
    expect(editor).to_contain_text("# typed by the first")
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


HOSTILE = """
import pathlib

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server_ydoc.rooms import DocumentRoom

here = pathlib.Path(__file__).parent
save_to_disc = DocumentRoom._save_to_disc


def skip_once(room):
    if (here / "skip").exists():
        (here / "skip").unlink()
        return None
    return save_to_disc(room)


DocumentRoom._save_to_disc = skip_once


class FullDisk(AsyncLargeFileManager):
    async def save(self, model, path=""):
        if (here / "full").exists():
            with (here / "refused").open("a") as file:
                file.write("once more\\n")
            raise OSError("the disk is full")
        return await super().save(model, path)
"""
"""A server whose writes fail while a file `full` is there, and which skips one save for a file `skip`."""


ASKS_ALREADY = """() => {
  const error = Object.assign(new Error('Modal is already displayed'), {name: 'ModalDuplicateError'});
  const save = () => Promise.reject(error);
  for (const {context} of jupyterapp.shell.widgets('main')) if (context) context.save = save;
}"""
"""JupyterLab refuses to save while it asks whether to overwrite a file that was changed on disk."""

ASKS_NO_LONGER = "() => { for (const {context} of jupyterapp.shell.widgets('main')) if (context) delete context.save; }"


def wait_until_quiet(record: pathlib.Path) -> None:
    """Wait until the room has saved nothing for some seconds: it does so by itself, soon after somebody has typed."""
    sizes = [0] * 5

    def is_quiet() -> bool:
        sizes.append(record.stat().st_size)
        return len({*sizes[-5:]}) == 1

    until(is_quiet, pause=1)


def test_only_what_is_written_counts_as_saved(
    start_server: StartServer, simulator: ThreadedSimulator, open_tab: OpenTab, tmp_path: pathlib.Path
) -> None:
    simulator.instance.step_seconds = 5
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    (hostile / "full_disk.py").write_text(HOSTILE)
    # From the beginning: or the room would write what it adds, and JupyterLab ask whether to overwrite that.
    (hostile / "full").touch()
    path = os.pathsep.join([str(hostile), *filter(None, [os.environ.get("PYTHONPATH")])])
    server = start_server(
        {**instance_environment(simulator), "PYTHONPATH": path},
        base_url=f"/{simulator.instance_id}/",
        python=environments.interpreter("collaboration"),
        arguments=[
            "--ServerApp.contents_manager_class=full_disk.FullDisk",
            "--LabApp.expose_app_in_browser=True",
        ],
    )
    write_notebook(server.work / "shared.ipynb", "1 + 1")
    page = open_tab(server.address("lab/tree/shared.ipynb"), ready=".jp-Notebook .cm-content").page
    wait_on(page)
    type_text(page, "# typed on a full disk")
    for script in ("0", "0", ASKS_ALREADY):
        page.evaluate(script)
        stop_from_palette(page)
        dialog = failure(page)
        expect(dialog).to_contain_text("shared.ipynb")
        expect(dialog).to_contain_text("did not write the file")
        dialog.get_by_role("button", name="Close").click()
        expect_nothing_open(page)
    assert simulator.count("stop") == 0
    assert "typed on a full disk" not in (server.work / "shared.ipynb").read_text()

    page.evaluate(ASKS_NO_LONGER)
    type_text(page, " and after it")
    wait_until_quiet(hostile / "refused")
    (hostile / "skip").touch()
    (hostile / "full").unlink()
    stop_from_palette(page)
    expect_phase(page, "accepted")
    assert not (hostile / "skip").exists()
    server.kill()
    assert "typed on a full disk and after it" in (server.work / "shared.ipynb").read_text()
