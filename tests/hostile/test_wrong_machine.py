"""A stop never reaches a machine that was not meant."""

from __future__ import annotations

import pathlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterator, Tuple

import pytest
from playwright.sync_api import expect, sync_playwright

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .. import browser_finder
from ..browser.conftest import CHROMIUM_OPTIONS, Tab
from ..browser.profiles import new_context
from ..browser.steps import LAB, run_from_palette
from ..conftest import instance_environment
from ..servers import Server
from ..waiting import LIMIT
from .plain_server import PlainServer

STOP = "jupyter-notebook-stop/stop"
Start = Callable[..., PlainServer]


@pytest.fixture
def start(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> Iterator[Start]:
    running: list[PlainServer] = []

    def make(**options: Any) -> PlainServer:
        running.append(PlainServer(tmp_path / f"server-{len(running)}", simulator, **options))
        return running[-1]

    yield make
    for server in running:
        server.close()


def start_second(start: Start, simulator: ThreadedSimulator) -> Tuple[PlainServer, str]:
    """Start a server in another instance of the same project, on this same host."""
    other = simulator.add_instance(str(uuid.uuid4())).id
    return start(base_url=f"/{other}/", INSTANCE_ID=other), other


def test_two_instances_on_one_host(start: Start, simulator: ThreadedSimulator) -> None:
    first = start()
    second, other = start_second(start, simulator)
    own = simulator.instance_id
    for server, foreign in ((first, other), (second, own)):
        status, problem = server.ask("POST", STOP, {"instance_id": foreign, "save": "none"})
        assert (status, problem["code"]) == (409, "wrong_instance")
        assert foreign not in problem["message"]
    assert simulator.count() == 0
    # A token copied from one to the other opens nothing.
    for server, token in ((first, second.token), (second, first.token)):
        for instance_id in (own, other):
            assert server.ask("POST", STOP, {"instance_id": instance_id}, token=token)[0] == 403
        assert server.ask("GET", "jupyter-notebook-stop/instance", token=token)[0] == 403
    assert simulator.count() == 0
    assert second.ask("POST", STOP, {"instance_id": other, "save": "none"})[0] == 202
    assert (simulator.instance.status, simulator.count("stop")) == ("RUNNING", 1)
    assert simulator.instances[other].status in ("STOPPING", "STOPPED")


def test_a_changed_base_url(start: Start, simulator: ThreadedSimulator) -> None:
    foreign = simulator.add_instance(str(uuid.uuid4())).id
    server = start(base_url=f"/{foreign}/")
    for instance_id in (foreign, simulator.instance_id):
        status, problem = server.ask("POST", STOP, {"instance_id": instance_id, "save": "none"})
        assert (status, problem["code"]) == (409, "identity_conflict")
        assert "base_url" in problem["message"]
        assert "INSTANCE_ID" in problem["message"]
    assert simulator.count() == 0


def test_a_base_url_that_names_no_instance_changes_nothing(start: Start, simulator: ThreadedSimulator) -> None:
    server = start(base_url="/user/somebody/")
    assert server.view()["id"] == simulator.instance_id
    assert server.ask("POST", STOP, {"instance_id": str(uuid.uuid4())})[0] == 409
    assert simulator.count("stop") == 0


def test_the_cloud_describes_another_instance(start: Start, simulator: ThreadedSimulator) -> None:
    simulator.instance.extra = {"id": str(uuid.uuid4())}
    server = start()
    view = server.view()
    assert (view["status"], view["error"]["code"]) == (None, "bad_answer")
    assert "another notebook instance" in view["error"]["message"]
    status, problem = server.ask("POST", STOP, {"instance_id": simulator.instance_id, "save": "none"})
    assert (status, problem["code"]) == (502, "bad_answer")
    assert simulator.count("stop") == 0


def test_a_page_left_open_says_so(tmp_path: pathlib.Path, simulator: ThreadedSimulator) -> None:
    other = simulator.add_instance(str(uuid.uuid4())).id

    def main() -> None:
        expect.set_options(timeout=LIMIT * 1000)
        path = browser_finder.find()
        assert path, "no Chromium or Chrome; run: python tests/run.py"
        environment = instance_environment(simulator)
        server = Server(
            tmp_path / "server", environment, base_url="/same/", arguments=["--log-level=DEBUG"], forked=True
        )
        try:
            with sync_playwright() as playwright:
                running = playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_OPTIONS)
                page = Tab(new_context(running).new_page()).page
                page.goto(server.address("lab"))
                page.wait_for_selector(LAB)
                server.close()
                server.environment["INSTANCE_ID"] = other
                server.start()
                # JupyterLab may notice that its server went away, and say so in a dialog of its own.
                lost = page.locator(".jp-Dialog", has_text="Server Connection Error")
                page.add_locator_handler(lost, lambda found: found.get_by_role("button", name="Close").click())
                run_from_palette(page)
                dialog = page.locator(".jp-Dialog", has_text=f"was opened for instance {simulator.instance_id}")
                expect(dialog).to_be_visible()
                expect(dialog).to_contain_text(f"now runs in instance {other}")
                expect(dialog).to_contain_text("Reload the page")
                running.close()
        finally:
            server.close()

    # In a thread: Playwright leaves its event loop running in the thread that it was started in.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(main).result()
    assert simulator.count("stop") == 0
