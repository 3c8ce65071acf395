"""With a Jupyter server that has the extension: the same path as the palette."""

from __future__ import annotations

import asyncio
import functools
import pathlib
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from jupyter_notebook_stop import (
    InstanceStateError,
    PermissionDeniedError,
    SaveError,
    status,
    stop,
    wait,
)
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT, until
from .canned import serve
from .conftest import Inside, Kernel

__all__ = ["serve"]

STOP = "from jupyter_notebook_stop import stop, status\n"


@pytest.fixture
def here(inside: Inside, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Inside:
    """Make this process one beside the server: its runtime folder, and nothing of its environment."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", inside.server.environment["JUPYTER_RUNTIME_DIR"])
    return inside


class Stopping(threading.Thread):
    """A stop in a thread, while the test plays an open tab."""

    def __init__(self, **options: Any) -> None:
        super().__init__(daemon=True)
        self.options = {"delay": 0, **options}
        self.result: Any = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.result = stop(**self.options)
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        self.join(LIMIT)
        assert not self.is_alive()


def test_a_process_without_identity_or_keys_takes_its_servers(here: Inside, simulator: ThreadedSimulator) -> None:
    instance = status()
    assert instance.id == here.simulator.instance_id
    assert instance.sources["credentials"].startswith("environment variables")
    report = stop(dry_run=True)
    assert report.ok
    assert any("Save every open tab" in step for step in report.plan)
    assert "the Jupyter server's, from" in report.checks[1].detail
    assert here.server.token not in repr(report) + repr(instance)
    assert here.simulator.count("stop") == 0


def test_open_tabs_save_first(here: Inside, capsys: pytest.CaptureFixture[str]) -> None:
    stopping = Stopping(wait=True)
    attempt = here.await_attempt("saving")
    assert attempt["source"] == "terminal"
    here.report(attempt["id"], "here")
    time.sleep(0.5)
    assert here.simulator.count("stop") == 0
    here.report(attempt["id"], "saved")
    stopping.end()
    assert stopping.error is None
    assert stopping.result.attempt.id == attempt["id"]
    assert stopping.result.status == "STOPPED"
    assert here.simulator.count("stop") == 1
    output = capsys.readouterr().out
    assert (
        "The Jupyter server accepted the stop of simulated-notebook. Open tabs are saved, then the instance stops."
        in output
    )
    assert "Stop accepted: simulated-notebook is" in output
    assert "simulated-notebook is STOPPED" in output


def test_a_document_that_is_not_saved_cancels_the_stop(here: Inside) -> None:
    stopping = Stopping()
    attempt = here.await_attempt("saving")
    here.report(attempt["id"], "failed", {"path": "train.ipynb", "reason": "It is read-only."})
    stopping.end()
    assert isinstance(stopping.error, SaveError)
    assert stopping.error.documents == ({"path": "train.ipynb", "reason": "It is read-only."},)
    assert stopping.error.code == "save_failed"
    # A script ends with it.
    assert str(stopping.error).endswith("Not saved: train.ipynb: It is read-only.")
    assert here.simulator.count("stop") == 0


def test_who_stops_it_says_whether_silent_pages_are_ignored(inside: Inside) -> None:
    kernel = inside.server.fetch("POST", "api/kernels", {"name": "python3"})
    url = f"{inside.server.url.replace('http', 'ws', 1)}api/kernels/{kernel['id']}/channels"

    async def beside_a_silent_page(*options: str) -> tuple[int, str]:
        headers = {"Authorization": f"token {inside.server.token}"}
        page = await websocket_connect(HTTPRequest(url, headers=headers, connect_timeout=LIMIT, request_timeout=LIMIT))
        command = [sys.executable, "-m", "jupyter_notebook_stop.cli", "stop", "--yes", "--delay=0", *options]
        process = await asyncio.create_subprocess_exec(
            *command, env=inside.place.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        await asyncio.get_running_loop().run_in_executor(None, functools.partial(inside.save, kernels=[]))
        output, _ = await asyncio.wait_for(process.communicate(), LIMIT)
        page.close()
        while await page.read_message() is not None:
            pass
        return process.returncode or 0, output.decode()

    code, output = asyncio.run(beside_a_silent_page())
    assert code != 0
    assert "did not respond" in output
    assert inside.simulator.count("stop") == 0
    code, output = asyncio.run(beside_a_silent_page("--NotebookStop.silent_tabs=ignore"))
    assert code == 0, output
    assert inside.simulator.count("stop") == 1
    inside.server.fetch("DELETE", f"api/kernels/{kernel['id']}")


def test_the_clouds_refusal_keeps_its_kind(here: Inside) -> None:
    here.simulator.settings.deny("stop")
    with pytest.raises(PermissionDeniedError, match="modelarts:notebook:stop") as refusal:
        stop(delay=0, save=False)
    assert (refusal.value.code, refusal.value.status) == ("ModelArts.0112", 403)
    assert refusal.value.request_id
    here.simulator.settings.allow("stop")
    here.simulator.instance.status = "SNAPSHOTTING"
    with pytest.raises(InstanceStateError):
        stop(delay=0, save=False)


def test_waiting_for_a_stop_of_another_tab(here: Inside) -> None:
    here.server.fetch("POST", "jupyter-notebook-stop/stop", {"instance_id": here.simulator.instance_id, "save": "none"})
    assert wait(timeout=60).status == "STOPPED"


def test_a_second_stop_joins_the_first(
    here: Inside, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The second says that it is accepted while its request may be on its way: it finds something to join, however late.
    monkeypatch.setattr(here.simulator.instance, "step_seconds", 600)
    first = Stopping()
    attempt = here.await_attempt("saving")
    second = Stopping()
    shown: list[str] = []

    def both_are_told() -> bool:
        shown.append(capsys.readouterr().out)
        return "".join(shown).count("The Jupyter server accepted the stop") == 2

    until(both_are_told)
    here.report(attempt["id"], "saved")
    first.end()
    second.end()
    assert first.result.attempt.id == second.result.attempt.id == attempt["id"]
    assert here.simulator.count("stop") == 1
    here.simulator.instance.status = "STOPPED"


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of one process to another")
def test_ctrl_c_while_tabs_save_cancels_at_the_server(inside: Inside) -> None:
    process = inside.place.start("from jupyter_notebook_stop import stop; stop(delay=0)")
    attempt = inside.await_attempt("saving")
    inside.report(attempt["id"], "here")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert "Cancelled: nothing was stopped." in output
    assert inside.await_attempt("cancelled")["id"] == attempt["id"]
    assert inside.simulator.count("stop") == 0


class TestCell:
    """A kernel of that server."""

    @pytest.fixture
    def cell(self, inside: Inside) -> Any:
        from jupyter_client.blocking.client import BlockingKernelClient

        model = inside.server.fetch("POST", "api/kernels", {"name": "python3"})
        runtime = pathlib.Path(inside.server.environment["JUPYTER_RUNTIME_DIR"])
        client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{model['id']}.json"))
        client.load_connection_file()
        # Without heartbeats: by those, a kernel that is slow on a busy machine for one second counts as dead.
        client.start_channels(hb=False)
        client.wait_for_ready(timeout=120)
        yield model["id"], Kernel(None, client)  # type: ignore[arg-type]
        client.stop_channels()
        inside.server.fetch("DELETE", f"api/kernels/{model['id']}")

    def test_the_last_output_names_the_attempt_and_nothing_follows(self, inside: Inside, cell: Any) -> None:
        kernel_id, kernel = cell
        identifier = kernel.start(STOP + "print('trained')\nstop(delay=1, wait=True)")
        inside.save()
        shown = kernel.rest(identifier)
        attempt = inside.attempt()
        assert attempt is not None
        assert (attempt["source"], attempt["kernel"]) == ("cell", kernel_id)
        assert shown[0] == ("stream", "trained\n")
        kind, last = shown[-1]
        assert kind == "update_display_data"
        assert "The Jupyter server accepted the stop" in last
        assert f"(attempt {attempt['id']})" in last
        assert "Counted down 1 s." in last
        assert "Nobody is connected to this kernel" in last
        assert "papermill train.ipynb out.ipynb && jupyter notebook-stop stop --yes" in last

    def test_the_last_output_comes_while_tabs_may_still_save(self, inside: Inside, cell: Any) -> None:
        _, kernel = cell
        identifier = kernel.start(STOP + "stop(delay=0)")
        attempt = inside.await_attempt("saving")
        inside.report(attempt["id"], "here")
        kernel.until(identifier, attempt["id"])
        assert inside.simulator.count("stop") == 0
        inside.report(attempt["id"], "saved")
        assert kernel.rest(identifier) == []
        assert inside.simulator.count("stop") == 1

    def test_the_cell_ends_before_the_stop(self, inside: Inside, cell: Any) -> None:
        _, kernel = cell
        identifier = kernel.start(STOP + "instance = stop(delay=0)\nprint('after', instance.attempt.phase)")
        attempt = inside.await_attempt("saving")
        waiting = threading.Thread(target=inside.report, args=(attempt["id"], "waiting"), daemon=True)
        waiting.start()
        assert kernel.rest(identifier)[-1] == ("stream", "after saving\n")
        assert inside.simulator.count("stop") == 0
        inside.report(attempt["id"], "saved")
        until(lambda: inside.simulator.count("stop") == 1)
        waiting.join(60)

    def test_what_is_refused_after_the_end_of_the_cell_is_shown_in_it(self, inside: Inside, cell: Any) -> None:
        _, kernel = cell
        inside.simulator.settings.deny("stop")
        identifier = kernel.start(STOP + "instance = stop(delay=0)")
        attempt = inside.await_attempt("saving")
        threading.Thread(target=inside.report, args=(attempt["id"], "waiting"), daemon=True).start()
        display = ""
        while not display:
            message = kernel.message()
            if message["msg_type"] == "display_data":
                display = message["content"]["transient"]["display_id"]
        assert [kind for kind, _ in kernel.rest(identifier) if kind == "error"] == []
        inside.report(attempt["id"], "saved")
        news = kernel.message()
        while news["msg_type"] != "update_display_data":
            news = kernel.message()
        assert news["content"]["transient"]["display_id"] == display
        assert "Not stopped:" in news["content"]["data"]["text/plain"]
        assert "modelarts:notebook:stop" in news["content"]["data"]["text/plain"]
        assert inside.await_attempt("refused")["id"] == attempt["id"]

    def test_a_state_that_cannot_be_stopped_is_raised_in_the_cell(self, inside: Inside, cell: Any) -> None:
        _, kernel = cell
        identifier = kernel.start(STOP + "stop(delay=0)")
        attempt = inside.await_attempt("saving")
        inside.simulator.instance.status = "SNAPSHOTTING"
        inside.report(attempt["id"], "waiting")
        assert "InstanceStateError" in kernel.rest(identifier)[-1][1]

    def test_one_that_waits_for_the_end_blocks(self, inside: Inside, cell: Any) -> None:
        _, kernel = cell
        identifier = kernel.start(STOP + "print(stop(delay=0, wait=True).attempt.phase)")
        attempt = inside.await_attempt("saving")
        inside.report(attempt["id"], "waiting")
        shown = kernel.rest(identifier)[-1]
        assert shown[0] == "stream"
        assert shown[1] in ("accepted\n", "stopped\n")

    def test_a_refusal_is_raised_in_the_cell(self, inside: Inside, cell: Any) -> None:
        _, kernel = cell
        inside.simulator.settings.deny("stop")
        shown = kernel.run(STOP + "stop(delay=0, save=False)")
        assert "PermissionDeniedError" in shown[-1][1]
        assert "Not stopped:" in dict(shown)["update_display_data"]

    def test_a_document_that_is_not_saved_is_named_in_the_cell(self, inside: Inside, cell: Any) -> None:
        _, kernel = cell
        identifier = kernel.start(STOP + "stop(delay=0)")
        attempt = inside.await_attempt("saving")
        inside.report(attempt["id"], "failed", {"path": "train.ipynb", "reason": "It is read-only."})
        sight = kernel.sight(identifier)
        assert sight.count("train.ipynb: It is read-only.") == 1
        assert sight.count("Nothing was stopped: open documents could not be saved.") == 1
        assert kernel.traceback == "SaveError (see above)."
        assert inside.simulator.count("stop") == 0


def test_from_async_code_the_loop_goes_on(here: Inside) -> None:
    from jupyter_notebook_stop import astop

    async def main() -> None:
        aside = functools.partial(asyncio.get_running_loop().run_in_executor, None)
        task: asyncio.Future[Any] = asyncio.ensure_future(astop(delay=0))
        attempt = await aside(here.await_attempt, "saving")
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert not task.done()
        await aside(here.report, attempt["id"], "saved")
        assert (await task).attempt.id == attempt["id"]

    asyncio.run(main())
    assert here.simulator.count("stop") == 1
