"""The local REST API for what comes later: the scheduled stop, and the automatic stop of the platform."""

from __future__ import annotations

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from ..requests import LeaseRequest, ScheduleRequest
from .handlers import NotebookStopHandler


class ScheduleHandler(NotebookStopHandler):
    """``GET``, ``PUT`` and ``DELETE schedule``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Tell what is scheduled, what it waits for, and the rules."""
        self.check_inside()
        self.send(await self.scheduler.show())

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Schedule a stop, in place of the one that stands."""
        request = self.read_body(ScheduleRequest)
        self.check_instance(request.instance_id)
        replaced = self.scheduler.set(request, self.user)
        self.send(msgspec.structs.replace(await self.scheduler.show(), replaced=replaced))

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        """Cancel what is scheduled."""
        self.check_inside()
        self.send(self.scheduler.cancel())


class ActivityHandler(NotebookStopHandler):
    """``POST schedule/activity``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Take notice that somebody works in a page."""
        self.check_inside()
        self.scheduler.record_activity()
        self.set_status(204)
        self.finish()


class LeaseHandler(NotebookStopHandler):
    """``PATCH lease``."""

    @web.authenticated
    @authorized
    async def patch(self) -> None:
        """Have the platform stop the instance later."""
        request = self.read_body(LeaseRequest)
        self.check_instance(request.instance_id)
        await self.instance.reader.renew_lease(request.duration)
        self.send(await self.view(None))
