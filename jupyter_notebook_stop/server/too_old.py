"""What takes the extension's place in a server that is too old for it: one line in the log, and nothing else."""

from __future__ import annotations

from typing import Any

from . import OLDEST_SERVER


def _load_jupyter_server_extension(serverapp: Any) -> None:
    from importlib.metadata import version

    serverapp.log.warning(
        "jupyter_notebook_stop %s is off: it needs jupyter_server %s or newer, and %s is installed.",
        version("jupyter_notebook_stop"),
        ".".join(map(str, OLDEST_SERVER)),
        version("jupyter_server"),
    )
