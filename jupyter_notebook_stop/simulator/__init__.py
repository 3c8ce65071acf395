"""An embedded simulator of the cloud's notebook service, for the demo and the tests.

It listens on loopback only. Its keys, ids and names are made up and look so,
and every response has the header ``X-Simulator``.
"""

from __future__ import annotations

from .faults import CutBody, Delay, Drip, DropStop, Fault, Huge, Reset, SkewedDate, WrongLength
from .instances import Instance
from .replacements import (
    Answer,
    BrokenJson,
    Empty,
    Html,
    OtherJson,
    Redirect,
    Refuse,
    Replacement,
    Throttle,
    Unavailable,
)
from .responses import ERROR_SHAPES, Refusal
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
    "DropStop",
    "Empty",
    "Fault",
    "Html",
    "Huge",
    "Instance",
    "OtherJson",
    "Redirect",
    "Refusal",
    "Refuse",
    "Replacement",
    "Reset",
    "Settings",
    "Simulator",
    "SkewedDate",
    "ThreadedSimulator",
    "Throttle",
    "Unavailable",
    "WrongLength",
]
