"""The policy of a stop that comes later, by clocks that jump, sleep and disagree."""

from __future__ import annotations

import datetime
import tempfile
from typing import Any, Optional
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jupyter_notebook_stop import schedule_file
from jupyter_notebook_stop.clock import Deadline, Moment
from jupyter_notebook_stop.errors import (
    NotebookStopError,
    OutcomeUnknownError,
    PermissionDeniedError,
    SaveError,
    StopFailedError,
    UnreachableError,
)
from jupyter_notebook_stop.schedule import PAUSES, ScheduledStop, may_have_been_taken
from jupyter_notebook_stop.schema import COUNTDOWN, ENDED, RETRYING, STOPPING, WAITING, AtRisk, BusyKernel
from jupyter_notebook_stop.views import problem_of

START = datetime.datetime(2026, 11, 28, 22, 0, tzinfo=datetime.timezone.utc)
TRAINING = AtRisk(kernels=[BusyKernel(id="k1", name="python3", path="train.ipynb")])
COMPILING = AtRisk(terminals=["1"])
NOTHING = AtRisk()


class Clock:
    """Three clocks of one machine; `true` is the time that nobody on it can change."""

    def __init__(self) -> None:
        self.true = 0.0
        self.awake = 0.0
        self.error = 0.0

    def now(self) -> Moment:
        wall = START + datetime.timedelta(seconds=self.true + self.error)
        return Moment(wall, 1000.0 + self.true, 500.0 + self.awake)

    def wait(self, seconds: float, asleep: bool = False) -> None:
        self.true += seconds
        self.awake += 0.0 if asleep else seconds


def idle(clock: Clock, grace: float = 600.0, not_before: Optional[float] = None) -> ScheduledStop:
    moment = clock.now()
    deadline = None if not_before is None else Deadline.of(moment.after(not_before), moment)
    return ScheduledStop(deadline=deadline, grace=grace, quiet_since=moment.awake, created_at=moment.wall)


def at(clock: Clock, seconds: float) -> ScheduledStop:
    moment = clock.now()
    deadline = Deadline.of(moment.after(seconds), moment)
    return ScheduledStop(deadline=deadline, grace=None, quiet_since=moment.awake, created_at=moment.wall)


def look(scheduled: ScheduledStop, clock: Clock, work: AtRisk = NOTHING, countdown: float = 60.0) -> bool:
    return scheduled.look(clock.now(), work, countdown)


def test_it_waits_for_the_grace_period_and_counts_down() -> None:
    clock = Clock()
    scheduled = idle(clock)
    clock.wait(599)
    assert not look(scheduled, clock)
    assert (scheduled.state, scheduled.wake_in(clock.now())) == (WAITING, 1.0)
    clock.wait(1)
    assert not look(scheduled, clock)
    assert scheduled.state == COUNTDOWN
    assert scheduled.view(clock.now()).stops_at == clock.now().after(60)
    clock.wait(59.9)
    assert not look(scheduled, clock)
    clock.wait(0.1)
    assert look(scheduled, clock)
    assert scheduled.state == STOPPING
    assert not look(scheduled, clock)


@pytest.mark.parametrize("work", [TRAINING, COMPILING])
def test_work_keeps_it_waiting(work: AtRisk) -> None:
    clock = Clock()
    scheduled = idle(clock)
    for _ in range(100):
        clock.wait(600)
        assert not look(scheduled, clock, work)
    view = scheduled.view(clock.now())
    assert (view.state, view.waiting_for, view.due_at) == (WAITING, work, None)
    assert not look(scheduled, clock)
    assert scheduled.view(clock.now()).due_at == clock.now().after(600)


@pytest.mark.parametrize("how", ["a kernel", "a person"])
def test_work_ends_a_countdown(how: str) -> None:
    clock = Clock()
    scheduled = idle(clock)
    clock.wait(600)
    look(scheduled, clock)
    clock.wait(30)
    if how == "a kernel":
        assert not look(scheduled, clock, TRAINING)
    else:
        scheduled.worked(clock.now())
    assert scheduled.state == WAITING
    clock.wait(599)
    assert not look(scheduled, clock)
    assert scheduled.state == WAITING


def test_work_does_not_keep_a_stop_at_a_time_from_happening() -> None:
    clock = Clock()
    scheduled = at(clock, 3600)
    clock.wait(3600)
    assert not look(scheduled, clock, TRAINING)
    scheduled.worked(clock.now())
    assert scheduled.state == COUNTDOWN
    clock.wait(60)
    assert look(scheduled, clock, TRAINING)


