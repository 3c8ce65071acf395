"""The extension in a server: what the page is told, settings, events, activity, and its end."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.server.events import ATTEMPT_EVENT, KERNEL_ACTIONS, STOP_EVENT
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import until_async
from .conftest import Fetch
from .listening import listen


def page_option(serverapp: Any) -> dict[str, Any]:
    option: dict[str, Any] = json.loads(serverapp.web_app.settings["page_config_data"]["jupyterNotebookStop"])
    return option


def test_the_page_knows_its_instance_without_a_request(jp_serverapp: Any, simulator: ThreadedSimulator) -> None:
    assert page_option(jp_serverapp) == {
        "available": True,
        "instance_id": simulator.instance_id,
        "scheduling": True,
    }
    assert simulator.count() == 0


async def test_a_page_that_is_loaded_during_a_stop_knows_of_it(
    jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
) -> None:
    simulator.instance.step_seconds = 5.0
    body = {"instance_id": simulator.instance_id, "save": "none", "attempt": "a1"}
    assert (await fetch("POST", "stop", body=body))[0] == 202
    expected = {"available": True, "instance_id": simulator.instance_id, "scheduling": True}
    assert page_option(jp_serverapp) == {**expected, "attempt": "a1"}
    simulator.instance.status = "ERROR"

    async def forgotten() -> bool:
        return page_option(jp_serverapp) == expected

    await until_async(forgotten)


def test_idle_event_sockets_are_kept_alive(jp_serverapp: Any) -> None:
    assert jp_serverapp.web_app.settings["websocket_ping_interval"] == 30


class TestPings:
    """A server whose sockets are configured by its administrator."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["websocket_ping_interval"] = 0
        return jp_server_config

    def test_the_setting_stays(self, jp_serverapp: Any) -> None:
        assert not jp_serverapp.web_app.settings.get("websocket_ping_interval")


class TestOutside:
    """A server that does not run in an instance."""

    @pytest.fixture
    def environment(self) -> dict[str, str]:
        return {}

    async def test_the_reason_is_told(self, jp_serverapp: Any, fetch: Fetch) -> None:
        option = page_option(jp_serverapp)
        assert option["available"] is False
        assert option["code"] == "not_in_instance"
        assert "Not running in a ModelArts notebook instance" in option["reason"]
        status, view = await fetch("GET", "instance")
        assert status == 200
        assert view["available"] is False
        assert "INSTANCE_ID" in view["reason"]

    async def test_a_stop_is_404(self, fetch: Fetch) -> None:
        status, problem = await fetch("POST", "stop", body={"instance_id": "x"})
        assert (status, problem["code"]) == (404, "not_in_instance")


class TestContradiction:
    """A server whose sources name two instances."""

    @pytest.fixture
    def stop_config(self) -> dict[str, Any]:
        return {"instance_id": "11111111-1111-4111-8111-111111111111"}

    async def test_nothing_is_stopped(self, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        option = page_option(jp_serverapp)
        assert option["available"] is False
        assert option["code"] == "identity_conflict"
        assert "INSTANCE_ID" in option["reason"]
        assert "c.NotebookStop.instance_id" in option["reason"]
        status, problem = await fetch("POST", "stop", body={"instance_id": simulator.instance_id})
        assert (status, problem["code"]) == (409, "identity_conflict")
        assert simulator.count() == 0


async def test_every_step_is_on_the_event_bus(
    jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator, extension_log: pytest.LogCaptureFixture
) -> None:
    seen = listen(jp_serverapp, STOP_EVENT, ATTEMPT_EVENT)
    with extension_log.at_level(logging.INFO):
        status, _ = await fetch("POST", "stop", body={"instance_id": simulator.instance_id, "source": "terminal"})
    assert status == 202
    for _ in range(2000):
        if any(data.get("phase") == "stopped" for _, data in seen):
            break
        await asyncio.sleep(0.02)
    phases = [data["phase"] for schema, data in seen if schema == STOP_EVENT]
    assert phases == ["saving", "stopping", "accepted", "stopped"]
    records = [data for schema, data in seen if schema == ATTEMPT_EVENT]
    assert len(records) == 1
    assert records[0]["outcome"] == "accepted"
    assert records[0]["source"] == "terminal"
    assert records[0]["user"]
    assert records[0]["silent_tabs"] == 1, "one listens, and none has reported"
    lines = [record.getMessage() for record in extension_log.records if "Stop of instance" in record.getMessage()]
    assert len(lines) == 1
    assert simulator.instance_id in lines[0]
    assert "terminal" in lines[0]


async def test_a_refusal_leaves_one_record_too(jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator) -> None:
    seen = listen(jp_serverapp, ATTEMPT_EVENT)
    simulator.settings.deny("stop")
    await fetch("POST", "stop", body={"instance_id": simulator.instance_id, "save": "none"})
    await asyncio.sleep(0.05)
    assert [(record["outcome"], record["code"]) for _, record in seen] == [("refused", "ModelArts.0112")]


async def test_busy_kernels_are_seen_with_path_and_time(jp_serverapp: Any, fetch: Fetch, jp_root_dir: Any) -> None:
    (jp_root_dir / "train.ipynb").write_text("{}", encoding="utf-8")
    session = await jp_serverapp.session_manager.create_session(
        path="train.ipynb", name="train.ipynb", type="notebook", kernel_name="python3"
    )
    kernel_id = session["kernel"]["id"]
    kernel = jp_serverapp.kernel_manager.get_kernel(kernel_id)
    client = kernel.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        client.execute("import time; time.sleep(30)")
        busy: list[dict[str, Any]] = []
        for _ in range(1000):
            _, view = await fetch("GET", "instance")
            busy = view["at_risk"]["kernels"]
            if busy:
                break
            await asyncio.sleep(0.05)
        assert [(entry["id"], entry["path"]) for entry in busy] == [(kernel_id, "train.ipynb")]
        since = busy[0]["busy_since"]
        await asyncio.sleep(0.3)
        _, view = await fetch("GET", "instance")
        assert view["at_risk"]["kernels"][0]["busy_since"] == since
        _, view = await fetch("GET", "instance", params={"kernel": kernel_id})
        assert view["at_risk"]["kernels"] == []
    finally:
        client.stop_channels()
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel_id, now=True)


