"""Text and HTML of an instance, the progress of a stop, and the report of a dry run."""

from __future__ import annotations

import datetime
import html
from typing import List

from ..policy.labels import PHASES, SOURCES
from ..schema import AtRisk, Attempt, Instance, Lease, Step
from ..translation import _, gettext, localized
from . import progress
from .cards import CELL, MUTED, TABLE, Rows, aligned, badge, bar, bold, card, columns, table
from .progress import Check, ProgressUpdate, Report
from .schedule_rendering import schedule_line
from .times import duration_words

_UPDATE_TONES = {
    progress.COUNTDOWN: "warn",
    progress.STOPPED: "good",
    progress.CANCELLED: "quiet",
    progress.FAILED: "bad",
}
_STATUS_TONES = {"RUNNING": "good", "STOPPING": "warn", "STOPPED": "quiet", "ERROR": "bad", "FROZEN": "bad"}
_MARKS = {True: _("ok"), False: _("FAILED"), None: _("note")}
_CHECK_TONES = {True: "good", False: "bad", None: "quiet"}
_STEP_MARKS = {"COMPLETED": "✓", "PROCESSING": "…", "FAILED": "✗"}


def _time(epoch_ms: int) -> str:
    time = datetime.datetime.fromtimestamp(epoch_ms / 1000, datetime.timezone.utc)
    return time.strftime("%Y-%m-%d %H:%M UTC")


def _duration(ms: int) -> str:
    minutes = round(ms / 60000)
    return duration_words(60 * minutes)


def _lease(lease: Lease) -> str:
    if lease.idle_duration is not None:
        return gettext("after {duration} without activity", duration=_duration(lease.idle_duration))
    if lease.expires_at is None:
        return gettext("enabled, time unknown")
    return gettext("at {time}", time=_time(lease.expires_at))


def _at_risk(at_risk: AtRisk) -> str:
    kernels = [kernel.path or kernel.name for kernel in at_risk.kernels]
    parts = [_("busy kernels: {names}", names=_(", ").join(kernels))] if kernels else []
    if at_risk.terminals:
        parts.append(_("terminals: {number}", number=len(at_risk.terminals)))
    return localized(_("; ").join(parts))


def _step(step: Step) -> str:
    number = f"{step.step} " if step.step is not None else ""
    mark = _STEP_MARKS.get(step.status or "", "·")
    return f"{mark} {number}{step.description or step.status or ''}".rstrip()


def _facts(instance: Instance) -> Rows:
    """Return what is known of the instance, as pairs of label and text."""
    source = instance.sources.get("id")
    rows: Rows = [
        (gettext("ID"), gettext("{id}  (from {source})", id=instance.id, source=source) if source else instance.id),
        (gettext("Project"), instance.project_id or ""),
        (gettext("Region"), instance.region or ""),
        (gettext("Flavor"), instance.flavor or ""),
        (gettext("Image"), instance.image or ""),
        (gettext("Resource pool"), instance.dedicated_pool or ""),
        (gettext("What stays"), _stays(instance)),
        (gettext("What is lost"), _at_risk(instance.at_risk)),
        (gettext("Auto-stop"), _lease(instance.lease) if instance.lease and instance.status != "STOPPING" else ""),
        (gettext("Failure reason"), instance.fail_reason or ""),
    ]
    if instance.schedule:
        rows.append((gettext("Scheduled stop"), schedule_line(instance.schedule)))
    if instance.attempt:
        rows.append((gettext("Stop"), _attempt(instance.attempt)))
        rows.append((gettext("Attempt"), instance.attempt.id))
    if instance.error:
        rows.append((gettext("Read error"), localized(instance.error.message)))
    return [(label, text) for label, text in rows if text]


def _stays(instance: Instance) -> str:
    if not instance.mount_path:
        return ""
    storage = instance.storage or gettext("storage")
    return gettext("{folder} ({storage})", folder=instance.mount_path, storage=storage)


def _attempt(attempt: Attempt) -> str:
    phase, source = PHASES.get(attempt.phase, attempt.phase), SOURCES.get(attempt.source, attempt.source)
    return gettext("{phase}, requested from {source}", phase=phase, source=source)


def instance_text(instance: Instance) -> str:
    """Return the instance as lines for a terminal."""
    title = gettext("{name}: {status}", name=_name(instance), status=instance.status or gettext("status unknown"))
    return "\n".join([title, *aligned(_facts(instance)), *(f"  {_step(step)}" for step in _current_steps(instance))])


