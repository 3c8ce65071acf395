"""A stop from a cell or a terminal: count down, then delegate to the Jupyter server or request it from the cloud."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
import uuid
from typing import Any, List

import msgspec

from ..config import NotebookStop
from ..errors import NotebookStopError, OutcomeUnknownError, PermissionDeniedError, SaveError, UnreachableError
from ..schema import Accepted, Attempt, Instance
from ..translation import _, gettext, localized, process_language, sentences
from . import progress
from .cell_end import tell_failure_later, until_cell_may_end
from .discovery import Server
from .environment import Environment, detect_environment
from .follow import follow, from_own_attempt, from_server
from .local_api import LocalApi, LostServerError
from .options import StopOptions, countdown_seconds
from .progress import ProgressUpdate, Show
from .stop_warnings import stop_warnings

_POLL_INTERVAL = 0.2
_CONFIRM_TIMEOUT = 1.0
"""Longest wait until the server reports the attempt, in seconds. Tabs wait at most three for the cell's last output."""

_FINISH_TIMEOUT = 60.0
"""Longest wait, after an interrupt, for the response to a request that may have been sent, in seconds."""


async def stop_instance(config: NotebookStop, options: StopOptions, show: Show) -> Instance:
    """Find the instance and stop it; see `Stop`."""
    async with detect_environment(config) as environment:
        return await Stop(environment, options, show).run()


def _failure(error: BaseException) -> str:
    if isinstance(error, NotebookStopError):
        error.localize(process_language())
    # The documents have lines of their own.
    text = NotebookStopError.__str__(error) if isinstance(error, SaveError) else str(error)
    return text if isinstance(error, OutcomeUnknownError) else gettext("Not stopped: {text}", text=text)


