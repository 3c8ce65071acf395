"""All that the server extension consists of once it is used: made at the first request, and not before."""

from __future__ import annotations

import logging
from typing import Any, Callable, List, Optional, Tuple

from ..config import NotebookStop
from ..modelarts.connection import Connection
from ..policy.instance import AttemptRun, ThisInstance
from ..policy.schedule_file import ScheduleFile
from ..policy.scheduler import Scheduler
from . import suppress_and_log
from .activity import Activity
from .event_emitter import EventEmitter
from .handlers import NotebookStopHandler
from .roll_call import RollCall
from .routes import Routes


def _attempt_of(run: AttemptRun) -> Optional[str]:
    # A page that is loaded now has missed the event, and asks for nothing by itself.
    return run.attempt.id if run.attempt.under_way else None


class Runtime:
    """The instance, who works in it, the roll call and the schedule, connected with each other.

    Parameters
    ----------
    serverapp
        The running server.
    config
        The settings.
    can_notify_tabs
        Whether the events of this extension are known to the event bus.
    update_page_option
        Called with what pages that are served from now on should know.
    log
        Where the record of each attempt goes.
    """

    def __init__(
        self,
        serverapp: Any,
        config: NotebookStop,
        *,
        can_notify_tabs: bool,
        update_page_option: Callable[..., None],
        log: logging.Logger,
    ) -> None:
        self._log = log
        self._routes = Routes(serverapp.base_url)
        self.instance = ThisInstance(Connection(config, base_url=serverapp.base_url))
        self.activity = Activity(serverapp, config.idle_terminals)
        self.roll_call = RollCall(config, self.instance.check, self.activity.connected)
        self.roll_call.can_notify_tabs = can_notify_tabs
        self.scheduler = Scheduler(self.instance, self.roll_call, self.activity.work)
        self.activity.observe(self.scheduler.wake)
        self.instance.observe(lambda run: update_page_option(attempt=_attempt_of(run)))
        if can_notify_tabs:
            emitter = EventEmitter(serverapp.event_logger, self.instance, self.scheduler, log)
            self.roll_call.listeners = lambda: emitter.listeners
        self.scheduler.observe(lambda scheduled: update_page_option(schedule=scheduled.id if scheduled else None))

    def handler(self, application: Any, request: Any, name: str) -> Tuple[NotebookStopHandler, List[bytes]]:
        """Return the handler that answers a request, and what its path has for it.

        Parameters
        ----------
        application, request
            As tornado makes a handler with them.
        name
            The extension's, by which a handler finds its settings.
        """
        kind, arguments = self._routes.find(request)
        handler = kind(
            application,
            request,
            name=name,
            instance=self.instance,
            activity=self.activity,
            roll_call=self.roll_call,
            scheduler=self.scheduler,
        )
        return handler, arguments

    def begin(self, *, resume: bool) -> None:
        """Observe the kernels from now on; whatever fails, the routes work.

        Parameters
        ----------
        resume
            Whether to keep the schedule in a file, and go on with the one that an earlier server has left.
        """
        with suppress_and_log(self._log, "the start of kernels is not observed"):
            self.activity.listen()
        if resume:
            with suppress_and_log(self._log, "a scheduled stop is not taken up again"):
                self.scheduler.restore(ScheduleFile(self.instance.identity.instance_id.value))

    async def aclose(self) -> None:
        """Watch no longer, and close the connections to the cloud."""
        await self.scheduler.aclose()
        await self.instance.aclose()
