"""Which terminals count as work."""

from __future__ import annotations

import pathlib
from typing import Any


def is_work(terminal: Any, rule: str) -> bool:
    """Return whether a terminal of terminado counts as work.

    Parameters
    ----------
    terminal
        The terminal.
    rule
        ``children`` if its shell has to run a program, ``open`` if every terminal counts, or ``ignore``.
    """
    if rule != "children":
        return rule == "open"
    try:
        pid = int(terminal.ptyproc.pid)
        return bool(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())
    except (AttributeError, OSError, ValueError):
        # Where programs cannot be seen, there may be one.
        return True
