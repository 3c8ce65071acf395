"""A Jupyter server in a process of its own, without a frontend, that can be killed and started again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any, Optional, Sequence

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment

log = logging.getLogger(__name__)


class PlainServer:
    """A server inside the stand-in's instance.

    Parameters
    ----------
    root
        Where its folders are made.
    simulator
        The stand-in; its first instance unless `environment` says otherwise.
    base_url
        Of the instance by default.
    """

    def __init__(
        self,
        root: pathlib.Path,
        simulator: ThreadedSimulator,
        *,
        base_url: Optional[str] = None,
        arguments: Sequence[str] = (),
        **environment: str,
    ) -> None:
        self.root = root
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.base_url = base_url or f"/{simulator.instance_id}/"
        self.url = f"http://127.0.0.1:{self.port}{self.base_url}"
        self.log = root / "server.log"
        for name in ("work", "data", "runtime", "config", "home"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self._arguments = arguments
        self._environment = {
            **os.environ,
            "HOME": str(root / "home"),
            "JUPYTER_TOKEN": self.token,
            "JUPYTER_CONFIG_DIR": str(root / "config"),
            "JUPYTER_DATA_DIR": str(root / "data"),
            "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
            **instance_environment(simulator),
            **environment,
        }
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={self.base_url}",
            f"--ServerApp.root_dir={self.root / 'work'}",
            "--ServerApp.allow_unauthenticated_access=False",
            *(f"--ServerApp.jpserver_extensions={name}=False" for name in ("jupyterlab", "notebook")),
            "--log-level=DEBUG",
            "--NotebookStop.poll_interval=0.1",
            "--NotebookStop.roll_call_timeout=0.3",
            *self._arguments,
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self._environment,
                cwd=self.root / "work",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            with contextlib.suppress(OSError):
                self.fetch("GET", "api/status")
                return self.process
            time.sleep(0.1)
        raise AssertionError(self.log.read_text(encoding="utf-8"))

    def fetch(self, method: str, path: str, body: Any = None, token: Optional[str] = None) -> tuple[int, Any]:
        """Return status and decoded answer; with this server's token unless another is given."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {token or self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read()
        log.debug("%s %s was answered %s %s", method, path, status, text.decode())
        return status, json.loads(text) if text else None

    def view(self) -> dict[str, Any]:
        """Return the server's view of its instance."""
        status, view = self.fetch("GET", "jupyter-notebook-stop/instance")
        assert status == 200
        return dict(view)

    def stop_in_background(self, **body: Any) -> threading.Thread:
        """Ask for a stop that may never be answered."""

        def ask() -> None:
            with contextlib.suppress(OSError):
                self.fetch("POST", "jupyter-notebook-stop/stop", body)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        return thread

    def kill(self) -> None:
        """End it as a container ends, at once."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        self._start()

    def close(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                log.debug("the arguments are %s", pathlib.Path(f"/proc/{self.process.pid}/cmdline").read_text())
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