async def test_since_when_a_kernel_is_busy_is_known_although_nobody_has_asked_before(
    jp_serverapp: Any, fetch: Fetch
) -> None:
    session = await jp_serverapp.session_manager.create_session(path="a.ipynb", kernel_name="python3")
    kernel = jp_serverapp.kernel_manager.get_kernel(session["kernel"]["id"])
    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    try:
        if KERNEL_ACTIONS in jp_serverapp.event_logger.schemas:
            await until_async(lambda: app.runtime is not None)
        else:
            # An old server does not tell of its kernels: they are observed from the first look on.
            await fetch("GET", "instance")
        kernel.execution_state = "idle"
        before = datetime.datetime.now(datetime.timezone.utc)
        kernel.execution_state = "busy"
        after = datetime.datetime.now(datetime.timezone.utc)
        kernel.last_activity = after + datetime.timedelta(hours=1)
        _, view = await fetch("GET", "instance")
        (busy,) = view["at_risk"]["kernels"]
        assert before <= datetime.datetime.fromisoformat(busy["busy_since"].replace("Z", "+00:00")) <= after
    finally:
        await jp_serverapp.kernel_manager.shutdown_kernel(session["kernel"]["id"], now=True)


async def test_terminals_are_seen(jp_serverapp: Any, fetch: Fetch) -> None:
    terminals = jp_serverapp.web_app.settings["terminal_manager"]
    model = terminals.create()
    try:
        _, view = await fetch("GET", "instance")
        assert view["at_risk"]["terminals"] == [model["name"]]
    finally:
        await terminals.terminate(model["name"], force=True)


async def test_the_client_is_closed_with_the_server(jp_serverapp: Any, fetch: Fetch) -> None:
    await fetch("GET", "instance")
    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    client = await app.runtime.instance.connection.connect()
    http = client._transport._http
    assert not http.is_closed
    await app.stop_extension()
    assert http.is_closed


def test_every_setting_has_help() -> None:
    for name, trait in NotebookStop.class_own_traits(config=True).items():
        assert trait.help, name


AT_REST = {
    "jupyter_notebook_stop",
    "jupyter_notebook_stop.server",
    "jupyter_notebook_stop.server.app",
    "jupyter_notebook_stop.server.events",
    "jupyter_notebook_stop.instance_detection",
}
"""All that a server loads which is never asked to stop, outside an instance or in one of the platform's."""

CHECKED = {
    "jupyter_notebook_stop.errors",
    "jupyter_notebook_stop.modelarts",
    "jupyter_notebook_stop.modelarts.identity",
    "jupyter_notebook_stop.translation",
}
"""What is loaded as well where an endpoint or a region is set by hand, and checked at the start."""

NEW_MODULES = """
import json, sys
from jupyter_server.serverapp import ServerApp
extensions = {"jupyter_notebook_stop": len(sys.argv) > 1}
before = set(sys.modules)
ServerApp.instance().initialize(
    [f"--ServerApp.jpserver_extensions={extensions}", "--ServerApp.port=0"], find_extensions=False
)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.parametrize("place", ["outside", "on the platform", "with an endpoint"])
def test_a_server_that_is_never_asked_loads_next_to_nothing(
    place: str, environment: dict[str, str], jp_environ: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"outside": (), "on the platform": ("INSTANCE_ID", "PROJECT_ID"), "with an endpoint": environment}[place]
    for name in {*environment} - {*kept}:
        monkeypatch.delenv(name)

    def new(*arguments: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", NEW_MODULES, *arguments], capture_output=True, text=True, timeout=60, check=True
        )
        return set(json.loads(done.stdout.splitlines()[-1]))

    loaded = new("with") - new()
    assert loaded == (AT_REST | CHECKED if place == "with an endpoint" else AT_REST)


async def test_a_page_that_listened_before_the_first_request_is_told(
    jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
) -> None:
    # As the handler of the event socket does: to all that there is.
    seen = listen(jp_serverapp, None)

    def phases() -> list[str]:
        return [data["phase"] for schema, data in seen if schema == STOP_EVENT]

    await fetch("POST", "stop", body={"instance_id": simulator.instance_id, "save": "none"})
    await until_async(lambda: "stopped" in phases())
    assert phases()[:2] == ["stopping", "accepted"]


def test_the_package_imports_without_jupyter_server() -> None:
    code = (
        "import sys; sys.modules['jupyter_server'] = None; sys.modules['tornado'] = None;"
        "import jupyter_notebook_stop, jupyter_notebook_stop.policy.instance, jupyter_notebook_stop.modelarts.client;"
        "import jupyter_notebook_stop.config, jupyter_notebook_stop.cli; print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "fine"
