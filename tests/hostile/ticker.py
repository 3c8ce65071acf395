"""A clock for the event loop; it imports nothing that a test could want to see imported."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import Dict

PAUSE = 0.005


def _queued() -> Dict[str, int]:
    """Return for how many nanoseconds each thread here has waited for a processor, where the system tells."""
    queued = {}
    # It is asked every few milliseconds: no patterns, no decoding.
    with contextlib.suppress(OSError):
        for thread in os.listdir("/proc/self/task"):
            # A thread may end meanwhile.
            with contextlib.suppress(OSError), open(f"/proc/self/task/{thread}/schedstat", "rb", buffering=0) as file:
                queued[thread] = int(file.read().split()[1])
    return queued


class Ticker:
    """Measures how long the event loop it runs on is blocked.

    What counts is the time that its thread computes, or waits for something
    else than the loop. That other programs keep the processors busy is no
    fault of ours: for how long this thread, or one that it may wait for, had
    none is left out.

    Attributes
    ----------
    worst
        The longest block, in seconds.
    """

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        last_queued, last, last_computed = _queued(), time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(PAUSE)
            now, computed = time.perf_counter(), time.thread_time()
            # Looked at outside of what is measured, so that no wait in it is left out here.
            queued = _queued()
            others = sum(each - last_queued.get(thread, 0) for thread, each in queued.items()) / 1e9
            self.worst = max(self.worst, now - last - PAUSE - others, computed - last_computed)
            last, last_computed, last_queued = time.perf_counter(), time.thread_time(), queued
