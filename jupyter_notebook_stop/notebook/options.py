"""How to stop, now or later: what the caller may choose."""

from __future__ import annotations

import datetime
import math
from types import MappingProxyType
from typing import Callable, Literal, Mapping, Optional

import msgspec

from ..translation import gettext
from .environment import Environment
from .times import At, Duration, duration_words, parse_at, parse_duration

DELAY = 10.0
"""Default countdown, in seconds: enough time to react to a *Run All* by mistake."""

UNSAVED_DELAY = 150.0
"""Default countdown if open tabs cannot be saved: longer than JupyterLab's autosave interval of 120 s."""

_GRACE = (1.0, 604_800.0)
"""The shortest and the longest grace period that a request may have, in seconds."""

Spelled = Callable[[str], str]


class StopOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to stop.

    Attributes
    ----------
    delay
        Seconds of the countdown; None for the default.
    save
        Whether open tabs save first.
    wait
        Whether to follow the stop to its end.
    """

    delay: Optional[float] = None
    save: bool = True
    wait: bool = False

    def __post_init__(self) -> None:
        """Check the length of the countdown.

        Raises
        ------
        ValueError
            When it is not a finite number of seconds.
        """
        if self.delay is not None and not 0 <= self.delay < math.inf:
            raise ValueError(gettext("delay must be a number of seconds, 0 or more, not {delay}", delay=self.delay))


def countdown_seconds(options: StopOptions, environment: Environment) -> float:
    """Return the length of the countdown, in seconds."""
    if options.delay is not None:
        return options.delay
    return UNSAVED_DELAY if environment.unsaved_servers and options.save else DELAY


def dashed(name: str) -> str:
    """Return the option of a command line that means the parameter `name`."""
    return {"when": "--when-idle", "save": "--no-save"}.get(name, f"--{name.replace('_', '-')}")


class ScheduleOptions(msgspec.Struct, frozen=True, kw_only=True):
    """When to stop.

    Attributes
    ----------
    when
        ``idle`` or ``at``.
    at
        When it is ``at``, the time.
    grace
        When it is ``idle``, how long the instance must be idle, in seconds; None for the server's default.
    """

    when: Literal["idle", "at"]
    at: Optional[datetime.datetime] = None
    grace: Optional[float] = None


def schedule_options(
    when: Optional[str] = None,
    at: Optional[At] = None,
    after: Optional[Duration] = None,
    grace: Optional[Duration] = None,
    *,
    now: Mapping[str, bool] = MappingProxyType({}),
    spelled: Spelled = str,
) -> Optional[ScheduleOptions]:
    """Return what the parameters of `stop` say of a stop that comes later; None if they mean one that comes now.

    Parameters
    ----------
    now
        Parameters that only a stop that comes now has, and whether they are given.
    spelled
        Returns what errors call a parameter.

    Raises
    ------
    ValueError
        When they contradict each other, or one is invalid.
    """
    given = [name for name, value in (("when", when), ("at", at), ("after", after)) if value is not None]
    if len(given) > 1:
        raise ValueError(
            gettext("{option} and {other} cannot be combined", option=spelled(given[0]), other=spelled(given[1]))
        )
    if grace is not None and given != ["when"]:
        raise ValueError(gettext("{option} requires {other}", option=spelled("grace"), other=spelled("when")))
    if not given:
        return None
    for name, is_given in now.items():
        if is_given:
            raise ValueError(
                gettext(
                    "{option} cannot be combined with {other}, which schedules a later stop",
                    option=spelled(name),
                    other=spelled(given[0]),
                )
            )
    if at is not None:
        return ScheduleOptions(when="at", at=parse_at(at, name=spelled("at")))
    if after is not None:
        return ScheduleOptions(when="at", at=_after(after, spelled("after")))
    if when != "idle":
        raise ValueError(
            gettext("when must be 'idle', not {when!r}; to stop at a set time, use at or after", when=when)
        )
    return ScheduleOptions(when="idle", grace=None if grace is None else _grace(grace, spelled("grace")))


def _after(after: Duration, name: str) -> datetime.datetime:
    try:
        return datetime.datetime.now(datetime.timezone.utc) + parse_duration(after, name)
    except OverflowError:
        raise ValueError(gettext("{name} is too long: {after}", name=name, after=after)) from None


def _grace(grace: Duration, name: str) -> float:
    seconds = parse_duration(grace, name).total_seconds()
    shortest, longest = _GRACE
    if not shortest <= seconds <= longest:
        raise ValueError(
            gettext(
                "{name} must be from {shortest} to {longest}, not {grace}",
                name=name,
                shortest=duration_words(shortest),
                longest=duration_words(longest),
                grace=grace,
            )
        )
    return seconds
