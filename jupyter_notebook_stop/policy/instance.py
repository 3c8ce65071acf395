"""The policy of stopping the instance this process runs in, whoever asks.

There is one stop at a time, and every further request joins it. An instance
that is stopping or stopped already is a success; a state that cannot be
stopped is refused by its name. An accepted stop is watched to its end.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import TYPE_CHECKING, Awaitable, Callable

from ..errors import CancelledStopError, InstanceStateError, NotebookStopError, PermissionDeniedError, SaveError
from ..schema import (
    ACCEPTED,
    CANCELLED,
    REFUSED,
    RESUMED,
    SAVING,
    STOPPED,
    STOPPING,
    AtRisk,
    Attempt,
    Instance,
    Schedule,
)
from ..translation import _
from . import views
from .cloud_reader import InstanceReader
from .states import refusal_of
from .watch import until_stopped

if TYPE_CHECKING:
    from ..modelarts.connection import Connection
    from ..modelarts.identity import Identity
    from ..modelarts.models import Notebook

Prepare = Callable[[Attempt], Awaitable[None]]
_CANCELLED = _("The stop was cancelled; nothing was stopped.")


@dataclasses.dataclass
class AttemptRun:
    """An attempt being carried out: beside what everyone may see of it, what only this process needs.

    Attributes
    ----------
    task
        Ends when the cloud has responded.
    error
        Why the attempt failed; everyone who joined gets it.
    """

    attempt: Attempt
    task: asyncio.Task[None] | None = None
    error: NotebookStopError | None = None


Observer = Callable[[AttemptRun], None]


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
        self._run: AttemptRun | None = None
        self._watching: asyncio.Task[None] | None = None
        self.reader = InstanceReader(connection)
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
    def attempt(self) -> Attempt | None:
        """The stop under way, or the last one."""
        return self._run.attempt if self._run else None

    @property
    def latest(self) -> Notebook | None:
        """The instance as the cloud last described it, if it ever did."""
        return self.reader.latest

    def observe(self, observer: Observer) -> None:
        """Have `observer` called whenever the phase of an attempt changes."""
        self._observers.append(observer)

    def view(
        self,
        at_risk: AtRisk = AtRisk(),  # noqa: B008
        error: NotebookStopError | None = None,
        schedule: Schedule | None = None,
    ) -> Instance:
        """Return the instance as others may see it, with what is known of it now.

        Parameters
        ----------
        at_risk
            What a stop would interrupt.
        error
            Why the cloud could not be read just now; what it said before is left out then.
        schedule
            The stop that comes later, if any.
        """
        notebook = self.latest if error is None else None
        return views.instance_of(self.connection, notebook, at_risk, self.attempt, error, schedule)

    async def show(self, max_age: float = 0.0) -> Notebook:
        """Return the instance as the cloud sees it, or saw it `max_age` seconds ago at most.

        Raises
        ------
        NotebookStopError
            When the cloud cannot be read.
        """
        return await self.reader.show(max_age)

    async def stop(self, attempt: Attempt, prepare: Prepare | None = None) -> Attempt:
        """Stop the instance, or join the stop that is under way.

        Parameters
        ----------
        attempt
            Who requests the stop, and how.
        prepare
            Awaited before the cloud is called if ``attempt.save`` is ``all``; an exception cancels the stop.

        Returns
        -------
        Attempt
            The attempt that the cloud accepted; another one if it was joined.

        Raises
        ------
        NotebookStopError
            When nothing was stopped, or the outcome is unknown.
        """
        self.identity  # noqa: B018 - raises where this is not an instance
        run = self._run
        if run is None or not run.attempt.under_way:
            self._run = run = AttemptRun(attempt)
            run.task = asyncio.ensure_future(self._carry_out(run, prepare))
        elif run.attempt.pending and run.attempt.save != attempt.save:
            raise views.other_stop(run.attempt)
        if run.task is not None:
            await asyncio.shield(run.task)
        if run.error is not None:
            raise run.error
        return run.attempt

    def cancel(self, attempt_id: str) -> None:
        """Cancel an attempt before the cloud is called.

        Raises
        ------
        KeyError
            When there is no such attempt.
        InstanceStateError
            When it is too late.
        """
        run = self._run
        if run is None or run.attempt.id != attempt_id:
            raise KeyError(attempt_id)
        if run.attempt.phase != SAVING or run.task is None:
            raise InstanceStateError(
                _("It is too late to cancel: the stop request was sent, or the attempt has ended."), code="too_late"
            )
        run.error = CancelledStopError(_CANCELLED)
        run.task.cancel()

    async def cancel_unless_sent(self) -> bool:
        """Cancel the stop under way if its request was not sent to the cloud yet; return whether that succeeded."""
        run, client = self._run, self.connection.client
        if run is None or run.task is None or run.task.done() or (client is not None and client.stop_sent):
            return False
        run.error = CancelledStopError(_CANCELLED)
        run.task.cancel()
        await asyncio.wait({run.task})
        return run.attempt.phase == CANCELLED

    async def _carry_out(self, run: AttemptRun, prepare: Prepare | None) -> None:
        try:
            if prepare is not None and run.attempt.save == "all":
                self._enter(run, SAVING)
                # A task of its own: it may have finished, or may ignore being cancelled, when this one is cancelled.
                await asyncio.ensure_future(prepare(run.attempt))
                if run.error is not None:
                    raise run.error
            self._enter(run, STOPPING)
            notebook = await self._request_stop()
        except asyncio.CancelledError:
            if run.attempt.phase != SAVING and run.error is None:
                raise
            self._enter(run, CANCELLED, run.error or CancelledStopError(_CANCELLED))
        except (SaveError, CancelledStopError) as error:
            self._enter(run, CANCELLED, error)
        except NotebookStopError as error:
            self._enter(run, REFUSED, error)
        except Exception as error:
            self._enter(run, REFUSED, self._unexpected(_("The stop failed"), error))
        else:
            self.reader.accept(notebook)
            self._enter(run, ACCEPTED)
            self._watching = asyncio.ensure_future(self._watch(run))

    async def check(self) -> Notebook | None:
        """Return the instance if it is stopping or stopped already, or None if it can be stopped.

        Raises
        ------
        NotebookStopError
            When it cannot be stopped, or cannot be reached.
        """
        client = await self.connection.connect()
        # A person asks: the wait after a 401 does not apply.
        client.retry_credentials()
        try:
            notebook = await self.show()
        except PermissionDeniedError:
            # Permission to stop does not need permission to read; the cloud checks the state itself.
            return None
        if notebook.status in ("STOPPING", "STOPPED"):
            return notebook
        refusal = refusal_of(notebook.status)
        if refusal is not None:
            raise refusal
        return None

    async def _request_stop(self) -> Notebook:
        ending = await self.check()
        if ending is not None:
            return ending
        client = await self.connection.connect()
        return await client.stop(self.identity.instance_id.value)

    async def _watch(self, run: AttemptRun) -> None:
        try:
            error = await until_stopped(self.show, self.latest, self.config.poll_interval)
        except Exception as failure:
            error = self._unexpected(_("The cloud accepted the stop; watching it failed"), failure)
        self._enter(run, RESUMED if error else STOPPED, error)

    def _enter(self, run: AttemptRun, phase: str, error: NotebookStopError | None = None) -> None:
        run.error = error
        run.attempt.phase, run.attempt.error = phase, views.problem_of(error) if error else None
        for observer in self._observers:
            try:
                observer(run)
            except Exception:
                self._log.exception("An observer of the stop failed")

    def _unexpected(self, what: str, error: Exception) -> NotebookStopError:
        self._log.error("%s unexpectedly", what, exc_info=error)
        return NotebookStopError(
            _("{what} unexpectedly ({name}).", what=what, name=type(error).__name__),
            code="internal",
            remedy=_("See the log of the Jupyter server."),
        )

    async def aclose(self) -> None:
        """Cancel what is under way in this process and close the connections."""
        tasks = [task for task in (self._run and self._run.task, self._watching) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self.reader.aclose(), return_exceptions=True)
        await self.connection.aclose()
