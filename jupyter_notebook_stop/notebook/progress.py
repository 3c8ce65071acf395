"""What there is to show: how a stop is going, and the report of a dry run."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional

import msgspec

from ..schema import Instance

LOOKING = "looking"
COUNTDOWN = "countdown"
ASKING = "asking"
DELEGATED = "handed_over"
STOPPING = "stopping"
STOPPED = "stopped"
CANCELLED = "cancelled"
FAILED = "failed"


class ProgressUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """How a stop stands.

    Attributes
    ----------
    kind
        One of the names of this module.
    title
        The one line that says it.
    notes
        What to know besides, warnings first.
    warning
        Whether the notes are warnings.
    left, total
        Seconds of the countdown.
    began
        When the stop was asked for, on the clock of `time.monotonic`.
    """

    kind: str
    title: str
    notes: List[str] = []
    warning: bool = False
    instance: Optional[Instance] = None
    left: Optional[int] = None
    total: Optional[float] = None
    began: float = msgspec.field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> int:
        """Whole seconds since the stop was asked for."""
        return int(time.monotonic() - self.began)


Show = Callable[[ProgressUpdate], None]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a stop needs; `ok` is None where it can't be tried, or is worth knowing only."""

    name: str
    ok: Optional[bool]
    detail: str
    remedy: Optional[str] = None


class Report(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """What a stop would do, and whether it could.

    Attributes
    ----------
    checks
        Everything that was looked at.
    plan
        What `stop` would do, step by step; empty where it would not work.
    """

    checks: List[Check]
    plan: List[str] = []

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.ok is not False for check in self.checks)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, str]:
        from . import rendering

        return {"text/plain": rendering.report_text(self), "text/html": rendering.report_html(self)}

    def _ipython_display_(self) -> None:
        from .display import skip_if_suppressed

        skip_if_suppressed(self)
