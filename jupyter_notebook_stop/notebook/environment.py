"""Where this process runs: its instance, its kernel if it is one, and the instance's Jupyter server."""

from __future__ import annotations

import contextlib
from typing import AsyncIterator, Dict, List, Literal, NamedTuple, Optional

from ..config import NotebookStop
from ..errors import NotebookStopError, NotInInstanceError
from ..modelarts.connection import Connection
from ..policy.instance import ThisInstance
from ..schema import Instance
from ..translation import _
from .discovery import Kernel, Server, current_kernel, find_servers
from .local_api import error_of

ONE_SAVES = _("a stop goes through one Jupyter server, and only the open tabs of that one are saved")
"""Why the open tabs of a second server are not saved."""


class Environment(NamedTuple):
    """Where this process runs.

    Attributes
    ----------
    this
        The instance, accessed with this process's own credentials.
    instance_id
        Id of the instance, as this process or its server knows it.
    kernel
        The kernel that this process is, if it is one.
    servers
        The Jupyter servers of the instance, first the one that a stop goes through if it can save open tabs.
    """

    this: ThisInstance
    instance_id: str
    kernel: Optional[Kernel]
    servers: List[Server]

    @property
    def kernel_id(self) -> str | None:
        """The id of the kernel, if it has one."""
        return self.kernel.id if self.kernel else None

    @property
    def source(self) -> Literal["cell", "terminal"]:
        """Where the stop is requested, as the API names it."""
        return "cell" if self.kernel else "terminal"

    @property
    def saving_server(self) -> Server | None:
        """The server that can save open tabs before the stop, if there is one."""
        return next((server for server in self.servers if server.instance), None)

    @property
    def unsaved_servers(self) -> Dict[str, str]:
        """The URL of each server whose open tabs are not saved before the stop, and why."""
        saving = self.saving_server
        others = [server for server in self.servers if server is not saving]
        return {server.address.url: server.obstacle or ONE_SAVES for server in others}

    async def read(self) -> Instance:
        """Read the instance from its server if that can save, else from the cloud; a failure is in its `error`."""
        server = self.saving_server
        if server and server.instance:
            return server.instance
        try:
            await self.this.show()
        except NotebookStopError as error:
            return self.this.view(error=error)
        return self.this.view()


@contextlib.asynccontextmanager
async def detect_environment(config: NotebookStop) -> AsyncIterator[Environment]:
    """Find out where this process runs.

    Raises
    ------
    NotInInstanceError
        When neither this process nor a Jupyter server on its machine knows an instance.
    IdentityError
        When it is not clear which instance this is.
    """
    this, kernel = ThisInstance(Connection(config)), current_kernel()
    try:
        unknown: NotebookStopError | None = None
        instance_id: str | None = None
        try:
            instance_id = this.identity.instance_id.value
        except NotInInstanceError as error:
            # A terminal or kernel may lack the environment variables of its server.
            unknown = error
        servers = await find_servers(instance_id, kernel)
        if instance_id is None:
            instance_id = next((server.instance.id for server in servers if server.instance), None)
        if instance_id is None:
            raise unknown or NotInInstanceError(_("Not running in a ModelArts notebook instance."))
        yield Environment(this, instance_id, kernel, servers)
    finally:
        await this.aclose()


async def read_instance(config: NotebookStop) -> Instance:
    """Find the instance and read it.

    Raises
    ------
    NotebookStopError
        When this is not an instance, or the cloud cannot be read.
    """
    async with detect_environment(config) as environment:
        instance = await environment.read()
    if instance.error:
        raise error_of(instance.error)
    return instance
