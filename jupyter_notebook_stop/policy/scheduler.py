"""Carries out the scheduled stop: watches the clock and the work, and stops the instance like anybody else."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from typing import TYPE_CHECKING, Awaitable, Callable, List, Optional

from ..clock import ClockReading, Deadline, now
from ..errors import InstanceStateError, NotebookStopError
from ..schema import (
    ACCEPTED,
    ENDED,
    REFUSED,
    RESUMED,
    SAVING,
    STOPPED,
    STOPPING,
    AtRisk,
    Attempt,
    Schedule,
    ScheduleResponse,
    ScheduleRules,
)
from ..translation import _
from . import views
from .schedule import ScheduledStop

if TYPE_CHECKING:
    from ..config import NotebookStop
    from ..requests import ScheduleRequest
    from .instance import AttemptRun, Prepare, ThisInstance
    from .schedule_file import ScheduleFile

LATE = 5.0
"""How much a time may be past, in seconds: a request takes its time."""

SOURCE = "schedule"
"""The source of the attempts that this module makes."""


class ScheduleError(NotebookStopError):
    """The schedule cannot be made now, or not here."""

    default_code = "bad_schedule"


class ScheduleDisabledError(InstanceStateError):
    """Schedules are disabled by the settings of this server."""

    default_code = "schedule_disabled"


class Scheduler:
    """The stop that comes later, of which there is one at most.

    Parameters
    ----------
    instance
        What is stopped.
    prepare
        Awaited before the cloud is called, as for any stop.
    work
        Returns what is being worked on, and whether anybody has worked since it was asked last.
    clock
        Returns what the clocks show, for tests.
    """

    def __init__(
        self,
        instance: ThisInstance,
        prepare: Prepare,
        work: Callable[[], Awaitable[tuple[AtRisk, bool]]],
        clock: Callable[[], ClockReading] = now,
    ) -> None:
        self._instance = instance
        self._prepare = prepare
        self._work = work
        self._now = clock
        self._scheduled: Optional[ScheduledStop] = None
        self._file: Optional[ScheduleFile] = None
        self._task: Optional[asyncio.Task[None]] = None
        self._changed = asyncio.Event()
        self._last_notified: Optional[tuple[str, str]] = None
        self._observers: List[Callable[[Optional[ScheduledStop]], None]] = []
        self._log = logging.getLogger("jupyter_notebook_stop")
        self._config: NotebookStop = instance.config
        instance.observe(self._on_stop)

    @property
    def rules(self) -> ScheduleRules:
        """What the settings say of schedules."""
        config = self._config
        return ScheduleRules(
            enabled=config.schedule_enabled,
            countdown=config.schedule_countdown,
            grace=min(config.idle_grace, config.longest_schedule),
            longest=config.longest_schedule,
            terminals=config.idle_terminals,
        )

    @property
    def view(self) -> Optional[Schedule]:
        """The schedule as it is now, if there is one."""
        return self._scheduled.view(self._now()) if self._scheduled else None

    def observe(self, observer: Callable[[Optional[ScheduledStop]], None]) -> None:
        """Have `observer` called whenever another schedule stands, or the one that stands enters another state."""
        self._observers.append(observer)

    def restore(self, file: ScheduleFile) -> None:
        """Keep the schedule in `file` from now on, and go on with the one that an earlier server has left."""
        self._file = file
        adopted = file.adopt(self._now().monotonic)
        if adopted is not None and self._config.schedule_enabled:
            self._log.info("The scheduled stop of %s goes on", adopted.created_at)
            self._set_current(adopted)

    async def show(self) -> ScheduleResponse:
        """Return the schedule with what it waits for just now."""
        scheduled = self._scheduled
        if scheduled is not None and scheduled.idle and scheduled.state not in (STOPPING, ENDED):
            await self._step(scheduled)
        return ScheduleResponse(schedule=self.view, rules=self.rules)

    def set(self, request: ScheduleRequest, user: Optional[str] = None) -> Optional[Schedule]:
        """Make a schedule, and return the one that it replaces.

        Raises
        ------
        ScheduleError
            When its time is past or too far away.
        ScheduleDisabledError
            When the settings do not allow schedules.
        InstanceStateError
            When the stop that stands is under way already.
        """
        if not self._config.schedule_enabled:
            raise ScheduleDisabledError(
                _("Scheduled stops are disabled on this server."),
                remedy=_("Stop the instance when you are done, or ask your administrator about schedule_enabled."),
            )
        scheduled = self._create(request, user)
        replaced = self._withdraw()
        self._set_current(scheduled)
        return replaced

    def _create(self, request: ScheduleRequest, user: Optional[str]) -> ScheduledStop:
        longest = self._config.longest_schedule
        reading, hours = self._now(), longest / 3600
        grace = None
        if request.when == "idle":
            grace = self.rules.grace if request.grace is None else request.grace
            if grace > longest:
                raise ScheduleError(_("The grace period is longer than the server allows ({h:g} h).", h=hours))
        if at := request.at or request.not_before:
            at = at.astimezone(datetime.timezone.utc)
            distance = (at - reading.wall).total_seconds()
            if distance > longest:
                raise ScheduleError(_("The time is further in the future than the server allows ({h:g} h).", h=hours))
            if distance < -LATE and request.when == "at":
                raise ScheduleError(_("The time is in the past."), remedy=_("Choose a time in the future."))
        return ScheduledStop(
            deadline=Deadline.of(at, reading) if at else None,
            grace=grace,
            idle_since=reading.monotonic,
            source=request.source,
            user=user,
            created_at=reading.wall,
        )

    def cancel(self) -> ScheduleResponse:
        """Cancel the schedule that stands, if there is one.

        Raises
        ------
        InstanceStateError
            When its stop is under way and cannot be cancelled any more.
        """
        replaced = self._withdraw()
        self._set_current(None)
        return ScheduleResponse(replaced=replaced, rules=self.rules)

    def _withdraw(self) -> Optional[Schedule]:
        scheduled, attempt = self._scheduled, self._instance.attempt
        if scheduled is None:
            return None
        if scheduled.state == STOPPING and attempt is not None and attempt.under_way:
            if attempt.phase != SAVING or attempt.source != SOURCE:
                raise InstanceStateError(_("It is too late: the stop is in progress."), code="too_late")
            self._scheduled = None
            self._instance.cancel(attempt.id)
        return scheduled.view(self._now())

    def record_activity(self) -> None:
        """Somebody works just now."""
        if self._scheduled is not None:
            self._scheduled.record_activity(self._now())
            self._notify_if_changed()

    def wake(self) -> None:
        """Look at once: the work may have changed."""
        self._changed.set()

    def _set_current(self, scheduled: Optional[ScheduledStop]) -> None:
        self._scheduled = scheduled
        self._notify_if_changed()
        if scheduled is not None and (self._task is None or self._task.done()):
            self._task = asyncio.ensure_future(self._run())
        self._changed.set()

    def _notify_if_changed(self) -> None:
        """Keep the schedule, and tell the observers of a state that is new."""
        scheduled = self._scheduled
        current = (scheduled.id, scheduled.state) if scheduled else None
        if current == self._last_notified:
            return
        self._last_notified = current
        self._keep()
        for observer in self._observers:
            try:
                observer(scheduled)
            except Exception:
                self._log.exception("An observer of the schedule failed")

    def _keep(self) -> None:
        if self._file is not None:
            self._file.write(self._scheduled)

    async def _run(self) -> None:
        while self._scheduled is not None:
            scheduled = self._scheduled
            self._changed.clear()
            attempt = self._instance.attempt
            try:
                if attempt is not None and attempt.under_way:
                    # Whatever comes of it, this schedule is looked at again.
                    await self._changed.wait()
                elif await self._step(scheduled):
                    await self._stop(scheduled)
                elif scheduled is self._scheduled:
                    await self._pause(scheduled.next_check_in(self._now()))
            except Exception:
                self._log.exception("Watching the scheduled stop failed; it goes on")
                await self._pause(60.0)

    async def _pause(self, seconds: Optional[float]) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    async def _step(self, scheduled: ScheduledStop) -> bool:
        work, worked = await self._work() if scheduled.idle else (AtRisk(), False)
        if scheduled is not self._scheduled:
            return False
        if worked:
            scheduled.record_activity(self._now())
        stop = scheduled.step(self._now(), work, self._config.schedule_countdown)
        self._notify_if_changed()
        return stop

    async def _stop(self, scheduled: ScheduledStop) -> None:
        attempt = Attempt(source=SOURCE, user=scheduled.user, silent=self._config.silent_tabs)
        try:
            await self._instance.stop(attempt, self._prepare)
        except NotebookStopError as error:
            if scheduled is self._scheduled and error.code == "cancelled":
                self._set_current(None)
            if scheduled is not self._scheduled:
                return
            self._log.warning("The scheduled stop failed: %s", error)
            # What tabs have saved for it is nobody's work.
            await self._work()
            scheduled.failed(self._now(), error, views.problem_of(error))
            self._notify_if_changed()

    def _on_stop(self, run: AttemptRun) -> None:
        """Follow any stop: the instance ends, and so does the schedule."""
        scheduled, phase = self._scheduled, run.attempt.phase
        if scheduled is not None and phase in (STOPPING, REFUSED):
            # Kept before the cloud is called: after a crash it is not known whether it was.
            scheduled.requested = phase == STOPPING
            self._keep()
        elif scheduled is not None and phase == ACCEPTED:
            scheduled.state = STOPPING
            self._notify_if_changed()
        elif scheduled is not None and phase == RESUMED and run.error is not None:
            scheduled.ended(views.problem_of(run.error))
            self._notify_if_changed()
        elif scheduled is not None and phase == STOPPED:
            self._set_current(None)
        self._changed.set()

    async def aclose(self) -> None:
        """Watch no longer; the file stays, so that the next server goes on."""
        while self._task is not None and not self._task.done():
            # More than once: before Python 3.12, wait_for can swallow a cancellation that comes with a wake-up.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)
