"""Which kernel this process is, if it is one."""

from __future__ import annotations

import pathlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from jupyter_notebook_stop.notebook.discovery import Kernel, current_kernel


def run_in(monkeypatch: pytest.MonkeyPatch, connection_file: str, initialized: bool = True) -> None:
    """Have this process look like a kernel with this connection file."""
    app: Any = SimpleNamespace(
        initialized=lambda: initialized, instance=lambda: SimpleNamespace(abs_connection_file=connection_file)
    )
    module: Any = ModuleType("ipykernel.kernelapp")
    module.IPKernelApp = app
    monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", module)


def test_its_id_and_folder_are_those_of_its_connection_file(monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(monkeypatch, "/run/jupyter/kernel-0c1d-22.json")
    assert current_kernel() == Kernel("0c1d-22", pathlib.Path("/run/jupyter"))


@pytest.mark.parametrize("name", ["connection.json", "kernel-1.json.bak", "my-kernel-1.json", "kernel-.json"])
def test_an_unusual_name_has_no_id(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    run_in(monkeypatch, f"/run/jupyter/{name}")
    assert current_kernel() == Kernel(None, pathlib.Path("/run/jupyter"))


def test_a_process_that_has_only_imported_it_is_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(monkeypatch, "/run/jupyter/kernel-1.json", initialized=False)
    assert current_kernel() is None


def test_a_process_without_ipykernel_is_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel.kernelapp", raising=False)
    assert current_kernel() is None
    monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", ModuleType("half imported"))
    assert current_kernel() is None
