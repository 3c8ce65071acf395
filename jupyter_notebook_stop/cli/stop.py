"""``jupyter notebook-stop stop``."""

from __future__ import annotations

import sys
from typing import Any, Dict

from jupyter_core.application import base_aliases, base_flags
from traitlets import Bool, CFloat

from ..config import NotebookStop
from ..translation import _, gettext
from .command import DONE, NOT_SAVED, USAGE, Command, read
from .doctor import report_checks

_NO_SAVE = _("Stop without saving open tabs.")
_WAIT = _("Wait until the instance has stopped.")
_DRY_RUN = _("Check everything and show what a stop would do; stop nothing.")


class StopApp(Command):
    """Stops the instance."""

    name = "jupyter-notebook-stop-stop"
    description = _(
        "Stop the notebook instance you work in.\n\nAsks for confirmation, counts down, saves open tabs, then"
        " requests the stop. Press Ctrl-C to cancel."
    )
    examples = _(
        "jupyter notebook-stop stop                 # ask, count down, stop\n"
        "jupyter notebook-stop stop --dry-run       # show what a stop would do\n"
        "papermill train.ipynb out.ipynb && jupyter notebook-stop stop --yes"
    )

    delay = CFloat(
        None,
        allow_none=True,
        help=_("Length of the countdown in seconds. Default: 10, or 150 if open tabs cannot be saved for you."),
    ).tag(config=True, value="SECONDS")
    save = Bool(True, help=_("Whether open tabs save first.")).tag(config=True)
    wait = Bool(False, help=_WAIT).tag(config=True)
    dry_run = Bool(False, help=_DRY_RUN).tag(config=True)

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        **dict.fromkeys(("y", "yes"), ({"JupyterApp": {"answer_yes": True}}, _("Do not ask for confirmation."))),
        "no-save": ({"StopApp": {"save": False}}, _NO_SAVE),
        "wait": ({"StopApp": {"wait": True}}, _WAIT),
        "dry-run": ({"StopApp": {"dry_run": True}}, _DRY_RUN),
    }
    aliases: Dict[Any, Any] = {**base_aliases, "delay": "StopApp.delay"}  # noqa: RUF012 - a trait of the base class

    def run(self) -> int:
        """Ask, count down, stop."""
        from ..notebook.display import choose_display
        from ..notebook.options import StopOptions
        from ..notebook.stop import stop_instance
        from ..notebook.worker import run

        try:
            options = StopOptions(delay=self.delay, save=self.save, wait=self.wait)
        except ValueError as error:
            mistake = f"--{error}"
            self._print_error(gettext("{text}.", text=mistake))
            return USAGE
        settings = self.settings
        if self.dry_run:
            return report_checks(settings, options, plan=True)
        if not self.answer_yes:
            code = self._confirm(settings)
            if code != DONE:
                return code
        run(lambda show: stop_instance(settings, options, show), choose_display())
        return DONE

    def _confirm(self, settings: NotebookStop) -> int:
        from ..notebook.rendering import instance_text

        if sys.stdin is None or not sys.stdin.isatty():
            self._print_error(gettext("Cannot prompt: stdin is not a terminal. Add --yes to stop without a prompt."))
            return USAGE
        instance = read(settings)
        print(instance_text(instance))
        folder = instance.mount_path or gettext("the work folder")
        print(gettext("All kernels and terminals end. Files outside {folder} are lost.", folder=folder))
        try:
            answer = input(gettext("Stop this instance? [y/N] "))
        except EOFError:
            answer = ""
        if answer.strip().lower() in ("y", "yes"):
            return DONE
        print(gettext("Nothing was stopped."))
        return NOT_SAVED
