"""Calls that may hang, in threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Callable, TypeVar

T = TypeVar("T")


async def call_in_thread(function: Callable[[], T], timeout: float) -> T:
    """Return what `function` returns, called in a daemon thread.

    Unlike `asyncio.to_thread`, a call that never returns delays neither the
    event loop's end nor the interpreter's exit.

    Parameters
    ----------
    function
        What to call; it may hang, and raise anything at all.
    timeout
        Longest wait in seconds; the thread is left to itself after that.

    Raises
    ------
    asyncio.TimeoutError
        When `timeout` is over.
    Exception
        What `function` raised; an exception that would end the interpreter,
        such as SystemExit, comes as a RuntimeError.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(act: Callable[[], None]) -> None:
        if not future.done():
            act()

    def run() -> None:
        act: Callable[[], None]
        try:
            result = function()
        except BaseException as error:
            # What would end the interpreter must not pass, and a future takes no StopIteration.
            passes = isinstance(error, Exception) and not isinstance(error, StopIteration)
            failure = error if passes else RuntimeError(f"{type(error).__name__} in a worker")
            act = partial(future.set_exception, failure)
        else:
            act = partial(future.set_result, result)
        try:
            loop.call_soon_threadsafe(settle, act)
        except RuntimeError:
            return  # the loop has been closed meanwhile: nobody waits any more

    threading.Thread(target=run, name="jupyter_notebook_stop", daemon=True).start()
    return await asyncio.wait_for(future, timeout)
