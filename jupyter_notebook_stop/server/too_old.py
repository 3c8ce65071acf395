"""What takes the extension's place in a server that is too old for it: one line in the log, and nothing else."""

from __future__ import annotations

from typing import Any, Tuple

OLDEST_SERVER = (2, 4)
"""The floor of jupyter_server in pyproject.toml, which an installation without its dependencies does not heed."""


def is_too_old(version: Tuple[Any, ...]) -> bool:
    """Tell whether the extension lacks something in a jupyter_server of this version."""
    return version[:2] < OLDEST_SERVER


def _load_jupyter_server_extension(serverapp: Any) -> None:
    from importlib.metadata import version

    serverapp.log.warning(
        "jupyter_notebook_stop %s is off: it needs jupyter_server %s or newer, and %s is installed.",
        version("jupyter_notebook_stop"),
        ".".join(map(str, OLDEST_SERVER)),
        version("jupyter_server"),
    )
