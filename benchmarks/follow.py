"""An accepted stop that is followed for a day: what a look costs, and what memory they leave behind."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from typing import Callable
from unittest import mock

from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.modelarts.connection import Connection
from jupyter_notebook_stop.policy import watch
from jupyter_notebook_stop.policy.instance import ThisInstance
from jupyter_notebook_stop.schema import Attempt
from jupyter_notebook_stop.simulator import Simulator

from . import virtual_time

HOUR, POLL = 3600.0, 30.0


def measure(hours: int) -> dict[float, tuple[float, float]]:
    """Return the seconds of one look, and the MB that Python objects take, by the hour."""
    with mock.patch.object(watch, "WATCH_LIMIT", (hours + 1) * HOUR):
        return virtual_time.run(lambda begin: _follow(hours, begin))


async def _follow(hours: int, jump: Callable[[], None]) -> dict[float, tuple[float, float]]:
    found: dict[float, tuple[float, float]] = {}
    config = NotebookStop(poll_interval=POLL)
    # A stop that never comes to its end.
    async with Simulator(step_seconds=1e9) as simulator:
        instance = ThisInstance(Connection(config, environ=simulator.environment(), hostname="somewhere"))
        await instance.stop(Attempt(source="api", save="none"))
        jump()
        tracemalloc.start()
        try:
            for hour in range(1, hours + 1):
                simulator.requests.clear()
                begin, processor = time.monotonic(), time.process_time()
                await asyncio.sleep(HOUR)
                processor = time.process_time() - processor
                looks = simulator.count("show")
                if looks < HOUR / instance.config.poll_interval * 0.9:
                    raise RuntimeError(f"only {looks} looks in {time.monotonic() - begin:.0f} s")
                simulator.requests.clear()
                gc.collect()
                found[hour] = (processor / looks, tracemalloc.get_traced_memory()[0] / 1e6)
        finally:
            tracemalloc.stop()
            await instance.aclose()
    return found
