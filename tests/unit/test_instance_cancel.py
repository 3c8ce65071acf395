"""A stop can be cancelled as long as its request was not sent, whatever it waits for; then its response counts."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any, Callable

import pytest

from jupyter_notebook_stop.errors import CancelledStopError
from jupyter_notebook_stop.modelarts.models import Notebook
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.schema import ACCEPTED, CANCELLED, STOPPED, Attempt
from jupyter_notebook_stop.simulator import Delay, Throttle

from ..held import Held
from ..waiting import until_true


async def cancelled(
    instance: ThisInstance, simulator: Any, reached: Callable[[], object], release: Callable[[], object]
) -> None:
    """Stop, cancel once it has come so far, stop again, and let go what the first one waits for."""
    attempt = Attempt(save="none")
    asking = [asyncio.ensure_future(instance.stop(each)) for each in (attempt, Attempt(save="none"))]
    await until_true(reached)
    assert await instance.cancel_unless_sent()
    for answer in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(answer, CancelledStopError)
        assert "nothing was stopped" in answer.message
    assert attempt.phase == CANCELLED
    assert simulator.instance.status == "RUNNING"
    simulator.faults.clear()
    again = asyncio.ensure_future(instance.stop(Attempt(save="none")))
    await asyncio.sleep(0)
    release()
    assert (await again).phase == ACCEPTED


def test_while_a_name_is_looked_up(
    simulator: Any, inside: Any, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, released = threading.Event(), threading.Event()
    resolve = socket.getaddrinfo

    def hang(*arguments: Any, **options: Any) -> Any:
        if not released.is_set():
            asked.set()
            released.wait(60)
        return resolve(*arguments, **options)

    async def main(instance: ThisInstance) -> None:
        attempt = Attempt(save="none")
        asking = asyncio.ensure_future(instance.stop(attempt))
        await until_true(asked.is_set)
        assert await instance.cancel_unless_sent()
        assert not released.is_set()
        with pytest.raises(CancelledStopError):
            await asking
        released.set()
        assert (await instance.stop(Attempt(save="none"))).phase == ACCEPTED

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    endpoint = f"http://localhost:{simulator.port}"
    try:
        inside.run(main, environment={**environment, "MODELARTS_ENDPOINT": endpoint}, connect_timeout=60.0)
    finally:
        released.set()


def test_while_the_instance_is_read(simulator: Any, inside: Any) -> None:
    held = Held()
    simulator.faults.add("show", held, times=None)

    async def main(instance: ThisInstance) -> None:
        # The read goes on, and the next stop shares it.
        await cancelled(instance, simulator, lambda: simulator.count("show") == 1, held.released.set)

    inside.run(main)


def test_between_two_requests_of_which_the_first_was_not_taken(simulator: Any, inside: Any) -> None:
    simulator.faults.add("stop", Throttle(retry_after=30))

    async def main(instance: ThisInstance) -> None:
        client = await instance.connection.connect()
        sleeping: list[float] = []

        async def sleep(seconds: float) -> None:
            sleeping.append(seconds)
            await asyncio.Event().wait()

        client._sleep = sleep
        await cancelled(instance, simulator, lambda: sleeping, lambda: None)

    inside.run(main)
    assert simulator.count("stop") == 2


def test_a_request_that_was_sent_is_not_cancelled(simulator: Any, inside: Any) -> None:
    held = Held()
    simulator.faults.add("stop", held)

    async def main(instance: ThisInstance) -> None:
        attempt = Attempt(save="none")
        asking = asyncio.ensure_future(instance.stop(attempt))
        await until_true(lambda: simulator.count("stop") == 1)
        assert not await instance.cancel_unless_sent()
        held.released.set()
        assert (await asking).phase == ACCEPTED
        await until_true(lambda: attempt.phase == STOPPED)

    inside.run(main)


def test_where_nothing_is_under_way_nothing_is_cancelled(simulator: Any, inside: Any) -> None:
    async def main(instance: ThisInstance) -> None:
        assert not await instance.cancel_unless_sent()
        attempt = await instance.stop(Attempt(save="none"))
        assert not await instance.cancel_unless_sent()
        await until_true(lambda: attempt.phase == STOPPED)
        assert not await instance.cancel_unless_sent()

    inside.run(main)


def test_a_stop_that_was_cancelled_is_not_cancelled_again(simulator: Any, inside: Any) -> None:
    simulator.faults.add("show", Delay(30.0), times=None)

    async def main(instance: ThisInstance) -> None:
        asking = asyncio.ensure_future(instance.stop(Attempt(save="none")))
        await until_true(lambda: simulator.count("show") == 1)
        assert await instance.cancel_unless_sent()
        assert not await instance.cancel_unless_sent()
        with pytest.raises(CancelledStopError):
            await asking

    inside.run(main, read_timeout=0.3)


def test_a_read_from_before_the_acceptance_says_nothing_about_now(simulator: Any, inside: Any) -> None:
    held = Held()
    simulator.faults.add("stop", held)

    async def main(instance: ThisInstance) -> None:
        client = await instance.connection.connect()
        read, released = client.show, asyncio.Event()

        async def late(instance_id: str) -> Notebook:
            await released.wait()
            return Notebook(id=instance_id, status="RUNNING")

        attempt = Attempt(save="none")
        asking = asyncio.ensure_future(instance.stop(attempt))
        await until_true(lambda: simulator.count("stop") == 1)
        client.show = late  # type: ignore[method-assign]
        page = asyncio.ensure_future(instance.show())
        held.released.set()
        await asking
        client.show = read  # type: ignore[method-assign]
        watched = asyncio.ensure_future(instance.show())
        released.set()
        assert [(await each).status for each in (page, watched)] == ["STOPPING", "STOPPING"]
        await until_true(lambda: attempt.phase not in (ACCEPTED,))
        assert attempt.phase == STOPPED, "it was told that the instance is RUNNING again"

    inside.run(main)
