"""Follows a stop that was accepted to its end, which may be the end of who follows it."""

from __future__ import annotations

import asyncio
import time
from typing import Optional

from ..errors import InstanceStateError, NotebookStopError, StopFailedError
from ..schema import ACCEPTED, CANCELLED, REFUSED, RESUMED, SAVING, STOPPED, STOPPING, Attempt, Instance
from ..states import FAILED_STATES
from . import progress
from .environment import Environment
from .local_api import LocalApi, LostServerError, error_of
from .progress import ProgressUpdate, Show

_UNDER_WAY = (SAVING, STOPPING, ACCEPTED)


def _say(show: Optional[Show], instance: Instance, began: float) -> None:
    if show is None:
        return
    stopped = instance.status == "STOPPED"
    kind = progress.STOPPED if stopped else progress.STOPPING
    title = f"{instance.name or instance.id} is {instance.status or 'stopping'}"
    show(ProgressUpdate(kind=kind, title=title, instance=instance, began=began))


async def follow_server(
    api: LocalApi, instance: Instance, environment: Environment, show: Optional[Show], began: float | None = None
) -> Instance:
    """Return the instance as it was seen last: STOPPED, or as it was just before its server went with it.

    Raises
    ------
    NotebookStopError
        When the stop came to nothing.
    """
    began = time.monotonic() if began is None else began
    accepted = instance.attempt is not None and instance.attempt.phase == ACCEPTED
    while True:
        _say(show, instance, began)
        attempt = instance.attempt
        if instance.status == "STOPPED" or (attempt and attempt.phase == STOPPED):
            return instance
        if attempt and attempt.phase in (REFUSED, CANCELLED, RESUMED):
            raise error_of(attempt.error) if attempt.error else StopFailedError("The stop came to nothing.")
        if not (attempt and attempt.phase in _UNDER_WAY) and instance.status != "STOPPING":
            raise nothing_to_wait_for(instance)
        accepted = accepted or instance.status == "STOPPING" or bool(attempt and attempt.phase == ACCEPTED)
        await asyncio.sleep(environment.this.config.poll_interval)
        try:
            seen = await api.instance(environment.kernel_id)
        except LostServerError:
            if accepted:
                return instance
            raise
        instance = seen if isinstance(seen, Instance) else instance


async def follow_attempt(attempt: Attempt, environment: Environment, show: Optional[Show], began: float) -> Instance:
    """Return the instance once the stop that this process has asked for itself is over.

    Raises
    ------
    NotebookStopError
        When the instance did not stop.
    """
    while attempt.phase == ACCEPTED:
        _say(show, environment.as_seen(), began)
        await asyncio.sleep(min(0.5, environment.this.config.poll_interval))
    if attempt.error is not None:
        raise error_of(attempt.error)
    _say(show, environment.as_seen(), began)
    return environment.as_seen()


async def follow_cloud(environment: Environment, show: Optional[Show]) -> Instance:
    """Return the instance once it has stopped, whoever asked for that.

    Raises
    ------
    NotebookStopError
        When it does not stop.
    """
    began = time.monotonic()
    seen_stopping = False
    while True:
        try:
            await environment.this.show()
        except NotebookStopError:
            if not seen_stopping:
                raise
        instance = environment.as_seen()
        _say(show, instance, began)
        if instance.status == "STOPPED":
            return instance
        if instance.status in FAILED_STATES or (seen_stopping and instance.status == "RUNNING"):
            raise StopFailedError(f"The instance is {instance.status} now.", remedy="Look at it in the console.")
        if instance.status == "RUNNING":
            raise nothing_to_wait_for(instance)
        seen_stopping = True
        await asyncio.sleep(environment.this.config.poll_interval)


async def follow(environment: Environment, show: Optional[Show]) -> Instance:
    """Return the instance at the end of the stop that is under way.

    Raises
    ------
    NotebookStopError
        When none is, or it comes to nothing.
    """
    if not environment.saving_server or not environment.saving_server.instance:
        return await follow_cloud(environment, show)
    async with LocalApi(environment.saving_server.address) as api:
        return await follow_server(api, environment.saving_server.instance, environment, show)


def nothing_to_wait_for(instance: Instance) -> InstanceStateError:
    """Return the error for who waits for the end of a stop that nobody has asked for."""
    error = InstanceStateError(
        f"Nothing is stopping this instance; it is {instance.status or 'in an unknown state'}.",
        code="state_not_stopping",
        remedy="Ask for a stop first.",
    )
    error.state = instance.status
    return error
