"""stop(), astop(), status() and wait(): the public functions, for a script, a thread, a cell and async code."""

from __future__ import annotations

import asyncio
from typing import Literal, Optional, Union, overload

from ..errors import NotebookStopError
from ..schema import Instance, Schedule
from ..translation import process_language
from .calls import begin, shown
from .display import Display, report_bundle, suppress_next_display
from .doctor import dry_run as check
from .environment import read_instance
from .follow import follow_stop
from .later import show_made, stop_later
from .options import ScheduleOptions, StopOptions, schedule_options
from .progress import Report
from .schedule import set_schedule
from .stop import stop_instance
from .times import At, Duration
from .worker import interruptible, run


@overload
def stop(*, delay: Optional[float] = None, save: bool = True, wait: bool = False) -> Instance: ...


@overload
def stop(*, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: Literal[True]) -> Report: ...


@overload
def stop(
    *, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: bool
) -> Union[Instance, Report]: ...


@overload
def stop(*, when: Literal["idle"], grace: Optional[Duration] = None) -> Schedule: ...


@overload
def stop(*, at: At) -> Schedule: ...


@overload
def stop(*, after: Duration) -> Schedule: ...


def stop(
    *,
    delay: Optional[float] = None,
    save: bool = True,
    wait: bool = False,
    dry_run: bool = False,
    when: Optional[str] = None,
    grace: Optional[Duration] = None,
    at: Optional[At] = None,
    after: Optional[Duration] = None,
) -> Union[Instance, Report, Schedule]:
    """Stop the notebook instance that this code runs in, now or later.

    Counts down first; interrupting the kernel (or Ctrl-C) cancels the stop.
    Then the Jupyter server of the instance has every open tab save, and
    requests the stop. If no such server runs, the stop is requested directly
    from the cloud with the credentials of this process. Works in a script, in
    a thread and in a cell, also while an event loop is running.

    With `when`, `at` or `after` it returns at once: the Jupyter server stops
    the instance later, also with every tab closed and this kernel ended. Before
    that, open tabs count down and save. There is one such schedule at a time:
    a new one replaces it, and `cancel_scheduled_stop` cancels it.

    Parameters
    ----------
    delay
        Length of the countdown in seconds; 0 for none. Default: 10, or 150 if open tabs cannot be saved for you, which
        is longer than JupyterLab's autosave interval.
    save
        Whether open tabs save first; a document that cannot be saved cancels the stop.
    wait
        Whether to wait until the instance has stopped. By default, this returns as soon as the stop is accepted, so
        that the program that runs the notebook can still write its file. In a cell that an open tab shows, it returns
        once all tabs have saved, before the cloud is called: the tab saves once more when the cell has ended, or after
        10 s. What fails from then on is shown in the output of the cell and in every tab, and not raised.
    dry_run
        Stop nothing; check everything that a stop needs, and show what it would do.
    when
        ``"idle"``: stop when no kernel is busy, no terminal runs a program, and nobody has used the instance for a
        while.
    grace
        That while, such as ``"10min"``, a number of seconds or a timedelta; default: the server's setting, 600 s.
    at
        Stop at this time: ``"23:30"`` for the next time the clock shows it, a date and time in ISO 8601, or a datetime.
        Without a zone it is in the local zone of this machine.
    after
        Stop when this long has passed: ``"2h"``, ``"1h30m"``, a number of seconds or a timedelta.

    Returns
    -------
    Instance
        The instance, which is stopping, or will be once the cell has ended; with `dry_run` a `Report`; with `when`,
        `at` or `after` a `Schedule`. As the last expression of a cell it is not shown again: after a stop through the
        Jupyter server, that output would come too late to be saved.

    Raises
    ------
    NotebookStopError
        When nothing was stopped, or the outcome is unknown; each kind has a `remedy`. `SaveError` names the documents.
    KeyboardInterrupt
        When it was interrupted. Nothing was stopped, unless the output says that it was too late to cancel.
    ValueError
        When a parameter is invalid, such as a time in the past, or cannot be combined with another.
    traitlets.TraitError
        When a configuration file contains an invalid setting.

    Examples
    --------
    >>> from jupyter_notebook_stop import stop  # doctest: +SKIP
    >>> stop()  # doctest: +SKIP
    >>> stop(dry_run=True).ok  # doctest: +SKIP
    True
    >>> stop(when="idle", grace="20min")  # doctest: +SKIP
    >>> stop(at="23:30")  # doctest: +SKIP
    """
    later = _later(delay, save, wait, dry_run, when, grace, at, after)
    if later is not None:
        return stop_later(later)
    options = StopOptions(delay=delay, save=save, wait=wait)
    config, display = begin()
    if dry_run:
        return _show_report(run(lambda show: check(config, options), display), display)
    return _already_shown(run(lambda show: stop_instance(config, options, show), display))


