"""What there is to show: the progress of a stop, and the report of a dry run."""

from __future__ import annotations

import time
from typing import Callable, List, Optional

import msgspec

from ..schema import Instance

READING = "reading"
COUNTDOWN = "countdown"
REQUESTING = "requesting"
DELEGATED = "delegated"
STOPPING = "stopping"
STOPPED = "stopped"
CANCELLED = "cancelled"
FAILED = "failed"


class ProgressUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of a stop at one moment.

    Attributes
    ----------
    kind
        One of the constants of this module.
    title
        The progress in one line.
    notes
        Further information, warnings first.
    warning
        Whether the notes are warnings.
    remaining, total
        Seconds of the countdown.
    started
        When the stop began, on the clock of `time.monotonic`.
    """

    kind: str
    title: str
    notes: List[str] = []
    warning: bool = False
    instance: Optional[Instance] = None
    remaining: Optional[int] = None
    total: Optional[float] = None
    started: float = msgspec.field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> int:
        """Whole seconds since the stop began."""
        return int(time.monotonic() - self.started)


Show = Callable[[ProgressUpdate], None]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement of a stop; `ok` is None if it cannot be checked or is for information only."""

    name: str
    ok: Optional[bool]
    detail: str
    remedy: Optional[str] = None


class Report(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """What a stop would do, and whether it would work.

    Attributes
    ----------
    checks
        Everything that was checked.
    plan
        What `stop` would do, step by step; empty if it would not work.
    """

    checks: List[Check]
    plan: List[str] = []

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.ok is not False for check in self.checks)
