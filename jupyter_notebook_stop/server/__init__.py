"""The surface for the browser: a Jupyter server extension."""

import contextlib
from typing import Any, Iterator

OLDEST_SERVER = (2, 4)
"""The floor of jupyter_server in pyproject.toml, which pip does not enforce when it installs without dependencies."""

PREFIX = "jupyter-notebook-stop"
"""What the path of each route of the local REST API begins with, after the server's base_url."""


@contextlib.contextmanager
def suppress_and_log(log: Any, consequence: str) -> Iterator[None]:
    """Keep all else working, whatever fails here.

    Parameters
    ----------
    log
        Where a failure is told.
    consequence
        What follows from a failure.
    """
    try:
        yield
    except Exception as error:
        log.warning("jupyter_notebook_stop: %s: %s: %s", consequence, type(error).__name__, error)
