"""Times and durations as people write them, and in words."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any, Iterator, Optional, Union

from ..translation import _, gettext

At = Union[str, datetime.datetime]
"""A time: ``HH:MM``, an ISO 8601 date and time, or a datetime."""

Duration = Union[str, float, datetime.timedelta]
"""A duration: ``2h``, a number of seconds, or a timedelta."""

_DATE = r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?"
_ZONE = r"(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
_TIME = re.compile(rf"(?:{_DATE}(?:[Tt]| +))?{_CLOCK} *{_ZONE}")

_UNITS = {
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PART = re.compile(rf"({_NUMBER}) *([a-z]+) *")

_AT_FORMS = _("a time such as 23:30, or a date and time such as 2030-01-31T23:30 or 2030-01-31T23:30+08:00")
_DURATION_FORMS = _("a duration such as 2h, 90min, 1h30m or 45s, or a number of seconds")


def parse_at(value: At, now: Optional[datetime.datetime] = None, name: str = "at") -> datetime.datetime:
    """Return the time that `value` means, with a zone.

    Parameters
    ----------
    value
        A time of day is its next occurrence. Without a zone it is in the local zone of this machine.
    now
        The present time, with a zone; default: now.
    name
        What errors call it.

    Raises
    ------
    ValueError
        When it is no time, a past one, or one that does not exist because clocks are set forward.
    """
    now = now or datetime.datetime.now(datetime.timezone.utc)
    found: Optional[datetime.datetime] = None
    try:
        for time in _meanings(value, now, name):
            found = _with_zone(time)
            if found > now:
                if not _exists(time):
                    raise ValueError(
                        gettext(
                            "{name} does not exist: clocks are set forward past {time:%Y-%m-%d %H:%M:%S}",
                            name=name,
                            time=time,
                        )
                    )
                return found
    except (OverflowError, OSError):
        # A year that nobody knows the clocks of.
        raise ValueError(gettext("{name} is too far away: {value}", name=name, value=value)) from None
    raise ValueError(gettext("{name} is in the past: {found}", name=name, found=found or value))


def _meanings(value: Any, now: datetime.datetime, name: str) -> Iterator[datetime.datetime]:
    """Yield the times that `value` can mean, the earliest first: some come twice, since clocks are set back."""
    if isinstance(value, datetime.datetime):
        yield value
        return
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(gettext("{name} must be {forms}, not {value!r}", name=name, forms=_AT_FORMS, value=value))
    fraction = (match["fraction"] or "").ljust(6, "0")
    try:
        clock = datetime.time(int(match["hour"]), int(match["minute"]), int(match["second"] or 0), int(fraction))
        date = datetime.date.fromisoformat(match["date"]) if match["date"] else None
        zone = _zone(match["zone"])
    except ValueError as error:
        raise ValueError(
            gettext("{name} does not exist: {value} ({error})", name=name, value=value, error=error)
        ) from None
    today = now.astimezone(zone).date()
    for day in [date] if date else [today, today + datetime.timedelta(days=1)]:
        for fold in (0, 1):
            yield datetime.datetime.combine(day, clock, zone).replace(fold=fold)


def _with_zone(time: datetime.datetime) -> datetime.datetime:
    """Return the time with a fixed offset: its own, or that of the local zone."""
    offset = time.utcoffset()
    if offset is None:
        try:
            time = time.replace(tzinfo=None).astimezone()
        except ValueError as error:
            raise OverflowError from error
        offset = time.utcoffset() or datetime.timedelta()
    if offset % datetime.timedelta(minutes=1):
        # Which JSON has no form for.
        return time.astimezone(datetime.timezone.utc)
    return datetime.datetime.combine(time.date(), time.time().replace(fold=0), datetime.timezone(offset))


def _exists(time: datetime.datetime) -> bool:
    """Return whether the clocks show the time: an hour is left out when they are set forward."""
    zone = time.tzinfo if time.utcoffset() is not None else None
    shown = time.replace(tzinfo=zone).astimezone(datetime.timezone.utc).astimezone(zone)
    return shown.replace(tzinfo=None, fold=0) == time.replace(tzinfo=None, fold=0)


def _zone(text: Optional[str]) -> Optional[datetime.timezone]:
    if not text:
        return None
    if text in "Zz":
        return datetime.timezone.utc
    hours, minutes = int(text[1:3]), int(text[-2:])
    if minutes > 59:
        raise ValueError(gettext("minutes of the zone must be in 0..59"))
    offset = datetime.timedelta(hours=hours, minutes=minutes)
    return datetime.timezone(-offset if text[0] == "-" else offset)


def parse_duration(value: Duration, name: str) -> datetime.timedelta:
    """Return the duration that `value` means.

    Parameters
    ----------
    value
        A number, also as text, is in seconds.
    name
        What errors call it.

    Raises
    ------
    ValueError
        When it is no duration, or not longer than 0.
    """
    try:
        if isinstance(value, datetime.timedelta):
            found = value
        else:
            seconds = _seconds(value)
            if seconds is None or math.isnan(seconds):
                raise ValueError(
                    gettext(
                        "{name} must be {forms}, not {value!r}",
                        name=name,
                        forms=_DURATION_FORMS,
                        value=value,
                    )
                )
            found = datetime.timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(gettext("{name} is too long: {value}", name=name, value=value)) from None
    if found <= datetime.timedelta():
        raise ValueError(gettext("{name} must be longer than 0, not {value}", name=name, value=value))
    return found


def _seconds(value: Union[str, float]) -> Optional[float]:
    if not isinstance(value, str):
        # NumPy's numbers as well.
        return None if isinstance(value, bool) or not hasattr(value, "__float__") else float(value)
    text = value.strip().lower()
    if re.fullmatch(_NUMBER, text):
        return float(text)
    seconds, smallest, end = 0.0, math.inf, 0
    for part in _PART.finditer(text):
        unit = _UNITS.get(part[2], math.inf)
        # From the longest unit to the shortest, each once: "30m1h" is rather a mistake.
        if part.start() != end or unit >= smallest:
            return None
        seconds, smallest, end = seconds + float(part[1]) * unit, unit, part.end()
    return seconds if end and end == len(text) else None


def duration_words(seconds: float) -> str:
    """Return a duration in its two largest units, such as ``3 h 12 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return gettext("{whole} s", whole=whole)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return (
            gettext("{minutes} min {rest} s", minutes=minutes, rest=rest)
            if rest and minutes < 10
            else gettext("{minutes} min", minutes=minutes)
        )
    minutes = round(whole / 60)
    if minutes < 2880:
        hours, rest = divmod(minutes, 60)
        return gettext("{hours} h {rest} min", hours=hours, rest=rest) if rest else gettext("{hours} h", hours=hours)
    days, rest = divmod(round(minutes / 60), 24)
    return gettext("{days} d {rest} h", days=days, rest=rest) if rest else gettext("{days} d", days=days)


def time_words(time: datetime.datetime) -> str:
    """Return a time in the local zone of this machine, and that zone."""
    local = time.astimezone()
    clock = "%H:%M:%S" if local.second else "%H:%M"
    offset = local.strftime("%z")
    zone = f"UTC{offset[:3]}:{offset[3:5]}" if int(offset[1:]) else "UTC"
    return local.strftime(f"%Y-%m-%d {clock} {zone}")
