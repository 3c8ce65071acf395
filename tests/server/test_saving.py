"""The roll call: a tab that is there and does not save cancels the stop for all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.server.events import ATTEMPT_EVENT
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT, until_async
from .conftest import Fetch
from .listening import listen


@pytest.fixture(autouse=True)
def known(jp_asyncio_loop: asyncio.AbstractEventLoop, fetch: Fetch) -> None:
    """Have the instance read once: what that loads takes so long on a busy machine that the saving would be over."""
    jp_asyncio_loop.run_until_complete(fetch("GET", "instance"))


def stopping(fetch: Fetch, simulator: ThreadedSimulator, **more: Any) -> asyncio.Task[tuple[int, Any]]:
    """Ask for a stop. A `tab` that asks is known from the start: saving goes on until it reports, however late."""
    body = {"instance_id": simulator.instance_id, "attempt": "a1", **more}
    return asyncio.ensure_future(fetch("POST", "stop", body=body))


async def saving(fetch: Fetch) -> None:
    async def is_saving() -> bool:
        _, view = await fetch("GET", "instance")
        return bool(view["attempt"] and view["attempt"]["phase"] == "saving")

    await until_async(is_saving)


async def report(fetch: Fetch, tab: str, state: str, *documents: dict[str, Any], heard: str = "") -> int:
    body = {"state": state, "documents": list(documents)}
    params = {"heard": heard} if heard else {}
    status, _ = await fetch("PUT", "stop", "a1", "tabs", tab, body=body, params=params)
    return status


def config_of(serverapp: Any) -> NotebookStop:
    """Return the settings of the extension that runs in a server."""
    app = next(iter(serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
    config: NotebookStop = app.runtime.instance.config
    return config


def one_tab_listens(serverapp: Any, *, save_timeout: float) -> None:
    """Have the roll call go on until one tab has reported, however late, and saving end soon after that."""
    config = config_of(serverapp)
    config.roll_call_timeout, config.save_timeout = LIMIT, save_timeout
    listen(serverapp, None)


async def test_nobody_answers_and_the_stop_goes_on(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, answer = await stopping(fetch, simulator)
    assert status == 202
    assert answer["attempt"]["tabs"] == []


async def test_all_tabs_save(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator, tab="t1")
    await saving(fetch)
    for tab in ("t1", "t2"):
        assert await report(fetch, tab, "here") == 204
    assert await report(fetch, "t1", "saved") == 204
    await asyncio.sleep(0.6)
    assert simulator.count("stop") == 0
    assert await report(fetch, "t2", "saved") == 204
    status, answer = await task
    assert status == 202
    assert {tab["id"]: tab["state"] for tab in answer["attempt"]["tabs"]} == {"t1": "saved", "t2": "saved"}
    assert simulator.count("stop") == 1


async def test_a_tab_that_fails_cancels_for_all(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator, tab="t1")
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


async def test_a_tab_that_is_there_and_silent_cancels_for_all(
    jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
) -> None:
    one_tab_listens(jp_serverapp, save_timeout=1.0)
    task = stopping(fetch, simulator)
    await saving(fetch)
    assert await report(fetch, "t1", "here", {"path": "big.txt"}, heard="event") == 204
    status, problem = await task
    assert (status, problem["code"]) == (409, "save_failed")
    assert "did not report" in problem["message"]
    assert problem["documents"] == [{"path": "big.txt", "reason": "no report in time"}]
    assert simulator.count("stop") == 0


async def test_the_clicking_tab_counts_as_there(jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator) -> None:
    config_of(jp_serverapp).save_timeout = 1.0
    status, problem = await stopping(fetch, simulator, tab="clicker")
    assert (status, problem["code"]) == (409, "save_failed")
    assert simulator.count("stop") == 0


async def test_without_saving_nobody_is_asked(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    status, answer = await stopping(fetch, simulator, save="none", tab="clicker")
    assert status == 202
    assert answer["attempt"]["tabs"] == []


async def test_other_options_do_not_join(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator, tab="t1")
    await saving(fetch)
    body = {"instance_id": simulator.instance_id, "save": "none"}
    status, problem = await fetch("POST", "stop", body=body)
    assert (status, problem["code"]) == (409, "other_stop_under_way")
    assert "a1" in problem["message"]
    assert await report(fetch, "t1", "saved") == 204
    assert (await task)[0] == 202
    assert simulator.count("stop") == 1


async def test_cancelling_while_tabs_save(fetch: Fetch, simulator: ThreadedSimulator) -> None:
    task = stopping(fetch, simulator, tab="t1")
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


def stopping_from_cell(fetch: Fetch, simulator: ThreadedSimulator) -> asyncio.Task[tuple[int, Any]]:
    body = {"instance_id": simulator.instance_id, "attempt": "a1", "source": "cell", "kernel": "k1", "tab": "t1"}
    return asyncio.ensure_future(fetch("POST", "stop", body=body, params={"cell_ends": "true"}))


async def cell_may_end(fetch: Fetch) -> None:
    async def may_end() -> bool:
        _, view = await fetch("GET", "instance")
        return bool(view["attempt"]["cell"] == "may_end")

    await until_async(may_end)


async def recorded(seen: list[tuple[str, dict[str, Any]]], outcome: str, *, tabs: list[dict[str, str]]) -> bool:
    return [(record["outcome"], record["tabs"]) for _, record in seen] == [(outcome, tabs)]


class TestCellThatEnds:
    """A tab that shows the calling cell saves once more when the cell has ended."""

    @pytest.fixture
    def stop_config(self) -> dict[str, Any]:
        return {"poll_interval": 0.05, "roll_call_timeout": 0.3, "save_timeout": 60.0, "cell_timeout": 60.0}

    async def test_the_tab_saves_twice(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        task = stopping_from_cell(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t2", "here") == 204
        waiting = asyncio.ensure_future(report(fetch, "t1", "waiting"))
        _, view = await fetch("GET", "instance")
        assert view["attempt"]["cell"] == "running"
        await report(fetch, "t2", "saved")
        await cell_may_end(fetch)
        assert simulator.count("stop") == 0
        assert await report(fetch, "t1", "saved") == 204
        status, answer = await task
        assert (status, answer["attempt"]["phase"]) == (202, "accepted")
        assert await waiting == 204
        assert simulator.count("stop") == 1

    async def test_what_would_be_refused_is_told_before_the_cell_may_end(
        self, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        seen = listen(jp_serverapp, ATTEMPT_EVENT)
        simulator.instance.status = "SNAPSHOTTING"
        task = stopping_from_cell(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "waiting") == 204
        status, problem = await task
        assert (status, problem["kind"]) == (409, "InstanceStateError")
        _, view = await fetch("GET", "instance")
        assert (view["attempt"]["phase"], view["attempt"]["cell"]) == ("refused", "running")
        await until_async(lambda: recorded(seen, "refused", tabs=[{"id": "t1", "state": "waiting"}]))

    async def test_a_last_save_that_fails_cancels(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        task = stopping_from_cell(fetch, simulator)
        await saving(fetch)
        waiting = asyncio.ensure_future(report(fetch, "t1", "waiting"))
        await cell_may_end(fetch)
        await report(fetch, "t1", "failed", {"path": "a.ipynb", "reason": "the disk is full"})
        status, problem = await task
        assert (status, problem["code"]) == (409, "save_failed")
        assert problem["documents"] == [{"path": "a.ipynb", "reason": "the disk is full"}]
        assert await waiting == 204
        assert simulator.count("stop") == 0

    async def test_cancelling_while_the_cell_may_end(
        self, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        seen = listen(jp_serverapp, ATTEMPT_EVENT)
        task = stopping_from_cell(fetch, simulator)
        await saving(fetch)
        waiting = asyncio.ensure_future(report(fetch, "t1", "waiting"))
        await cell_may_end(fetch)
        assert (await fetch("DELETE", "stop", "a1"))[0] == 204
        status, problem = await task
        assert (status, problem["code"]) == (409, "cancelled")
        assert await waiting == 204
        await until_async(lambda: recorded(seen, "cancelled", tabs=[{"id": "t1", "state": "waiting"}]))
        assert simulator.count("stop") == 0

    async def test_without_a_cell_that_ends_nobody_waits(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        task = stopping(fetch, simulator, source="cell", kernel="k1", tab="t1")
        await saving(fetch)
        assert await report(fetch, "t1", "waiting") == 204
        status, answer = await task
        assert status == 202
        assert [tab["state"] for tab in answer["attempt"]["tabs"]] == ["saved"]

    async def test_a_malformed_query_is_400(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        body = {"instance_id": simulator.instance_id}
        status, problem = await fetch("POST", "stop", body=body, params={"cell_ends": "maybe"})
        assert (status, problem["code"]) == (400, "bad_request")


class TestCellThatGoesOn:
    """A cell does not hold up the stop that it has requested."""

    @pytest.fixture
    def stop_config(self) -> dict[str, Any]:
        return {"poll_interval": 0.05, "roll_call_timeout": 0.3, "save_timeout": 60.0, "cell_timeout": 0.3}

    async def test_the_tab_is_told_when_the_wait_is_over(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        task = stopping_from_cell(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "waiting") == 204
        _, view = await fetch("GET", "instance")
        assert (view["attempt"]["phase"], view["attempt"]["cell"]) == ("saving", "over")
        assert await report(fetch, "t1", "saved") == 204
        assert (await task)[0] == 202

    async def test_a_tab_that_does_not_save_again_cancels(
        self, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        one_tab_listens(jp_serverapp, save_timeout=1.0)
        task = stopping_from_cell(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "waiting", heard="event") == 204
        status, problem = await task
        assert (status, problem["code"]) == (409, "save_failed")
        assert simulator.count("stop") == 0
