"""A Jupyter server without a frontend, inside the stand-in's instance, with everything at DEBUG."""

from __future__ import annotations

import contextlib
import pathlib
import threading
from typing import Any, Optional, Sequence

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..conftest import instance_environment
from ..servers import Server


class PlainServer(Server):
    """A server inside the stand-in's instance.

    Parameters
    ----------
    root
        Where its folders are made.
    simulator
        The stand-in; its first instance unless `environment` says otherwise.
    base_url
        Of the instance by default.
    """

    module = "jupyter_server"
    poll_interval = 0.1
    roll_call_timeout = 0.3

    def __init__(
        self,
        root: pathlib.Path,
        simulator: ThreadedSimulator,
        *,
        base_url: Optional[str] = None,
        arguments: Sequence[str] = (),
        **environment: str,
    ) -> None:
        settings = [
            *(f"--ServerApp.jpserver_extensions={name}=False" for name in ("jupyterlab", "notebook")),
            "--log-level=DEBUG",
            f"--NotebookStop.roll_call_timeout={self.roll_call_timeout}",
        ]
        super().__init__(
            root,
            {**instance_environment(simulator), **environment},
            base_url=base_url or f"/{simulator.instance_id}/",
            arguments=[*settings, *arguments],
            forked=True,
        )

    def stop_in_background(self, **body: Any) -> threading.Thread:
        """Ask for a stop that may never be answered."""

        def ask() -> None:
            with contextlib.suppress(OSError):
                self.ask("POST", "jupyter-notebook-stop/stop", body)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        return thread
