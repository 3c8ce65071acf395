"""httpx without its command line, for which it would load click, rich and pygments: a third of the time it takes."""

from __future__ import annotations

import contextlib
import importlib
import sys

_AT_FIRST_CONNECTION = ("httpcore", "httpcore._backends.anyio", "anyio._backends._asyncio")
"""What httpx loads by and by; what other releases of it do not have is left out."""

_COMMAND_LINE = "httpx._main"
_is_first = "httpx" not in sys.modules and _COMMAND_LINE not in sys.modules

if _is_first:
    # With None, Python raises the ImportError that httpx expects where those packages are not installed.
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]
try:
    import httpx as httpx
finally:
    if _is_first:
        sys.modules.pop(_COMMAND_LINE, None)


def load_all() -> None:
    """Load what httpx would load at its first connection: that takes longer than an event loop may be blocked."""
    for name in _AT_FIRST_CONNECTION:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
