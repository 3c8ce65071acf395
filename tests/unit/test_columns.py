"""Texts on a terminal: a Chinese character takes two columns."""

from __future__ import annotations

import io
import os
import shutil

import pytest

from jupyter_notebook_stop.cli.help import fold
from jupyter_notebook_stop.notebook import display, progress
from jupyter_notebook_stop.notebook.cards import columns, cut
from jupyter_notebook_stop.notebook.progress import ProgressUpdate


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("stopping", 8, "stopping"),
        ("stopping", 4, "stop"),
        ("正在停止", 5, "正在"),
        ("正在停止", 8, "正在停止"),
        ("", 3, ""),
    ],
)
def test_a_text_is_cut_at_a_column(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


def test_a_line_that_is_rewritten_fits_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    # A longer one would be left behind, as only the last of its lines is cleared.
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((20, 24)))
    stream = io.StringIO()
    display.TerminalDisplay(stream).show(ProgressUpdate(kind=progress.REQUESTING, title="正在向云服务请求停止…" * 2))
    assert columns(stream.getvalue()) <= 19


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("Stop the notebook instance.", 14, ["Stop the", "notebook", "instance."]),
        ("停止当前的 Notebook 实例。", 12, ["停止当前的", "Notebook 实", "例。"]),
        # Neither begins a line with what closes nor ends one with what opens.
        ("默认为空闲（单位为秒）。", 10, ["默认为空闲", "（单位为", "秒）。"]),
        ("默认空闲（秒）", 10, ["默认空闲", "（秒）"]),
        ("一。\n\n二。", 80, ["一。", "", "二。"]),
    ],
)
def test_lines_end_where_they_may(text: str, width: int, lines: list[str]) -> None:
    assert list(fold(text, width)) == lines
