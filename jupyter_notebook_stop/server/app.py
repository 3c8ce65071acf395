"""The Jupyter server extension: its settings, its routes, and what the page is told.

Every server loads this at its start, also one that is never asked to stop: what requests need is in runtime.py.
"""

import asyncio
import contextlib
import json
import logging
import os
import socket
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Type

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from ..instance_detection import find_candidate_ids, is_unambiguous
from . import PREFIX, suppress_and_log
from .events import KERNEL_ACTIONS, keep_sockets_alive, register_schemas

if TYPE_CHECKING:
    from ..config import NotebookStop
    from .log_lines import LastLines
    from .runtime import Runtime

PAGE_OPTION = "jupyterNotebookStop"
"""Name of the page option that tells a page which instance it is served from, if any."""

NOT_DETECTED = (
    "Not running in a ModelArts notebook instance: looked for c.NotebookStop.instance_id, the environment variable"
    " INSTANCE_ID, a hostname notebook-<id>, a base_url /<id>/."
)
"""What `find_identity` says where nothing looks like an instance, for servers that need not load it."""

LOAD_TIMEOUT = 60.0
"""Longest wait for what the first request loads, in seconds."""


class DeferredHandler(ExtensionHandlerMixin, web.RequestHandler):
    """Has a request answered by the handler of its route, which the first of all requests loads."""

    def initialize(self, name: str, app: "NotebookStopExtension") -> None:
        super().initialize(name)
        self._app = app

    async def _execute(self, transforms: List[Any], *args: bytes, **kwargs: bytes) -> None:
        # What authenticates, and checks, and measures is the other handler: nothing happens here before it is made.
        try:
            runtime = await self._app.load()
        except (Exception, asyncio.CancelledError) as error:
            self._error = error
            await super()._execute(transforms, *args, **kwargs)
            return
        handler, arguments = runtime.handler(self.application, self.request, self.name)
        await handler._execute(transforms, *arguments)

    def check_xsrf_cookie(self) -> None:
        """Check nothing, as nothing is done."""

    def prepare(self) -> None:
        """Answer that nothing could be loaded."""
        if isinstance(self._error, asyncio.CancelledError):
            self._refuse(503, code="not_loaded", message="The Jupyter server is shutting down.")
        else:
            message = "jupyter_notebook_stop does not work with what is installed in this server."
            remedy = "Check the server log, and run pip check in its environment."
            self._refuse(500, code="not_loaded", message=message, remedy=remedy)

    def _refuse(self, status: int, **problem: str) -> None:
        # A Problem, without what makes one, which may be what fails.
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(problem)


