"""A real browser before real servers: the demo, or a Jupyter server of the test's own."""

from __future__ import annotations

import pathlib
import uuid
from typing import Any, Callable, Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import browser_finder
from ..conftest import instance_environment
from ..servers import RunningDemo as RunningDemo
from ..servers import Server as Server
from ..servers import lasting_port
from ..waiting import LIMIT
from .evidence import evidence
from .profiles import Profile, Profiles, launch
from .shared import ROLL_CALL, SharedLab
from .tab import ARTIFACTS as ARTIFACTS
from .tab import NOTEBOOKS_OWN as NOTEBOOKS_OWN
from .tab import Tab as Tab
from .tab import frontend as frontend

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


OpenTab = Callable[..., Tab]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, Any, None]:
    """Have the report of a failure say what server, cloud and pages know of it."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        fixtures: dict[str, Any] = item.funcargs
        # A fixture may hand on what another has made.
        each = {id(fixture): fixture for fixture in [*fixtures.values(), *fixtures.get("tabs", [])]}
        report.sections.extend(evidence(each.values()))


@pytest.fixture
def tabs() -> list[Tab]:
    """The tabs of a test."""
    return []


@pytest.fixture
def open_tab(profiles: Profiles, tabs: list[Tab], record_property: Callable[[str, object], None]) -> Iterator[OpenTab]:
    """Open an address in a tab; each call has a browser of its own unless it is given the context of another.

    A script runs before those of the page. The frontends that a test was in are a part of its report.
    """
    taken: list[Profile] = []

    def new_page(**options: Any) -> Page:
        taken.append(profiles.take(**options))
        return taken[-1].new_page()

    def open_(
        url: str, *, ready: str, context: BrowserContext | None = None, script: str | None = None, **options: Any
    ) -> Tab:
        tab = Tab(context.new_page() if context else new_page(**options))
        tabs.append(tab)
        if script:
            tab.page.add_init_script(script)
        tab.page.goto(url)
        tab.page.wait_for_selector(ready)
        opened = frontend(tab.page)
        if opened:
            record_property("frontend", opened)
        return tab

    yield open_
    profiles.give_back(taken)


@pytest.fixture(scope="package")
def port() -> Iterator[int]:
    """The port of most servers, one after the other: what a browser has kept is of an address."""
    with lasting_port() as lasting:
        yield lasting


@pytest.fixture(scope="package")
def shared_port() -> Iterator[int]:
    """The port of servers that tests share, while there are others."""
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
def instance_server(start_server: StartServer, simulator: ThreadedSimulator, request: pytest.FixtureRequest) -> Server:
    """A Jupyter server inside the stand-in's instance; by itself this stops later than any test looks at it.

    It waits for its tabs on a busy machine, too: a roll call ends as soon as all have answered. A parameter has other
    settings.
    """
    simulator.instance.step_seconds = 60
    settings = {"roll_call_timeout": ROLL_CALL, "save_timeout": 600, **getattr(request, "param", {})}
    arguments = [f"--NotebookStop.{name}={value}" for name, value in settings.items()]
    base_url = f"/{simulator.instance_id}/"
    return start_server(instance_environment(simulator), base_url=base_url, arguments=arguments)


@pytest.fixture
def demo() -> Iterator[Callable[..., RunningDemo]]:
    running: list[RunningDemo] = []

    def start(*options: str, **environment: str) -> RunningDemo:
        running.append(RunningDemo(*options, **environment))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture(scope="module")
def shared_lab(
    profiles: Profiles, shared_port: int, instance_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedLab]:
    with ThreadedSimulator(step_seconds=0.05, instance_id=instance_id) as simulator:
        shared = SharedLab(profiles, simulator, tmp_path_factory.mktemp("shared"), port=shared_port)
        yield shared
        shared.close()


@pytest.fixture
def lab(shared_lab: SharedLab, request: pytest.FixtureRequest) -> Iterator[SharedLab]:
    """JupyterLab, for tests that leave its server running."""
    failed = request.session.testsfailed
    yield shared_lab
    shared_lab.leave(passed=request.session.testsfailed == failed)
