"""What is said of a stop that comes later: when, what it waits for, how to cancel it."""

from __future__ import annotations

import datetime
import time
from typing import Any, Iterator

import msgspec
import pytest

from jupyter_notebook_stop.notebook.schedule_rendering import (
    ON_TERMINAL,
    no_schedule_text,
    schedule_html,
    schedule_line,
    schedule_text,
    waiting_words,
)
from jupyter_notebook_stop.schema import AtRisk, BusyKernel, Problem, Schedule, ScheduleRules

NOW = datetime.datetime(2030, 1, 31, 12, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
RULES = ScheduleRules(enabled=True, countdown=60, grace=600, longest=604_800, terminals="children")
IDLE = Schedule(id="one", when="idle", grace=600, source="cell", user="Ann", created_at=NOW)
AT = Schedule(id="two", when="at", at=NOW + 11.5 * HOUR, source="palette", created_at=NOW)
TRAINING = BusyKernel(id="k", name="python3", path="train.ipynb", busy_since=NOW - 3.2 * HOUR)
PROBLEM = Problem(code="silent_tabs", message="A tab is silent.", remedy="Close it.")


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("the local zone cannot be set")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def changed(schedule: Schedule, **fields: Any) -> Schedule:
    return msgspec.structs.replace(schedule, **fields)


def test_in_full() -> None:
    schedule = changed(IDLE, waiting_for=AtRisk(kernels=[TRAINING], terminals=["1"]))
    assert schedule_text(schedule, replaced=AT, rules=RULES, now=NOW).splitlines() == [
        "This instance stops when idle for 10 min",
        "  Waiting for      train.ipynb, busy for 3 h 12 min; terminal 1",
        "  Before it stops  every open tab shows a 1 min countdown, where you can cancel the stop, then saves",
        "  Replaces         a stop at 2030-01-31 23:30 UTC",
        "  Created          2030-01-31 12:00 UTC from a cell by Ann",
        "  To cancel        cancel_scheduled_stop(), or %stop_instance --cancel",
    ]


def test_at_a_time_on_a_terminal() -> None:
    assert schedule_text(AT, cancel=ON_TERMINAL, now=NOW).splitlines() == [
        "This instance stops at 2030-01-31 23:30 UTC, in 11 h 30 min",
        "  Created    2030-01-31 12:00 UTC from the command palette",
        "  To cancel  jupyter notebook-stop schedule --cancel",
    ]


@pytest.mark.parametrize(
    ("fields", "title", "line"),
    [
        ({"state": "waiting"}, "This instance stops when idle for 10 min", ""),
        (
            {"state": "countdown", "stops_at": NOW + HOUR / 60},
            "This instance stops at 2030-01-31 12:01 UTC, in 1 min: open tabs count down",
            "countdown until 2030-01-31 12:01 UTC",
        ),
        ({"state": "stopping"}, "The scheduled stop of this instance is in progress", "in progress"),
        (
            {"state": "retrying", "next_try_at": NOW + HOUR, "error": PROBLEM},
            "The scheduled stop failed and will be tried again",
            "failed; next try at 2030-01-31 13:00 UTC",
        ),
        (
            {"state": "ended", "error": PROBLEM},
            "The scheduled stop failed and will not be tried again",
            "failed; will not be tried again",
        ),
        ({"state": "cancelled"}, "Cancelled: the stop when idle for 10 min", "cancelled"),
        ({"state": "dreaming"}, "This instance stops when idle for 10 min", ""),
        ({"state": "countdown"}, "This instance stops when idle for 10 min", "countdown until an unknown"),
    ],
)
def test_every_state(fields: dict[str, Any], title: str, line: str) -> None:
    schedule = changed(IDLE, **fields)
    text = schedule_text(schedule, rules=RULES, now=NOW)
    assert text.splitlines()[0] == title
    assert f">{title}</span>" in schedule_html(schedule, rules=RULES, now=NOW)
    assert ("A tab is silent. [silent_tabs]" in text) == ("Close it." in text) == ("error" in fields)
    assert ("Next try" in text) == (schedule.state == "retrying")
    assert ("To cancel" in text) == (schedule.state not in ("stopping", "cancelled"))
    assert ("Before it stops" in text) == (schedule.state == "waiting")
    prefix, _, rest = schedule_line(schedule, NOW).partition("; ")
    assert prefix == "when idle for 10 min"
    assert rest.startswith(line)
    assert bool(rest) == bool(line)


def test_when_it_may_stop_and_what_puts_it_off() -> None:
    schedule = changed(IDLE, due_at=NOW + HOUR / 6, not_before=NOW + HOUR)
    text = schedule_text(schedule, now=NOW)
    assert "  Countdown begins  2030-01-31 12:10 UTC, in 10 min, if the instance stays idle" in text
    assert "  Postponed until   2030-01-31 13:00 UTC" in text
    assert "Postponed" not in schedule_text(schedule, now=NOW + 2 * HOUR)


def test_a_time_that_has_come_has_no_distance() -> None:
    assert schedule_text(AT, now=NOW + 12 * HOUR).startswith("This instance stops at 2030-01-31 23:30 UTC\n")


def test_work_in_words() -> None:
    assert waiting_words(AtRisk(), NOW) == ""
    unknown = BusyKernel(id="", name="kernels whose state could not be read")
    assert waiting_words(AtRisk(kernels=[unknown]), NOW) == "kernels whose state could not be read, busy"
    many = AtRisk(kernels=[TRAINING] * 4, terminals=["1", "2", "3"])
    assert waiting_words(many, NOW).endswith("; terminal 1; 2 more")
    assert schedule_line(changed(IDLE, waiting_for=AtRisk(terminals=["1"])), NOW).endswith("; waiting for terminal 1")


def test_none() -> None:
    assert no_schedule_text(RULES) == "No stop is scheduled."
    assert "disabled" in no_schedule_text(msgspec.structs.replace(RULES, enabled=False))


def test_what_comes_from_outside_is_harmless() -> None:
    evil = "<script>\x1b[2J\nMade"
    work = AtRisk(kernels=[BusyKernel(id="k", name="x", path=evil)], terminals=[evil])
    problem = Problem(code=evil, message=evil, remedy=evil)
    schedule = changed(IDLE, user=evil, source=evil, waiting_for=work, error=problem)
    for state in ("waiting", "ended"):
        one = changed(schedule, state=state)
        assert "<script" not in schedule_html(one, replaced=one, rules=RULES)
        text = schedule_text(one, replaced=one, rules=RULES) + schedule_line(one)
        assert "\x1b" not in text
        assert "\nMade" not in text
