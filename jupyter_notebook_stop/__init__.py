"""Stop the Huawei Cloud ModelArts notebook instance you work in: from JupyterLab, a cell or a terminal."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import (
        CancelledStopError,
        CloudError,
        CredentialsError,
        IdentityError,
        InstanceNotFoundError,
        InstanceStateError,
        NotebookStopError,
        NotInInstanceError,
        OutcomeUnknownError,
        PermissionDeniedError,
        SaveError,
        StopFailedError,
        UnreachableError,
    )
    from .modelarts.credentials import Credentials
    from .notebook.api import astop, status, stop, wait
    from .notebook.progress import Check, Report
    from .schema import Instance

__all__ = [
    "CancelledStopError",
    "Check",
    "CloudError",
    "Credentials",
    "CredentialsError",
    "IdentityError",
    "Instance",
    "InstanceNotFoundError",
    "InstanceStateError",
    "NotInInstanceError",
    "NotebookStopError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "Report",
    "SaveError",
    "StopFailedError",
    "UnreachableError",
    "astop",
    "status",
    "stop",
    "wait",
]

_HOMES = {
    **dict.fromkeys(("astop", "status", "stop", "wait"), "notebook.api"),
    **dict.fromkeys(("Check", "Report"), "notebook.progress"),
    "Credentials": "modelarts.credentials",
    "Instance": "schema",
}


def __getattr__(name: str) -> Any:
    # At the first use: a server that only asks for its extension points loads nothing.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__)
    found = globals()[name] = getattr(home, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%stop_instance`` and ``%%stop_instance``; called by ``%load_ext jupyter_notebook_stop``."""
    from .notebook.magics import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take them away again."""
    from .notebook.magics import unload

    unload(ipython)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-notebook-stop"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .server.app import NotebookStopExtension

    return [{"module": "jupyter_notebook_stop", "app": NotebookStopExtension}]
