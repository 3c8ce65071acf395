"""Where this process is: its instance, the kernel it may be, the Jupyter server that may help."""

from __future__ import annotations

import contextlib
from typing import AsyncIterator, List, NamedTuple, Optional

from ..config import CONFIG_NAME, NotebookStop
from ..errors import NotebookStopError, NotInInstanceError
from ..instance import ThisInstance
from ..modelarts.connection import Connection
from ..schema import Instance
from .discovery import Kernel, Server, find_server, this_kernel


class Environment(NamedTuple):
    """Who we are and who can help.

    Attributes
    ----------
    this
        The way to the cloud with this process's own credentials.
    instance_id
        Who we are, as this process or its server knows.
    kernel
        The kernel that this process is, if it is one.
    server
        The Jupyter server of the instance, if one runs.
    """

    this: ThisInstance
    instance_id: str
    kernel: Optional[Kernel]
    server: Optional[Server]

    @property
    def kernel_id(self) -> str | None:
        """The id of our kernel, where it has one."""
        return self.kernel.id if self.kernel else None

    @property
    def source(self) -> str:
        """Where the stop is asked for, as the API calls it."""
        return "cell" if self.kernel else "terminal"

    @property
    def saving_server(self) -> Server | None:
        """The server, if it can save open tabs before the stop."""
        return self.server if self.server and self.server.instance else None

    @property
    def unsaveable_server(self) -> Server | None:
        """The server whose open tabs can't be saved, if there is one."""
        return self.server if self.server and not self.server.instance else None

    def as_seen(self) -> Instance:
        """Return the instance as the cloud last described it to this process."""
        return self.this.view()


def read_config() -> NotebookStop:
    """Return the settings of a process that is no Jupyter application: those of Jupyter's configuration files."""
    from jupyter_core.application import JupyterApp

    app = JupyterApp(config_file_name=CONFIG_NAME)
    app.load_config_file()
    return NotebookStop(config=app.config)


@contextlib.asynccontextmanager
async def detect_environment(config: NotebookStop) -> AsyncIterator[Environment]:
    """Find out where this process is.

    Raises
    ------
    NotInInstanceError
        When neither this process nor a Jupyter server of its machine knows of an instance.
    IdentityError
        When that is not clear.
    """
    this, kernel = ThisInstance(Connection(config)), this_kernel()
    try:
        unknown: NotebookStopError | None = None
        own: str | None = None
        try:
            own = this.identity.instance_id.value
        except NotInInstanceError as error:
            # A terminal or kernel may lack the environment that its server was started with.
            unknown = error
        server = await find_server(own, kernel)
        if own is None and server is not None and server.instance is not None:
            own = server.instance.id
        if own is None:
            raise unknown or NotInInstanceError("This is not in a ModelArts notebook instance.")
        yield Environment(this, own, kernel, server)
    finally:
        await this.aclose()


def warnings(environment: Environment, save: bool) -> List[str]:
    """Return what a user should know before the stop, the gravest first."""
    if environment.unsaveable_server:
        url, obstacle = environment.unsaveable_server.address.url, environment.unsaveable_server.obstacle
        return [
            "Press Ctrl+S in every open tab now: unsaved edits are lost.",
            f"The Jupyter server at {url} can't save them for you: {obstacle}.",
        ]
    said = []
    if not save:
        said.append("Open tabs are not asked to save.")
    if environment.saving_server and environment.kernel:
        if environment.saving_server.connections is None:
            said.append(
                "This kernel is not one of the Jupyter server's: whoever runs this notebook has a few seconds to write"
                " its file once the stop is accepted."
            )
        elif environment.saving_server.connections == 0:
            said.append(
                "Nobody is connected to this kernel: its outputs are saved nowhere, and go with it. This keeps them:"
                " papermill train.ipynb out.ipynb && jupyter notebook-stop stop --yes"
            )
    return said
