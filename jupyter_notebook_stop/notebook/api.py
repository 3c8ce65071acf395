"""stop(), astop(), status() and wait(): the public functions, for a script, a thread, a cell and async code."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import Any, Callable, Coroutine, Generic, Literal, Optional, TypeVar, Union, overload

from ..config import NotebookStop
from ..errors import UnreachableError
from ..schema import Instance
from .display import Display, choose, suppress_next_display
from .doctor import dry_run as look
from .environment import detect_environment, read_config
from .follow import follow
from .progress import ProgressUpdate, Report, Show
from .stop import Stop, StopOptions, read

T = TypeVar("T")

_TICK = 0.2
"""How often a waiting main thread looks whether it was interrupted, in seconds: Windows does not wake it."""

Main = Callable[[Show], Coroutine[Any, Any, T]]


class _Worker(Generic[T]):
    """Runs a coroutine on an event loop of its own in a thread of its own: the caller's loop may be running."""

    def __init__(self, main: Main[T]) -> None:
        self.progress: queue.SimpleQueue[Optional[ProgressUpdate]] = queue.SimpleQueue()
        self._main = main
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[T] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._cancelled = False
        threading.Thread(target=self._run, name="jupyter_notebook_stop", daemon=True).start()

    def _run(self) -> None:
        try:
            self._result = asyncio.run(self._call())
        except BaseException as error:
            self._error = error
        finally:
            self.progress.put(None)

    async def _call(self) -> T:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._main(self.progress.put))
        if self._cancelled:
            self._task.cancel()
        return await self._task

    def cancel(self) -> None:
        """Cancel the coroutine; it may still say something."""
        self._cancelled = True
        if self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(self._task.cancel)

    def result(self) -> T:
        """Return what the coroutine returned, or raise what it raised."""
        if self._error is not None:
            # The frames of the worker say nothing to the caller.
            raise self._error.with_traceback(None)
        result: T = self._result
        return result


def run(main: Main[T], display: Display) -> T:
    """Return what `main` returns, from any thread, whether or not an event loop runs in it.

    Parameters
    ----------
    main
        Called with the function to show progress with; these are shown in the caller's thread, whose output it is.
    display
        Where they are shown.

    Raises
    ------
    KeyboardInterrupt
        Once `main` has been cancelled and has ended.
    """
    worker = _Worker(main)
    try:
        try:
            _show_all(worker, display)
        except KeyboardInterrupt:
            worker.cancel()
            _show_all(worker, display)
            raise KeyboardInterrupt from None
    finally:
        display.close()
    return worker.result()


def _show_all(worker: _Worker[Any], display: Display) -> None:
    while True:
        try:
            update = worker.progress.get(timeout=_TICK)
        except queue.Empty:
            continue
        if update is None:
            return
        display.show(update)


async def stop_instance(config: NotebookStop, options: StopOptions, show: Show) -> Instance:
    """Find the way, and stop the instance on it."""
    async with detect_environment(config) as environment:
        return await Stop(environment, options, show).run()


async def read_instance(config: NotebookStop) -> Instance:
    """Read the instance."""
    async with detect_environment(config) as environment:
        return await read(environment)


async def follow_stop(config: NotebookStop, timeout: float | None, show: Show | None) -> Instance:
    """Follow the stop that is under way."""

    async def main() -> Instance:
        async with detect_environment(config) as environment:
            return await follow(environment, show)

    try:
        return await asyncio.wait_for(main(), timeout)
    except asyncio.TimeoutError:
        raise UnreachableError(f"The instance has not stopped within {timeout:g} s.", code="timeout") from None


@overload
def stop(*, delay: Optional[float] = None, save: bool = True, wait: bool = False) -> Instance: ...


@overload
def stop(*, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: Literal[True]) -> Report: ...


@overload
def stop(
    *, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: bool
) -> Union[Instance, Report]: ...


