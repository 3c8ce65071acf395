"""How to stop: what the caller of a stop may choose."""

from __future__ import annotations

import math
from typing import Optional

import msgspec

from .environment import Environment

DELAY = 10.0
"""Default countdown, in seconds: enough time to react to a *Run All* by mistake."""

UNSAVED_DELAY = 150.0
"""Default countdown if open tabs cannot be saved: longer than JupyterLab's autosave interval of 120 s."""


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
            raise ValueError(f"delay must be a number of seconds, 0 or more, not {self.delay}")


def countdown_seconds(options: StopOptions, environment: Environment) -> float:
    """Return the length of the countdown, in seconds."""
    if options.delay is not None:
        return options.delay
    return UNSAVED_DELAY if environment.unsaved_servers and options.save else DELAY
