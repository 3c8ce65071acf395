"""An event loop whose clock jumps to the next moment at which something is due, as soon as nothing else happens."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import time
from typing import Any, Callable, Coroutine, TypeVar
from unittest import mock

T = TypeVar("T")

_GRACE = 0.001
"""How long the sockets are looked at before the clock jumps, in seconds of the real time."""


class _Selector(selectors.DefaultSelector):
    """Waits by setting the clock forward; what both ends of a connection in this process send arrives at once."""

    ahead = 0.0
    jumps = False

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or not self.jumps:
            return super().select(timeout)
        ready = super().select(0) or (super().select(_GRACE) if timeout > 0 else [])
        if not ready and timeout > 0:
            self.ahead += timeout
        return ready


def run(main: Callable[[Callable[[], None]], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function on an event loop with such a clock, which is that of `time.monotonic` as well.

    The clock jumps once `main` has called what it is given: before that, it may wait for a thread.
    """
    selector = _Selector()
    real = time.monotonic

    def now() -> float:
        return real() + selector.ahead

    with mock.patch("time.monotonic", now):
        loop = asyncio.SelectorEventLoop(selector)
        with contextlib.closing(loop):
            return loop.run_until_complete(main(lambda: setattr(selector, "jumps", True)))
