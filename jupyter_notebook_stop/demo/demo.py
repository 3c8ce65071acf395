"""The demo: a JupyterLab that believes it runs in one of the simulator's instances.

It owns that JupyterLab as the cloud owns an instance's container: it ends it
when the instance has stopped, and starts it again when the instance is started.
"""

from __future__ import annotations

import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from types import FrameType
from typing import Any, Callable

from ..simulator.threaded import ThreadedSimulator
from .console import Console

START_LIMIT = 90.0
"""How long JupyterLab may take to answer, in seconds."""

END_LIMIT = 15.0
"""How long JupyterLab may take to end its kernels, in seconds."""

SCREEN = """
This is a demo on this machine alone: the cloud is a stand-in, and so are all ids and keys.

  JupyterLab   {kind}
{url}

  1. Press Ctrl+Shift+C (Cmd+Shift+C on a Mac) for the command palette and run "Stop this instance".
  2. Watch the steps; when the instance has stopped, its JupyterLab is gone, as in the cloud.
  3. Start it again in the simulated console: {console}

  Notebook 7 is on the same server: replace /lab by /tree.
  Ctrl-C here ends everything and leaves nothing behind.
"""

_NOTEBOOK: dict[str, Any] = {
    "cells": [
        {
            "cell_type": "markdown",
            "id": "introduction",
            "metadata": {},
            "source": "# Train, save, stop\nEdit something, then run *Stop this instance* from the command palette.",
        },
        {
            "cell_type": "code",
            "id": "training",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": "import time\n\nfor epoch in range(3):\n    print('epoch', epoch)\n    time.sleep(1)",
        },
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}

_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}

_FOREIGN = ("HUAWEICLOUD_SDK_", "MODELARTS_", "HC_CONTAINER_", "JUPYTER", "JPY_")


class DemoError(Exception):
    """The demo can't go on."""


class Demo:
    """Runs the simulator, the simulated console and JupyterLab.

    Parameters
    ----------
    open_browser
        Whether to open JupyterLab in the user's browser.
    refuse
        Whether the simulated cloud refuses every stop, as it does without the permission.
    step_seconds
        Duration of each step of a stop, in seconds.
    say
        Where lines for the user go.
    """

    def __init__(
        self,
        *,
        open_browser: bool = True,
        refuse: bool = False,
        step_seconds: float = 2.0,
        say: Callable[[str], None] = print,
    ) -> None:
        self._open_browser = open_browser
        self._refuse = refuse
        self._say = say
        self._simulator = ThreadedSimulator(step_seconds=step_seconds)
        self._token = secrets.token_hex(16)
        self._port = _free_port()
        self._lab: subprocess.Popen[bytes] | None = None

    @property
    def lab_url(self) -> str:
        """JupyterLab's address, its token included."""
        return f"http://127.0.0.1:{self._port}/{self._simulator.instance_id}/lab?token={self._token}"

    def run(self) -> int:
        """Run until Ctrl-C, or until JupyterLab ends by itself; return the exit code."""
        _end_on_sigterm()
        root = pathlib.Path(tempfile.mkdtemp(prefix="notebook-stop-demo-"))
        try:
            _furnish(root)
            with self._simulator:
                return self._serve(root)
        except KeyboardInterrupt:
            self._say("\nEnding the demo.")
            return 0
        except DemoError as error:
            self._say(str(error))
            return 1
        finally:
            self._end_lab()
            shutil.rmtree(root, ignore_errors=True)

    def _serve(self, root: pathlib.Path) -> int:
        if self._refuse:
            self._simulator.settings.deny("stop")
        console = self._simulator.call(Console)
        self._simulator.call(lambda _: console.listen(self.lab_url))
        self._start_lab(root, console.url)
        kind = "(every stop is refused with 403 in this demo)" if self._refuse else "(open it if no browser appears)"
        self._say(SCREEN.format(kind=kind, url=self.lab_url, console=console.url))
        if self._open_browser:
            webbrowser.open(self.lab_url)
        while True:
            time.sleep(0.2)
            assert self._lab is not None
            if self._simulator.instance.status == "STOPPED":
                # Long enough for the page to read the last status, as short as a container's end.
                time.sleep(2.5)
                self._end_lab()
                self._say(
                    "The instance has stopped, and its JupyterLab with it. Start it again in the simulated console."
                )
                while self._simulator.instance.status != "RUNNING":
                    time.sleep(0.2)
                self._start_lab(root, console.url)
                self._say("The instance runs again; JupyterLab is back at the same address.")
            elif self._lab.poll() is not None:
                raise DemoError(f"JupyterLab has ended by itself.\n{_tail(root)}")

    def _start_lab(self, root: pathlib.Path, console_url: str) -> None:
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
            f"--ServerApp.port={self._port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url=/{self._simulator.instance_id}/",
            f"--ServerApp.root_dir={root / 'work'}",
            f"--NotebookStop.console_url={console_url}",
            *(["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
        ]
        # Its own process group, so that Ctrl-C reaches this process alone, which then ends the other in order.
        group: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        with (root / "jupyterlab.log").open("ab") as log:
            self._lab = subprocess.Popen(
                command,
                env=self._environment(root),
                cwd=root / "work",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **group,
            )
        self._await_lab(root)

    def _await_lab(self, root: pathlib.Path) -> None:
        url = self.lab_url.replace("/lab?", "/api/status?")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        limit = time.monotonic() + START_LIMIT
        while time.monotonic() < limit:
            assert self._lab is not None
            if self._lab.poll() is not None:
                hint = "JupyterLab did not start; it comes with: pip install 'jupyter_notebook_stop[demo]'"
                raise DemoError(f"{hint}\n{_tail(root)}")
            try:
                with opener.open(url, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise DemoError(f"JupyterLab did not answer within {START_LIMIT:g} s.\n{_tail(root)}")

    def _environment(self, root: pathlib.Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        return {
            **kept,
            **self._simulator.environment(),
            "JUPYTER_TOKEN": self._token,
            "JUPYTER_CONFIG_DIR": str(root / "config"),
            "JUPYTER_DATA_DIR": str(root / "data"),
            "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        }

    def _end_lab(self) -> None:
        lab, self._lab = self._lab, None
        if lab is None or lab.poll() is not None:
            return
        lab.terminate()
        try:
            lab.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            lab.kill()
            lab.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_on_sigterm() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), interrupt)
    # A shell starts background jobs with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _furnish(root: pathlib.Path) -> None:
    for name in ("work", "data", "runtime", "config/labconfig"):
        (root / name).mkdir(parents=True)
    (root / "work" / "train.ipynb").write_text(json.dumps(_NOTEBOOK, indent=1), encoding="utf-8")
    overrides = root / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.write_text(json.dumps(_SETTINGS), encoding="utf-8")


def _tail(root: pathlib.Path) -> str:
    lines = (root / "jupyterlab.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(["The end of its log:", *lines[-15:]])
