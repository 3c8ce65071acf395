"""With Jupyter servers that cannot help, and with several of them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from jupyter_notebook_stop import stop
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..waiting import until
from .canned import JUPYTER, Serve, serve
from .conftest import Inside, StartServer
from .test_server import Stopping, here

__all__ = ["here", "serve"]


class TestServersThatCannotHelp:
    """Servers without our extension, or that don't let us in."""

    def test_without_the_extension(
        self,
        start_server: StartServer,
        folders: dict[str, str],
        environment: dict[str, str],
        simulator: ThreadedSimulator,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        off = {"ServerApp": {"jpserver_extensions": {"jupyter_notebook_stop": False}}}
        config = pathlib.Path(folders["JUPYTER_CONFIG_DIR"])
        (config / "jupyter_server_config.json").write_text(json.dumps(off), encoding="utf-8")
        server = start_server({**instance_environment(simulator), "JUPYTER_CONFIG_DIR": str(config)})
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", server.environment["JUPYTER_RUNTIME_DIR"])
        report = stop(dry_run=True)
        assert report.ok
        assert "jupyter_notebook_stop is not installed or not enabled in it" in report.checks[-1].detail
        assert "Count down 150 s; an interrupt cancels the stop." in report.plan
        assert "Press Ctrl+S" in report.plan[0]
        assert "Count down 10 s; an interrupt cancels the stop." in stop(dry_run=True, save=False).plan
        assert stop(delay=0.2).status == "STOPPING"
        output = capsys.readouterr().out
        assert "Press Ctrl+S in every open tab now. Unsaved changes will be lost." in output
        assert simulator.count("stop") == 1

    def test_without_a_token(
        self,
        start_server: StartServer,
        folders: dict[str, str],
        environment: dict[str, str],
        simulator: ThreadedSimulator,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        variables = {**instance_environment(simulator), "JUPYTER_TOKEN": ""}
        quick = ["--IdentityProvider.token=", "--NotebookStop.roll_call_timeout=0.2"]
        server = start_server(variables, base_url=f"/{simulator.instance_id}/", arguments=quick)
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", server.environment["JUPYTER_RUNTIME_DIR"])
        instance = stop(delay=0)
        assert instance.attempt is not None
        assert instance.attempt.phase == "accepted"
        assert simulator.count("stop") == 1


class TestSeveralServers:
    """The open tabs of one server are saved; those of the others are not, and each is named before the stop."""

    @pytest.mark.parametrize("kind", ["without the extension", "with the extension", "not to be asked"])
    def test_a_second_server_is_named(
        self, here: Inside, serve: Serve, capsys: pytest.CaptureFixture[str], kind: str
    ) -> None:
        same = kind == "with the extension"
        answers: dict[str, Any] = {"instance": (200, here.server.view())} if same else {"api": JUPYTER}
        second = serve(folder=here.server.environment["JUPYTER_RUNTIME_DIR"], **answers)
        url = f"http://127.0.0.1:{second.port}/"
        # Of two that can have tabs save, and do not know this kernel, either may be the one.
        urls = [url, here.server.url] if same else [url]
        if kind == "not to be asked":
            second.shutdown()
            second.server_close()
        report = stop(dry_run=True)
        warnings = [step for step in report.plan if step.startswith("Warn: ")]
        assert "Press Ctrl+S now in every open tab of the Jupyter servers listed below" in warnings[0]
        (named,) = [each for each in urls if f"The Jupyter server at {each} cannot save open tabs" in warnings[1]]
        assert len(warnings) == 2
        assert "Count down 150 s; an interrupt cancels the stop." in report.plan
        assert "Count down 10 s; an interrupt cancels the stop." in stop(dry_run=True, save=False).plan
        checks = {check.detail.partition(" ")[0]: check for check in report.checks if check.name == "Jupyter server"}
        assert len(checks) == 2
        assert checks[named].ok is None
        assert checks[named].remedy
        if kind == "without the extension":
            capsys.readouterr()
            stopping = Stopping(delay=0.2)
            here.save()
            stopping.end()
            assert stopping.result.id == here.simulator.instance_id
            assert f"The Jupyter server at {named} cannot save open tabs" in capsys.readouterr().out
            assert here.simulator.count("stop") == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="needs unix sockets")
    def test_a_server_on_a_unix_socket(
        self,
        folders: dict[str, str],
        tmp_path: pathlib.Path,
        simulator: ThreadedSimulator,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        sock = tmp_path / "jupyter.sock"
        command = [
            *(sys.executable, "-m", "jupyter_server", "--allow-root", f"--ServerApp.sock={sock}"),
            "--NotebookStop.roll_call_timeout=0.2",
        ]
        with (tmp_path / "server.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **instance_environment(simulator)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            until(lambda: process.poll() is not None or stop(dry_run=True).checks[-1].ok, pause=0.1)
            assert process.poll() is None, (tmp_path / "server.log").read_text(encoding="utf-8")
            instance = stop(delay=0)
        finally:
            process.terminate()
            process.wait(60)
        assert instance.attempt is not None
        assert instance.attempt.phase == "accepted"
        assert (
            "The Jupyter server accepted the stop of simulated-notebook. Open tabs are saved" in capsys.readouterr().out
        )
        assert simulator.count("stop") == 1
