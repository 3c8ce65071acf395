"""``jupyter notebook-stop doctor``, and the report of a dry run."""

from __future__ import annotations

from typing import Any

from ..config import NotebookStop
from .command import DONE, FAILED, NO_CREDENTIALS, NOT_IN_INSTANCE, Command


class DoctorApp(Command):
    """Finds out why a stop would not work."""

    name = "jupyter-notebook-stop-doctor"
    description = "Check everything that a stop needs, and show how to fix what is wrong. Nothing is stopped."
    examples = "jupyter notebook-stop doctor"

    def run(self) -> int:
        """Print each check."""
        from ..notebook.options import StopOptions

        return report_checks(self.settings, StopOptions(), plan=False)


def report_checks(settings: NotebookStop, options: Any, *, plan: bool) -> int:
    """Print the report of a dry run, and return the exit code."""
    from ..notebook import rendering
    from ..notebook.display import Display
    from ..notebook.doctor import dry_run
    from ..notebook.worker import run

    report = run(lambda show: dry_run(settings, options), Display())
    print(rendering.report_text(report) if plan else "\n".join(map(rendering.check_text, report.checks)))
    failed = {check.name for check in report.checks if check.ok is False}
    if "identity" in failed:
        return NOT_IN_INSTANCE
    return NO_CREDENTIALS if "credentials" in failed else FAILED if failed else DONE
