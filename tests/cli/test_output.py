"""A reader that leaves, such as ``head -1``, makes no command fail, and no stop less certain."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..commands import Ended
from .conftest import Commands


def run_unread(commands: Commands, *arguments: str, **options: Any) -> Ended:
    """Run a command whose output nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = commands.start(*arguments, stdout=writing, **options)
    finally:
        os.close(writing)
    _, err = process.communicate(timeout=60)
    return Ended(process.returncode, "", err)


@pytest.mark.parametrize("arguments", ["status", "doctor", "stop --dry-run", "stop --help", "--version"])
def test_what_only_shows_something_has_succeeded(
    commands: Commands, simulator: ThreadedSimulator, arguments: str
) -> None:
    ended = run_unread(commands, *arguments.split())
    assert (ended.code, ended.err) == (0, "")


def test_without_buffers_too(commands: Commands, simulator: ThreadedSimulator) -> None:
    commands.environment(PYTHONUNBUFFERED="1")
    ended = run_unread(commands, "doctor")
    assert (ended.code, ended.err) == (0, "")


def test_a_stop_goes_on(commands: Commands, simulator: ThreadedSimulator) -> None:
    ended = run_unread(commands, "stop", "--yes", "--delay=1", "--wait")
    assert (ended.code, ended.err) == (0, "")
    assert simulator.count("stop") == 1
    assert simulator.instance.status == "STOPPED"


def test_an_error_that_nobody_reads_keeps_its_exit_code(commands: Commands, simulator: ThreadedSimulator) -> None:
    simulator.settings.deny("stop")
    assert run_unread(commands, "stop", "--yes", "--delay=0", stderr=subprocess.STDOUT).code == 1
