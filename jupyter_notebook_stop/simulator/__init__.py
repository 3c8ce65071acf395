"""An embedded stand-in of the cloud's notebook service, for the demo and the tests.

It listens on loopback only, makes up its keys, ids and names so that nobody
takes them for real, and marks every answer with ``X-Simulator``.
"""

from __future__ import annotations

from .answers import ERROR_SHAPES
from .faults import (
    Answer,
    BrokenJson,
    CutBody,
    Delay,
    Drip,
    Empty,
    Fault,
    Html,
    Huge,
    OtherJson,
    Redirect,
    Refuse,
    Reset,
    SkewedDate,
    Throttle,
    Unavailable,
    WrongLength,
)
from .instances import Instance
from .service import Simulator
from .settings import Settings
from .threaded import ThreadedSimulator

__all__ = [
    "ERROR_SHAPES",
    "Answer",
    "BrokenJson",
    "CutBody",
    "Delay",
    "Drip",
    "Empty",
    "Fault",
    "Html",
    "Huge",
    "Instance",
    "OtherJson",
    "Redirect",
    "Refuse",
    "Reset",
    "Settings",
    "Simulator",
    "SkewedDate",
    "ThreadedSimulator",
    "Throttle",
    "Unavailable",
    "WrongLength",
]
