"""What all tests share: the network guard and an instance on the stand-in."""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import importlib.util
import inspect
import os
import pathlib
import shutil
import signal
import sys
import tempfile
from typing import Any, Iterator

import hypothesis
import pytest

from .preload.kernel_ports import use_own_ports

STRICT = ("-W", "error", "-W", "ignore:Jupyter is migrating its paths")
"""Options for Python: every warning is an error, but the one with which an old jupyter_core begins."""

GUARD = pathlib.Path(__file__).parent / "guard"

# Each worker of pytest-xdist has a log of its own, and so has what it starts: a test fails for its own contacts only.
GUARD_LOG = pathlib.Path(tempfile.mkdtemp(prefix="network-guard-")) / "contacts"
atexit.register(shutil.rmtree, GUARD_LOG.parent, ignore_errors=True)

# Before anything else: this process and all it starts are guarded from here on.
os.environ["NETWORK_GUARD_LOG"] = str(GUARD_LOG)
if str(GUARD) not in sys.path:
    # A worker was started by a process that is guarded, and is so already.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(GUARD), *filter(None, [os.environ.get("PYTHONPATH")])])
    sys.path.insert(0, str(GUARD))
    sys.modules.pop("sitecustomize", None)
import sitecustomize  # noqa: E402, F401

for name in [*os.environ]:
    # The machine's own settings must not decide a test: proxies, keys, its language, and what makes it look like an
    # instance.
    if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") or name.startswith(
        ("HUAWEICLOUD_SDK_", "MODELARTS_", "HC_CONTAINER_", "LC_")
    ):
        del os.environ[name]
for name in ("INSTANCE_ID", "PROJECT_ID", "LANGUAGE"):
    os.environ.pop(name, None)
os.environ["LANG"] = "C.UTF-8"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background by a shell: whatever the tests start would ignore Ctrl-C as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)

use_own_ports()

# How long an example takes says something of the machine, and nothing of what is tested.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.register_profile(
    "night", hypothesis.settings.get_profile("untimed"), max_examples=2_000, stateful_step_count=50, print_blob=True
)
hypothesis.settings.load_profile("untimed")

if importlib.util.find_spec("sniffio") is None:
    # httpcore searches the whole path for it, again and again with each request.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

pytest_plugins = ["pytest_jupyter.jupyter_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long tests begin first where several processes share all of them."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        from .order import deal

        items[:] = deal(items, workers)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Search for no garbage while there is hardly any: each worker imports and collects all tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Have no search for garbage go through all that was imported and collected."""
    gc.collect()
    gc.freeze()


def contacts() -> list[str]:
    """Return what the guard has recorded."""
    return GUARD_LOG.read_text(encoding="utf-8").splitlines() if GUARD_LOG.exists() else []


@pytest.fixture(autouse=True)
def network_guard() -> Iterator[None]:
    """Fail the test that contacted another machine."""
    before = len(contacts())
    yield
    new = contacts()[before:]
    if new:
        pytest.fail("contact with another machine: " + "; ".join(new), pytrace=False)


@pytest.fixture(autouse=True)
def jp_asyncio_loop(request: pytest.FixtureRequest) -> Any:
    """Have pytest-jupyter's event loop where there is a server: its closing would end Playwright's loop as well."""
    return request.getfixturevalue("jp_asyncio_loop") if "jp_serverapp" in request.fixturenames else None


@pytest.fixture(autouse=True)
def io_loop(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Have the loop in which the pytest-jupyter of an old server runs tests that are coroutines."""
    if "jp_serverapp" in request.fixturenames:
        yield request.getfixturevalue("io_loop")
    elif inspect.iscoroutinefunction(request.function):
        from tornado.ioloop import IOLoop

        loop = IOLoop(make_current=False)
        yield loop
        loop.close()
    else:
        yield None


@pytest.fixture(autouse=True)
def jp_server_cleanup(request: pytest.FixtureRequest) -> None:
    """Clean up where there is a server: pytest-jupyter makes one for every other test as well, only to clean it up."""
    if "jp_serverapp" in request.fixturenames:
        request.getfixturevalue("jp_server_cleanup")


@pytest.fixture
def jp_nbconvert_templates() -> None:
    """Copy no templates for each server: nothing here converts notebooks."""


@pytest.fixture(autouse=True, scope="session")
def one_tls_context() -> Iterator[None]:
    """Have all connections to one authority share a TLS context: to make it takes longer than most tests."""
    from jupyter_notebook_stop.modelarts import connection, http_library

    assert http_library.httpx is not None, "to be imported by this one, without its command line"
    transports = importlib.import_module("httpx._transports.default")
    load, create = connection._load, transports.create_ssl_context
    shared = functools.lru_cache(maxsize=None)(lambda authority: load())
    usual = functools.lru_cache(maxsize=None)(lambda authorities, options: create(**dict(options)))

    def create_once(**options: Any) -> Any:
        if options["verify"] is not True:
            return create(**options)
        authorities = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        return usual(authorities, tuple(options.items()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_load", lambda: shared(os.environ.get("SSL_CERT_FILE")))
        # Of clients that are given none.
        patch.setattr(transports, "create_ssl_context", create_once)
        yield


@pytest.fixture
def simulator() -> Iterator[Any]:
    """A stand-in of the cloud whose instance stops in a blink."""
    from jupyter_notebook_stop.simulator import ThreadedSimulator

    with ThreadedSimulator(step_seconds=0.05) as running:
        yield running


def instance_environment(simulator: Any) -> dict[str, str]:
    """Return the environment of a process inside the stand-in's instance."""
    variables: dict[str, str] = simulator.environment()
    return variables


@pytest.fixture
def environment(simulator: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Make this process one inside the stand-in's instance."""
    variables = instance_environment(simulator)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture(scope="session")
def quick() -> Iterator[Any]:
    """Return what runs commands without the time that they take to start."""
    from .commands import QuickCommands

    running = QuickCommands()
    yield running
    running.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell for how long the event loop was blocked, as tests/hostile has measured it, in whatever worker."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    blocks = sorted(
        (seconds, report.nodeid.rpartition("::")[2])
        for report in reports
        if getattr(report, "when", None) == "teardown"
        for name, seconds in report.user_properties
        if name == "blocked"
    )
    if blocks:
        longest, median = blocks[-1][0] * 1000, blocks[len(blocks) // 2][0] * 1000
        slow = [f"{name} {seconds * 1000:.0f} ms" for seconds, name in blocks if seconds > 0.05]
        terminalreporter.write_line(
            f"The event loop was measured in {len(blocks)} cases. Longest block: {longest:.0f} ms, in the"
            f" median case {median:.0f} ms; over 50 ms in {len(slow)} cases: {', '.join(slow) or 'none'}"
        )
