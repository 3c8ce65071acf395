"""The files in which running Jupyter servers say where they listen."""

from __future__ import annotations

import contextlib
import ipaddress
import pathlib
import socket
from typing import List, NamedTuple, Optional, Tuple, Union
from urllib.parse import quote

import msgspec

from ..modelarts.threads import call_in_thread
from ..processes import is_running
from ..translation import _
from .local_api import CONNECT_TIMEOUT, Address

_IP = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

_PATTERNS = ("jpserver-*.json", "nbserver-*.json")
"""Of Jupyter Server, and of Notebook 6 and older, which cannot have the extension but can have unsaved tabs."""

_LOOPBACK = {"": "localhost", "*": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to reach a server that listens at every address."""


class _Content(msgspec.Struct):
    port: int = 0
    base_url: str = "/"
    token: str = ""
    secure: bool = False
    hostname: str = ""
    sock: str = ""
    pid: int = 0


class ServerFile(NamedTuple):
    """What a server has written into its file.

    Attributes
    ----------
    host, port
        Where the server listens, unless it does on a unix socket.
    sock
        The path of that, or nothing.
    base_url
        The path of its URLs, with a slash at both ends.
    pid, running
        Its process, and whether that still runs.
    """

    host: str
    port: int
    sock: str
    base_url: str
    token: str
    secure: bool
    pid: int
    running: bool

    def __repr__(self) -> str:
        return f"ServerFile({self.address()!r}, pid={self.pid})"

    def address(self, host: str | None = None) -> Address:
        """Return the address of the server, with `host` instead of its own if given."""
        if self.sock:
            url = f"http+unix://{quote(self.sock, safe='')}{self.base_url}"
            return Address(url, self.token, self.secure, self.sock)
        host = host or self.host
        scheme = "https" if self.secure else "http"
        netloc = f"[{host}]" if ":" in host else host
        return Address(f"{scheme}://{netloc}:{self.port}{self.base_url}", self.token, self.secure)


def list_server_files(kernel_folder: pathlib.Path | None) -> List[pathlib.Path]:
    """Return the files that servers have written, those in the folder of the kernel's connection file first."""
    from jupyter_core.paths import jupyter_runtime_dir

    folders = [kernel_folder] if kernel_folder else []
    folders.append(pathlib.Path(jupyter_runtime_dir()))
    files: List[pathlib.Path] = []
    for folder in folders:
        for pattern in _PATTERNS:
            with contextlib.suppress(OSError):
                files += [file for file in sorted(folder.glob(pattern)) if file not in files]
    return files


def read_server_file(file: pathlib.Path) -> ServerFile | None:
    """Return the content of `file`, or None if it does not say where a server listens."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_Content)
        written = file.stat().st_mtime
    except (OSError, UnicodeDecodeError, msgspec.DecodeError):
        return None
    if not (found.sock or 0 < found.port < 65536):
        return None
    base_url = f"/{found.base_url.strip('/')}/".replace("//", "/")
    return ServerFile(
        host=_LOOPBACK.get(found.hostname, found.hostname),
        port=found.port,
        sock=found.sock,
        base_url=base_url,
        token=found.token,
        secure=found.secure,
        pid=found.pid,
        running=is_running(found.pid, written),
    )


async def locate(file: ServerFile) -> Tuple[Optional[Address], Optional[str]]:
    """Return the address at which to ask a server, or why it cannot be asked.

    Its token is for this machine alone, and the address in the file may be
    another machine's by now.
    """
    host = file.host
    if file.sock or host == "localhost":
        return file.address(), None
    known = _parse(host)
    try:
        addresses = [known] if known else await call_in_thread(lambda: _look_up(host), CONNECT_TIMEOUT)
    except Exception:
        return None, _("its address {host} cannot be looked up", host=host)
    ours = [str(address) for address in addresses if _is_ours(address)]
    return (
        (file.address(ours[0]), None) if ours else (None, _("its address {host} is not one of this machine", host=host))
    )


def _parse(host: str) -> _IP | None:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host)
    return None


def _look_up(name: str) -> List[_IP]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(where[0]) for *_rest, where in found]


def _is_ours(address: _IP) -> bool:
    """Return whether an address is one of this machine: at no other can a program of it listen."""
    if address.is_loopback:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False
