"""The HTML that everything is shown in, and rows of text. All from outside is escaped; the theme sets the colours."""

from __future__ import annotations

import html
import unicodedata
from typing import Dict, List, Tuple

Rows = List[Tuple[str, str]]

TONES: Dict[str, str] = {
    "good": "var(--jp-success-color1, #388e3c)",
    "bad": "var(--jp-error-color1, #d32f2f)",
    "warn": "var(--jp-warn-color1, #f57c00)",
    "calm": "var(--jp-brand-color1, #1976d2)",
    "quiet": "var(--jp-border-color1, #9e9e9e)",
}

MUTED = "color:var(--jp-ui-font-color2, inherit)"

TABLE = "border:none;border-collapse:collapse;margin:4px 0 0;font-size:inherit;color:inherit;table-layout:auto"
CELL = "text-align:left;vertical-align:top;border:none;padding:1px 16px 1px 0;background:none;line-height:1.5"


def card(tone: str, title: str, body: str) -> str:
    style = (
        f"border:1px solid var(--jp-border-color2, #bdbdbd);border-left:4px solid {TONES[tone]};border-radius:3px;"
        "padding:8px 14px;margin:2px 0;max-width:60em;line-height:1.5;color:var(--jp-ui-font-color1, inherit);"
        "background:var(--jp-layout-color1, transparent);font-family:var(--jp-ui-font-family, sans-serif);"
        "font-size:var(--jp-ui-font-size1, 13px);overflow-wrap:anywhere"
    )
    return f'<div style="{style}"><div>{title}</div>{body}</div>'


def bold(text: str) -> str:
    return f'<span style="font-weight:600">{html.escape(text)}</span>'


def badge(text: str, tone: str) -> str:
    style = f"border:1px solid {TONES[tone]};border-radius:3px;padding:0 6px;font-size:90%;white-space:nowrap"
    return f'<span style="{style}">{html.escape(text)}</span>'


def bar(share: float, tone: str) -> str:
    width = min(100, max(0, round(100 * share)))
    return (
        '<div style="height:4px;margin:6px 0;border-radius:2px;background:var(--jp-layout-color3, #bdbdbd)">'
        f'<div style="height:4px;border-radius:2px;width:{width}%;background:{TONES[tone]}"></div></div>'
    )


def table(rows: Rows) -> str:
    cells = "".join(
        f'<tr style="background:none"><td style="{CELL};white-space:nowrap;{MUTED}">{html.escape(label)}</td>'
        f'<td style="{CELL}">{html.escape(text)}</td></tr>'
        for label, text in rows
    )
    return f'<table style="{TABLE}"><tbody>{cells}</tbody></table>'


def aligned(rows: Rows) -> List[str]:
    width = max((columns(label) for label, _text in rows), default=0)
    return [f"  {label}{' ' * (width - columns(label))}  {text}" for label, text in rows]


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def cut(text: str, width: int) -> str:
    """Return as much of a text as `width` columns of a terminal can show."""
    end = next((end for end in range(1, len(text) + 1) if columns(text[:end]) > width), len(text) + 1)
    return text[: end - 1]
