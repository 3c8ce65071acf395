"""The time by several clocks: one that may be set, one that may not, and one that stands still while asleep."""

from __future__ import annotations

import dataclasses
import datetime
import time
from typing import NamedTuple


class ClockReading(NamedTuple):
    """What three clocks show at one moment.

    Attributes
    ----------
    wall
        The time of day, which may be set.
    elapsed
        Seconds since the machine started, which nobody can set.
    awake
        The same without the time that the machine slept.
    """

    wall: datetime.datetime
    elapsed: float
    awake: float

    def after(self, seconds: float) -> datetime.datetime:
        """Return the time of day in so many seconds."""
        return self.wall + datetime.timedelta(seconds=seconds)


@dataclasses.dataclass
class Deadline:
    """A time that has come when both clocks say so."""

    at: datetime.datetime
    elapsed: float

    @classmethod
    def of(cls, at: datetime.datetime, now: ClockReading) -> Deadline:
        """Return the deadline for a time of day."""
        return cls(at, now.elapsed + (at - now.wall).total_seconds())

    def remaining(self, now: ClockReading) -> float:
        """Return the seconds until then, 0 if it has come."""
        return max((self.at - now.wall).total_seconds(), self.elapsed - now.elapsed, 0.0)


def now() -> ClockReading:
    """Return what the clocks show now."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    awake = time.monotonic()
    elapsed = awake if boottime is None else time.clock_gettime(boottime)
    return ClockReading(datetime.datetime.now(datetime.timezone.utc), elapsed, awake)
