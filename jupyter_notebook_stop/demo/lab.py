"""The demo's JupyterLab: a process that runs in the simulated instance."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from types import TracebackType
from typing import Any

from ..simulator import Simulator
from ..translation import CHINESE, _, gettext, localized, process_language

START_SECONDS = 90.0
"""How long JupyterLab may take to respond."""

END_SECONDS = 15.0
"""How long JupyterLab may take to end its kernels."""

_INSTALL = "pip install 'jupyter_notebook_stop[demo]'"

_EXAMPLE = pathlib.Path(__file__).with_name("train.ipynb")

_NOT_LOADED = _(
    "JupyterLab is running without this extension, so the demo cannot show a stop: {reason}.\nRun these commands to see"
    " why; the log may say it too:\n  {python} -m jupyter server extension list\n  {python} -m pip check\n"
)

_SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}

_CHINESE_PACK = "jupyterlab_language_pack_zh_CN"

# The user's own settings of these kinds must not reach the demo.
_NOT_INHERITED = ("HUAWEICLOUD_SDK_", "MODELARTS_", "HC_CONTAINER_", "JUPYTER", "JPY_")


class LabError(Exception):
    """JupyterLab does not start, or it has ended."""


class Lab:
    """A JupyterLab with a temporary folder for its configuration and its example, as a context manager.

    Parameters
    ----------
    simulator
        It runs in the first instance of this simulator.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._token = secrets.token_hex(16)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Lab:
        self._root = pathlib.Path(tempfile.mkdtemp(prefix="notebook-stop-demo-"))
        for name in ("work", "data", "runtime", "config/labconfig"):
            (self._root / name).mkdir(parents=True)
        example = json.loads(_EXAMPLE.read_text(encoding="utf-8"))
        example["cells"][0]["source"] = gettext(
            "# Train, save, stop\nChange something, then run *Stop this instance* from the command palette."
        )
        (self._root / "work" / _EXAMPLE.name).write_text(json.dumps(example), encoding="utf-8")
        overrides = self._root / "config" / "labconfig" / "default_setting_overrides.json"
        overrides.write_text(json.dumps({**_SETTINGS, **_language()}), encoding="utf-8")
        server = self._root / "config" / "jupyter_server_config.json"
        server.write_text(json.dumps({"ServerApp": _terminals()}), encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        shutil.rmtree(self._root, ignore_errors=True)

    @property
    def url(self) -> str:
        """Its address, with its token."""
        return f"http://127.0.0.1:{self._port}/{self._simulator.instance_id}/lab?token={self._token}"

    def start(self, console_url: str) -> None:
        """Start it; returns when it responds, and raises `LabError` if the extension does not."""
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
            f"--ServerApp.port={self._port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url=/{self._simulator.instance_id}/",
            f"--ServerApp.root_dir={self._root / 'work'}",
            f"--NotebookStop.console_url={console_url}",
            *(["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
        ]
        # Its own process group, so that Ctrl-C reaches only the demo, which then ends JupyterLab in order.
        group: dict[str, Any] = (
            {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
            if sys.platform == "win32"
            else {"start_new_session": True}
        )
        with (self._root / "jupyterlab.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment(),
                cwd=self._root / "work",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **group,
            )
        self._wait_until_it_responds()
        self._check_extension()

    def check(self) -> None:
        """Raise `LabError` if it has ended without being asked to."""
        if self._process is None or self._process.poll() is not None:
            raise LabError(gettext("JupyterLab has ended unexpectedly.") + f"\n{self._end_of_log()}")

    def end(self) -> None:
        """End it, if it is running."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait_until_it_responds(self) -> None:
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit:
            assert self._process is not None
            if self._process.poll() is not None:
                hint = gettext("JupyterLab did not start. To install it: {command}", command=_INSTALL)
                raise LabError(f"{hint}\n{self._end_of_log()}")
            try:
                self._get("api/status", timeout=2)
                return
            except OSError:
                time.sleep(0.2)
        hint = gettext("JupyterLab did not respond within {seconds:g} s.", seconds=START_SECONDS)
        raise LabError(f"{hint}\n{self._end_of_log()}")

    def _check_extension(self) -> None:
        """Raise `LabError` if no stop can be shown."""
        path = "jupyter-notebook-stop/instance"
        try:
            instance = json.loads(self._get(path, timeout=START_SECONDS))
        except (OSError, ValueError) as error:
            reason = f"GET {path}: {error}"
        else:
            if instance.get("available"):
                return
            reason = str(instance.get("reason"))
        hint = localized(_NOT_LOADED).format(reason=reason.rstrip(".\u3002"), python=sys.executable)
        raise LabError(hint + self._end_of_log())

    def _get(self, path: str, timeout: float) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url.replace("/lab?", f"/{path}?"), timeout=timeout) as response:
            return bytes(response.read())

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        return {
            **kept,
            **self._simulator.environment(),
            "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), *filter(None, [kept.get("PATH")])]),
            "JUPYTER_TOKEN": self._token,
            "JUPYTER_CONFIG_DIR": str(self._root / "config"),
            "JUPYTER_DATA_DIR": str(self._root / "data"),
            "JUPYTER_RUNTIME_DIR": str(self._root / "runtime"),
        }

    def _end_of_log(self) -> str:
        lines = (self._root / "jupyterlab.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([gettext("The end of its log:"), *lines[-15:]])


def _language() -> dict[str, Any]:
    """Return the setting that has the page speak the language of this process, where JupyterLab can."""
    spoken = process_language() == CHINESE and importlib.util.find_spec(_CHINESE_PACK)
    return {"@jupyterlab/translation-extension:plugin": {"locale": CHINESE}} if spoken else {}


def _terminals() -> dict[str, Any]:
    """Return the setting that has terminals find this environment's commands: a login shell may look elsewhere."""
    shell = os.environ.get("SHELL") or shutil.which("sh")
    return {"terminado_settings": {"shell_command": [shell]}} if shell and sys.platform != "win32" else {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