def test_no_idle_time_passes_asleep() -> None:
    clock = Clock()
    scheduled = idle(clock)
    clock.wait(300)
    clock.wait(100_000, asleep=True)
    look(scheduled, clock)
    assert scheduled.state == WAITING
    clock.wait(300)
    look(scheduled, clock)
    assert scheduled.state == COUNTDOWN
    clock.wait(100_000, asleep=True)
    assert not look(scheduled, clock)


@pytest.mark.parametrize("error", [7200.0, -7200.0])
def test_a_clock_that_is_set_does_not_make_it_early(error: float) -> None:
    clock = Clock()
    scheduled = at(clock, 3600)
    clock.error = error
    clock.wait(3599)
    look(scheduled, clock)
    assert scheduled.state == WAITING
    clock.wait(1 + max(-error, 0.0))
    look(scheduled, clock)
    assert scheduled.state == COUNTDOWN


def test_it_is_put_off() -> None:
    clock = Clock()
    scheduled = idle(clock, grace=60, not_before=3600)
    clock.wait(3599)
    look(scheduled, clock)
    assert scheduled.state == WAITING
    assert scheduled.view(clock.now()).not_before == START + datetime.timedelta(hours=1)
    clock.wait(1)
    look(scheduled, clock)
    assert scheduled.state == COUNTDOWN


def fail(scheduled: ScheduledStop, clock: Clock, error: NotebookStopError) -> None:
    scheduled.failed(clock.now(), error, problem_of(error))


@pytest.mark.parametrize(
    "error", [SaveError("Read-only."), UnreachableError("No network."), PermissionDeniedError("No.", status=403)]
)
def test_it_tries_again_with_growing_pauses_and_a_countdown_each_time(error: NotebookStopError) -> None:
    clock = Clock()
    scheduled = at(clock, 0)
    for pause in (*PAUSES, PAUSES[-1], PAUSES[-1]):
        look(scheduled, clock)
        assert scheduled.state == COUNTDOWN
        clock.wait(60)
        assert look(scheduled, clock)
        fail(scheduled, clock, error)
        view = scheduled.view(clock.now())
        assert (view.state, view.next_try_at) == (RETRYING, clock.now().after(pause))
        assert view.error is not None
        assert view.error.message == error.message
        clock.wait(pause - 1)
        assert not look(scheduled, clock)
        assert scheduled.state == RETRYING
        clock.wait(1)
    assert PAUSES == (60, 120, 240, 480, 900)


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknownError("It may stop."),
        OutcomeUnknownError("Another instance.", code="foreign_answer"),
        StopFailedError("It is RUNNING again."),
        NotebookStopError("It failed unexpectedly.", code="internal"),
    ],
)
def test_it_is_not_tried_again_where_the_first_may_have_been_taken(error: NotebookStopError) -> None:
    clock = Clock()
    scheduled = at(clock, 0)
    look(scheduled, clock)
    clock.wait(60)
    assert look(scheduled, clock)
    assert may_have_been_taken(error)
    fail(scheduled, clock, error)
    assert (scheduled.state, scheduled.wake_in(clock.now())) == (ENDED, None)
    clock.wait(1_000_000)
    assert not look(scheduled, clock)
    assert scheduled.state == ENDED


def test_it_says_when_to_look_again() -> None:
    clock = Clock()
    scheduled = at(clock, 100)
    assert scheduled.wake_in(clock.now()) == 30
    clock.wait(100)
    assert scheduled.wake_in(clock.now()) == 0
    look(scheduled, clock)
    assert scheduled.wake_in(clock.now()) == 5
    clock.wait(58)
    assert scheduled.wake_in(clock.now()) == 2
    clock.wait(3)
    assert scheduled.wake_in(clock.now()) == 0
    assert look(scheduled, clock)
    fail(scheduled, clock, UnreachableError("No network."))
    assert scheduled.wake_in(clock.now()) == 30
    clock.wait(50)
    assert scheduled.wake_in(clock.now()) == 10
    clock.wait(20)
    assert scheduled.wake_in(clock.now()) == 0
    assert scheduled.view(clock.now()).next_try_at == clock.now().after(0)


def test_its_view_says_what_is_known() -> None:
    clock = Clock()
    fixed, quiet = at(clock, 100).view(clock.now()), idle(clock, not_before=50).view(clock.now())
    assert (fixed.when, fixed.at, fixed.not_before, fixed.source) == ("at", clock.now().after(100), None, "api")
    assert (quiet.when, quiet.at, quiet.not_before) == ("idle", None, clock.now().after(50))
    scheduled = at(clock, 0)
    look(scheduled, clock)
    assert scheduled.view(clock.now()).due_at is None


