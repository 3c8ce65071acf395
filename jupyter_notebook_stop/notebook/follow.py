"""Follows a stop to its end, which may also be the end of the process that follows it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import AsyncIterator, Optional

from ..config import NotebookStop
from ..errors import InstanceStateError, NotebookStopError, StopFailedError, UnreachableError
from ..policy.states import FAILED_STATES, REFUSED_STATES
from ..schema import ACCEPTED, CANCELLED, REFUSED, RESUMED, STOPPED, Instance
from ..translation import _, gettext
from . import progress
from .environment import Environment, detect_environment
from .local_api import LocalApi, LostServerError, error_of
from .progress import ProgressUpdate, Show


async def from_server(api: LocalApi, instance: Instance, environment: Environment) -> AsyncIterator[Instance]:
    """Yield `instance` and then what its server reports, until the accepted stop ends the server too."""
    accepted = False
    while True:
        yield instance
        accepted = accepted or instance.status == "STOPPING" or _phase(instance) == ACCEPTED
        await asyncio.sleep(environment.this.config.poll_interval)
        try:
            latest = await api.instance(environment.kernel_id)
        except LostServerError:
            if accepted:
                return
            raise
        instance = latest if isinstance(latest, Instance) else instance


async def from_own_attempt(environment: Environment) -> AsyncIterator[Instance]:
    """Yield the instance whose accepted stop this process watches."""
    while True:
        yield environment.this.view()
        await asyncio.sleep(min(0.5, environment.this.config.poll_interval))


async def from_cloud(environment: Environment) -> AsyncIterator[Instance]:
    """Yield the instance as the cloud reports it; only the first read must succeed."""
    await environment.this.show()
    while True:
        yield environment.this.view()
        await asyncio.sleep(environment.this.config.poll_interval)
        with contextlib.suppress(NotebookStopError):
            await environment.this.show()


async def follow(instances: AsyncIterator[Instance], show: Optional[Show], started: float | None = None) -> Instance:
    """Return the instance at the end of its stop: STOPPED, or as it was last seen.

    Parameters
    ----------
    instances
        The instance, seen again and again.
    show
        Called with each update, if given.
    started
        When the stop began; default: now.

    Raises
    ------
    InstanceStateError
        When no stop is in progress.
    NotebookStopError
        When the instance did not stop.
    """
    started = time.monotonic() if started is None else started
    under_way = False
    last_status: Optional[str] = None
    async for instance in instances:
        phase, status = _phase(instance), instance.status
        last_status = status or last_status
        if show is not None:
            kind = progress.STOPPED if status == "STOPPED" else progress.STOPPING
            title = gettext(
                "{name} is {status}", name=instance.name or instance.id, status=status or gettext("stopping")
            )
            show(ProgressUpdate(kind=kind, title=title, instance=instance, started=started))
        # An accepted attempt gets its own last phase a moment after the status.
        if phase == STOPPED or (status == "STOPPED" and phase != ACCEPTED):
            break
        if phase in (REFUSED, CANCELLED, RESUMED):
            problem = instance.attempt.error if instance.attempt else None
            raise error_of(problem) if problem else StopFailedError(_("The instance did not stop."))
        if (instance.attempt and instance.attempt.under_way) or status == "STOPPING":
            under_way = True
        elif under_way and (status in FAILED_STATES or status == "RUNNING"):
            raise StopFailedError(
                _("The instance did not stop; it is {status} now.", status=status),
                remedy=_("Check the instance in the console."),
            )
        # A status that is not known here may be a part of a stop.
        elif not under_way and (last_status in (None, "RUNNING") or last_status in REFUSED_STATES):
            raise _not_stopping(instance)
    return instance


async def follow_stop(config: NotebookStop, timeout: float | None, show: Show) -> Instance:
    """Find the instance and follow the stop that is in progress, whoever requested it.

    Raises
    ------
    NotebookStopError
        When none is, when the instance did not stop, or after `timeout` seconds.
    """

    async def main() -> Instance:
        async with detect_environment(config) as environment:
            server = environment.saving_server
            if server is None or server.instance is None:
                return await follow(from_cloud(environment), show)
            async with LocalApi(server.address) as api:
                return await follow(from_server(api, server.instance, environment), show)

    try:
        return await asyncio.wait_for(main(), timeout)
    except asyncio.TimeoutError:
        raise UnreachableError(
            _("The instance did not stop within {timeout:g} s.", timeout=timeout), code="timeout"
        ) from None


def _phase(instance: Instance) -> str | None:
    return instance.attempt.phase if instance.attempt else None


def _not_stopping(instance: Instance) -> InstanceStateError:
    error = InstanceStateError(
        _("No stop is in progress; the status of the instance is {status}.", status=instance.status or _("unknown")),
        code="state_not_stopping",
        remedy=_("Request a stop first."),
    )
    error.state = instance.status
    return error
