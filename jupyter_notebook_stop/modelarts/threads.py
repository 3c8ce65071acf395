"""Calls that may hang, in daemon threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import Callable, TypeVar

T = TypeVar("T")

_NEVER_PASSED_ON = (StopIteration, concurrent.futures.CancelledError)


async def call_in_thread(function: Callable[[], T], timeout: float | None) -> T:
    """Return what `function` returns, called in a daemon thread.

    Unlike `asyncio.to_thread`, a call that never returns delays neither the
    event loop's end nor the interpreter's exit.

    Parameters
    ----------
    function
        What to call; it may hang and raise anything.
    timeout
        Longest wait in seconds, None for no limit; after that the thread goes on alone.

    Raises
    ------
    asyncio.TimeoutError
        When `timeout` is over.
    Exception
        What `function` raised; one that would end the interpreter or cancel
        a task, such as SystemExit, is raised as a RuntimeError.
    """
    return await asyncio.wait_for(asyncio.wrap_future(start(function)), timeout)


def start(function: Callable[[], T]) -> concurrent.futures.Future[T]:
    """Call `function` in a daemon thread, and return the future of what it returns; see `call_in_thread`."""
    future: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        # From here on a wait that is given up does not cancel the future, which could then not be settled.
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function())
        except BaseException as error:
            # A result of asyncio cannot be a StopIteration; the others would end or cancel who waits.
            harmless = isinstance(error, Exception) and not isinstance(error, _NEVER_PASSED_ON)
            future.set_exception(error if harmless else RuntimeError(f"{type(error).__name__} in a worker"))

    threading.Thread(target=run, name="jupyter_notebook_stop", daemon=True).start()
    return future
