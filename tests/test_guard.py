"""The guard itself: without it, the other tests prove nothing about the network."""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import sys
from typing import Callable

import pytest

ADDRESS = "192.0.2.1"  # set aside for documentation: no machine has it


@pytest.fixture
def take() -> Callable[[], str]:
    """Return what the guard has recorded and empty the record, since here a contact is what the test wants."""

    def take() -> str:
        path = pathlib.Path(os.environ["NETWORK_GUARD_LOG"])
        text = path.read_text(encoding="utf-8")
        path.write_text("", encoding="utf-8")
        return text

    return take


def test_this_process_is_guarded(take: Callable[[], str]) -> None:
    with pytest.raises(ConnectionRefusedError, match="network guard"):
        socket.create_connection((ADDRESS, 80), timeout=1)
    assert ADDRESS in take()


def test_names_are_not_looked_up(take: Callable[[], str]) -> None:
    with pytest.raises(ConnectionRefusedError, match="network guard"):
        socket.getaddrinfo("modelarts.invalid", 443)
    assert "modelarts.invalid" in take()


def test_a_subprocess_is_guarded(take: Callable[[], str]) -> None:
    code = f"import socket; socket.create_connection(({ADDRESS!r}, 80), timeout=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "network guard" in done.stderr
    assert ADDRESS in take()


def test_loopback_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
