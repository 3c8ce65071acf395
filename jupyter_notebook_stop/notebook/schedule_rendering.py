"""Text and HTML of a stop that comes later."""

from __future__ import annotations

import datetime
from typing import Callable, Dict, Optional

from ..policy.labels import SOURCES
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
    Problem,
    Schedule,
    ScheduleRules,
)
from ..translation import _, gettext, localized, ngettext, sentences
from .cards import Rows, aligned, bold, card, table
from .times import duration_words, time_words

IN_PYTHON = _("cancel_scheduled_stop(), or %stop_instance --cancel")
ON_TERMINAL = "jupyter notebook-stop schedule --cancel"

NONE = _("No stop is scheduled.")
DISABLED = _("Scheduled stops are disabled on this server.")

_MOST = 5
"""How many kernels and terminals are named."""

_TONES = {COUNTDOWN: "warn", STOPPING: "warn", RETRYING: "bad", ENDED: "bad", CANCELLED: "quiet"}
_FAILURES = {
    RETRYING: _("The scheduled stop failed and will be tried again"),
    ENDED: _("The scheduled stop failed and will not be tried again"),
}


def schedule_line(schedule: Schedule, now: Optional[datetime.datetime] = None) -> str:
    """Return when the instance stops and what that depends on now, as a part of a line."""
    now = now or _now()
    parts: Dict[str, Callable[[], str]] = {
        COUNTDOWN: lambda: gettext("countdown until {time}", time=_optional_time(schedule.stops_at)),
        STOPPING: lambda: gettext("in progress"),
        RETRYING: lambda: gettext("failed; next try at {time}", time=_optional_time(schedule.next_try_at)),
        ENDED: lambda: gettext("failed; will not be tried again"),
        CANCELLED: lambda: gettext("cancelled"),
    }
    waiting = waiting_words(schedule.waiting_for, now)
    other = parts.get(schedule.state, lambda: gettext("waiting for {work}", work=waiting) if waiting else "")()
    return gettext("; ").join([_when(schedule), other]) if other else _when(schedule)


def waiting_words(work: AtRisk, now: Optional[datetime.datetime] = None) -> str:
    """Return what a schedule waits for, such as ``train.ipynb, busy for 3 h 12 min``; nothing if there is no work."""
    now = now or _now()
    words = [_busy(kernel, now) for kernel in work.kernels]
    words += [one_line(gettext("terminal {name}", name=name)) for name in work.terminals]
    more = len(words) - _MOST
    return gettext("; ").join(words if more <= 0 else [*words[:_MOST], ngettext("{n} more", "{n} more", more)])


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
    return localized(NONE if rules.enabled else sentences(NONE, DISABLED))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _optional_time(time: Optional[datetime.datetime]) -> str:
    return time_words(time) if time else gettext("an unknown time")


def _time_and_distance(time: datetime.datetime, now: datetime.datetime) -> str:
    seconds = (time - now).total_seconds()
    if seconds < 0:
        return time_words(time)
    return gettext("{time}, in {duration}", time=time_words(time), duration=duration_words(seconds))


def _when(schedule: Schedule) -> str:
    if schedule.when == "at":
        return gettext("at {time}", time=_optional_time(schedule.at))
    if schedule.grace is None:
        return gettext("when idle")
    return gettext("when idle for {duration}", duration=duration_words(schedule.grace))


def _title(schedule: Schedule, now: datetime.datetime) -> str:
    if schedule.state in _FAILURES:
        return localized(_FAILURES[schedule.state])
    if schedule.state == CANCELLED:
        return gettext("Cancelled: the stop {when}", when=_when(schedule))
    if schedule.state == STOPPING:
        return gettext("The scheduled stop of this instance is in progress")
    if schedule.state == COUNTDOWN and schedule.stops_at:
        return gettext(
            "This instance stops at {time}: open tabs count down", time=_time_and_distance(schedule.stops_at, now)
        )
    if schedule.when == "at" and schedule.at:
        return gettext("This instance stops at {time}", time=_time_and_distance(schedule.at, now))
    return gettext("This instance stops {when}", when=_when(schedule))


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
        rows.append((gettext("Scheduled"), _when(schedule)))
    if not over and state != STOPPING:
        rows.append((gettext("Waiting for"), waiting_words(schedule.waiting_for, now)))
        if schedule.not_before and schedule.not_before > now:
            rows.append((gettext("Postponed until"), time_words(schedule.not_before)))
        if schedule.when == "idle" and state != COUNTDOWN and schedule.due_at:
            rows.append((gettext("Countdown begins"), _until(schedule.due_at, now)))
    if state == RETRYING and schedule.next_try_at:
        rows.append((gettext("Next try"), _time_and_distance(schedule.next_try_at, now)))
    if schedule.error:
        rows.append((gettext("Reason"), _reason(schedule.error)))
        rows.append((gettext("What to do"), one_line(localized(schedule.error.remedy or ""))))
    if rules and state == WAITING:
        course = _(
            "every open tab shows a {duration} countdown, where you can cancel the stop, then saves",
            duration=duration_words(rules.countdown),
        )
        rows.append((gettext("Before it stops"), localized(course)))
    if replaced:
        rows.append((gettext("Replaces"), gettext("a stop {when}", when=_when(replaced))))
    rows.append((gettext("Created"), _made(schedule)))
    if state not in (CANCELLED, STOPPING):
        rows.append((gettext("To cancel"), localized(cancel)))
    return [(label, text) for label, text in rows if text]


def _made(schedule: Schedule) -> str:
    text = time_words(schedule.created_at)
    if schedule.source in SOURCES and schedule.source != "api":
        text = _("{time} from {source}", time=text, source=SOURCES[schedule.source])
    # Jupyter makes up a name for who has none.
    if schedule.user and not schedule.user.startswith("Anonymous "):
        text = _("{made} by {user}", made=text, user=schedule.user)
    return one_line(localized(text))


def _until(due: datetime.datetime, now: datetime.datetime) -> str:
    return gettext("{time}, if the instance stays idle", time=_time_and_distance(due, now))


def _reason(error: Problem) -> str:
    return one_line(gettext("{message} [{code}]", message=error.message, code=error.code))


def _busy(kernel: BusyKernel, now: datetime.datetime) -> str:
    name = one_line(kernel.path or kernel.name)
    if kernel.busy_since is None:
        return gettext("{name}, busy", name=name)
    duration = duration_words((now - kernel.busy_since).total_seconds())
    return gettext("{name}, busy for {duration}", name=name, duration=duration)
