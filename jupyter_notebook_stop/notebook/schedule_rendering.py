"""Text and HTML of a stop that comes later."""

from __future__ import annotations

import datetime
from typing import Callable, Dict, Optional

from ..redaction import one_line
from ..schema import (
    CANCELLED,
    COUNTDOWN,
    ENDED,
    RETRYING,
    STOPPING,
    WAITING,
    AtRisk,
    BusyKernel,
    Schedule,
    ScheduleRules,
)
from .cards import Rows, aligned, bold, card, table
from .times import duration_words, time_words

IN_PYTHON = "cancel_scheduled_stop(), or %stop_instance --cancel"
ON_TERMINAL = "jupyter notebook-stop schedule --cancel"

NONE = "No stop is scheduled."
DISABLED = "Scheduled stops are disabled on this server."

_MOST = 5
"""How many kernels and terminals are named."""

_TONES = {COUNTDOWN: "warn", STOPPING: "warn", RETRYING: "bad", ENDED: "bad", CANCELLED: "quiet"}
_FAILURES = {
    RETRYING: "The scheduled stop failed and will be tried again",
    ENDED: "The scheduled stop failed and is not tried again",
}
_SOURCES = {"palette": "the command palette", "menu": "the menu", "cell": "a cell", "terminal": "a terminal"}


def schedule_line(schedule: Schedule, now: Optional[datetime.datetime] = None) -> str:
    """Return when the instance stops and what that depends on now, as a part of a line."""
    now = now or _now()
    parts: Dict[str, Callable[[], str]] = {
        COUNTDOWN: lambda: f"countdown until {_optional_time(schedule.stops_at)}",
        STOPPING: lambda: "under way",
        RETRYING: lambda: f"failed, next try at {_optional_time(schedule.next_try_at)}",
        ENDED: lambda: "failed, not tried again",
        CANCELLED: lambda: "cancelled",
    }
    waiting = waiting_words(schedule.waiting_for, now)
    other = parts.get(schedule.state, lambda: f"waiting for {waiting}" if waiting else "")()
    return f"{_when(schedule)}; {other}" if other else _when(schedule)


def waiting_words(work: AtRisk, now: Optional[datetime.datetime] = None) -> str:
    """Return what a schedule waits for, such as ``train.ipynb, busy for 3 h 12 min``; nothing if there is no work."""
    now = now or _now()
    words = [_busy(kernel, now) for kernel in work.kernels]
    words += [one_line(f"terminal {name}") for name in work.terminals]
    more = len(words) - _MOST
    return "; ".join(words if more <= 0 else [*words[:_MOST], f"{more} more"])


def schedule_text(
    schedule: Schedule,
    *,
    replaced: Optional[Schedule] = None,
    rules: Optional[ScheduleRules] = None,
    cancel: str = IN_PYTHON,
    now: Optional[datetime.datetime] = None,
) -> str:
    """Return a schedule as lines.

    Parameters
    ----------
    replaced
        The one that it has replaced, if any.
    rules
        What the server's settings say, if known.
    cancel
        How to cancel it.
    now
        The present time; default: now.
    """
    now = now or _now()
    return "\n".join([_title(schedule, now), *aligned(_facts(schedule, replaced, rules, cancel, now))])


def schedule_html(
    schedule: Schedule,
    *,
    replaced: Optional[Schedule] = None,
    rules: Optional[ScheduleRules] = None,
    now: Optional[datetime.datetime] = None,
) -> str:
    """Return a schedule as a card; the parameters are those of `schedule_text`."""
    now = now or _now()
    body = table(_facts(schedule, replaced, rules, IN_PYTHON, now))
    return card(_TONES.get(schedule.state, "calm"), bold(_title(schedule, now)), body)


def no_schedule_text(rules: ScheduleRules) -> str:
    """Return that no stop is scheduled, and whether one can be."""
    return NONE if rules.enabled else f"{NONE} {DISABLED}"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _optional_time(time: Optional[datetime.datetime]) -> str:
    return time_words(time) if time else "an unknown time"


def _time_and_distance(time: datetime.datetime, now: datetime.datetime) -> str:
    seconds = (time - now).total_seconds()
    return f"{time_words(time)}, in {duration_words(seconds)}" if seconds >= 0 else time_words(time)


def _when(schedule: Schedule) -> str:
    if schedule.when == "at":
        return f"at {_optional_time(schedule.at)}"
    if schedule.grace is None:
        return "when nobody works any more"
    return f"when nobody has worked for {duration_words(schedule.grace)}"


def _title(schedule: Schedule, now: datetime.datetime) -> str:
    if schedule.state in _FAILURES:
        return _FAILURES[schedule.state]
    if schedule.state == CANCELLED:
        return f"Cancelled: the stop {_when(schedule)}"
    if schedule.state == STOPPING:
        return "The scheduled stop of this instance is under way"
    if schedule.state == COUNTDOWN and schedule.stops_at:
        return f"This instance stops at {_time_and_distance(schedule.stops_at, now)}: open tabs count down"
    if schedule.when == "at" and schedule.at:
        return f"This instance stops at {_time_and_distance(schedule.at, now)}"
    return f"This instance stops {_when(schedule)}"


def _facts(
    schedule: Schedule,
    replaced: Optional[Schedule],
    rules: Optional[ScheduleRules],
    cancel: str,
    now: datetime.datetime,
) -> Rows:
    rows: Rows = []
    state = schedule.state
    over = state in (ENDED, CANCELLED)
    if state in (COUNTDOWN, STOPPING, RETRYING, ENDED):
        rows.append(("Scheduled", _when(schedule)))
    if not over and state != STOPPING:
        rows.append(("Waiting for", waiting_words(schedule.waiting_for, now)))
        if schedule.not_before and schedule.not_before > now:
            rows.append(("Put off until", time_words(schedule.not_before)))
        if schedule.when == "idle" and state != COUNTDOWN and schedule.due_at:
            rows.append(("If nobody works", f"until {_time_and_distance(schedule.due_at, now)}, the countdown begins"))
    if state == RETRYING and schedule.next_try_at:
        rows.append(("Next try", _time_and_distance(schedule.next_try_at, now)))
    if schedule.error:
        rows.append(("Failed because", one_line(f"{schedule.error.message} [{schedule.error.code}]")))
        rows.append(("What to do", one_line(schedule.error.remedy or "")))
    if rules and state == WAITING:
        seconds = duration_words(rules.countdown)
        rows.append(("Before it stops", f"every open tab counts down {seconds}, then saves; each can cancel it"))
    if replaced:
        rows.append(("Replaces", f"a stop {_when(replaced)}"))
    rows.append(("Made", _made(schedule)))
    if state not in (CANCELLED, STOPPING):
        rows.append(("To cancel", cancel))
    return [(label, text) for label, text in rows if text]


def _made(schedule: Schedule) -> str:
    source = _SOURCES.get(schedule.source)
    # Jupyter makes up a name for who has none.
    who = f" by {schedule.user}" if schedule.user and not schedule.user.startswith("Anonymous ") else ""
    return one_line(f"{time_words(schedule.created_at)}{f' from {source}' if source else ''}{who}")


def _busy(kernel: BusyKernel, now: datetime.datetime) -> str:
    name = one_line(kernel.path or kernel.name)
    if kernel.busy_since is None:
        return f"{name}, busy"
    return f"{name}, busy for {duration_words((now - kernel.busy_since).total_seconds())}"
