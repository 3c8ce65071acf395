"""The local REST API, against the stand-in."""

from __future__ import annotations

import asyncio
import socket
import urllib.parse
import uuid
from typing import Any

import pytest

from jupyter_notebook_stop.simulator import Delay, Refuse, ThreadedSimulator

from .conftest import Fetch


def stop_body(simulator: ThreadedSimulator, **more: Any) -> dict[str, Any]:
    return {"instance_id": simulator.instance_id, "save": "none", **more}


async def until_phase(fetch: Fetch, phase: str) -> dict[str, Any]:
    for _ in range(2000):
        _, view = await fetch("GET", "instance")
        if view["attempt"] and view["attempt"]["phase"] == phase:
            return dict(view)
        await asyncio.sleep(0.02)
    raise AssertionError(f"never {phase}: {view['attempt']}")


async def test_the_view_says_who_and_how(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, view = await fetch("GET", "instance")
    assert status == 200
    assert view["available"] is True
    assert view["id"] == simulator.instance_id
    assert view["project_id"] == simulator.project_id
    assert view["region"] == simulator.region
    assert view["status"] == "RUNNING"
    assert view["name"] == "simulated-notebook"
    assert view["mount_path"] == "/home/ma-user/work/"
    assert view["image"] == simulator.instance.document()["image"]["name"]
    assert view["sources"]["id"] == "environment variable INSTANCE_ID"
    assert view["sources"]["credentials"].startswith("environment variables HUAWEICLOUD_SDK_AK")
    assert [step["step"] for step in view["action_progress"]] == [1, 2, 3, 4]
    assert view["at_risk"] == {"kernels": [], "terminals": []}
    assert view["attempt"] is None
    assert view["error"] is None


async def test_what_is_known_is_told_without_asking_the_cloud(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, view = await fetch("GET", "instance", params={"cloud": "false"})
    assert (status, view["id"], view["status"], view["name"]) == (200, simulator.instance_id, None, None)
    assert simulator.count() == 0
    await fetch("GET", "instance")
    simulator.faults.add("show", Refuse(403))
    _, view = await fetch("GET", "instance", params={"cloud": "false"})
    assert (view["status"], view["name"], view["error"]) == ("RUNNING", "simulated-notebook", None)
    assert simulator.count() == 1


async def test_the_view_is_not_cached_by_anybody(jp_fetch: Any) -> None:
    response = await jp_fetch("jupyter-notebook-stop", "instance")
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_stop_is_accepted_and_followed_to_the_end(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, answer = await fetch("POST", "stop", body=stop_body(simulator, source="palette"))
    assert status == 202
    assert answer["attempt"]["phase"] == "accepted"
    assert answer["attempt"]["source"] == "palette"
    assert answer["instance"]["status"] == "STOPPING"
    view = await until_phase(fetch, "stopped")
    assert view["status"] == "STOPPED"
    assert [step["status"] for step in view["action_progress"]] == ["COMPLETED"] * 4
    assert simulator.count("stop") == 1


async def test_a_hundred_clicks_are_one_post(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    # Ten are sent at a time, and the last ones still find something to join.
    simulator.instance.step_seconds = 600
    answers = await asyncio.gather(*(fetch("POST", "stop", body=stop_body(simulator)) for _ in range(100)))
    assert {status for status, _ in answers} == {202}
    assert len({answer["attempt"]["id"] for _, answer in answers}) == 1
    assert simulator.count("stop") == 1


async def test_an_instance_that_is_stopping_is_an_answer(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.instance.status = "STOPPING"
    status, answer = await fetch("POST", "stop", body=stop_body(simulator))
    assert status == 202
    assert answer["instance"]["status"] == "STOPPING"
    assert simulator.count("stop") == 0


@pytest.mark.parametrize("state", ["STARTING", "SNAPSHOTTING", "FROZEN"])
async def test_a_state_that_cannot_be_stopped_is_refused_by_name(
    fetch: Fetch, simulator: ThreadedSimulator, state: str
) -> None:
    simulator.instance.status = state
    status, problem = await fetch("POST", "stop", body=stop_body(simulator))
    assert status == 409
    assert state in problem["message"]
    assert problem["remedy"]
    assert simulator.count("stop") == 0


async def test_a_refusal_of_the_cloud_is_502_with_its_status_inside(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.settings.deny("stop")
    status, problem = await fetch("POST", "stop", body=stop_body(simulator))
    assert status == 502
    assert problem["upstream_status"] == 403
    assert problem["code"] == "ModelArts.0112"
    assert problem["request_id"].startswith("simulated-")
    assert "modelarts:notebook:stop" in problem["remedy"]
    simulator.settings.allow("stop")
    status, _ = await fetch("POST", "stop", body=stop_body(simulator))
    assert status == 202


async def test_a_cloud_out_of_reach_is_504(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    port = urllib.parse.urlsplit(simulator.endpoint).port
    simulator.stop()
    with socket.socket() as deaf:
        # Or somebody else may be given the port while it is tried again.
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deaf.bind(("127.0.0.1", port))
        status, problem = await fetch("POST", "stop", body=stop_body(simulator))
    assert status == 504
    assert problem["code"] == "connect"
    assert problem["remedy"]


async def test_an_unreadable_instance_is_still_known(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.faults.add("show", Refuse(403, "ModelArts.0112"), times=None)
    status, view = await fetch("GET", "instance")
    assert status == 200
    assert view["id"] == simulator.instance_id
    assert view["status"] is None
    assert view["error"]["upstream_status"] == 403


async def test_a_stop_that_fails_later_is_told(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    simulator.instance.stop_fails_with = "ERROR"
    status, _ = await fetch("POST", "stop", body=stop_body(simulator))
    assert status == 202
    view = await until_phase(fetch, "resumed")
    assert view["attempt"]["error"]["code"] == "stop_failed"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "bad_request"),
        ({"instance_id": 5}, "bad_request"),
        ({"save": "some"}, "bad_request"),
        ({"unknown": 1}, "bad_request"),
        ({"tab": "a b"}, "bad_request"),
        ({"attempt": "../x"}, "bad_request"),
        ({"kernel": "k" * 101}, "bad_request"),
    ],
)
async def test_a_malformed_request_is_400(
    fetch: Fetch, simulator: ThreadedSimulator, body: dict[str, Any], code: str
) -> None:
    sent = body if not body or "instance_id" in body else stop_body(simulator, **body)
    status, problem = await fetch("POST", "stop", body=sent)
    assert (status, problem["code"]) == (400, code)
    assert simulator.count() == 0


async def test_forms_and_broken_json_are_400(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    raw = f"instance_id={simulator.instance_id}".encode()
    assert (await fetch("POST", "stop", raw=raw, headers=form))[0] == 400
    assert (await fetch("POST", "stop", raw=b"{"))[0] == 400
    assert (await fetch("POST", "stop", raw=b"[" * 100_000))[0] == 400
    assert simulator.count() == 0


async def test_a_large_body_is_413(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, _ = await fetch("POST", "stop", raw=b'{"instance_id": "' + b"x" * 10_000_000 + b'"}')
    assert status == 413
    assert simulator.count() == 0


async def test_another_instance_is_never_stopped(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, problem = await fetch("POST", "stop", body={"instance_id": str(uuid.uuid4()), "save": "none"})
    assert (status, problem["code"]) == (409, "wrong_instance")
    assert simulator.count() == 0


async def test_a_stop_is_never_a_get(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, _ = await fetch("GET", "stop")
    assert status == 405
    assert simulator.count() == 0


async def test_unknown_attempts_and_tabs(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    assert (await fetch("DELETE", "stop", "nobody"))[0] == 404
    assert (await fetch("PUT", "stop", "nobody", "tabs", "t", body={"state": "here"}))[0] == 404
    assert simulator.count() == 0


LONG: list[dict[str, Any]] = [
    {"state": "failed", "documents": [{"path": "x" * 4097}]},
    {"state": "failed", "documents": [{"path": "x", "reason": "x" * 1001}]},
    {"state": "failed", "documents": [{"path": "x"}] * 1001},
    {"state": "here", "other": 1},
    {"state": "here", "documents": [{"path": "x", "other": 1}]},
]


@pytest.mark.parametrize("report", LONG, ids=lambda report: repr(report)[:60])
async def test_a_report_keeps_to_the_contract(fetch: Fetch, report: dict[str, Any]) -> None:
    status, problem = await fetch("PUT", "stop", "nobody", "tabs", "t", body=report)
    assert (status, problem["code"]) == (400, "bad_request")


async def test_an_id_chosen_by_the_caller_names_the_attempt(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    _, answer = await fetch("POST", "stop", body=stop_body(simulator, attempt="mine"))
    assert answer["attempt"]["id"] == "mine"


async def test_tabs_are_answered_at_once_however_slow_the_cloud_is(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    await fetch("GET", "instance")
    simulator.faults.add("show", Delay(seconds=3.0), times=None)
    # The tab does not report, so that saving goes on.
    body = {"instance_id": simulator.instance_id, "tab": "t1"}
    posting = asyncio.ensure_future(fetch("POST", "stop", body=body))
    view = await until_phase(fetch, "saving")
    assert view["status"] == "RUNNING"
    assert simulator.count("show") == 1
    assert (await fetch("DELETE", "stop", view["attempt"]["id"]))[0] == 204
    assert (await posting)[0] == 409
