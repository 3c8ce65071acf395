"""The operations of the notebook API, by name and by request line."""

from __future__ import annotations

import re

SHOW, STOP, START, SHOW_LEASE, RENEW_LEASE, UNKNOWN = "show", "stop", "start", "show_lease", "renew_lease", "unknown"

#: The operations by name; requests to any other path count as ``unknown``.
OPERATIONS = (SHOW, STOP, START, SHOW_LEASE, RENEW_LEASE)
GROUPS = {"any": (*OPERATIONS, UNKNOWN), "lease": (SHOW_LEASE, RENEW_LEASE)}

#: The path of every operation, still percent-encoded.
PATH = re.compile(r"/v1/(?P<project>[^/]+)/notebooks/(?P<id>[^/]+)(?P<action>/stop|/start|/lease)?")

_BY_REQUEST_LINE = {
    ("GET", None): SHOW,
    ("POST", "/stop"): STOP,
    ("POST", "/start"): START,
    ("GET", "/lease"): SHOW_LEASE,
    ("PATCH", "/lease"): RENEW_LEASE,
}


def operations_of(name: str) -> tuple[str, ...]:
    """Return the operations that `name`, one operation or a group, stands for."""
    if name in GROUPS:
        return GROUPS[name]
    if name in OPERATIONS or name == UNKNOWN:
        return (name,)
    raise ValueError(f"unknown operation {name!r}, known are {', '.join((*GROUPS, *OPERATIONS, UNKNOWN))}")


def operation_of(method: str, path: str) -> str:
    """Return the operation that a request line asks for."""
    match = PATH.fullmatch(path)
    return _BY_REQUEST_LINE.get((method, match["action"]), UNKNOWN) if match else UNKNOWN
