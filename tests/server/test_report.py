"""``GET report``: what a server tells of itself."""

from __future__ import annotations

import logging
import pathlib
from typing import Any

import pytest

from jupyter_notebook_stop.errors import PermissionDeniedError
from jupyter_notebook_stop.pseudonyms import UserName
from jupyter_notebook_stop.redaction import one_line
from jupyter_notebook_stop.server.log_lines import MAX_LINES, LastLines
from jupyter_notebook_stop.simulator import Refuse, ThreadedSimulator

from .conftest import Fetch


async def test_it_tells_versions_variables_answers_and_log(
    fetch: Fetch, simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELARTS_SOMETHING_NEW", "a value of its own")
    monkeypatch.setenv("UNRELATED", "x")
    status, report = await fetch("GET", "report")
    assert (status, report["answers"]) == (200, [])
    assert simulator.count() == 0, "the report called the cloud"
    await fetch("GET", "instance")
    simulator.faults.add("stop", Refuse(403, "ModelArts.0112"))
    await fetch("POST", "stop", body={"instance_id": simulator.instance_id, "save": "none"})
    _, report = await fetch("GET", "report")
    assert {"python", "platform", "jupyter_server", "jupyter_notebook_stop"} <= set(report["versions"])
    assert {"INSTANCE_ID", "MODELARTS_SOMETHING_NEW", "HUAWEICLOUD_SDK_SK"} <= set(report["variables"])
    assert "UNRELATED" not in report["variables"]
    shown = {(answer["operation"], answer["status"]): answer for answer in report["answers"]}
    assert set(shown) == {("GET notebook", 200), ("POST stop", 403)}
    assert "status - RUNNING" in shown["GET notebook", 200]["fields"]
    assert "error_code - ModelArts.0112" in shown["POST stop", 403]["fields"]
    assert any("PermissionDeniedError [ModelArts.0112, HTTP 403]" in line for line in report["log"])
    said = str(report)
    for hidden in (simulator.instance_id, simulator.project_id, "simulated-notebook", "a value of its own"):
        assert hidden not in said


async def test_a_line_of_the_log_has_what_is_ours(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    log = logging.getLogger("jupyter_notebook_stop")
    await fetch("GET", "instance")
    try:
        raise KeyError("what-was-in-it")
    except KeyError:
        log.exception("It failed for %s", simulator.instance_id)
    log.error("%s and %d", PermissionDeniedError("alice may not", code="ModelArts.1", status=403), 5)
    log.error("%s of simulated-notebook", OSError("/home/alice/x"))
    log.error("%(name)s is wrong", {"name": "one"})
    _, report = await fetch("GET", "report")
    lines = [line.partition(" ERROR ")[2] for line in report["log"] if " ERROR " in line]
    assert (
        lines
        == [
            "It failed for <instance-id> (KeyError at another place)",
            "PermissionDeniedError [ModelArts.1, HTTP 403] and 5",
            "OSError of <text of name>",
            "one is wrong",
        ]
        or report["log"][-1] == "a line that cannot be shown"
    )
    assert "alice" not in str(report)
    assert "what-was-in-it" not in str(report)


def record(name: str, message: str, *arguments: Any, error: Any = None, path: str = "x.py") -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, path, 1, message, arguments, trace)


def test_of_others_only_what_went_wrong_here_is_kept() -> None:
    lines = LastLines()
    ours = "jupyter_notebook_stop"
    lines.keep(record("NotebookStopExtension", "Uncaught exception for %s", "alice"))
    lines.keep(record("NotebookStopExtension", "Uncaught exception for %s", "alice", error=KeyError("bob")))
    lines.keep(record(ours, "%d is wrong", "none"))
    lines.keep(record("NotebookStopExtension", "told by us", path=f"/x/{ours}/server/app.py"))
    lines.keep(record(ours, "by %s in %s", UserName("alice"), pathlib.Path("/data/bob/schedule.json")))
    try:
        one_line(5)  # type: ignore[arg-type]
    except TypeError as caught:
        lines.keep(record(ours, "failed", error=caught))
    told = [line.partition(" ")[2] for line in lines.lines]
    assert told[4].startswith("ERROR failed (TypeError at ")
    assert "redaction.py:" in told[4]
    assert told[:4] == [
        "ERROR uncaught (KeyError at another place)",
        "line that cannot be shown",
        "ERROR told by us",
        "ERROR by <user> in schedule.json",
    ]
    for number in range(100):
        lines.keep(record(ours, "%d", number))
    assert lines.lines[-1].endswith("ERROR 99")
    assert len(lines.lines) == MAX_LINES


@pytest.fixture
def outside(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSTANCE_ID")


async def test_outside_an_instance_too(outside: None, fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, report = await fetch("GET", "report")
    assert status == 200
    assert any("is disabled" in line for line in report["log"])
    assert "INSTANCE_ID" not in report["variables"]


async def test_after_the_server_nothing_listens(jp_serverapp: Any, fetch: Fetch) -> None:
    log = logging.getLogger("jupyter_notebook_stop")
    extension = jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"].copy().pop()
    assert extension.line_handler in log.handlers
    await extension.stop_extension()
    assert extension.line_handler not in log.handlers
