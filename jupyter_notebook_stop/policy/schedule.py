"""The policy of a stop that comes later: at a time, or when nobody has used the instance for a while.

Nothing here waits, asks or knows a clock of its own: it is told the time and
the work there is, and says what to do. It never stops early: a time must have
come by the wall clock and by the clock that nobody sets, and while the machine
sleeps no idle time passes. It never stops without a countdown before, and
never a second time where the first request may have been taken.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from typing import Optional

from ..clock import ClockReading, Deadline
from ..errors import NotebookStopError, OutcomeUnknownError, StopFailedError
from ..schema import COUNTDOWN, ENDED, RETRYING, STOPPING, WAITING, AtRisk, Problem, Schedule

PAUSES = (60.0, 120.0, 240.0, 480.0, 900.0)
"""Seconds before a stop that failed is tried again; the last one again and again."""

CHECK_INTERVAL = 30.0
"""Longest time between two checks of the work, in seconds: not all of it tells when it begins or ends."""

COUNTDOWN_CHECK_INTERVAL = 5.0
"""The same during a countdown."""

_AMBIGUOUS_CODES = ("internal", "foreign_answer")


@dataclasses.dataclass
class ScheduledStop:
    """One scheduled stop.

    Attributes
    ----------
    deadline
        When to stop; of an idle schedule, until when it was put off.
    grace
        How long the instance must be idle, in seconds; None if it stops at a time.
    idle_since
        Since when nobody works, by CLOCK_MONOTONIC; it begins anew with the process.
    tries
        How often stopping has failed.
    requested
        Whether the cloud is being called, or has been: then it may have been taken.
    """

    deadline: Optional[Deadline]
    grace: Optional[float]
    idle_since: float
    created_at: datetime.datetime
    source: str = "api"
    user: Optional[str] = None
    id: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex)
    state: str = WAITING
    tries: int = 0
    requested: bool = False
    error: Optional[Problem] = None
    work: AtRisk = dataclasses.field(default_factory=AtRisk)
    countdown_ends: float = 0.0
    next_try: float = 0.0

    @property
    def idle(self) -> bool:
        """Whether it stops when nobody works."""
        return self.grace is not None

    def record_activity(self, now: ClockReading) -> None:
        """Somebody has worked just now."""
        self.idle_since = max(self.idle_since, now.monotonic)
        if self.idle and self.state == COUNTDOWN:
            self._wait()

    def step(self, now: ClockReading, work: AtRisk, countdown: float) -> bool:
        """Go on to the state that fits this moment; return whether to stop now.

        Parameters
        ----------
        work
            What is being worked on; of no account for a stop at a time.
        countdown
            How long a countdown takes, in seconds.
        """
        if self.idle:
            self.work = work
            if work.kernels or work.terminals:
                self.record_activity(now)
        if self.state == RETRYING and now.monotonic >= self.next_try:
            self.state = WAITING
        if self.state == WAITING and self._remaining(now) <= 0:
            self.state, self.countdown_ends = COUNTDOWN, now.monotonic + countdown
        if self.state != COUNTDOWN or now.monotonic < self.countdown_ends:
            return False
        self.state = STOPPING
        return True

    def next_check_in(self, now: ClockReading) -> Optional[float]:
        """Return after how many seconds to take the next step; None if only an event changes anything."""
        if self.state == WAITING:
            return min(max(self._remaining(now), 0.0), CHECK_INTERVAL)
        if self.state == COUNTDOWN:
            return min(max(self.countdown_ends - now.monotonic, 0.0), COUNTDOWN_CHECK_INTERVAL)
        if self.state == RETRYING:
            return min(max(self.next_try - now.monotonic, 0.0), CHECK_INTERVAL)
        return None

    def failed(self, now: ClockReading, error: NotebookStopError, problem: Problem) -> None:
        """Try again later after stopping has failed, unless the request may have been taken."""
        self.error, self.requested = problem, False
        if may_have_taken_effect(error):
            self.state = ENDED
            return
        self.next_try = now.monotonic + PAUSES[min(self.tries, len(PAUSES) - 1)]
        self.tries += 1
        self.state = RETRYING

    def ended(self, problem: Problem) -> None:
        """Try no more; `problem` says why."""
        self.state, self.error = ENDED, problem

    def view(self, now: ClockReading) -> Schedule:
        """Return what others may see at this moment."""
        waiting = self.state == WAITING
        at = self.deadline.at if self.deadline else None
        return Schedule(
            id=self.id,
            when="idle" if self.idle else "at",
            at=None if self.idle else at,
            grace=self.grace,
            not_before=at if self.idle else None,
            state=self.state,
            source=self.source,
            user=self.user,
            created_at=self.created_at,
            waiting_for=self.work,
            due_at=now.after(self._remaining(now)) if waiting and not self._at_work else None,
            stops_at=now.after(self.countdown_ends - now.monotonic) if self.state == COUNTDOWN else None,
            next_try_at=now.after(max(self.next_try - now.monotonic, 0.0)) if self.state == RETRYING else None,
            error=self.error,
        )

    @property
    def _at_work(self) -> bool:
        return bool(self.work.kernels or self.work.terminals)

    def _remaining(self, now: ClockReading) -> float:
        seconds = self.deadline.remaining(now) if self.deadline else 0.0
        if self.grace is not None:
            seconds = max(seconds, self.grace - (now.monotonic - self.idle_since))
        return seconds

    def _wait(self) -> None:
        self.state, self.countdown_ends = WAITING, 0.0


def may_have_taken_effect(error: NotebookStopError) -> bool:
    """Return whether the cloud may carry out the stop that failed so."""
    return isinstance(error, (OutcomeUnknownError, StopFailedError)) or error.code in _AMBIGUOUS_CODES
