"""Servers that are forked from a process which has imported most of what they need."""

from __future__ import annotations

import functools
import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
from multiprocessing import forkserver
from typing import Sequence

import pytest


class Forked:
    """A process with the methods of `subprocess.Popen`, forked from one that has imported most of what a server needs.

    Importing takes nearly all of the processor time of a server's start.
    """

    preload = pathlib.Path(__file__).with_name("preload")
    script = pathlib.Path(__file__).with_name("forked_server.py")
    possible = sys.platform != "win32"

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: pathlib.Path, log: pathlib.Path):
        context = multiprocessing.get_context("forkserver")
        self._begin()
        module, *arguments = command
        start = {
            "module": module,
            "arguments": arguments,
            "environment": environment,
            "folder": str(folder),
            "output": str(log),
        }
        self._process = context.Process(target=runpy.run_path, args=(str(self.script), {"start": start}), daemon=True)
        self._process.start()
        assert self._process.pid
        self.pid: int = self._process.pid
        self.kill = self._process.kill
        self.terminate = self._process.terminate

    @classmethod
    @functools.cache
    def _begin(cls) -> None:
        """Start the process that servers are forked from."""
        forkserver.set_forkserver_preload(["server_modules"])
        with pytest.MonkeyPatch.context() as patch:
            # Where it looks for modules: the variable tells a Python before 3.12.8, and the path one from then on.
            patch.setenv("PYTHONPATH", str(cls.preload), prepend=os.pathsep)
            patch.syspath_prepend(str(cls.preload))
            forkserver.ensure_running()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(str(self.script), timeout or 0)
        return code
