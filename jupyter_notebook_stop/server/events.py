"""The events of this extension on Jupyter's event bus; the schemas in events/ are parsed at the first event."""

from __future__ import annotations

import functools
import pathlib
from typing import Any, Dict

from jupyter_events import yaml
from jupyter_events.schema import EventSchema

_ROOT = "https://schema.jupyter.org/jupyter_notebook_stop"

STOP_EVENT = f"{_ROOT}/stop/v1"
ATTEMPT_EVENT = f"{_ROOT}/attempt/v1"
SCHEDULE_EVENT = f"{_ROOT}/schedule/v1"

KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
"""Jupyter's own event of kernels that start and end."""

PING_INTERVAL = 30
"""Seconds between two pings of a WebSocket; Jupyter pings the sockets of kernels as often."""

_FILES = {STOP_EVENT: "stop.yaml", ATTEMPT_EVENT: "attempt.yaml", SCHEDULE_EVENT: "schedule.yaml"}


class DeferredSchema(EventSchema):
    """A schema that is known by its id from the start, so that pages can listen, and is parsed at the first event.

    Parameters
    ----------
    schema_id
        What the file has as its ``$id``.
    file
        Its name in the folder events/.
    """

    def __init__(self, schema_id: str, file: str) -> None:
        # Not the base class's, which would parse it.
        self._id = schema_id
        self._file = file

    @functools.cached_property
    def _parsed(self) -> EventSchema:
        schema: Dict[str, Any] = yaml.load(pathlib.Path(__file__).parent / "events" / self._file)
        try:
            return EventSchema(schema)
        except Exception:
            # Up to jupyter_events 0.10 the version of a schema has to be an integer; newer releases want a string.
            return EventSchema({**schema, "version": int(schema["version"])})

    def __repr__(self) -> str:
        return repr(self._parsed)

    @property
    def id(self) -> str:
        """The id of the schema."""
        return self._id

    @property
    def version(self) -> Any:
        """The version of the schema."""
        return self._parsed.version

    @property
    def properties(self) -> Dict[str, Any]:
        """The fields of an event."""
        return self._parsed.properties

    def validate(self, data: Dict[str, Any]) -> None:
        """Raise an error if this is no such event."""
        self._parsed.validate(data)


def register_schemas(event_logger: Any) -> None:
    """Make the events known to a server's event bus."""
    for schema_id, name in _FILES.items():
        event_logger.register_event_schema(DeferredSchema(schema_id, name))


def keep_sockets_alive(serverapp: Any) -> None:
    """Have tornado ping the event socket, by which tabs hear of a stop, unless the server is configured otherwise.

    Nothing else is sent on it for hours, so that proxies drop it, and a page that is gone is not noticed.
    """
    settings = serverapp.web_app.settings
    if not settings.get("websocket_ping_interval") and "websocket_ping_interval" not in serverapp.config.ServerApp:
        settings["websocket_ping_interval"] = PING_INTERVAL
