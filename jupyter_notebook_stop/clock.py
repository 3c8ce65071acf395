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
    boottime
        CLOCK_BOOTTIME where there is one: seconds since the machine started, which nobody can set.
    monotonic
        CLOCK_MONOTONIC: the same without the time that the machine slept.
    """

    wall: datetime.datetime
    boottime: float
    monotonic: float

    def after(self, seconds: float) -> datetime.datetime:
        """Return the time of day in so many seconds."""
        return self.wall + datetime.timedelta(seconds=seconds)


@dataclasses.dataclass
class Deadline:
    """A time that has come when both clocks say so."""

    at: datetime.datetime
    boottime: float

    @classmethod
    def of(cls, at: datetime.datetime, now: ClockReading) -> Deadline:
        """Return the deadline for a time of day."""
        return cls(at, now.boottime + (at - now.wall).total_seconds())

    def remaining(self, now: ClockReading) -> float:
        """Return the seconds until then, 0 if it has come."""
        return max((self.at - now.wall).total_seconds(), self.boottime - now.boottime, 0.0)


def now() -> ClockReading:
    """Return what the clocks show now."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    monotonic = time.monotonic()
    boottime = monotonic if clock is None else time.clock_gettime(clock)
    return ClockReading(datetime.datetime.now(datetime.timezone.utc), boottime, monotonic)
