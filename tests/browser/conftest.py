"""A real browser before real servers: the demo, or a Jupyter server of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import Any, Callable, Iterator, Sequence
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, sync_playwright

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import browser_finder
from ..conftest import GUARD_LOG, instance_environment

ARTIFACTS = pathlib.Path(__file__).parents[1] / "artifacts"

CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # Whatever the browser itself would look up ends here.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
]

_OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


# While Playwright runs, no other event loop can in this thread: it ends with the tests of this folder.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = browser_finder.find()
    assert path, "no Chromium or Chrome; run: python tests/run.py"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_OPTIONS)
        yield running
        running.close()


NOTEBOOKS_OWN = "Cannot read properties of undefined (reading 'schema')"
"""What Notebook 7.6 complains about by itself when its tree opens; test_outside.py shows that it is not ours."""


class Tab:
    """A page with a record of what it asked for, what came to nothing, and what it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[tuple[float, str]] = []
        self.failures: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note)
        page.on("requestfailed", lambda request: self.failures.append(f"{request.failure} {request.url}"))
        page.on("response", self._judge)
        page.on("websocket", lambda socket: self.requests.append((time.monotonic(), socket.url)))
        page.on("console", lambda message: self._complain(message.type, message.text))
        page.on("pageerror", lambda error: self._complain("error", str(error)))

    def _note(self, request: Request) -> None:
        self.requests.append((time.monotonic(), request.url))
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
            with GUARD_LOG.open("a", encoding="utf-8") as file:
                file.write(f"browser {request.url}\n")

    def _judge(self, response: Response) -> None:
        if response.status >= 400:
            self.failures.append(f"{response.status} {response.url}")

    def _complain(self, kind: str, text: str) -> None:
        own = text == NOTEBOOKS_OWN and "/lab" not in urlsplit(self.page.url).path
        if kind == "error" and not own:
            self.complaints.append(f"{kind}: {text}")

    def requests_since(self, moment: float) -> list[str]:
        return [url for when, url in self.requests if when > moment and not url.startswith(("data:", "blob:"))]

    def screenshot(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Open an address in a tab; each call has a browser context of its own unless it is given one."""
    contexts: list[BrowserContext] = []

    def open_(url: str, *, ready: str, context: BrowserContext | None = None, **options: Any) -> Tab:
        if context is None:
            context = browser.new_context(viewport={"width": 1280, "height": 860}, **options)
            contexts.append(context)
        tab = Tab(context.new_page())
        tab.page.goto(url)
        tab.page.wait_for_selector(ready, timeout=60_000)
        return tab

    yield open_
    for context in contexts:
        context.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A Jupyter server in a process of its own, with everything of its own.

    Parameters
    ----------
    root
        An empty folder.
    environment
        Further environment variables, such as those of an instance.
    python
        The interpreter whose JupyterLab is run.
    arguments
        Further command line arguments.
    """

    def __init__(
        self,
        root: pathlib.Path,
        environment: dict[str, str],
        *,
        base_url: str = "/",
        python: str = sys.executable,
        arguments: Sequence[str] = (),
    ) -> None:
        self.root = root
        self.work = root / "work"
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{base_url}"
        self.log = root / "server.log"
        for name in ("work", "data", "runtime", "config/labconfig", "home"):
            (root / name).mkdir(parents=True)
        (root / "config" / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(_OVERRIDES))
        command = [
            *(python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={base_url}",
            f"--ServerApp.root_dir={self.work}",
            "--ServerApp.allow_unauthenticated_access=False",
            "--NotebookStop.poll_interval=0.5",
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
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._await()

    def _await(self) -> None:
        limit = time.monotonic() + 90
        while time.monotonic() < limit:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                self.fetch("GET", "api/status")
                return
            time.sleep(0.2)
        raise AssertionError(self.log.read_text())

    def fetch(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server with its token and return the decoded answer."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read()
            return json.loads(text) if text else None

    def address(self, path: str) -> str:
        return f"{self.url}{path}?token={self.token}"

    def kill(self) -> float:
        """End the server as a container ends, at once; return when."""
        self.process.kill()
        self.process.wait()
        return time.monotonic()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: pathlib.Path) -> Iterator[StartServer]:
    """Start a Jupyter server; it ends with the test."""
    servers: list[Server] = []

    def start(environment: dict[str, str], **options: Any) -> Server:
        server = Server(tmp_path / f"server-{len(servers)}", environment, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def instance_server(start_server: StartServer, simulator: ThreadedSimulator) -> Server:
    """A Jupyter server inside the stand-in's instance, which takes some seconds to stop."""
    simulator.instance.step_seconds = 0.6
    return start_server(instance_environment(simulator), base_url=f"/{simulator.instance_id}/")


class RunningDemo:
    """`jupyter notebook-stop demo` as a user runs it."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "jupyter_notebook_stop.cli", "demo", "--no-browser", *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.output = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if "Ctrl-C here" in line:
                break
        found = re.search(r"^http\S+$", self.output, re.MULTILINE)
        assert found, self.output
        self.url = found[0]
        console = re.search(r"console: (http\S+)", self.output)
        assert console, self.output
        self.console_url = console[1]

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def demo() -> Iterator[Callable[..., RunningDemo]]:
    running: list[RunningDemo] = []

    def start(*options: str) -> RunningDemo:
        running.append(RunningDemo(*options))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.interrupt()
        if one.process.stdout is not None:
            one.process.stdout.close()
