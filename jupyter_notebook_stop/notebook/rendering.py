"""Text and HTML of an instance, the progress of a stop, and the report of a dry run."""

from __future__ import annotations

import datetime
import html
from typing import List

from ..schema import AtRisk, Instance, Lease, Step
from . import progress
from .cards import CELL, MUTED, TABLE, Rows, aligned, badge, bar, bold, card, table
from .progress import Check, ProgressUpdate, Report
from .schedule_rendering import schedule_line

_UPDATE_TONES = {
    progress.COUNTDOWN: "warn",
    progress.STOPPED: "good",
    progress.CANCELLED: "quiet",
    progress.FAILED: "bad",
}
_STATUS_TONES = {"RUNNING": "good", "STOPPING": "warn", "STOPPED": "quiet", "ERROR": "bad", "FROZEN": "bad"}
_MARKS = {True: "ok", False: "FAILED", None: "note"}
_CHECK_TONES = {True: "good", False: "bad", None: "quiet"}
_STEP_MARKS = {"COMPLETED": "✓", "PROCESSING": "…", "FAILED": "✗"}


def _time(epoch_ms: int) -> str:
    time = datetime.datetime.fromtimestamp(epoch_ms / 1000, datetime.timezone.utc)
    return time.strftime("%Y-%m-%d %H:%M UTC")


def _duration(ms: int) -> str:
    minutes = round(ms / 60000)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _lease(lease: Lease) -> str:
    if lease.idle_duration is not None:
        return f"after {_duration(lease.idle_duration)} without activity"
    return f"at {_time(lease.expires_at)}" if lease.expires_at is not None else "enabled, time unknown"


def _at_risk(at_risk: AtRisk) -> str:
    kernels = [kernel.path or kernel.name for kernel in at_risk.kernels]
    parts = [f"busy kernels: {', '.join(kernels)}"] if kernels else []
    if at_risk.terminals:
        parts.append(f"terminals: {len(at_risk.terminals)}")
    return "; ".join(parts)


def _step(step: Step) -> str:
    number = f"{step.step} " if step.step is not None else ""
    mark = _STEP_MARKS.get(step.status or "", "·")
    return f"{mark} {number}{step.description or step.status or ''}".rstrip()


def _facts(instance: Instance) -> Rows:
    """Return what is known of the instance, as pairs of label and text."""
    source = instance.sources.get("id")
    rows: Rows = [
        ("ID", instance.id + (f"  (from {source})" if source else "")),
        ("Project", instance.project_id or ""),
        ("Region", instance.region or ""),
        ("Flavor", instance.flavor or ""),
        ("Image", instance.image or ""),
        ("Resource pool", instance.dedicated_pool or ""),
        ("What stays", f"{instance.mount_path} ({instance.storage or 'storage'})" if instance.mount_path else ""),
        ("What is lost", _at_risk(instance.at_risk)),
        ("Auto-stop", _lease(instance.lease) if instance.lease and instance.status != "STOPPING" else ""),
        ("Failure reason", instance.fail_reason or ""),
    ]
    if instance.schedule:
        rows.append(("Scheduled stop", schedule_line(instance.schedule)))
    if instance.attempt:
        rows.append(("Stop", f"{instance.attempt.phase}, requested from {instance.attempt.source}"))
        rows.append(("Attempt", instance.attempt.id))
    if instance.error:
        rows.append(("Read error", instance.error.message))
    return [(label, text) for label, text in rows if text]


def instance_text(instance: Instance) -> str:
    """Return the instance as lines for a terminal."""
    title = f"{instance.name or 'Notebook instance'}: {instance.status or 'status unknown'}"
    return "\n".join([title, *aligned(_facts(instance)), *(f"  {_step(step)}" for step in _current_steps(instance))])


def _current_steps(instance: Instance) -> List[Step]:
    """Return the steps of the action in progress; those of a finished action are of no interest."""
    steps = instance.action_progress
    return steps if any(step.status != "COMPLETED" for step in steps) else []


def instance_html(instance: Instance) -> str:
    """Return the instance as a card."""
    status = instance.status or "status unknown"
    tone = _STATUS_TONES.get(status, "quiet")
    body = table(_facts(instance)) + _steps(_current_steps(instance))
    return card(tone, f"{bold(instance.name or 'Notebook instance')} {badge(status, tone)}", body)


def current_step(instance: Instance | None) -> str:
    """Return the step in progress, for one line."""
    steps = instance.action_progress if instance else []
    step = next((step for step in steps if step.status == "PROCESSING"), None)
    return f"step {step.step} of {len(steps)}: {step.description}" if step else ""


def update_line(update: ProgressUpdate) -> str:
    """Return the one line for a terminal: title, step and elapsed time."""
    parts = [update.title]
    if update.kind == progress.STOPPING:
        step = current_step(update.instance)
        parts += [step] if step else []
        parts.append(f"{update.elapsed} s")
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
        body += f'<div style="{MUTED}">{update.elapsed} s</div>'
    return card(tone, bold(update.title), body)


def report_text(report: Report) -> str:
    """Return the report of a dry run as lines."""
    return "\n".join([*map(check_text, report.checks), *_plan(report)])


def _plan(report: Report) -> List[str]:
    if not report.plan:
        return ["", "stop() would not work here."]
    return ["", "stop() would:", *(f"  {number}. {step}" for number, step in enumerate(report.plan, 1))]


def check_text(check: Check) -> str:
    """Return a check as one line, and its remedy as another."""
    line = f"[{_MARKS[check.ok]:^6}] {check.name}: {check.detail}"
    return line if not check.remedy else f"{line}\n         -> {check.remedy}"


def report_html(report: Report) -> str:
    """Return the report of a dry run as a card."""
    rows = "".join(
        f'<tr style="background:none"><td style="{CELL}">{badge(_MARKS[check.ok], _CHECK_TONES[check.ok])}</td>'
        f'<td style="{CELL};white-space:nowrap">{html.escape(check.name)}</td>'
        f'<td style="{CELL}">{html.escape(check.detail)}{_remedy(check)}</td></tr>'
        for check in report.checks
    )
    steps = "".join(f"<li>{html.escape(step)}</li>" for step in report.plan)
    plan = f'<div style="margin-top:8px">stop() would:</div><ol style="margin:2px 0 0;padding-left:2em">{steps}</ol>'
    plan = plan if report.plan else '<div style="margin-top:8px">stop() would not work here.</div>'
    title = "Dry run: a stop should work" if report.ok else "Dry run: a stop would not work"
    tone = "good" if report.ok else "bad"
    return card(tone, bold(title), f'<table style="{TABLE}"><tbody>{rows}</tbody></table>{plan}')


def _remedy(check: Check) -> str:
    return f'<div style="{MUTED}">{html.escape(check.remedy)}</div>' if check.remedy else ""


def _steps(steps: List[Step]) -> str:
    return "".join(f"<div>{html.escape(_step(step))}</div>" for step in steps)
