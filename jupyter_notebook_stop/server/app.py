"""The Jupyter server extension: settings, handlers, what the page is told, and the end."""

from __future__ import annotations

from typing import Any, List

import msgspec
from jupyter_server.extension.application import ExtensionApp

from ..config import NotebookStop
from ..errors import IdentityError, NotInInstanceError
from ..instance import ThisInstance
from ..modelarts.connection import Connection
from .activity import Activity
from .events import Announcer
from .handlers import ROUTES, SETTING, Shared
from .roll_call import RollCall

PAGE_OPTION = "jupyterNotebookStop"
"""Name of the page option that tells a page whether it is served from an instance, and from which."""


class NotebookStopExtension(ExtensionApp):
    """Stops the ModelArts notebook instance that this Jupyter server runs in."""

    name = "notebook_stop"
    description = "Stop the ModelArts notebook instance that this Jupyter server runs in."
    load_other_extensions = True
    classes: List[Any] = [NotebookStop]  # noqa: RUF012 - a trait of the base class

    this_instance: ThisInstance

    def initialize_settings(self) -> None:
        """Find out who this instance is, without any request, and tell the page."""
        serverapp: Any = self.serverapp
        config = NotebookStop(parent=self)
        self.this_instance = ThisInstance(Connection(config, base_url=serverapp.base_url))
        Announcer(serverapp.event_logger, self.this_instance, self.log)
        self.settings[SETTING] = Shared(self.this_instance, Activity(serverapp), RollCall(config))
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
        self.handlers.extend(ROUTES)

    async def stop_extension(self) -> None:
        """Close the connections to the cloud."""
        # A wrong setting keeps an extension from loading; Jupyter ends it all the same, along with the others.
        if hasattr(self, "this_instance"):
            await self.this_instance.aclose()
