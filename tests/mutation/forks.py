"""Does work in a fork of this process."""

from __future__ import annotations

import atexit
import contextlib
import os
import pathlib
import signal
import sys
import time
import traceback
from typing import Callable, NamedTuple, Optional


class Outcome(NamedTuple):
    """How a fork ended: its exit code, negative after a signal, None if it took too long; and what it printed."""

    code: Optional[int]
    output: str


def in_a_fork(work: Callable[[], int], limit: float, output: pathlib.Path) -> Outcome:
    """Do `work` in a fork of this process, which is killed after `limit` seconds."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _do(work, output)
    ends = time.monotonic() + limit
    pause = 0.002
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            with contextlib.suppress(ProcessLookupError):
                # What the tests have started and could not end.
                os.killpg(child, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(status)
            return Outcome(code, output.read_text(encoding="utf-8", errors="replace"))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Outcome(None, output.read_text(encoding="utf-8", errors="replace"))


def _do(work: Callable[[], int], output: pathlib.Path) -> None:
    code = 70
    try:
        os.setsid()
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        code = work()
        sys.stdout.flush()
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
