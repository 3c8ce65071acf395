"""A clock for the event loop; it imports nothing that a test could want to see imported."""

from __future__ import annotations

import asyncio
import time


def _queued() -> float:
    """Return for how many seconds this thread has waited for a processor so far, where the system tells."""
    try:
        with open("/proc/thread-self/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except OSError:
        return 0.0


class Ticker:
    """Measures how long the event loop it runs on is blocked.

    What counts is the time that its thread computes, or waits for something
    else than the loop. That other programs keep the processors busy is no
    fault of ours: for how long the thread waited for one is left out.

    Attributes
    ----------
    worst
        The longest block, in seconds.
    """

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        last, last_queued = time.perf_counter(), _queued()
        while True:
            await asyncio.sleep(0.002)
            now, queued = time.perf_counter(), _queued()
            self.worst = max(self.worst, now - last - 0.002 - (queued - last_queued))
            last, last_queued = now, queued
