"""A scheduler with all that surrounds it, by a clock of its own."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any, Optional

from jupyter_notebook_stop.clock import ClockReading
from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.errors import CancelledStopError, NotebookStopError
from jupyter_notebook_stop.policy.instance import AttemptRun
from jupyter_notebook_stop.policy.schedule import ScheduledStop
from jupyter_notebook_stop.policy.scheduler import Scheduler
from jupyter_notebook_stop.requests import ScheduleRequest
from jupyter_notebook_stop.schema import ACCEPTED, REFUSED, SAVING, STOPPING, AtRisk, Attempt

from ..model.virtual_time import VirtualLoop

START = datetime.datetime(2026, 11, 28, 22, 0, tzinfo=datetime.timezone.utc)


class File:
    """Keeps what the scheduler keeps."""

    def __init__(self, left: Optional[ScheduledStop] = None) -> None:
        self.left = left
        self.idle_since: Optional[float] = None
        self.kept: list[Optional[tuple[str, bool]]] = []

    def adopt(self, idle_since: float) -> Optional[ScheduledStop]:
        self.idle_since = idle_since
        return self.left

    def write(self, scheduled: Optional[ScheduledStop]) -> None:
        self.kept.append((scheduled.state, scheduled.requested) if scheduled else None)


class House:
    """A scheduler with an instance that does as it is told, and work that may be anything.

    Attributes
    ----------
    stops
        Each stop that was asked for: when, and the attempt.
    failure
        Why a stop fails; None if it goes well.
    saving
        Set when all tabs have saved; None if there are none.
    look_takes
        How long it takes to look at the work, in seconds.
    """

    def __init__(self, loop: VirtualLoop, **traits: Any) -> None:
        self.loop = loop
        self.config = NotebookStop(**traits)
        self.attempt: Optional[Attempt] = None
        self.observers: list[Any] = []
        self.stops: list[tuple[float, Attempt]] = []
        self.asked_by: list[Optional[str]] = []
        self.prepared: list[Any] = []
        self.cancelled: list[str] = []
        self.failure: Optional[NotebookStopError] = None
        self.saving: Optional[asyncio.Event] = None
        self.at_work = AtRisk()
        self.has_worked = False
        self.looks: list[float] = []
        self.look_takes = 0.0
        self.trouble = 0
        self.told: list[Optional[str]] = []
        self.prepare: Any = object()
        instance: Any = self
        self.scheduler = loop.call(lambda: Scheduler(instance, self.prepare, self.work, self.reading))
        self.scheduler.observe(lambda scheduled: self.told.append(scheduled.state if scheduled else None))

    def reading(self) -> ClockReading:
        # Nobody sees the microseconds that each step of the loop takes.
        now = round(self.loop.time(), 2)
        return ClockReading(START + datetime.timedelta(seconds=now), 1000.0 + now, 500.0 + now)

    async def work(self) -> tuple[AtRisk, bool]:
        self.looks.append(self.loop.time())
        await asyncio.sleep(self.look_takes)
        if self.trouble:
            self.trouble -= 1
            raise OSError("the kernels cannot be asked")
        worked, self.has_worked = self.has_worked, False
        return self.at_work, worked

    # The instance

    def observe(self, observer: Any) -> None:
        self.observers.append(observer)

    async def stop(self, attempt: Attempt, prepare: Any) -> None:
        self.attempt = attempt
        self.stops.append((self.loop.time(), attempt))
        self.asked_by.append(attempt.user)
        self.prepared.append(prepare)
        if self.saving is not None:
            self.enter(SAVING)
            # That is work, for whoever looks at it.
            self.has_worked = True
            await self.saving.wait()
        if self.cancelled:
            self.failure = CancelledStopError("Cancelled.")
        if self.failure is not None:
            self.enter(REFUSED, self.failure)
            raise self.failure
        self.enter(STOPPING)
        self.enter(ACCEPTED)

    def cancel(self, identifier: str) -> None:
        self.cancelled.append(identifier)
        if self.saving is not None:
            self.saving.set()

    def enter(self, phase: str, error: Optional[NotebookStopError] = None) -> None:
        assert self.attempt is not None
        self.attempt.phase = phase
        for observer in self.observers:
            observer(AttemptRun(self.attempt, error=error))

    def another_stop(self, phase: str, source: str = "menu") -> None:
        self.attempt = Attempt(source=source)
        self.enter(phase)

    # Who uses it

    def wait(self, seconds: float = 0.0) -> House:
        self.loop.let_pass(seconds)
        for _ in range(5):
            self.loop.let_pass(0.0)
        return self

    def restore(self, file: File) -> None:
        kept: Any = file
        self.scheduler.restore(kept)

    def set(self, when: str = "idle", user: Optional[str] = None, **fields: Any) -> Any:
        request = ScheduleRequest(instance_id="i", when=when, **fields)  # type: ignore[arg-type]

        async def now() -> Any:
            return self.scheduler.set(request, user)

        replaced = self.loop.run_until_complete(now())
        self.wait()
        return replaced

    def at(self, seconds: float, **more: Any) -> Any:
        return self.set("at", at=self.reading().after(seconds), **more)

    def cancel_schedule(self) -> Any:
        async def now() -> Any:
            return self.scheduler.cancel()

        return self.loop.run_until_complete(now())

    @property
    def state(self) -> Optional[str]:
        view = self.scheduler.view
        return view.state if view else None
