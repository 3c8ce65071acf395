"""``jupyter notebook-stop doctor``, and the report of a dry run."""

from __future__ import annotations

import os
import pathlib
import sys
from typing import Any, Dict

from jupyter_core.application import base_aliases, base_flags
from traitlets import Unicode

from ..config import NotebookStop
from ..translation import _, gettext
from .command import DONE, FAILED, NO_CREDENTIALS, NOT_IN_INSTANCE, USAGE, Command

_REPORT = _(
    "Write a report for the maintainers to a new file. It is shown to you first. Content: versions, checks, names of"
    " environment variables, and which fields the service has sent. It contains no names, ids or keys."
)


class DoctorApp(Command):
    """Finds out why a stop would not work."""

    name = "jupyter-notebook-stop-doctor"
    description = _("Check everything that a stop needs, and show how to fix what is wrong. Nothing is stopped.")
    examples = "jupyter notebook-stop doctor\njupyter notebook-stop doctor --report report.txt"

    report = Unicode("", help=_REPORT).tag(config=True, value="FILE")

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        **dict.fromkeys(("y", "yes"), ({"JupyterApp": {"answer_yes": True}}, _("Write the report without asking."))),
    }
    aliases: Dict[Any, Any] = {**base_aliases, "report": "DoctorApp.report"}  # noqa: RUF012 - a trait of the base class

    def run(self) -> int:
        """Print each check, or show the report and write it."""
        from ..notebook.options import StopOptions

        if self.report:
            return self._report(pathlib.Path(self.report).expanduser())
        return report_checks(self.settings, StopOptions(), plan=False)

    def _report(self, path: pathlib.Path) -> int:
        from ..notebook.display import Display
        from ..notebook.field_report import field_report
        from ..notebook.worker import run

        if os.path.lexists(path):
            self._print_error(gettext("{path} exists already. Choose another name.", path=path))
            return USAGE
        if not self.answer_yes and (sys.stdin is None or not sys.stdin.isatty()):
            self._print_error(
                gettext("Cannot prompt: stdin is not a terminal. Add --yes to write the report without a prompt.")
            )
            return USAGE
        settings = self.settings
        report = run(lambda show: field_report(settings), Display())
        print(report)
        if not self.answer_yes and not self._agreed(path):
            print(gettext("Nothing was written."))
            return FAILED
        try:
            write_new(path, report)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._print_error(gettext("{path} cannot be written: {reason}.", path=path, reason=reason))
            return FAILED
        print(gettext("Written to {path}. Read it once more before you send it.", path=path))
        return DONE

    def _agreed(self, path: pathlib.Path) -> bool:
        try:
            return input(gettext("Write this report to {path}? [y/N] ", path=path)).strip().lower() in ("y", "yes")
        except EOFError:
            return False


def write_new(path: pathlib.Path, text: str) -> None:
    """Write a file that nobody else can read.

    Raises
    ------
    OSError
        When it cannot be written; also when it exists, or is a link.
    """
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(opened, "w", encoding="utf-8") as file:
        file.write(text)


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
