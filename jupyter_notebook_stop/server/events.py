"""Each step of a stop on Jupyter's event bus, and one record of each attempt when it ends."""

from __future__ import annotations

import logging
import pathlib
from typing import Any

from ..attempt import ACCEPTED, CANCELLED, REFUSED, SAVING, Attempt
from ..instance import ThisInstance

STOP_EVENT = "https://schema.jupyter.org/jupyter_notebook_stop/stop/v1"
ATTEMPT_EVENT = "https://schema.jupyter.org/jupyter_notebook_stop/attempt/v1"

_SCHEMAS = pathlib.Path(__file__).parent / "events"


class Announcer:
    """Tells the event bus and the log.

    Parameters
    ----------
    event_logger
        The Jupyter server's event bus.
    instance
        The instance whose attempts are announced.
    log
        Where the record of an attempt goes.
    """

    def __init__(self, event_logger: Any, instance: ThisInstance, log: logging.Logger) -> None:
        self._events = event_logger
        self._instance = instance
        self._log = log
        self._listeners: int | None = None
        for name in ("stop.yaml", "attempt.yaml"):
            event_logger.register_event_schema(_SCHEMAS / name)
        instance.observe(self.announce)

    def announce(self, attempt: Attempt) -> None:
        """Announce the phase that `attempt` has entered."""
        if attempt.phase == SAVING:
            self._listeners = self._count_listeners()
        self._events.emit(
            schema_id=STOP_EVENT,
            data={
                "attempt": attempt.id,
                "phase": attempt.phase,
                "instance_id": self._instance.identity.instance_id.value,
                "source": attempt.source,
                "save": attempt.save,
            },
        )
        if attempt.phase in (ACCEPTED, REFUSED, CANCELLED):
            self._record(attempt)

    def _record(self, attempt: Attempt) -> None:
        error = attempt.error
        silent = None
        if attempt.save == "all" and self._listeners is not None:
            silent = max(0, self._listeners - len(attempt.tabs))
        instance_id = self._instance.identity.instance_id.value
        self._events.emit(
            schema_id=ATTEMPT_EVENT,
            data={
                "attempt": attempt.id,
                "outcome": attempt.phase,
                "instance_id": instance_id,
                "source": attempt.source,
                "save": attempt.save,
                "user": attempt.user,
                "code": error.code if error else None,
                "message": error.message if error else None,
                "tabs": [{"id": tab.id, "state": tab.state} for tab in attempt.tabs.values()],
                "silent_tabs": silent,
            },
        )
        self._log.log(
            logging.WARNING if error else logging.INFO,
            "Stop of instance %s %s: attempt %s by %s from %s, save %s, tabs %s, silent %s%s",
            instance_id,
            attempt.phase,
            attempt.id,
            attempt.user,
            attempt.source,
            attempt.save,
            {tab.id: tab.state for tab in attempt.tabs.values()},
            silent,
            f": {error}" if error else "",
        )

    def _count_listeners(self) -> int | None:
        # Each open page listens once; the bus has no public way to count them, and the figure only informs.
        listeners = getattr(self._events, "_unmodified_listeners", None)
        return len(listeners.get(STOP_EVENT, ())) if isinstance(listeners, dict) else None
