"""Jupyter servers and demos in processes of their own, with everything of their own."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any, Iterator, Sequence

from .environments import server_interpreter
from .forked import Forked
from .waiting import LIMIT, until

log = logging.getLogger(__name__)

NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
LAB_FOLDERS = {"user_settings_dir": "user-settings", "workspaces_dir": "workspaces"}
NO_BUILD_CHECK = {"buildCheck": False}
"""Or JupyterLab starts Node.js twice for every page, to see whether it should build its frontend anew."""

SPARED = (
    *("celltags", "debugger", "documentsearch", "extensionmanager", "hub", "inspector", "logconsole", "lsp"),
    *("mathjax", "mermaid", "metadataform", "pluginmanager", "running", "toc", "tooltip", "workspaces"),
    *("audio", "csvviewer", "htmlviewer", "imageviewer", "javascript", "json", "markdownviewer", "pdf"),
    *("vega5", "video"),
)
"""Extensions of JupyterLab's own that a page may do without. They take a tenth of what opening one costs, or more."""


def configure(folder: pathlib.Path, *, whole: bool = True) -> None:
    """Write a server's settings: its JupyterLab does without what costs much and no test is about."""
    lab = folder / "labconfig"
    lab.mkdir(parents=True, exist_ok=True)
    (lab / "default_setting_overrides.json").write_text(json.dumps(NO_NEWS))
    spared = () if whole else SPARED
    without = {"disabledExtensions": {f"@jupyterlab/{name}-extension": True for name in spared}}
    (lab / "page_config.json").write_text(json.dumps({**NO_BUILD_CHECK, **without}))
    settings = {
        "LabApp": {
            # Or the environment is asked for them when JupyterLab is imported, which `Forked` does too early.
            **{name: str(folder / "lab" / path) for name, path in LAB_FOLDERS.items()},
            # Or each server loads what it needs to ask a registry of packages.
            **({} if whole else {"extension_manager": "readonly"}),
        },
        # Or npm is asked where language servers may lie.
        "LanguageServerManager": {"autodetect": False},
    }
    (folder / "jupyter_server_config.json").write_text(json.dumps(settings))


def free_port() -> int:
    """Return a port that nobody is given by chance before it is used, neither by the system nor as a kernel."""
    while True:
        port = 10_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def lasting_port() -> Iterator[int]:
    """Yield a port for one server after the other, which nobody else is given while none of them runs."""
    with socket.socket() as claim:
        while True:
            port = 30_000 + 2 * secrets.randbelow(1_000)
            # Who has the port above has this one as well.
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
                claim.bind(("127.0.0.1", port + 1))
                break
        yield port


class Server:
    """A Jupyter server with its frontends, which can be killed and started again.

    Parameters
    ----------
    root
        Where its folders are made.
    environment
        Further environment variables, such as those of an instance.
    python
        The interpreter whose JupyterLab is run; unless it is given, that of `server_interpreter`.
    arguments
        Further command line arguments.
    port
        The port that it listens on; unless it is given, one that is free.
    whole
        Whether its pages have all extensions of JupyterLab, or go without those of `SPARED`.
    forked
        Whether to spare the import of JupyterLab where that is possible. Who measures a server does without.
    """

    module = "jupyterlab"
    poll_interval = 0.5

    def __init__(
        self,
        root: pathlib.Path,
        environment: dict[str, str],
        *,
        base_url: str = "/",
        python: str | None = None,
        arguments: Sequence[str] = (),
        port: int | None = None,
        whole: bool = True,
        forked: bool = False,
    ) -> None:
        self.root = root
        self.work = root / "work"
        self.token = secrets.token_hex(16)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}{base_url}"
        self.log = root / "server.log"
        for name in ("work", "data", "runtime", "home"):
            (root / name).mkdir(parents=True, exist_ok=True)
        configure(root / "config", whole=whole)
        self._python = python or server_interpreter()
        self._forks = forked and Forked.possible and self._python == sys.executable
        self._command = [
            *(self.module, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={base_url}",
            f"--ServerApp.root_dir={self.work}",
            "--ServerApp.allow_unauthenticated_access=False",
            f"--NotebookStop.poll_interval={self.poll_interval}",
            *arguments,
        ]
        self.environment = {
            **os.environ,
            "HOME": str(root / "home"),
            "JUPYTER_TOKEN": self.token,
            "JUPYTER_CONFIG_DIR": str(root / "config"),
            "JUPYTER_DATA_DIR": str(root / "data"),
            "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
            **environment,
        }
        self.start()

    def start(self) -> None:
        """Start it, also again after it was killed, and wait until it answers."""
        self.process = self._fork() if self._forks else self._spawn()
        until(self._is_up, pause=0.1)

    def _fork(self) -> Forked:
        return Forked(self._command, self.environment, self.work, self.log)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [self._python, "-m", *self._command],
                env=self.environment,
                cwd=self.work,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        # Until its handlers are there, Jupyter answers with a page.
        with contextlib.suppress(OSError, ValueError):
            return self.ask("GET", "api/status")[0] == 200
        return False

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """Return status and decoded body of a response; with this server's token unless another is given."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {token or self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read()
        log.debug("%s %s was answered %s %s", method, path, status, text.decode())
        return status, json.loads(text) if text else None

    def fetch(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded body of a response that is no error."""
        status, answer = self.ask(method, path, body)
        assert status < 400, answer
        return answer

    def view(self) -> dict[str, Any]:
        """Return the server's view of its instance."""
        return dict(self.fetch("GET", "jupyter-notebook-stop/instance"))

    def address(self, path: str) -> str:
        return f"{self.url}{path}?token={self.token}"

    def kill(self) -> float:
        """End the server as a container ends, at once; return when."""
        self.process.kill()
        self.process.wait()
        return time.monotonic()

    def close(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                log.debug("the arguments are %s", pathlib.Path(f"/proc/{self.process.pid}/cmdline").read_text())
            self.process.terminate()
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()


class RunningDemo:
    """`jupyter notebook-stop demo` as a user runs it."""

    def __init__(self, *options: str, **environment: str) -> None:
        command = [server_interpreter(), "-m", "jupyter_notebook_stop.cli", "demo", "--no-browser", *options]
        self.process = subprocess.Popen(
            command,
            # Away from this copy of the package, which would be found first.
            cwd=tempfile.gettempdir(),
            env={**os.environ, "PYTHONUTF8": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self.output = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if "Ctrl-C" in line:
                break
        addresses = re.findall(r"http://\S+", self.output)
        assert len(addresses) == 2, self.output
        self.url, self.console_url = addresses

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(LIMIT)

    def close(self) -> None:
        if self.process.poll() is None:
            self.interrupt()
        if self.process.stdout is not None:
            self.process.stdout.close()
