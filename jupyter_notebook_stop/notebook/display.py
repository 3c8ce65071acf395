"""Where a stop is shown: a live output in a notebook, a line that is rewritten on a terminal, lines in a pipe."""

from __future__ import annotations

import shutil
import sys
from typing import Any, Dict, List, Optional, TextIO, TypeVar, Union

from ..schema import Instance, Schedule, ScheduleRules
from ..translation import gettext
from . import progress, rendering, schedule_rendering
from .cards import bold, card, cut
from .progress import ProgressUpdate, Report

E = TypeVar("E", bound=BaseException)

Bundle = Dict[str, str]
"""What a notebook shows, in several forms: text and HTML."""

Result = Union[Instance, Report, Schedule]
"""What a call can return and a notebook shows richly."""

_suppressed: Any = None


def suppress_next_display(result: Result) -> None:
    """Have the next display of `result` show nothing.

    As the last expression of a cell the result would become an output by
    itself: after a delegated stop too late to be saved, after a dry run a
    second time.
    """
    global _suppressed
    _suppressed = result


def skip_if_suppressed(result: Result) -> None:
    """Return if `result` is not to be shown this time; an IPython display formatter.

    Raises
    ------
    NotImplementedError
        If it is; IPython then uses its text or HTML.
    """
    global _suppressed
    if _suppressed is not result:
        raise NotImplementedError
    _suppressed = None


def register_formatters() -> None:
    """Have the running IPython show an `Instance`, a `Report` and a `Schedule` richly; without IPython, do nothing."""
    formatter = getattr(_ipython_shell(), "display_formatter", None)
    if formatter is None:
        return
    for kind, bundle in ((Instance, _instance_bundle), (Report, report_bundle), (Schedule, schedule_bundle)):
        # A formatter that the user has registered stays.
        if kind not in formatter.mimebundle_formatter.type_printers:
            formatter.mimebundle_formatter.for_type(kind, bundle)
            formatter.ipython_display_formatter.for_type(kind, skip_if_suppressed)


def _instance_bundle(instance: Instance) -> Bundle:
    return {"text/plain": rendering.instance_text(instance), "text/html": rendering.instance_html(instance)}


def report_bundle(report: Report) -> Bundle:
    """Return what a notebook shows of the report of a dry run."""
    return {"text/plain": rendering.report_text(report), "text/html": rendering.report_html(report)}


def schedule_bundle(
    schedule: Schedule, *, replaced: Optional[Schedule] = None, rules: Optional[ScheduleRules] = None
) -> Bundle:
    """Return what a notebook shows of a schedule, and of the one that it has replaced."""
    return {
        "text/plain": schedule_rendering.schedule_text(schedule, replaced=replaced, rules=rules),
        "text/html": schedule_rendering.schedule_html(schedule, replaced=replaced, rules=rules),
    }


def no_schedule_bundle(rules: ScheduleRules) -> Bundle:
    """Return what a notebook shows where no stop is scheduled."""
    text = schedule_rendering.no_schedule_text(rules)
    return {"text/plain": text, "text/html": card("quiet", bold(text), "")}


def _update_bundle(update: ProgressUpdate) -> Bundle:
    return {"text/plain": rendering.update_text(update), "text/html": rendering.update_html(update)}


def _ipython_shell() -> Any:
    """Return the running IPython shell, or None; IPython is not imported for that."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def shorten_traceback(error: E, line: str) -> E:
    """Have IPython show one line for `error` in place of a traceback."""

    def render() -> List[str]:
        return [line]

    error._render_traceback_ = render  # type: ignore[attr-defined]
    return error


class Display:
    """Shows the progress of a stop; this one shows nothing.

    Attributes
    ----------
    last
        The kind of progress that was shown last.
    """

    last: Optional[str] = None

    def show(self, update: ProgressUpdate) -> None:
        """Show the progress."""

    def shorten(self, error: E) -> E:
        """Have IPython show one line for `error`: what went wrong, unless that is what was shown last."""
        name = type(error).__name__
        if self.last in (progress.FAILED, progress.CANCELLED):
            return shorten_traceback(error, gettext("{name} (see above).", name=name))
        return shorten_traceback(error, f"{name}: {error}" if str(error) else name)

    def result(self, bundle: Bundle) -> None:
        """Show a result."""

    def close(self) -> None:
        """Leave on display what was shown last."""


class NotebookDisplay(Display):
    """One output of the cell, which is updated."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, update: ProgressUpdate) -> None:
        """Replace what was shown before."""
        self.last = update.kind
        self._put(_update_bundle(update))

    def result(self, bundle: Bundle) -> None:
        """Show a result."""
        self._put(bundle)

    def _put(self, bundle: Bundle) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)


class LineDisplay(Display):
    """Lines in a pipe, each written once."""

    def __init__(self, stream: Optional[TextIO] = None) -> None:
        self.stream = stream or sys.stdout
        self._written: List[str] = []
        self._counting = False

    def show(self, update: ProgressUpdate) -> None:
        """Write what is new."""
        self.last = update.kind
        if update.kind == progress.READING:
            return
        for note in update.notes:
            self._write_once(note)
        if update.kind == progress.COUNTDOWN:
            if self._counting:
                return
            self._counting = True
        step = rendering.current_step(update.instance) if update.kind == progress.STOPPING else ""
        self._write_once(f"{update.title} {step}".rstrip())

    def result(self, bundle: Bundle) -> None:
        """Write the text of a result."""
        self.write(bundle["text/plain"] + "\n")

    def _write_once(self, text: str) -> None:
        if text not in self._written:
            self._written.append(text)
            self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write `text` now; characters that the stream cannot encode are replaced."""
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
        self.last = update.kind
        for note in update.notes:
            if note not in self._written:
                self._clear()
                self._write_once(note)
        width = shutil.get_terminal_size().columns - 1
        self._clear()
        self.write(cut(rendering.update_line(update), width))
        self._open = True

    def result(self, bundle: Bundle) -> None:
        """Write the text of a result below the line."""
        self.close()
        super().result(bundle)

    def close(self) -> None:
        """End the line."""
        if self._open:
            self.write("\n")
        self._open = False

    def _clear(self) -> None:
        if self._open:
            self.write("\r\x1b[K")


def choose_display(stream: Optional[TextIO] = None) -> Display:
    """Return the display that suits where this process writes to."""
    if stream is None and getattr(_ipython_shell(), "kernel", None) is not None:
        return NotebookDisplay()
    stream = stream or sys.stdout
    if stream is None:
        return Display()  # a program without a console
    return TerminalDisplay(stream) if stream.isatty() else LineDisplay(stream)
