"""``jupyter notebook-stop schedule``: what it writes, and its exit codes."""

from __future__ import annotations

import datetime
import json
from typing import Iterator

import msgspec
import pytest

from jupyter_notebook_stop.schema import ScheduleResponse
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..commands import Ended, QuickCommands
from ..notebook.conftest import Inside, inside, running_server
from .conftest import Commands

__all__ = ["inside", "running_server"]

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)


class Scheduling:
    """The command in a terminal of a Jupyter server with the extension."""

    def __init__(self, inside: Inside, quick: QuickCommands) -> None:
        self.inside = inside
        self.commands = Commands(inside.place, quick)

    def run(self, *arguments: str) -> Ended:
        return self.commands.run("schedule", *arguments)

    def done(self, *arguments: str) -> str:
        """Return what the command has written."""
        ended = self.run(*arguments)
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    def answer(self, method: str = "GET") -> ScheduleResponse:
        found = self.inside.server.fetch(method, "jupyter-notebook-stop/schedule")
        return msgspec.convert(found, ScheduleResponse)


@pytest.fixture
def scheduling(inside: Inside, quick: QuickCommands) -> Iterator[Scheduling]:
    """Have nothing scheduled before the test, and nothing after it."""
    found = Scheduling(inside, quick)
    found.answer("DELETE")
    yield found
    found.answer("DELETE")


def test_shown_made_replaced_and_cancelled(scheduling: Scheduling) -> None:
    assert scheduling.done() == "No stop is scheduled.\n"
    made = scheduling.done("--when-idle", "--grace", "20min")
    assert made.startswith("This instance stops when idle for 20 min\n")
    assert "To cancel         jupyter notebook-stop schedule --cancel" in made
    schedule = scheduling.answer().schedule
    assert schedule is not None
    assert (schedule.when, schedule.grace, schedule.source) == ("idle", 1200, "terminal")
    replaced = scheduling.done("--after", "3h")
    assert "in 3 h\n" in replaced or "in 2 h 59 min\n" in replaced
    assert "Replaces         a stop when idle for 20 min" in replaced
    shown = scheduling.done()
    assert shown.startswith("This instance stops at 20")
    assert "Replaces" not in shown
    status = scheduling.commands.run("status")
    assert "  Scheduled stop  at 20" in status.out
    assert scheduling.done("--cancel").startswith("Cancelled: the stop at 20")
    assert scheduling.answer().schedule is None
    assert scheduling.done("--cancel") == "No stop is scheduled.\n"
    assert scheduling.inside.simulator.count("stop") == 0


def test_at_a_time(scheduling: Scheduling) -> None:
    at = (datetime.datetime.now(UTC) + 5 * HOUR).replace(microsecond=0)
    for text in (at.isoformat(), at.astimezone().strftime("%H:%M:%S"), at.strftime("%Y-%m-%d %H:%M:%SZ")):
        assert "This instance stops at " in scheduling.done(f"--at={text}")
        schedule = scheduling.answer().schedule
        assert schedule is not None
        assert schedule.at == at


def test_for_scripts(scheduling: Scheduling) -> None:
    answer = msgspec.json.decode(scheduling.done("--json"), type=ScheduleResponse)
    assert answer.schedule is None
    assert answer.rules.grace == 600
    made = msgspec.json.decode(scheduling.done("--when-idle", "--json"), type=ScheduleResponse)
    assert made.schedule is not None
    cancelled = json.loads(scheduling.done("--cancel", "--json"))
    assert (cancelled["schedule"], cancelled["replaced"]["id"]) == (None, made.schedule.id)


def test_what_the_server_refuses(scheduling: Scheduling) -> None:
    ended = scheduling.run("--after=30d")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("The time is further in the future than the server allows")
    assert "Traceback" not in ended.err


def test_without_a_server(commands: Commands, simulator: ThreadedSimulator) -> None:
    for arguments in ([], ["--when-idle"], ["--at=23:30"], ["--cancel"]):
        ended = commands.run("schedule", *arguments)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("Only a Jupyter server with jupyter_notebook_stop can stop this instance later")
        assert "[no_schedule_server]" in ended.err
        assert "jupyter notebook-stop stop --yes" in ended.err
    assert simulator.count("stop") == 0


def test_no_instance(commands: Commands) -> None:
    commands.environment(INSTANCE_ID=None)
    assert commands.run("schedule").code == 3


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--grace=600"], "--grace requires --when-idle."),
        (["--at=23:30", "--after=2h"], "--at and --after cannot be combined."),
        (["--when-idle", "--at=23:30"], "--when-idle and --at cannot be combined."),
        (["--when-idle", "--grace=soon"], "--grace must be a duration such as 2h"),
        (["--at=soon"], "--at must be a time such as 23:30"),
        (["--at="], "--at must be a time such as 23:30"),
        (["--at=2000-01-01T00:00Z"], "--at is in the past: 2000-01-01 00:00:00+00:00."),
        (["--after=0"], "--after must be longer than 0"),
        (["--cancel", "--after=2h"], "--cancel cannot be combined with other options."),
        (["--cancel", "--grace=2h"], "--grace requires --when-idle."),
        (["--yes"], ""),
        (["now"], "Unrecognized arguments: now."),
    ],
)
def test_wrong_usage(commands: Commands, simulator: ThreadedSimulator, arguments: list[str], reason: str) -> None:
    ended = commands.run("schedule", *arguments)
    assert ended.code == 2
    assert reason in ended.err
    assert simulator.count() == 0


def test_help(commands: Commands) -> None:
    ended = commands.run("schedule", "--help")
    assert ended.code == 0
    for option in ("--when-idle", "--grace", "--at", "--after", "--cancel", "--json", "130  interrupted by Ctrl-C"):
        assert option in ended.out
    assert "schedule" in commands.run("--help").out
