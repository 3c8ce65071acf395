"""Runs ``jupyter notebook-stop``, whose start would take most of the time of many tests."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
from typing import Mapping, NamedTuple, Sequence

from .conftest import STRICT
from .waiting import LIMIT

MODULE = "jupyter_notebook_stop.cli"


class Ended(NamedTuple):
    """What a command has written, and its exit code."""

    code: int
    out: str
    err: str


class QuickCommands:
    """Runs commands one after the other, each forked from a process that has imported what they need.

    Elsewhere than on Linux each is a process of its own.
    """

    forks = sys.platform == "linux"

    def __init__(self) -> None:
        if not self.forks:
            return
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(LIMIT)
        script = str(pathlib.Path(__file__).with_name("forked_command.py"))
        with theirs:
            command = [sys.executable, *STRICT, "-u", script]
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], folder: pathlib.Path) -> Ended:
        """Return how a command ended."""
        if not self.forks:
            return self._spawn(arguments, environment, folder)
        given = {"module": MODULE, "arguments": arguments, "environment": {**environment}, "folder": str(folder)}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            socket.send_fds(self._socket, [json.dumps(given).encode()], [out.fileno(), err.fileno()])
            code = int(self._socket.recv(16))
            written = []
            for file in (out, err):
                file.seek(0)
                written.append(file.read().decode())
        return Ended(code, *written)

    def _spawn(self, arguments: Sequence[str], environment: Mapping[str, str], folder: pathlib.Path) -> Ended:
        done = subprocess.run(
            [sys.executable, *STRICT, "-m", MODULE, *arguments],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        if not self.forks:
            return
        self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            # With a command that has no end.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LIMIT)
