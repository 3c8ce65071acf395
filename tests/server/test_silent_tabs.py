"""The roll call: who is missed if they do not answer, and when nobody is left to wait for."""

from __future__ import annotations

import asyncio
from typing import Any, Iterator

import pytest

from jupyter_notebook_stop.server import roll_call
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..waiting import LIMIT
from .conftest import Fetch
from .listening import listen
from .test_saving import known, report, saving, stopping

__all__ = ["known"]


class TestSilentTabs:
    """A page that holds a kernel does not answer the roll call."""

    @pytest.fixture
    def stop_config(self) -> dict[str, Any]:
        return {"poll_interval": 0.05, "roll_call_timeout": 0.3, "save_timeout": 60.0}

    @pytest.fixture
    def kernel(self, jp_serverapp: Any, jp_asyncio_loop: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        monkeypatch.setattr(roll_call, "SILENT_GRACE", 1.0)
        kernels = jp_serverapp.kernel_manager
        session: dict[str, Any] = jp_asyncio_loop.run_until_complete(
            jp_serverapp.session_manager.create_session(
                path="train.ipynb", name="train.ipynb", type="notebook", kernel_name="python3"
            )
        )
        kernel_id: str = session["kernel"]["id"]
        kernels.notify_connect(kernel_id)
        yield kernel_id
        jp_asyncio_loop.run_until_complete(kernels.shutdown_kernel(kernel_id, now=True))

    async def test_who_asks_is_told_and_chooses(self, kernel: str, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        status, problem = await stopping(fetch, simulator)
        assert (status, problem["code"], problem["kind"]) == (409, "silent_tabs", "SaveError")
        assert problem["documents"] == [{"path": "train.ipynb", "reason": "open in a page that did not respond"}]
        assert simulator.count("stop") == 0
        status, answer = await stopping(fetch, simulator, silent="ignore")
        assert (status, answer["attempt"]["silent"]) == (202, "ignore")

    async def test_a_tab_that_holds_the_kernel_is_enough(
        self, kernel: str, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        task = stopping(fetch, simulator, tab="t1")
        await saving(fetch)
        await fetch("PUT", "stop", "a1", "tabs", "t1", body={"state": "here", "kernels": [kernel]})
        await report(fetch, "t1", "saved")
        assert (await task)[0] == 202

    async def test_a_second_page_with_the_same_kernel_is_missed(
        self, kernel: str, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        jp_serverapp.kernel_manager.notify_connect(kernel)
        task = stopping(fetch, simulator, tab="t1")
        await saving(fetch)
        await fetch("PUT", "stop", "a1", "tabs", "t1", body={"state": "saved", "kernels": [kernel]})
        status, problem = await task
        assert (status, problem["code"]) == (409, "silent_tabs")

    async def test_a_page_that_is_late_is_waited_for(
        self, kernel: str, fetch: Fetch, simulator: ThreadedSimulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(roll_call, "SILENT_GRACE", 60.0)
        task = stopping(fetch, simulator)
        await saving(fetch)
        await asyncio.sleep(0.6)
        await fetch("PUT", "stop", "a1", "tabs", "t1", body={"state": "here", "kernels": [kernel]})
        await report(fetch, "t1", "saved")
        assert (await task)[0] == 202

    async def test_without_saving_nobody_is_missed(
        self, kernel: str, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        assert (await stopping(fetch, simulator, save="none"))[0] == 202

    async def test_a_closed_browser_is_not_missed(
        self, kernel: str, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        jp_serverapp.kernel_manager.notify_disconnect(kernel)
        assert (await stopping(fetch, simulator))[0] == 202

    async def test_a_page_of_an_older_version_does_not_count(
        self, kernel: str, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        task = stopping(fetch, simulator, tab="t1")
        await saving(fetch)
        await report(fetch, "t1", "saved")
        assert (await task)[0] == 202

    async def test_a_setting_ignores_them(
        self, kernel: str, jp_serverapp: Any, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        app = next(iter(jp_serverapp.extension_manager.extension_apps["jupyter_notebook_stop"]))
        (await app.load()).instance.config.silent_tabs = "ignore"
        assert (await stopping(fetch, simulator, silent="cancel"))[0] == 409
        assert (await stopping(fetch, simulator))[0] == 202


class TestTabsThatListen:
    """Tabs that were told of the attempt by the event: once all of them have answered, nobody else is waited for."""

    @pytest.fixture
    def stop_config(self) -> dict[str, Any]:
        # Whoever waits until this is over fails.
        return {"poll_interval": 0.05, "roll_call_timeout": LIMIT * 10, "save_timeout": 60.0}

    @pytest.fixture
    def listeners(self, jp_serverapp: Any) -> int:
        """Two tabs with an event socket each."""
        for _ in range(2):
            listen(jp_serverapp, None)
        return 2

    async def test_it_ends_when_all_have_answered(
        self, listeners: int, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        task = stopping(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "saved", heard="event") == 204
        assert await report(fetch, "t1", "saved", heard="event") == 204
        assert await report(fetch, "t2", "here", heard="event") == 204
        assert await report(fetch, "t2", "saved") == 204
        assert (await task)[0] == 202

    async def test_one_that_looked_does_not_stand_for_one_that_is_slow(
        self, listeners: int, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        task = stopping(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "saved", heard="event") == 204
        # Its event socket is lost, so that it is none of the two that listened.
        assert await report(fetch, "t3", "saved", heard="look") == 204
        await asyncio.sleep(0.5)
        assert simulator.count("stop") == 0
        assert await report(fetch, "slow", "failed", {"path": "a.txt"}, heard="event") == 204
        assert (await task)[1]["code"] == "save_failed"
        assert simulator.count("stop") == 0

    async def test_an_earlier_attempt_does_not_count(
        self, listeners: int, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        task = stopping(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "failed", heard="event") == 204
        assert await report(fetch, "t2", "saved", heard="event") == 204
        assert (await task)[0] == 409
        again = stopping(fetch, simulator, attempt="a2")
        await saving(fetch)
        await asyncio.sleep(0.5)
        assert simulator.count("stop") == 0
        await fetch("DELETE", "stop", "a2")
        assert (await again)[0] == 409

    async def test_without_a_listener_the_whole_time_is_waited(
        self, fetch: Fetch, simulator: ThreadedSimulator
    ) -> None:
        task = stopping(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "saved", heard="look") == 204
        await asyncio.sleep(0.5)
        assert simulator.count("stop") == 0
        await fetch("DELETE", "stop", "a1")
        assert (await task)[0] == 409

    async def test_how_it_was_learned_is_checked(self, fetch: Fetch, simulator: ThreadedSimulator) -> None:
        task = stopping(fetch, simulator)
        await saving(fetch)
        assert await report(fetch, "t1", "saved", heard="rumour") == 400
        await fetch("DELETE", "stop", "a1")
        await task
