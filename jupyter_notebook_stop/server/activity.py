"""What a stop would interrupt, as the server knows it: busy kernels and running terminals.

Kernels are observed, not polled: the time since when one is busy is recorded
when it becomes busy.
"""

import datetime
import logging
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from jupyter_core.utils import ensure_async
from jupyter_events import EventLogger

from ..schema import AtRisk, BusyKernel
from ..translation import _
from .events import KERNEL_ACTIONS
from .terminals import is_work

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"

UNREADABLE = _("kernels whose state could not be read")
"""Stands for kernels that may be busy."""


class ConnectedKernel(NamedTuple):
    """A kernel, how many clients are connected to it, and its notebook; where there is none, its name."""

    id: str
    connections: int
    path: str


class Activity:
    """Watches the kernels and terminals of a Jupyter server.

    Parameters
    ----------
    serverapp
        The running server.
    idle_terminals
        Which terminals count as work: ``children``, ``open`` or ``ignore``.
    """

    def __init__(self, serverapp: Any, idle_terminals: str = "children") -> None:
        self._serverapp = serverapp
        self._idle_terminals = idle_terminals
        self._busy_since: Dict[str, datetime.datetime] = {}
        self._observed: Dict[str, Any] = {}
        self._seen: Dict[str, Any] = {}
        self._observers: List[Callable[[], None]] = []
        self._log = logging.getLogger("jupyter_notebook_stop")

    def observe(self, observer: Callable[[], None]) -> None:
        """Have `observer` called when a kernel becomes busy or idle, and when a document is saved."""
        self._observers.append(observer)

    def _notify(self) -> None:
        for observer in self._observers:
            observer()

    def listen(self) -> None:
        """Observe each kernel from now or its start on; without this, one is observed once `at_risk` has seen it."""
        for kernel_id in list(self._serverapp.kernel_manager.list_kernel_ids()):
            self._observe(kernel_id)
        events = self._serverapp.event_logger
        if KERNEL_ACTIONS in events.schemas:
            events.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel_action)
        if CONTENTS in events.schemas:
            events.add_listener(schema_id=CONTENTS, listener=self._on_contents)

    # Up to jupyter_events 0.7 a listener has to have exactly this signature, and no annotation that is a text.
    async def _on_kernel_action(self, logger: EventLogger, schema_id: str, data: dict) -> None:  # type: ignore[type-arg]
        if data.get("kernel_id"):
            self._observe(data["kernel_id"])

    async def _on_contents(self, logger: EventLogger, schema_id: str, data: dict) -> None:  # type: ignore[type-arg]
        if data.get("action") != "get":
            self._seen.pop(CONTENTS, None)
            self._notify()

    def _observe(self, kernel_id: str) -> Any:
        """Observe a kernel, if it exists and is not observed yet, and return its manager."""
        kernels = self._serverapp.kernel_manager
        if kernel_id not in kernels:
            self._observed.pop(kernel_id, None)
            self._busy_since.pop(kernel_id, None)
            return None
        kernel = kernels.get_kernel(kernel_id)
        if self._observed.get(kernel_id) is not kernel:
            self._observed[kernel_id] = kernel
            if kernel.has_trait("execution_state"):
                kernel.observe(lambda change: self._record(kernel_id, change["new"]), names="execution_state")
            if getattr(kernel, "execution_state", None) == "busy":
                self._busy_since.setdefault(kernel_id, kernel.last_activity)
        return kernel

    def _record(self, kernel_id: str, state: str) -> None:
        if state == "busy":
            self._busy_since.setdefault(kernel_id, datetime.datetime.now(datetime.timezone.utc))
        else:
            self._busy_since.pop(kernel_id, None)
        self._notify()

    async def work(self) -> Tuple[AtRisk, bool]:
        """Return what is being worked on, and whether anybody has worked since this was asked last.

        Unlike what a stop would interrupt, a terminal counts only as the setting ``idle_terminals`` says.
        """
        try:
            # Remote kernels tell their state only when they are listed.
            await ensure_async(self._serverapp.kernel_manager.list_kernels())
        except Exception:
            self._log.exception("Could not find out whether kernels are busy")
            return AtRisk(kernels=[BusyKernel(id="", name=UNREADABLE)]), True
        at_risk = await self.at_risk()
        manager = self._serverapp.web_app.settings.get("terminal_manager")
        terminals = dict(manager.terminals) if manager is not None else {}
        working = [name for name, terminal in terminals.items() if is_work(terminal, self._idle_terminals)]
        seen: Dict[str, Any] = {CONTENTS: True}
        for kernel_id in list(self._serverapp.kernel_manager.list_kernel_ids()):
            kernel = self._serverapp.kernel_manager.get_kernel(kernel_id)
            seen[kernel_id] = getattr(kernel, "last_activity", None)
        if self._idle_terminals != "ignore":
            seen.update({f"terminal {name}": getattr(each, "last_activity", None) for name, each in terminals.items()})
        worked = any(self._seen.get(key) != value for key, value in seen.items())
        self._seen = seen
        return AtRisk(kernels=at_risk.kernels, terminals=working), worked

    async def at_risk(self, calling_kernel: Optional[str] = None) -> AtRisk:
        """Return what would be interrupted now.

        Parameters
        ----------
        calling_kernel
            Id of the kernel that asks; it is left out.
        """
        paths = await self._paths()
        kernels = []
        for kernel_id in list(self._serverapp.kernel_manager.list_kernel_ids()):
            kernel = self._observe(kernel_id)
            if kernel is None or kernel_id == calling_kernel or getattr(kernel, "execution_state", None) != "busy":
                continue
            since = self._busy_since.get(kernel_id) or kernel.last_activity
            kernels.append(
                BusyKernel(id=kernel_id, name=kernel.kernel_name, path=paths.get(kernel_id), busy_since=since)
            )
        for gone in set(self._observed).difference(self._serverapp.kernel_manager.list_kernel_ids()):
            self._observe(gone)
        terminals = self._serverapp.web_app.settings.get("terminal_manager")
        names = [terminal["name"] for terminal in terminals.list()] if terminals is not None else []
        return AtRisk(kernels=kernels, terminals=names)

    async def connected(self) -> List[ConnectedKernel]:
        """Return the kernels that clients are connected to: pages, or other programs."""
        manager = self._serverapp.kernel_manager
        try:
            paths = await self._paths()
            models = [await ensure_async(manager.kernel_model(each)) for each in list(manager.list_kernel_ids())]
            return [
                ConnectedKernel(model["id"], model["connections"], paths.get(model["id"]) or model["name"])
                for model in models
                if model.get("connections")
            ]
        except Exception:
            # Another kernel manager may not know it, and the number is a safeguard beside the roll call.
            self._log.exception("Could not find out which kernels clients are connected to")
            return []

    async def _paths(self) -> Dict[str, str]:
        sessions = await ensure_async(self._serverapp.session_manager.list_sessions())
        return {session["kernel"]["id"]: session["path"] for session in sessions}
