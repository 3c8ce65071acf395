"""What may be asked of a scheduler: a schedule, its end, and a look at it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from jupyter_notebook_stop.errors import InstanceStateError
from jupyter_notebook_stop.policy.scheduler import ScheduleDisabledError, ScheduleError
from jupyter_notebook_stop.schema import (
    ACCEPTED,
    COUNTDOWN,
    ENDED,
    REFUSED,
    SAVING,
    STOPPING,
    WAITING,
    AtRisk,
    Attempt,
    BusyKernel,
)

from ..model.virtual_time import VirtualLoop
from .house import START, House

TRAINING = AtRisk(kernels=[BusyKernel(id="k1", name="python3", path="train.ipynb")])


class TestRequests:
    """What may be asked for."""

    def test_the_rules(self, loop: VirtualLoop) -> None:
        house = House(loop, schedule_countdown=30.0, idle_grace=7200.0, longest_schedule=3600.0, idle_terminals="open")
        rules = house.scheduler.rules
        assert (rules.enabled, rules.countdown, rules.grace, rules.longest) == (True, 30.0, 3600.0, 3600.0)
        assert rules.terminals == "open"

    def test_the_grace_period_of_the_settings_is_the_default(self, loop: VirtualLoop) -> None:
        house = House(loop, idle_grace=1200.0)
        house.set()
        assert house.scheduler.view is not None
        assert house.scheduler.view.grace == 1200.0

    @pytest.mark.parametrize(("grace", "allowed"), [(3600.0, True), (3601.0, False)])
    def test_the_longest_grace_period(self, loop: VirtualLoop, grace: float, allowed: bool) -> None:
        house = House(loop, longest_schedule=3600.0)
        if allowed:
            house.set(grace=grace)
            assert house.state == WAITING
            return
        with pytest.raises(ScheduleError, match=r"longer than the server allows \(1 h\)"):
            house.set(grace=grace)
        assert house.state is None

    @pytest.mark.parametrize(("seconds", "refusal"), [(3600.0, ""), (3601.0, "further in the future than"), (-5.0, "")])
    def test_how_far_away_a_time_may_be(self, loop: VirtualLoop, seconds: float, refusal: str) -> None:
        house = House(loop, longest_schedule=3600.0)
        if refusal:
            with pytest.raises(ScheduleError, match=rf"{refusal} the server allows \(1 h\)"):
                house.at(seconds)
        else:
            house.at(seconds)
            assert house.scheduler.view is not None

    def test_a_time_that_is_past(self, house: House) -> None:
        with pytest.raises(ScheduleError, match="past") as caught:
            house.at(-6.0)
        assert caught.value.code == "bad_schedule"
        assert caught.value.remedy
        house.set(grace=60.0, not_before=START - datetime.timedelta(hours=1))
        assert house.state == WAITING

    def test_until_when_it_is_put_off(self, house: House) -> None:
        house.set(grace=60.0, not_before=START + datetime.timedelta(seconds=500))
        house.wait(495.0)
        assert house.state == WAITING
        house.wait(10.0)
        assert house.state == COUNTDOWN

    def test_what_is_asked_for_is_shown(self, house: House) -> None:
        beijing = datetime.timezone(datetime.timedelta(hours=8))
        house.wait(5.0)
        before = house.reading().wall
        house.set("at", user="ada", at=(START + datetime.timedelta(hours=1)).astimezone(beijing), source="cell")
        view = house.scheduler.view
        assert view is not None
        assert (view.when, view.source, view.user) == ("at", "cell", "ada")
        assert view.at == START + datetime.timedelta(hours=1)
        assert view.at.utcoffset() == datetime.timedelta(0)
        assert view.created_at == before

    def test_where_schedules_are_disabled(self, loop: VirtualLoop) -> None:
        house = House(loop, schedule_enabled=False)
        with pytest.raises(ScheduleDisabledError) as caught:
            house.at(600.0)
        assert caught.value.code == "schedule_disabled"
        assert "schedule_enabled" in str(caught.value.remedy)

    def test_a_second_one_replaces_the_first(self, house: House) -> None:
        assert house.at(600.0) is None
        replaced = house.set(grace=60.0)
        assert (replaced.when, replaced.state) == ("at", WAITING)
        assert house.told == [WAITING, WAITING]
        house.wait(125.0)
        assert len(house.stops) == 1
        house.wait(1000.0)
        assert len(house.stops) == 1

    def test_it_is_cancelled(self, house: House) -> None:
        house.at(600.0)
        answer = house.cancel_schedule()
        assert (answer.replaced.when, answer.schedule, answer.rules) == ("at", None, house.scheduler.rules)
        assert (house.state, house.told) == (None, [WAITING, None])
        house.wait(1000.0)
        assert house.stops == []
        assert house.cancel_schedule().replaced is None

    def test_after_one_was_cancelled_another_may_be_made(self, house: House) -> None:
        house.at(600.0)
        house.cancel_schedule()
        house.wait(1.0)
        house.at(0.0)
        house.wait(61.0)
        assert len(house.stops) == 1


class TestCancel:
    """A cancel that comes while its stop is under way."""

    def begin(self, house: House, phase: str, source: str = "schedule") -> Any:
        house.at(0.0)
        scheduled = house.scheduler._scheduled
        assert scheduled is not None
        scheduled.state = STOPPING
        house.attempt = Attempt(source=source, phase=phase)
        return house.attempt

    def test_while_tabs_save_the_stop_is_cancelled(self, house: House) -> None:
        attempt = self.begin(house, SAVING)
        assert house.cancel_schedule().replaced is not None
        assert house.cancelled == [attempt.id]
        assert house.state is None

    @pytest.mark.parametrize(
        ("phase", "source"), [(STOPPING, "schedule"), (ACCEPTED, "schedule"), (SAVING, "menu"), (ACCEPTED, "menu")]
    )
    def test_afterwards_and_for_the_stop_of_another_it_is_too_late(self, house: House, phase: str, source: str) -> None:
        self.begin(house, phase, source)
        with pytest.raises(InstanceStateError) as caught:
            house.cancel_schedule()
        assert caught.value.code == "too_late"
        assert (house.cancelled, house.state) == ([], STOPPING)

    def test_a_stop_that_has_ended_is_in_nobodys_way(self, house: House) -> None:
        self.begin(house, REFUSED)
        assert house.cancel_schedule().replaced is not None
        assert house.cancelled == []

    def test_where_no_stop_is_known_of_nothing_is_in_the_way(self, house: House) -> None:
        self.begin(house, STOPPING)
        house.attempt = None
        assert house.cancel_schedule().replaced is not None
        assert house.cancelled == []

    def test_while_it_waits_the_stop_of_another_does_not_matter(self, house: House) -> None:
        house.at(600.0)
        house.another_stop(SAVING)
        assert house.cancel_schedule().replaced is not None
        assert (house.cancelled, house.state) == ([], None)


class TestShow:
    """What others are shown."""

    def show(self, house: House) -> Any:
        return house.loop.run_until_complete(house.scheduler.show())

    def test_what_it_waits_for_just_now(self, house: House) -> None:
        house.set(grace=600.0)
        house.at_work = TRAINING
        answer = self.show(house)
        assert answer.schedule.waiting_for == TRAINING
        assert answer.rules == house.scheduler.rules

    def test_without_a_schedule_there_are_the_rules(self, house: House) -> None:
        answer = self.show(house)
        assert (answer.schedule, answer.rules, house.looks) == (None, house.scheduler.rules, [])

    def test_work_is_not_looked_at_where_it_does_not_matter(self, house: House) -> None:
        house.at(600.0)
        self.show(house)
        assert house.looks == []

    @pytest.mark.parametrize("state", [STOPPING, ENDED])
    def test_work_is_not_looked_at_once_it_is_over(self, house: House, state: str) -> None:
        house.set(grace=600.0)
        assert house.scheduler._scheduled is not None
        house.scheduler._scheduled.state = state
        before = len(house.looks)
        assert self.show(house).schedule.state == state
        assert len(house.looks) == before
