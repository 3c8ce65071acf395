"""What the headers of a response say about time: how long to wait, and the service's clock."""

from __future__ import annotations

import datetime
import email.utils
import time
from typing import Mapping

from ..translation import _

MAX_CLOCK_SKEW = 15 * 60
"""How far the clock may be off before the gateway refuses a signature, in seconds."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return for how long a response asks to wait, 0 if it does not say so intelligibly, None if it does not ask."""
    value = headers.get("retry-after")
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    moment = http_date(value)
    return max(0.0, moment - time.time()) if moment is not None else 0.0


def http_date(value: str) -> float | None:
    """Return a date in epoch seconds, None if it is not one."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp()


def clock_skew(date: str | None) -> float | None:
    """Return by how many seconds the service's clock, as in the Date header of a response, is ahead of ours."""
    moment = http_date(date) if date else None
    return moment - time.time() if moment is not None else None


def clock_remedy(skew: float) -> str:
    """Return what to do about a clock that is `skew` seconds behind."""
    minutes = abs(skew) / 60
    if skew > 0:
        return _(
            "The clock of this machine is {minutes:.0f} minutes behind; signatures are valid for 15. Set the clock,"
            " then try again.",
            minutes=minutes,
        )
    return _(
        "The clock of this machine is {minutes:.0f} minutes ahead; signatures are valid for 15. Set the clock,"
        " then try again.",
        minutes=minutes,
    )
