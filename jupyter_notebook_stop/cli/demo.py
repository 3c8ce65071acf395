"""``jupyter notebook-stop demo``."""

from __future__ import annotations

import functools
from typing import Any, Dict

from traitlets import Bool, CFloat

from ..translation import _
from .command import Command

_REFUSE = _("Have the simulated cloud refuse every stop, as if the permission were missing.")


class DemoApp(Command):
    """Runs a demo without a cloud."""

    name = "jupyter-notebook-stop-demo"
    description = _(
        "Try everything out without a cloud.\n\nStarts a simulated cloud on this machine, and a JupyterLab that"
        " runs as if it were in one of its instances."
    )
    examples = "jupyter notebook-stop demo"

    open_browser = Bool(True, help=_("Whether to open a browser.")).tag(config=True)
    refuse = Bool(False, help=_REFUSE).tag(config=True)
    step_seconds = CFloat(2.0, min=0.0, help=_("Duration of each step of a stop, in seconds.")).tag(
        config=True, value="SECONDS"
    )

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        "no-browser": ({"DemoApp": {"open_browser": False}}, _("Do not open a browser.")),
        "refuse": ({"DemoApp": {"refuse": True}}, _REFUSE),
    }
    aliases: Dict[Any, Any] = {"step-seconds": "DemoApp.step_seconds"}  # noqa: RUF012 - a trait of the base class

    def run(self) -> int:
        """Run the demo until Ctrl-C."""
        from ..demo.app import Demo

        say = functools.partial(print, flush=True)
        demo = Demo(open_browser=self.open_browser, refuse=self.refuse, step_seconds=self.step_seconds, say=say)
        return demo.run()