def stop(
    *, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: bool = False
) -> Union[Instance, Report]:
    """Stop the notebook instance that this code runs in.

    Counts down first; interrupting the kernel (or Ctrl-C) cancels. Then the
    Jupyter server of the instance has every open tab save, and asks the cloud.
    Where no such server runs, the cloud is asked directly with the credentials
    of this process. Works in a script, in a thread and in a cell, also while
    an event loop is running.

    Parameters
    ----------
    delay
        Seconds to count down; 0 stops at once. Default: 10, or 150 where open tabs can't be saved for you, which is
        longer than JupyterLab's autosave interval.
    save
        Whether open tabs save first; a document that can't be saved cancels the stop.
    wait
        Whether to follow the stop to its end. By default, this returns as soon as the stop is accepted, so that
        whoever runs the notebook can still write its file.
    dry_run
        Stop nothing; look at everything a stop needs, and say what it would do.

    Returns
    -------
    Instance
        The instance, which is stopping; with `dry_run` a `Report`. As the last expression of a cell it is not shown
        again: after a hand-over to open tabs that output would come too late to be saved.

    Raises
    ------
    NotebookStopError
        When nothing was stopped, or nobody knows; each kind has a `remedy`. `SaveError` names the documents.
    KeyboardInterrupt
        When it was interrupted: nothing was stopped, unless the output says that it was too late for that.
    ValueError
        When `delay` is no number of seconds.
    traitlets.TraitError
        When a configuration file holds a setting that is not right.

    Examples
    --------
    >>> from jupyter_notebook_stop import stop  # doctest: +SKIP
    >>> stop()  # doctest: +SKIP
    >>> stop(dry_run=True).ok  # doctest: +SKIP
    True
    """
    config, display = read_config(), choose()
    options = StopOptions(delay=delay, save=save, wait=wait)
    if dry_run:
        return _reported(run(lambda show: look(config, options), display), display)
    return _quiet(run(lambda show: stop_instance(config, options, show), display))


async def astop(
    *, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: bool = False
) -> Union[Instance, Report]:
    """Stop the notebook instance that this code runs in, from async code.

    Cancelling the task cancels the stop, as interrupting the kernel does.

    Parameters
    ----------
    delay, save, wait, dry_run
        As for `stop`.

    Returns
    -------
    Instance
        As `stop` does; with `dry_run` a `Report`.

    Raises
    ------
    NotebookStopError
        As `stop` does.

    Examples
    --------
    >>> await astop(delay=30)  # doctest: +SKIP
    """
    config, display = read_config(), choose()
    options = StopOptions(delay=delay, save=save, wait=wait)
    try:
        if dry_run:
            return _reported(await look(config, options), display)
        return _quiet(await stop_instance(config, options, display.show))
    finally:
        display.close()


def status() -> Instance:
    """Return the notebook instance that this code runs in, as it is now.

    Raises
    ------
    NotebookStopError
        When this is not an instance, or the cloud can't be read.

    Examples
    --------
    >>> status().status  # doctest: +SKIP
    'RUNNING'
    """
    config = read_config()
    return run(lambda show: read_instance(config), Display())


def wait(timeout: Optional[float] = None) -> Instance:
    """Follow the stop that is under way, whoever asked for it, until the instance has stopped.

    Inside the instance the end may never be seen: it takes this process along.

    Parameters
    ----------
    timeout
        Longest time in seconds; None for no limit.

    Returns
    -------
    Instance
        As it was seen last.

    Raises
    ------
    InstanceStateError
        When nothing is stopping the instance.
    NotebookStopError
        When the stop comes to nothing, or `timeout` is over.
    """
    config = read_config()
    return run(lambda show: follow_stop(config, timeout, show), choose())


def _quiet(instance: Instance) -> Instance:
    suppress_next_display(instance)
    return instance


def _reported(report: Report, display: Display) -> Report:
    display.report(report)
    display.close()
    suppress_next_display(report)
    return report
