"""Kernels get ports that nobody else is given while they start."""

from __future__ import annotations

import os

import pytest
from jupyter_client.connect import LocalPortCache

from .preload.kernel_ports import EACH, FIRST, use_own_ports


def test_each_worker_has_ports_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalPortCache, "find_available_port", LocalPortCache.find_available_port)
    for number in (0, 3, 11):
        monkeypatch.setitem(os.environ, "PYTEST_XDIST_WORKER", f"gw{number}")
        use_own_ports()
        cache = LocalPortCache()
        found = {cache.find_available_port("127.0.0.1") for _ in range(50)}
        assert len(found) == 50
        first = FIRST + number * EACH
        assert all(first <= port < first + EACH <= 30_000 for port in found)
