"""Runs a coroutine for a caller whose own event loop may be running: a cell, a script, a thread."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import Any, Callable, Coroutine, Generic, Iterator, Optional, TypeVar

from ..errors import NotebookStopError
from ..translation import process_language
from .display import Display
from .progress import ProgressUpdate, Show

T = TypeVar("T")

Main = Callable[[Show], Coroutine[Any, Any, T]]

_INTERRUPT_CHECK_INTERVAL = 0.2
"""How often who waits checks for an interrupt, in seconds: it does not wake an event loop, nor a thread on Windows."""

_CLOSE_TIMEOUT = 1.0
"""Longest wait for the event loop to close, in seconds."""


class _Worker(Generic[T]):
    """A thread with an event loop of its own that runs one coroutine."""

    def __init__(self, main: Main[T], display: Display) -> None:
        self._updates: queue.SimpleQueue[Optional[ProgressUpdate]] = queue.SimpleQueue()
        self._main = main
        self._display = display
        self._ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[T] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name="jupyter_notebook_stop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        main = self._await_main()
        try:
            asyncio.run(main)
        except BaseException as error:
            # Of a loop that could not be made, nothing else tells.
            if self._task is None:
                self._error = error
        finally:
            main.close()
            self._updates.put(None)

    async def _await_main(self) -> None:
        try:
            self._loop = asyncio.get_running_loop()
            self._task = asyncio.ensure_future(self._main(self._show))
            if self._cancelled:
                self._task.cancel()
            self._result = await self._task
        except BaseException as error:
            self._error = error
        finally:
            # Before the loop is closed, which waits for a look-up of a name that is given up.
            self._updates.put(None)

    def _show(self, update: ProgressUpdate) -> None:
        if self._ended.is_set():
            # The caller has its result; this is news of the stop that goes on after it.
            self._display.show(update)
        else:
            self._updates.put(update)

    def cancel(self) -> None:
        """Cancel the coroutine; it may still send updates."""
        self._cancelled = True
        if self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                self._loop.call_soon_threadsafe(self._task.cancel)

    def show_updates(self) -> None:
        """Show all updates until the coroutine has ended."""
        while True:
            try:
                update = self._updates.get(timeout=_INTERRUPT_CHECK_INTERVAL)
            except queue.Empty:
                continue
            if update is None:
                self._ended.set()
                return
            self._display.show(update)

    def close(self) -> None:
        """Wait for the event loop to close, but not long."""
        self._thread.join(_CLOSE_TIMEOUT)

    def result(self) -> T:
        """Return what the coroutine returned, or raise what it raised."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        result: T = self._result
        return result


def run(main: Main[T], display: Display) -> T:
    """Return what `main` returns, from any thread, whether or not an event loop runs in it.

    Parameters
    ----------
    main
        Called with the function that shows progress.
    display
        Shows the progress in the caller's thread, to which a notebook attributes output.

    Raises
    ------
    KeyboardInterrupt
        After an interrupt, once `main` has been cancelled and has ended.
    """
    worker = _Worker(main, display)
    try:
        try:
            worker.show_updates()
        except KeyboardInterrupt:
            worker.cancel()
            worker.show_updates()
            raise display.shorten(KeyboardInterrupt()) from None
    finally:
        display.close()
        worker.close()
    try:
        return worker.result()
    except NotebookStopError as error:
        error.localize(process_language())
        # The frames of this package would only clutter the caller's traceback.
        raise display.shorten(error.with_traceback(None)) from None


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have the running event loop notice an interrupt soon, also while nothing else happens in it."""

    async def wake() -> None:
        while True:  # noqa: ASYNC110 - nothing is waited for: it wakes the loop
            await asyncio.sleep(_INTERRUPT_CHECK_INTERVAL)

    waking = asyncio.ensure_future(wake())
    try:
        yield
    finally:
        waking.cancel()
