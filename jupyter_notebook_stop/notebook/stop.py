"""The course of a stop from a cell or a terminal: count down, then hand over to the server or ask the cloud."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
import uuid
from typing import Any, List, Optional

import msgspec

from ..errors import NotebookStopError, OutcomeUnknownError, PermissionDeniedError, UnreachableError
from ..schema import ACCEPTED, SAVING, STOPPING, Accepted, Attempt, Instance
from . import progress
from .environment import Environment, warnings
from .follow import follow_attempt, follow_server
from .local_api import LocalApi, LostServerError, error_of
from .progress import ProgressUpdate, Show

DELAY = 10.0
"""Default countdown, in seconds: long enough for who pressed Run All by mistake."""

UNSAVED_DELAY = 150.0
"""Default countdown where open tabs can't be saved: longer than JupyterLab's autosave interval of 120 s."""

_TAKEN = (SAVING, STOPPING, ACCEPTED)

_LOOK_EVERY = 0.2
_SHOW_WITHIN = 1.0
"""How long the hand-over waits for the server's own word that it has the attempt, in seconds. Tabs wait no longer than
three for the cell's last output, and the server may be slow to say it."""

_END_LIMIT = 60.0


class StopOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the stop is wanted.

    Attributes
    ----------
    delay
        Seconds of the countdown; None for the default.
    save
        Whether open tabs save first.
    wait
        Whether to follow the stop to its end.
    """

    delay: Optional[float] = None
    save: bool = True
    wait: bool = False

    def __post_init__(self) -> None:
        """Refuse a countdown that can't be counted down.

        Raises
        ------
        ValueError
            When it can't.
        """
        if self.delay is not None and not 0 <= self.delay < math.inf:
            raise ValueError(f"delay takes seconds, 0 or more, and not {self.delay}")


def delay_of(options: StopOptions, environment: Environment) -> float:
    """Return the seconds of the countdown."""
    if options.delay is not None:
        return options.delay
    return UNSAVED_DELAY if environment.unsaveable_server and options.save else DELAY


def _failure(error: BaseException) -> str:
    return str(error) if isinstance(error, OutcomeUnknownError) else f"Not stopped: {error}"


async def read(environment: Environment) -> Instance:
    """Return the instance, from the server where that can tell.

    Raises
    ------
    NotebookStopError
        When the cloud can't be read.
    """
    if environment.saving_server and environment.saving_server.instance:
        if environment.saving_server.instance.error:
            raise error_of(environment.saving_server.instance.error)
        return environment.saving_server.instance
    await environment.this.show()
    return environment.as_seen()


class Stop:
    """One stop.

    Parameters
    ----------
    environment
        Where this process is.
    options
        How the stop is wanted.
    show
        Called with each update.
    """

    def __init__(self, environment: Environment, options: StopOptions, show: Show) -> None:
        self._environment = environment
        self._options = options
        self._show = show
        self._began = time.monotonic()
        self._notes: List[str] = []
        self._instance = environment.saving_server.instance if environment.saving_server else None

    async def run(self) -> Instance:
        """Stop the instance; returns once that is accepted, or at its end where that is wished.

        Raises
        ------
        NotebookStopError
            When nothing was stopped, or nobody knows.
        """
        self._say(progress.LOOKING, "Looking at the instance…")
        try:
            if not self._environment.saving_server:
                await self._prepare_direct()
            self._notes = warnings(self._environment, self._options.save) + self._notes
            await self._count_down()
            return await (self._delegate_to_server() if self._environment.saving_server else self._ask_the_cloud())
        except NotebookStopError as error:
            if self._environment.kernel:
                self._say(progress.FAILED, _failure(error))
            raise

    @property
    def _name(self) -> str:
        return (self._instance and self._instance.name) or self._environment.instance_id

    def _say(self, kind: str, title: str, left: int | None = None, total: float | None = None) -> None:
        update = ProgressUpdate(
            kind=kind,
            title=title,
            notes=list(self._notes),
            warning=kind == progress.COUNTDOWN,
            instance=self._instance,
            left=left,
            total=total,
            began=self._began,
        )
        self._show(update)

    async def _prepare_direct(self) -> None:
        """Fail before the countdown where the stop could not work after it."""
        # Who may not read may still be allowed to stop; and the cloud may be back when the countdown is over.
        with contextlib.suppress(PermissionDeniedError, UnreachableError):
            await self._environment.this.show()
            self._instance = self._environment.as_seen()
        source = self._environment.this.credentials_source
        if not self._environment.server:
            self._notes.append("No Jupyter server of this instance was found: nobody is asked to save.")
        self._notes.append(f"The cloud is asked directly, with the credentials from {source or 'nowhere yet'}.")

    async def _count_down(self) -> None:
        total = delay_of(self._options, self._environment)
        end = time.monotonic() + total
        how = "interrupt the kernel to cancel" if self._environment.kernel else "Ctrl-C cancels"
        try:
            while (left := end - time.monotonic()) > 0:
                seconds = math.ceil(left)
                self._say(progress.COUNTDOWN, f"Stopping {self._name} in {seconds} s: {how}.", seconds, total)
                await asyncio.sleep(left - (seconds - 1))
        except asyncio.CancelledError:
            self._say(progress.CANCELLED, "Cancelled during the countdown: nothing was stopped.")
            raise
        if total:
            self._notes.append(f"Counted down {total:g} s.")

    async def _delegate_to_server(self) -> Instance:
        """Have the Jupyter server stop the instance, as the palette does, once open tabs have saved."""
        saving_server = self._environment.saving_server
        assert saving_server
        attempt = uuid.uuid4().hex
        async with LocalApi(saving_server.address) as api:
            posting = asyncio.ensure_future(
                api.stop(
                    instance_id=self._environment.instance_id,
                    source=self._environment.source,
                    save="all" if self._options.save else "none",
                    kernel=self._environment.kernel_id,
                    attempt=attempt,
                )
            )
            try:
                taken = await self._taken(api, posting, attempt)
                if not (posting.done() and posting.exception()):
                    self._say_delegated(taken)
                accepted = await asyncio.shield(posting)
            except asyncio.CancelledError:
                await self._cancel_on_server(api, attempt, posting)
                raise
            except LostServerError as error:
                return await self._after_loss(error)
            self._instance = msgspec.structs.replace(accepted.instance, attempt=accepted.attempt)
            if not self._environment.kernel:
                self._say(progress.STOPPING, f"Accepted: {self._name} is {self._instance.status or 'stopping'}")
            if not self._options.wait:
                return self._instance
            # A cell says nothing more: whatever comes now is too late to be saved.
            show = None if self._environment.kernel else self._show
            return await follow_server(api, self._instance, self._environment, show, self._began)

    async def _taken(self, api: LocalApi, posting: asyncio.Future[Accepted], attempt: str) -> str:
        """Return the id of the attempt once the server has it; another's where ours has joined that."""

        async def look() -> str:
            while True:
                # What fails here, the answer to the request itself will tell.
                with contextlib.suppress(NotebookStopError):
                    seen = await api.instance(self._environment.kernel_id)
                    current = seen.attempt if isinstance(seen, Instance) else None
                    if current and (current.id == attempt or current.phase in _TAKEN):
                        return current.id
                await asyncio.sleep(_LOOK_EVERY)

        looking = asyncio.ensure_future(look())
        try:
            both: set[asyncio.Future[Any]] = {posting, looking}
            await asyncio.wait(both, timeout=_SHOW_WITHIN, return_when=asyncio.FIRST_COMPLETED)
            return looking.result() if looking.done() else attempt
        finally:
            looking.cancel()

    def _say_delegated(self, attempt: str) -> None:
        what = "open tabs save now, then it stops" if self._options.save else "it stops now"
        if self._environment.kernel:
            # The last output of the cell: every tab waits for the attempt's id in it before it saves.
            self._notes.append(f"Progress is in the dialog of each open tab (attempt {attempt}).")
        self._say(progress.DELEGATED, f"Stop of {self._name} accepted by the Jupyter server: {what}.")

    async def _cancel_on_server(self, api: LocalApi, attempt: str, posting: asyncio.Future[Accepted]) -> None:
        """Cancel at the server; an attempt that is not there yet may still be on its way."""
        cancelled: bool | None = None
        for _ in range(10):
            try:
                cancelled = await api.cancel(attempt)
            except LostServerError:
                break
            if cancelled is not None or posting.done():
                break
            await asyncio.sleep(_LOOK_EVERY)
        posting.cancel()
        await asyncio.wait({posting})
        if cancelled:
            self._say(progress.CANCELLED, "Cancelled: nothing was stopped.")
        else:
            self._say(progress.FAILED, "Too late to cancel: the cloud has been asked, or another's stop goes on.")

    async def _after_loss(self, lost: LostServerError) -> Instance:
        """Return the instance if it stops: that takes the server along which had been asked."""
        try:
            notebook = await self._environment.this.show()
        except NotebookStopError:
            notebook = None
        if notebook is None or notebook.status not in ("STOPPING", "STOPPED"):
            raise OutcomeUnknownError(f"{lost.message} It had been asked to stop the instance.") from None
        return self._environment.as_seen()

    async def _ask_the_cloud(self) -> Instance:
        self._say(progress.ASKING, f"Asking the cloud to stop {self._name}…")
        environment = self._environment
        wanted = Attempt(source=environment.source, save="none", kernel=environment.kernel_id)
        asking = asyncio.ensure_future(environment.this.stop(wanted))
        try:
            await asyncio.shield(asking)
        except asyncio.CancelledError:
            # A request that may have been sent is not abandoned: its answer says what has become of the instance.
            await asyncio.wait({asking}, timeout=_END_LIMIT)
            failed = asking.exception() if asking.done() else None
            told = _failure(failed) if failed else "Too late to cancel: the cloud has been asked."
            self._say(progress.FAILED, told)
            raise
        self._instance = environment.as_seen()
        self._say(progress.STOPPING, f"The cloud has accepted the stop: {self._name} is {self._instance.status}")
        if not self._options.wait:
            return self._instance
        return await follow_attempt(wanted, environment, self._show, self._began)
