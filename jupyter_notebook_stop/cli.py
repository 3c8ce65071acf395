"""The surface for a terminal: ``jupyter notebook-stop``."""

from __future__ import annotations

import sys
from typing import Any, Dict

from jupyter_core.application import JupyterApp
from traitlets import Bool, CFloat


class DemoApp(JupyterApp):
    """Tries everything out without a cloud."""

    name = "jupyter-notebook-stop-demo"
    description = """Try everything out without a cloud.

    Starts a stand-in of the cloud on this machine and a JupyterLab that believes it runs in one of its instances."""
    examples = "jupyter notebook-stop demo"

    open_browser = Bool(True, help="Whether to open a browser.").tag(config=True)
    refuse = Bool(False, help="Whether the simulated cloud refuses every stop, as without the permission.").tag(
        config=True
    )
    step_seconds = CFloat(2.0, min=0.0, help="Duration of each step of a stop, in seconds.").tag(config=True)

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        "no-browser": ({"DemoApp": {"open_browser": False}}, "Do not open a browser."),
        "refuse": ({"DemoApp": {"refuse": True}}, "Let the simulated cloud refuse every stop."),
    }
    aliases: Dict[Any, Any] = {"step-seconds": "DemoApp.step_seconds"}  # noqa: RUF012 - a trait of the base class

    def start(self) -> None:
        """Run the demo until Ctrl-C."""
        from .simulator.demo import Demo

        def say(line: str) -> None:
            print(line, flush=True)

        demo = Demo(open_browser=self.open_browser, refuse=self.refuse, step_seconds=self.step_seconds, say=say)
        self.exit(demo.run())


class NotebookStopApp(JupyterApp):
    """Stops the notebook instance this machine is."""

    name = "jupyter-notebook-stop"
    description = "Stop the ModelArts notebook instance you work in."
    subcommands: Dict[str, Any] = {  # noqa: RUF012 - a trait of the base class
        "demo": (DemoApp, "Try everything out without a cloud."),
    }

    def start(self) -> None:
        """Show the help where no subcommand was given."""
        if self.subapp is None:
            self.print_help()
            self.exit(2)
        super().start()


main = NotebookStopApp.launch_instance

if __name__ == "__main__":
    sys.exit(main())
