"""A clock for the event loop; it imports nothing that a test could want to see imported."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import AsyncIterator, List, Tuple

from .standstill import Standstill, machine, queued, queued_since

PAUSE = 0.005


class Ticker:
    """Measures how long the event loop it runs on is blocked.

    What counts is the time that its thread computes, or waits for something
    else than the loop. That other programs keep the processors busy is no
    fault of ours: for how long this thread, or one that it may wait for, had
    none is left out. And so is what a process beside this one has seen stand
    still at the same time.

    Attributes
    ----------
    worst
        The longest block, in seconds, once it is known what stood still.
    left_out
        The most that was left out of one, in seconds.
    """

    def __init__(self) -> None:
        self.worst = self.left_out = 0.0
        self._blocks: List[Tuple[float, float, float]] = []

    async def run(self) -> None:
        last_queued, last, last_computed = queued(), time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(PAUSE)
            now, computed = time.monotonic(), time.thread_time()
            # Looked at outside of what is measured, so that no wait in it is left out here.
            all_queued = queued()
            others = queued_since(last_queued, all_queued)
            self._blocks.append((last, now, max(now - last - PAUSE - others, computed - last_computed)))
            last, last_computed, last_queued = time.monotonic(), time.thread_time(), all_queued

    def judge(self, processors: List[List[Standstill]]) -> None:
        """Find the longest block, without what any one processor stood still meanwhile."""
        for began, ended, seconds in self._blocks:
            still = (
                sum(max(0.0, min(length, min(ended, end) - max(began, begin))) for begin, end, length in standstills)
                for standstills in processors
            )
            blocked = seconds - max(still, default=0.0)
            self.worst = max(self.worst, blocked)
            self.left_out = max(self.left_out, ended - began - PAUSE - blocked)


@contextlib.asynccontextmanager
async def ticking() -> AsyncIterator[Ticker]:
    """Measure meanwhile; the result is there afterwards."""
    ticker = Ticker()
    machine().begin()
    running = asyncio.ensure_future(ticker.run())
    await asyncio.sleep(0)
    try:
        yield ticker
    finally:
        try:
            # What blocked at the very end is seen at the next tick.
            await asyncio.sleep(0.01)
        finally:
            running.cancel()
            ticker.judge(machine().end())
