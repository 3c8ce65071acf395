"""A clock for the event loop; it imports nothing that a test could want to see imported."""

from __future__ import annotations

import asyncio
import os
import time
from typing import List


class Ticker:
    """Measures how long the event loop it runs on is blocked.

    Attributes
    ----------
    worst
        On the clock, which also counts what other processes of a busy machine take.
    own
        As far as this process was computing meanwhile, in whatever thread.
    name
        The test that measures.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        self.own = 0.0
        self.name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].partition(" ")[0]

    async def run(self) -> None:
        last, last_own = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(0.002)
            now, now_own = time.perf_counter(), time.process_time()
            gap = now - last - 0.002
            self.worst = max(self.worst, gap)
            self.own = max(self.own, min(gap, now_own - last_own))
            last, last_own = now, now_own


measured: List[Ticker] = []
"""What the tests have measured, for their report."""
