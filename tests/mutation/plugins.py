"""Plugins of pytest: what tests run and how long they take, limits for that, and another way through the tests."""

from __future__ import annotations

import pathlib
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, Iterator, Mapping

import pytest


class Watcher:
    """Notes which lines of a file each test runs."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: set[int] = set()
        self.lines: dict[str, list[int]] = {}

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename == self._path else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self._lines.add(frame.f_lineno)
        return self._line

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines.clear()
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        yield
        sys.settrace(None)
        threading.settrace(None)
        self.lines[item.nodeid] = sorted(self._lines)


class Times:
    """Notes how long each test takes, in all and of the processor."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, float]] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        began, worked = time.monotonic(), time.process_time()
        yield
        self.seen[item.nodeid] = {"seconds": time.monotonic() - began, "work": time.process_time() - worked}


class Limiter:
    """Ends the process in a test that takes far longer than it did without a change.

    It notes which test runs, so that one knows which has noticed the change.
    """

    def __init__(self, seen: Mapping[str, Mapping[str, Any]], running: pathlib.Path, patience: float) -> None:
        self._seen = seen
        self._running = running
        self._patience = patience

    def seconds(self, name: str) -> float:
        """Return how long a test may take."""
        return self._patience * (5.0 + 4.0 * self._without_change(name, "seconds"))

    def _without_change(self, name: str, what: str) -> float:
        # A change can give a test another name.
        return float(self._seen[name][what]) if name in self._seen else 1.0

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._running.write_text(item.nodeid, encoding="utf-8")
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, self.seconds(item.nodeid))
        # A busy machine changes little of this.
        signal.setitimer(signal.ITIMER_VIRTUAL, 2.0 + 5.0 * self._without_change(item.nodeid, "work"))
        yield
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


class Loop:
    """Does something else with the collected tests than run them one by one."""

    def __init__(self, work: Callable[[list[pytest.Item]], None]) -> None:
        self._work = work

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not session.testsfailed:
            self._work(session.items)
        return True
