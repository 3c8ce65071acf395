"""Ports for kernels, which the worker has for itself.

Jupyter asks the system for ports that are free, and the kernel listens on them seconds later, unless somebody else was
given one by then.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import socket
from typing import Any

FIRST, EACH = 20_000, 800
"""The first port, and how many a worker has: they end below those that the system hands out."""


def use_own_ports() -> None:
    """Have the Jupyter servers of this process and its forks give their kernels ports of this worker."""
    connect = importlib.import_module("jupyter_client.connect")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").partition("gw")[2])
    first = FIRST + EACH * worker

    def find_available_port(self: Any, ip: str) -> int:
        while True:
            port = random.SystemRandom().randrange(first, first + EACH)
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind((ip, port))
                if port not in self.currently_used_ports:
                    self.currently_used_ports.add(port)
                    return port

    connect.LocalPortCache.find_available_port = find_available_port
