"""Tables in Markdown."""

from __future__ import annotations

from typing import Iterable, Sequence


def cell(text: str) -> str:
    """Return a text as one cell."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", r"\<")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of texts in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)
