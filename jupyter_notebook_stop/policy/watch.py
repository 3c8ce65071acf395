"""Watches an accepted stop until the instance has stopped, has failed, or is running again."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Awaitable, Callable

from ..errors import NotebookStopError, StopFailedError
from ..redaction import one_line
from ..translation import _
from .states import FAILED_STATES

if TYPE_CHECKING:
    from ..modelarts.models import Notebook

WATCH_LIMIT = 3600.0
"""How long an accepted stop is watched at most, in seconds."""

STILL_RUNNING_LIMIT = 30.0
"""How long an accepted stop may leave the instance RUNNING before it counts as failed, in seconds."""


async def until_stopped(
    show: Callable[[], Awaitable[Notebook]], latest: Notebook | None, poll_interval: float
) -> NotebookStopError | None:
    """Return None once the instance has stopped, or why it counts as not stopped.

    Parameters
    ----------
    show
        Reads the instance.
    latest
        The instance as it was when the stop was accepted.
    poll_interval
        Seconds between two reads; longer while reading fails.
    """
    began = time.monotonic()
    left_running = False
    failures = 0
    while time.monotonic() - began < WATCH_LIMIT:
        status = latest.status if latest else None
        if status == "STOPPED":
            return None
        running = status == "RUNNING" and (left_running or time.monotonic() - began > STILL_RUNNING_LIMIT)
        if latest and (status in FAILED_STATES or running):
            message = _("The cloud accepted the stop, but the instance is {status} now.", status=status)
            if latest.fail_reason:
                message = _(
                    "The cloud accepted the stop, but the instance is {status} now: {reason}.",
                    status=status,
                    reason=one_line(latest.fail_reason).rstrip("."),
                )
            return StopFailedError(
                message,
                remedy=_("Try again; if that does not help, stop it in the console."),
            )
        left_running = left_running or status not in (None, "RUNNING")
        await asyncio.sleep(min(poll_interval * 2.0**failures, max(60.0, poll_interval)))
        try:
            latest, failures = await show(), 0
        except NotebookStopError:
            # What was read before says nothing about now.
            latest, failures = None, failures + 1
    return StopFailedError(
        _(
            "The cloud accepted the stop, but the instance was not seen to stop within {hours:g} h.",
            hours=WATCH_LIMIT / 3600,
        ),
        remedy=_("Check the instance in the console."),
    )