def stopping(clock: Clock) -> ScheduledStop:
    """Return an idle one whose countdown is over."""
    scheduled = idle(clock)
    clock.wait(600)
    look(scheduled, clock)
    clock.wait(60)
    assert look(scheduled, clock)
    return scheduled


def test_who_works_after_the_countdown_has_begun_changes_nothing_of_what_is_over() -> None:
    clock = Clock()
    scheduled = stopping(clock)
    scheduled.worked(clock.now())
    assert scheduled.state == STOPPING
    fail(scheduled, clock, UnreachableError("No network."))
    assert not scheduled.requested


def test_an_idle_one_waits_for_work_before_it_tries_again() -> None:
    clock = Clock()
    scheduled = stopping(clock)
    fail(scheduled, clock, UnreachableError("No network."))
    clock.wait(60)
    look(scheduled, clock, TRAINING)
    assert scheduled.state == WAITING
    clock.wait(599)
    look(scheduled, clock)
    assert scheduled.state == WAITING


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
        self.scheduled, self.due, self.worked_at = scheduled, due, self.clock.awake
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
            self.worked_at = self.clock.awake
        self.work = work
        if work is not NOTHING:
            self.worked_at = self.clock.awake
            self.look()

    @precondition(lambda self: self.scheduled is not None)
    @rule()
    def type(self) -> None:
        assert self.scheduled
        self.scheduled.worked(self.clock.now())
        self.worked_at = self.clock.awake

    @rule(seconds=TIMES, asleep=st.booleans())
    def wait(self, seconds: float, asleep: bool) -> None:
        self.clock.wait(seconds, asleep)
        if self.work is not NOTHING:
            self.worked_at = self.clock.awake
        self.look()

    @rule(seconds=st.sampled_from([-90_000.0, -60.0, 60.0, 90_000.0]))
    def set_the_clock(self, seconds: float) -> None:
        self.clock.error += seconds
        self.look()

    @precondition(lambda self: self.scheduled is not None and self.scheduled.state == WAITING)
    @rule()
    def wait_as_long_as_it_says(self) -> None:
        assert self.scheduled
        seconds = self.scheduled.wake_in(self.clock.now())
        assert seconds is not None
        self.wait(seconds, False)

    @rule()
    def restart_the_server(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(schedule_file, "boot", return_value="b"):
            with mock.patch.object(schedule_file, "process", return_value="1:1"):
                schedule_file.ScheduleFile("i1", folder).write(self.scheduled)
            with mock.patch.object(schedule_file, "process", return_value=None):
                restored = schedule_file.ScheduleFile("i1", folder).adopt(self.clock.now().awake)
        assert (restored is None) == (self.scheduled is None)
        if restored is not None and self.scheduled is not None:
            assert restored.id == self.scheduled.id
            assert (restored.state == ENDED) == (self.scheduled.requested or self.scheduled.state == ENDED)
            self.taken = self.taken or self.scheduled.requested
        # What was counted begins anew: another process has another view of who works.
        self.scheduled, self.worked_at, self.counting_since, self.retry_after = restored, self.clock.awake, -1.0, 0.0

    def look(self) -> None:
        if self.scheduled is None:
            return
        before = self.scheduled.state
        if look(self.scheduled, self.clock, self.work):
            self.stop()
        elif self.scheduled.state == COUNTDOWN and before != COUNTDOWN:
            self.counting_since = self.clock.awake

    def stop(self) -> None:
        assert self.scheduled
        assert not self.taken, "a second request after one that may have been taken"
        assert self.clock.true >= self.due, "early"
        assert self.clock.true >= self.retry_after, "tried again early"
        assert self.counting_since >= 0, "no countdown"
        assert self.clock.awake >= self.counting_since + 60, "a short countdown"
        self.counting_since = -1.0
        if self.scheduled.grace is not None:
            assert self.work is NOTHING
            assert self.clock.awake - self.worked_at >= self.scheduled.grace, "early"
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
        self.taken = may_have_been_taken(error)
        self.retry_after = self.clock.true + 60.0
        fail(self.scheduled, self.clock, error)

    @invariant()
    def it_always_says_when_to_look_again(self) -> None:
        if self.scheduled is None:
            return
        seconds = self.scheduled.wake_in(self.clock.now())
        assert (seconds is None) == (self.scheduled.state in (STOPPING, ENDED))
        assert seconds is None or 0 <= seconds <= 30
        view = self.scheduled.view(self.clock.now())
        assert (view.stops_at is not None) == (view.state == COUNTDOWN)
        assert (view.next_try_at is not None) == (view.state == RETRYING)


TestCourse = Course.TestCase
TestCourse.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
