"""The scheduled stop as it is carried out: what it watches, whom it tells, and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jupyter_notebook_stop.errors import CancelledStopError, OutcomeUnknownError, SaveError, StopFailedError
from jupyter_notebook_stop.policy.schedule import ScheduledStop
from jupyter_notebook_stop.schema import (
    ACCEPTED,
    CANCELLED,
    COUNTDOWN,
    ENDED,
    REFUSED,
    RESUMED,
    RETRYING,
    SAVING,
    STOPPED,
    STOPPING,
    WAITING,
    AtRisk,
    BusyKernel,
)

from ..model.virtual_time import VirtualLoop
from .house import START, File, House

TRAINING = AtRisk(kernels=[BusyKernel(id="k1", name="python3", path="train.ipynb")])


class TestCourse:
    """From the request to the stop."""

    def test_at_a_time(self, house: House) -> None:
        house.at(600.0, user="ada")
        assert (house.state, house.told) == (WAITING, [WAITING])
        house.wait(605.0)
        assert (house.state, house.stops) == (COUNTDOWN, [])
        house.wait(60.0)
        [(when, attempt)] = house.stops
        assert 660.0 <= when <= 661.0
        assert (attempt.source, attempt.user, attempt.save, attempt.silent) == ("schedule", "ada", "all", "cancel")
        assert house.asked_by == ["ada"]
        assert house.prepared == [house.prepare]
        assert house.told == [WAITING, COUNTDOWN, STOPPING]
        assert house.looks == [], "work does not matter to it"

    def test_when_nobody_works(self, house: House) -> None:
        house.at_work = TRAINING
        house.set(grace=600.0)
        house.wait(1000.0)
        assert house.state == WAITING
        house.at_work = AtRisk()
        house.wait(640.0)
        assert house.state == COUNTDOWN
        house.wait(65.0)
        assert [attempt.source for _, attempt in house.stops] == ["schedule"]

    def test_work_that_has_ended_since_counts_too(self, house: House) -> None:
        house.set(grace=600.0)
        house.wait(595.0)
        house.has_worked = True
        house.wait(500.0)
        assert (house.state, house.stops) == (WAITING, [])

    def test_who_works_ends_the_countdown_at_once(self, house: House) -> None:
        house.set(grace=600.0)
        house.wait(630.0)
        assert house.state == COUNTDOWN
        house.scheduler.record_activity()
        assert (house.state, house.told[-1]) == (WAITING, WAITING)

    def test_who_works_without_a_schedule_changes_nothing(self, house: House) -> None:
        house.scheduler.record_activity()
        house.scheduler.wake()
        assert (house.state, house.told) == (None, [])

    def test_a_hint_makes_it_look_at_once(self, house: House) -> None:
        house.set(grace=600.0)
        house.wait(10.0)
        before = len(house.looks)
        house.at_work = TRAINING
        house.scheduler.wake()
        house.wait()
        assert len(house.looks) == before + 1
        assert house.scheduler.view is not None
        assert house.scheduler.view.waiting_for == TRAINING

    def test_it_looks_no_more_often_than_it_needs_to(self, house: House) -> None:
        house.set(grace=600.0)
        house.wait(299.0)
        assert len(house.looks) == 10

    def test_silent_tabs_are_treated_as_the_settings_say(self, loop: VirtualLoop) -> None:
        house = House(loop, silent_tabs="ignore")
        house.at(0.0)
        house.wait(70.0)
        assert [attempt.silent for _, attempt in house.stops] == ["ignore"]

    def test_work_that_cannot_be_seen_stops_nothing_and_is_looked_at_again(self, house: House) -> None:
        house.trouble = 1
        house.set(grace=1.0)
        house.wait(59.0)
        assert (len(house.looks), house.state) == (1, WAITING)
        house.wait(2.0)
        assert len(house.looks) > 1
        assert house.state == COUNTDOWN

    @pytest.mark.parametrize("then", ["cancelled", "replaced"])
    def test_one_that_is_given_up_while_the_work_is_looked_at_stops_nothing(self, house: House, then: str) -> None:
        house.set(grace=1.0)
        house.wait(59.0)
        assert house.state == COUNTDOWN
        house.look_takes = 10.0
        house.wait(5.0)
        house.cancel_schedule()
        if then == "replaced":
            house.at(10_000.0)
        house.wait(1_000.0)
        assert house.stops == []
        assert house.state == (None if then == "cancelled" else WAITING)


class TestOtherStops:
    """The instance may be stopped by others meanwhile."""

    def test_it_waits_for_the_end_of_another_stop(self, house: House) -> None:
        house.at(10.0)
        house.another_stop(SAVING)
        house.wait(1000.0)
        assert (house.state, house.stops) == (WAITING, [])
        house.enter(REFUSED, SaveError("No."))
        house.wait(1.0)
        assert house.state == COUNTDOWN

    def test_a_stop_of_another_that_is_cancelled_or_refused_leaves_it_standing(self, house: House) -> None:
        house.at(1000.0)
        for phase in (CANCELLED, REFUSED):
            house.another_stop(SAVING)
            house.enter(phase, CancelledStopError("Cancelled."))
            assert house.state == WAITING

    def test_where_the_instance_has_stopped_nothing_is_left(self, house: House) -> None:
        house.at(1000.0)
        house.another_stop(ACCEPTED)
        assert (house.state, house.told[-1]) == (STOPPING, STOPPING)
        house.enter(STOPPED)
        assert (house.state, house.told[-1]) == (None, None)

    def test_where_an_accepted_stop_comes_to_nothing_it_ends_and_says_why(self, house: House) -> None:
        house.at(1000.0)
        house.another_stop(ACCEPTED)
        house.enter(RESUMED, StopFailedError("It is RUNNING again."))
        assert (house.state, house.told[-1]) == (ENDED, ENDED)
        assert house.scheduler.view is not None
        assert house.scheduler.view.error is not None
        assert house.scheduler.view.error.message == "It is RUNNING again."

    def test_that_the_cloud_is_called_is_kept_before(self, house: House) -> None:
        file = File()
        house.restore(file)
        house.at(1000.0)
        assert file.kept == [(WAITING, False)]
        house.another_stop(STOPPING)
        assert file.kept[-1] == (WAITING, True)
        house.enter(REFUSED, SaveError("No."))
        assert file.kept[-1] == (WAITING, False)

    def test_without_a_schedule_nothing_is_kept(self, house: House) -> None:
        file = File()
        house.restore(file)
        for phase in (SAVING, STOPPING, ACCEPTED, RESUMED, STOPPED):
            house.another_stop(phase)
        assert file.kept == []


class TestFailure:
    """A stop that fails."""

    def test_it_is_tried_again_and_says_why(self, house: House) -> None:
        house.failure = SaveError("notes.ipynb is read-only.")
        house.at(0.0)
        house.wait(61.0)
        view = house.scheduler.view
        assert view is not None
        assert (view.state, house.told[-1]) == (RETRYING, RETRYING)
        assert view.error is not None
        assert view.error.message == "notes.ipynb is read-only."
        house.failure = None
        house.wait(130.0)
        assert len(house.stops) == 2
        assert house.state == STOPPING

    def test_what_tabs_saved_for_it_is_nobodys_work(self, house: House) -> None:
        house.set(grace=600.0)
        house.saving = house.loop.call(asyncio.Event)
        house.failure = SaveError("notes.ipynb is read-only.")
        house.wait(670.0)
        assert house.state == STOPPING
        house.saving.set()
        house.wait(1.0)
        assert house.state == RETRYING
        house.wait(95.0)
        assert house.state == COUNTDOWN, "nobody has worked meanwhile"

    def test_one_that_is_replaced_while_tabs_save_takes_the_next_one_with_it_never(self, house: House) -> None:
        house.at(0.0)
        house.saving = house.loop.call(asyncio.Event)
        house.wait(61.0)
        assert house.state == STOPPING
        assert house.at(10_000.0) is not None
        house.wait(5.0)
        assert len(house.cancelled) == 1
        assert house.state == WAITING

    def test_what_may_have_been_taken_is_not_tried_again(self, house: House) -> None:
        house.failure = OutcomeUnknownError("It may stop.")
        house.at(0.0)
        house.wait(10_000.0)
        assert (house.state, len(house.stops)) == (ENDED, 1)

    def test_who_cancels_the_stop_cancels_the_schedule(self, house: House) -> None:
        house.failure = CancelledStopError("Cancelled.")
        house.at(0.0)
        house.wait(61.0)
        assert (house.state, house.told[-1], len(house.stops)) == (None, None, 1)
        house.wait(10_000.0)
        assert len(house.stops) == 1

    def test_an_observer_that_fails_disturbs_nobody(self, house: House) -> None:
        def fail(scheduled: Any) -> None:
            raise RuntimeError("no")

        house.scheduler._observers.insert(0, fail)
        house.at(0.0)
        house.wait(61.0)
        assert house.told == [WAITING, COUNTDOWN, STOPPING]


class TestRestart:
    """The schedule of an earlier server."""

    def left(self, house: House) -> ScheduledStop:
        return ScheduledStop(deadline=None, grace=60.0, idle_since=house.reading().monotonic, created_at=START)

    def test_it_goes_on(self, house: House) -> None:
        file = File(self.left(house))

        async def restore() -> None:
            house.restore(file)

        house.loop.run_until_complete(restore())
        assert file.idle_since == pytest.approx(500.0, abs=0.1)
        assert (house.state, file.kept) == (WAITING, [(WAITING, False)])
        house.wait(125.0)
        assert len(house.stops) == 1

    def test_not_where_schedules_are_disabled(self, loop: VirtualLoop) -> None:
        house = House(loop, schedule_enabled=False)
        house.restore(File(self.left(house)))
        assert house.state is None

    def test_its_end_leaves_the_file_and_stops_nothing(self, house: House) -> None:
        file = File()
        house.restore(file)
        house.at(0.0)
        house.loop.run_until_complete(house.scheduler.aclose())
        house.wait(1000.0)
        assert house.stops == []
        assert file.kept[-1] is not None

    def test_without_a_schedule_there_is_nothing_to_end(self, house: House) -> None:
        house.loop.run_until_complete(house.scheduler.aclose())
        assert house.state is None
