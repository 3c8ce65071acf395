"""Which process of this machine still runs, and what names it and this start of the machine."""

from __future__ import annotations

import os
import pathlib
import sys
import time
from typing import NamedTuple, Optional

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
        stat = _read_stat(pid)
        # Not by the time of boot in /proc/stat, which a container may be told otherwise.
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(stat.start_time) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return True
    return not stat.has_ended and not 0 <= age < time.time() - since - _CLOCK_TOLERANCE


def identify_boot() -> Optional[str]:
    """Return what names this start of the machine and the container, or None where it cannot be told."""
    try:
        identifier = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    first = identify_process(1)
    return f"{identifier}:{first}" if first else None


def identify_process(pid: int | str) -> Optional[str]:
    """Return what names a process as long as the machine runs, or None if there is none."""
    try:
        stat = _read_stat(int(pid))
    except (OSError, ValueError, IndexError):
        return None
    return None if stat.has_ended else f"{pid}:{stat.start_time}"


class _Stat(NamedTuple):
    """What Linux tells of a process: its state, and when it started, in clock ticks since the machine did."""

    state: str
    start_time: str

    @property
    def has_ended(self) -> bool:
        """Whether only its entry is left."""
        return self.state in ("Z", "X")


def _read_stat(pid: int) -> _Stat:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        # The name, in parentheses, may contain anything.
        fields = file.read().rpartition(")")[2].split()
    return _Stat(fields[0], fields[19])


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
