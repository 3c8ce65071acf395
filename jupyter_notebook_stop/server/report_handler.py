"""``GET report``: what this server tells of itself in a report from the field."""

from __future__ import annotations

from typing import Any, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..modelarts.threads import call_in_thread
from ..policy.diagnostics import collect, find_versions, pseudonyms_of
from .handlers import NotebookStopHandler

VERSIONS_TIMEOUT = 20.0
"""Longest wait for the versions of the packages, which are read from files, in seconds."""


class ReportHandler(NotebookStopHandler):
    """``GET report``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Tell versions, names of variables, shapes of answers and log lines, and nothing secret."""
        versions = await call_in_thread(find_versions, VERSIONS_TIMEOUT)
        connection, extension = self.instance.connection, cast(Any, self.extensionapp)
        self.send(collect(connection, versions, extension.line_handler.lines, pseudonyms_of(connection)))
