"""The Jupyter server extension: its settings, its routes, and what the page is told.

Every server loads this at its start, also one that is never asked to stop: what requests need is in runtime.py.
"""

import contextlib
import json
import logging
import pathlib
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from ..config import SCHEDULE_FILES, NotebookStop
from ..errors import IdentityError, NotInInstanceError
from ..modelarts.identity import find_identity
from .events import KERNEL_ACTIONS, register_schemas
from .log_lines import LastLines

if TYPE_CHECKING:
    from .runtime import Runtime

PAGE_OPTION = "jupyterNotebookStop"
"""Name of the page option that tells a page which instance it is served from, if any."""

PING_INTERVAL = 30
"""Seconds between two pings of a WebSocket; Jupyter pings the sockets of kernels as often."""

ROUTES = (
    "instance",
    "stop",
    "stop/([^/]+)",
    "stop/([^/]+)/tabs/([^/]+)",
    "schedule",
    "schedule/activity",
    "lease",
    "report",
)
"""What follows ``/jupyter-notebook-stop/`` in the local REST API."""


class DeferredHandler(ExtensionHandlerMixin, web.RequestHandler):
    """Becomes the handler of its route when a request comes."""

    def __new__(cls, application: Any, request: Any, *, app: "NotebookStopExtension", route: str, name: str) -> Any:
        """Return the handler that is meant, which Python then does not initialize as one of this class."""
        try:
            runtime = app.runtime
        except ImportError as error:
            app.log.error("jupyter_notebook_stop does not work with what is installed here; run pip check: %s", error)
            return web.ErrorHandler(application, request, status_code=500)
        return runtime.handler(route)(application, request, name=name, **runtime.shared)


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

    _runtime: "Optional[Runtime]" = None
    _tabs_are_told = False
    log_lines: Optional[LastLines] = None

    @property
    def runtime(self) -> "Runtime":
        """All that is needed once somebody asks, made at the first use."""
        if self._runtime is None:
            from .runtime import Runtime

            self._runtime = Runtime(
                self.serverapp,
                self.stop_config,
                tabs_are_told=self._tabs_are_told,
                tell_pages=self._tell_pages,
                log=self.log,
            )
            with self._optional("the start of kernels is not observed"):
                self._runtime.activity.listen()
            if self._option["available"]:
                with self._optional("a scheduled stop is not taken up again"):
                    self._runtime.restore_schedule()
        return self._runtime

    def initialize_settings(self) -> None:
        """Find out which instance this is, without any request, and tell the page."""
        serverapp: Any = self.serverapp
        self.log_lines = LastLines()
        for logger in self._loggers():
            logger.addHandler(self.log_lines)
        self.stop_config = NotebookStop(parent=self)
        option: Dict[str, Any]
        try:
            identity = find_identity(self.stop_config, base_url=serverapp.base_url)
            option = {
                "available": True,
                "instance_id": identity.instance_id.value,
                "scheduling": self.stop_config.schedule_enabled,
            }
        except NotInInstanceError as error:
            option = {"available": False, "code": error.code, "reason": str(error.message)}
            self.log.info("jupyter_notebook_stop is disabled: %s", error.message)
        except IdentityError as error:
            option = {"available": False, "code": error.code, "reason": str(error.message)}
            self.log.warning("jupyter_notebook_stop is disabled: %s", error)
        self._option = option
        self._tell_pages()

    def _tell_pages(self, **news: Optional[str]) -> None:
        """Put the page option, with what is new, into every page that is served from now on."""
        serverapp: Any = self.serverapp
        option = {key: value for key, value in {**self._option, **news}.items() if value is not None}
        self._option = option
        page_config = serverapp.web_app.settings.setdefault("page_config_data", {})
        page_config[PAGE_OPTION] = json.dumps(option)

    def initialize_handlers(self) -> None:
        """Add the routes under the server's base_url, and hear of what makes this extension needed."""
        serverapp: Any = self.serverapp
        self.handlers.extend(
            (f"/jupyter-notebook-stop/{route}", DeferredHandler, {"app": self, "route": route}) for route in ROUTES
        )
        with self._optional("open tabs cannot be asked to save"):
            register_schemas(serverapp.event_logger)
            self._tabs_are_told = True
            _keep_sockets_alive(serverapp)
        with self._optional("the start of kernels is not observed"):
            if KERNEL_ACTIONS in serverapp.event_logger.schemas:
                serverapp.event_logger.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel_action)
        if self._option["available"] and any(pathlib.Path(jupyter_runtime_dir()).glob(SCHEDULE_FILES)):
            # Once the event loop runs, which it does not yet.
            serverapp.io_loop.add_callback(lambda: self.runtime)

    # Up to jupyter_events 0.7 a listener has to have exactly this signature, and no annotation that is a text.
    async def _on_kernel_action(self, logger: EventLogger, schema_id: str, data: dict) -> None:  # type: ignore[type-arg]
        # Since when a kernel is busy can be told only by who observes it.
        _ = self.runtime

    def _loggers(self) -> List[Any]:
        return [self.log, logging.getLogger("jupyter_notebook_stop")]

    @contextlib.contextmanager
    def _optional(self, consequence: str) -> Iterator[None]:
        """Keep the routes working, whatever fails here."""
        try:
            yield
        except Exception as error:
            self.log.warning("jupyter_notebook_stop: %s: %s: %s", consequence, type(error).__name__, error)

    async def stop_extension(self) -> None:
        """Close the connections to the cloud."""
        if self.log_lines is not None:
            for logger in self._loggers():
                logger.removeHandler(self.log_lines)
        if self._runtime is not None:
            await self._runtime.aclose()