def _current_steps(instance: Instance) -> List[Step]:
    """Return the steps of the action in progress; those of a finished action are of no interest."""
    steps = instance.action_progress
    return steps if any(step.status != "COMPLETED" for step in steps) else []


def instance_html(instance: Instance) -> str:
    """Return the instance as a card."""
    status = instance.status or gettext("status unknown")
    tone = _STATUS_TONES.get(status, "quiet")
    body = table(_facts(instance)) + _steps(_current_steps(instance))
    return card(tone, f"{bold(_name(instance))} {badge(status, tone)}", body)


def _name(instance: Instance) -> str:
    return instance.name or gettext("Notebook instance")


def current_step(instance: Instance | None) -> str:
    """Return the step in progress, for one line."""
    steps = instance.action_progress if instance else []
    step = next((step for step in steps if step.status == "PROCESSING"), None)
    if step is None:
        return ""
    return gettext(
        "step {number} of {total}: {description}", number=step.step, total=len(steps), description=step.description
    )


def update_line(update: ProgressUpdate) -> str:
    """Return the one line for a terminal: title, step and elapsed time."""
    parts = [update.title]
    if update.kind == progress.STOPPING:
        step = current_step(update.instance)
        parts += [step] if step else []
        parts.append(duration_words(update.elapsed))
    return " · ".join(parts)


def update_text(update: ProgressUpdate) -> str:
    """Return a progress update with its notes as lines."""
    return "\n".join([update_line(update), *(f"  {note}" for note in update.notes)])


def update_html(update: ProgressUpdate) -> str:
    """Return a progress update as a card."""
    tone = _UPDATE_TONES.get(update.kind, "calm")
    body = ""
    if update.remaining is not None and update.total:
        body += bar(update.remaining / update.total, tone)
    if update.notes:
        colour = "" if update.warning else MUTED
        body += "".join(f'<div style="{colour}">{html.escape(note)}</div>' for note in update.notes)
    if update.instance and update.kind == progress.STOPPING:
        body += _steps(update.instance.action_progress)
    if update.kind != progress.COUNTDOWN and update.elapsed:
        body += f'<div style="{MUTED}">{duration_words(update.elapsed)}</div>'
    return card(tone, bold(update.title), body)


def report_text(report: Report) -> str:
    """Return the report of a dry run as lines."""
    return "\n".join([*map(check_text, report.checks), *_plan(report)])


def _plan(report: Report) -> List[str]:
    if not report.plan:
        return ["", gettext("A stop would not work here.")]
    return [
        "",
        gettext("A stop would:"),
        *(f"  {number}. {localized(step)}" for number, step in enumerate(report.plan, 1)),
    ]


def check_text(check: Check) -> str:
    """Return a check as one line, and its remedy as another."""
    mark = localized(_MARKS[check.ok])
    padding = 6 - columns(mark)
    line = f"[{' ' * (padding // 2)}{mark}{' ' * (padding - padding // 2)}] {_line(check)}"
    return line if not check.remedy else f"{line}\n         -> {localized(check.remedy)}"


def _line(check: Check) -> str:
    return gettext("{name}: {detail}", name=check.name, detail=check.detail)


def report_html(report: Report) -> str:
    """Return the report of a dry run as a card."""
    rows = "".join(
        '<tr style="background:none">'
        f'<td style="{CELL}">{badge(localized(_MARKS[check.ok]), _CHECK_TONES[check.ok])}</td>'
        f'<td style="{CELL};white-space:nowrap">{html.escape(localized(check.name))}</td>'
        f'<td style="{CELL}">{html.escape(localized(check.detail))}{_remedy(check)}</td></tr>'
        for check in report.checks
    )
    steps = "".join(f"<li>{html.escape(localized(step))}</li>" for step in report.plan)
    heading = gettext("A stop would:") if report.plan else gettext("A stop would not work here.")
    plan = f'<div style="margin-top:8px">{html.escape(heading)}</div>'
    if report.plan:
        plan += f'<ol style="margin:2px 0 0;padding-left:2em">{steps}</ol>'
    title = gettext("Dry run: a stop should work") if report.ok else gettext("Dry run: a stop would not work")
    tone = "good" if report.ok else "bad"
    return card(tone, bold(title), f'<table style="{TABLE}"><tbody>{rows}</tbody></table>{plan}')


def _remedy(check: Check) -> str:
    return f'<div style="{MUTED}">{html.escape(localized(check.remedy))}</div>' if check.remedy else ""


def _steps(steps: List[Step]) -> str:
    return "".join(f"<div>{html.escape(_step(step))}</div>" for step in steps)
