"""Finds the Jupyter server of this instance, and says whether it can have open tabs save before a stop."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import re
import sys
from typing import Any, List, NamedTuple, Optional, Tuple

import msgspec

from ..errors import IdentityError, NotebookStopError
from ..schema import Instance, NoInstance
from .local_api import Address, LocalApi, LostServerError

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
        The instance as the server reports it, if it can have open tabs save.
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
        """How well this server suits us: whether it can have open tabs save, and whether it knows this kernel."""
        return self.instance is not None, self.connections is not None


class _ServerFile(msgspec.Struct):
    port: int = 0
    base_url: str = "/"
    token: str = ""
    secure: bool = False
    hostname: str = ""


def current_kernel() -> Kernel | None:
    """Return the kernel that this process is, or None if it is not one."""
    module = sys.modules.get("ipykernel.kernelapp")
    app: Any = getattr(module, "IPKernelApp", None)
    if app is None or not app.initialized():
        return None
    path = pathlib.Path(app.instance().abs_connection_file)
    match = _KERNEL_FILE.fullmatch(path.name)
    return Kernel(match[1] if match else None, path.parent)


def server_files(kernel: Kernel | None) -> List[pathlib.Path]:
    """Return the files that running servers have written, those in the folder of the kernel's connection file first."""
    from jupyter_core.paths import jupyter_runtime_dir

    folders = [kernel.folder] if kernel and kernel.folder else []
    folders.append(pathlib.Path(jupyter_runtime_dir()))
    files: List[pathlib.Path] = []
    for folder in folders:
        with contextlib.suppress(OSError):
            files += [file for file in sorted(folder.glob("jpserver-*.json")) if file not in files]
    return files


def read_address(file: pathlib.Path) -> Address | None:
    """Return the address of the server that wrote `file`, or None if the file does not give one."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_ServerFile)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError):
        return None
    if not found.port:
        return None
    host = "[::1]" if found.hostname == "::1" else "127.0.0.1"
    base_url = "/" + found.base_url.strip("/")
    scheme = "https" if found.secure else "http"
    url = f"{scheme}://{host}:{found.port}{base_url.rstrip('/')}/"
    return Address(url, found.token, found.secure)


async def find_server(instance_id: str | None, kernel: Kernel | None) -> Server | None:
    """Return the Jupyter server of this instance, preferably one that can have open tabs save and knows this kernel.

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
    addresses = {address for address in map(read_address, server_files(kernel)) if address}
    found = await asyncio.gather(*(_query(address, instance_id, kernel) for address in sorted(addresses)))
    servers = [server for server in found if server is not None]
    claims = {server.instance.id for server in servers if server.instance}
    if len(claims) > 1:
        raise _conflict(f"Jupyter servers on this machine name different instances: {', '.join(sorted(claims))}.")
    return max(servers, key=lambda server: server.rank, default=None)


async def _query(address: Address, instance_id: str | None, kernel: Kernel | None) -> Server | None:
    """Return the server at `address`; None if it is gone, not a Jupyter server, or another instance's."""
    kernel_id = kernel.id if kernel else None
    async with LocalApi(address) as api:
        try:
            response = await api.get_instance(kernel_id)
            if response.status_code != 200:
                known = response.status_code not in (404, 405) or await _is_jupyter(api)
                return Server(address, None, _obstacle(response.status_code)) if known else None
            instance = api.decode_instance(response)
            connections = await api.connections(kernel_id) if kernel_id else None
        except LostServerError as error:
            # If nobody listens, a dead server left its file behind; one that is only slow may have unsaved tabs.
            return None if error.gone else Server(address, None, "it does not respond")
        except NotebookStopError as error:
            return Server(address, None, error.message.rstrip("."))
    if isinstance(instance, NoInstance):
        return Server(address, None, f'it reports "{instance.reason}"', connections)
    if instance_id is None or instance.id.lower() == instance_id:
        return Server(address, instance, None, connections)
    if connections is not None:
        raise _conflict(
            f"The Jupyter server of this kernel runs in instance {instance.id}, the kernel in {instance_id}."
        )
    return None


async def _is_jupyter(api: LocalApi) -> bool:
    """Return whether it is a Jupyter server at all: another program may use the port of one that has died."""
    response = await api.get("api")
    return response.status_code in (401, 403) or (response.status_code == 200 and b'"version"' in response.content)


def _obstacle(status: int) -> str:
    if status in (404, 405):
        return "jupyter_notebook_stop is not installed or not enabled in it"
    if status in (401, 403) or 300 <= status < 400:
        return "it requires authentication"
    return f"it returned HTTP {status}"


def _conflict(what: str) -> IdentityError:
    return IdentityError(
        f"{what} Nothing was stopped.",
        code="identity_conflict",
        remedy="Set c.NotebookStop.instance_id to the right id.",
    )
