"""What is optional fails: the routes work on, and nobody is told wrong."""

from __future__ import annotations

import inspect
import json
import logging
import pathlib
import sys
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
from jupyter_events import EventLogger
from jupyter_server.extension.manager import ExtensionManager

from jupyter_notebook_stop import errors
from jupyter_notebook_stop.errors import NotebookStopError
from jupyter_notebook_stop.notebook.local_api import error_of
from jupyter_notebook_stop.schema import Problem
from jupyter_notebook_stop.server import app as server_app
from jupyter_notebook_stop.server import events
from jupyter_notebook_stop.server.activity import Activity
from jupyter_notebook_stop.server.events import (
    ATTEMPT_EVENT,
    SCHEDULE_EVENT,
    STOP_EVENT,
    DeferredSchema,
    register_schemas,
)
from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import Fetch


class TestNoEvents:
    """A server whose event bus takes none of our schemas."""

    @pytest.fixture(autouse=True)
    def refused(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        def refuse(*_: Any) -> None:
            raise ValueError("not this schema")

        monkeypatch.setattr(server_app, "register_schemas", refuse)

    async def test_the_routes_work_and_one_warning_says_why(
        self, capfd: pytest.CaptureFixture[str], fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        warnings = [line for line in capfd.readouterr().err.splitlines() if line.startswith("[W") and "stop" in line]
        assert len(warnings) == 1
        assert warnings[0].endswith("open tabs cannot be asked to save: ValueError: not this schema")
        status, view = await fetch("GET", "instance")
        assert (status, view["status"]) == (200, "RUNNING")
        status, _ = await fetch("POST", "stop", body={"instance_id": simulator.instance_id, "save": "none"})
        assert status == 202

    async def test_no_tab_loses_what_it_was_not_asked_to_save(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        status, problem = await fetch("POST", "stop", body={"instance_id": simulator.instance_id})
        assert (status, problem["code"]) == (409, "save_failed")
        assert "stop without saving" in problem["remedy"]
        assert simulator.count() == 0


class TestNoKernelEvents:
    """A server whose kernels cannot be observed from their start."""

    @pytest.fixture(autouse=True)
    def deaf(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Activity, "listen", None)

    async def test_a_stop_works(self, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        assert STOP_EVENT in jp_serverapp.event_logger.schemas
        status, view = await fetch("GET", "instance")
        assert (status, view["at_risk"]) == (200, {"kernels": [], "terminals": []})
        assert (await fetch("POST", "stop", body={"instance_id": simulator.instance_id}))[0] == 202


async def test_an_accepted_stop_is_told_although_the_activity_is_not_known(
    jp_serverapp: Any,
    fetch: Fetch,
    simulator: ThreadedSimulator,
    monkeypatch: pytest.MonkeyPatch,
    extension_log: pytest.LogCaptureFixture,
) -> None:
    def broken() -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(jp_serverapp.session_manager, "list_sessions", broken)
    status, answer = await fetch("POST", "stop", body={"instance_id": simulator.instance_id, "save": "none"})
    assert (status, answer["attempt"]["phase"]) == (202, "accepted")
    assert answer["instance"]["at_risk"] == {"kernels": [], "terminals": []}
    assert "Could not find out what a stop would interrupt" in extension_log.text


@pytest.mark.parametrize("schema_id", [STOP_EVENT, ATTEMPT_EVENT, SCHEDULE_EVENT])
def test_a_schema_is_parsed_at_its_first_use(schema_id: str) -> None:
    bus = EventLogger()
    register_schemas(bus)
    schema = bus.schemas.get(schema_id)
    assert isinstance(schema, DeferredSchema)
    assert "_parsed" not in vars(schema)
    with pytest.raises(jsonschema.ValidationError, match="is a required property"):
        schema.validate({})
    assert schema.id == json.loads(repr(schema))["$id"] == schema_id
    assert str(schema.version) == "1"
    assert "instance_id" in json.loads(repr(schema))["properties"]


def test_old_event_buses_take_the_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    def old(schema: dict[str, Any]) -> Any:
        # What jupyter_events up to 0.10 takes.
        if not isinstance(schema["version"], int):
            raise ValueError("'1' is not of type 'integer'")
        return schema

    monkeypatch.setattr(events, "EventSchema", old)
    for path in (pathlib.Path(events.__file__).parent / "events").iterdir():
        parsed: Any = DeferredSchema("", path.name)._parsed
        assert parsed["version"] == 1


@pytest.mark.parametrize("listener", [Activity._on_kernel_action, server_app.NotebookStopExtension._on_kernel_action])
def test_old_event_buses_take_the_listener(listener: Any) -> None:
    parameters = inspect.signature(listener).parameters
    found = [(name, each.annotation) for name, each in parameters.items() if name != "self"]
    assert found == [("logger", EventLogger), ("schema_id", str), ("data", dict)]
    assert inspect.signature(listener).return_annotation is None


def test_a_server_that_is_too_old_says_so_and_loads_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # What an import of something that is not there yet comes to.
    monkeypatch.setitem(sys.modules, "jupyter_notebook_stop.server.app", None)
    manager: Any = ExtensionManager(log=logging.getLogger())
    assert not manager.add_extension("jupyter_notebook_stop", enabled=True)
    assert manager.add_extension("jupyter_server_terminals", enabled=True)
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "does not load with what is installed here; run pip check" in record.getMessage()
    assert list(manager.extensions) == ["jupyter_server_terminals"]


KINDS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, NotebookStopError)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cell_gets_the_exception_that_the_server_raised(
    jp_serverapp: Any,
    fetch: Fetch,
    simulator: ThreadedSimulator,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[NotebookStopError],
) -> None:
    async def refuse() -> Any:
        raise kind("No.", remedy="Do it.")

    app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    monkeypatch.setattr((await app.load()).instance.connection, "connect", refuse)
    body = {"instance_id": simulator.instance_id, "save": "none"}
    status, answer = await fetch("POST", "stop", body=body)
    error = error_of(msgspec.convert(answer, Problem), status)
    assert (type(error), error.message, error.remedy) == (kind, "No.", "Do it.")
    _, view = await fetch("GET", "instance")
    assert type(error_of(msgspec.convert(view["attempt"]["error"], Problem))) is kind
