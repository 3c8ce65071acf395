"""Finds the Jupyter server of this instance, and says whether it can save open tabs before a stop."""

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
from .local_api import PREFIX, Address, LocalApi, LostServerError

_KERNEL_FILE = re.compile(r"kernel-(.+)\.json")


class Kernel(NamedTuple):
    """The kernel that this process is; the id is None where the connection file has a name of its own."""

    id: Optional[str]
    folder: Optional[pathlib.Path]


class Server(NamedTuple):
    """A Jupyter server on this machine.

    Attributes
    ----------
    instance
        What the server says, where it can save for us.
    obstacle
        Why it can't, where it can't.
    connections
        How many clients are connected to our kernel; None where the server does not know our kernel.
    """

    address: Address
    instance: Optional[Instance]
    obstacle: Optional[str]
    connections: Optional[int] = None

    @property
    def rank(self) -> Tuple[bool, bool]:
        """How much this server is ours: it can save for us, and it knows our kernel."""
        return self.instance is not None, self.connections is not None


class _ServerFile(msgspec.Struct):
    port: int = 0
    base_url: str = "/"
    token: str = ""
    secure: bool = False
    hostname: str = ""


def this_kernel() -> Kernel | None:
    """Return the kernel that this process is, or None where it is none."""
    module = sys.modules.get("ipykernel.kernelapp")
    app: Any = getattr(module, "IPKernelApp", None)
    if app is None or not app.initialized():
        return None
    path = pathlib.Path(app.instance().abs_connection_file)
    match = _KERNEL_FILE.fullmatch(path.name)
    return Kernel(match[1] if match else None, path.parent)


def server_files(kernel: Kernel | None) -> List[pathlib.Path]:
    """Return the files that running servers have written, those beside the kernel's own file first."""
    from jupyter_core.paths import jupyter_runtime_dir

    folders = [kernel.folder] if kernel and kernel.folder else []
    folders.append(pathlib.Path(jupyter_runtime_dir()))
    files: List[pathlib.Path] = []
    for folder in folders:
        with contextlib.suppress(OSError):
            files += [file for file in sorted(folder.glob("jpserver-*.json")) if file not in files]
    return files


def read_address(file: pathlib.Path) -> Address | None:
    """Return where the server is that wrote `file`, or None where that can't be told."""
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
    """Return the Jupyter server of this instance, best one that can save for us and knows our kernel.

    Parameters
    ----------
    instance_id
        Who we are; None where this process does not know, and will take a server's word.
    kernel
        The kernel that asks, if one does.

    Raises
    ------
    IdentityError
        When the server that runs our kernel claims to be in another instance, or servers disagree.
    """
    addresses = {address for address in map(read_address, server_files(kernel)) if address}
    answers = await asyncio.gather(*(_ask(address, instance_id, kernel) for address in sorted(addresses)))
    servers = [server for server in answers if server is not None]
    claims = {server.instance.id for server in servers if server.instance}
    if len(claims) > 1:
        raise _conflict(f"Jupyter servers on this machine name different instances: {', '.join(sorted(claims))}.")
    return max(servers, key=lambda server: server.rank, default=None)


async def _ask(address: Address, instance_id: str | None, kernel: Kernel | None) -> Server | None:
    """Return what the server at `address` is to us; None where it is gone, no Jupyter server, or another's."""
    kernel_id = kernel.id if kernel else None
    async with LocalApi(address) as api:
        try:
            answer = await api.get(f"{PREFIX}instance", **({"kernel": kernel_id} if kernel_id else {}))
            if answer.status_code != 200:
                known = answer.status_code not in (404, 405) or await _is_jupyter(api)
                return Server(address, None, _obstacle(answer.status_code)) if known else None
            said = api.read_instance(answer)
            connections = await api.connections(kernel_id) if kernel_id else None
        except LostServerError as error:
            # A file that a dead server left behind; one that only is slow may have tabs with unsaved edits.
            return None if error.gone else Server(address, None, "it does not answer")
        except NotebookStopError as error:
            return Server(address, None, error.message)
    if isinstance(said, NoInstance):
        return Server(address, None, f"it does not think that it is in an instance: {said.reason}", connections)
    if instance_id is None or said.id.lower() == instance_id:
        return Server(address, said, None, connections)
    if connections is not None:
        raise _conflict(f"The server of this kernel says it is in {said.id}, the kernel in {instance_id}.")
    return None


async def _is_jupyter(api: LocalApi) -> bool:
    """Return whether it is a Jupyter server at all: another program may listen at the port of one that has died."""
    answer = await api.get("api")
    return answer.status_code in (401, 403) or (answer.status_code == 200 and b'"version"' in answer.content)


def _obstacle(status: int) -> str:
    if status in (404, 405):
        return "jupyter_notebook_stop is not installed in it"
    if status in (401, 403) or 300 <= status < 400:
        return "a password keeps this process out of it"
    return f"it answered HTTP {status}"


def _conflict(what: str) -> IdentityError:
    return IdentityError(
        f"{what} Nothing is stopped.",
        code="identity_conflict",
        remedy="Find out which one is right; c.NotebookStop.instance_id sets it.",
    )
