"""The policy of stopping the instance this process runs in, whoever asks.

One stop at a time, which every further request joins; an instance that is
stopping or stopped already is an answer; a state that can't be stopped is
refused by its name; after the cloud's yes the instance is watched to the end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Awaitable, Callable, Mapping, Optional

from .attempt import ACCEPTED, CANCELLED, REFUSED, RESUMED, SAVING, STOPPED, STOPPING, Attempt
from .errors import (
    CancelledStopError,
    InstanceStateError,
    NotebookStopError,
    PermissionDeniedError,
    SaveError,
    StopFailedError,
)
from .redaction import one_line

if TYPE_CHECKING:
    from .modelarts.connection import Connection
    from .modelarts.identity import Identity
    from .modelarts.models import Notebook

Prepare = Callable[[Attempt], Awaitable[None]]
Observer = Callable[[Attempt], None]

REFUSED_STATES: Mapping[str, str] = {
    "INIT": "it is being created: wait until it is RUNNING",
    "CREATING": "it is being created: wait until it is RUNNING",
    "STARTING": "it is still starting: wait until it is RUNNING",
    "SNAPSHOTTING": "its image is being saved: wait until that is done",
    "FROZEN": "it is frozen because of arrears: settle the account in the console",
    "DELETING": "it is being deleted: there is nothing to stop",
    "DELETED": "it is deleted: there is nothing to stop",
    "CREATE_FAILED": "it was never created: delete it in the console",
    "START_FAILED": "it did not start: look at it in the console",
    "DELETE_FAILED": "it could not be deleted: look at it in the console",
    "ERROR": "it has failed: look at it in the console",
}
"""States that can't be stopped, with the reason; an unknown state is left to the cloud to judge."""

FAILED_STATES = frozenset({"CREATE_FAILED", "START_FAILED", "DELETE_FAILED", "ERROR", "FROZEN"})

WATCH_LIMIT = 3600.0
"""Longest time an accepted stop is watched, in seconds."""

STILL_RUNNING_LIMIT = 30.0
"""How long an accepted stop may leave the instance RUNNING before it counts as failed, in seconds."""


