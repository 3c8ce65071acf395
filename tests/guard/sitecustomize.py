"""Refuses and records any contact with another machine, in this and every Python process started from it.

Python imports a module of this name at start; the tests put this folder on
PYTHONPATH. Recorded contacts fail the test that caused them.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

LOG_VARIABLE = "NETWORK_GUARD_LOG"


def is_allowed(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not host or host in ("localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return bool(host == __import__("socket").gethostname())


def refuse(event: str, host: Any) -> None:
    log = os.environ.get(LOG_VARIABLE)
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{event} {host} pid {os.getpid()} {' '.join(sys.argv)[:200]}\n")
    raise ConnectionRefusedError(f"the network guard refuses {event} to {host}")


def hook(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        if isinstance(address, tuple) and not is_allowed(address[0]):
            refuse(event, address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not is_allowed(args[0]):
        refuse(event, args[0])


if os.environ.get(LOG_VARIABLE):
    sys.addaudithook(hook)
    # jsonschema loads it where it is, for a second of every server's start, to check a format that no schema here has.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
