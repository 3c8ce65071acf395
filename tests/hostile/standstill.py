"""Tells when the machine stood still, or one of its processors: what a process beside the tests sees as well."""

from __future__ import annotations

import atexit
import functools
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
from typing import Dict, List, Tuple

Standstill = Tuple[float, float, float]
"""Its earliest beginning, its latest end, and how long it was, in seconds."""

PAUSE = 0.005
SHORTEST = 0.01

MOST_PROCESSORS = 4
"""Each has a thread, and all of them together one lock: with many they would wait for each other."""


def queued() -> Dict[str, int]:
    """Return for how many nanoseconds each thread here has waited for a processor, where the system tells."""
    found = {}
    # It is asked every few milliseconds: no patterns, no decoding.
    try:
        for thread in os.listdir("/proc/self/task"):
            # A thread may end meanwhile.
            try:
                with open(f"/proc/self/task/{thread}/schedstat", "rb", buffering=0) as file:
                    found[thread] = int(file.read().split()[1])
            except OSError:
                pass
    except OSError:
        pass
    return found


def queued_since(last: Dict[str, int], now: Dict[str, int]) -> float:
    """Return for how many seconds threads have waited for a processor between two looks."""
    return sum(each - last.get(thread, 0) for thread, each in now.items()) / 1e9


class Machine:
    """A process that ticks on processors, and notices when a tick is late although no other program had the processor.

    It does nothing that a test could make slow: whatever blocks the tests lets it
    tick on. That other programs keep the processors busy is left out.
    """

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", __file__]
        # Ctrl-C is for the tests alone; at their end, whatever it is, there is nothing more to read.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self.pid = self._process.pid
        atexit.register(self.close)

    def begin(self) -> None:
        """Watch from now on."""
        self._ask(b"begin\n")

    def end(self) -> List[List[Standstill]]:
        """Watch no longer; return the standstills that each processor had."""
        found: List[List[Standstill]] = json.loads(self._ask(b"end\n"))
        return found

    def _ask(self, question: bytes) -> bytes:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(question)
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.communicate()


class Motionless:
    """What is there where the system does not tell who waits for a processor: nothing is ever left out."""

    pid = 0

    def begin(self) -> None:
        """Watch nothing."""

    def end(self) -> List[List[Standstill]]:
        return []


@functools.cache
def machine() -> Machine | Motionless:
    """Return the one that watches for this process."""
    return Machine() if pathlib.Path("/proc/self/schedstat").exists() else Motionless()


def watch(processor: int, ended: threading.Event, found: List[Standstill]) -> None:
    """Tick on one processor until it has ended."""
    os.sched_setaffinity(0, {processor})
    last, last_queued = time.monotonic(), queued()
    over = False
    while not over:
        over = ended.wait(PAUSE)
        now, all_queued = time.monotonic(), queued()
        seconds = now - last - PAUSE - queued_since(last_queued, all_queued)
        if seconds > SHORTEST:
            found.append((last, now, seconds))
        last, last_queued = now, all_queued


def main() -> None:
    """Watch between every two lines of stdin."""
    processors = sorted(os.sched_getaffinity(0))[:MOST_PROCESSORS]
    while sys.stdin.readline():
        ended = threading.Event()
        found: List[List[Standstill]] = [[] for _ in processors]
        threads = [threading.Thread(target=watch, args=(each, ended, own)) for each, own in zip(processors, found)]
        for thread in threads:
            thread.start()
        print("begun", flush=True)
        sys.stdin.readline()
        ended.set()
        for thread in threads:
            thread.join()
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
