"""Any course of work, sleep, clock changes, failures and restarts: a scheduled stop keeps its promises."""

from __future__ import annotations

import tempfile
from typing import Any, Optional
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jupyter_notebook_stop.errors import (
    OutcomeUnknownError,
    SaveError,
    StopFailedError,
    UnreachableError,
)
from jupyter_notebook_stop.policy import schedule_file
from jupyter_notebook_stop.policy.schedule import ScheduledStop, may_have_taken_effect
from jupyter_notebook_stop.schema import COUNTDOWN, ENDED, RETRYING, STOPPING, WAITING, AtRisk

from .test_schedule import COMPILING, NOTHING, TRAINING, Clock, at, fail, idle, step

TIMES = st.sampled_from([0.0, 0.5, 1.0, 29.0, 60.0, 61.0, 300.0, 600.0, 1800.0, 90_000.0])


class Course(RuleBasedStateMachine):
    """Any order of work, waiting, sleep, clock changes, failures, replacements and restarts of the server.

    What is expected is computed anew from what has happened, not from the state of the schedule.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.scheduled: Optional[ScheduledStop] = None
        self.set_at = self.due = self.worked_at = self.counting_since = 0.0
        self.work = NOTHING
        self.taken = False
        self.requests = 0
        self.retry_after = 0.0

    def schedule(self, scheduled: ScheduledStop, due: float) -> None:
        self.scheduled, self.due, self.worked_at = scheduled, due, self.clock.monotonic
        self.taken, self.requests, self.retry_after, self.counting_since = False, 0, 0.0, -1.0

    @rule(grace=st.sampled_from([1.0, 60.0, 600.0]), put_off=st.none() | st.sampled_from([60.0, 3600.0]))
    def stop_when_idle(self, grace: float, put_off: Optional[float]) -> None:
        self.schedule(idle(self.clock, grace, put_off), self.clock.true + (put_off or 0.0))

    @rule(seconds=st.sampled_from([0.0, 60.0, 3600.0, 86_400.0]))
    def stop_at(self, seconds: float) -> None:
        self.schedule(at(self.clock, seconds), self.clock.true + seconds)

    @rule()
    def cancel(self) -> None:
        self.scheduled = None

    @rule(work=st.sampled_from([NOTHING, TRAINING, COMPILING]))
    def begin_or_end_work(self, work: AtRisk) -> None:
        if self.work is not NOTHING:
            self.worked_at = self.clock.monotonic
        self.work = work
        if work is not NOTHING:
            self.worked_at = self.clock.monotonic
            self.step()

    @precondition(lambda self: self.scheduled is not None)
    @rule()
    def type(self) -> None:
        assert self.scheduled
        self.scheduled.record_activity(self.clock.now())
        self.worked_at = self.clock.monotonic

    @rule(seconds=TIMES, asleep=st.booleans())
    def wait(self, seconds: float, asleep: bool) -> None:
        self.clock.wait(seconds, asleep)
        if self.work is not NOTHING:
            self.worked_at = self.clock.monotonic
        self.step()

    @rule(seconds=st.sampled_from([-90_000.0, -60.0, 60.0, 90_000.0]))
    def set_the_clock(self, seconds: float) -> None:
        self.clock.error += seconds
        self.step()

    @precondition(lambda self: self.scheduled is not None and self.scheduled.state == WAITING)
    @rule()
    def wait_as_long_as_it_says(self) -> None:
        assert self.scheduled
        seconds = self.scheduled.next_check_in(self.clock.now())
        assert seconds is not None
        self.wait(seconds, False)

    @rule()
    def restart_the_server(self) -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.object(schedule_file, "identify_boot", return_value="b"),
        ):
            with mock.patch.object(schedule_file, "identify_process", return_value="1:1"):
                schedule_file.ScheduleFile("i1", folder).write(self.scheduled)
            with mock.patch.object(schedule_file, "identify_process", return_value=None):
                restored = schedule_file.ScheduleFile("i1", folder).adopt(self.clock.now().monotonic)
        assert (restored is None) == (self.scheduled is None)
        if restored is not None and self.scheduled is not None:
            assert restored.id == self.scheduled.id
            assert (restored.state == ENDED) == (self.scheduled.requested or self.scheduled.state == ENDED)
            self.taken = self.taken or self.scheduled.requested
        # What was counted begins anew: another process has another view of who works.
        self.scheduled, self.worked_at = restored, self.clock.monotonic
        self.counting_since, self.retry_after = -1.0, 0.0

    def step(self) -> None:
        if self.scheduled is None:
            return
        before = self.scheduled.state
        if step(self.scheduled, self.clock, self.work):
            self.stop()
        elif self.scheduled.state == COUNTDOWN and before != COUNTDOWN:
            self.counting_since = self.clock.monotonic

    def stop(self) -> None:
        assert self.scheduled
        assert not self.taken, "a second request after one that may have been taken"
        assert self.clock.true >= self.due, "early"
        assert self.clock.true >= self.retry_after, "tried again early"
        assert self.counting_since >= 0, "no countdown"
        assert self.clock.monotonic >= self.counting_since + 60, "a short countdown"
        self.counting_since = -1.0
        if self.scheduled.grace is not None:
            assert self.work is NOTHING
            assert self.clock.monotonic - self.worked_at >= self.scheduled.grace, "early"
        self.requests += 1

    @precondition(lambda self: self.scheduled is not None and self.scheduled.state == STOPPING)
    @rule()
    def the_cloud_is_called(self) -> None:
        assert self.scheduled
        self.scheduled.requested = True

    @precondition(lambda self: self.scheduled is not None and self.scheduled.state == STOPPING)
    @rule(data=st.data())
    def the_cloud_answers(self, data: Any) -> None:
        assert self.scheduled
        error = data.draw(st.sampled_from([SaveError, UnreachableError, OutcomeUnknownError, StopFailedError]))("No.")
        self.taken = may_have_taken_effect(error)
        self.retry_after = self.clock.true + 60.0
        fail(self.scheduled, self.clock, error)

    @invariant()
    def it_always_says_when_to_look_again(self) -> None:
        if self.scheduled is None:
            return
        seconds = self.scheduled.next_check_in(self.clock.now())
        assert (seconds is None) == (self.scheduled.state in (STOPPING, ENDED))
        assert seconds is None or 0 <= seconds <= 30
        view = self.scheduled.view(self.clock.now())
        assert (view.stops_at is not None) == (view.state == COUNTDOWN)
        assert (view.next_try_at is not None) == (view.state == RETRYING)


TestCourse = Course.TestCase
TestCourse.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
