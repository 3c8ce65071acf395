"""What the codes of an attempt are called where people read them."""

from __future__ import annotations

from typing import Mapping

from ..translation import _

SOURCES: Mapping[str, str] = {
    "palette": _("the command palette"),
    "menu": _("the menu"),
    "cell": _("a cell"),
    "terminal": _("a terminal"),
    "schedule": _("a schedule"),
    "api": _("a program"),
}
"""Where a stop was requested."""

PHASES: Mapping[str, str] = {
    "saving": _("saving"),
    "stopping": _("stopping"),
    "accepted": _("accepted"),
    "stopped": _("stopped"),
    "refused": _("refused"),
    "cancelled": _("cancelled"),
    "resumed": _("resumed"),
}
"""How far it is."""