def _later(
    delay: Optional[float],
    save: bool,
    wait: bool,
    dry_run: bool,
    when: Optional[str],
    grace: Optional[Duration],
    at: Optional[At],
    after: Optional[Duration],
) -> Optional[ScheduleOptions]:
    now = {"delay": delay is not None, "save": not save, "wait": wait, "dry_run": dry_run}
    return schedule_options(when, at, after, grace, now=now)


@overload
async def astop(
    *, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: bool = False
) -> Union[Instance, Report]: ...


@overload
async def astop(*, when: Literal["idle"], grace: Optional[Duration] = None) -> Schedule: ...


@overload
async def astop(*, at: At) -> Schedule: ...


@overload
async def astop(*, after: Duration) -> Schedule: ...


async def astop(
    *,
    delay: Optional[float] = None,
    save: bool = True,
    wait: bool = False,
    dry_run: bool = False,
    when: Optional[str] = None,
    grace: Optional[Duration] = None,
    at: Optional[At] = None,
    after: Optional[Duration] = None,
) -> Union[Instance, Report, Schedule]:
    """Stop the notebook instance that this code runs in, now or later, from async code.

    Cancelling the task cancels the stop, as does interrupting the kernel.

    Parameters
    ----------
    delay, save, wait, dry_run, when, grace, at, after
        As for `stop`.

    Returns
    -------
    Instance
        As `stop` does; with `dry_run` a `Report`, and with `when`, `at` or `after` a `Schedule`.

    Raises
    ------
    NotebookStopError, ValueError
        As `stop` does.

    Examples
    --------
    >>> await astop(delay=30)  # doctest: +SKIP
    """
    later = _later(delay, save, wait, dry_run, when, grace, at, after)
    options = StopOptions(delay=delay, save=save, wait=wait)
    config, display = begin()
    try:
        with interruptible():
            if later is not None:
                return show_made(await set_schedule(config, later, display.show), display)
            if dry_run:
                return _show_report(await check(config, options), display)
            return _already_shown(await stop_instance(config, options, display.show))
    except (NotebookStopError, asyncio.CancelledError, KeyboardInterrupt) as error:
        if isinstance(error, NotebookStopError):
            error.localize(process_language())
        raise display.shorten(error.with_traceback(None)) from None
    finally:
        display.close()


def status() -> Instance:
    """Return the notebook instance that this code runs in, as it is now.

    Raises
    ------
    NotebookStopError
        When this is not an instance, or the cloud cannot be read.

    Examples
    --------
    >>> status().status  # doctest: +SKIP
    'RUNNING'
    """
    config, display = begin()
    return run(lambda show: read_instance(config), display)


def wait(timeout: Optional[float] = None) -> Instance:
    """Follow the stop that is in progress, whoever requested it, until the instance has stopped.

    Inside the instance you may never see the end, because this process ends
    with the instance. An accepted stop has ended once its server says so: the
    status can be STOPPED a moment earlier. A status that is not known here is
    followed as well, since it may be a part of a stop.

    Parameters
    ----------
    timeout
        Longest time in seconds; None for no limit.

    Returns
    -------
    Instance
        As it was last seen: STOPPED, or STOPPING if its Jupyter server has ended with it.

    Raises
    ------
    InstanceStateError
        When no stop is in progress, also in a state such as STARTING or ERROR.
    NotebookStopError
        When the instance did not stop, or not within `timeout`.
    """
    config, display = begin()
    return run(lambda show: follow_stop(config, timeout, show), display)


def _already_shown(instance: Instance) -> Instance:
    suppress_next_display(instance)
    return instance


def _show_report(report: Report, display: Display) -> Report:
    return shown(report, report_bundle(report), display)
