"""The policy of a stop that comes later, by clocks that jump, sleep and disagree."""

from __future__ import annotations

import datetime
from typing import Optional

import pytest

from jupyter_notebook_stop.clock import ClockReading, Deadline
from jupyter_notebook_stop.errors import (
    NotebookStopError,
    OutcomeUnknownError,
    PermissionDeniedError,
    SaveError,
    StopFailedError,
    UnreachableError,
)
from jupyter_notebook_stop.policy.schedule import PAUSES, ScheduledStop, may_have_taken_effect
from jupyter_notebook_stop.policy.views import problem_of
from jupyter_notebook_stop.schema import COUNTDOWN, ENDED, RETRYING, STOPPING, WAITING, AtRisk, BusyKernel

START = datetime.datetime(2026, 11, 28, 22, 0, tzinfo=datetime.timezone.utc)
TRAINING = AtRisk(kernels=[BusyKernel(id="k1", name="python3", path="train.ipynb")])
COMPILING = AtRisk(terminals=["1"])
NOTHING = AtRisk()


class Clock:
    """Three clocks of one machine; `true` is the time that nobody on it can change."""

    def __init__(self) -> None:
        self.true = 0.0
        self.monotonic = 0.0
        self.error = 0.0

    def now(self) -> ClockReading:
        wall = START + datetime.timedelta(seconds=self.true + self.error)
        return ClockReading(wall, 1000.0 + self.true, 500.0 + self.monotonic)

    def wait(self, seconds: float, asleep: bool = False) -> None:
        self.true += seconds
        self.monotonic += 0.0 if asleep else seconds


def idle(clock: Clock, grace: float = 600.0, not_before: Optional[float] = None) -> ScheduledStop:
    reading = clock.now()
    deadline = None if not_before is None else Deadline.of(reading.after(not_before), reading)
    return ScheduledStop(deadline=deadline, grace=grace, idle_since=reading.monotonic, created_at=reading.wall)


def at(clock: Clock, seconds: float) -> ScheduledStop:
    reading = clock.now()
    deadline = Deadline.of(reading.after(seconds), reading)
    return ScheduledStop(deadline=deadline, grace=None, idle_since=reading.monotonic, created_at=reading.wall)


def step(scheduled: ScheduledStop, clock: Clock, work: AtRisk = NOTHING, countdown: float = 60.0) -> bool:
    return scheduled.step(clock.now(), work, countdown)


def test_it_waits_for_the_grace_period_and_counts_down() -> None:
    clock = Clock()
    scheduled = idle(clock)
    clock.wait(599)
    assert not step(scheduled, clock)
    assert (scheduled.state, scheduled.next_check_in(clock.now())) == (WAITING, 1.0)
    clock.wait(1)
    assert not step(scheduled, clock)
    assert scheduled.state == COUNTDOWN
    assert scheduled.view(clock.now()).stops_at == clock.now().after(60)
    clock.wait(59.9)
    assert not step(scheduled, clock)
    clock.wait(0.1)
    assert step(scheduled, clock)
    assert scheduled.state == STOPPING
    assert not step(scheduled, clock)


@pytest.mark.parametrize("work", [TRAINING, COMPILING])
def test_work_keeps_it_waiting(work: AtRisk) -> None:
    clock = Clock()
    scheduled = idle(clock)
    for _ in range(100):
        clock.wait(600)
        assert not step(scheduled, clock, work)
    view = scheduled.view(clock.now())
    assert (view.state, view.waiting_for, view.due_at) == (WAITING, work, None)
    assert not step(scheduled, clock)
    assert scheduled.view(clock.now()).due_at == clock.now().after(600)


@pytest.mark.parametrize("how", ["a kernel", "a person"])
def test_work_ends_a_countdown(how: str) -> None:
    clock = Clock()
    scheduled = idle(clock)
    clock.wait(600)
    step(scheduled, clock)
    clock.wait(30)
    if how == "a kernel":
        assert not step(scheduled, clock, TRAINING)
    else:
        scheduled.record_activity(clock.now())
    assert scheduled.state == WAITING
    clock.wait(599)
    assert not step(scheduled, clock)
    assert scheduled.state == WAITING


def test_work_does_not_keep_a_stop_at_a_time_from_happening() -> None:
    clock = Clock()
    scheduled = at(clock, 3600)
    clock.wait(3600)
    assert not step(scheduled, clock, TRAINING)
    scheduled.record_activity(clock.now())
    assert scheduled.state == COUNTDOWN
    clock.wait(60)
    assert step(scheduled, clock, TRAINING)


