"""A simulator in its own thread, for code that is not async."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Callable, TypeVar, overload

from .service import Simulator

T = TypeVar("T")

_START_SECONDS = 10.0


class ThreadedSimulator(Simulator):
    """A `Simulator` that runs in a thread with its own event loop, as a context manager.

    Reading is safe from any thread. So are `faults`, `add_instance`, and setting
    the status or an option of an instance. Make all other changes through `call`.

    Parameters
    ----------
    **options
        As for `Simulator`.

    Examples
    --------
    >>> with ThreadedSimulator(step_seconds=0) as simulator:  # doctest: +SKIP
    ...     simulator.faults.add("stop", Refuse(403, "ModelArts.0112"))
    ...     simulator.call(lambda s: s.keys.revoke(s.access_key))
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._done: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> ThreadedSimulator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the thread; returns when the simulator is listening."""
        if self._thread is not None:
            raise RuntimeError("the simulator is already running")
        self._error = None
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError("the simulator did not start in time")
        if self._error is not None:
            self._thread.join(_START_SECONDS)
            self._thread = None
            raise self._error

    def stop(self) -> None:
        """Close the simulator; returns when the thread has ended."""
        if self._thread is None or self._loop is None or self._done is None:
            return
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(_START_SECONDS)
        self._thread = None

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._error = error
            self._ready.set()

    async def _main(self) -> None:
        self._done = asyncio.Event()
        async with self:
            self._ready.set()
            await self._done.wait()

    @overload
    def call(self, function: Callable[[Simulator], Coroutine[Any, Any, T]]) -> T: ...

    @overload
    def call(self, function: Callable[[Simulator], T]) -> T: ...

    def call(self, function: Callable[[Simulator], Any]) -> Any:
        """Run a function or coroutine function on the simulator's event loop and return its result."""
        if self._loop is None or self._thread is None:
            raise RuntimeError("the simulator is not running")

        async def run() -> Any:
            result = function(self)
            return await result if inspect.isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()