class ThisInstance:
    """The instance this process runs in.

    Parameters
    ----------
    connection
        The way to the cloud.
    """

    def __init__(self, connection: Connection) -> None:
        self.config = connection.config
        self.connection = connection
        self.attempt: Optional[Attempt] = None
        self._reading: asyncio.Task[Notebook] | None = None
        self._preparing: asyncio.Future[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._latest: Notebook | None = None
        self._latest_at = float("-inf")
        self._observers: list[Observer] = []
        self._log = logging.getLogger("jupyter_notebook_stop")

    @property
    def identity(self) -> Identity:
        """Who this instance is.

        Raises
        ------
        NotInInstanceError, IdentityError
            When this is not an instance, or not clearly one.
        """
        return self.connection.identity

    @property
    def credentials_source(self) -> str | None:
        """Where the credentials in use came from."""
        return self.connection.credentials_source

    @property
    def latest(self) -> Notebook | None:
        """The instance as the cloud last described it, if it ever did."""
        return self._latest

    def observe(self, observer: Observer) -> None:
        """Have `observer` called with the attempt whenever its phase changes."""
        self._observers.append(observer)

    async def show(self, max_age: float = 0.0) -> Notebook:
        """Return the instance as the cloud sees it; concurrent calls share one read.

        Parameters
        ----------
        max_age
            How old the answer may be, in seconds.

        Raises
        ------
        NotebookStopError
            When it can't be read.
        """
        if self._latest is not None and time.monotonic() - self._latest_at < max_age:
            return self._latest
        return await self._read_once()

    async def _read_once(self) -> Notebook:
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read())
            self._reading.add_done_callback(self._forget_reading)
        return await asyncio.shield(self._reading)

    def _forget_reading(self, task: asyncio.Task[Notebook]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()

    async def _read(self) -> Notebook:
        client = await self.connection.connect()
        return self._remember(await client.show(self.identity.instance_id.value))

    def _remember(self, notebook: Notebook) -> Notebook:
        self._latest, self._latest_at = notebook, time.monotonic()
        return notebook

    async def stop(self, wanted: Attempt, prepare: Prepare | None = None) -> Attempt:
        """Stop the instance, or join the stop that is under way.

        Parameters
        ----------
        wanted
            Who asks and how.
        prepare
            Awaited before the cloud is called where ``wanted.save`` is ``all``; what it raises cancels the stop.

        Returns
        -------
        Attempt
            Accepted by the cloud; it may be another's that was joined.

        Raises
        ------
        NotebookStopError
            When nothing was stopped, or nobody knows.
        """
        self.identity  # noqa: B018 - raises where this is not an instance
        current = self.attempt
        if current is None or not (current.pending or current.phase == ACCEPTED):
            self.attempt = current = wanted
            current.task = asyncio.ensure_future(self._run(current, prepare))
        elif current.pending and current.save != wanted.save:
            raise CancelledStopError(
                f"Another stop with other options is under way: attempt {current.id}, asked for from {current.source}.",
                code="other_stop_under_way",
                remedy="Wait for it to end, or cancel it.",
            )
        if current.task is not None:
            await asyncio.shield(current.task)
        if current.error is not None:
            raise current.error
        return current

    def cancel(self, attempt_id: str) -> None:
        """Cancel an attempt whose cloud call has not been made.

        Raises
        ------
        KeyError
            When there is no such attempt.
        InstanceStateError
            When it is too late.
        """
        attempt = self.attempt
        if attempt is None or attempt.id != attempt_id:
            raise KeyError(attempt_id)
        if attempt.phase != SAVING or self._preparing is None:
            raise InstanceStateError(
                "It is too late to cancel: the cloud has been called, or the attempt has ended.", code="too_late"
            )
        attempt.error = CancelledStopError("The stop was cancelled; nothing was stopped.")
        self._preparing.cancel()

    async def _run(self, attempt: Attempt, prepare: Prepare | None) -> None:
        try:
            if prepare is not None and attempt.save == "all":
                self._enter(attempt, SAVING)
                self._preparing = asyncio.ensure_future(prepare(attempt))
                try:
                    await self._preparing
                finally:
                    self._preparing.cancel()
                    self._preparing = None
                if attempt.error is not None:
                    # Cancelled when `prepare` was done already, or by one that went on all the same.
                    raise attempt.error
            self._enter(attempt, STOPPING)
            notebook = await self._ask()
        except asyncio.CancelledError:
            if attempt.phase != SAVING:
                raise
            attempt.error = attempt.error or CancelledStopError("The stop was cancelled; nothing was stopped.")
            self._enter(attempt, CANCELLED)
        except (SaveError, CancelledStopError) as error:
            attempt.error = error
            self._enter(attempt, CANCELLED)
        except NotebookStopError as error:
            attempt.error = error
            self._enter(attempt, REFUSED)
        except Exception as error:
            self._log.exception("A stop failed unexpectedly")
            attempt.error = _unexpected("The stop failed", error)
            self._enter(attempt, REFUSED)
        else:
            self._remember(notebook)
            self._enter(attempt, ACCEPTED)
            self._watching = asyncio.ensure_future(self._watch(attempt))

    async def _ask(self) -> Notebook:
        client = await self.connection.connect()
        # A person asks: the wait after a 401 does not apply.
        client.retry_credentials()
        instance_id = self.identity.instance_id.value
        try:
            notebook = await self._read_once()
        except PermissionDeniedError:
            # Who may stop but not read is not kept from stopping; the cloud judges the state by itself.
            return await client.stop(instance_id)
        status = notebook.status or ""
        if status in ("STOPPING", "STOPPED"):
            return notebook
        if status in REFUSED_STATES:
            error = InstanceStateError(
                f"The instance is {status} and can't be stopped: {REFUSED_STATES[status]}.",
                code=f"state_{status.lower()}",
                remedy=REFUSED_STATES[status].partition(": ")[2].capitalize() + ".",
            )
            error.state = status
            raise error
        return await client.stop(instance_id)

    async def _watch(self, attempt: Attempt) -> None:
        """Follow an accepted stop until the instance has stopped, failed, or runs again."""
        try:
            attempt.error = await self._end()
        except Exception as error:
            self._log.exception("Following a stop failed unexpectedly")
            attempt.error = _unexpected("The cloud accepted the stop; following it failed", error)
        self._enter(attempt, RESUMED if attempt.error else STOPPED)

    async def _end(self) -> StopFailedError | None:
        """Return once the instance has stopped, or why it counts as not stopped."""
        began = time.monotonic()
        left_running = False
        failures = 0
        while time.monotonic() - began < WATCH_LIMIT:
            latest = self._latest
            status = latest.status if latest is not None else None
            if status == "STOPPED":
                return None
            again = status == "RUNNING" and (left_running or time.monotonic() - began > STILL_RUNNING_LIMIT)
            if latest is not None and (status in FAILED_STATES or again):
                reason = f": {one_line(latest.fail_reason)}" if latest.fail_reason else ""
                return StopFailedError(
                    f"The cloud accepted the stop, and the instance is {status} now{reason}.",
                    remedy="Try again; if that does not help, stop it in the console.",
                )
            left_running = left_running or status not in (None, "RUNNING")
            await asyncio.sleep(min(self.config.poll_interval * 2.0**failures, max(60.0, self.config.poll_interval)))
            try:
                await self.show()
                failures = 0
            except NotebookStopError:
                failures += 1
        return StopFailedError(
            f"The cloud accepted the stop, and the instance was not seen to stop within {WATCH_LIMIT / 3600:g} h.",
            remedy="Look at it in the console.",
        )

    def _enter(self, attempt: Attempt, phase: str) -> None:
        attempt.phase = phase
        for observer in self._observers:
            try:
                observer(attempt)
            except Exception:
                self._log.exception("An observer of the stop failed")

    async def aclose(self) -> None:
        """End what is under way in this process and close the connections."""
        tasks = [task for task in (self._watching, self.attempt and self.attempt.task, self._reading) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.connection.aclose()


def _unexpected(what: str, error: Exception) -> NotebookStopError:
    return NotebookStopError(
        f"{what} unexpectedly ({type(error).__name__}).",
        code="internal",
        remedy="Look at the log of the Jupyter server.",
    )
