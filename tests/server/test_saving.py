"""The roll call: a tab that is there and does not save cancels the stop for all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import until_async
from .conftest import Fetch


def stopping(fetch: Fetch, simulator: ThreadedSimulator, **more: Any) -> asyncio.Task[tuple[int, Any]]:
    body = {"instance_id": simulator.instance_id, "attempt": "a1", **more}
    return asyncio.ensure_future(fetch("POST", "stop", body=body))


async def saving(fetch: Fetch) -> None:
    async def is_saving() -> bool:
        _, view = await fetch("GET", "instance")
        return bool(view["attempt"] and view["attempt"]["phase"] == "saving")

    await until_async(is_saving)


async def report(fetch: Fetch, tab: str, state: str, *documents: dict[str, Any]) -> int:
    status, _ = await fetch("PUT", "stop", "a1", "tabs", tab, body={"state": state, "documents": list(documents)})
    return status


async def test_nobody_answers_and_the_stop_goes_on(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, answer = await stopping(fetch, simulator)
    assert status == 202
    assert answer["attempt"]["tabs"] == []


async def test_all_tabs_save(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator)
    await saving(fetch)
    for tab in ("t1", "t2"):
        assert await report(fetch, tab, "here") == 204
    assert await report(fetch, "t1", "saved") == 204
    await asyncio.sleep(1.3)
    assert simulator.count("stop") == 0
    assert await report(fetch, "t2", "saved") == 204
    status, answer = await task
    assert status == 202
    assert {tab["id"]: tab["state"] for tab in answer["attempt"]["tabs"]} == {"t1": "saved", "t2": "saved"}
    assert simulator.count("stop") == 1


async def test_a_tab_that_fails_cancels_for_all(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator)
    await saving(fetch)
    await report(fetch, "t1", "here")
    await report(fetch, "t1", "failed", {"path": "a.ipynb", "reason": "read-only"})
    status, problem = await task
    assert (status, problem["code"]) == (409, "save_failed")
    assert problem["documents"] == [{"path": "a.ipynb", "reason": "read-only"}]
    assert simulator.count("stop") == 0
    _, view = await fetch("GET", "instance")
    assert view["attempt"]["phase"] == "cancelled"
    assert view["status"] == "RUNNING"


async def test_a_tab_that_is_there_and_silent_cancels_for_all(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator)
    await saving(fetch)
    await report(fetch, "t1", "here", {"path": "big.txt"})
    status, problem = await task
    assert (status, problem["code"]) == (409, "save_failed")
    assert "did not report" in problem["message"]
    assert problem["documents"] == [{"path": "big.txt", "reason": "no report in time"}]
    assert simulator.count("stop") == 0


async def test_the_clicking_tab_counts_as_there(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, problem = await stopping(fetch, simulator, tab="clicker")
    assert (status, problem["code"]) == (409, "save_failed")
    assert simulator.count("stop") == 0


async def test_without_saving_nobody_is_asked(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, answer = await stopping(fetch, simulator, save="none", tab="clicker")
    assert status == 202
    assert answer["attempt"]["tabs"] == []


async def test_other_options_do_not_join(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator)
    await saving(fetch)
    body = {"instance_id": simulator.instance_id, "save": "none"}
    status, problem = await fetch("POST", "stop", body=body)
    assert (status, problem["code"]) == (409, "other_stop_under_way")
    assert "a1" in problem["message"]
    assert (await task)[0] == 202
    assert simulator.count("stop") == 1


async def test_cancelling_while_tabs_save(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator)
    await saving(fetch)
    assert (await fetch("DELETE", "stop", "a1"))[0] == 204
    status, problem = await task
    assert (status, problem["code"]) == (409, "cancelled")
    assert simulator.count("stop") == 0
    assert await report(fetch, "t1", "here") == 409
    assert (await fetch("DELETE", "stop", "a1"))[0] == 409


@pytest.mark.parametrize(
    "body", [{}, {"state": "gone"}, {"state": "here", "documents": [{"reason": "x"}]}, {"state": "here", "more": 1}]
)
async def test_a_malformed_report_is_400(fetch: Fetch, simulator: ThreadedSimulator, body: dict[str, Any]) -> None:
    task = stopping(fetch, simulator)
    await saving(fetch)
    status, _ = await fetch("PUT", "stop", "a1", "tabs", "t1", body=body)
    assert status == 400
    await task
