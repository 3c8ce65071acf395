"""What is left in English of a Chinese text."""

from __future__ import annotations

import re

_KEPT = re.compile(
    r"simulat(?:ed|or)[\w.-]*|\w+\.(?:ipynb|txt)|(?:https?:)?[\w.]*/[\w./:~-]*|modelarts[\w:.]+|\bc\.NotebookStop\.\w+"
    r"|\b[A-Za-z_]*\(\)|\b[A-Z][\w.]*|\b[0-9a-f-]{8,}\b|`[^`]*`|%stop_instance --cancel"
)
"""What stays as it is: names, paths, addresses, actions, codes, status values, ids, what is typed."""


def english_in(text: str) -> list[str]:
    """Return the English words of a text."""
    return re.findall(r"[a-z]{3,}", _KEPT.sub("", text))
