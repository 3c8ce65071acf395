"""Finds the Jupyter servers of this instance, and says whether each can save open tabs before a stop."""

from __future__ import annotations

import asyncio
import pathlib
import re
import sys
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ..errors import IdentityError, NotebookStopError
from ..schema import Instance, NoInstance
from ..translation import _, localized
from .local_api import Address, LocalApi, LostServerError
from .server_files import ServerFile, list_server_files, locate, read_server_file

NOT_INSTALLED = _("jupyter_notebook_stop is not installed or not enabled in it")

_KERNEL_FILE = re.compile(r"kernel-(.+)\.json")


class Kernel(NamedTuple):
    """The kernel that this process is; the id is None if the connection file has an unusual name."""

    id: Optional[str]
    folder: Optional[pathlib.Path]


class Server(NamedTuple):
    """A Jupyter server on this machine.

    Attributes
    ----------
    instance
        The instance as the server reports it, if it can save open tabs.
    obstacle
        Why it cannot, otherwise.
    connections
        How many clients are connected to this kernel; None if the server does not know this kernel.
    """

    address: Address
    instance: Optional[Instance]
    obstacle: Optional[str]
    connections: Optional[int] = None

    @property
    def rank(self) -> Tuple[bool, bool]:
        """How well this server suits us: whether it can save open tabs, and whether it knows this kernel."""
        return self.instance is not None, self.connections is not None


def current_kernel() -> Kernel | None:
    """Return the kernel that this process is, or None if it is not one."""
    module = sys.modules.get("ipykernel.kernelapp")
    app: Any = getattr(module, "IPKernelApp", None)
    if app is None or not app.initialized():
        return None
    path = pathlib.Path(app.instance().abs_connection_file)
    match = _KERNEL_FILE.fullmatch(path.name)
    return Kernel(match[1] if match else None, path.parent)


async def find_servers(instance_id: str | None, kernel: Kernel | None) -> List[Server]:
    """Return the Jupyter servers of this instance, first those that can save open tabs and know this kernel.

    Parameters
    ----------
    instance_id
        Id of the instance; None if this process does not know it and relies on what a server says.
    kernel
        The kernel that this process is, if it is one.

    Raises
    ------
    IdentityError
        When the server of this kernel names another instance, or servers name different ones.
    """
    paths = list_server_files(kernel.folder if kernel else None)
    files = list(dict.fromkeys(file for file in map(read_server_file, paths) if file))
    found = await asyncio.gather(*(_query(file, instance_id, kernel) for file in files))
    pairs = [(file, server) for file, server in zip(files, found) if server is not None]
    claims = {server.instance.id for _file, server in pairs if server.instance}
    if len(claims) > 1:
        raise _conflict(
            _(
                "Jupyter servers on this machine name different instances: {ids}. Nothing was stopped.",
                ids=_(", ").join(sorted(claims)),
            )
        )
    pairs.sort(key=lambda pair: (*pair[1].rank, pair[0].running), reverse=True)
    return _without_duplicates(pairs)


def _without_duplicates(pairs: List[Tuple[ServerFile, Server]]) -> List[Server]:
    """Return each server once: the file of an earlier one may name the same port."""
    urls: Dict[object, List[str]] = {}
    servers = []
    for file, server in pairs:
        known = urls.setdefault(file.sock or file.port, [])
        if not known or (file.running and server.address.url not in known):
            known.append(server.address.url)
            servers.append(server)
    return servers


async def _query(file: ServerFile, instance_id: str | None, kernel: Kernel | None) -> Server | None:
    """Return the server that wrote `file`; None if it is gone, not a Jupyter server, or another instance's."""
    address, obstacle = await locate(file)
    if address is None:
        return Server(file.address(), None, obstacle) if file.running else None
    kernel_id = kernel.id if kernel else None
    try:
        async with LocalApi(address) as api:
            response = await api.get_instance(kernel_id)
            if response.status_code != 200:
                known = response.status_code not in (404, 405) or await _is_jupyter(api)
                return Server(address, None, _obstacle(response.status_code)) if known else None
            instance = api.decode_instance(response)
            connections = await api.connections(kernel_id) if kernel_id else None
    except LostServerError as error:
        if error.connected:
            return Server(address, None, _("it does not respond"))
        # A dead server has left its file behind; one that runs may have unsaved tabs.
        obstacle = _("its process {pid} is running, but does not accept connections", pid=file.pid)
        return Server(address, None, obstacle) if file.running else None
    except NotebookStopError as error:
        return Server(address, None, localized(error.message).rstrip(".。"))
    if isinstance(instance, NoInstance):
        return Server(address, None, _('it reports "{reason}"', reason=instance.reason), connections)
    if instance_id is None or instance.id.lower() == instance_id:
        return Server(address, instance, None, connections)
    if connections is not None:
        raise _conflict(
            _(
                "The Jupyter server of this kernel runs in instance {server}, the kernel in {kernel}. Nothing was"
                " stopped.",
                server=instance.id,
                kernel=instance_id,
            )
        )
    return None


async def _is_jupyter(api: LocalApi) -> bool:
    """Return whether it is a Jupyter server at all: another program may use the port of one that has died."""
    response = await api.get("api")
    return response.status_code in (401, 403) or (response.status_code == 200 and b'"version"' in response.content)


def _obstacle(status: int) -> str:
    if status in (404, 405):
        return NOT_INSTALLED
    if status in (401, 403) or 300 <= status < 400:
        return _("it requires authentication")
    return _("it returned HTTP {status}", status=status)


def _conflict(what: str) -> IdentityError:
    return IdentityError(
        what,
        code="identity_conflict",
        remedy=_("Set c.NotebookStop.instance_id to the right id."),
    )
