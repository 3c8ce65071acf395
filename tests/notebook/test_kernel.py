"""Cells of a kernel without a Jupyter server: nbclient, papermill, interrupts, magics, what is shown."""

# nbformat carries no types.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import json
import pathlib
from typing import Any

import nbclient
import nbformat
import pytest

from jupyter_notebook_stop.simulator import Delay, ThreadedSimulator

from ..waiting import until
from .conftest import Kernel, Place

EXAMPLE = pathlib.Path(__file__).parents[2] / "docs" / "examples" / "train-save-stop.ipynb"
STOP = "from jupyter_notebook_stop import stop, astop, status\n"


def notebook_of(*cells: str) -> Any:
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def text_of(cell: Any) -> str:
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in cell.outputs)


class TestWholeNotebook:
    """Whoever runs the notebook still writes its file."""

    def test_nbclient(self, place: Place, simulator: ThreadedSimulator, tmp_path: pathlib.Path) -> None:
        notebook = notebook_of("print('trained')", STOP + "print('saved')\nstop(delay=1)")
        nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert text_of(notebook.cells[0]).strip() == "trained"
        outputs = notebook.cells[1].outputs
        assert [output.output_type for output in outputs] == ["stream", "display_data"]
        assert "The cloud accepted the stop" in text_of(notebook.cells[1])
        assert "Counted down 1 s." in text_of(notebook.cells[1])
        assert "<script" not in outputs[1]["data"]["text/html"]
        assert simulator.count("stop") == 1

    def test_papermill(self, place: Place, simulator: ThreadedSimulator, tmp_path: pathlib.Path) -> None:
        source, target = tmp_path / "train.ipynb", tmp_path / "out.ipynb"
        nbformat.write(notebook_of("print('trained')", STOP + "stop(delay=0)"), source)
        code, output = place.run(
            "import warnings; warnings.simplefilter('ignore')\n"
            f"import papermill; papermill.execute_notebook({str(source)!r}, {str(target)!r}, progress_bar=False)"
        )
        assert code == 0, output
        cells = nbformat.read(target, as_version=4).cells
        assert text_of(cells[0]).strip() == "trained"
        assert "The cloud accepted the stop" in text_of(cells[1])
        assert simulator.count("stop") == 1

    def test_the_example_notebook(self, place: Place, simulator: ThreadedSimulator, tmp_path: pathlib.Path) -> None:
        notebook = nbformat.read(EXAMPLE, as_version=4)
        notebook.cells[-1].source = notebook.cells[-1].source.replace("stop()", "stop(delay=0)")
        nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert "accepted the stop" in text_of(notebook.cells[-1])
        assert simulator.count("stop") == 1
        assert (tmp_path / "losses.json").exists()

    def test_run_all_can_be_taken_back(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        cell = kernel.start(STOP + "stop()")
        kernel.until(cell, "Stopping simulated-notebook in 10 s: interrupt the kernel to cancel.")
        kernel.manager.interrupt_kernel()
        shown = kernel.rest(cell)
        assert "Cancelled during the countdown: nothing was stopped." in dict(shown)["update_display_data"]
        assert dict(shown)["error"].startswith("KeyboardInterrupt")
        assert simulator.count("stop") == 0
        assert kernel.run("print('alive')") == [("stream", "alive\n")]


class TestCells:
    """What a cell shows."""

    def test_one_live_display_and_no_output_of_the_result(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run(STOP + "stop(delay=0, wait=True)")
        assert [kind for kind, _ in shown].count("display_data") == 1
        assert {kind for kind, _ in shown} == {"display_data", "update_display_data"}
        assert "simulated-notebook is STOPPED" in shown[-1][1]
        assert simulator.instance.status == "STOPPED"

    def test_the_result_shows_itself_later(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run(STOP + "status()")
        assert [kind for kind, _ in shown] == ["execute_result"]
        assert shown[0][1].startswith("simulated-notebook: RUNNING")
        kernel.run("report = stop(dry_run=True)\nreport")
        assert kernel.run("report")[0][0] == "execute_result"

    def test_a_result_is_shown_richly_wherever_it_is_displayed(
        self, kernel: Kernel, simulator: ThreadedSimulator
    ) -> None:
        assert kernel.run(STOP + "instance = status()") == []
        assert kernel.run("instance")[0][1].startswith("simulated-notebook: RUNNING")
        ((kind, text),) = kernel.run("display(instance)")
        assert kind == "display_data"
        assert text.startswith("simulated-notebook: RUNNING")
        html = "data, _ = get_ipython().display_formatter.format(instance); print(sorted(data))"
        assert kernel.run(html) == [("stream", "['text/html', 'text/plain']\n")]
        kernel.run("report = stop(dry_run=True)")
        # What the call itself has shown is left out once.
        assert kernel.run("display(report)") == []
        assert "A stop would:" in kernel.run("display(report)")[0][1]

    def test_a_formatter_of_the_users_own_stays(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        bundle = "get_ipython().display_formatter.mimebundle_formatter"
        kernel.run("from jupyter_notebook_stop import Instance, status")
        kernel.run(f"ours = {bundle}.for_type(Instance, lambda instance: {{'text/plain': 'mine'}})")
        assert kernel.run("status()") == [("execute_result", "mine")]
        kernel.run(f"{bundle}.for_type(Instance, ours)")

    def test_a_dry_run_is_shown_once(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run(STOP + "stop(dry_run=True)")
        assert [kind for kind, _ in shown] == ["display_data"]
        assert "A stop would:" in shown[0][1]
        assert simulator.count("stop") == 0

    def test_in_an_async_cell(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run(STOP + "instance = await astop(delay=0)\nprint(instance.status)")
        assert shown[-1] == ("stream", "STOPPING\n")

    def test_sync_in_an_async_cell(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run(STOP + "import asyncio\nawait asyncio.sleep(0)\nprint(stop(delay=0).status)")
        assert shown[-1] == ("stream", "STOPPING\n")

    def test_interrupting_an_async_cell(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        cell = kernel.start(STOP + "await astop(delay=60)")
        kernel.until(cell, "in 60 s")
        kernel.manager.interrupt_kernel()
        assert "nothing was stopped" in dict(kernel.rest(cell))["update_display_data"]
        assert simulator.count("stop") == 0

    def test_in_a_thread_of_a_cell(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        code = "import threading\nthread = threading.Thread(target=stop, kwargs={'delay': 0})\nthread.start()\n"
        shown = kernel.run(STOP + code + "thread.join()\nprint(thread.is_alive())")
        assert ("stream", "False\n") in shown
        assert simulator.count("stop") == 1

    def test_what_is_shown_is_escaped(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run(
            "from jupyter_notebook_stop import Instance\n"
            "evil = Instance(id='<img src=x>', name='<script>alert(1)</script>', status='\"><b>', flavor='<i>')\n"
            "bundle = get_ipython().display_formatter.format(evil)[0]\n"
            "print('<script' in bundle['text/html'], '<img' in bundle['text/html'], '<b>' in bundle['text/html'])"
        )
        assert shown == [("stream", "False False False\n")]


class TestErrors:
    """One clean message: no way through this package, and nothing twice."""

    @pytest.mark.parametrize("code", ["stop(delay=0)", "await astop(delay=0)", "%stop_instance --delay 0"])
    def test_a_refusal(self, kernel: Kernel, simulator: ThreadedSimulator, code: str) -> None:
        simulator.settings.deny("stop")
        kernel.run("%load_ext jupyter_notebook_stop")
        sight = kernel.sight(kernel.start(STOP + code))
        assert sight.count("ModelArts.0112") == 1
        assert sight.startswith("Not stopped: ")
        assert kernel.traceback == "PermissionDeniedError (see above)."

    @pytest.mark.parametrize("code", ["stop()", "await astop()", "status()", "%stop_instance"])
    def test_what_fails_before_anything_is_shown(self, kernel: Kernel, simulator: ThreadedSimulator, code: str) -> None:
        kernel.run("import os; del os.environ['INSTANCE_ID']\n%load_ext jupyter_notebook_stop")
        sight = kernel.sight(kernel.start(STOP + code))
        assert sight == kernel.traceback
        assert kernel.traceback.startswith("NotInInstanceError: ")
        assert "\n" not in kernel.traceback

    @pytest.mark.parametrize("code", ["stop(delay=60)", "await astop(delay=60)"])
    def test_an_interrupt(self, kernel: Kernel, simulator: ThreadedSimulator, code: str) -> None:
        cell = kernel.start(STOP + code)
        kernel.until(cell, "in 60 s")
        kernel.manager.interrupt_kernel()
        sight = kernel.sight(cell)
        assert sight.count("nothing was stopped") == 1
        assert kernel.traceback in ("KeyboardInterrupt (see above).", "CancelledError (see above).")

    @pytest.mark.parametrize("code", ["stop(delay=60)", "await astop(delay=60)"])
    def test_an_interrupt_while_the_instance_is_read(
        self, kernel: Kernel, simulator: ThreadedSimulator, tmp_path: pathlib.Path, code: str
    ) -> None:
        # Nothing else ends the wait.
        settings = {"NotebookStop": dict.fromkeys(("read_timeout", "total_timeout"), 600)}
        (tmp_path / "config" / "jupyter_notebook_stop_config.json").write_text(json.dumps(settings), encoding="utf-8")
        simulator.faults.add("show", Delay(600))
        cell = kernel.start(STOP + code)
        until(lambda: simulator.count("show"))
        kernel.until(cell, "Reading the status")
        kernel.manager.interrupt_kernel()
        sight = kernel.sight(cell)
        assert sight.startswith("Cancelled: nothing was stopped.")
        assert kernel.traceback in ("KeyboardInterrupt (see above).", "CancelledError (see above).")

    @pytest.mark.parametrize("code", ["stop(delay=60)", "status()", "wait()"])
    def test_an_interrupt_waits_for_no_name_server(
        self, kernel: Kernel, simulator: ThreadedSimulator, tmp_path: pathlib.Path, code: str
    ) -> None:
        # Nothing else ends the wait.
        settings = {"NotebookStop": dict.fromkeys(("connect_timeout", "read_timeout", "total_timeout"), 600)}
        (tmp_path / "config" / "jupyter_notebook_stop_config.json").write_text(json.dumps(settings), encoding="utf-8")
        asked = tmp_path / "asked"
        kernel.run(
            "import os, pathlib, socket, threading\n"
            "os.environ['MODELARTS_ENDPOINT'] = 'https://cloud.invalid'\n"
            "look_up, released, hanging = socket.getaddrinfo, threading.Event(), []\n"
            "def hang(*arguments, **options):\n"
            "    hanging.append(1)\n"
            f"    pathlib.Path({str(asked)!r}).touch()\n"
            "    released.wait(600)\n"
            "    hanging.pop()\n"
            "    raise socket.gaierror(-2, 'unknown')\n"
            "socket.getaddrinfo = hang"
        )
        cell = kernel.start(f"from jupyter_notebook_stop import stop, status, wait\n{code}")
        until(asked.exists)
        kernel.manager.interrupt_kernel()
        sight = kernel.sight(cell)
        still = kernel.run("print(len(hanging))\nreleased.set()\nsocket.getaddrinfo = look_up")
        assert "KeyboardInterrupt" in sight
        assert still == [("stream", "1\n")]

    def test_a_caught_error_is_as_any_other(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        simulator.settings.deny("stop")
        code = "import traceback\ntry:\n    stop(delay=0)\nexcept Exception:\n    print(traceback.format_exc())"
        ((_, text),) = [each for each in kernel.run(STOP + code) if each[0] == "stream"]
        assert text.count("Traceback") == 1
        assert "modelarts:notebook:stop" in text
        assert "transport" not in text


class TestMagics:
    """%stop_instance and %%stop_instance."""

    @pytest.fixture
    def kernel(self, kernel: Kernel) -> Kernel:
        kernel.run("%load_ext jupyter_notebook_stop")
        return kernel

    def test_the_line_magic(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run("%stop_instance --delay 0 --no-save --wait")
        assert "STOPPED" in shown[-1][1]
        assert simulator.count("stop") == 1

    def test_looking_only(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        assert "A stop would:" in kernel.run("%stop_instance --dry-run")[0][1]
        assert kernel.run("%stop_instance --status")[0][1].startswith("simulated-notebook: RUNNING")
        assert simulator.count("stop") == 0

    def test_help(self, kernel: Kernel) -> None:
        reply = kernel.client.execute_interactive("%stop_instance?", output_hook=lambda message: None, timeout=60)
        text = reply["content"]["payload"][0]["data"]["text/plain"]
        for option in ("--delay", "--dry-run", "--no-save", "--status", "--wait", "--on-success", "interrupting"):
            assert option in text

    def test_the_cell_magic_stops_after_the_cell(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run("%%stop_instance --delay 0\nx = 21\nprint('trained')\nx * 2")
        assert ("stream", "trained\n") in shown
        assert ("execute_result", "42") in shown
        assert "accepted" in shown[-1][1]
        assert simulator.count("stop") == 1
        assert kernel.run("print(x)") == [("stream", "21\n")]

    def test_also_when_it_raised(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run("%%stop_instance --delay 0\nraise ValueError('out of memory')")
        errors = [text for kind, text in shown if kind == "error"]
        assert len(errors) == 1
        assert "out of memory" in errors[0]
        assert ("stream", "The cell raised ValueError. The instance will be stopped anyway.\n") in shown
        assert simulator.count("stop") == 1

    @pytest.mark.parametrize(
        ("cell", "reason"),
        [
            ("print('r' + 'an'", "SyntaxError"),
            ("print('r' + 'an')\nreturn", "'return' outside function (line 2)"),
            ("print('r' + 'an')\nawait anything()", "UsageError"),
            ("print('r' + 'an')\nasync with anything: pass", "UsageError"),
            ("print('r' + 'an')\nawait anything(", "SyntaxError"),
        ],
    )
    def test_not_when_the_cell_cannot_run(
        self, kernel: Kernel, simulator: ThreadedSimulator, cell: str, reason: str
    ) -> None:
        shown = kernel.run(f"%%stop_instance --delay 0\n{cell}")
        assert reason in shown[-1][1]
        assert "magics.py" not in str(shown)
        assert not [text for _, text in shown if "ran\n" in text]
        assert simulator.count() == 0

    @pytest.mark.parametrize("reason", ["SyntaxError", "ValueError"])
    def test_not_when_a_transformer_fails(self, kernel: Kernel, simulator: ThreadedSimulator, reason: str) -> None:
        kernel.run(
            "def fail(lines):\n"
            "    if lines[0].startswith('print'):\n"
            f"        raise {reason}('refused')\n"
            "    return lines\n"
            "get_ipython().input_transformers_post.append(fail)"
        )
        shown = kernel.run("%%stop_instance --delay 0\nprint('r' + 'an')")
        kernel.run("get_ipython().input_transformers_post.remove(fail)")
        assert "refused" in str(shown)
        assert "Nothing was stopped" in shown[-1][1]
        assert "magics.py" not in str(shown)
        assert ("stream", "ran\n") not in shown
        assert simulator.count() == 0

    def test_not_when_the_input_is_rejected(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        kernel.run(
            "import ast\n"
            "from IPython.core.error import InputRejected\n"
            "class Rejection:\n"
            "    def visit(self, node):\n"
            "        if ast.dump(node).count(\"'print'\"):\n"
            "            raise InputRejected('refused')\n"
            "        return node\n"
            "get_ipython().ast_transformers.append(Rejection())"
        )
        shown = kernel.run("%%stop_instance --delay 0\nprint('r' + 'an')")
        kernel.run("get_ipython().ast_transformers.clear()")
        assert "Nothing was stopped" in str(shown)
        assert ("stream", "ran\n") not in shown
        assert simulator.count() == 0

    def test_a_cell_that_fails_on_the_way_has_run(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run("%%stop_instance --delay 0\nprint('r' + 'an')\n%no_such_magic")
        # In either order: a kernel sends its two streams apart.
        assert "ran\n" in shown[0][1] + shown[1][1]
        assert "The cell raised UsageError. The instance will be stopped anyway." in str(shown)
        assert simulator.count("stop") == 1

    @pytest.mark.parametrize("cell", ["# nothing\n", "\n"])
    def test_a_cell_without_code_has_run(self, kernel: Kernel, simulator: ThreadedSimulator, cell: str) -> None:
        kernel.run(f"%%stop_instance --delay 0\n{cell}")
        assert simulator.count("stop") == 1

    def test_a_cell_that_interrupts_itself_stops_nothing(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run("%%stop_instance --delay 0\nraise KeyboardInterrupt")
        assert "Nothing was stopped" in shown[-1][1]
        assert simulator.count() == 0

    def test_unless_only_success_is_wanted(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        shown = kernel.run("%%stop_instance --delay 0 --on-success\nraise ValueError('out of memory')")
        assert [kind for kind, _ in shown] == ["error", "error"]
        assert "Nothing was stopped" in shown[-1][1]
        assert simulator.count("stop") == 0
        kernel.run("%%stop_instance --delay 0 --on-success\n1")
        assert simulator.count("stop") == 1

    def test_a_cell_interrupted_by_hand_stops_nothing(self, kernel: Kernel, simulator: ThreadedSimulator) -> None:
        cell = kernel.start("%%stop_instance --delay 0\nprint('training', flush=True)\nimport time; time.sleep(60)")
        kernel.until(cell, "training")
        kernel.manager.interrupt_kernel()
        shown = kernel.rest(cell)
        assert "Nothing was stopped" in shown[-1][1], shown
        assert simulator.count("stop") == 0

    @pytest.mark.parametrize("line", ["%stop_instance --on-success", "%%stop_instance --status\n1", "%stop_instance x"])
    def test_wrong_usage(self, kernel: Kernel, simulator: ThreadedSimulator, line: str) -> None:
        assert "UsageError" in str(kernel.run(line))
        assert simulator.count("stop") == 0

    def test_unloading(self, kernel: Kernel) -> None:
        kernel.run("%unload_ext jupyter_notebook_stop")
        assert "not found" in str(kernel.run("%stop_instance --dry-run"))
