"""What a stop would interrupt, from the server's own view: busy kernels and running terminals.

Kernels are observed, not polled: since when one is busy is written down at
the moment it becomes so.
"""

from __future__ import annotations

import datetime
from typing import Any

from jupyter_core.utils import ensure_async

from ..schema import AtRisk, BusyKernel

KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"


class Activity:
    """Watches the kernels and terminals of a Jupyter server.

    Parameters
    ----------
    serverapp
        The running server.
    """

    def __init__(self, serverapp: Any) -> None:
        self._serverapp = serverapp
        self._busy_since: dict[str, datetime.datetime] = {}
        self._observed: dict[str, Any] = {}
        events = getattr(serverapp, "event_logger", None)
        if events is not None and KERNEL_ACTIONS in getattr(events, "schemas", ()):
            events.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel_action)

    async def _on_kernel_action(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        if data.get("kernel_id"):
            self._attach(data["kernel_id"])

    def _attach(self, kernel_id: str) -> Any:
        """Observe a kernel, if it is there and not yet observed, and return its manager."""
        kernels = self._serverapp.kernel_manager
        if kernel_id not in kernels:
            self._observed.pop(kernel_id, None)
            self._busy_since.pop(kernel_id, None)
            return None
        kernel = kernels.get_kernel(kernel_id)
        if self._observed.get(kernel_id) is not kernel:
            self._observed[kernel_id] = kernel
            if kernel.has_trait("execution_state"):
                kernel.observe(lambda change: self._note(kernel_id, change["new"]), names="execution_state")
            if getattr(kernel, "execution_state", None) == "busy":
                self._busy_since.setdefault(kernel_id, kernel.last_activity)
        return kernel

    def _note(self, kernel_id: str, state: str) -> None:
        if state == "busy":
            self._busy_since.setdefault(kernel_id, datetime.datetime.now(datetime.timezone.utc))
        else:
            self._busy_since.pop(kernel_id, None)

    async def at_risk(self, calling_kernel: str | None = None) -> AtRisk:
        """Return what would be interrupted now.

        Parameters
        ----------
        calling_kernel
            Id of a kernel that is not counted, since it asks itself.
        """
        paths = {}
        for session in await ensure_async(self._serverapp.session_manager.list_sessions()):
            paths[session["kernel"]["id"]] = session["path"]
        kernels = []
        for kernel_id in list(self._serverapp.kernel_manager.list_kernel_ids()):
            kernel = self._attach(kernel_id)
            if kernel is None or kernel_id == calling_kernel or getattr(kernel, "execution_state", None) != "busy":
                continue
            since = self._busy_since.get(kernel_id) or kernel.last_activity
            kernels.append(
                BusyKernel(id=kernel_id, name=kernel.kernel_name, path=paths.get(kernel_id), busy_since=since)
            )
        for gone in set(self._observed).difference(self._serverapp.kernel_manager.list_kernel_ids()):
            self._attach(gone)
        terminals = self._serverapp.web_app.settings.get("terminal_manager")
        names = [terminal["name"] for terminal in terminals.list()] if terminals is not None else []
        return AtRisk(kernels=kernels, terminals=names)
