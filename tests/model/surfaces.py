"""The handlers of the REST API, called without a web server in between."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any, Optional

import msgspec
from tornado import web

from jupyter_notebook_stop.errors import NotebookStopError
from jupyter_notebook_stop.server.handlers import AttemptHandler, InstanceHandler, StopHandler, TabHandler, status_of
from jupyter_notebook_stop.server.schedule_handlers import ActivityHandler, ScheduleHandler
from jupyter_notebook_stop.translation import encode_translated


def _in_english(text: Any) -> Any:
    return encode_translated(text, "en")


class Answer:
    """What who asked was told: a status, and the content or the error."""

    def __init__(self, status: int, content: Any, error: Optional[NotebookStopError] = None) -> None:
        self.status = status
        self.content = content
        self.error = error


class _Direct:
    """Stands in for what tornado and Jupyter do around a handler."""

    current_user = SimpleNamespace(username="u", display_name="U")

    def __init__(self, parts: Any, body: Any, query: dict[str, str]) -> None:
        self.instance, self.activity = parts.instance, parts.activity
        self.roll_call, self.scheduler = parts.roll_call, parts.scheduler
        self._body, self._arguments = body, query
        self.answer = Answer(200, None)

    def read_body(self, kind: Any) -> Any:
        return msgspec.json.decode(msgspec.json.encode(self._body), type=kind)

    def get_query_argument(self, name: str, default: Any = None) -> Any:
        return self._arguments.get(name, default)

    def set_status(self, status: int) -> None:
        self.answer.status = status

    def finish(self) -> None:
        return

    def send(self, content: Any, status: int = 200) -> None:
        # As it is now: who asked has it on paper.
        self.answer = Answer(status, msgspec.json.decode(msgspec.json.encode(content, enc_hook=_in_english)))


async def call(kind: Any, method: str, parts: Any, *path: str, body: Any = None, **query: str) -> Answer:
    """Return what a handler answers."""
    handler = type(kind.__name__, (_Direct, kind), {})(parts, body, query)
    try:
        await inspect.unwrap(getattr(kind, method))(handler, *path)
    except NotebookStopError as error:
        return Answer(status_of(error), None, error)
    except web.HTTPError as error:
        return Answer(error.status_code, None)
    answer: Answer = handler.answer
    return answer


__all__ = [
    "ActivityHandler",
    "Answer",
    "AttemptHandler",
    "InstanceHandler",
    "ScheduleHandler",
    "StopHandler",
    "TabHandler",
    "call",
]
