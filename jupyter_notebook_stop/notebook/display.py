"""Where a stop is shown: one live display in a notebook, one line that is rewritten on a terminal, lines in a pipe."""

from __future__ import annotations

import shutil
import sys
from typing import Any, Dict, List, Optional, TextIO, Union

from ..schema import Instance
from . import progress, rendering
from .progress import ProgressUpdate, Report

_suppressed: Any = None


def suppress_next_display(result: Union[Instance, Report]) -> None:
    """Have the next display of `result` show nothing.

    As the last expression of a cell the result would become an output by
    itself: after a hand-over too late to be saved, after a dry run a second time.
    """
    global _suppressed
    _suppressed = result


def skip_if_suppressed(result: Union[Instance, Report]) -> None:
    """Return where `result` is not to be shown now.

    Raises
    ------
    NotImplementedError
        Where it is; IPython then takes its text or HTML.
    """
    global _suppressed
    if _suppressed is not result:
        raise NotImplementedError
    _suppressed = None


class Display:
    """Shows the progress of a stop; this one shows nothing."""

    def show(self, update: ProgressUpdate) -> None:
        """Show how the stop stands now."""

    def report(self, report: Report) -> None:
        """Show what a dry run found."""

    def close(self) -> None:
        """Leave what was shown last."""


class _Shown:
    def __init__(self, text: str, html: str) -> None:
        self._bundle = {"text/plain": text, "text/html": html}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, str]:
        return self._bundle


class NotebookDisplay(Display):
    """One output of the cell, which is replaced."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, update: ProgressUpdate) -> None:
        """Replace what was shown before."""
        self._put(_Shown(rendering.update_text(update), rendering.update_html(update)))

    def report(self, report: Report) -> None:
        """Show what a dry run found."""
        self._put(_Shown(rendering.report_text(report), rendering.report_html(report)))

    def _put(self, shown: _Shown) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(shown)


class LineDisplay(Display):
    """Lines in a pipe: each once, when something has changed."""

    def __init__(self, stream: Optional[TextIO] = None) -> None:
        self.stream = stream or sys.stdout
        self._said: List[str] = []
        self._counting = False

    def show(self, update: ProgressUpdate) -> None:
        """Write what is new."""
        if update.kind == progress.LOOKING:
            return
        for note in update.notes:
            self._say(note)
        if update.kind == progress.COUNTDOWN:
            if self._counting:
                return
            self._counting = True
        step = rendering.short_steps(update.instance) if update.kind == progress.STOPPING else ""
        self._say(f"{update.title} {step}".rstrip())

    def report(self, report: Report) -> None:
        """Write what a dry run found."""
        self.write(rendering.report_text(report) + "\n")

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.append(text)
            self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write `text` now; characters that the stream's encoding lacks are replaced."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        self.stream.write(text.encode(encoding, "replace").decode(encoding))
        self.stream.flush()


class TerminalDisplay(LineDisplay):
    """One line that is rewritten; notes stay above it."""

    def __init__(self, stream: Optional[TextIO] = None) -> None:
        super().__init__(stream)
        self._open = False

    def show(self, update: ProgressUpdate) -> None:
        """Rewrite the line."""
        for note in update.notes:
            if note not in self._said:
                self._clear()
                self._say(note)
        width = shutil.get_terminal_size().columns - 1
        self._clear()
        self.write(rendering.update_line(update)[:width])
        self._open = True

    def report(self, report: Report) -> None:
        """Write what a dry run found, below the line."""
        self.close()
        super().report(report)

    def close(self) -> None:
        """End the line."""
        if self._open:
            self.write("\n")
        self._open = False

    def _clear(self) -> None:
        if self._open:
            self.write("\r\x1b[K")


def choose(stream: Optional[TextIO] = None) -> Display:
    """Return the display that fits where this process writes to."""
    if stream is None and _in_kernel():
        return NotebookDisplay()
    stream = stream or sys.stdout
    if stream is None:
        return Display()  # a program without a console
    return TerminalDisplay(stream) if stream.isatty() else LineDisplay(stream)


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None
