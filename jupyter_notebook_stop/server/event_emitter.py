"""Emits each step of a stop on Jupyter's event bus, and one record of each attempt when it ends."""

from __future__ import annotations

import logging
from typing import Any

from ..policy.instance import AttemptRun, ThisInstance
from ..policy.schedule import ScheduledStop
from ..policy.scheduler import Scheduler
from ..pseudonyms import UserName
from ..schema import ACCEPTED, CANCELLED, REFUSED, SAVING
from .events import ATTEMPT_EVENT, SCHEDULE_EVENT, STOP_EVENT


class EventEmitter:
    """Emits events for the attempts of an instance, and logs each attempt.

    Parameters
    ----------
    event_logger
        The Jupyter server's event bus.
    instance
        The instance whose attempts and lease are reported.
    scheduler
        Whose schedule is reported.
    log
        Where the record of an attempt goes.

    Attributes
    ----------
    listeners
        How many listened when the last attempt was announced, if that is known.
    """

    def __init__(self, event_logger: Any, instance: ThisInstance, scheduler: Scheduler, log: logging.Logger) -> None:
        self._event_logger = event_logger
        self._instance = instance
        self._log = log
        self.listeners: int | None = None
        instance.observe(self.emit)
        scheduler.observe(lambda scheduled: self._emit_change("schedule", scheduled))
        instance.reader.observe_lease(lambda: self._emit_change("lease"))

    def emit(self, run: AttemptRun) -> None:
        """Emit the phase that the attempt has entered."""
        attempt = run.attempt
        if attempt.phase == SAVING:
            self.listeners = self._count_listeners()
        self._event_logger.emit(
            schema_id=STOP_EVENT,
            data={
                "attempt": attempt.id,
                "phase": attempt.phase,
                "instance_id": self._instance.identity.instance_id.value,
                "source": attempt.source,
                "save": attempt.save,
            },
        )
        if attempt.phase in (ACCEPTED, REFUSED, CANCELLED):
            self._record(run)

    def _emit_change(self, change: str, scheduled: ScheduledStop | None = None) -> None:
        self._event_logger.emit(
            schema_id=SCHEDULE_EVENT,
            data={
                "change": change,
                "instance_id": self._instance.identity.instance_id.value,
                "schedule": scheduled.id if scheduled else None,
                "state": scheduled.state if scheduled else None,
            },
        )

    def _record(self, run: AttemptRun) -> None:
        attempt, error = run.attempt, run.error
        who = attempt.username or attempt.user
        instance_id = self._instance.identity.instance_id.value
        silent = None
        if attempt.save == "all" and self.listeners is not None:
            silent = max(0, self.listeners - len(attempt.tabs))
        # First, because it needs nothing that could fail.
        self._log.log(
            logging.WARNING if error else logging.INFO,
            "Stop of instance %s %s: attempt %s by %s from %s, save %s, tabs %s, silent %s%s%s",
            instance_id,
            attempt.phase,
            attempt.id,
            who and UserName(who),
            attempt.source,
            attempt.save,
            {tab.id: tab.state for tab in attempt.tabs},
            silent,
            ": " if error else "",
            error or "",
        )
        self._event_logger.emit(
            schema_id=ATTEMPT_EVENT,
            data={
                "attempt": attempt.id,
                "outcome": attempt.phase,
                "instance_id": instance_id,
                "source": attempt.source,
                "save": attempt.save,
                "user": who,
                "code": error.code if error else None,
                "message": str(error.message) if error else None,
                "tabs": [{"id": tab.id, "state": tab.state} for tab in attempt.tabs],
                "silent_tabs": silent,
            },
        )

    def _count_listeners(self) -> int | None:
        # Each open page listens once. The event bus has no public way to count them: where it has another, all wait.
        listeners = getattr(self._event_logger, "_modified_listeners", None)
        return len(listeners.get(STOP_EVENT, ())) if isinstance(listeners, dict) else None
