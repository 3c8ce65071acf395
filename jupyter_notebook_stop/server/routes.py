"""Which handler has which route of the local REST API."""

from __future__ import annotations

from typing import Any, List, Mapping, Tuple, Type

from jupyter_server.utils import url_path_join
from tornado import web
from tornado.routing import PathMatches

from . import PREFIX
from .handlers import AttemptHandler, InstanceHandler, NotebookStopHandler, StopHandler, TabHandler
from .report_handler import ReportHandler
from .schedule_handlers import ActivityHandler, LeaseHandler, ScheduleHandler

HANDLERS: Mapping[str, Type[NotebookStopHandler]] = {
    "instance": InstanceHandler,
    "stop": StopHandler,
    "stop/([^/]+)": AttemptHandler,
    "stop/([^/]+)/tabs/([^/]+)": TabHandler,
    "schedule": ScheduleHandler,
    "schedule/activity": ActivityHandler,
    "lease": LeaseHandler,
    "report": ReportHandler,
}


class NoRouteHandler(NotebookStopHandler):
    """Any other path."""

    async def prepare(self, **options: Any) -> None:
        """Refuse every request that Jupyter itself does not."""
        await super().prepare(**options)
        # Before 2.13 Jupyter leaves it to the method of each handler to refuse who is not logged in.
        raise web.HTTPError(404 if self.current_user else 403)


class Routes:
    """Finds the handler for a request.

    Parameters
    ----------
    base_url
        The Jupyter server's.
    """

    def __init__(self, base_url: str) -> None:
        self._routes = [
            (PathMatches(url_path_join(base_url, PREFIX, route)), handler) for route, handler in HANDLERS.items()
        ]

    def find(self, request: Any) -> Tuple[Type[NotebookStopHandler], List[bytes]]:
        """Return the handler, and what the path has for it."""
        for matcher, handler in self._routes:
            found = matcher.match(request)
            if found is not None:
                return handler, found.get("path_args", [])
        return NoRouteHandler, []
