"""The public functions for a stop that comes later, and how stop() returns one."""

from __future__ import annotations

from typing import Optional

from ..schema import Schedule, ScheduleResponse
from .calls import begin, shown
from .display import Display, no_schedule_bundle, schedule_bundle
from .options import ScheduleOptions
from .schedule import cancel_schedule, cancelled, made, set_schedule, show_schedule
from .worker import run


def stop_later(options: ScheduleOptions) -> Schedule:
    """Schedule a stop and show it."""
    config, display = begin()
    return show_made(run(lambda show: set_schedule(config, options, show), display), display)


def show_made(response: ScheduleResponse, display: Display) -> Schedule:
    """Show the schedule that was made, and return it."""
    schedule = made(response)
    return shown(schedule, schedule_bundle(schedule, replaced=response.replaced, rules=response.rules), display)


def scheduled_stop() -> Optional[Schedule]:
    """Return the stop that is scheduled for the instance that this code runs in, or None.

    Raises
    ------
    NotebookStopError
        When this is not an instance, or no Jupyter server here can stop it later.

    Examples
    --------
    >>> scheduled_stop().waiting_for.kernels  # doctest: +SKIP
    """
    config, display = begin()
    return run(lambda show: show_schedule(config), display).schedule


def cancel_scheduled_stop() -> Optional[Schedule]:
    """Cancel the stop that is scheduled for the instance that this code runs in.

    Returns
    -------
    Schedule or None
        The schedule that was cancelled; None if there was none.

    Raises
    ------
    InstanceStateError
        When it is too late, since the stop is under way.
    NotebookStopError
        When this is not an instance, no Jupyter server here can stop it later, or the server does not respond.
    """
    config, display = begin()
    response = run(lambda show: cancel_schedule(config), display)
    found = cancelled(response)
    if found is None:
        display.result(no_schedule_bundle(response.rules))
        display.close()
        return None
    return shown(found, schedule_bundle(found), display)
