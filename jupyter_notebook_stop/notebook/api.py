"""stop(), astop(), status() and wait(): the public functions, for a script, a thread, a cell and async code."""

from __future__ import annotations

import asyncio
from typing import Literal, Optional, Tuple, Union, overload

from ..config import NotebookStop
from ..errors import NotebookStopError
from ..schema import Instance
from .display import Display, choose_display, register_formatters, suppress_next_display
from .doctor import dry_run as check
from .environment import read_config, read_instance
from .follow import follow_stop
from .options import StopOptions
from .progress import Report
from .stop import stop_instance
from .worker import run


def _begin() -> Tuple[NotebookStop, Display]:
    """Return what each call needs: the settings, and the display; what it returns will be shown richly."""
    register_formatters()
    return read_config(), choose_display()


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

    Counts down first; interrupting the kernel (or Ctrl-C) cancels the stop.
    Then the Jupyter server of the instance has every open tab save, and
    requests the stop. If no such server runs, the stop is requested directly
    from the cloud with the credentials of this process. Works in a script, in
    a thread and in a cell, also while an event loop is running.

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

    Returns
    -------
    Instance
        The instance, which is stopping, or will be once the cell has ended; with `dry_run` a `Report`. As the last
        expression of a cell it is not shown again: after a stop through the Jupyter server, that output would come too
        late to be saved.

    Raises
    ------
    NotebookStopError
        When nothing was stopped, or the outcome is unknown; each kind has a `remedy`. `SaveError` names the documents.
    KeyboardInterrupt
        When it was interrupted. Nothing was stopped, unless the output says that it was too late to cancel.
    ValueError
        When `delay` is not a number of seconds.
    traitlets.TraitError
        When a configuration file contains an invalid setting.

    Examples
    --------
    >>> from jupyter_notebook_stop import stop  # doctest: +SKIP
    >>> stop()  # doctest: +SKIP
    >>> stop(dry_run=True).ok  # doctest: +SKIP
    True
    """
    options = StopOptions(delay=delay, save=save, wait=wait)
    config, display = _begin()
    if dry_run:
        return _show_report(run(lambda show: check(config, options), display), display)
    return _already_shown(run(lambda show: stop_instance(config, options, show), display))


async def astop(
    *, delay: Optional[float] = None, save: bool = True, wait: bool = False, dry_run: bool = False
) -> Union[Instance, Report]:
    """Stop the notebook instance that this code runs in, from async code.

    Cancelling the task cancels the stop, as does interrupting the kernel.

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
    options = StopOptions(delay=delay, save=save, wait=wait)
    config, display = _begin()
    try:
        if dry_run:
            return _show_report(await check(config, options), display)
        return _already_shown(await stop_instance(config, options, display.show))
    except (NotebookStopError, asyncio.CancelledError, KeyboardInterrupt) as error:
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
    config, display = _begin()
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
    config, display = _begin()
    return run(lambda show: follow_stop(config, timeout, show), display)


def _already_shown(instance: Instance) -> Instance:
    suppress_next_display(instance)
    return instance


def _show_report(report: Report, display: Display) -> Report:
    display.report(report)
    display.close()
    suppress_next_display(report)
    return report
