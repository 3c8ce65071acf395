"""What the first request loads: once, beside the event loop, and again if it fails."""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import threading
from typing import Any, Iterator

import pytest
from tornado.httpclient import HTTPClientError

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import NotInInstanceError
from jupyter_notebook_stop.modelarts.identity import find_identity
from jupyter_notebook_stop.server import app as server_app
from jupyter_notebook_stop.server import runtime as server_runtime
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT, until_async
from .conftest import Fetch


def extension_of(serverapp: Any) -> Any:
    return next(iter(serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))


@pytest.fixture
def app(jp_serverapp: Any) -> Any:
    return extension_of(jp_serverapp)


class Gate:
    """Counts how often the runtime is loaded, and holds it up until it is opened."""

    def __init__(self) -> None:
        self.loads = 0
        self.threads: list[threading.Thread] = []
        self.open = threading.Event()

    def make_settings(self, **given: Any) -> NotebookStop:
        self.loads += 1
        self.threads.append(threading.current_thread())
        assert self.open.wait(LIMIT)
        return NotebookStop(**given)


@pytest.fixture
def gate(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    kind = type(app)
    monkeypatch.setattr(kind, "stop_config", property(lambda self: gate.make_settings(parent=self)))
    yield gate
    gate.open.set()


async def test_it_is_made_once_and_beside_the_event_loop(
    app: Any, gate: Gate, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, made = [], []
    load, make = type(app).load, server_runtime.Runtime.__init__

    async def counted_load(self: Any) -> server_runtime.Runtime:
        arrived.append(self)
        runtime: server_runtime.Runtime = await load(self)
        return runtime

    def counted_make(self: server_runtime.Runtime, *given: Any, **named: Any) -> None:
        made.append(self)
        make(self, *given, **named)

    monkeypatch.setattr(type(app), "load", counted_load)
    monkeypatch.setattr(server_runtime.Runtime, "__init__", counted_make)
    assert app.runtime is None
    asking = [asyncio.ensure_future(fetch("GET", "instance", params={"cloud": "false"})) for _ in range(5)]
    await until_async(lambda: gate.loads and len(arrived) == 5)
    assert app.runtime is None
    gate.open.set()
    assert [status for status, _ in await asyncio.gather(*asking)] == [200] * 5
    runtime = app.runtime
    # A second one would have a policy, and so a stop, of its own.
    assert made == [runtime]
    assert gate.threads[0] is not threading.main_thread()
    loads = gate.loads
    assert (await fetch("GET", "instance"))[0] == 200
    assert app.runtime is runtime
    assert gate.loads == loads


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (ImportError("no module named x"), "run pip check: no module named x"),
        (ZeroDivisionError("by nothing"), "ZeroDivisionError: by nothing"),
    ],
)
async def test_an_error_is_told_and_the_next_request_tries_again(
    error: Exception,
    logged: str,
    app: Any,
    fetch: Fetch,
    simulator: ThreadedSimulator,
    monkeypatch: pytest.MonkeyPatch,
    extension_log: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(server_runtime.Runtime, "__init__", fail)
        for method, path in (("GET", "instance"), ("POST", "stop"), ("PUT", "stop/a/tabs/b")):
            extension_log.clear()
            status, problem = await fetch(method, *path.split("/"))
            assert (status, problem["code"]) == (500, "not_loaded")
            assert "run pip check" in problem["remedy"]
            assert str(error) not in json.dumps(problem)
            told = [record for record in extension_log.records if "jupyter_notebook_stop" in record.getMessage()]
            assert [record.levelno for record in told] == [logging.ERROR]
            assert logged in extension_log.text
        assert app.runtime is None
    status, answer = await fetch("POST", "stop", body={"instance_id": simulator.instance_id, "save": "none"})
    assert (status, answer["attempt"]["phase"]) == (202, "accepted")


async def test_who_waits_when_the_server_ends_is_told(app: Any, gate: Gate, fetch: Fetch) -> None:
    asking = asyncio.ensure_future(fetch("GET", "instance"))
    await until_async(lambda: gate.loads)
    await app.stop_extension()
    assert (await asking)[0] == 503
    gate.open.set()
    for thread in gate.threads:
        await asyncio.get_running_loop().run_in_executor(None, thread.join, LIMIT)
    status, problem = await fetch("GET", "instance")
    assert (status, problem["code"]) == (503, "not_loaded")
    assert app.runtime is None, "nobody would close it"


@pytest.mark.parametrize("path", ["instances", "x/instance", "stop/a/tabs", "stop/a/b/c/d"])
async def test_there_is_no_other_route(path: str, fetch: Fetch) -> None:
    status, problem = await fetch("GET", *path.split("/"))
    assert (status, problem["code"]) == (404, "http_404")


async def test_without_a_token_nothing_is_told_of_routes(jp_serverapp: Any, http_server_client: Any) -> None:
    for path in ("instance", "nothing"):
        with pytest.raises(HTTPClientError) as caught:
            await http_server_client.fetch(f"{jp_serverapp.base_url}jupyter-notebook-stop/{path}")
        assert caught.value.code == 403


class TestInstanceDetection:
    """Servers in which little or nothing looks like an instance."""

    @pytest.fixture
    def environment(self) -> dict[str, str]:
        return {}

    def test_what_is_told_without_looking_closely_is_what_would_be_found(self) -> None:
        with pytest.raises(NotInInstanceError) as caught:
            find_identity(NotebookStop(), environ={}, hostname="laptop", base_url="/")
        assert str(caught.value.message) == server_app.NOT_DETECTED
        assert NotebookStop().schedule_enabled

    def test_nothing_else_is_looked_at(self, jp_serverapp: Any) -> None:
        option = json.loads(jp_serverapp.web_app.settings["page_config_data"]["jupyterNotebookStop"])
        assert option["reason"] == server_app.NOT_DETECTED

    @pytest.mark.parametrize("source", ["hostname", "INSTANCE_ID", "base_url"])
    def test_each_source_is_seen(self, source: str, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        found = "f9937afa-4451-42db-a76b-72d624749f66"
        assert not app._find_page_option()["available"]
        if source == "INSTANCE_ID":
            monkeypatch.setenv(source, found)
        elif source == "hostname":
            monkeypatch.setattr("socket.gethostname", lambda: f"notebook-{found}-0")
        else:
            monkeypatch.setattr(app.serverapp, "base_url", f"/a/{found}/")
        assert app._find_page_option() == app._page_option_of_identity(None)
        assert app._find_page_option() == {"available": True, "instance_id": found, "scheduling": True}


class TestSettingsInTheirOwnFile:
    """A server whose settings for this extension lie in the file that cells and the terminal read too."""

    @pytest.fixture
    def environment(self) -> dict[str, str]:
        return {}

    @pytest.fixture
    def jp_config_dir(self, jp_config_dir: pathlib.Path) -> pathlib.Path:
        settings = {"instance_id": "11111111-1111-4111-8111-111111111111", "schedule_enabled": False}
        path = jp_config_dir / "jupyter_notebook_stop_config.json"
        path.write_text(json.dumps({"NotebookStop": settings}), encoding="utf-8")
        return jp_config_dir

    def test_they_count(self, app: Any) -> None:
        assert app._page_option == {
            "available": True,
            "instance_id": "11111111-1111-4111-8111-111111111111",
            "scheduling": False,
        }
        assert app.stop_config.poll_interval == 0.05, "what the server was given counts as well"
