"""The Jupyter server extension: its settings, its routes, and what the page is told."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, List

import msgspec
from jupyter_server.extension.application import ExtensionApp

from ..config import NotebookStop
from ..errors import IdentityError, NotInInstanceError
from ..instance import Run, ThisInstance
from ..modelarts.connection import Connection
from ..schedule_file import ScheduleFile
from ..scheduler import Scheduler
from .activity import Activity
from .events import EventEmitter
from .roll_call import RollCall
from .routes import routes

PAGE_OPTION = "jupyterNotebookStop"
"""Name of the page option that tells a page which instance it is served from, if any."""


PING_INTERVAL = 30
"""Seconds between two pings of a WebSocket; Jupyter pings the sockets of kernels as often."""


def _attempt_of(run: Run) -> str | None:
    # A page that is loaded now has missed the event, and asks for nothing by itself.
    return run.attempt.id if run.attempt.under_way else None


def _keep_sockets_alive(serverapp: Any) -> None:
    """Have tornado ping the event socket, by which tabs hear of a stop, unless the server is configured otherwise.

    Nothing else is sent on it for hours, so that proxies drop it, and a page that is gone is not noticed.
    """
    settings = serverapp.web_app.settings
    if not settings.get("websocket_ping_interval") and "websocket_ping_interval" not in serverapp.config.ServerApp:
        settings["websocket_ping_interval"] = PING_INTERVAL


class NotebookStopExtension(ExtensionApp):
    """Stops the ModelArts notebook instance that this Jupyter server runs in."""

    name = "notebook_stop"
    description = "Stop the ModelArts notebook instance that this Jupyter server runs in."
    load_other_extensions = True
    classes: List[Any] = [NotebookStop]  # noqa: RUF012 - a trait of the base class

    this_instance: ThisInstance
    scheduler: Scheduler

    def initialize_settings(self) -> None:
        """Find out which instance this is, without any request, and tell the page."""
        serverapp: Any = self.serverapp
        connection = Connection(NotebookStop(parent=self), base_url=serverapp.base_url)
        self.this_instance = ThisInstance(connection)
        option: dict[str, Any]
        try:
            identity = self.this_instance.identity
            option = {
                "available": True,
                "instance_id": identity.instance_id.value,
                "scheduling": self.this_instance.config.schedule_enabled,
            }
        except NotInInstanceError as error:
            option = {"available": False, "code": error.code, "reason": str(error.message)}
            self.log.info("jupyter_notebook_stop is disabled: %s", error.message)
        except IdentityError as error:
            option = {"available": False, "code": error.code, "reason": str(error.message)}
            self.log.warning("jupyter_notebook_stop is disabled: %s", error)
        self._option = option
        self._tell_pages()
        if option["available"]:
            self.this_instance.observe(lambda run: self._tell_pages(attempt=_attempt_of(run)))

    def _tell_pages(self, **news: str | None) -> None:
        """Put the page option, with what is new, into every page that is served from now on."""
        serverapp: Any = self.serverapp
        option = {key: value for key, value in {**self._option, **news}.items() if value is not None}
        self._option = option
        page_config = serverapp.web_app.settings.setdefault("page_config_data", {})
        page_config[PAGE_OPTION] = msgspec.json.encode(option).decode()

    def initialize_handlers(self) -> None:
        """Add the routes under the server's base_url."""
        serverapp: Any = self.serverapp
        instance = self.this_instance
        activity = Activity(serverapp, instance.config.idle_terminals)
        roll_call = RollCall(instance.config, instance.check, activity.connected)
        self.scheduler = Scheduler(instance, roll_call, activity.work)
        activity.observe(self.scheduler.wake)
        self.handlers.extend(routes(instance, activity, roll_call, self.scheduler))
        with self._optional("the start of kernels is not observed"):
            activity.listen()
        with self._optional("open tabs cannot be asked to save"):
            EventEmitter(serverapp.event_logger, instance, self.scheduler, self.log)
            roll_call.tabs_are_told = True
            _keep_sockets_alive(serverapp)

        self.scheduler.observe(lambda scheduled: self._tell_pages(schedule=scheduled.id if scheduled else None))

        if self._option["available"]:
            # Once the event loop runs, which it does not yet.
            serverapp.io_loop.add_callback(self._take_up_schedule)

    def _take_up_schedule(self) -> None:
        with self._optional("a scheduled stop is not taken up again"):
            self.scheduler.restore(ScheduleFile(self.this_instance.identity.instance_id.value))

    @contextlib.contextmanager
    def _optional(self, consequence: str) -> Iterator[None]:
        """Keep the routes working, whatever fails here."""
        try:
            yield
        except Exception as error:
            self.log.warning("jupyter_notebook_stop: %s: %s: %s", consequence, type(error).__name__, error)

    async def stop_extension(self) -> None:
        """Close the connections to the cloud."""
        # After a wrong setting the extension is not loaded, and Jupyter calls this all the same.
        if hasattr(self, "scheduler"):
            await self.scheduler.aclose()
        if hasattr(self, "this_instance"):
            await self.this_instance.aclose()
