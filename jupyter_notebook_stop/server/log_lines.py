"""The last lines that this extension has logged, for a report."""

from __future__ import annotations

import collections
import datetime
import logging
import pathlib
import traceback
from typing import Any, Deque, List

MAX_LINES = 60

_PACKAGE = "jupyter_notebook_stop"


class LastLines:
    """Keeps the last lines, without what others have written into them.

    Of an error that the service has sent, the line has the kind, the code and
    the status: its text is the service's. Of a traceback it has the places in
    this package, and of what Jupyter logs for a handler nothing else.
    """

    def __init__(self) -> None:
        self._lines: Deque[str] = collections.deque(maxlen=MAX_LINES)

    @property
    def lines(self) -> List[str]:
        """The lines, the latest last."""
        return [*self._lines]

    def keep(self, record: logging.LogRecord) -> None:
        """Keep a record of this package, or of an error in it."""
        ours = _PACKAGE in record.pathname or record.name == _PACKAGE
        if not (ours or record.exc_info):
            return
        try:
            time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
            message = _message(record) if ours else "uncaught"
            self._lines.append(f"{time:%H:%M:%S} {record.levelname} {message}{_error(record)}")
        except Exception:
            self._lines.append("a line that cannot be shown")


def _message(record: logging.LogRecord) -> str:
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(map(_shown, arguments))
    text = str(record.msg)
    return text % arguments if arguments else text


def _shown(argument: Any) -> Any:
    if type(argument) in (str, int, float):
        return argument
    # Most servers never log anything else, and would load this for nothing.
    from ..errors import NotebookStopError
    from ..modelarts.shapes import text_of_code
    from ..pseudonyms import UserName
    from ..translation import Text

    if type(argument) is Text:
        return argument
    if isinstance(argument, UserName):
        return "<user>"
    if isinstance(argument, pathlib.PurePath):
        return argument.name
    if isinstance(argument, NotebookStopError) and argument.status is not None:
        return f"{type(argument).__name__} [{text_of_code(argument.code)}, HTTP {argument.status}]"
    if isinstance(argument, BaseException) and not isinstance(argument, NotebookStopError):
        return type(argument).__name__
    return argument


def _error(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if error is None:
        return ""
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE in frame.filename]
    names = [f"{place.filename.replace(chr(92), '/').rpartition('/')[2]}:{place.lineno}" for place in places[-6:]]
    return f" ({type(error).__name__} at {', '.join(names) or 'another place'})"
