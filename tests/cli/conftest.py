"""The commands as a user runs them: as processes, in a pipe or on a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest

from ..commands import MODULE, Ended, QuickCommands
from ..conftest import STRICT
from ..notebook.conftest import Place, folders, place

__all__ = ["folders", "place"]


class Commands:
    """Runs ``jupyter notebook-stop``."""

    def __init__(self, place: Place, quick: QuickCommands) -> None:
        self.place = place
        self._quick = quick

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command as users start it."""
        given: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        return subprocess.Popen(
            [sys.executable, *STRICT, "-m", MODULE, *arguments],
            env=self.place.environment,
            cwd=self.place.folder,
            text=True,
            encoding="utf-8",
            **given,
        )

    def run(self, *arguments: str) -> Ended:
        """Return how a command ended."""
        return self._quick.run(arguments, self.place.environment, self.place.folder)

    def environment(self, **variables: str | None) -> None:
        """Set environment variables of the commands; None takes one away."""
        for name, value in variables.items():
            if value is None:
                self.place.environment.pop(name, None)
            else:
                self.place.environment[name] = value


@pytest.fixture
def commands(place: Place, quick: QuickCommands) -> Commands:
    return Commands(place, quick)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, commands: Commands, *arguments: str) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        self.process = commands.start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        self.output = ""

    def until(self, text: str) -> None:
        """Read until the command has written `text`."""
        limit = time.monotonic() + 60
        while text not in self.output:
            assert time.monotonic() < limit, self.output
            assert self._read(), self.output

    def write(self, text: str) -> None:
        """Type `text`."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Read the rest and return the exit code."""
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(60)

    def _read(self) -> bool:
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            return False
        self.output += data.decode("utf-8", "replace")
        return bool(data)
