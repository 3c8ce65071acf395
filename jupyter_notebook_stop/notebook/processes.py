"""Whether a process of this machine still runs."""

from __future__ import annotations

import os
import sys
import time

_CLOCK_TOLERANCE = 300.0
"""By how many seconds the time of a file may be wrong: a network file system has a clock of its own."""


def is_running(pid: int, since: float) -> bool:
    """Return whether a process runs that wrote a file; if in doubt, it does.

    Parameters
    ----------
    pid
        The id of the process.
    since
        When it wrote the file, in seconds since the epoch: a process that started later has only been given the same
        id, as happens when a container starts anew.
    """
    if pid <= 0 or not _exists(pid):
        return False
    if not sys.platform.startswith("linux"):
        return True
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, *fields = file.read().rpartition(")")[2].split()
        # Not by the time of boot in /proc/stat, which a container may be told otherwise.
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[18]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return True
    return state not in ("Z", "X") and not 0 <= age < time.time() - since - _CLOCK_TOLERANCE


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        # There, os.kill would end the process.
        import ctypes

        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        handle = kernel32.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return ctypes.get_last_error() == 5  # ERROR_ACCESS_DENIED
        code = ctypes.c_ulong()
        known = kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel32.CloseHandle(handle)
        return not known or code.value == 259  # STILL_ACTIVE
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # it belongs to another user
    return True
