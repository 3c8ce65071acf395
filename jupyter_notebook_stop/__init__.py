"""Stop the Huawei Cloud ModelArts notebook instance you work in: from JupyterLab, a cell or a terminal."""

from __future__ import annotations

from typing import Any


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-notebook-stop"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .server.app import NotebookStopExtension

    return [{"module": "jupyter_notebook_stop", "app": NotebookStopExtension}]
