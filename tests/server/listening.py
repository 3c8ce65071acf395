"""What comes by on the event bus of a server."""

# No annotation here may be a text, as old event buses want it: so this file does not postpone their evaluation.
from typing import Any, Awaitable, Callable, Dict, List, Optional, Tuple

from jupyter_events import EventLogger


def listen(serverapp: Any, *schemas: Optional[str]) -> List[Tuple[str, Dict[str, Any]]]:
    """Return the list to which every event of these schemas is added, with its schema; None means all schemas."""
    seen: List[Tuple[str, Dict[str, Any]]] = []

    async def add(logger: EventLogger, schema_id: str, data: dict) -> None:  # type: ignore[type-arg]
        seen.append((schema_id, data))

    for schema in schemas:
        serverapp.event_logger.add_listener(schema_id=schema, listener=add)
    return seen


def call_at_each(serverapp: Any, schema: str, call: Callable[[Dict[str, Any]], Awaitable[None]]) -> None:
    """Call something with each event of a schema."""

    async def listener(logger: EventLogger, schema_id: str, data: dict) -> None:  # type: ignore[type-arg]
        await call(data)

    serverapp.event_logger.add_listener(schema_id=schema, listener=listener)