class _LineHandler(logging.Handler):
    """Has the lines of the log kept, by what is loaded once there are more than a few, or an error among them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._first: List[logging.LogRecord] = []
        self._last: Optional[LastLines] = None

    @property
    def lines(self) -> List[str]:
        """The last lines, without what others have written into them."""
        return self._load().lines

    def _load(self) -> "LastLines":
        if self._last is None:
            from .log_lines import LastLines

            self._last = LastLines()
            while self._first:
                self._last.keep(self._first.pop(0))
        return self._last

    def emit(self, record: logging.LogRecord) -> None:
        # Kept as it is, an error would keep all that it went through.
        is_text = record.exc_info is None and all(type(argument) is str for argument in record.args or ())
        if self._last is None and is_text and len(self._first) < 10:
            self._first.append(record)
        else:
            self._load().keep(record)


def _files_are_left() -> bool:
    """Tell whether this extension has left a file for the next server, which is a schedule."""
    try:
        return any(name.startswith("jupyter_notebook_stop-") for name in os.listdir(jupyter_runtime_dir()))
    except OSError:
        return False


class NotebookStopExtension(ExtensionApp):
    """Stops the ModelArts notebook instance that this Jupyter server runs in."""

    name = "notebook_stop"
    description = "Stop the ModelArts notebook instance that this Jupyter server runs in."
    load_other_extensions = True

    runtime: "Optional[Runtime]" = None
    _loading: "Optional[asyncio.Future[Runtime]]" = None
    _has_ended = False
    _stop_config: "Optional[NotebookStop]" = None
    _can_notify_tabs = False
    line_handler: Optional[_LineHandler] = None

    def _link_jupyter_server_extension(self, serverapp: Any) -> None:
        """Take over the settings of the server.

        The base class also looks for files and parses arguments: two milliseconds, and hardly ever there are any.
        """
        self.serverapp = serverapp
        # The server's: its level and its files are those that somebody has set.
        self.log = serverapp.log.getChild(self.name)
        files = [f"{self.config_file_name}{ending}" for ending in (".py", ".json")]
        if serverapp.extra_args or any(
            os.path.exists(f"{it}/{file}") for it in self.config_file_paths for file in files
        ):
            super()._link_jupyter_server_extension(serverapp)
        else:
            self.config = serverapp.config
            self._linked = True

    @property
    def stop_config(self) -> "NotebookStop":
        """The settings; where there are none, all have their defaults, and are made at the first use."""
        if self._stop_config is None:
            from ..config import NotebookStop

            self._stop_config = NotebookStop(parent=self)
        return self._stop_config

    async def load(self) -> "Runtime":
        """Return all that is needed once somebody asks, loaded at the first use; an error makes the next use try again.

        Raises
        ------
        asyncio.CancelledError
            When the server ends.
        """
        if self.runtime is None:
            if self._has_ended:
                raise asyncio.CancelledError
            if self._loading is None:
                self._loading = asyncio.ensure_future(self._load())
                self._loading.add_done_callback(self._loaded)
            return await asyncio.shield(self._loading)
        return self.runtime

    async def _load(self) -> "Runtime":
        from ..modelarts.threads import call_in_thread

        def load() -> "Type[Runtime]":
            from .runtime import Runtime

            _ = self.stop_config
            return Runtime

        # All this takes longer than an event loop may be blocked.
        kind = await call_in_thread(load, LOAD_TIMEOUT)
        runtime = kind(
            self.serverapp,
            self.stop_config,
            can_notify_tabs=self._can_notify_tabs,
            update_page_option=self._update_page_option,
            log=self.log,
        )
        runtime.begin(resume=self._page_option["available"])
        self.runtime = runtime
        return runtime

    def _loaded(self, loading: "asyncio.Future[Runtime]") -> None:
        self._loading = None
        error = None if loading.cancelled() else loading.exception()
        if isinstance(error, ImportError):
            self.log.error("jupyter_notebook_stop does not work with what is installed here; run pip check: %s", error)
        elif error is not None:
            self.log.error("jupyter_notebook_stop could not be loaded", exc_info=error)

    def initialize_settings(self) -> None:
        """Find out which instance this is, without any request, and tell the page."""
        self.line_handler = _LineHandler()
        for logger in self._loggers():
            logger.addHandler(self.line_handler)
        self._page_option = self._find_page_option()
        self._update_page_option()

    def _find_page_option(self) -> Dict[str, Any]:
        """Return what the page is told, with no more loaded than it takes to know."""
        if "NotebookStop" in self.config or type(self).__name__ in self.config:
            return self._page_option_of_identity(self.stop_config)
        serverapp: Any = self.serverapp
        candidates = find_candidate_ids(os.environ, socket.gethostname(), serverapp.base_url)
        if not candidates:
            self.log.info("jupyter_notebook_stop is disabled: %s", NOT_DETECTED)
            return {"available": False, "code": "not_in_instance", "reason": NOT_DETECTED}
        if is_unambiguous(candidates, os.environ):
            return {"available": True, "instance_id": candidates.pop(), "scheduling": True}
        return self._page_option_of_identity(None)

    def _page_option_of_identity(self, config: "Optional[NotebookStop]") -> Dict[str, Any]:
        from ..errors import IdentityError, NotInInstanceError
        from ..modelarts.identity import find_identity

        serverapp: Any = self.serverapp
        try:
            identity = find_identity(config, base_url=serverapp.base_url)
        except NotInInstanceError as error:
            self.log.info("jupyter_notebook_stop is disabled: %s", error.message)
            return {"available": False, "code": error.code, "reason": str(error.message)}
        except IdentityError as error:
            self.log.warning("jupyter_notebook_stop is disabled: %s", error)
            return {"available": False, "code": error.code, "reason": str(error.message)}
        return {
            "available": True,
            "instance_id": identity.instance_id.value,
            "scheduling": config is None or config.schedule_enabled,
        }

    def _update_page_option(self, **changes: Optional[str]) -> None:
        """Put the page option, with what is new, into every page that is served from now on."""
        serverapp: Any = self.serverapp
        option = {key: value for key, value in {**self._page_option, **changes}.items() if value is not None}
        self._page_option = option
        page_config = serverapp.web_app.settings.setdefault("page_config_data", {})
        page_config[PAGE_OPTION] = json.dumps(option)

    def initialize_handlers(self) -> None:
        """Add the routes under the server's base_url, and hear of what makes this extension needed."""
        serverapp: Any = self.serverapp
        # One for all: the server compiles a pattern for each.
        self.handlers.append((f"/{PREFIX}/.*", DeferredHandler, {"app": self}))
        with suppress_and_log(self.log, "open tabs cannot be asked to save"):
            register_schemas(serverapp.event_logger)
            self._can_notify_tabs = True
            keep_sockets_alive(serverapp)
        with suppress_and_log(self.log, "the start of kernels is not observed"):
            if KERNEL_ACTIONS in serverapp.event_logger.schemas:
                serverapp.event_logger.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel_action)
        if self._page_option["available"]:
            # Once the event loop runs, which it does not yet.
            serverapp.io_loop.add_callback(self._resume)

    # Up to jupyter_events 0.7 a listener has to have exactly this signature, and no annotation that is a text.
    async def _on_kernel_action(self, logger: EventLogger, schema_id: str, data: dict) -> None:  # type: ignore[type-arg]
        # Since when a kernel is busy can be told only by who observes it.
        await self._load_early()

    async def _resume(self) -> None:
        if _files_are_left():
            await self._load_early()

    async def _load_early(self) -> None:
        # What fails is logged already, and told who asks.
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await self.load()

    def _loggers(self) -> List[Any]:
        return [self.log, logging.getLogger("jupyter_notebook_stop")]

    async def stop_extension(self) -> None:
        """Close the connections to the cloud."""
        if self.line_handler is not None:
            for logger in self._loggers():
                logger.removeHandler(self.line_handler)
        self._has_ended = True
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        if self.runtime is not None:
            await self.runtime.aclose()
