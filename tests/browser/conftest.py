"""A real browser before real servers: the demo, or a Jupyter server of the test's own."""

from __future__ import annotations

import json
import os
import pathlib
import time
import uuid
from typing import Any, Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Response, expect, sync_playwright

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import browser_finder
from ..conftest import GUARD_LOG, instance_environment
from ..servers import RunningDemo as RunningDemo
from ..servers import Server as Server
from ..servers import lasting_port
from ..waiting import LIMIT
from .profiles import Profiles, launch

ARTIFACTS = pathlib.Path(__file__).parents[1] / "artifacts" / os.environ.get("TEST_ENVIRONMENT", "")

CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # Whatever the browser itself would look up ends here.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
]


# While Playwright runs, no other event loop can in this thread: it ends with the tests of this folder.
@pytest.fixture(scope="package")
def profiles() -> Iterator[Profiles]:
    path = browser_finder.find()
    assert path, "no Chromium or Chrome; run: python tests/run.py"
    expect.set_options(timeout=LIMIT * 1000)
    with sync_playwright() as playwright, launch(playwright, path, CHROMIUM_OPTIONS) as launched:
        yield launched


@pytest.fixture(scope="package")
def browser(profiles: Profiles) -> Browser:
    return profiles.browser


NOTEBOOKS_OWN = {
    "7.2": "Cannot convert undefined or null to object",
    "7.6": "Cannot read properties of undefined (reading 'schema')",
}
"""What Notebooks complain about by themselves when their tree opens; test_outside.py shows that it is not ours."""


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
        own = text in NOTEBOOKS_OWN.values() and "/lab" not in urlsplit(self.page.url).path
        if kind == "error" and not own:
            self.complaints.append(f"{kind}: {text}")

    def requests_since(self, moment: float) -> list[str]:
        return [url for when, url in self.requests if when > moment and not url.startswith(("data:", "blob:"))]

    def wait_until_it_listens(self) -> None:
        """Wait until the page has its socket for the server's events."""
        limit = time.monotonic() + LIMIT
        while not any("/api/events/subscribe" in url for _, url in self.requests):
            assert time.monotonic() < limit, "the page does not listen"
            self.page.wait_for_timeout(100)

    def screenshot(self, name: str, part: Locator | None = None) -> None:
        """Take a picture of the page, or of a part of it."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        (part or self.page).screenshot(path=ARTIFACTS / f"{name}.png")


def frontend(page: Page) -> str | None:
    """Return the name and version of the frontend, as its page tells them."""
    config = page.locator("#jupyter-config-data")
    if config.count() == 0:
        return None
    told = json.loads(config.first.text_content() or "{}")
    return f"{told.get('appName')} {told.get('appVersion')}"


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(profiles: Profiles, record_property: Callable[[str, object], None]) -> Iterator[OpenTab]:
    """Open an address in a tab; each call has a browser of its own unless it is given the context of another.

    The frontends that a test was in are a part of its report.
    """

    def open_(url: str, *, ready: str, context: BrowserContext | None = None, **options: Any) -> Tab:
        tab = Tab(context.new_page() if context else profiles.take(**options).new_page())
        tab.page.goto(url)
        tab.page.wait_for_selector(ready)
        opened = frontend(tab.page)
        if opened:
            record_property("frontend", opened)
        return tab

    yield open_
    profiles.forget()


@pytest.fixture(scope="package")
def port() -> Iterator[int]:
    """The port of most servers, one after the other: what a browser has kept is of an address."""
    with lasting_port() as lasting:
        yield lasting


@pytest.fixture(scope="package")
def instance_id() -> str:
    """The id of the tests' instances, a part of their servers' addresses."""
    return str(uuid.uuid4())


@pytest.fixture
def simulator(instance_id: str) -> Iterator[ThreadedSimulator]:
    """A stand-in of the cloud whose instance stops in a blink."""
    with ThreadedSimulator(step_seconds=0.05, instance_id=instance_id) as running:
        yield running


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: pathlib.Path, port: int, request: pytest.FixtureRequest) -> Iterator[StartServer]:
    """Start a Jupyter server; it ends with the test.

    The tests of each version, and those marked `whole`, have pages with all that JupyterLab has.
    """
    servers: list[Server] = []
    whole = any(request.node.get_closest_marker(name) for name in ("versions", "whole"))

    def start(environment: dict[str, str], **options: Any) -> Server:
        # Another JupyterLab has other files at the same address.
        usual = not servers and "python" not in options
        root = tmp_path / f"server-{len(servers)}"
        server = Server(root, environment, port=port if usual else None, whole=whole, forked=True, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        # As its instance would end it: asked to end, Jupyter waits for minutes where a kernel is only starting.
        server.kill()


@pytest.fixture
def instance_server(start_server: StartServer, simulator: ThreadedSimulator) -> Server:
    """A Jupyter server inside the stand-in's instance, which takes some seconds to stop."""
    simulator.instance.step_seconds = 0.6
    return start_server(instance_environment(simulator), base_url=f"/{simulator.instance_id}/")


@pytest.fixture
def demo() -> Iterator[Callable[..., RunningDemo]]:
    running: list[RunningDemo] = []

    def start(*options: str, **environment: str) -> RunningDemo:
        running.append(RunningDemo(*options, **environment))
        return running[-1]

    yield start
    for one in running:
        one.close()