def test_no_idle_time_passes_asleep() -> None:
    clock = Clock()
    scheduled = idle(clock)
    clock.wait(300)
    clock.wait(100_000, asleep=True)
    step(scheduled, clock)
    assert scheduled.state == WAITING
    clock.wait(300)
    step(scheduled, clock)
    assert scheduled.state == COUNTDOWN
    clock.wait(100_000, asleep=True)
    assert not step(scheduled, clock)


@pytest.mark.parametrize("error", [7200.0, -7200.0])
def test_a_clock_that_is_set_does_not_make_it_early(error: float) -> None:
    clock = Clock()
    scheduled = at(clock, 3600)
    clock.error = error
    clock.wait(3599)
    step(scheduled, clock)
    assert scheduled.state == WAITING
    clock.wait(1 + max(-error, 0.0))
    step(scheduled, clock)
    assert scheduled.state == COUNTDOWN


def test_it_is_put_off() -> None:
    clock = Clock()
    scheduled = idle(clock, grace=60, not_before=3600)
    clock.wait(3599)
    step(scheduled, clock)
    assert scheduled.state == WAITING
    assert scheduled.view(clock.now()).not_before == START + datetime.timedelta(hours=1)
    clock.wait(1)
    step(scheduled, clock)
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
        step(scheduled, clock)
        assert scheduled.state == COUNTDOWN
        clock.wait(60)
        assert step(scheduled, clock)
        fail(scheduled, clock, error)
        view = scheduled.view(clock.now())
        assert (view.state, view.next_try_at) == (RETRYING, clock.now().after(pause))
        assert view.error is not None
        assert view.error.message == error.message
        clock.wait(pause - 1)
        assert not step(scheduled, clock)
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
    step(scheduled, clock)
    clock.wait(60)
    assert step(scheduled, clock)
    assert may_have_taken_effect(error)
    fail(scheduled, clock, error)
    assert (scheduled.state, scheduled.next_check_in(clock.now())) == (ENDED, None)
    clock.wait(1_000_000)
    assert not step(scheduled, clock)
    assert scheduled.state == ENDED


def test_it_says_when_to_look_again() -> None:
    clock = Clock()
    scheduled = at(clock, 100)
    assert scheduled.next_check_in(clock.now()) == 30
    clock.wait(100)
    assert scheduled.next_check_in(clock.now()) == 0
    step(scheduled, clock)
    assert scheduled.next_check_in(clock.now()) == 5
    clock.wait(58)
    assert scheduled.next_check_in(clock.now()) == 2
    clock.wait(3)
    assert scheduled.next_check_in(clock.now()) == 0
    assert step(scheduled, clock)
    fail(scheduled, clock, UnreachableError("No network."))
    assert scheduled.next_check_in(clock.now()) == 30
    clock.wait(50)
    assert scheduled.next_check_in(clock.now()) == 10
    clock.wait(20)
    assert scheduled.next_check_in(clock.now()) == 0
    assert scheduled.view(clock.now()).next_try_at == clock.now().after(0)


def test_its_view_says_what_is_known() -> None:
    clock = Clock()
    fixed, quiet = at(clock, 100).view(clock.now()), idle(clock, not_before=50).view(clock.now())
    assert (fixed.when, fixed.at, fixed.not_before, fixed.source) == ("at", clock.now().after(100), None, "api")
    assert (quiet.when, quiet.at, quiet.not_before) == ("idle", None, clock.now().after(50))
    scheduled = at(clock, 0)
    step(scheduled, clock)
    assert scheduled.view(clock.now()).due_at is None


def stopping(clock: Clock) -> ScheduledStop:
    """Return an idle one whose countdown is over."""
    scheduled = idle(clock)
    clock.wait(600)
    step(scheduled, clock)
    clock.wait(60)
    assert step(scheduled, clock)
    return scheduled


def test_who_works_after_the_countdown_has_begun_changes_nothing_of_what_is_over() -> None:
    clock = Clock()
    scheduled = stopping(clock)
    scheduled.record_activity(clock.now())
    assert scheduled.state == STOPPING
    fail(scheduled, clock, UnreachableError("No network."))
    assert not scheduled.requested


def test_an_idle_one_waits_for_work_before_it_tries_again() -> None:
    clock = Clock()
    scheduled = stopping(clock)
    fail(scheduled, clock, UnreachableError("No network."))
    clock.wait(60)
    step(scheduled, clock, TRAINING)
    assert scheduled.state == WAITING
    clock.wait(599)
    step(scheduled, clock)
    assert scheduled.state == WAITING
