"""The Jupyter server extension: its settings, its routes, and what the page is told."""

from __future__ import annotations

import contextlib
from typing import Any, Iterator, List

import msgspec
from jupyter_server.extension.application import ExtensionApp

from ..config import NotebookStop
from ..errors import IdentityError, NotInInstanceError
from ..instance import ThisInstance
from ..modelarts.connection import Connection
from .activity import Activity
from .events import EventEmitter
from .handlers import routes
from .roll_call import RollCall

PAGE_OPTION = "jupyterNotebookStop"
"""Name of the page option that tells a page which instance it is served from, if any."""


class NotebookStopExtension(ExtensionApp):
    """Stops the ModelArts notebook instance that this Jupyter server runs in."""

    name = "notebook_stop"
    description = "Stop the ModelArts notebook instance that this Jupyter server runs in."
    load_other_extensions = True
    classes: List[Any] = [NotebookStop]  # noqa: RUF012 - a trait of the base class

    this_instance: ThisInstance

    def initialize_settings(self) -> None:
        """Find out which instance this is, without any request, and tell the page."""
        serverapp: Any = self.serverapp
        connection = Connection(NotebookStop(parent=self), base_url=serverapp.base_url)
        self.this_instance = ThisInstance(connection)
        option: dict[str, Any]
        try:
            option = {"available": True, "instance_id": self.this_instance.identity.instance_id.value}
        except NotInInstanceError as error:
            option = {"available": False, "code": error.code, "reason": error.message}
            self.log.info("jupyter_notebook_stop is disabled: %s", error.message)
        except IdentityError as error:
            option = {"available": False, "code": error.code, "reason": error.message}
            self.log.warning("jupyter_notebook_stop is disabled: %s", error)
        page_config = serverapp.web_app.settings.setdefault("page_config_data", {})
        page_config[PAGE_OPTION] = msgspec.json.encode(option).decode()

    def initialize_handlers(self) -> None:
        """Add the routes under the server's base_url."""
        serverapp: Any = self.serverapp
        activity = Activity(serverapp)
        roll_call = RollCall(self.this_instance.config, self.this_instance.check, activity.connected)
        self.handlers.extend(routes(self.this_instance, activity, roll_call))
        with self._optional("the start of kernels is not observed"):
            activity.listen()
        with self._optional("open tabs cannot be asked to save"):
            EventEmitter(serverapp.event_logger, self.this_instance, self.log)
            roll_call.tabs_are_told = True

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
        if hasattr(self, "this_instance"):
            await self.this_instance.aclose()
