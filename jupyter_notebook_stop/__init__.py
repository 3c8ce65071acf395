"""Stop the Huawei Cloud ModelArts notebook instance you work in: from JupyterLab, a cell or a terminal."""

from __future__ import annotations

# Type checkers take this for the constant of `typing`, which whoever only asks for the extension points need not load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
    from .notebook.later import cancel_scheduled_stop, scheduled_stop
    from .notebook.progress import Check, Report
    from .schema import Instance, Schedule

    __version__: str

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
    "Schedule",
    "StopFailedError",
    "UnreachableError",
    "astop",
    "cancel_scheduled_stop",
    "scheduled_stop",
    "status",
    "stop",
    "wait",
]

_HOMES = {
    **dict.fromkeys(("astop", "status", "stop", "wait"), "notebook.api"),
    **dict.fromkeys(("cancel_scheduled_stop", "scheduled_stop"), "notebook.later"),
    **dict.fromkeys(("Check", "Report"), "notebook.progress"),
    "Credentials": "modelarts.credentials",
    **dict.fromkeys(("Instance", "Schedule"), "schema"),
}


def __getattr__(name: str) -> Any:
    # At the first use: a server that only asks for its extension points loads nothing.
    if name == "__version__":
        found: Any = _version()
    elif name in __all__:
        from importlib import import_module

        found = getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)
        if name in ("Instance", "Report", "Schedule"):
            from .notebook.display import register_formatters

            register_formatters()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(__name__)
    except PackageNotFoundError:
        # Not installed: a checkout, where the frontend's package file has the version.
        import json
        from pathlib import Path

        package = Path(__file__).parents[1] / "labextension" / "package.json"
        return str(json.loads(package.read_bytes())["version"])


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%stop_instance`` and ``%%stop_instance``; called by ``%load_ext jupyter_notebook_stop``."""
    from .notebook.magics import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Remove them again; called by ``%unload_ext jupyter_notebook_stop``."""
    from .notebook.magics import unload

    unload(ipython)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-notebook-stop"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_server import version_info

    from .server import OLDEST_SERVER

    if version_info[:2] < OLDEST_SERVER:
        # An error instead would fill the log of an old server with a traceback.
        return [{"module": "jupyter_notebook_stop.server.too_old"}]
    try:
        from .server.app import NotebookStopExtension
    except Exception as error:
        # The server logs this text, and loads the other extensions.
        raise ImportError(
            f"jupyter_notebook_stop {_version()} does not load with what is installed here; run pip check to see what"
            f" is too old or missing: {type(error).__name__}: {error}"
        ) from error

    return [{"module": "jupyter_notebook_stop", "app": NotebookStopExtension}]
