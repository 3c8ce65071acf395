"""The demo: the simulator, its console, and a JupyterLab that runs in the simulated instance.

JupyterLab comes and goes with the instance, as in the cloud: it ends when the
instance has stopped and starts again when the instance is started.
"""

from __future__ import annotations

import signal
import time
import webbrowser
from types import FrameType
from typing import Callable, NoReturn

from ..simulator import ThreadedSimulator
from ..translation import _, gettext, localized
from .console import serve_console
from .lab import Lab, LabError

SCREEN = _(
    """
This demo runs on this machine only. The cloud is simulated, and all IDs and keys are made up.

  JupyterLab   {note}
{url}

  1. Press Ctrl+Shift+C (Cmd+Shift+C on a Mac) to open the command palette, and run "Stop this instance".
  2. Watch the steps. When the instance has stopped, its JupyterLab is gone, as in the cloud.
  3. Start the instance again in the simulated console: {console}

  Notebook 7 runs on the same server: replace /lab with /tree in the address.
  Press Ctrl-C here to end the demo. It leaves nothing behind.
"""
)


class Demo:
    """Runs the simulator, the simulated console and JupyterLab.

    Parameters
    ----------
    open_browser
        Whether to open JupyterLab in the user's browser.
    refuse
        Whether the simulated cloud refuses every stop, as it does without the permission.
    step_seconds
        Duration of each step of a stop, in seconds.
    say
        Called with each text for the user.
    """

    def __init__(
        self,
        *,
        open_browser: bool = True,
        refuse: bool = False,
        step_seconds: float = 2.0,
        say: Callable[[str], None] = print,
    ) -> None:
        self._open_browser = open_browser
        self._refuse = refuse
        self._step_seconds = step_seconds
        self._say = say

    def run(self) -> int:
        """Run until Ctrl-C, or until JupyterLab fails; return the exit code."""
        _interrupt_once()
        with ThreadedSimulator(step_seconds=self._step_seconds) as simulator, Lab(simulator) as lab:
            try:
                with serve_console(simulator, lab.url) as console_url:
                    self._serve(simulator, lab, console_url)
            except KeyboardInterrupt:
                self._say(gettext("\nEnding the demo."))
                return 0
            except LabError as error:
                self._say(str(error))
                return 1

    def _serve(self, simulator: ThreadedSimulator, lab: Lab, console_url: str) -> NoReturn:
        if self._refuse:
            simulator.settings.deny("stop")
        lab.start(console_url)
        note = (
            gettext("(every stop is refused with 403 in this demo)")
            if self._refuse
            else gettext("(open it if no browser appears)")
        )
        self._say(localized(SCREEN).format(note=note, url=lab.url, console=console_url))
        if self._open_browser:
            webbrowser.open(lab.url)
        while True:
            while simulator.instance.status != "STOPPED":
                lab.check()
                time.sleep(0.2)
            # As long as a container takes to end, and long enough for the page to read the last status.
            time.sleep(2.5)
            lab.end()
            self._say(
                gettext(
                    "The instance has stopped, and its JupyterLab with it. Start it again in the simulated console."
                )
            )
            while simulator.instance.status != "RUNNING":
                time.sleep(0.2)
            lab.start(console_url)
            self._say(gettext("The instance is running again, with JupyterLab at the same address."))


def _interrupt_once() -> None:
    """Raise `KeyboardInterrupt` at the first signal that asks to end, and ignore the others."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]

    def interrupt(number: int, frame: FrameType | None) -> None:
        # A second Ctrl-C must not leave JupyterLab behind.
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)