class Stop:
    """One stop.

    Parameters
    ----------
    environment
        Where this process runs.
    options
        How to stop.
    show
        Called with each update.
    """

    def __init__(self, environment: Environment, options: StopOptions, show: Show) -> None:
        self._environment = environment
        self._options = options
        self._show = show
        self._started = time.monotonic()
        self._notes: List[str] = []
        self._instance = environment.saving_server.instance if environment.saving_server else None

    async def run(self) -> Instance:
        """Stop the instance; return as soon as the stop is accepted, or at its end if the options say so.

        Raises
        ------
        NotebookStopError
            When nothing was stopped, or the outcome is unknown.
        """
        self._say(progress.READING, gettext("Reading the status of the instance…"))
        server = self._environment.saving_server
        try:
            if server is None:
                try:
                    await self._prepare_direct_stop()
                except asyncio.CancelledError:
                    self._say(progress.CANCELLED, gettext("Cancelled: nothing was stopped."))
                    raise
            self._notes = stop_warnings(self._environment, self._options.save) + self._notes
            await self._count_down()
            return await (self._delegate_to_server(server) if server else self._request_from_cloud())
        except NotebookStopError as error:
            if self._environment.kernel:
                self._say_failure(error)
            raise

    def _say_failure(self, error: NotebookStopError) -> None:
        if isinstance(error, SaveError):
            error.localize(process_language())
            self._notes = error.document_lines
        self._say(progress.FAILED, _failure(error))

    @property
    def _name(self) -> str:
        return (self._instance and self._instance.name) or self._environment.instance_id

    def _say(self, kind: str, title: str, remaining: int | None = None, total: float | None = None) -> None:
        update = ProgressUpdate(
            kind=kind,
            title=title,
            notes=list(map(localized, self._notes)),
            warning=kind == progress.COUNTDOWN,
            instance=self._instance,
            remaining=remaining,
            total=total,
            started=self._started,
        )
        self._show(update)

    async def _prepare_direct_stop(self) -> None:
        """Fail before the countdown if the stop could not work after it."""
        # Permission to stop does not need permission to read, and the network may be back after the countdown.
        with contextlib.suppress(PermissionDeniedError, UnreachableError):
            await self._environment.this.show()
            self._instance = self._environment.this.view()
        if not self._environment.servers:
            self._notes.append(
                gettext("No Jupyter server was found for this instance, so open tabs will not be saved.")
            )
        source = self._environment.this.credentials_source
        self._notes.append(
            gettext(
                "The stop will be requested directly from the cloud with the credentials from {source}.", source=source
            )
            if source
            else gettext("The stop will be requested directly from the cloud.")
        )

    async def _count_down(self) -> None:
        total = countdown_seconds(self._options, self._environment)
        end = time.monotonic() + total
        try:
            while (remaining := end - time.monotonic()) > 0:
                seconds = math.ceil(remaining)
                self._say(progress.COUNTDOWN, self._countdown(seconds), seconds, total)
                await asyncio.sleep(remaining - (seconds - 1))
        except asyncio.CancelledError:
            self._say(progress.CANCELLED, gettext("Cancelled during the countdown: nothing was stopped."))
            raise
        if total:
            self._notes.append(gettext("Counted down {total:g} s.", total=total))

    def _countdown(self, seconds: int) -> str:
        if self._environment.kernel:
            return gettext(
                "Stopping {name} in {seconds} s: interrupt the kernel to cancel.", name=self._name, seconds=seconds
            )
        return gettext("Stopping {name} in {seconds} s: press Ctrl-C to cancel.", name=self._name, seconds=seconds)

    async def _delegate_to_server(self, server: Server) -> Instance:
        """Have the Jupyter server stop the instance, as the page does, once open tabs have saved."""
        attempt = uuid.uuid4().hex
        cell_ends = bool(self._environment.kernel and self._environment.kernel_id and not self._options.wait)
        async with LocalApi(server.address) as api:
            request = asyncio.ensure_future(
                api.stop(
                    instance_id=self._environment.instance_id,
                    source=self._environment.source,
                    save="all" if self._options.save else "none",
                    kernel=self._environment.kernel_id,
                    attempt=attempt,
                    cell_ends=cell_ends,
                    **({"silent": "ignore"} if self._environment.this.config.silent_tabs == "ignore" else {}),
                )
            )
            try:
                current = await self._confirm_attempt(api, request, attempt)
                if not (request.done() and request.exception()):
                    self._say_delegated(current)
                if cell_ends and current == attempt:
                    pending = await until_cell_may_end(api, request, attempt, self._environment.kernel_id)
                    if pending is not None:
                        self._instance = pending
                        tell_failure_later(server.address, attempt, self._environment.kernel_id, self._say_failure)
                        request.cancel()
                        return pending
                accepted = await asyncio.shield(request)
            except asyncio.CancelledError:
                await self._cancel_on_server(api, attempt, request)
                raise
            except LostServerError as error:
                return await self._check_after_loss(error)
            self._instance = msgspec.structs.replace(accepted.instance, attempt=accepted.attempt)
            if not self._environment.kernel:
                status = self._instance.status or gettext("stopping")
                self._say(
                    progress.STOPPING, gettext("Stop accepted: {name} is {status}", name=self._name, status=status)
                )
            if not self._options.wait:
                return self._instance
            # A cell shows nothing more: it would come too late to be saved.
            show = None if self._environment.kernel else self._show
            return await follow(from_server(api, self._instance, self._environment), show, self._started)

    async def _confirm_attempt(self, api: LocalApi, request: asyncio.Future[Accepted], attempt: str) -> str:
        """Return the id of the attempt once the server reports it, or of the attempt that ours has joined."""

        async def poll() -> str:
            while True:
                # The response to the request itself will report any failure.
                with contextlib.suppress(NotebookStopError):
                    instance = await api.instance(self._environment.kernel_id)
                    current = instance.attempt if isinstance(instance, Instance) else None
                    if current and (current.id == attempt or current.under_way):
                        return current.id
                await asyncio.sleep(_POLL_INTERVAL)

        polling = asyncio.ensure_future(poll())
        try:
            both: set[asyncio.Future[Any]] = {request, polling}
            await asyncio.wait(both, timeout=_CONFIRM_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
            return polling.result() if polling.done() else attempt
        finally:
            polling.cancel()

    def _say_delegated(self, attempt: str) -> None:
        if self._environment.kernel:
            # The last output of the cell: every tab waits for the attempt's id in it before it saves.
            self._notes.append(gettext("Each open tab shows the progress (attempt {attempt}).", attempt=attempt))
        title = (
            _(
                "The Jupyter server accepted the stop of {name}. Open tabs are saved, then the instance stops.",
                name=self._name,
            )
            if self._options.save
            else _("The Jupyter server accepted the stop of {name}. The instance stops now.", name=self._name)
        )
        self._say(progress.DELEGATED, localized(title))

    async def _cancel_on_server(self, api: LocalApi, attempt: str, request: asyncio.Future[Accepted]) -> None:
        """Cancel the attempt; if the server does not know it yet, the request may still be on its way."""
        cancelled: bool | None = None
        for _try in range(10):
            try:
                cancelled = await api.cancel(attempt)
            except LostServerError:
                break
            if cancelled is not None or request.done():
                break
            await asyncio.sleep(_POLL_INTERVAL)
        request.cancel()
        await asyncio.wait({request})
        if cancelled:
            self._say(progress.CANCELLED, gettext("Cancelled: nothing was stopped."))
        else:
            self._say(
                progress.FAILED,
                gettext("Too late to cancel: the stop was already requested, or another stop is in progress."),
            )

    async def _check_after_loss(self, lost: LostServerError) -> Instance:
        """Return the instance if it is stopping, since that also ends the server that was asked to stop it."""
        with contextlib.suppress(NotebookStopError):
            notebook = await self._environment.this.show()
            if notebook.status in ("STOPPING", "STOPPED"):
                return self._environment.this.view()
        raise OutcomeUnknownError(
            sentences(lost.message, _("It had already been asked to stop the instance."))
        ) from None

    async def _request_from_cloud(self) -> Instance:
        environment = self._environment
        self._say(progress.REQUESTING, gettext("Requesting the stop of {name} from the cloud…", name=self._name))
        attempt = Attempt(source=environment.source, save="none", kernel=environment.kernel_id)
        request = asyncio.ensure_future(environment.this.stop(attempt))
        try:
            await asyncio.shield(request)
        except asyncio.CancelledError:
            cancelled = await environment.this.cancel_unless_sent()
            # A request that may have been sent is awaited: its response says what has become of the instance.
            await asyncio.wait({request}, timeout=_FINISH_TIMEOUT)
            error = request.exception() if request.done() else None
            if cancelled:
                self._say(progress.CANCELLED, gettext("Cancelled: nothing was stopped."))
            else:
                self._say(
                    progress.FAILED,
                    _failure(error) if error else gettext("Too late to cancel: the stop was already requested."),
                )
            raise
        self._instance = environment.this.view()
        self._say(
            progress.STOPPING,
            gettext("The cloud accepted the stop: {name} is {status}", name=self._name, status=self._instance.status),
        )
        if not self._options.wait:
            return self._instance
        return await follow(from_own_attempt(environment), self._show, self._started)
