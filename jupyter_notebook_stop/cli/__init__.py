"""The surface for a terminal: ``jupyter notebook-stop``."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..translation import _
from .command import USAGE, Command, exit_code
from .demo import DemoApp
from .doctor import DoctorApp
from .output import ignore_broken_pipes
from .schedule import ScheduleApp
from .status import StatusApp
from .stop import StopApp

__all__ = ["NotebookStopApp", "exit_code", "main"]


class NotebookStopApp(Command):
    """Stops the notebook instance that it runs in."""

    name = "jupyter-notebook-stop"
    description = _("Stop the ModelArts notebook instance you work in.")
    subcommands: Dict[str, Any] = {  # noqa: RUF012 - a trait of the base class
        "stop": (StopApp, _("Stop the instance, after a confirmation and a countdown.")),
        "schedule": (ScheduleApp, _("Schedule a stop, or show what is scheduled.")),
        "status": (StatusApp, _("Show the instance.")),
        "doctor": (DoctorApp, _("Check everything that a stop needs.")),
        "demo": (DemoApp, _("Try everything out without a cloud.")),
    }

    def run(self) -> int:
        """Show the help if no subcommand was given."""
        self.print_help()
        return USAGE


def main(argv: Optional[List[str]] = None) -> None:
    """Run the command that `argv` names, or else the command line."""
    ignore_broken_pipes()
    NotebookStopApp.launch_instance(argv)
